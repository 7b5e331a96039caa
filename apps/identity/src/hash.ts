import { createHash } from 'node:crypto';

/** SHA-256: what is stored of tokens that are 256 random bits, so that a plain hash tells nothing. */
export function sha256(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest());
}
