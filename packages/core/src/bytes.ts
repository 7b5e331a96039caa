/**
 * Byte strings: the few operations that every package needs and the platform lacks.
 * Hex and base64 come from `Uint8Array` itself (`toHex`, `fromHex`, `toBase64`, `fromBase64`).
 */

/** Joins byte strings into one newly allocated array; the parts are not kept. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Below this length, two `DataView`s cost more than they save. */
const wordwiseFrom = 64;

/**
 * Compares two byte strings of public data. It returns at the first difference: for secrets and for anything
 * derived from them use `timingSafeEqual` of the crypto package.
 */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  const { length } = left;
  if (length !== right.length) return false;
  let at = 0;
  if (length >= wordwiseFrom) {
    // Every strict decoding compares kilobytes here; four at a time take a ninth of the time.
    const ours = new DataView(left.buffer, left.byteOffset, length);
    const theirs = new DataView(right.buffer, right.byteOffset, length);
    for (const end = length - 3; at < end; at += 4) {
      if (ours.getInt32(at) !== theirs.getInt32(at)) return false;
    }
  }
  for (; at < length; at++) if (left[at] !== right[at]) return false;
  return true;
}

/** Orders two byte strings lexicographically as unsigned bytes; a prefix sorts first. Negative, 0 or positive. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    const difference = (left[i] as number) - (right[i] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of `text`. Lone surrogates become U+FFFD, as `TextEncoder` does. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/**
 * Text of UTF-8 `bytes`.
 * @throws TypeError when `bytes` is not well-formed UTF-8.
 */
export function fromUtf8(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}

/** `value` as 2 little-endian bytes. @throws RangeError outside 0..2^16-1. */
export function u16le(value: number): Uint8Array<ArrayBuffer> {
  return unsignedLe(value, 2);
}

/** `value` as 4 little-endian bytes. @throws RangeError outside 0..2^32-1. */
export function u32le(value: number): Uint8Array<ArrayBuffer> {
  return unsignedLe(value, 4);
}

function unsignedLe(value: number, length: 2 | 4): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * length)) {
    throw new RangeError(`${value} does not fit into ${length} unsigned bytes`);
  }
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i++) out[i] = Math.floor(value / 2 ** (8 * i)) & 0xff;
  return out;
}

/** `value` as 8 little-endian bytes. @throws RangeError outside 0..2^64-1. */
export function u64le(value: bigint): Uint8Array<ArrayBuffer> {
  if (value < 0n || value >= 1n << 64n) throw new RangeError(`${value} does not fit into 8 unsigned bytes`);
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value, true);
  return out;
}
