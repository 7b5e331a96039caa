/** The committed test vectors are what the code computes: a change of the protocol shows here first. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vectorFiles, vectorFolder, vectorText } from '../../../scripts/build-vectors.ts';

describe('test vectors', () => {
  it('are exactly the files that the script writes', () => {
    expect(readdirSync(vectorFolder).toSorted()).toEqual(
      Object.keys(vectorFiles)
        .map((name) => `${name}.json`)
        .toSorted(),
    );
  });

  it.each(Object.entries(vectorFiles))('%s.json comes out the same again', async (name, build) => {
    const committed = readFileSync(join(vectorFolder, `${name}.json`), 'utf8');
    // Not toBe: the difference of two texts of 100 KB is no help.
    expect(vectorText(await build()) === committed, 'run scripts/build-vectors.ts and look at the diff').toBe(
      true,
    );
  });
});
