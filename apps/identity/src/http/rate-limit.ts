/**
 * A token bucket per key, in memory. Written here because the libraries at hand keep a timer per key or count without a
 * bound on keys, and a stranger chooses the keys. Each instance of the service counts for itself: `n` instances allow
 * `n` times the rate, and what must hold across them (codes, nonces, quotas) is counted in the database.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '@wotid/core';

export interface RateLimitInit {
  /** Calls at once. */
  readonly burst: number;
  /** Calls per second for long. */
  readonly perSecond: number;
  /** Keys remembered. */
  readonly maxKeys: number;
  readonly clock: Clock;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RateLimit {
  readonly #init: RateLimitInit;
  readonly #buckets: LRUCache<string, Bucket>;

  constructor(init: RateLimitInit) {
    this.#init = init;
    this.#buckets = new LRUCache({ max: init.maxKeys });
  }

  /** Takes a token. @returns 0, or how many seconds to wait before the next try */
  take(key: string): number {
    const { burst, perSecond, clock } = this.#init;
    const nowMs = clock.nowMs();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const earned = (Math.max(0, nowMs - bucket.atMs) / 1_000) * perSecond;
    bucket.tokens = Math.min(burst, bucket.tokens + earned);
    bucket.atMs = nowMs;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
    bucket.tokens -= 1;
    return 0;
  }
}
