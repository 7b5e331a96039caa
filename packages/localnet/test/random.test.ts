import { fileURLToPath } from 'node:url';
import { buildMovePackage } from '@wotid/move-build';
import { expect, it } from 'vitest';
import { changes, startWorld } from './zoo.ts';

interface Rolled {
  readonly eyes: readonly number[];
  readonly tag: readonly number[];
}

/** Rolls dice twice on a network of its own. */
async function rolls(seed: string): Promise<Rolled[]> {
  await using world = await startWorld({ seed, startTimeMs: 1_750_000_000_000 });
  const { modules, dependencies } = await buildMovePackage(
    fileURLToPath(new URL('programs/dice', import.meta.url)),
  );
  const published = await world.run((tx) => {
    tx.transferObjects(
      [tx.publish({ modules: [...modules], dependencies: [...dependencies] })],
      world.address,
    );
  });
  const packageId = changes(published, 'published')[0]?.packageId;
  const rolled: Rolled[] = [];
  for (let count = 0; count < 2; count++) {
    const { events } = await world.run((tx) => {
      tx.moveCall({ target: `${packageId}::dice::roll`, arguments: [tx.object.random()] });
    });
    rolled.push(events?.[0]?.parsedJson as Rolled);
  }
  return rolled;
}

it('lets an entry function draw from Random, each time something else', async () => {
  const [first, second] = (await rolls('one')) as [Rolled, Rolled];
  for (const { eyes, tag } of [first, second]) {
    expect(eyes).toHaveLength(20);
    expect(eyes.every((value) => value >= 1 && value <= 6)).toBe(true);
    expect(tag).toHaveLength(32);
  }
  expect(second.tag).not.toEqual(first.tag);
});
