/** Tokens of the directory: given for a signed proof that is taken once, and good for ten minutes. */
import { randomBytes } from 'node:crypto';
import { errorText, isWotError, type Clock } from '@wotid/core';
import { encodeBase64Url, verifyHolderProof, type DidResolver } from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import { directoryAudience, statementSkewMs, tokenLifetimeMs } from '@wotid/directory';
import type { Database } from '../database/database.ts';
import { takeNonce } from '../database/used-nonces.ts';
import { sha256 } from '../hash.ts';
import { ProblemError } from '../http/problem.ts';
import type { HeldCredential, Standing } from './standing.ts';

/** Who asks. */
export interface Requester {
  readonly did: string;
  /** Fingerprint of the identity block whose keys were proven, 32 bytes. */
  readonly idFp: Uint8Array;
  readonly credential: HeldCredential | null;
}

/** A token as its owner gets it. */
export interface NewToken {
  readonly token: string;
  readonly expiresInSec: number;
  /** True when a credential was presented and accepted. */
  readonly isVerifiedHuman: boolean;
}

export interface DirectoryTokensInit {
  readonly provider: CryptoProvider;
  readonly database: Database;
  readonly clock: Clock;
  readonly resolver: DidResolver;
  readonly standing: Standing;
  readonly publicUrl: () => string;
}

export class DirectoryTokens {
  readonly #init: DirectoryTokensInit;

  constructor(init: DirectoryTokensInit) {
    this.#init = init;
  }

  /**
   * Gives a token for a proof by all keys of an identity. The proof is used up before the credential is looked at.
   * @throws ProblemError `BAD_PROOF`, `PROOF_USED`, `BAD_CREDENTIAL`
   */
  async create(proof: string, credential: Uint8Array | null): Promise<NewToken> {
    const { database, clock, standing } = this.#init;
    const { did, idFp, nonce } = await this.#prove(proof);
    const nowMs = clock.nowMs();
    // A proof is good until skew after its time, which may be skew ahead of ours.
    const untilMs = nowMs + 2 * statementSkewMs;
    if (!(await takeNonce(database, `directory ${did} ${nonce}`, untilMs))) {
      throw new ProblemError({
        status: 401,
        code: 'PROOF_USED',
        detail: 'a proof with this nonce was taken before',
        hint: 'sign a new one with a fresh random nonce',
      });
    }
    const held = credential === null ? null : await standing.verify({ did, idFp }, credential);
    const token = encodeBase64Url(randomBytes(32));
    await database.query(
      `INSERT INTO directory_token (token_hash, did, id_fp, credential, expires_at_ms)
        VALUES ($1, $2, $3, $4::jsonb, $5)`,
      [sha256(token), did, idFp, held === null ? null : JSON.stringify(held), nowMs + tokenLifetimeMs],
    );
    return { token, expiresInSec: tokenLifetimeMs / 1_000, isVerifiedHuman: held !== null };
  }

  /**
   * Whose token it is.
   * @param authorization the `Authorization` header
   * @throws ProblemError `TOKEN_REQUIRED`
   */
  async authenticate(authorization: string | undefined): Promise<Requester> {
    const token = /^Bearer ([\w-]{43})$/i.exec(authorization ?? '')?.[1];
    if (token !== undefined) {
      const [row] = await this.#init.database.query<{
        did: string;
        id_fp: Uint8Array;
        credential: HeldCredential | null;
      }>('SELECT did, id_fp, credential FROM directory_token WHERE token_hash = $1 AND expires_at_ms > $2', [
        sha256(token),
        this.#init.clock.nowMs(),
      ]);
      if (row !== undefined) return { did: row.did, idFp: row.id_fp, credential: row.credential };
    }
    throw new ProblemError({
      status: 401,
      code: 'TOKEN_REQUIRED',
      detail: 'the token is missing, unknown or expired',
      hint: 'get one with POST /directory/token',
      headers: { 'www-authenticate': 'Bearer' },
    });
  }

  async #prove(
    proof: string,
  ): Promise<{ readonly did: string; readonly idFp: Uint8Array; readonly nonce: string }> {
    const { provider, resolver, clock, publicUrl } = this.#init;
    try {
      const { did, nonce, identity } = await verifyHolderProof(proof, {
        provider,
        resolver,
        audience: directoryAudience(publicUrl()),
        nowMs: clock.nowMs(),
        clockSkewMs: statementSkewMs,
      });
      if (identity === null) throw new Error('it names no identity block: all keys of an identity must sign');
      return { did, nonce, idFp: identity.idFp };
    } catch (error) {
      if (isWotError(error) && error.code === 'DID_UNRESOLVED') throw error;
      throw new ProblemError({
        status: 401,
        code: 'BAD_PROOF',
        detail: errorText(error).slice(0, 300),
        hint: `sign a proof for the audience ${directoryAudience(publicUrl())} by a clock that is right`,
      });
    }
  }
}
