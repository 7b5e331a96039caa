/** The directory's parts, put together: what the service adds when it has a chain to compare with. */
import type { Clock } from '@wotid/core';
import type { CredentialSigner, DidResolver, TrustedIssuer } from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { Database } from '../database/database.ts';
import type { ServiceApp } from '../http/app.ts';
import type { HousekeepingTask } from '../ops/housekeeping.ts';
import type { Metrics } from '../ops/metrics.ts';
import { Claims, claimWindowMs } from './claims.ts';
import { ContactRecords, readingWindowMs } from './contacts.ts';
import { DirectoryPrekeys, type PrekeyAnchor } from './prekeys.ts';
import { addDirectoryRoutes } from './routes.ts';
import { Standing } from './standing.ts';
import { DirectoryTokens } from './tokens.ts';

/** What makes a service a directory. */
export interface DirectoryServiceInit {
  readonly anchor: PrekeyAnchor;
  /** Whose credentials count beside those that the service issues itself. */
  readonly trustedIssuers?: readonly TrustedIssuer[];
}

/** What the directory takes of the service around it. */
export interface DirectorySurroundings {
  readonly provider: CryptoProvider;
  readonly database: Database;
  readonly resolver: DidResolver;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly publicUrl: () => string;
  readonly signer: CredentialSigner | undefined;
}

/** Adds a directory to `app`. @returns what has to be removed from time to time */
export function addDirectory(
  app: ServiceApp,
  init: DirectoryServiceInit,
  around: DirectorySurroundings,
): readonly HousekeepingTask[] {
  const { database, clock, metrics } = around;
  const standing = new Standing({ ...around, trustedIssuers: init.trustedIssuers ?? [] });
  addDirectoryRoutes(app, {
    metrics,
    standing,
    tokens: new DirectoryTokens({ ...around, standing }),
    contacts: new ContactRecords({ ...around, standing }),
    prekeys: new DirectoryPrekeys({ ...around, anchor: init.anchor }),
    claims: new Claims({ ...around, standing }),
  });
  const remove = (name: string, statement: string, keptMs = 0): HousekeepingTask => ({
    name,
    run: () => database.query(statement, [clock.nowMs() - keptMs]),
  });
  return [
    remove('directory-tokens', 'DELETE FROM directory_token WHERE expires_at_ms <= $1'),
    remove('contact-records', 'DELETE FROM directory_contact WHERE expires_at_ms <= $1'),
    remove('prekeys', 'DELETE FROM directory_prekeys WHERE not_after_ms <= $1'),
    remove('claims', 'DELETE FROM directory_claim WHERE at_ms <= $1', claimWindowMs),
    remove('readings', 'DELETE FROM directory_reading WHERE at_ms <= $1', readingWindowMs),
  ];
}
