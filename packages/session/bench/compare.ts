/**
 * One operation on our side and, where there is a peer, on its side. Both take turns within a round, and a round counts as
 * its median turn, so that other work on the machine disturbs both alike and spikes not at all. Compared is time on the
 * clock; what has no peer is CPU time of the process.
 */

/** What `npm run bench` runs: one measurement, prepared once and repeated in rounds. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly peerName: string;
  open(): Promise<BenchmarkRun>;
}

/** A prepared measurement. */
export interface BenchmarkRun extends AsyncDisposable {
  round(): Promise<BenchmarkRound>;
}

/** One round: the time of one operation, or a size. */
export interface BenchmarkRound {
  readonly ours: number;
  readonly peer?: number;
  /** Operations behind each number. */
  readonly n: number;
}

/** What is compared. */
export interface Comparison {
  /** Does the operation `count` times. */
  readonly ours: (count: number, prepared: unknown) => void | Promise<void>;
  readonly peer?: (count: number, prepared: unknown) => void | Promise<void>;
  /** What both sides need for a turn; not measured. */
  readonly prepare?: (count: number) => Promise<unknown>;
}

/** Turns of each side in a round. */
const TURNS = 10;
/** The peer of all comparisons here. */
const peerName = '@signalapp/libsignal-client 0.103.0';

/** The time of one operation. @param count operations a round, a multiple of 10 */
export function compared(
  name: string,
  unit: 'us' | 'ms',
  count: number,
  make: () => Promise<Comparison>,
): Benchmark {
  const scale = ((unit === 'us' ? 1_000 : 1) * TURNS) / count;
  return {
    name,
    unit,
    peerName,
    open: async () => {
      const { ours, peer, prepare } = await make();
      return running(async () => {
        const turns = { ours: [] as number[], peer: [] as number[] };
        for (let turn = 0; turn < TURNS; turn++) {
          const prepared = await prepare?.(count / TURNS);
          turns.ours.push(
            await (peer === undefined ? cpuMs : elapsedMs)(() => ours(count / TURNS, prepared)),
          );
          if (peer !== undefined) turns.peer.push(await elapsedMs(() => peer(count / TURNS, prepared)));
        }
        const result = { ours: median(turns.ours) * scale, n: count };
        return peer === undefined ? result : { ...result, peer: median(turns.peer) * scale };
      });
    },
  };
}

/** Two sizes in bytes. */
export function sizes(name: string, measure: () => Promise<readonly [number, number]>): Benchmark {
  return {
    name,
    unit: 'bytes',
    peerName,
    open: async () => {
      const [ours, peer] = await measure();
      return running(async () => ({ ours, peer, n: 1 }));
    },
  };
}

async function elapsedMs(run: () => void | Promise<void>): Promise<number> {
  const before = performance.now();
  await run();
  return performance.now() - before;
}

async function cpuMs(run: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] as number;
}

function running(round: BenchmarkRun['round']): BenchmarkRun {
  return { round, [Symbol.asyncDispose]: async () => {} };
}
