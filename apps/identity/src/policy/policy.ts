/**
 * The port behind which it is decided who gets a credential. A policy verifies humans in its own way, over its own
 * routes, and makes an offer for each; the issuer asks it once more when the credential is collected.
 */
import type { Clock } from '@wotid/core';
import type { Admin } from '../admin/admin.ts';
import type { Database, SqlRunner } from '../database/database.ts';
import type { ServiceApp } from '../http/app.ts';
import type { Offer, Offers } from '../issuer/offers.ts';
import type { ServiceSecret } from '../keys/service-secret.ts';
import type { Metrics } from '../ops/metrics.ts';

/** What a policy works with. */
export interface PolicyServices {
  readonly database: Database;
  readonly offers: Offers;
  /** Hashes who a human is, and seals what has to be kept until a decision. */
  readonly secret: ServiceSecret;
  readonly admin: Admin;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The link to an offer, as wallets take it. */
  readonly offerLink: (offerId: string) => string;
}

/** One way to decide. */
export interface IssuingPolicy {
  /** Stable name, noted with each offer. */
  readonly name: string;
  /** Adds the routes by which humans are verified and offers are made. */
  addRoutes(app: ServiceApp, services: PolicyServices): void;
  /**
   * The last word, in the transaction that issues.
   * @returns `null` to go on, or the reason against it, which the wallet is told
   */
  objection(sql: SqlRunner, offer: Offer): Promise<string | null>;
  /** Removes what the policy need not know any more. */
  forgetExpired?(sql: SqlRunner, nowMs: number): Promise<void>;
}
