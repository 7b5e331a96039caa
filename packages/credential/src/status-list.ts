/**
 * The bits of a status list, and their compressed text: W3C Bitstring Status List 1.0, section 3.2 (gzip, multibase
 * base64url, index 0 is the leftmost bit), and the same bits as draft-ietf-oauth-status-list, section 4.1 writes them
 * (zlib, base64url, index 0 is the rightmost bit of the first byte).
 */
import { concatBytes, type Random } from '@wotid/core';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { CredentialError } from './errors.ts';

/** Fewest entries of a list: fewer would tell whose status is asked for (Bitstring Status List 1.0, section 6.1). */
export const minStatusEntries = 131_072;
/** Most entries of a list that we read or write, 1 MiB of bits: a bomb ends here. */
export const maxStatusEntries = 8_388_608;
/** Compressed bits cannot be longer than themselves by more than the format's own overhead. */
const maxEncodedChars: number = Math.ceil(((maxStatusEntries / 8 + 4_096) * 4) / 3);

/** One bit an entry; set means revoked. */
export class StatusBits {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  private constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** @throws CredentialError `BAD_STATUS_LIST` unless `entries` is a multiple of 8 from 131,072 to 8,388,608 */
  static create(entries: number = minStatusEntries): StatusBits {
    return StatusBits.fromBytes(new Uint8Array(Number.isInteger(entries) ? Math.max(0, entries) / 8 : 0));
  }

  /** @param bytes index 0 is the leftmost bit of the first byte; copied */
  static fromBytes(bytes: Uint8Array): StatusBits {
    const entries = bytes.length * 8;
    if (entries < minStatusEntries || entries > maxStatusEntries) {
      throw badList(`a list has ${minStatusEntries} to ${maxStatusEntries} entries, not ${entries}`);
    }
    return new StatusBits(Uint8Array.from(bytes));
  }

  /** Number of entries. */
  get length(): number {
    return this.#bytes.length * 8;
  }

  /** @throws CredentialError `BAD_STATUS_LIST` when the list has no such entry */
  get(index: number): boolean {
    return ((this.#byteOf(index) >> (7 - (index % 8))) & 1) === 1;
  }

  /** @throws CredentialError `BAD_STATUS_LIST` when the list has no such entry */
  set(index: number, isRevoked: boolean): void {
    const mask = 1 << (7 - (index % 8));
    const byte = this.#byteOf(index);
    this.#bytes[index >> 3] = isRevoked ? byte | mask : byte & ~mask;
  }

  /** A copy of the bits, index 0 leftmost. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }

  #byteOf(index: number): number {
    const byte = Number.isInteger(index) && index >= 0 ? this.#bytes[index >> 3] : undefined;
    if (byte === undefined) throw badList(`it has no entry ${index}`);
    return byte;
  }
}

/** A uniformly random index below `entries`, so that neighbours in a list say nothing about each other. */
export function randomStatusIndex(random: Random, entries: number): number {
  const range = 2 ** 32 - (2 ** 32 % entries);
  for (;;) {
    const bytes = random.bytes(4);
    const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
    if (value < range) return value % entries;
  }
}

/** `encodedList` of a bitstring status list credential. */
export async function encodeBitstring(bits: StatusBits): Promise<string> {
  return `u${encodeBase64Url(await compress('gzip', bits.toBytes()))}`;
}

/** @throws CredentialError `BAD_STATUS_LIST` for text that is not one, or that becomes longer than 1 MiB */
export async function decodeBitstring(text: string): Promise<StatusBits> {
  const bytes =
    text.startsWith('u') && text.length <= maxEncodedChars ? decodeBase64Url(text.slice(1)) : null;
  if (bytes === null) throw badList('encodedList is not multibase base64url, or too long');
  return StatusBits.fromBytes(await decompress('gzip', bytes));
}

/** `lst` of a token status list of one bit an entry. */
export async function encodeTokenList(bits: StatusBits): Promise<string> {
  const reversed = bits.toBytes().map(reverseBits);
  return encodeBase64Url(await compress('deflate', reversed));
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let at = 0; at < 8; at++) reversed |= ((byte >> at) & 1) << (7 - at);
  return reversed;
}

async function compress(format: 'gzip' | 'deflate', bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return concatBytes(...(await Array.fromAsync(piped(bytes, new CompressionStream(format)))));
}

/** Stops as soon as too much has come out, so that a small text cannot fill the memory. */
async function decompress(format: 'gzip', bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of piped(bytes, new DecompressionStream(format))) {
      length += part.length;
      if (length > maxStatusEntries / 8) throw badList(`it has more than ${maxStatusEntries} entries`);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof CredentialError ? error : badList('its bits do not decompress', error);
  }
  return concatBytes(...parts);
}

function piped(
  bytes: Uint8Array<ArrayBuffer>,
  through: CompressionStream | DecompressionStream,
): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream().pipeThrough(through as never);
}

/** A status list that cannot be used, saying why. */
export function badList(reason: string, cause?: unknown): CredentialError {
  return new CredentialError('BAD_STATUS_LIST', `unusable status list: ${reason}`, { cause });
}
