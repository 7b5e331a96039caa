import { createHash } from 'node:crypto';
import { bcs } from '@iota/bcs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ByteVector, ElementVector, StructValue, type StructTag, type Value } from '../src/index.ts';
import { Bench, framework, plain, programs, std, text } from './harness.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});

const bytes = (data: Uint8Array): ByteVector => new ByteVector(data.slice());
const utf8 = (content: string): ByteVector => new ByteVector(new TextEncoder().encode(content));

describe('0x1', () => {
  it('hashes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        expect(bench.call('natives::sha2', [bytes(data)])).toEqual([
          `hex:${createHash('sha256').update(data).digest('hex')}`,
        ]);
        expect(bench.call('natives::sha3', [bytes(data)])).toEqual([
          `hex:${createHash('sha3-256').update(data).digest('hex')}`,
        ]);
      }),
      { numRuns: 20 },
    );
  });

  it('finds and cuts text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 40 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 }),
        (content, wanted) => {
          const found = content.indexOf(wanted);
          expect(bench.call('natives::find', [utf8(content), utf8(wanted)])).toEqual([
            BigInt(found < 0 ? content.length : found),
          ]);
        },
      ),
      { numRuns: 60 },
    );
    expect(bench.call('natives::part', [utf8('añb'), 1n, 3n])).toEqual([text('ñ')]);
    expect(bench.failure('natives::part', [utf8('añb'), 2n, 3n]).code).toBe('MOVE_ABORT');
    expect(bench.failure('natives::part', [utf8('abc'), 0n, 9n]).code).toBe('MOVE_ABORT');
    expect(bench.call('natives::is_text', [utf8('é')])).toEqual([true]);
    expect(bench.call('natives::is_text', [bytes(Uint8Array.of(0xc3, 0x28))])).toEqual([false]);
    expect(bench.call('natives::is_text', [bytes(Uint8Array.of(0xed, 0xa0, 0x80))])).toEqual([false]);
  });

  it('runs vector operations as functions, which abort where instructions fail', () => {
    const session = bench.session();
    const native = (name: string) => session.loadFunction(std, 'vector', name, ['u64']);
    const [empty] = session.call(native('empty'), []) as [Value];
    session.call(native('push_back'), [empty, 5n]);
    session.call(native('push_back'), [empty, 6n]);
    session.call(native('swap'), [empty, 0n, 1n]);
    expect(session.call(native('length'), [empty])).toEqual([2n]);
    expect(session.call(native('pop_back'), [empty])).toEqual([5n]);
    expect(() => session.call(native('borrow'), [empty, 1n])).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({
          kind: 'MoveAbort',
          abortCode: 1n,
          location: expect.objectContaining({
            storageId: std,
            module: 'vector',
            instruction: 0,
            functionName: 'borrow',
          }),
        }),
      }),
    );
  });
});

