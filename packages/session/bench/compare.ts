/** One operation on our side and, where there is a peer, on its side, in turns: a loaded machine slows both. */

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
  readonly ours: (count: number) => void | Promise<void>;
  readonly peer?: (count: number, prepared: readonly unknown[]) => void | Promise<void>;
  /** What the peer needs for a round; not measured. */
  readonly prepare?: () => Promise<readonly unknown[]>;
}

/** The peer of all comparisons here. */
const peerName = '@signalapp/libsignal-client 0.103.0';

/** The time of one operation. @param count operations a round */
export function compared(
  name: string,
  unit: 'us' | 'ms',
  count: number,
  make: () => Promise<Comparison>,
): Benchmark {
  const scale = (unit === 'us' ? 1_000 : 1) / count;
  return {
    name,
    unit,
    peerName,
    open: async () => {
      const { ours, peer, prepare } = await make();
      return running(async () => {
        const own = (await elapsedMs(() => ours(count))) * scale;
        if (peer === undefined) return { ours: own, n: count };
        const prepared = prepare === undefined ? [] : await prepare();
        return { ours: own, peer: (await elapsedMs(() => peer(count, prepared))) * scale, n: count };
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

function running(round: BenchmarkRun['round']): BenchmarkRun {
  return { round, [Symbol.asyncDispose]: async () => {} };
}
