/**
 * Nonces for proofs of possession. One carries its expiry and a MAC, so that asking for nonces stores nothing; what is
 * stored is that one was answered, for longer than it could be answered again.
 */
import type { Clock } from '@wotid/core';
import type { SqlRunner } from '../database/database.ts';
import { takeNonce } from '../database/used-nonces.ts';
import { OauthError } from '../http/oauth-error.ts';
import type { ServiceSecret } from '../keys/service-secret.ts';
import { nonceLifetimeMs } from './limits.ts';

export class Nonces {
  readonly #secret: ServiceSecret;
  readonly #clock: Clock;

  constructor(secret: ServiceSecret, clock: Clock) {
    this.#secret = secret;
    this.#clock = clock;
  }

  /** A fresh nonce. */
  create(): string {
    return this.#secret.createNonce(this.#clock.nowMs() + nonceLifetimeMs);
  }

  /**
   * Accepts a nonce, once among all instances and across restarts.
   * @throws OauthError `invalid_nonce` when it is not ours, expired or used
   */
  async use(sql: SqlRunner, nonce: string): Promise<void> {
    const expiresAtMs = this.#secret.nonceExpiry(nonce);
    if (expiresAtMs === null) throw badNonce('was not given out here');
    if (expiresAtMs <= this.#clock.nowMs()) throw badNonce('has expired');
    if (!(await takeNonce(sql, nonce, expiresAtMs))) throw badNonce('was used before');
  }
}

function badNonce(reason: string): OauthError {
  return new OauthError('invalid_nonce', `the nonce ${reason}: ask for a new one`);
}
