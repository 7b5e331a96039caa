import { VmHalt } from '../errors.ts';

/** Reads a byte range front to back; every read past the end is MALFORMED. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#end;
  }

  /** @throws VmHalt MALFORMED at the end */
  u8(): number {
    if (this.#position >= this.#end) throw malformed('unexpected end');
    return this.#bytes[this.#position++] as number;
  }

  /** `length` little-endian bytes, at most 4. @throws VmHalt MALFORMED */
  uint(length: 1 | 2 | 4): number {
    let value = 0;
    for (let i = 0; i < length; i++) value += this.u8() * 2 ** (8 * i);
    return value;
  }

  /** `length` little-endian bytes. @throws VmHalt MALFORMED */
  bigUint(length: number): bigint {
    let value = 0n;
    for (let i = 0; i < length; i++) value |= BigInt(this.u8()) << BigInt(8 * i);
    return value;
  }

  /** A view on the next `length` bytes. @throws VmHalt MALFORMED */
  take(length: number): Uint8Array {
    if (length > this.#end - this.#position) throw malformed('unexpected end');
    return this.#bytes.subarray(this.#position, (this.#position += length));
  }

  /** An unsigned LEB128 number in its shortest form, at most `max` (below 2^32). @throws VmHalt MALFORMED */
  uleb(max: number): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw malformed('a number is not in its shortest form');
        if (value > max) throw malformed(`${value} exceeds ${max}`);
        return value;
      }
    }
    throw malformed(`a number exceeds ${max}`);
  }
}

/** Bytes that are no module. */
export function malformed(message: string): VmHalt {
  return new VmHalt('MALFORMED', message);
}
