/**
 * The stored form of the private prekeys (BCS): version u8 = 02, then a vector of generations {number u32, notBefore u64,
 * notAfter u64, spkId u32, spkSecret 32, kemId u32, kemSeed 64, leaves vector<32>, pairs vector<{index u16, id u32, seed
 * 32}>}, oldest first: 126 bytes each, 38 for each unused one-time pair, 32 for each leaf of the latest. It is secret.
 *
 * Version 01 is read too: the same without leaves and pairs.
 */
import { bcs, decodeStrict, fixedBytesType } from '@wotid/core';
import { wipe } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import { MAX_ONE_TIME_PAIRS, MAX_PREKEY_GENERATIONS } from '../limits.ts';
import { PrekeyStore, revealPrekeys, type PrekeyGeneration } from '../prekeys/store.ts';
import { safeU64Type } from '../wire/codec.ts';

const VERSION = 2;
const VERSION_WITHOUT_PAIRS = 1;
/** Version, vector lengths, and as many generations with as many pairs as there can be; only one has leaves. */
const MAX_RECORD_BYTES: number =
  2 + MAX_PREKEY_GENERATIONS * (128 + 38 * MAX_ONE_TIME_PAIRS) + 32 * MAX_ONE_TIME_PAIRS;

const keyFields = {
  number: bcs.u32(),
  notBeforeMs: safeU64Type,
  notAfterMs: safeU64Type,
  spkId: bcs.u32(),
  spkSecret: fixedBytesType(32),
  kemId: bcs.u32(),
  kemSeed: fixedBytesType(64),
};
const storeType = bcs.struct('prekey record', {
  version: bcs.u8(),
  generations: bcs.vector(
    bcs.struct('prekey generation', {
      ...keyFields,
      leaves: bcs.vector(fixedBytesType(32)),
      pairs: bcs.vector(
        bcs.struct('one-time secret', { index: bcs.u16(), id: bcs.u32(), seed: fixedBytesType(32) }),
      ),
    }),
  ),
});
const storeWithoutPairsType = bcs.struct('prekey record 1', {
  version: bcs.u8(),
  generations: bcs.vector(bcs.struct('prekey generation 1', keyFields)),
});

/** The bytes of a store; the caller seals and then wipes them. */
export function encodePrekeys(store: PrekeyStore): Uint8Array<ArrayBuffer> {
  const generations = revealPrekeys(store).map((one) => ({
    ...one,
    leaves: [...one.leaves],
    pairs: [...one.pairs],
  }));
  const bytes = storeType
    .serialize({ version: VERSION, generations }, { initialSize: 2_048, maxSize: MAX_RECORD_BYTES })
    .toBytes();
  const out = new Uint8Array(bytes);
  wipe(bytes);
  return out;
}

/** @throws SessionError `RECORD_INVALID` for anything that {@link encodePrekeys} of this or an earlier version does not write */
export function decodePrekeys(bytes: Uint8Array): PrekeyStore {
  try {
    return new PrekeyStore(generationsOf(bytes));
  } catch (cause) {
    throw new SessionError('RECORD_INVALID', 'the prekey record does not decode', {
      hint: 'the home may be damaged or from another version: publish new prekeys',
      cause,
    });
  }
}

function generationsOf(bytes: Uint8Array): readonly PrekeyGeneration[] {
  const init = { what: 'prekey record', maxBytes: MAX_RECORD_BYTES };
  switch (bytes[0]) {
    case VERSION: {
      const { generations } = decodeStrict(storeType, bytes, init);
      if (generations.every(isConsistent)) return generations;
      throw new TypeError('one-time pairs that are not in their tree');
    }
    case VERSION_WITHOUT_PAIRS: {
      const { generations } = decodeStrict(storeWithoutPairsType, bytes, init);
      return generations.map((one) => ({ ...one, leaves: [], pairs: [] }));
    }
    default:
      throw new TypeError(`version ${bytes[0] ?? 'none'} is unknown`);
  }
}

/** Pairs stand in the order of their places; while there are leaves, each has one. */
function isConsistent({ leaves, pairs }: PrekeyGeneration): boolean {
  const places = pairs.map(({ index }) => index);
  const isRising = places.every((place, at) => at === 0 || place > (places[at - 1] as number));
  return isRising && (leaves.length === 0 || (places.at(-1) ?? 0) < leaves.length);
}
