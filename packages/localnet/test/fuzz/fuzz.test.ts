/** The short run of `npm run fuzz:localnet`: the same inputs every time. */
import { describe, expect, it } from 'vitest';
import { targets } from './targets.ts';

const RUNS: Readonly<Record<string, number>> = { transactions: 1_000, modules: 300, bodies: 1_500 };

describe('whatever strangers send', () => {
  it.each(Object.entries(targets))('of damaged %s ends in a refusal or a result', async (name, make) => {
    const target = await make('short');
    for (let run = 0; run < (RUNS[name] as number); run++) {
      await target.run(run).catch((cause: unknown) => {
        throw new Error(`run ${run}`, { cause });
      });
    }
    expect(target.name).toBe(name);
  });
});
