/** Removal of what has expired, every ten minutes, in tasks that do not wait for one another's success. */
import { errorText, type Logger } from '@wotid/core';
import type { Metrics } from './metrics.ts';

/** How often what has expired is removed. */
const intervalMs = 600_000;

/** One thing that has to be removed. Several instances may do it at once: nobody else needs these rows. */
export interface HousekeepingTask {
  /** Stable name, for log and metrics. */
  readonly name: string;
  run(): Promise<unknown>;
}

export interface HousekeepingInit {
  readonly tasks: readonly HousekeepingTask[];
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export class Housekeeping {
  readonly #init: HousekeepingInit;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(init: HousekeepingInit) {
    this.#init = init;
  }

  start(): void {
    this.#timer = setInterval(() => void this.run(), intervalMs).unref();
  }

  /** Does every task, whether or not others fail. A run under way is the run of whoever asks meanwhile. */
  run(): Promise<void> {
    this.#running ??= this.#runAll().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Ends when no task is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #runAll(): Promise<void> {
    const { tasks, metrics, logger } = this.#init;
    for (const { name: task, run } of tasks) {
      try {
        await run();
      } catch (error) {
        metrics.housekeepingFailed.inc({ task });
        logger.warn('housekeeping.failed', { task, error: errorText(error) });
      }
    }
  }
}
