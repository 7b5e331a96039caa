/**
 * Handing out one-time pairs, each once: among all instances on one database, to verified humans alone, and to each of
 * them a few. Whoever gets none goes to the last-resort prekey.
 */
import type { Clock } from '@wotid/core';
import { maxClaimsPerRequester, maxClaimsPerTarget } from '@wotid/directory';
import type { Database } from '../database/database.ts';
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
      const [used] = await sql.query<{ target: bigint; all: bigint }>(
        `SELECT count(*) FILTER (WHERE target = $2) AS target, count(*) AS all FROM directory_claim
          WHERE requester = $1 AND at_ms > $3`,
        [who, target, nowMs - claimWindowMs],
      );
      if (Number(used?.target) >= maxClaimsPerTarget) throw quotaExceeded('of this person');
      if (Number(used?.all) >= maxClaimsPerRequester) throw quotaExceeded('in all');
      const [current] = await sql.query<{ number: bigint }>(
        'SELECT number FROM directory_prekeys WHERE did = $1 AND not_after_ms > $2',
        [did, nowMs],
      );
      if (current === undefined) throw noPrekeys();
      const [taken] = await sql.query<{ number: bigint; pair: Uint8Array }>(
        `WITH picked AS MATERIALIZED (
            SELECT did, mailbox_id, number, index, pair FROM directory_pair
              WHERE did = $1 AND pair IS NOT NULL ORDER BY index LIMIT 1 FOR UPDATE SKIP LOCKED)
          UPDATE directory_pair AS row SET pair = NULL FROM picked
            WHERE row.did = picked.did AND row.mailbox_id = picked.mailbox_id AND row.number = picked.number
              AND row.index = picked.index
            RETURNING picked.number, picked.pair`,
        [did],
      );
      if (taken === undefined) return { number: Number(current.number), pair: null };
      await sql.query('INSERT INTO directory_claim (requester, target, at_ms) VALUES ($1, $2, $3)', [
        who,
        target,
        nowMs,
      ]);
      return { number: Number(taken.number), pair: taken.pair };
    });
  }
}

/** 32 bits of a hash: two requesters who share them wait for each other, nothing more. */
function lockKey(hash: Uint8Array): number {
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
