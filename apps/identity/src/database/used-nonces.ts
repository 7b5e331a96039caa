/** Nonces that were taken, of whatever kind: what keeps a proof from being taken twice, by any instance. */
import type { Clock } from '@wotid/core';
import { sha256 } from '../hash.ts';
import type { HousekeepingTask } from '../ops/housekeeping.ts';
import type { Database, SqlRunner } from './database.ts';

/**
 * How long a nonce is remembered after its end: an instance whose clock is behind takes it for longer than the one that
 * forgets it. Twice the 300 s that clocks may differ.
 */
export const usedNonceRetentionMs = 600_000;

/**
 * Takes a nonce, once among all instances and across restarts.
 * @param expiresAtMs when no proof with it is accepted any more, by a clock that is right
 * @returns false when it was taken before
 */
export async function takeNonce(sql: SqlRunner, nonce: string, expiresAtMs: number): Promise<boolean> {
  const rows = await sql.query(
    'INSERT INTO used_nonce (nonce_hash, expires_at_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
    [sha256(nonce), expiresAtMs],
  );
  return rows.length > 0;
}

/** Forgets those that nobody takes any more. */
export function nonceHousekeeping(database: Database, clock: Clock): HousekeepingTask {
  return {
    name: 'used-nonces',
    run: () =>
      database.query('DELETE FROM used_nonce WHERE expires_at_ms <= $1', [
        clock.nowMs() - usedNonceRetentionMs,
      ]),
  };
}
