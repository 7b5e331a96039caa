import { bcs } from '@iota/iota-sdk/bcs';
import { toBase58 } from '@iota/iota-sdk/utils';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeEffects, type EffectsParts } from './effects-bcs.ts';
import type { LedgerObject, Owner } from './types.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const address = bytes32.map((bytes) => `0x${bytes.toHex()}`);
const digest = bytes32.map(toBase58);
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const owner: fc.Arbitrary<Owner> = fc.oneof(
  address.map((one) => ({ kind: 'address' as const, address: one })),
  address.map((parent) => ({ kind: 'object' as const, parent })),
  u64.map((initialSharedVersion) => ({ kind: 'shared' as const, initialSharedVersion })),
  fc.constant({ kind: 'immutable' as const }),
);
/** What effects read of an object. */
const object = fc.record({
  kind: fc.constantFrom('move', 'package'),
  version: u64,
  digest,
  owner,
}) as unknown as fc.Arbitrary<LedgerObject>;
const parts: fc.Arbitrary<EffectsParts> = fc.record({
  failure: fc.option(
    fc.record({
      kind: fc.constantFrom<'InsufficientGas' | 'ArityMismatch'>('InsufficientGas', 'ArityMismatch'),
      command: fc.option(fc.nat()),
    }),
    { nil: undefined, freq: 2 },
  ),
  epoch: u64,
  gas: fc.record({ computation: u64, storage: u64, rebate: u64 }),
  digest,
  gasObjectIndex: fc.option(fc.nat()),
  eventsDigest: fc.option(digest),
  dependencies: fc.array(digest, { maxLength: 200 }),
  lamport: u64,
  changed: fc.array(
    fc.record({
      id: address,
      before: fc.option(object, { nil: undefined }),
      after: fc.option(object, { nil: undefined }),
      operation: fc.constantFrom('None', 'Created', 'Deleted'),
    }),
    { maxLength: 150 },
  ),
  unchangedShared: fc.array(
    fc.oneof(
      fc.record({ id: address, kind: fc.constant('ReadOnlyRoot' as const), version: u64, digest }),
      fc.record({
        id: address,
        kind: fc.constantFrom<'MutateDeleted' | 'ReadDeleted'>('MutateDeleted', 'ReadDeleted'),
        version: u64,
      }),
    ),
    { maxLength: 5 },
  ),
});

it('makes of any effects the value and the bytes that the SDK makes', () => {
  fc.assert(
    fc.property(parts, (one) => {
      const { effects, effectsBytes } = encodeEffects(one);
      expect(bcs.TransactionEffects.parse(effectsBytes)).toEqual(effects);
      expect(bcs.TransactionEffects.serialize(effects as never, { maxSize: 1 << 20 }).toBytes()).toEqual(
        effectsBytes,
      );
    }),
  );
});
