/**
 * BCS as wot.id uses it: `@iota/bcs` types, strict on input.
 *
 * `@iota/bcs` accepts trailing bytes, a bool of 2, over-long ULEB128 and malformed UTF-8. {@link decodeStrict} closes
 * all of these at once: what was parsed must serialize to exactly the bytes that came in. Source: the BCS
 * specification's canonicity rule (every value has one encoding).
 */
import { BcsReader, BcsType, bcs } from '@iota/bcs';
import { concatBytes, equalBytes, fromUtf8, utf8 } from './bytes.ts';
import { DecodeError, errorText } from './errors.ts';

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
    value = schema.read(new BoundedReader(wholeBuffer(bytes)));
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

/** Counts up to here may stand before fewer bytes: tags of enums are read as they are. */
const MAX_FREE_COUNT = 127;
const MAX_U32 = 0xffff_ffff;

/**
 * The library makes room for as many elements as a count says before it reads the first, and sums numbers of any
 * length: a few bytes of a stranger would take 256 MB and a second. No element of ours, nor of the IOTA SDK's types,
 * takes less than a byte.
 */
class BoundedReader extends BcsReader {
  #left: number;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#left = bytes.length;
  }

  override shift(bytes: number): this {
    this.#left -= bytes;
    return super.shift(bytes);
  }

  override readULEB(): number {
    const count = readUleb32(this);
    if (count > MAX_FREE_COUNT && count > this.#left) {
      throw new RangeError(`a count of ${count} stands before ${this.#left} bytes`);
    }
    return count;
  }
}

/** The sequence length and number form of BCS: at most 32 bits. */
function readUleb32(reader: BcsReader): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = reader.read8();
    value += (byte & 0x7f) * scale;
    if (byte > 0x7f) continue;
    if (value > MAX_U32) break;
    return value;
  }
  throw new RangeError('a number is above 32 bits');
}

/** `vector<u8>`: ULEB128 length, then the bytes. Parsed arrays are copies. */
export const bytesType: BcsType<Uint8Array, Uint8Array> = bcs
  .byteVector()
  .transform({ input: (value: Uint8Array) => value, output: (value) => new Uint8Array(value) });

/**
 * A number of 32 bits as ULEB128, 1 to 5 bytes. The library's type of this name reads through what {@link decodeStrict}
 * takes for counts.
 */
export const uleb32Type: BcsType<number, number> = new BcsType<number, number>({
  name: 'uleb128 u32',
  read: (reader) => readUleb32(reader),
  write: (value, writer) => {
    writer.writeULEB(value);
  },
  validate: (value) => {
    if (!Number.isInteger(value) || value < 0 || value > MAX_U32) throw new TypeError(`${value} is no u32`);
  },
});

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

export { bcs, BcsType } from '@iota/bcs';
