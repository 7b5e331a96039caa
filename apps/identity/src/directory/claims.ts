/**
 * Handing out one-time pairs, each once: among all instances on one database, to verified humans alone, and to each of
 * them a few. Whoever gets none goes to the last-resort prekey.
 */
import type { Clock } from '@wotid/core';
import { maxClaimsPerRequester, maxClaimsPerTarget } from '@wotid/directory';
import type { Database, SqlRow } from '../database/database.ts';
import { sha256 } from '../hash.ts';
import { ProblemError } from '../http/problem.ts';
import { noPrekeys } from './prekeys.ts';
import type { Standing } from './standing.ts';
import type { Requester } from './tokens.ts';

/** What is counted together. */
export const claimWindowMs = 86_400_000;
/** First half of the advisory locks that serialise one requester's claims; arbitrary, and its own among ours. */
const claimLock = 0x77_6f_74_05;

export interface ClaimsInit {
  readonly database: Database;
  readonly clock: Clock;
  readonly standing: Standing;
}

/** What a claim gives. */
export interface Claimed {
  /** Number of the publication that signs the pair. */
  readonly number: number;
  readonly pair: Uint8Array | null;
}

/** Whether a claim is within the quotas, the publication that counts, and what was taken of it. */
interface ClaimRow extends SqlRow {
  readonly of_target: bigint;
  readonly in_all: bigint;
  readonly current: bigint | null;
  readonly number: bigint | null;
  readonly pair: Uint8Array | null;
}

export class Claims {
  readonly #init: ClaimsInit;

  constructor(init: ClaimsInit) {
    this.#init = init;
  }

  /**
   * Takes one pair of a DID; `pair` is `null` when none is left. A claim that finds none does not count.
   * @throws ProblemError `CREDENTIAL_REQUIRED`, `BAD_CREDENTIAL`, `NO_PREKEYS`, `QUOTA_EXCEEDED`
   */
  async claim(requester: Requester, did: string): Promise<Claimed> {
    const { database, clock, standing } = this.#init;
    await standing.assertStanding(requester.credential);
    const [who, target] = [sha256(requester.did), sha256(did)];
    const nowMs = clock.nowMs();
    return database.transaction(async (sql) => {
      // Requests side by side must not each find the quota unused.
      await sql.query('SELECT pg_advisory_xact_lock($1, $2)', [claimLock, lockKey(who)]);
      // One statement for the rest, after the lock is there: it sees what whoever had it before has counted.
      const [row] = await sql.query<ClaimRow>(
        `WITH used AS (
            SELECT count(*) FILTER (WHERE target = $2) AS of_target, count(*) AS in_all FROM directory_claim
              WHERE requester = $1 AND at_ms > $3),
          current AS (SELECT number FROM directory_prekeys WHERE did = $4 AND not_after_ms > $5),
          picked AS MATERIALIZED (
            SELECT did, mailbox_id, number, index, pair FROM directory_pair
              WHERE did = $4 AND pair IS NOT NULL AND EXISTS (SELECT FROM current)
                AND (SELECT of_target < $6 AND in_all < $7 FROM used)
              ORDER BY index LIMIT 1 FOR UPDATE SKIP LOCKED),
          taken AS (
            UPDATE directory_pair AS row SET pair = NULL FROM picked
              WHERE row.did = picked.did AND row.mailbox_id = picked.mailbox_id AND row.number = picked.number
                AND row.index = picked.index
              RETURNING picked.number, picked.pair),
          noted AS (INSERT INTO directory_claim (requester, target, at_ms) SELECT $1, $2, $5 FROM taken)
          SELECT of_target, in_all, current.number AS current, taken.number, pair
            FROM used LEFT JOIN current ON true LEFT JOIN taken ON true`,
        [who, target, nowMs - claimWindowMs, did, nowMs, maxClaimsPerTarget, maxClaimsPerRequester],
      );
      if (Number(row?.of_target) >= maxClaimsPerTarget) throw quotaExceeded('of this person');
      if (Number(row?.in_all) >= maxClaimsPerRequester) throw quotaExceeded('in all');
      if (row === undefined || row.current === null) throw noPrekeys();
      const { current, number, pair } = row;
      return { number: Number(number ?? current), pair };
    });
  }
}

/** 32 bits of a hash: two requesters who share them wait for each other, nothing more. */
export function lockKey(hash: Uint8Array): number {
  return new DataView(hash.buffer, hash.byteOffset).getInt32(0);
}

function quotaExceeded(what: string): ProblemError {
  return new ProblemError({
    status: 429,
    code: 'QUOTA_EXCEEDED',
    detail: `you have got as many one-time prekeys ${what} as there are in 24 hours`,
    hint: 'use the last-resort prekey of the publication',
  });
}
