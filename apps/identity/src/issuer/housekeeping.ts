/** Removal of what has expired. Several instances may do it at once: nobody else needs these rows. */
import type { Database } from '../database/database.ts';
import type { IssuingPolicy } from '../policy/policy.ts';
import { offerRetentionMs } from './limits.ts';

/** Removes expired nonces, tokens and offers, and what the policies need not know any more. */
export async function removeExpired(
  database: Database,
  policies: readonly IssuingPolicy[],
  nowMs: number,
): Promise<void> {
  await database.query('DELETE FROM used_nonce WHERE expires_at_ms <= $1', [nowMs]);
  await database.query('DELETE FROM access_token WHERE expires_at_ms <= $1', [nowMs]);
  await database.query('DELETE FROM offer WHERE expires_at_ms <= $1', [nowMs - offerRetentionMs]);
  for (const policy of policies) await policy.forgetExpired?.(database, nowMs);
}
