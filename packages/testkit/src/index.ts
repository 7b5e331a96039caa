/**
 * Helpers for tests: a virtual clock, seeded randomness, and the form of benchmarks.
 * @module
 */
import { createHash } from 'node:crypto';
import type { Clock, Random } from '@wotid/core';

export { alone, type Measurement } from './alone.ts';
export { decoder, fuzzBriefly, type Decoder, type DecoderInit, type FuzzTarget } from './fuzz/decoder.ts';
export { mutateJson, mutateJws } from './fuzz/mutate-json.ts';
export { Dice, mutate } from './fuzz/mutate.ts';
export type { Benchmark, BenchmarkRound, BenchmarkRun } from './benchmark.ts';
export { leaksIn } from './secrets.ts';
export {
  compareTimes,
  welchT,
  type TimingClass,
  type TimingDifference,
  type TimingExperiment,
} from './timing.ts';

/** A clock that moves only when told. */
export class VirtualClock implements Clock {
  #nowMs: number;

  /** @param startMs milliseconds since the Unix epoch; default 2026-01-01T00:00:00Z */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Moves the clock forward by `byMs` milliseconds. */
  advance(byMs: number): void {
    this.#nowMs += byMs;
  }
}

/** Deterministic randomness for tests: SHA-512 over seed and counter. Never use it for real keys. */
export class SeededRandom implements Random {
  readonly #seed: string;
  #counter = 0;

  constructor(seed: string | number) {
    this.#seed = String(seed);
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length);
    for (let offset = 0; offset < length; offset += 64) {
      const block = createHash('sha512').update(`${this.#seed}:${this.#counter++}`).digest();
      out.set(block.subarray(0, Math.min(64, length - offset)), offset);
    }
    return out;
  }

  /** A uniform integer in 0..`bound`-1 (bias below 2^-16 for bounds up to 2^32). */
  integer(bound: number): number {
    const bytes = this.bytes(6);
    let value = 0;
    for (const byte of bytes) value = value * 256 + byte;
    return value % bound;
  }
}
