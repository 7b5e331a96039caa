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
      for (const [name, value] of Object.entries(evidence)) printCell(name, value, '    ');
    }
    const total = this.#records.reduce((sum, { ms }) => sum + ms, 0);
    console.log(
      `\n${this.#records.filter(({ ok }) => ok).length} steps passed in ${(total / 1_000).toFixed(1)} s`,
    );
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

const nameWidth = 22;
const lineWidth = 100;

/** Small records stand on one line, larger ones have a line for each field, lists a line for each item. */
function printCell(name: string, value: unknown, indent: string): void {
  const print = (text: string, label = name): void =>
    console.log(`${indent}${label.padEnd(nameWidth)} ${text}`);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) print(inline(item), index === 0 ? name : '');
  } else if (typeof value === 'object' && value !== null && inline(value).length > lineWidth) {
    console.log(`${indent}${name}`);
    for (const [field, item] of Object.entries(value)) printCell(field, item, `${indent}  `);
  } else {
    print(inline(value));
  }
}

function inline(value: unknown): string {
  if (typeof value !== 'object' || value === null) return printable(String(value));
  return Object.entries(value)
    .map(([name, item]) => `${name} ${inline(item)}`)
    .join(' · ');
}

function elapsed(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
