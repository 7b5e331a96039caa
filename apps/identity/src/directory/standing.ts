/**
 * Whether who asks is a verified human now. The credential is verified once, when a token is asked for; what can change
 * while the token lives — end, trust in the issuer, revocation — is looked at with each use.
 */
import type { Clock } from '@wotid/core';
import {
  createIssuer,
  createStatusChecker,
  isLoopbackUrl,
  verifyCredential,
  type CredentialSigner,
  type DidResolver,
  type StatusChecker,
  type StatusEntry,
  type TrustedIssuer,
} from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { Database } from '../database/database.ts';
import { ProblemError } from '../http/problem.ts';

export interface StandingInit {
  readonly provider: CryptoProvider;
  readonly database: Database;
  readonly clock: Clock;
  readonly resolver: DidResolver;
  /** The service's own issuer, if it is one. */
  readonly signer: CredentialSigner | undefined;
  readonly trustedIssuers: readonly TrustedIssuer[];
  readonly publicUrl: () => string;
}

/** What a verified credential's standing hangs on. */
export type HeldCredential = {
  readonly issuer: string;
  readonly expiresAtSec: number;
  readonly status: StatusEntry | null;
};

export class Standing {
  readonly #init: StandingInit;
  readonly #elsewhere: StatusChecker;

  constructor(init: StandingInit) {
    this.#init = init;
    this.#elsewhere = createStatusChecker({
      provider: init.provider,
      // A service on this machine trusts issuers on this machine, which have no certificates.
      allowLoopbackHttp: isLoopbackUrl(init.publicUrl()),
    });
  }

  /**
   * Verifies a credential as an agent at level 3 does.
   * @throws ProblemError `BAD_CREDENTIAL`
   */
  async verify(
    holder: { readonly did: string; readonly idFp: Uint8Array },
    credential: Uint8Array,
  ): Promise<HeldCredential> {
    const { provider, resolver, clock, signer } = this.#init;
    await signer?.refresh?.();
    const verdict = await verifyCredential(credential, {
      provider,
      resolver,
      trustedIssuers: this.#issuers(),
      expectedSubject: holder.did,
      idFp: holder.idFp,
      nowMs: clock.nowMs(),
      status: { isRevoked: (entry, issuer, init) => this.#isRevoked(entry, issuer, init.nowMs) },
    });
    if (!verdict.ok) throw badCredential(verdict.reason);
    const { issuer, expiresAtSec, status } = verdict.claims;
    return { issuer, expiresAtSec, status };
  }

  /** @throws ProblemError `CREDENTIAL_REQUIRED` without one, `BAD_CREDENTIAL` when it is not good any more */
  async assertStanding(held: HeldCredential | null): Promise<void> {
    if (held === null) {
      throw new ProblemError({
        status: 403,
        code: 'CREDENTIAL_REQUIRED',
        detail: 'this is for verified humans: the token was asked for without a credential',
        hint: 'ask for a token with a Verified Human credential that this service accepts',
      });
    }
    const nowMs = this.#init.clock.nowMs();
    const issuer = this.#issuers().find(({ did }) => did === held.issuer);
    if (issuer === undefined) throw badCredential('its issuer is not trusted here');
    if (held.expiresAtSec * 1_000 <= nowMs) throw badCredential('it has expired');
    if (held.status === null) return;
    let isRevoked: boolean;
    try {
      isRevoked = await this.#isRevoked(held.status, issuer, nowMs);
    } catch {
      throw badCredential('its status could not be established');
    }
    if (isRevoked) throw badCredential('it is revoked');
  }

  #issuers(): readonly TrustedIssuer[] {
    const { provider, signer, trustedIssuers, publicUrl } = this.#init;
    if (signer === undefined) return trustedIssuers;
    return [createIssuer({ provider, signer, statusOrigin: publicUrl() }).trustedIssuer, ...trustedIssuers];
  }

  /** Our own lists are in the database: what was revoked a moment ago is, without asking ourselves over HTTP. */
  async #isRevoked(entry: StatusEntry, issuer: TrustedIssuer, nowMs: number): Promise<boolean> {
    const { database, publicUrl, signer } = this.#init;
    const prefix = `${publicUrl()}/status/`;
    if (issuer.did !== signer?.did || !entry.statusListCredential.startsWith(prefix)) {
      return this.#elsewhere.isRevoked(entry, issuer, { nowMs });
    }
    const list = entry.statusListCredential.slice(prefix.length);
    const [row] = await database.query<{ revoked_at_ms: bigint | null }>(
      'SELECT revoked_at_ms FROM status_entry WHERE list = $1 AND index = $2',
      [/^[1-9]\d{0,8}$/.test(list) ? Number(list) : 0, entry.statusListIndex],
    );
    return row === undefined || row.revoked_at_ms !== null;
  }
}

function badCredential(reason: string): ProblemError {
  return new ProblemError({
    status: 403,
    code: 'BAD_CREDENTIAL',
    detail: `the credential is not accepted: ${reason}`,
    hint: 'ask an issuer that this service trusts for a new one',
  });
}
