/**
 * `npm run fuzz:localnet -- [--runs N] [--seed TEXT] [--only transactions|modules|bodies] [--from RUN]`: damaged
 * transactions, modules and JSON-RPC bodies against the embedded network, N of each (default 50,000). Each kind runs in
 * a process of its own, watched from this one. Fails when the network fails, when a run takes too long, or when memory
 * grows by more than a tenth over the last nine tenths of at least 20,000 runs. `--seed`, `--only` and `--from` repeat a failure.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { targets } from '../packages/localnet/test/fuzz/targets.ts';

/** Longest a run may take before it counts as hanging, on a slow and busy machine. */
const MAX_RUN_MS = 60_000;
/** How much resident memory may grow over the last nine tenths. */
const MAX_GROWTH = 0.1;
/** Fewer runs than this end before the process has reached its size, and say nothing about growth. */
const MIN_RUNS_FOR_GROWTH = 20_000;
/** Runs between two collections of garbage. */
const COLLECT_EVERY = 1_000;
/** Runs between two messages to the watching process. */
const REPORT_EVERY = 100;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '50000' },
    seed: { type: 'string', default: 'localnet' },
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
  console.log(
    `${name}: ${runs} runs in ${seconds.toFixed(0)} s, slowest ${slowestMs.toFixed(0)} ms, ` +
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
  for (const name of values.only === undefined ? Object.keys(targets) : [values.only]) {
    isGood = (await watch(name)) && isGood;
  }
  process.exitCode = isGood ? 0 : 1;
}
