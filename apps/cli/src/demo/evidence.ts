/** Runs the demo's steps in order, times them, and prints what each one showed. */
import { performance } from 'node:perf_hooks';
import { errorText } from '@wotid/core';
import { printable, toJson, type Facts, type Output } from '../output.ts';

interface StepRecord {
  readonly step: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly evidence: Facts;
}

export class EvidenceBook {
  readonly #output: Output;
  readonly #records: StepRecord[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /**
   * Runs one step; its evidence is printed with `ok: true`, or its error with `ok: false`.
   * @throws whatever the step throws, after printing it
   */
  async step(step: string, title: string, run: () => Promise<Facts>): Promise<void> {
    this.#output.progress(`▸ ${step.padEnd(9)} ${title}`);
    const startedAt = performance.now();
    try {
      const evidence = await run();
      this.#record({ step, ok: true, ms: elapsed(startedAt), evidence });
    } catch (error) {
      this.#record({ step, ok: false, ms: elapsed(startedAt), evidence: { error: errorText(error) } });
      throw error;
    }
  }

  /** The closing table for people; nothing with `--json`, where every step has had its line. */
  printTable(): void {
    if (this.#output.json) return;
    console.log('');
    for (const { step, ok, ms, evidence } of this.#records) {
      console.log(`${ok ? '✓' : '✗'} ${step.padEnd(9)} ${String(ms).padStart(6)} ms`);
      for (const [name, value] of Object.entries(evidence)) {
        for (const [index, line] of cellLines(value).entries()) {
          console.log(`    ${(index === 0 ? name : '').padEnd(22)} ${line}`);
        }
      }
    }
  }

  #record(record: StepRecord): void {
    this.#records.push(record);
    if (this.#output.json) {
      this.#output.result({ step: record.step, ok: record.ok, ms: record.ms, ...record.evidence });
    }
  }
}

/** Fails the step, naming what was found instead. */
export function expectThat(holds: boolean, what: string, found?: unknown): void {
  if (!holds) throw new Error(`expected ${what}${found === undefined ? '' : `, found ${toJson(found)}`}`);
}

/** The middle of a list of numbers, rounded to a tenth. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const value =
    sorted.length % 2 === 1
      ? (sorted[Math.floor(middle)] ?? 0)
      : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return Math.round(value * 10) / 10;
}

function cellLines(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(cellLines);
  if (typeof value === 'object' && value !== null) {
    return [
      Object.entries(value)
        .map(([name, item]) => `${name} ${typeof item === 'object' ? toJson(item) : String(item)}`)
        .join(' · '),
    ];
  }
  return [printable(String(value))];
}

function elapsed(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
