/** Whether the database answers. Anybody may ask, so it is asked once a second at most, however many want to know. */
import type { Clock } from '@wotid/core';
import type { Database } from '../database/database.ts';

/** How long an answer counts; balancers ask every few seconds. */
const answerLifetimeMs = 1_000;

export class Readiness {
  readonly #database: Database;
  readonly #clock: Clock;
  #last: { readonly isReady: boolean; readonly atMs: number } | undefined;
  #asking: Promise<boolean> | undefined;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** True while the database answers. Never throws. */
  isReady(): Promise<boolean> {
    if (this.#asking !== undefined) return this.#asking;
    const ageMs = this.#last === undefined ? Infinity : this.#clock.nowMs() - this.#last.atMs;
    // A clock that was set back makes no answer last longer.
    if (this.#last !== undefined && ageMs >= 0 && ageMs < answerLifetimeMs) {
      return Promise.resolve(this.#last.isReady);
    }
    this.#asking = this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<boolean> {
    let isReady = true;
    try {
      await this.#database.query('SELECT 1');
    } catch {
      isReady = false;
    }
    this.#last = { isReady, atMs: this.#clock.nowMs() };
    return isReady;
  }
}
