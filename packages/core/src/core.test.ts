import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bcs,
  BcsType,
  bytesType,
  compareBytes,
  concatBytes,
  decodeStrict,
  DecodeError,
  equalBytes,
  fixedBytesType,
  isWotError,
  optionType,
  shortTextType,
  u16le,
  u32le,
  u64le,
  u64Type,
  uleb32Type,
  WotError,
} from './index.ts';

const init = { what: 'sample', maxBytes: 1_000 };
const sample = bcs.struct('sample', {
  flag: bcs.bool(),
  name: shortTextType,
  body: bytesType,
  count: u64Type,
  extra: optionType(bcs.u8()),
});

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof DecodeError ? error.code : String(error);
  }
  return undefined;
}

describe('decodeStrict', () => {
  const arbitrary = fc.record({
    flag: fc.boolean(),
    name: fc
      .string({ maxLength: 20, unit: 'grapheme' })
      .filter((text) => new TextEncoder().encode(text).length < 256),
    body: fc.uint8Array({ maxLength: 300 }),
    count: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    extra: fc.option(fc.integer({ min: 0, max: 255 })),
  });

  it('gives back what was encoded, also from inside a larger buffer', () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const bytes = sample.serialize(value).toBytes();
        const inside = concatBytes(Uint8Array.of(9, 9, 9), bytes, Uint8Array.of(9)).subarray(
          3,
          3 + bytes.length,
        );
        expect(decodeStrict(sample, inside, init)).toEqual(value);
      }),
    );
  });

  it('rejects trailing bytes, truncation and every second encoding', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), (value, cut) => {
        const bytes = sample.serialize(value).toBytes();
        expect(codeOf(() => decodeStrict(sample, concatBytes(bytes, Uint8Array.of(0)), init))).toBe(
          'NON_CANONICAL',
        );
        expect(codeOf(() => decodeStrict(sample, bytes.subarray(0, cut % bytes.length), init))).toBe(
          'MALFORMED',
        );
      }),
    );
    // A view that ends early must not be completed with what lies behind it.
    const whole = bytesType.serialize(Uint8Array.of(1, 2, 3, 4)).toBytes();
    expect(codeOf(() => decodeStrict(bytesType, whole.subarray(0, 3), init))).toBe('MALFORMED');
    expect(codeOf(() => decodeStrict(bcs.bool(), Uint8Array.of(2), init))).toBe('NON_CANONICAL');
    expect(codeOf(() => decodeStrict(bytesType, Uint8Array.of(0x80, 0x00), init))).toBe('NON_CANONICAL');
    expect(codeOf(() => decodeStrict(shortTextType, Uint8Array.of(1, 0xff), init))).toBe('MALFORMED');
    expect(codeOf(() => decodeStrict(bytesType, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), init))).toBe(
      'MALFORMED',
    );
  });

  it('agrees with the library on u64 and fixed bytes, and refuses what is none', () => {
    const bytes = fc.uint8Array({ minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), bytes, (value, five) => {
        const encoded = bcs.u64().serialize(value).toBytes();
        expect(u64Type.serialize(value).toBytes()).toEqual(encoded);
        expect(decodeStrict(u64Type, encoded, init)).toBe(value);
        const fixed = bcs.bytes(5).serialize(five).toBytes();
        expect(fixedBytesType(5).serialize(five).toBytes()).toEqual(fixed);
        expect(decodeStrict(fixedBytesType(5), fixed, init)).toEqual(new Uint8Array(five));
      }),
    );
    for (const value of [-1n, 2n ** 64n, 1 as never, '1' as never]) {
      expect(() => u64Type.serialize(value)).toThrow(TypeError);
    }
    for (const value of [new Uint8Array(4), new Uint8Array(6), [1, 2, 3, 4, 5] as never]) {
      expect(() => fixedBytesType(5).serialize(value)).toThrow(TypeError);
    }
    for (const length of [0, 4, 7]) {
      expect(codeOf(() => decodeStrict(u64Type, new Uint8Array(length), init))).toBe('MALFORMED');
      expect(codeOf(() => decodeStrict(fixedBytesType(8), new Uint8Array(length), init))).toBe('MALFORMED');
    }
  });

  it('leaves no second copy of what it has read', () => {
    const copies: Uint8Array[] = [];
    const secretType = new BcsType<Uint8Array, Uint8Array>({
      name: 'secret',
      read: (reader) => new Uint8Array(reader.readBytes(32)),
      write: () => {},
      serialize: (value) => {
        const copy = new Uint8Array(value);
        copies.push(copy);
        return copy;
      },
    });
    const secret = new Uint8Array(32).fill(7);
    expect(decodeStrict(secretType, secret, { what: 'secret', maxBytes: 32 })).toEqual(secret);
    expect(copies).toEqual([new Uint8Array(32)]);
  });

  it('checks the size before parsing', () => {
    expect(codeOf(() => decodeStrict(bytesType, new Uint8Array(1_001), init))).toBe('TOO_LARGE');
  });
});

