/**
 * BCS as wot.id uses it: `@iota/bcs` types, strict on input.
 *
 * `@iota/bcs` accepts trailing bytes, a bool of 2, over-long ULEB128 and malformed UTF-8. {@link decodeStrict} closes
 * all of these at once: what was parsed must serialize to exactly the bytes that came in. Source: the BCS
 * specification's canonicity rule (every value has one encoding).
 */
import { BcsType, bcs as library } from '@iota/bcs';
import { concatBytes, equalBytes, fromUtf8, utf8 } from './bytes.ts';
import { DecodeError, errorText } from './errors.ts';

/** The library's types without those that trust a length: {@link vectorType} takes the place of `vector`. */
export const bcs: Omit<typeof library, 'vector' | 'map' | 'fixedArray'> = library;

/** What {@link decodeStrict} needs to know beside the schema. */
export interface DecodeInit {
  /** Name of the thing for error messages, such as `prekey publication`. */
  readonly what: string;
  /** Upper bound of the input in bytes, checked before anything is parsed. */
  readonly maxBytes: number;
}

/**
 * Parses `bytes` as exactly one canonical BCS value of `schema`.
 * @throws DecodeError `TOO_LARGE` above `maxBytes`, `MALFORMED` when it does not parse, `NON_CANONICAL` when it parses
 *   but is not the one encoding of its value (trailing bytes, over-long ULEB128, bool other than 0 and 1 …).
 */
export function decodeStrict<T, Input>(schema: BcsType<T, Input>, bytes: Uint8Array, init: DecodeInit): T {
  if (bytes.length > init.maxBytes) {
    throw new DecodeError(
      'TOO_LARGE',
      `${init.what} has ${bytes.length} bytes, the limit is ${init.maxBytes}`,
      {
        data: { what: init.what, bytes: bytes.length, maxBytes: init.maxBytes },
      },
    );
  }
  let value: T;
  let again: Uint8Array;
  try {
    value = schema.parse(wholeBuffer(bytes));
    const size = { initialSize: bytes.length, maxSize: init.maxBytes + 1 };
    again = schema.serialize(value as unknown as Input, size).toBytes();
  } catch (error) {
    throw new DecodeError('MALFORMED', `${init.what} does not decode: ${errorText(error)}`, {
      data: { what: init.what },
      cause: error,
    });
  }
  const isSame = equalBytes(again, bytes);
  // It may be a copy of secrets, which the caller cannot wipe.
  again.fill(0);
  if (!isSame) {
    throw new DecodeError('NON_CANONICAL', `${init.what} is not canonical BCS`, {
      data: { what: init.what },
    });
  }
  return value;
}

/** The bytes in a buffer of their own: the reader of `@iota/bcs` does not stop at the end of a view into a larger one. */
function wholeBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

/** `vector<u8>`: ULEB128 length, then the bytes. Parsed arrays are copies. */
export const bytesType: BcsType<Uint8Array, Uint8Array> = bcs
  .byteVector()
  .transform({ input: (value: Uint8Array) => value, output: (value) => new Uint8Array(value) });

/**
 * `vector<T>`: ULEB128 count, then the elements, each at least a byte long. The library's own makes room for as many as
 * the count says before it reads the first: four bytes of a stranger would take 256 MB and a second.
 */
export function vectorType<T, Input>(
  inner: BcsType<T, Input>,
): BcsType<T[], Iterable<Input> & { readonly length: number }> {
  return new BcsType<T[], Iterable<Input> & { readonly length: number }>({
    name: `vector<${inner.name}>`,
    read: (reader) => reader.readVec(() => inner.read(reader)) as T[],
    write: (value, writer) => {
      writer.writeULEB(value.length);
      for (const element of value) inner.write(element, writer);
    },
    validate: (value) => {
      if (typeof value !== 'object' || value === null || !('length' in value)) {
        throw new TypeError('expected a list');
      }
    },
  });
}

/** Exactly `length` bytes, without a length prefix. Parsed arrays are copies. */
export function fixedBytesType(length: number): BcsType<Uint8Array, Uint8Array> {
  return new BcsType<Uint8Array, Uint8Array>({
    name: `bytes[${length}]`,
    read: (reader) => new Uint8Array(reader.readBytes(length)),
    write: (value, writer) => {
      writer.writeBytes(value);
    },
    serializedSize: () => length,
    validate: (value) => {
      if (!(value instanceof Uint8Array)) throw new TypeError('expected bytes');
      if (value.length !== length) throw new TypeError(`expected ${length} bytes, found ${value.length}`);
    },
  });
}

/** `u64` as a `bigint`: 8 little-endian bytes. Written in halves: the library's own way is through decimal text. */
export const u64Type: BcsType<bigint, bigint> = new BcsType<bigint, bigint>({
  name: 'u64',
  read: (reader) => {
    const low = BigInt(reader.read32());
    return (BigInt(reader.read32()) << 32n) | low;
  },
  write: (value, writer) => {
    writer.write32(Number(value & 0xffff_ffffn)).write32(Number(value >> 32n));
  },
  serializedSize: () => 8,
  validate: (value) => {
    if (typeof value !== 'bigint' || value < 0n || value >= 1n << 64n) {
      throw new TypeError(`${String(value)} is no u64`);
    }
  },
});

/** Absent (`null`, byte 0) or present (byte 1, then the value). */
export function optionType<T, Input>(inner: BcsType<T, Input>): BcsType<T | null, Input | null> {
  return bcs.option(inner) as unknown as BcsType<T | null, Input | null>;
}

/** UTF-8 text of at most 255 bytes: one length byte, then the bytes. DIDs travel in this form. */
export const shortTextType: BcsType<string, string> = new BcsType<string, string>({
  name: 'short text',
  read: (reader) => fromUtf8(reader.readBytes(reader.read8())),
  write: (value, writer) => {
    const bytes = utf8(value);
    writer.write8(bytes.length).writeBytes(bytes);
  },
  serialize: (value) => {
    const bytes = utf8(value);
    return concatBytes(Uint8Array.of(bytes.length), bytes);
  },
  serializedSize: (value) => 1 + utf8(value).length,
  validate: (value) => {
    const length = utf8(value).length;
    if (length > 255) throw new TypeError(`text has ${length} bytes, the limit is 255`);
  },
});

export { BcsType } from '@iota/bcs';
