/**
 * The public part of an initial message (kind 02): what the responder needs to find its prekeys and agree on keys.
 *
 * | offset | size | field | meaning |
 * |---|---|---|---|
 * | 0 | 1 | kind | 02 |
 * | 1 | 1 | suite | 01 |
 * | 2 | 1 | level | 03 |
 * | 3 | 4 | spkId | signed prekey, little-endian |
 * | 7 | 4 | opkId | one-time prekey; 0 = none |
 * | 11 | 4 | kemId | one-time or last-resort KEM prekey |
 * | 15 | 32 | ek | ephemeral key EK_A (X25519) |
 * | 47 | 1568 | ct | ML-KEM-1024 ciphertext |
 * | 1615 | 2 | sealedLength | length of the sealed part that follows; 0 at the gate, which has shown who A is |
 */
import { KEM_BYTES, KEY_BYTES, MAX_INIT_SEALED_BYTES, TAG_BYTES } from '../limits.ts';
import type { PrekeyIds } from './encoding.ts';

/** First byte of an initial message. */
export const KIND_INIT = 2;
/** Length of the public part. */
export const PUBLIC_PART_BYTES: number = 15 + KEY_BYTES + KEM_BYTES + 2;

const EK_OFFSET = 15;
const CT_OFFSET: number = EK_OFFSET + KEY_BYTES;
const LENGTH_OFFSET: number = CT_OFFSET + KEM_BYTES;

/** The fields of a public part. */
export interface PublicPart extends PrekeyIds {
  readonly suite: number;
  readonly level: number;
  /** 32 bytes. */
  readonly ephemeral: Uint8Array;
  /** 1568 bytes. */
  readonly ciphertext: Uint8Array;
  readonly sealedLength: number;
}

/** The 1617 bytes of a public part. */
export function encodePublicPart(part: PublicPart): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(PUBLIC_PART_BYTES);
  const view = new DataView(out.buffer);
  out.set([KIND_INIT, part.suite, part.level]);
  view.setUint32(3, part.spkId, true);
  view.setUint32(7, part.opkId, true);
  view.setUint32(11, part.kemId, true);
  out.set(part.ephemeral, EK_OFFSET);
  out.set(part.ciphertext, CT_OFFSET);
  view.setUint16(LENGTH_OFFSET, part.sealedLength, true);
  return out;
}

/** Reads 1617 bytes; `null` for another length, another kind, or a sealed length that is out of bounds. */
export function parsePublicPart(bytes: Uint8Array): PublicPart | null {
  if (bytes.length !== PUBLIC_PART_BYTES || bytes[0] !== KIND_INIT) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sealedLength = view.getUint16(LENGTH_OFFSET, true);
  if (sealedLength > MAX_INIT_SEALED_BYTES || (sealedLength !== 0 && sealedLength <= TAG_BYTES)) return null;
  return {
    suite: bytes[1] as number,
    level: bytes[2] as number,
    spkId: view.getUint32(3, true),
    opkId: view.getUint32(7, true),
    kemId: view.getUint32(11, true),
    ephemeral: bytes.slice(EK_OFFSET, CT_OFFSET),
    ciphertext: bytes.slice(CT_OFFSET, LENGTH_OFFSET),
    sealedLength,
  };
}

/** The three parts of an initial message; all are views. */
export interface InitParts {
  readonly publicBytes: Uint8Array;
  readonly publicPart: PublicPart;
  readonly sealed: Uint8Array;
  /** A ratchet envelope (kind 01). */
  readonly envelope: Uint8Array;
}

/** Splits an initial message; `null` when it is none. Nothing is verified. */
export function splitInit(bytes: Uint8Array): InitParts | null {
  const publicBytes = bytes.subarray(0, PUBLIC_PART_BYTES);
  const publicPart = parsePublicPart(publicBytes);
  if (publicPart === null) return null;
  const end = PUBLIC_PART_BYTES + publicPart.sealedLength;
  if (bytes.length <= end) return null;
  return {
    publicBytes,
    publicPart,
    sealed: bytes.subarray(PUBLIC_PART_BYTES, end),
    envelope: bytes.subarray(end),
  };
}
