/**
 * Offers: one human's right to a credential, collected with a pre-authorized code and a transaction code, each once.
 * Knows nothing of how a human was verified; that is a policy's business, which makes the offer.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '@wotid/core';
import { encodeBase64Url, type Evidence } from '@wotid/credential';
import { timingSafeEqual } from '@wotid/crypto';
import type { Database, SqlRunner } from '../database/database.ts';
import { sha256 } from '../hash.ts';
import { OauthError } from '../http/oauth-error.ts';
import type { ServiceSecret } from '../keys/service-secret.ts';
import { accessTokenLifetimeMs, maxTxCodeAttempts, txCodeDigits } from './limits.ts';

/** What a policy has decided. */
export interface OfferInit {
  /** Name of the policy. */
  readonly policy: string;
  /** Keyed hash of who it is, 32 bytes. */
  readonly humanHash: Uint8Array;
  readonly evidence: readonly Evidence[];
  /** How long the credential will be valid, milliseconds. */
  readonly validForMs: number;
  /** How long the offer can be collected, milliseconds. */
  readonly lifetimeMs: number;
}

/** A fresh offer; the transaction code goes to the human by another way than the link, and is kept nowhere. */
export interface NewOffer {
  readonly id: string;
  readonly txCode: string;
  readonly expiresAtMs: number;
}

/** An offer as it stands in the database. */
export interface Offer {
  readonly id: string;
  readonly policy: string;
  readonly humanHash: Uint8Array;
  readonly evidence: readonly Evidence[];
  readonly validForMs: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly state: 'open' | 'redeemed' | 'withdrawn';
  readonly subjectDid: string | null;
  readonly statusList: number | null;
  readonly statusIndex: number | null;
}

/** What an access token stands for. */
export interface Authorized {
  readonly offer: Offer;
  /** SHA-256 of the token. */
  readonly tokenHash: Uint8Array;
}

interface OfferRow extends Record<string, unknown> {
  readonly id: string;
  readonly tx_code_hash: Uint8Array;
  readonly policy: string;
  readonly human_hash: Uint8Array;
  readonly evidence: readonly Evidence[];
  readonly valid_for_ms: bigint;
  readonly created_at_ms: bigint;
  readonly expires_at_ms: bigint;
  readonly state: Offer['state'];
  readonly subject_did: string | null;
  readonly status_list: number | null;
  readonly status_index: number | null;
}

export interface OffersInit {
  readonly database: Database;
  readonly secret: ServiceSecret;
  readonly clock: Clock;
}

export class Offers {
  readonly #database: Database;
  readonly #secret: ServiceSecret;
  readonly #clock: Clock;

  constructor({ database, secret, clock }: OffersInit) {
    this.#database = database;
    this.#secret = secret;
    this.#clock = clock;
  }

  /** Makes an offer, in the policy's own transaction. */
  async create(sql: SqlRunner, init: OfferInit): Promise<NewOffer> {
    const id = encodeBase64Url(randomBytes(16));
    const txCode = String(randomInt(10 ** txCodeDigits)).padStart(txCodeDigits, '0');
    const nowMs = this.#clock.nowMs();
    const expiresAtMs = nowMs + init.lifetimeMs;
    await sql.query(
      `INSERT INTO offer (id, tx_code_hash, policy, human_hash, evidence, valid_for_ms, created_at_ms, expires_at_ms)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)`,
      [
        id,
        this.#secret.txCodeHash(id, txCode),
        init.policy,
        init.humanHash,
        JSON.stringify(init.evidence),
        init.validForMs,
        nowMs,
        expiresAtMs,
      ],
    );
    return { id, txCode, expiresAtMs };
  }

  /** The offer with this id, or `null`. */
  async find(offerId: string): Promise<Offer | null> {
    const [row] = await this.#database.query<OfferRow>('SELECT * FROM offer WHERE id = $1', [offerId]);
    return row === undefined ? null : offerOf(row);
  }

  /** The pre-authorized code of an offer that can still be collected, or `null`. */
  async codeOf(offerId: string): Promise<string | null> {
    const offer = await this.find(offerId);
    const isOpen = offer !== null && offer.state === 'open' && offer.expiresAtMs > this.#clock.nowMs();
    return isOpen ? this.#secret.offerCode(offerId) : null;
  }

