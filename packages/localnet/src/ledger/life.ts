/** A ledger's own time, and the moments it can go back to. */
import type { Clock } from '@wotid/core';
import { LedgerError } from './errors.ts';
import type { ObjectLocks } from './locks.ts';

/** Clocks are not moved further than this at once: 100 years. */
const MAX_CLOCK_STEP_MS = 100 * 366 * 86_400_000;

/** A clock with an offset that only tests and reopened databases set. */
export class LedgerClock {
  readonly #clock: Clock;
  offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): bigint {
    return BigInt(Math.trunc(this.#clock.nowMs()) + this.offsetMs);
  }

  /** @throws LedgerError `BAD_ARGUMENT` */
  advance(byMs: number): void {
    if (!Number.isSafeInteger(byMs) || byMs < 0 || byMs > MAX_CLOCK_STEP_MS) {
      throw new LedgerError('BAD_ARGUMENT', `a clock cannot be moved by ${byMs} ms`, {
        hint: `Give a whole number from 0 to ${MAX_CLOCK_STEP_MS}.`,
      });
    }
    this.offsetMs += byMs;
  }

  /** Moves forward to a time if it is later than now. */
  catchUp(timestampMs: bigint): void {
    const behind = timestampMs - this.nowMs();
    if (behind > 0n) this.offsetMs += Number(behind);
  }
}

/** What a snapshot remembers besides the store's own history. */
export interface Snapshot {
  readonly checkpoints: bigint;
  readonly locks: ObjectLocks | undefined;
  readonly clockOffsetMs: number;
}

/** Snapshots by number, ascending in time. */
export class Snapshots {
  readonly #all: Snapshot[] = [];

  take(snapshot: Snapshot): number {
    return this.#all.push(snapshot) - 1;
  }

  /** @throws LedgerError `UNKNOWN_SNAPSHOT` */
  get(number: number): Snapshot {
    const snapshot = this.#all[number];
    if (snapshot !== undefined) return snapshot;
    throw new LedgerError('UNKNOWN_SNAPSHOT', `there is no snapshot ${number}`, {
      hint: 'Going back to a snapshot discards those taken after it.',
    });
  }

  discardAfter(number: number): void {
    this.#all.length = number + 1;
  }
}
