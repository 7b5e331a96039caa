/** The short run of `npm run fuzz:decoders`: the same inputs every time. */
import { fuzzBriefly } from '@wotid/testkit';
import { expect, it } from 'vitest';
import { decoders } from './decoders.ts';

it.each(decoders)('$name refuses, or reads what has no other encoding', async (one) => {
  await expect(fuzzBriefly(one)).resolves.toBeUndefined();
});
