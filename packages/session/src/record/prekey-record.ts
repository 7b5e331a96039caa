/**
 * The stored form of the private prekeys (BCS): version u8 = 01, then a vector of generations {number u32, notBefore
 * u64, notAfter u64, spkId u32, spkSecret 32, kemId u32, kemSeed 64}, 124 bytes each, oldest first. It is secret.
 */
import { bcs, decodeStrict, fixedBytesType } from '@wotid/core';
import { wipe } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import { MAX_PREKEY_GENERATIONS } from '../limits.ts';
import { PrekeyStore, revealPrekeys } from '../prekeys/store.ts';
import { safeU64Type } from '../wire/codec.ts';

const VERSION = 1;
const GENERATION_BYTES = 124;
const storeType = bcs.struct('prekey record', {
  version: bcs.u8(),
  generations: bcs.vector(
    bcs.struct('prekey generation', {
      number: bcs.u32(),
      notBeforeMs: safeU64Type,
      notAfterMs: safeU64Type,
      spkId: bcs.u32(),
      spkSecret: fixedBytesType(32),
      kemId: bcs.u32(),
      kemSeed: fixedBytesType(64),
    }),
  ),
});

/** The bytes of a store; the caller seals and then wipes them. */
export function encodePrekeys(store: PrekeyStore): Uint8Array<ArrayBuffer> {
  const bytes = storeType
    .serialize({ version: VERSION, generations: revealPrekeys(store) }, { initialSize: 2_048 })
    .toBytes();
  const out = new Uint8Array(bytes);
  wipe(bytes);
  return out;
}

/** @throws SessionError `RECORD_INVALID` for anything that {@link encodePrekeys} does not write */
export function decodePrekeys(bytes: Uint8Array): PrekeyStore {
  try {
    const { version, generations } = decodeStrict(storeType, bytes, {
      what: 'prekey record',
      maxBytes: 2 + MAX_PREKEY_GENERATIONS * GENERATION_BYTES,
    });
    if (version !== VERSION) throw new TypeError(`version ${version} is unknown`);
    return new PrekeyStore(generations);
  } catch (cause) {
    throw new SessionError('RECORD_INVALID', 'the prekey record does not decode', {
      hint: 'the home may be damaged or from another version: publish new prekeys',
      cause,
    });
  }
}
