/** The issuer's parts, put together: what the service adds when it has an issuer's keys. */
import type { Clock, Logger } from '@wotid/core';
import {
  createIssuer,
  issuerFingerprint,
  type CredentialSigner,
  type DidResolver,
  type Issuer,
} from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { Admin } from '../admin/admin.ts';
import { CredentialRegister } from '../admin/credentials.ts';
import { addKeyRoutes } from '../admin/key-routes.ts';
import { addRegisterRoutes } from '../admin/routes.ts';
import type { Database } from '../database/database.ts';
import type { ServiceApp } from '../http/app.ts';
import type { IssuerKeyring } from '../keys/keyring.ts';
import { ServiceSecret } from '../keys/service-secret.ts';
import type { HousekeepingTask } from '../ops/housekeeping.ts';
import type { Metrics } from '../ops/metrics.ts';
import { createApprovalQueue } from '../policy/approval-queue.ts';
import { createInvitationPolicy } from '../policy/invitation.ts';
import type { IssuingPolicy } from '../policy/policy.ts';
import { StatusLists } from '../status/lists.ts';
import { addStatusRoutes } from '../status/routes.ts';
import { addDidRoutes } from './did-routes.ts';
import { issuerHousekeeping } from './housekeeping.ts';
import { Issuance } from './issuance.ts';
import { defaultStatusTtlMs } from './limits.ts';
import { Nonces } from './nonces.ts';
import { Offers } from './offers.ts';
import { addIssuerRoutes, offerLinkOf } from './routes.ts';

/** What makes a service an issuer. */
export interface IssuerServiceInit {
  /** Signs credentials and status lists; its keys may be anywhere. */
  readonly signer: CredentialSigner;
  /** The signer once more, when operators may rotate its keys. Default: they cannot. */
  readonly keyring?: IssuerKeyring;
  /** 32 random bytes that all instances on one database share; copied. */
  readonly secret: Uint8Array;
  /** Who decides; default invitations and the approval queue. */
  readonly policies?: readonly IssuingPolicy[];
  /** How long a verifier may go without asking for the status list again, milliseconds; default 60,000. */
  readonly statusTtlMs?: number;
}

/** What the issuer takes of the service around it. */
export interface IssuerSurroundings {
  readonly provider: CryptoProvider;
  readonly database: Database;
  readonly resolver: DidResolver;
  readonly didMethods: readonly string[];
  readonly admin: Admin;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publicUrl: () => string;
}

/** An issuer inside of a service. */
export interface IssuerService extends Disposable {
  /** What has to be removed from time to time. */
  readonly housekeeping: readonly HousekeepingTask[];
}

/** Adds an issuer to `app`. @throws CredentialError `BAD_DID` when the signer is unusable */
export function addIssuer(
  app: ServiceApp,
  init: IssuerServiceInit,
  around: IssuerSurroundings,
): IssuerService {
  const { signer } = init;
  const { provider, database, admin, metrics, clock, publicUrl } = around;
  const secret = new ServiceSecret(provider, init.secret);
  const policies = init.policies ?? [createInvitationPolicy(), createApprovalQueue()];
  const offers = new Offers({ database, secret, clock });
  const nonces = new Nonces(secret, clock);
  const ttlMs = init.statusTtlMs ?? defaultStatusTtlMs;
  const statusLists = new StatusLists({ database, signer, clock, publicUrl, ttlMs });
  // The origin of status lists is known once the service listens.
  let made: Issuer | undefined;
  const issuer = (): Issuer =>
    (made ??= createIssuer({ provider, signer, statusOrigin: new URL(publicUrl()).origin }));
  const issuance = new Issuance({ database, secret, issuer, nonces, statusLists, policies, clock });

  addIssuerRoutes(app, { ...around, signer, issuer, offers, nonces, issuance });
  addDidRoutes(app, { signer, publicUrl });
  addStatusRoutes(app, statusLists);
  addKeyRoutes(app, {
    admin,
    metrics,
    keyring: init.keyring,
    fingerprint: () => issuerFingerprint(provider, issuer().trustedIssuer),
  });
  addRegisterRoutes(app, {
    admin,
    metrics,
    register: new CredentialRegister({ database, statusLists, admin, clock }),
  });
  const offerLink = (offerId: string): string => offerLinkOf(publicUrl(), offerId);
  for (const policy of policies) {
    policy.addRoutes(app, { database, offers, secret, admin, metrics, clock, offerLink });
  }
  return {
    housekeeping: issuerHousekeeping(database, policies, clock),
    [Symbol.dispose]: () => secret[Symbol.dispose](),
  };
}
