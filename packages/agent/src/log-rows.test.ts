import { setImmediate as othersFirst } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { rowsAfter, rowsBetween, windowsAfter, type LogPages } from './log-rows.ts';

/** A log with a million messages, number n at position n, and how often it was asked for rows. */
function longLog(total = 1_000_000): { readonly pages: LogPages; readonly asked: () => number } {
  let count = 0;
  const pages: LogPages = (limit, before) => {
    count++;
    const newest = Math.min(before - 1, total);
    return Array.from({ length: Math.min(limit, newest) }, (_, back) => ({
      position: newest - back,
      seq: newest - back,
      isCheckpoint: false,
      isDelivered: true,
      read: () => undefined,
    }));
  };
  return { pages, asked: () => count };
}

it('a peer who names messages from long ago costs a bounded look, one who names the last ones a short one', async () => {
  const near = longLog();
  expect((await rowsBetween(near.pages, 999_991, 1_000_000)).size).toBe(10);
  expect(near.asked()).toBe(1);
  const far = longLog();
  expect((await rowsBetween(far.pages, 1, 1_024)).size).toBe(0);
  expect(far.asked()).toBe(17);
});

it('a look far back holds up nobody else for longer than a page takes', async () => {
  const { pages, asked } = longLog();
  const seen: number[] = [];
  let isDone = false;
  const look = rowsBetween(pages, 1, 1_024).finally(() => (isDone = true));
  while (!isDone) {
    seen.push(asked());
    await othersFirst();
  }
  await look;
  expect(seen).toEqual(expect.arrayContaining([1, 8, 16]));
});

it('what is to be signed is looked for as far back as the mark, within a bound', () => {
  const recent = longLog();
  const rows = rowsAfter(recent.pages, 997_000);
  expect(windowsAfter(rows, 997_000, Infinity).map(({ first, last }) => [first, last])).toEqual([
    [997_001, 998_024],
    [998_025, 999_048],
    [999_049, 1_000_000],
  ]);
  expect(recent.asked()).toBe(4);
  const never = longLog();
  expect(rowsAfter(never.pages, 0).size).toBe(65_536);
  expect(never.asked()).toBe(64);
});
