/** The directory's parts, put together: what the service adds when it has a chain to compare with. */
import type { Clock } from '@wotid/core';
import type { CredentialSigner, DidResolver, TrustedIssuer } from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { Database } from '../database/database.ts';
import type { ServiceApp } from '../http/app.ts';
import type { Metrics } from '../ops/metrics.ts';
import { Claims, claimWindowMs } from './claims.ts';
import { ContactRecords } from './contacts.ts';
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

/** A directory inside of a service. */
export interface DirectoryService {
  /** Removes what has expired. */
  removeExpired(): Promise<void>;
}

/** Adds a directory to `app`. */
export function addDirectory(
  app: ServiceApp,
  init: DirectoryServiceInit,
  around: DirectorySurroundings,
): DirectoryService {
  const { database, clock, metrics } = around;
  const standing = new Standing({ ...around, trustedIssuers: init.trustedIssuers ?? [] });
  addDirectoryRoutes(app, {
    metrics,
    standing,
    tokens: new DirectoryTokens({ ...around, standing }),
    contacts: new ContactRecords(around),
    prekeys: new DirectoryPrekeys({ ...around, anchor: init.anchor }),
    claims: new Claims({ ...around, standing }),
  });
  return {
    removeExpired: async () => {
      const nowMs = clock.nowMs();
      await database.query('DELETE FROM used_nonce WHERE expires_at_ms <= $1', [nowMs]);
      await database.query('DELETE FROM directory_token WHERE expires_at_ms <= $1', [nowMs]);
      await database.query('DELETE FROM directory_contact WHERE expires_at_ms <= $1', [nowMs]);
      await database.query('DELETE FROM directory_prekeys WHERE not_after_ms <= $1', [nowMs]);
      await database.query('DELETE FROM directory_claim WHERE at_ms <= $1', [nowMs - claimWindowMs]);
    },
  };
}
