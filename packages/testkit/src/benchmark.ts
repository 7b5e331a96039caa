/** What `npm run bench` runs: the files `bench/*.bench.ts` of packages and apps export a list of these as `benchmarks`. */
export interface Benchmark {
  /** Stable: results are compared by it over time. */
  readonly name: string;
  readonly unit: string;
  /** Who is measured beside us, if anybody. */
  readonly peerName?: string;
  /** Prepares the measurement; what it answers is disposed of after the last round. */
  open(): Promise<BenchmarkRun>;
}

export interface BenchmarkRun extends AsyncDisposable {
  /** Measures once. The first round warms up and does not count. */
  round(): Promise<BenchmarkRound>;
}

export interface BenchmarkRound {
  readonly ours: number;
  /** The same of the peer, in the same round. */
  readonly peer?: number;
  /** Operations behind the number. */
  readonly n: number;
}
