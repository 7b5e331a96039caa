import { describe, expect, it } from 'vitest';
import { SeededRandom } from './index.ts';
import { compareTimes, welchT } from './timing.ts';

/** Sums of four uniform values: bell-shaped around `mean` with a deviation of about 58, and now and then an outlier. */
function times(random: SeededRandom, count: number, mean: number): number[] {
  return Array.from({ length: count }, (_, k) => {
    const bytes = random.bytes(4);
    const noise = bytes.reduce((sum, byte) => sum + byte / 2.55 - 50, 0);
    return mean + noise + (k % 100 === 0 ? 50_000 : 0);
  });
}

describe("Welch's t", () => {
  it('is what its formula says', () => {
    // Means 3 and 6, variances 2.5 and 10, five values each: 3 / sqrt(2.5 / 5 + 10 / 5).
    expect(welchT([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])).toBeCloseTo(3 / Math.sqrt(2.5), 12);
    expect(welchT([2, 4, 6, 8, 10], [1, 2, 3, 4, 5])).toBeCloseTo(-3 / Math.sqrt(2.5), 12);
    expect(welchT([1], [1, 2])).toBeNaN();
  });
});

describe('a comparison of times', () => {
  it('sees a small difference under large outliers, and none where there is none', () => {
    const random = new SeededRandom('times');
    const [base, twin, slower] = [1_000, 1_000, 1_010].map((mean) => times(random, 20_000, mean)) as [
      number[],
      number[],
      number[],
    ];
    expect(Math.abs(welchT(base, slower))).toBeLessThan(4.5);
    const seen = compareTimes(base, slower);
    expect(seen.t).toBeGreaterThan(10);
    expect(seen.effect).toBeGreaterThan(7);
    expect(seen.effect).toBeLessThan(13);
    expect(Math.abs(compareTimes(base, twin).t)).toBeLessThan(4.5);
  });
});
