import { bcs } from '@iota/iota-sdk/bcs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatatypeLayout, StructTag, TypeTag } from '../ledger/types.ts';
import { jsonToBcs } from './json-to-bcs.ts';
import { moveFields, moveJson, MoveValueError, splitFields } from './move-json.ts';
import { RpcError } from './rpc-error.ts';
import { parseStructTag, parseTypeTag, shortTypeText } from './type-text.ts';

const own = `0x${'ab'.repeat(32)}`;
const struct = (fields: Readonly<Record<string, string>>): ((type: StructTag) => DatatypeLayout) => {
  return (type) => ({
    kind: 'struct',
    type,
    fields: Object.entries(fields).map(([name, text]) => ({
      name,
      type: text === 'T' ? (type.typeParams[0] as TypeTag) : parseTypeTag(text),
    })),
  });
};
const layouts: Readonly<Record<string, (type: StructTag) => DatatypeLayout>> = {
  '0x1::string::String': struct({ bytes: 'vector<u8>' }),
  '0x1::ascii::String': struct({ bytes: 'vector<u8>' }),
  '0x1::option::Option': (type) => ({
    kind: 'struct',
    type,
    fields: [{ name: 'vec', type: { vector: type.typeParams[0] as TypeTag } }],
  }),
  '0x2::object::ID': struct({ bytes: 'address' }),
  '0x2::object::UID': struct({ id: '0x2::object::ID' }),
  '0x2::url::Url': struct({ url: '0x1::ascii::String' }),
  '0x2::balance::Balance': struct({ value: 'u64' }),
  [`${own}::m::Inner`]: struct({ z: 'u8', a: 'u64' }),
  [`${own}::m::Outer`]: struct({
    id: '0x2::object::UID',
    small: 'u32',
    big: 'u256',
    text: '0x1::string::String',
    link: '0x2::url::Url',
    maybe: `0x1::option::Option<${own}::m::Inner>`,
    none: '0x1::option::Option<u8>',
    balance: '0x2::balance::Balance<u8>',
    list: `vector<${own}::m::Inner>`,
    raw: 'vector<u8>',
    who: '0x2::object::ID',
    choice: `${own}::m::Choice`,
  }),
  [`${own}::m::Choice`]: (type) => ({
    kind: 'enum',
    type,
    variants: [
      { name: 'Nothing', fields: [] },
      {
        name: 'Point',
        fields: [
          { name: 'y', type: 'u16' },
          { name: 'x', type: 'bool' },
        ],
      },
    ],
  }),
};
const layoutOf = (type: StructTag): DatatypeLayout => {
  const key = shortTypeText({ ...type, typeParams: [] });
  const layout = layouts[key];
  if (layout === undefined) throw new Error(`no layout of ${key}`);
  return layout(type);
};

const Inner = bcs.struct('Inner', { z: bcs.u8(), a: bcs.u64() });
const Outer = bcs.struct('Outer', {
  id: bcs.Address,
  small: bcs.u32(),
  big: bcs.u256(),
  text: bcs.string(),
  link: bcs.string(),
  maybe: bcs.option(Inner),
  none: bcs.option(bcs.u8()),
  balance: bcs.u64(),
  list: bcs.vector(Inner),
  raw: bcs.vector(bcs.u8()),
  who: bcs.Address,
  choice: bcs.enum('Choice', { Nothing: null, Point: bcs.struct('Point', { y: bcs.u16(), x: bcs.bool() }) }),
});
const id = `0x${'01'.repeat(32)}`;
const sample = Outer.serialize({
  id,
  small: 7,
  big: (1n << 255n).toString(),
  text: 'süß',
  link: 'https://x',
  maybe: { z: 1, a: '2' },
  none: null,
  balance: '18446744073709551615',
  list: [{ z: 3, a: '4' }],
  raw: [0, 255],
  who: id,
  choice: { Point: { y: 9, x: true } },
}).toBytes();
const outer = parseStructTag(`${own}::m::Outer`);

