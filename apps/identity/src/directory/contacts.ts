/**
 * Contact records: the latest of each DID, and beside it the credential that its owner may have left for others to verify
 * before they write. The record names the credential by its hash, so that nobody can be served another one; a record that
 * names none takes back what was left.
 */
import { equalBytes, errorText, type Clock } from '@wotid/core';
import { parseCredential } from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import {
  contactCredentialHash,
  maxCredentialsPerRequester,
  verifyContactRecord,
  type ContactRecord,
} from '@wotid/directory';
import type { Database } from '../database/database.ts';
import { sha256 } from '../hash.ts';
import { ProblemError } from '../http/problem.ts';
import { lockKey } from './claims.ts';
import type { Standing } from './standing.ts';
import type { Requester } from './tokens.ts';

/** Readings of credentials are counted together for this long. */
export const readingWindowMs = 86_400_000;
/** First half of the advisory locks that serialise one requester's readings; arbitrary, and its own among ours. */
const readingLock = 0x77_6f_74_07;

export interface ContactRecordsInit {
  readonly provider: CryptoProvider;
  readonly database: Database;
  readonly clock: Clock;
  readonly standing: Standing;
}

export class ContactRecords {
  readonly #init: ContactRecordsInit;

  constructor(init: ContactRecordsInit) {
    this.#init = init;
  }

  /**
   * Keeps a record in place of an older one, and the credential that it names; the same again changes nothing.
   * @param credential `null` for a record that names none
   * @throws ProblemError `BAD_CONTACT_RECORD`, `NOT_YOURS`, `CREDENTIAL_MISMATCH`, `BAD_CREDENTIAL`, `SEQ_CONFLICT`
   */
  async publish(owner: Requester, published: Uint8Array, credential: Uint8Array | null): Promise<void> {
    const { provider, database, clock } = this.#init;
    let record: ContactRecord;
    try {
      record = verifyContactRecord(provider, published, clock.nowMs());
    } catch (error) {
      throw new ProblemError({ status: 400, code: 'BAD_CONTACT_RECORD', detail: errorText(error) });
    }
    if (record.block.did !== owner.did || !equalBytes(record.idFp, owner.idFp)) {
      throw new ProblemError({
        status: 403,
        code: 'NOT_YOURS',
        detail: 'the record is of another identity than the one that asked for the token',
      });
    }
    await this.#assertCredential(owner, record.credentialHash, credential);
    const rows = await database.query(
      `INSERT INTO directory_contact AS known (did, seq, record, expires_at_ms, credential)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (did) DO UPDATE SET seq = $2, record = $3, expires_at_ms = $4, credential = $5
          WHERE known.seq < $2 OR (known.seq = $2 AND known.record = $3) RETURNING did`,
      [owner.did, record.seq, published, record.expiresAtMs, credential],
    );
    if (rows.length > 0) return;
    throw new ProblemError({
      status: 409,
      code: 'SEQ_CONFLICT',
      detail: 'a record with this or a higher seq is here already',
      hint: 'read it, and sign a record with a higher seq',
    });
  }

  /** The latest record of a DID in its published form, or `null`. */
  async find(did: string): Promise<Uint8Array | null> {
    const [row] = await this.#init.database.query<{ record: Uint8Array }>(
      'SELECT record FROM directory_contact WHERE did = $1 AND expires_at_ms > $2',
      [did, this.#init.clock.nowMs()],
    );
    return row?.record ?? null;
  }

  /**
   * The credential that the owner of a DID has left here, or `null`; also `null` once it has ended or is revoked. One
   * requester reads those of a few people a day.
   * @throws ProblemError `QUOTA_EXCEEDED`
   */
  async credentialOf(requester: Requester, did: string): Promise<Uint8Array | null> {
    const { database, clock } = this.#init;
    const [who, target] = [sha256(requester.did), sha256(did)];
    const nowMs = clock.nowMs();
    const [left] = await database.query<{ credential: Uint8Array }>(
      `SELECT credential FROM directory_contact
        WHERE did = $1 AND expires_at_ms > $2 AND credential IS NOT NULL`,
      [did, nowMs],
    );
    if (left === undefined || !(await this.#isGood(left.credential))) return null;
    return database.transaction(async (sql) => {
      // Requests side by side must not each find the quota unused.
      await sql.query('SELECT pg_advisory_xact_lock($1, $2)', [readingLock, lockKey(who)]);
      const [used] = await sql.query<{ others: bigint }>(
        `SELECT count(*) FILTER (WHERE target <> $2) AS others FROM directory_reading
          WHERE requester = $1 AND at_ms > $3`,
        [who, target, nowMs - readingWindowMs],
      );
      if (Number(used?.others) >= maxCredentialsPerRequester) {
        throw new ProblemError({
          status: 429,
          code: 'QUOTA_EXCEEDED',
          detail: 'you have read the credentials of as many people as there are in 24 hours',
          hint: 'ask their owner for a contact card, or try again tomorrow',
        });
      }
      await sql.query(
        `INSERT INTO directory_reading AS known (requester, target, at_ms) VALUES ($1, $2, $3)
          ON CONFLICT (requester, target) DO UPDATE SET at_ms = $3`,
        [who, target, nowMs],
      );
      return left.credential;
    });
  }

  /** Forgets the record of a DID and the credential beside it; what is not here is forgotten already. */
  async withdraw(did: string): Promise<void> {
    await this.#init.database.query('DELETE FROM directory_contact WHERE did = $1', [did]);
  }

  /** It was verified when it was left; nobody gets it once it has ended or is revoked. */
  async #isGood(credential: Uint8Array): Promise<boolean> {
    const { issuer, expiresAtSec, status } = parseCredential(credential).claims;
    try {
      await this.#init.standing.assertStanding({ issuer, expiresAtSec, status });
      return true;
    } catch (error) {
      if (error instanceof ProblemError) return false;
      throw error;
    }
  }

  /** What is left here is the owner's own, good now, and what their record names. */
  async #assertCredential(
    owner: Requester,
    hash: Uint8Array | null,
    credential: Uint8Array | null,
  ): Promise<void> {
    const { provider, standing } = this.#init;
    const isNamed =
      hash === null
        ? credential === null
        : credential !== null && equalBytes(contactCredentialHash(provider, credential), hash);
    if (!isNamed) {
      throw new ProblemError({
        status: 400,
        code: 'CREDENTIAL_MISMATCH',
        detail: 'the credential beside the record is not the one that the record names',
        hint: 'send the credential whose hash is in the record, or neither',
      });
    }
    if (credential !== null) await standing.verify(owner, credential);
  }
}
