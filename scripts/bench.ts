/**
 * `npm run bench [-- --json] [--only NAME]`: runs what the files `bench/*.bench.ts` of packages and apps export as
 * `benchmarks`, and prints medians of five rounds after one that warms up. `--only` takes a name or its beginning,
 * several separated by commas. With `--json` one object on stdout, the rest on stderr.
 */
import { globSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Benchmark } from '@wotid/testkit';

/** A line of the output, for programs. */
interface Result {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** `null` when there is nothing to compare with. */
  readonly peer: number | null;
  readonly peerName: string | null;
  /** ours / peer. */
  readonly ratio: number | null;
  /** Operations in all measured rounds. */
  readonly n: number;
}

const ROUNDS = 5;

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const wanted = values.only?.split(',');
const say: (line: string) => void = values.json ? console.error : console.log;

function median(numbers: readonly number[]): number {
  return numbers.toSorted((left, right) => left - right)[numbers.length >> 1] ?? Number.NaN;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

async function measure(benchmark: Benchmark): Promise<Result> {
  await using run = await benchmark.open();
  await run.round();
  const ours: number[] = [];
  const peers: number[] = [];
  let n = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const result = await run.round();
    ours.push(result.ours);
    if (result.peer !== undefined) peers.push(result.peer);
    n += result.n;
  }
  const own = median(ours);
  const peer = peers.length === 0 ? null : median(peers);
  return {
    name: benchmark.name,
    unit: benchmark.unit,
    ours: rounded(own),
    peer: peer === null ? null : rounded(peer),
    peerName: peer === null ? null : (benchmark.peerName ?? null),
    ratio: peer === null ? null : rounded(own / peer),
    n,
  };
}

const results: Result[] = [];
say(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, node ${process.version}`);
for (const file of globSync(['packages/*/bench/*.bench.ts', 'apps/*/bench/*.bench.ts']).sort()) {
  const { benchmarks } = (await import(pathToFileURL(resolve(file)).href)) as {
    readonly benchmarks: readonly Benchmark[];
  };
  for (const benchmark of benchmarks) {
    if (wanted !== undefined && !wanted.some((name) => benchmark.name.startsWith(name))) continue;
    const result = await measure(benchmark);
    results.push(result);
    const { name, unit, ours, peer, peerName, ratio } = result;
    say(`${name}: ${ours} ${unit}${peer === null ? '' : ` (${peerName}: ${peer}, ratio ${ratio})`}`);
  }
}
if (values.json) console.log(JSON.stringify({ results }));
if (results.length === 0) {
  console.error('no benchmark has that name');
  process.exitCode = 2;
}
