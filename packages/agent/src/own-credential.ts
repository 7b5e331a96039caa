/** Our own Verified Human credential: asked for, collected, kept, shown and checked. */
import type { Clock } from '@wotid/core';
import { isWotError } from '@wotid/core';
import {
  credentialFormats,
  parsePresented,
  type CredentialFailureCode,
  type CredentialPolicy,
  type StatusChecker,
  type TrustedIssuer,
} from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { Admission } from './admission.ts';
import { armor, armorLabels, unarmor } from './armor.ts';
import { credentialFacts, factsOf } from './credential-facts.ts';
import { CredentialOffers, type OfferFacts } from './credential-offer.ts';
import type { AgentDidResolver } from './did-resolver.ts';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import type { LiveIdentity } from './identity.ts';
import { verifyFollowing, type FollowingInit } from './issuer-keys.ts';
import { settingNames } from './network-profile.ts';
import type { CredentialFacts } from './types.ts';

export interface OwnCredentialInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly ours: LiveIdentity;
  readonly admission: Admission;
  readonly resolver: AgentDidResolver;
  readonly status: StatusChecker;
  readonly trustedIssuers: () => readonly TrustedIssuer[];
  readonly follow: NonNullable<FollowingInit['follow']>;
  /** Issuers on this machine are asked without TLS. */
  readonly allowLoopbackHttp: boolean;
  /** Runs once another credential was kept. Does not throw. */
  readonly onKept: () => void;
}

/** Outcome of {@link OwnCredential.verify}. */
export interface CredentialReport extends CredentialFacts {
  readonly format: string;
  readonly ok: boolean;
  /** Name of the check that failed, or `OK`. */
  readonly result: string;
  /** Why it failed; empty when it did not. */
  readonly reason: string;
  readonly checks: readonly string[];
}

/** Looking at a credential is no session: every format may be looked at. */
const anyFormat: CredentialPolicy = {
  formats: new Set(credentialFormats),
  algorithms: new Set(['EdDSA', 'id-MLDSA65-Ed25519'] as const),
};

export class OwnCredential {
  readonly #init: OwnCredentialInit;
  readonly #offers: CredentialOffers;

  constructor(init: OwnCredentialInit) {
    this.#init = init;
    this.#offers = new CredentialOffers(init);
  }

  /** The bytes that we present; `null` while we have none. */
  bytes(): Uint8Array | null {
    return this.#init.home.settings.getBytes(settingNames.credential) ?? null;
  }

  /** It in armor, as issuers hand it out: for a backup or another verifier. @throws AgentError `NO_CREDENTIAL` */
  export(): string {
    return armor(armorLabels.credential, this.#require());
  }

  /** What it says. @throws AgentError `NO_CREDENTIAL` */
  facts(): CredentialFacts {
    return credentialFacts(this.#require());
  }

  /**
   * Checks a credential that was issued to us, and keeps it. Its issuer must be trusted here too: who does not accept
   * others by it cannot expect to be accepted.
   * @param text in armor
   * @throws AgentError `BAD_CREDENTIAL`, `NO_DID`; ArmorError
   */
  async import(text: string): Promise<CredentialFacts> {
    this.#init.ours.requireDid();
    return this.#keep(unarmor(armorLabels.credential, text), []);
  }

  /** Looks at an offer without using it up. See {@link CredentialOffers.describe}. */
  describeOffer(text: string): Promise<OfferFacts> {
    return this.#offers.describe(text);
  }

  /**
   * Collects the credential of an offer, checks it, and keeps it: also when all that is missing is an answer about its
   * issuer's DID or list. The offer is used up then, and it is for others to ask again.
   * @param txCode the code that goes with the offer; `null` when it needs none
   * @throws AgentError as {@link CredentialOffers.collect}, `BAD_CREDENTIAL`, `NO_DID`
   */
  async collect(text: string, txCode: string | null): Promise<CredentialFacts> {
    this.#init.ours.requireDid();
    return this.#keep(await this.#offers.collect(text, txCode), unestablished);
  }

  /**
   * Checks our credential anew, or another one of any format: signatures, dates, issuer, revocation. Of another one it
   * is not checked who shows it.
   * @param text in armor, or the compact text of a JWT or an SD-JWT; `null` for our own
   * @throws AgentError `NO_CREDENTIAL`, `BAD_CREDENTIAL` for what is none
   */
  async verify(text: string | null): Promise<CredentialReport> {
    const { provider, status, clock, ours } = this.#init;
    const bytes = text === null ? this.#require() : bytesOf(text);
    let presented;
    try {
      presented = parsePresented(provider, bytes);
    } catch (error) {
      throw new AgentError('BAD_CREDENTIAL', isWotError(error) ? error.message : 'this is no credential', {
        hint: 'A credential is in armor (wotid credential), a JWT or an SD-JWT.',
      });
    }
    const { claims, format } = presented;
    const { verdict } = await verifyFollowing(
      bytes,
      {
        provider,
        status,
        nowMs: clock.nowMs(),
        policy: anyFormat,
        expectedSubject: text === null ? ours.block.did : claims.subject,
        ...(text === null ? { idFp: ours.idFp } : { idFp: null, isUnpresented: true }),
      },
      this.#init,
    );
    return {
      ...factsOf(claims, bytes.length),
      format,
      ok: verdict.ok,
      result: verdict.ok ? 'OK' : verdict.code,
      reason: verdict.ok ? '' : verdict.reason,
      checks: verdict.passed,
    };
  }

  /** @param despite failures with which it is kept all the same */
  async #keep(credential: Uint8Array, despite: readonly CredentialFailureCode[]): Promise<CredentialFacts> {
    const { home, admission, ours } = this.#init;
    const verdict = await admission.check(ours, credential);
    if (!verdict.ok && !despite.includes(verdict.name)) {
      const hint =
        verdict.name === 'ISSUER'
          ? 'Trust its issuer first: wotid trust add FILE.'
          : 'Ask the issuer for another.';
      throw new AgentError('BAD_CREDENTIAL', `this credential cannot be used: ${verdict.reason}`, {
        hint,
        data: { name: verdict.name },
      });
    }
    home.settings.set({ [settingNames.credential]: credential });
    this.#init.onKept();
    return credentialFacts(credential);
  }

  #require(): Uint8Array {
    const bytes = this.bytes();
    if (bytes !== null) return bytes;
    throw new AgentError('NO_CREDENTIAL', 'you have no Verified Human credential yet', {
      hint: 'Get one: wotid credential request OFFER.',
    });
  }
}

/** What only the network keeps from being known: everything that the credential says of itself has passed by then. */
const unestablished: readonly CredentialFailureCode[] = ['DID_UNRESOLVED', 'STATUS_UNKNOWN'];

function bytesOf(text: string): Uint8Array {
  const trimmed = text.trim();
  return trimmed.startsWith('-----')
    ? unarmor(armorLabels.credential, text)
    : new TextEncoder().encode(trimmed);
}
