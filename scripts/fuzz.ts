/**
 * `npm run fuzz:localnet` and `npm run fuzz:decoders`, each `-- [--runs N] [--seed TEXT] [--only TARGET] [--from RUN]`: damaged
 * transactions, modules and JSON-RPC bodies against the embedded network, or damaged bytes against every decoder of a
 * package that takes a stranger's (`packages/<name>/test/fuzz/decoders.ts`), N of each (default 50,000). Each target runs in
 * a process of its own, watched from this one. Fails when the code under test fails, when a run takes too long, or when
 * memory grows by more than a tenth over the last nine tenths of at least 50,000 runs. `--seed`, `--only` and `--from`
 * repeat a failure; `--only` also takes the beginning of a name.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Decoder, FuzzTarget } from '@wotid/testkit';

/** Longest a run may take before it counts as hanging, on a slow and busy machine. */
const MAX_RUN_MS = 60_000;
/** How much resident memory may grow over the last nine tenths. */
const MAX_GROWTH = 0.1;
/** Fewer runs than this end before the process has reached its size, and say nothing about growth. */
const MIN_RUNS_FOR_GROWTH = 50_000;
/** Runs between two collections of garbage. */
const COLLECT_EVERY = 1_000;
/** Runs between two messages to the watching process. */
const REPORT_EVERY = 100;

type Targets = Readonly<Record<string, (seed: string) => Promise<FuzzTarget>>>;

/** What can be attacked, by the first argument. */
const suites: Readonly<Record<string, () => Promise<Targets>>> = {
  localnet: async () => (await import('../packages/localnet/test/fuzz/targets.ts')).targets,
  decoders: async () => {
    const targets: Record<string, (seed: string) => Promise<FuzzTarget>> = {};
    for (const file of globSync('packages/*/test/fuzz/decoders.ts').sort()) {
      const { decoders } = (await import(pathToFileURL(resolve(file)).href)) as {
        readonly decoders: readonly Decoder[];
      };
      for (const one of decoders) targets[one.name] = (seed) => one.target(seed);
    }
    return targets;
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '50000' },
    seed: { type: 'string', default: 'fuzz' },
    only: { type: 'string' },
    from: { type: 'string', default: '0' },
    child: { type: 'string' },
  },
});
const [runs, from] = [Number(values.runs), Number(values.from)];
if (!(Number.isSafeInteger(runs) && runs > 0 && Number.isSafeInteger(from) && from >= 0)) {
  console.error('--runs and --from are whole numbers');
  process.exit(2);
}

const suite = suites[positionals[0] ?? ''];
if (suite === undefined) {
  console.error(`the first argument is one of ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}
const targets = await suite();

/** Resident memory in MB after collecting garbage, so that only what is kept counts. */
async function residentMb(): Promise<number> {
  await globalThis.gc?.({ execution: 'async', type: 'major' });
  return process.memoryUsage.rss() / 2 ** 20;
}

async function attack(name: string): Promise<void> {
  const target = await targets[name]?.(values.seed);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const startMs = performance.now();
  let slowestMs = 0;
  let early = 0;
  for (let run = from; run < from + runs; run++) {
    if (run % REPORT_EVERY === 0) process.send?.(run);
    // Garbage that piles up would stay in the resident memory even after it is collected.
    if (run % COLLECT_EVERY === 0) await residentMb();
    if (run - from === Math.ceil(runs / 10)) early = await residentMb();
    const runStart = performance.now();
    try {
      await target.run(run);
    } catch (cause) {
      throw new Error(`repeat with --seed ${values.seed} --only ${name} --from ${run} --runs 1`, { cause });
    }
    slowestMs = Math.max(slowestMs, performance.now() - runStart);
  }
  const late = await residentMb();
  const growth = early === 0 ? 0 : late / early - 1;
  const seconds = (performance.now() - startMs) / 1_000;
  const { tally } = target;
  console.log(
    `${name}: ${runs} runs${tally === undefined ? '' : ` (${tally.read} read, ${tally.refused} refused)`} in ${seconds.toFixed(0)} s, slowest ${slowestMs.toFixed(0)} ms, ` +
      `RSS ${early.toFixed(0)} to ${late.toFixed(0)} MB (${(growth * 100).toFixed(1)} %)`,
  );
  if (runs >= MIN_RUNS_FOR_GROWTH && growth > MAX_GROWTH)
    throw new Error(`${name}: memory grew by ${(growth * 100).toFixed(1)} %`);
}

async function watch(name: string): Promise<boolean> {
  const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--child', name], {
    // The young generation has its size from the start: its growing would look like the network's.
    execArgv: [
      '--expose-gc',
      '--min-semi-space-size=16',
      '--max-semi-space-size=16',
      '--conditions=wot:source',
    ],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let lastRun: unknown = from;
  let timer: NodeJS.Timeout | undefined;
  const wind = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      console.error(
        `${name}: hangs within ${REPORT_EVERY} runs from ${String(lastRun)} (seed ${values.seed})`,
      );
      child.kill('SIGKILL');
    }, MAX_RUN_MS);
  };
  wind();
  child.on('message', (run) => {
    lastRun = run;
    wind();
  });
  const [code] = await exited;
  clearTimeout(timer);
  return code === 0;
}

if (values.child !== undefined) {
  await attack(values.child);
  process.disconnect?.();
} else {
  let isGood = true;
  const names = Object.keys(targets).filter((name) => name.startsWith(values.only ?? ''));
  if (names.length === 0) {
    console.error(`there is no target ${values.only}`);
    isGood = false;
  }
  for (const name of names) {
    isGood = (await watch(name)) && isGood;
  }
  process.exitCode = isGood ? 0 : 1;
}