describe('values as JSON', () => {
  it('renders content with types, fields in the order of their names', () => {
    const fields = moveFields(outer, sample, 'content', layoutOf);
    expect(Object.keys(fields)).toEqual(Object.keys(fields).toSorted());
    expect(fields).toEqual({
      id: { id },
      small: 7,
      big: (1n << 255n).toString(),
      text: 'süß',
      link: 'https://x',
      maybe: { type: `${own}::m::Inner`, fields: { a: '2', z: 1 } },
      none: null,
      balance: '18446744073709551615',
      list: [{ type: `${own}::m::Inner`, fields: { a: '4', z: 3 } }],
      raw: [0, 255],
      who: id,
      choice: { type: `${own}::m::Choice`, variant: 'Point', fields: { x: true, y: 9 } },
    });
  });

  it('drops the types in plain rendering, except below an Option', () => {
    expect(moveFields(outer, sample, 'plain', layoutOf)).toMatchObject({
      maybe: { type: `${own}::m::Inner`, fields: { a: '2', z: 1 } },
      list: [{ a: '4', z: 3 }],
      choice: { variant: 'Point', fields: { x: true, y: 9 } },
    });
  });

  it('cuts a struct into the bytes of its fields', () => {
    const parts = splitFields(outer, sample, layoutOf);
    expect([...parts.keys()]).toEqual(Object.keys(Outer.parse(sample)));
    expect(Buffer.concat([...parts.values()].map(({ bytes }) => bytes)).toString('hex')).toBe(sample.toHex());
    expect(parts.get('small')?.bytes.toHex()).toBe('07000000');
  });

  it('refuses truncated, extended and random bytes', () => {
    for (let length = 0; length < sample.length; length++) {
      expect(() => moveFields(outer, sample.subarray(0, length), 'plain', layoutOf)).toThrow(MoveValueError);
    }
    expect(() => moveFields(outer, Uint8Array.of(...sample, 0), 'plain', layoutOf)).toThrow(MoveValueError);
    expect(() => moveJson('bool', Uint8Array.of(2), 'plain', layoutOf)).toThrow(MoveValueError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          moveFields(outer, bytes, 'plain', layoutOf);
        } catch (error) {
          expect(error).toBeInstanceOf(MoveValueError);
        }
      }),
    );
  });
});

describe('JSON to BCS', () => {
  it('encodes what was rendered back to the same bytes', () => {
    const rendered = moveJson({ struct: outer }, sample, 'plain', layoutOf) as Record<string, unknown>;
    // Below an Option the rendering names the type; a client that sends a name gives the fields alone.
    rendered['maybe'] = { z: 1, a: '2' };
    expect(jsonToBcs({ struct: outer }, rendered, layoutOf).toHex()).toBe(sample.toHex());
  });

  it('agrees with the SDK on primitives', () => {
    const integers = { u8: bcs.u8(), u16: bcs.u16(), u32: bcs.u32() };
    const wide = { u64: bcs.u64(), u128: bcs.u128(), u256: bcs.u256() };
    fc.assert(
      fc.property(fc.nat(255), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (small, big) => {
        for (const [type, schema] of Object.entries(integers)) {
          const expected = schema.serialize(small).toHex();
          expect(jsonToBcs(type as TypeTag, small, layoutOf).toHex()).toBe(expected);
          expect(jsonToBcs(type as TypeTag, small.toString(), layoutOf).toHex()).toBe(expected);
        }
        for (const [type, schema] of Object.entries(wide)) {
          expect(jsonToBcs(type as TypeTag, big.toString(), layoutOf).toHex()).toBe(
            schema.serialize(big).toHex(),
          );
        }
      }),
    );
    expect(jsonToBcs({ vector: 'u8' }, '0x0102', layoutOf).toHex()).toBe('020102');
    expect(jsonToBcs({ vector: 'u8' }, 'ab', layoutOf).toHex()).toBe('026162');
    expect(jsonToBcs({ vector: 'u8' }, [1, 2], layoutOf).toHex()).toBe('020102');
    expect(jsonToBcs('address', '0x2', layoutOf).toHex()).toBe(`${'0'.repeat(63)}2`);
  });

  it('refuses values that do not fit their type', () => {
    const cases: readonly (readonly [string, unknown])[] = [
      ['u8', 256],
      ['u8', -1],
      ['u8', 1.5],
      ['u64', 5],
      ['u64', '18446744073709551616'],
      ['bool', 1],
      ['bool', 'true'],
      ['address', '2'],
      ['address', `0x${'0'.repeat(65)}`],
      ['vector<u8>', '0x1'],
      ['vector<bool>', 'x'],
      ['0x1::string::String', 5],
      [`${own}::m::Inner`, { z: 1 }],
      [`${own}::m::Inner`, 5],
      [`${own}::m::Choice`, { variant: 'Else', fields: {} }],
      ['0x1::option::Option<u8>', [1, 2]],
    ];
    for (const [type, value] of cases) {
      expect(() => jsonToBcs(parseTypeTag(type), value, layoutOf), type).toThrow(RpcError);
    }
  });
});
