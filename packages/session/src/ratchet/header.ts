/**
 * The ratchet header and its encryption (Double Ratchet rev. 4, section 4).
 *
 * | offset | size | field | meaning |
 * |---|---|---|---|
 * | 0 | 32 | dh | the sender's ratchet key (X25519); zeros at level 1 |
 * | 32 | 2 | pn | messages in the sender's previous sending chain, little-endian |
 * | 34 | 2 | n | index in the current sending chain |
 * | 36 | 2 | epoch | post-quantum epoch of the message's PQ chain; 0 at levels 1 and 2 |
 * | 38 | 2 | pi | messages in the sender's PQ chain of the epoch before |
 * | 40 | 2 | i | index in the PQ chain |
 */
import { utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { HEADER_BYTES, KEY_BYTES } from '../limits.ts';

/** What the sender tells the receiver about the keys of one message. */
export interface RatchetHeader {
  /** 32 bytes. */
  readonly dh: Uint8Array;
  /** 0..65535 */
  readonly pn: number;
  /** 0..65535 */
  readonly n: number;
  /** 0..65535 */
  readonly epoch: number;
  /** 0..65535 */
  readonly pi: number;
  /** 0..65535 */
  readonly i: number;
}

/**
 * A header never repeats under one header key (n grows), and AES-GCM-SIV only reveals equality of equal plaintexts
 * under an equal nonce (RFC 8452 section 9): so the nonce costs no bytes.
 */
const ZERO_NONCE = new Uint8Array(12);
const NO_AAD = utf8('');

/** The 42 bytes of a header. */
export function encodeHeader(header: RatchetHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEADER_BYTES);
  const view = new DataView(out.buffer);
  out.set(header.dh, 0);
  view.setUint16(32, header.pn, true);
  view.setUint16(34, header.n, true);
  view.setUint16(36, header.epoch, true);
  view.setUint16(38, header.pi, true);
  view.setUint16(40, header.i, true);
  return out;
}

/** The header in 42 bytes; every value of the fields is accepted. */
export function decodeHeader(bytes: Uint8Array): RatchetHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  return {
    dh: bytes.slice(0, KEY_BYTES),
    pn: view.getUint16(32, true),
    n: view.getUint16(34, true),
    epoch: view.getUint16(36, true),
    pi: view.getUint16(38, true),
    i: view.getUint16(40, true),
  };
}

/** The 58 bytes of an encrypted header. */
export function sealHeader(
  provider: CryptoProvider,
  headerKey: Uint8Array,
  header: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return provider.seal('aes-256-gcm-siv', headerKey, ZERO_NONCE, header, NO_AAD);
}

/** The 42 bytes of the header, or `null` when it was not sealed under `headerKey`. */
export function openHeader(
  provider: CryptoProvider,
  headerKey: Uint8Array,
  sealed: Uint8Array,
): Uint8Array<ArrayBuffer> | null {
  return provider.open('aes-256-gcm-siv', headerKey, ZERO_NONCE, sealed, NO_AAD);
}
