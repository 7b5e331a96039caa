/**
 * The name of an identity block as a URI, as DID documents give it in `alsoKnownAs`: `ni:///sha-256;` and the block's
 * fingerprint in base64url (RFC 6920, section 3; the fingerprint is a SHA-256).
 */
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { idFpBytes } from './claims.ts';

const prefix = 'ni:///sha-256;';

/** @param idFp 32 bytes */
export function fingerprintUri(idFp: Uint8Array): string {
  if (idFp.length !== idFpBytes) throw new TypeError('an identity fingerprint has 32 bytes');
  return prefix + encodeBase64Url(idFp);
}

/** The 32 bytes in such a URI; `null` for any other text. */
export function parseFingerprintUri(uri: string): Uint8Array<ArrayBuffer> | null {
  const bytes = uri.startsWith(prefix) ? decodeBase64Url(uri.slice(prefix.length)) : null;
  return bytes?.length === idFpBytes ? bytes : null;
}
