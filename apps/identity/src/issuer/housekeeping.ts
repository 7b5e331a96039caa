/** What the issuer need not know any more. */
import type { Clock } from '@wotid/core';
import type { Database } from '../database/database.ts';
import type { HousekeepingTask } from '../ops/housekeeping.ts';
import type { IssuingPolicy } from '../policy/policy.ts';
import { offerRetentionMs } from './limits.ts';

/** Removal of expired tokens, with what they were given, of offers, and of what the policies keep. */
export function issuerHousekeeping(
  database: Database,
  policies: readonly IssuingPolicy[],
  clock: Clock,
): readonly HousekeepingTask[] {
  return [
    {
      name: 'access-tokens',
      run: () => database.query('DELETE FROM access_token WHERE expires_at_ms <= $1', [clock.nowMs()]),
    },
    {
      name: 'offers',
      run: () =>
        database.query('DELETE FROM offer WHERE expires_at_ms <= $1', [clock.nowMs() - offerRetentionMs]),
    },
    ...policies.map((policy): HousekeepingTask => ({
      name: `policy-${policy.name}`,
      run: async () => policy.forgetExpired?.(database, clock.nowMs()),
    })),
  ];
}
