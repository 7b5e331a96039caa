import { TypeTagSerializer } from '@iota/iota-sdk/bcs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typeTagFromSdk } from '../ledger/type-tags.ts';
import type { TypeTag } from '../ledger/types.ts';
import { RpcError } from './rpc-error.ts';
import { canonicalTypeText, parseStructTag, parseTypeTag, shortTypeText, typeText } from './type-text.ts';

const identifier = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const address = fc
  .oneof(fc.constantFrom('1', '2', '3', '5', '6', 'b', '107a', '0'), fc.stringMatching(/^[0-9a-f]{1,64}$/))
  .map((digits) => `0x${digits.padStart(64, '0')}`);
const { type: anyType } = fc.letrec<{ type: TypeTag }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('bool', 'u8', 'u16', 'u32', 'u64', 'u128', 'u256', 'address', 'signer'),
    fc.record({ vector: tie('type') }),
    fc.record({
      struct: fc.record({
        address,
        module: identifier,
        name: identifier,
        typeParams: fc.array(tie('type'), { maxLength: 3 }),
      }),
    }),
  ),
}));

describe('types as text', () => {
  it('reads back every spelling it writes, as the SDK does', () => {
    fc.assert(
      fc.property(anyType, (type) => {
        for (const text of [typeText(type), shortTypeText(type), canonicalTypeText(type)]) {
          expect(parseTypeTag(text)).toEqual(type);
          expect(typeTagFromSdk(TypeTagSerializer.parseFromStr(text, true))).toEqual(type);
        }
      }),
    );
  });

  it('writes well-known addresses short and all others in full', () => {
    const digits = 'ab'.repeat(31);
    const type = parseStructTag(`0x2::coin::Coin<0x${digits}::a::B<0xb::m::T,0x107a::n::U>>`);
    expect(typeText(type)).toBe(
      `0x2::coin::Coin<0x00${digits}::a::B<0x${'0'.repeat(63)}b::m::T, 0x107a::n::U>>`,
    );
    expect(shortTypeText(type)).toBe(`0x2::coin::Coin<0x${digits}::a::B<0xb::m::T, 0x107a::n::U>>`);
  });

  it('refuses what is not a type, without running away', () => {
    const bad = [
      '',
      'u7',
      '0x2',
      '0x2::a',
      '0x2::a::',
      '0x2::a::B<',
      '0x2::a::B<>',
      '0x2::a::B<u8',
      '0x2::a::B<u8>>',
      '0x2::a::B<u8,>',
      '0x2::a::B u8',
      'vector<>',
      'vector<u8',
      'vector',
      '0xg::a::B',
      '::a::B',
      `0x${'0'.repeat(65)}::a::B`,
      'u8,u8',
      'vector<'.repeat(20) + 'u8' + '>'.repeat(20),
      '<'.repeat(8_000),
      'a'.repeat(100_000),
    ];
    for (const text of bad) expect(() => parseTypeTag(text), text.slice(0, 40)).toThrow(RpcError);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('0x2', '::', 'a', '<', '>', ',', 'u8', 'vector', ' ') }),
        (text) => {
          try {
            parseTypeTag(text);
          } catch (error) {
            expect(error).toBeInstanceOf(RpcError);
          }
        },
      ),
    );
  });
});
