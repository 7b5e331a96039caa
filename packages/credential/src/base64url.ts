/** Base64url without padding, canonical in both directions (RFC 7515, section 2; RFC 4648, section 3.5). */

/** Text of `bytes`. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** Bytes of `text`, or `null` when it is not the one encoding of them (padding, whitespace, stray trailing bits). */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' });
  } catch {
    return null;
  }
  return encodeBase64Url(bytes) === text ? bytes : null;
}
