import { bcs } from '@iota/iota-sdk/bcs';
import { concatBytes, u64le } from '@wotid/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coinContents } from './coins.ts';
import { blake2b256, digestText } from './hashing.ts';
import { encodeObject, meteredSize, objectTypeType, ownerType, withDigest } from './object-bcs.ts';
import { GAS_COIN_TYPE, structTagText, typeTagFromSdk, typeTagText, typeTagType } from './type-tags.ts';
import type { StructTag, TypeTag } from './types.ts';

const id = `0x${'ab'.repeat(32)}`;
const owner = `0x${'cd'.repeat(32)}`;

const names = 'bool u8 u16 u32 u64 u128 u256 address signer';
const primitive = fc.constantFrom(...(names.split(' ') as TypeTag[]));
const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,8}$/);
const { tag } = fc.letrec<{ tag: TypeTag; struct: StructTag }>((tie) => ({
  tag: fc.oneof(
    { maxDepth: 4 },
    primitive,
    tie('tag').map((vector): TypeTag => ({ vector })),
    tie('struct').map((struct): TypeTag => ({ struct })),
  ),
  struct: fc.record({
    address: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `0x${bytes.toHex()}`),
    module: name,
    name,
    typeParams: fc.array(tie('tag'), { maxLength: 3 }),
  }),
}));

describe('objects in BCS', () => {
  it('are laid out as the protocol says', () => {
    const coin = {
      kind: 'move' as const,
      id,
      version: 7n,
      type: GAS_COIN_TYPE,
      contents: coinContents(id, 1_000n),
      owner: { kind: 'address' as const, address: owner },
      previousTransaction: digestText(new Uint8Array(32).fill(9)),
      storageRebate: 980_400n,
    };
    const expected = concatBytes(
      Uint8Array.of(0, 1),
      u64le(7n),
      Uint8Array.of(40),
      new Uint8Array(32).fill(0xab),
      u64le(1_000n),
      Uint8Array.of(0),
      new Uint8Array(32).fill(0xcd),
      Uint8Array.of(32),
      new Uint8Array(32).fill(9),
      u64le(980_400n),
    );
    expect(encodeObject(coin)).toEqual(expected);
    expect(withDigest(coin).digest).toBe(
      digestText(blake2b256(new TextEncoder().encode('Object::'), expected)),
    );
    expect(meteredSize(coin)).toBe(129);
  });

  it('compress the types that are everywhere', () => {
    const [iota] = GAS_COIN_TYPE.typeParams;
    const stakedIota: StructTag = {
      address: `0x${'3'.padStart(64, '0')}`,
      module: 'staking_pool',
      name: 'StakedIota',
      typeParams: [],
    };
    expect(objectTypeType.serialize(GAS_COIN_TYPE).toBytes()).toEqual(Uint8Array.of(1));
    expect(objectTypeType.serialize(stakedIota).toBytes()).toEqual(Uint8Array.of(2));
    expect(objectTypeType.serialize({ ...GAS_COIN_TYPE, typeParams: ['u8'] }).toBytes()).toEqual(
      Uint8Array.of(3, 1),
    );
    expect(objectTypeType.serialize({ ...GAS_COIN_TYPE, name: 'Other' }).toBytes()[0]).toBe(0);
    for (const one of [
      GAS_COIN_TYPE,
      stakedIota,
      { ...GAS_COIN_TYPE, typeParams: [{ vector: iota as TypeTag }] },
    ]) {
      expect(objectTypeType.parse(objectTypeType.serialize(one).toBytes())).toEqual(one);
    }
  });

  it('write owners as the SDK does', () => {
    const pairs = [
      [{ kind: 'address', address: owner }, { AddressOwner: owner }],
      [{ kind: 'object', parent: id }, { ObjectOwner: id }],
      [{ kind: 'shared', initialSharedVersion: 5n }, { Shared: { initialSharedVersion: 5 } }],
      [{ kind: 'immutable' }, { Immutable: true }],
    ] as const;
    for (const [ours, theirs] of pairs) {
      const bytes = bcs.Owner.serialize(theirs as never).toBytes();
      expect(ownerType.serialize(ours).toBytes()).toEqual(bytes);
      expect(ownerType.parse(bytes)).toEqual(ours);
    }
  });

  it('write types as the SDK does, in bytes and in text', () => {
    fc.assert(
      fc.property(tag, (one) => {
        const bytes = typeTagType.serialize(one).toBytes();
        expect(typeTagType.parse(bytes)).toEqual(one);
        expect(bcs.TypeTag.serialize(typeTagText(one)).toBytes()).toEqual(bytes);
        expect(typeTagFromSdk(bcs.TypeTag.parse(bytes))).toEqual(one);
      }),
    );
    expect(structTagText(GAS_COIN_TYPE)).toMatch(/^0x0{63}2::coin::Coin<0x0{63}2::iota::IOTA>$/);
    expect(() => typeTagType.parse(new Uint8Array(10_000).fill(6))).toThrow(RangeError);
  });
});
