/**
 * `npm run timing [-- --json] [--only NAME] [--samples N]`: runs what the files `bench/*.timing.ts` of packages and apps
 * export as `experiments`. Each measurement is of a class drawn at random; N of each class count (default 50,000) after
 * a tenth as many that warm up. Every class is compared with the first; the second is the first once more, and shows what
 * noise alone does. A class that should take the same time is reported as different when |t| is above 10 (the limit of
 * the method's authors for a likely leak) and above three times that of the twin; the exit code is then 1. With `--json`
 * one object on stdout, the rest on stderr. It needs an idle machine.
 */
import { globSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { compareTimes, type TimingExperiment } from '@wotid/testkit';

/** A class compared with the first of its experiment, for programs. */
interface Result {
  readonly experiment: string;
  readonly class: string;
  readonly t: number;
  readonly effectNs: number;
  readonly verdict: 'same' | 'different' | 'differs as known' | 'twin';
}

/** Above it the method's authors speak of a likely leak. */
const LIKELY_T = 10;
/** What noise does to the twin may be this much worse for another class. */
const NOISE_FACTOR = 3;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    samples: { type: 'string', default: '50000' },
  },
});
const samples = Number(values.samples);
if (!Number.isSafeInteger(samples) || samples < 100) {
  console.error('--samples is a whole number from 100 on');
  process.exit(2);
}
const wanted = values.only?.split(',');
const say: (line: string) => void = values.json ? console.error : console.log;

/** Keeps results alive, so that no call is left out as useless. */
let sink: unknown;

/** Nanoseconds of each call, by class. */
function measure<Input>({ classes, run }: TimingExperiment<Input>): number[][] {
  const times: number[][] = classes.map(() => []);
  const warmUp = Math.ceil((samples / 10) * classes.length);
  for (let k = -warmUp; times.some((of) => of.length < samples); k++) {
    const which = Math.floor(Math.random() * classes.length);
    const { inputs } = classes[which] as (typeof classes)[number];
    const input = inputs[Math.floor(Math.random() * inputs.length)] as Input;
    const start = process.hrtime.bigint();
    sink = run(input);
    const end = process.hrtime.bigint();
    if (k >= 0) times[which]?.push(Number(end - start));
  }
  return times;
}

function judge<Input>(experiment: TimingExperiment<Input>): Result[] {
  const [base, ...others] = measure(experiment) as [number[], ...number[][]];
  const compared = others.map((times) => compareTimes(base, times));
  const limit = Math.max(LIKELY_T, NOISE_FACTOR * Math.abs(compared[0]?.t ?? 0));
  return compared.map(({ t, effect }, at) => {
    const { name, mayDiffer = false } = experiment.classes[at + 1] as (typeof experiment.classes)[number];
    const verdict = Math.abs(t) <= limit ? 'same' : mayDiffer ? 'differs as known' : 'different';
    return {
      experiment: experiment.name,
      class: name,
      t: Number(t.toFixed(1)),
      effectNs: Math.round(effect),
      verdict: at === 0 ? 'twin' : verdict,
    };
  });
}

const results: Result[] = [];
say(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, node ${process.version}`);
for (const file of globSync(['packages/*/bench/*.timing.ts', 'apps/*/bench/*.timing.ts']).sort()) {
  const { experiments } = (await import(pathToFileURL(resolve(file)).href)) as {
    readonly experiments: readonly TimingExperiment[];
  };
  for (const experiment of experiments) {
    if (wanted !== undefined && !wanted.some((name) => experiment.name.startsWith(name))) continue;
    say(`${experiment.name}: against "${experiment.classes[0].name}"`);
    for (const result of judge(experiment)) {
      results.push(result);
      const { t, effectNs, verdict } = result;
      say(
        `  ${verdict.padEnd(16)} t ${t.toFixed(1).padStart(8)} ${String(effectNs).padStart(8)} ns  ${result.class}`,
      );
    }
  }
}
if (values.json) console.log(JSON.stringify({ samples, results }));
if (results.length === 0 || sink === undefined) {
  console.error('no experiment has that name');
  process.exitCode = 2;
} else if (results.some(({ verdict }) => verdict === 'different')) process.exitCode = 1;
