/** Benchmarks without a peer: nobody else does what is measured. */
import type { Benchmark } from './benchmark.ts';

/** What a measurement is prepared with, and what one round of it gives. */
export interface Measurement extends Partial<AsyncDisposable> {
  /** Operations in one round. */
  readonly n: number;
  round(): Promise<number>;
}

export function alone(name: string, unit: string, prepare: () => Promise<Measurement>): Benchmark {
  return {
    name,
    unit,
    async open() {
      const measurement = await prepare();
      return {
        round: async () => ({ ours: await measurement.round(), n: measurement.n }),
        [Symbol.asyncDispose]: async () => measurement[Symbol.asyncDispose]?.(),
      };
    },
  };
}