describe('0x2', () => {
  it('turns addresses into numbers and back', () => {
    const address = `0x${'00ff'.padEnd(64, '7')}`;
    expect(bench.call('natives::address_number', [address])).toEqual([BigInt(address), address]);
    expect(bench.call('natives::address_of', [new ByteVector(new Uint8Array(32).fill(1))])).toEqual([
      `0x${'01'.repeat(32)}`,
    ]);
    expect(bench.failure('natives::address_of', [new ByteVector(new Uint8Array(31))])).toMatchObject({
      failure: {
        kind: 'MoveAbort',
        abortCode: 0n,
        location: { storageId: framework, module: 'address', functionName: 'from_bytes', instruction: 0 },
      },
    });
  });

  it('hashes what a reference refers to', () => {
    const session = bench.session();
    const digest = (name: string, data: Uint8Array): unknown =>
      session.call(session.loadFunction(framework, 'hash', name, []), [bytes(data)]).map(plain)[0];
    // 200 bytes of 3, by Python's hashlib; the empty text's Keccak-256 is in every Ethereum document.
    expect(digest('blake2b256', new Uint8Array(200).fill(3))).toBe(
      'hex:2cd6e77231d3281ba5e7bc9c01a19d8600c9e80db5bb5ac446be6528abec039b',
    );
    expect(digest('keccak256', new Uint8Array())).toBe(
      'hex:c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    );
  });
});

const RecordType = bcs.struct('Record', {
  a: bcs.u8(),
  b: bcs.u16(),
  c: bcs.u32(),
  d: bcs.u64(),
  e: bcs.u128(),
  f: bcs.u256(),
  g: bcs.bool(),
  h: bcs.fixedArray(32, bcs.u8()),
  i: bcs.vector(bcs.u64()),
  j: bcs.vector(bcs.vector(bcs.u8())),
  k: bcs.option(bcs.u64()),
});
const ShapeType = bcs.enum('Shape', {
  Empty: null,
  Circle: bcs.u64(),
  Rectangle: bcs.tuple([bcs.u64(), bcs.u64()]),
  Named: bcs.struct('Named', { name: bcs.vector(bcs.u8()), inner: bcs.vector(bcs.u16()) }),
});
const tag = (module: string, name: string): StructTag => ({
  address: programs,
  module,
  name,
  typeParams: [],
});

describe('BCS', () => {
  const u = (bits: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: (1n << bits) - 1n });
  const record = fc.record({
    a: fc.integer({ min: 0, max: 255 }),
    b: fc.integer({ min: 0, max: 65_535 }),
    c: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    d: u(64n),
    e: u(128n),
    f: u(256n),
    g: fc.boolean(),
    h: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    i: fc.array(u(64n), { maxLength: 200 }),
    j: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }),
    k: fc.option(u(64n)),
  });

  it('of values and of bcs::to_bytes is what @iota/bcs writes', () => {
    const session = bench.session();
    const type = session.typeOf({ struct: tag('natives', 'Record') });
    const toBytes = session.loadFunction(programs, 'natives', 'record_bytes', []);
    fc.assert(
      fc.property(record, (made) => {
        const expected = RecordType.serialize({
          ...made,
          h: [...made.h],
          j: made.j.map((item) => [...item]),
        }).toBytes();
        const value = session.decodeValue(type, expected) as StructValue;
        expect(plain(value)).toEqual([
          made.a,
          made.b,
          made.c,
          made.d,
          made.e,
          made.f,
          made.g,
          `0x${made.h.toHex()}`,
          made.i,
          made.j.map((item) => `hex:${item.toHex()}`),
          [made.k === null ? [] : [made.k]],
        ]);
        expect(session.encodeValue(type, value).toHex()).toBe(expected.toHex());
        expect(session.call(toBytes, [value]).map(plain)).toEqual([`hex:${expected.toHex()}`]);
      }),
      { numRuns: 50 },
    );
  });

  it('of enums is what @iota/bcs writes', () => {
    const session = bench.session();
    const type = session.typeOf({ struct: tag('enums', 'Shape') });
    for (const shape of [
      { Empty: true },
      { Circle: 7n },
      { Rectangle: [1n, 2n] },
      { Named: { name: [1, 2], inner: [3, 4] } },
    ]) {
      const expected = ShapeType.serialize(shape as never).toBytes();
      const value = session.decodeValue(type, expected) as Value;
      expect(session.encodeValue(type, value).toHex()).toBe(expected.toHex());
    }
    expect(session.decodeValue(type, Uint8Array.of(4))).toBeUndefined();
    expect(session.decodeValue(type, Uint8Array.of(0x80, 0x00))).toBeUndefined();
  });

  it('has one encoding: nothing left over, nothing missing, no other form', () => {
    const session = bench.session();
    const type = session.typeOf({ struct: tag('natives', 'Record') });
    fc.assert(
      fc.property(record, fc.nat(), fc.nat({ max: 255 }), (made, at, byte) => {
        const good = RecordType.serialize({
          ...made,
          h: [...made.h],
          j: made.j.map((item) => [...item]),
        }).toBytes();
        expect(session.decodeValue(type, Uint8Array.from([...good, byte]))).toBeUndefined();
        expect(session.decodeValue(type, good.subarray(0, at % good.length))).toBeUndefined();
        const changed = good.slice();
        changed[at % good.length] = byte;
        const value = session.decodeValue(type, changed);
        if (value !== undefined) expect(session.encodeValue(type, value).toHex()).toBe(changed.toHex());
      }),
      { numRuns: 100 },
    );
    expect(
      session.decodeValue({ kind: 'vector', element: { kind: 'bool' } }, Uint8Array.of(1, 2)),
    ).toBeUndefined();
    const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 1);
    expect(session.decodeValue({ kind: 'vector', element: { kind: 'u8' } }, huge)).toBeUndefined();
  });

  it('refuses a value of another type', () => {
    const session = bench.session();
    for (const [type, value] of [
      [{ kind: 'u8' }, 256],
      [{ kind: 'u64' }, 1],
      [{ kind: 'u64' }, 1n << 64n],
      [{ kind: 'bool' }, 1],
      [{ kind: 'vector', element: { kind: 'u8' } }, new ElementVector([1], 2)],
      [{ kind: 'address' }, '0x1'],
    ] as const) {
      expect(() => session.encodeValue(type, value)).toThrow(
        expect.objectContaining({ code: 'VM_INVARIANT_VIOLATION' }),
      );
    }
  });

  it('shows layouts with names, type arguments put in', () => {
    const session = bench.session();
    expect(
      session.layoutOf({
        address: programs,
        module: 'enums',
        name: 'Either',
        typeParams: ['u8', { vector: 'bool' }],
      }),
    ).toMatchObject({
      kind: 'enum',
      variants: [
        { name: 'Left', fields: [{ name: 'pos0', type: 'u8' }] },
        { name: 'Right', fields: [{ name: 'pos0', type: { vector: 'bool' } }] },
        {
          name: 'Both',
          fields: [
            { name: 'left', type: 'u8' },
            { name: 'right', type: { vector: 'bool' } },
          ],
        },
      ],
    });
    expect(session.layoutOf(tag('natives', 'Record'))).toMatchObject({
      kind: 'struct',
      fields: expect.arrayContaining([{ name: 'g', type: 'bool' }]),
    });
  });
});
