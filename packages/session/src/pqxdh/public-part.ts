/**
 * The public part of an initial message (kind 02): what the responder needs to find its prekeys and agree on keys.
 *
 * | offset | size | field | meaning |
 * |---|---|---|---|
 * | 0 | 1 | kind | 02 |
 * | 1 | 1 | suite | 1 to 3 |
 * | 2 | 1 | level | 1 to 3 |
 * | 3 | 4 | spkId | signed prekey, little-endian |
 * | 7 | 4 | opkId | one-time prekey; 0 = none |
 * | 11 | 4 | kemId | one-time or last-resort KEM prekey; 0 at levels 1 and 2 |
 * | 15 | 32 | ek | ephemeral key EK_A (X25519) |
 * | 47 | 1568 | ct | ML-KEM-1024 ciphertext; not there at levels 1 and 2 |
 * | 1615 or 47 | 2 | sealedLength | length of the sealed part that follows; 0 at the gate, which has shown who A is |
 *
 * 1617 bytes at level 3, 49 at levels 1 and 2.
 */
import { isSecurityLevel, levelFacts, type SecurityLevel } from '../levels.ts';
import { KEM_BYTES, KEY_BYTES, MAX_INIT_SEALED_BYTES, TAG_BYTES } from '../limits.ts';
import { isSuite, type Suite } from '../suites.ts';
import type { PrekeyIds } from './encoding.ts';

/** First byte of an initial message. */
export const KIND_INIT = 2;
const EK_OFFSET = 15;
const CT_OFFSET: number = EK_OFFSET + KEY_BYTES;

/** Length of the public part: 1617 at level 3, 49 at levels 1 and 2. */
export function publicPartBytes(level: SecurityLevel): number {
  return CT_OFFSET + (levelFacts(level).isPostQuantum ? KEM_BYTES : 0) + 2;
}

/** The fields of a public part. */
export interface PublicPart extends PrekeyIds {
  readonly suite: Suite;
  readonly level: SecurityLevel;
  /** 32 bytes. */
  readonly ephemeral: Uint8Array;
  /** 1568 bytes at level 3, else `null`. */
  readonly ciphertext: Uint8Array | null;
  readonly sealedLength: number;
}

/** The bytes of a public part. */
export function encodePublicPart(part: PublicPart): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(publicPartBytes(part.level));
  const view = new DataView(out.buffer);
  out.set([KIND_INIT, part.suite, part.level]);
  view.setUint32(3, part.spkId, true);
  view.setUint32(7, part.opkId, true);
  view.setUint32(11, part.kemId, true);
  out.set(part.ephemeral, EK_OFFSET);
  if (part.ciphertext !== null) out.set(part.ciphertext, CT_OFFSET);
  view.setUint16(out.length - 2, part.sealedLength, true);
  return out;
}

/**
 * Reads the bytes of one public part; `null` for another length or kind, an unknown level or suite, a KEM prekey where the
 * level has none, or a sealed length that is out of bounds.
 */
export function parsePublicPart(bytes: Uint8Array): PublicPart | null {
  const [kind, suite, level] = bytes;
  if (kind !== KIND_INIT || suite === undefined || level === undefined) return null;
  if (!isSuite(suite) || !isSecurityLevel(level) || bytes.length !== publicPartBytes(level)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const lengthOffset = bytes.length - 2;
  const sealedLength = view.getUint16(lengthOffset, true);
  const kemId = view.getUint32(11, true);
  const hasKem = levelFacts(level).isPostQuantum;
  if (!hasKem && kemId !== 0) return null;
  if (sealedLength > MAX_INIT_SEALED_BYTES || (sealedLength !== 0 && sealedLength <= TAG_BYTES)) return null;
  return {
    suite,
    level,
    spkId: view.getUint32(3, true),
    opkId: view.getUint32(7, true),
    kemId,
    ephemeral: bytes.slice(EK_OFFSET, CT_OFFSET),
    ciphertext: hasKem ? bytes.slice(CT_OFFSET, lengthOffset) : null,
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
  const level = bytes[2] ?? 0;
  if (!isSecurityLevel(level)) return null;
  const publicBytes = bytes.subarray(0, publicPartBytes(level));
  const publicPart = parsePublicPart(publicBytes);
  if (publicPart === null) return null;
  const end = publicBytes.length + publicPart.sealedLength;
  if (bytes.length <= end) return null;
  return {
    publicBytes,
    publicPart,
    sealed: bytes.subarray(publicBytes.length, end),
    envelope: bytes.subarray(end),
  };
}
