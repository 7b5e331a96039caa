/**
 * Whether one thing takes another time than another, beside noise: Welch's t-test over measurements that were taken in
 * random turns, whole and with the slow ones left out (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?",
 * DATE 2017, section 3). `npm run timing` measures what the files `bench/*.timing.ts` export as `experiments`.
 */

/** Inputs that should take the same time, or of which it is known that they do not. */
export interface TimingClass<Input> {
  readonly name: string;
  /** True when another time than the first class's is expected, and said in `docs/security.md`. */
  readonly mayDiffer?: boolean;
  /** Taken at random; several, so that no single buffer's place in memory decides. */
  readonly inputs: readonly Input[];
}

/** One function over inputs of several classes. The first is what the others are compared with, the second its twin. */
export interface TimingExperiment<Input = never> {
  /** Stable. */
  readonly name: string;
  readonly classes: readonly [TimingClass<Input>, TimingClass<Input>, ...TimingClass<Input>[]];
  /** What is measured; must not throw. */
  run(input: Input): unknown;
}

/** Welch's t, positive when `right` is larger. NaN for less than two values on a side. */
export function welchT(left: readonly number[], right: readonly number[]): number {
  const [a, b] = [moments(left), moments(right)];
  return (b.mean - a.mean) / Math.sqrt(a.variance / left.length + b.variance / right.length);
}

function moments(values: readonly number[]): { readonly mean: number; readonly variance: number } {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let sum = 0;
  for (const value of values) sum += (value - mean) ** 2;
  return { mean, variance: sum / (values.length - 1) };
}

/** The value below which a part of `sorted` lies. */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

/** How two classes compare. */
export interface TimingDifference {
  /** The t of largest size among those over all values and over the fastest 99, 95, 90, 75 and 50 % of both together. */
  readonly t: number;
  /** Median of the right less median of the left, in the unit of the values. */
  readonly effect: number;
}

const KEPT = [1, 0.99, 0.95, 0.9, 0.75, 0.5] as const;

/** Compares the times of two classes. */
export function compareTimes(left: readonly number[], right: readonly number[]): TimingDifference {
  const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
  const all = sorted([...left, ...right]);
  let largest = 0;
  for (const part of KEPT) {
    const limit = part === 1 ? Infinity : quantile(all, part);
    const t = welchT(
      left.filter((value) => value <= limit),
      right.filter((value) => value <= limit),
    );
    if (Math.abs(t) > Math.abs(largest)) largest = t;
  }
  return { t: largest, effect: quantile(sorted(right), 0.5) - quantile(sorted(left), 0.5) };
}