describe('bytes', () => {
  it('orders and compares like hexadecimal text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (left, right) => {
        const [a, b] = [left.toHex(), right.toHex()];
        expect(Math.sign(compareBytes(left, right))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(equalBytes(left, right)).toBe(a === b);
      }),
    );
  });

  it('equality sees every byte, at every length and offset', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(7), (left, at, flip, offset) => {
        // A view that starts anywhere in a longer buffer.
        const right = new Uint8Array(left.length + 8).subarray(offset, offset + left.length);
        right.set(left);
        expect(equalBytes(left, right)).toBe(true);
        const place = at % left.length;
        right[place] = (right[place] as number) ^ flip;
        expect(equalBytes(left, right)).toBe(false);
        expect(equalBytes(left, left.subarray(1))).toBe(false);
      }),
    );
  });

  it('writes little-endian integers and refuses what does not fit', () => {
    expect(u16le(0x0102).toHex()).toBe('0201');
    expect(u32le(0xfffefdfc).toHex()).toBe('fcfdfeff');
    expect(u64le(1n << 63n).toHex()).toBe('0000000000000080');
    for (const run of [() => u16le(65_536), () => u32le(-1), () => u32le(0.5), () => u64le(1n << 64n)]) {
      expect(run).toThrow(RangeError);
    }
  });
});

describe('WotError', () => {
  it('carries code, hint, data and cause, and is recognised', () => {
    const cause = new Error('inner');
    const error = new WotError('NO_GAS', 'no gas', { hint: 'use the faucet', data: { needed: 5n }, cause });
    expect(error).toMatchObject({
      name: 'WotError',
      code: 'NO_GAS',
      hint: 'use the faucet',
      data: { needed: 5n },
      cause,
    });
    expect(isWotError(error)).toBe(true);
    expect(isWotError(new Error('x'))).toBe(false);
  });
});

describe('a count', () => {
  const texts = bcs.vector(shortTextType);
  const malformed = expect.objectContaining({ code: 'MALFORMED' });

  it('makes room for the elements that are there, not for those that it promises', () => {
    // 2^25 - 1: room for it would be 256 MB.
    const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0x0f);
    const before = process.memoryUsage().heapUsed;
    for (let k = 0; k < 3; k++) expect(() => decodeStrict(texts, bytes, init)).toThrow(malformed);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
  });

  it('may be as large as the bytes after it, in lists of lists too', () => {
    const lists = bcs.vector(bcs.vector(bcs.u8()));
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(255), { maxLength: 300 }), { maxLength: 200 }), (value) => {
        const bytes = lists.serialize(value).toBytes();
        expect(decodeStrict(lists, bytes, { ...init, maxBytes: 100_000 })).toEqual(value);
        if (value.length < 128) return;
        expect(() => decodeStrict(lists, bytes.subarray(0, 100), init)).toThrow(malformed);
      }),
    );
  });

  it('has 32 bits, and so has a number, which may be anything', () => {
    const endless = new Uint8Array(60_000).fill(0x80);
    const wide = { ...init, maxBytes: 60_000 };
    for (const bytes of [endless, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x10)]) {
      expect(() => decodeStrict(texts, bytes, wide)).toThrow(malformed);
      expect(() => decodeStrict(uleb32Type, bytes, wide)).toThrow(malformed);
    }
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (value) => {
        const bytes = bcs.uleb128().serialize(value).toBytes();
        expect(uleb32Type.serialize(value).toBytes()).toEqual(bytes);
        expect(decodeStrict(uleb32Type, bytes, init)).toBe(value);
      }),
    );
    for (const value of [-1, 1.5, 2 ** 32]) expect(() => uleb32Type.serialize(value)).toThrow(TypeError);
  });
});