  /**
   * Makes an offer void from which nothing was issued yet, and the token that it was exchanged for.
   * @returns false when there is no such offer
   */
  async withdraw(sql: SqlRunner, offerId: string): Promise<boolean> {
    const rows = await sql.query(
      // A condition on the row itself: whoever waited for an issuance to end sees it fulfilled. What that has put into other
      // tables would stay unseen (PostgreSQL documentation, section 13.2.1).
      "UPDATE offer SET state = 'withdrawn' WHERE id = $1 AND state <> 'withdrawn' AND subject_did IS NULL RETURNING id",
      [offerId],
    );
    await sql.query('DELETE FROM access_token WHERE offer_id = $1', [offerId]);
    return rows.length > 0;
  }

  /**
   * Exchanges both codes for an access token, once. Every try of a transaction code is counted before it is compared.
   * Who comes with both codes again shows that they leaked: the token that the first one got is taken back.
   * @throws OauthError `invalid_grant`
   */
  async redeem(code: string, txCode: string): Promise<{ accessToken: string; expiresInSec: number }> {
    const offerId = this.#secret.offerIdOf(code);
    if (offerId === null) throw badCode();
    const [row] = await this.#database.query<OfferRow>(
      'UPDATE offer SET tx_attempts = tx_attempts + 1 WHERE id = $1 AND tx_attempts < $2 RETURNING *',
      [offerId, maxTxCodeAttempts],
    );
    if (row === undefined) throw badCode();
    if (!timingSafeEqual(row.tx_code_hash, this.#secret.txCodeHash(offerId, txCode))) {
      throw new OauthError('invalid_grant', 'the transaction code is wrong');
    }
    const nowMs = this.#clock.nowMs();
    if (Number(row.expires_at_ms) <= nowMs) throw badCode();
    const accessToken = encodeBase64Url(randomBytes(32));
    const isFirst = await this.#database.transaction(async (sql) => {
      const won = await sql.query(
        "UPDATE offer SET state = 'redeemed' WHERE id = $1 AND state = 'open' RETURNING id",
        [offerId],
      );
      if (won.length === 0) {
        await sql.query('DELETE FROM access_token WHERE offer_id = $1', [offerId]);
        return false;
      }
      await sql.query('INSERT INTO access_token (token_hash, offer_id, expires_at_ms) VALUES ($1, $2, $3)', [
        sha256(accessToken),
        offerId,
        nowMs + accessTokenLifetimeMs,
      ]);
      return true;
    });
    if (!isFirst) throw badCode();
    return { accessToken, expiresInSec: accessTokenLifetimeMs / 1_000 };
  }

  /**
   * The offer that an access token was given for.
   * @param authorization the `Authorization` header
   * @throws OauthError `invalid_token`
   */
  async authorized(authorization: string | undefined): Promise<Authorized> {
    const token = /^Bearer ([\w-]{43})$/i.exec(authorization ?? '')?.[1];
    if (token !== undefined) {
      const tokenHash = sha256(token);
      const [row] = await this.#database.query<OfferRow>(
        `SELECT offer.* FROM access_token JOIN offer ON offer.id = access_token.offer_id
          WHERE token_hash = $1 AND access_token.expires_at_ms > $2`,
        [tokenHash, this.#clock.nowMs()],
      );
      if (row !== undefined) return { offer: offerOf(row), tokenHash };
    }
    throw badToken();
  }
}

function offerOf(row: OfferRow): Offer {
  return {
    id: row.id,
    policy: row.policy,
    humanHash: row.human_hash,
    evidence: row.evidence,
    validForMs: Number(row.valid_for_ms),
    createdAtMs: Number(row.created_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
    state: row.state,
    subjectDid: row.subject_did,
    statusList: row.status_list,
    statusIndex: row.status_index,
  };
}

/** One answer for a code that is unknown, used, void or late: which one is nobody's business. */
function badCode(): OauthError {
  return new OauthError('invalid_grant', 'the pre-authorized code is unknown, used, withdrawn or expired');
}

/** The same answer for a token that never was, has ended or was taken back. */
export function badToken(): OauthError {
  return new OauthError('invalid_token', 'the access token is missing, unknown or expired');
}
