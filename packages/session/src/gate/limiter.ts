/**
 * Admission of inbound gates, before any key exchange: how often one node and one network may try, and how many gates
 * run at once. State is bounded by its own global rate.
 */
import type { Clock } from '@wotid/core';

/** Limits of a {@link GateLimiter}. */
export interface GateLimits {
  /** Tries a minute of one PeerId, and of one network; both may come at once after a quiet minute. */
  readonly triesPerMinute: number;
  /**
   * Tries a second over all strangers. A try costs about a millisecond of key exchange and signature checks before it
   * is known to be bad, so 16 keep strangers below 2 % of one core.
   */
  readonly globalPerSecond: number;
  /** Tries over all strangers that may come at once after a quiet time. */
  readonly globalBurst: number;
  /** Gates that run at the same time; each may hold 64 KiB and wait 30 s. */
  readonly concurrent: number;
  /** Of those, gates from one network. */
  readonly concurrentPerPrefix: number;
  /**
   * Lets connections from this machine pass the limits of one node and one network: for tests and several agents on one
   * host. Those of all strangers hold for them too: behind a proxy on this machine everybody comes from it.
   */
  readonly exemptLoopback: boolean;
}

/** The limits of a limiter that is told nothing else. */
export const defaultGateLimits: GateLimits = Object.freeze({
  triesPerMinute: 5,
  globalPerSecond: 16,
  globalBurst: 64,
  concurrent: 64,
  concurrentPerPrefix: 8,
  exemptLoopback: false,
});

/** Where a gate comes from, as the connection has proved it. */
export interface GateOrigin {
  readonly peerId: string;
  /** IPv4 /24 or IPv6 /56, as text; unknown ones count as one network. */
  readonly ipPrefix: string | undefined;
  readonly isLoopback: boolean;
}

/** The answer to a try. */
export type GateAdmission =
  | {
      readonly ok: true;
      /** Gives the place back when the gate has ended. Idempotent. */
      readonly release: () => void;
    }
  | {
      readonly ok: false;
      readonly reason: 'peer' | 'network' | 'global' | 'concurrent' | 'networkConcurrent';
    };

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
const UNKNOWN_NETWORK = 'unknown';
const EVERYBODY = 'everybody';

/** Counts tries and running gates. A refused try costs nothing and is not counted. */
export class GateLimiter {
  readonly #clock: Clock;
  readonly #limits: GateLimits;
  readonly #peers: RateByKey;
  readonly #networks: RateByKey;
  readonly #global: RateByKey;
  readonly #runningPerNetwork = new Map<string, number>();
  #running = 0;

  constructor(init: { readonly clock: Clock; readonly limits?: Partial<GateLimits> }) {
    const limits = { ...defaultGateLimits, ...init.limits };
    this.#clock = init.clock;
    this.#limits = limits;
    this.#peers = new RateByKey(limits.triesPerMinute, limits.triesPerMinute / MINUTE_MS);
    this.#networks = new RateByKey(limits.triesPerMinute, limits.triesPerMinute / MINUTE_MS);
    this.#global = new RateByKey(limits.globalBurst, limits.globalPerSecond / SECOND_MS);
  }

  /** Gates that run now. */
  get running(): number {
    return this.#running;
  }

  /** Entries held; at most two per try that the global rate lets through within a minute, and one per running gate. */
  get size(): number {
    return this.#peers.size + this.#networks.size + this.#runningPerNetwork.size;
  }

  /** Asks for a place for one inbound gate. */
  admit(origin: GateOrigin): GateAdmission {
    const limits = this.#limits;
    const network = origin.ipPrefix ?? UNKNOWN_NETWORK;
    const isExempt = limits.exemptLoopback && origin.isLoopback;
    if (this.#running >= limits.concurrent) return { ok: false, reason: 'concurrent' };
    const nowMs = this.#clock.nowMs();
    if (!isExempt) {
      if ((this.#runningPerNetwork.get(network) ?? 0) >= limits.concurrentPerPrefix) {
        return { ok: false, reason: 'networkConcurrent' };
      }
      if (!this.#peers.allows(origin.peerId, nowMs)) return { ok: false, reason: 'peer' };
      if (!this.#networks.allows(network, nowMs)) return { ok: false, reason: 'network' };
    }
    if (!this.#global.allows(EVERYBODY, nowMs)) return { ok: false, reason: 'global' };
    this.#global.take(EVERYBODY, nowMs);
    if (!isExempt) {
      this.#peers.take(origin.peerId, nowMs);
      this.#networks.take(network, nowMs);
      this.#runningPerNetwork.set(network, (this.#runningPerNetwork.get(network) ?? 0) + 1);
    }
    this.#running++;
    return { ok: true, release: this.#releaser(isExempt ? null : network) };
  }

  #releaser(network: string | null): () => void {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#running--;
      if (network === null) return;
      const left = (this.#runningPerNetwork.get(network) ?? 1) - 1;
      if (left === 0) this.#runningPerNetwork.delete(network);
      else this.#runningPerNetwork.set(network, left);
    };
  }
}

/**
 * A rate per key, as the generic cell rate algorithm (ITU-T I.371): of each key only the time at which it will be as
 * good as unused is kept. Keys that are as good as unused are dropped, so there are at most as many as tries within
 * `burst / rate`.
 */
class RateByKey {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  /** From the first use after a quiet time to the last of a burst: no key is noted for longer. */
  readonly #longestMs: number;
  /** In order of last use. */
  readonly #unusedAtMs = new Map<string, number>();

  constructor(burst: number, perMs: number) {
    this.#intervalMs = 1 / perMs;
    this.#toleranceMs = (burst - 1) * this.#intervalMs;
    this.#longestMs = burst * this.#intervalMs;
  }

  get size(): number {
    return this.#unusedAtMs.size;
  }

  /** True when {@link take} is allowed now. */
  allows(key: string, nowMs: number): boolean {
    return this.#waitMs(key, nowMs) <= this.#toleranceMs;
  }

  take(key: string, nowMs: number): void {
    for (const [other, unusedAtMs] of this.#unusedAtMs) {
      // Noted before the clock was set back: it would be in the way of all behind it until the clock is there again.
      const isFromTheFuture = unusedAtMs > nowMs + this.#longestMs;
      if (unusedAtMs > nowMs && !isFromTheFuture) break;
      this.#unusedAtMs.delete(other);
    }
    const unusedAtMs = nowMs + this.#waitMs(key, nowMs) + this.#intervalMs;
    this.#unusedAtMs.delete(key);
    this.#unusedAtMs.set(key, unusedAtMs);
  }

  /** Time until `key` is as good as unused. */
  #waitMs(key: string, nowMs: number): number {
    const waitMs = (this.#unusedAtMs.get(key) ?? nowMs) - nowMs;
    // Longer only when the clock was set back since: nobody is locked out for more than the usual time.
    if (waitMs > this.#longestMs) this.#unusedAtMs.set(key, nowMs + this.#longestMs);
    return Math.min(Math.max(waitMs, 0), this.#longestMs);
  }
}
