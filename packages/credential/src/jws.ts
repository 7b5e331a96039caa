/** Compact JWS from strangers (RFC 7515, section 7.1): taken apart strictly; who signed it is checked elsewhere. */
import { errorText, utf8 } from '@wotid/core';
import { decodeBase64Url } from './base64url.ts';
import { parseStrictJson, type JsonObject } from './strict-json.ts';
import { badCredential, maxProtectedBytes } from './wire.ts';

/** A compact JWS in parts. */
export interface CompactJws {
  /** ASCII of `header.payload`: what the signature is over. */
  readonly signingInput: Uint8Array<ArrayBuffer>;
  readonly header: JsonObject;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/**
 * Takes a compact JWS apart: three canonical base64url parts, a strict header of at most 1024 bytes without `crit`,
 * `b64` or keys of the signer's own choice.
 * @param allowed members that this use of a JWS does need
 * @throws CredentialError `BAD_CREDENTIAL`
 */
export function parseCompactJws(
  text: string,
  what: string,
  allowed: readonly RefusedMember[] = [],
): CompactJws {
  const [header = '', payload = '', signature = '', ...rest] = text.split('.');
  const parts = [header, payload, signature].map(decodeBase64Url);
  const [headerBytes, payloadBytes, signatureBytes] = parts;
  if (rest.length > 0 || headerBytes == null || payloadBytes == null || signatureBytes == null) {
    throw badCredential(`${what} is not a JWS of three base64url parts`);
  }
  if (signatureBytes.length === 0) throw badCredential(`${what} has no signature`);
  return {
    signingInput: utf8(`${header}.${payload}`),
    header: parseHeader(headerBytes, what, allowed),
    payload: payloadBytes,
    signature: signatureBytes,
  };
}

/** Members that change what the signature means (crit, b64), or name a key of the signer's choice. */
const refusedMembers = ['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c', 'zip', 'enc'] as const;
type RefusedMember = (typeof refusedMembers)[number];

function parseHeader(bytes: Uint8Array, what: string, allowed: readonly RefusedMember[]): JsonObject {
  let header: JsonObject;
  try {
    header = parseStrictJson(bytes, { maxBytes: maxProtectedBytes, maxDepth: allowed.length === 0 ? 1 : 2 });
  } catch (error) {
    throw badCredential(`the protected header of ${what} ${errorText(error)}`, error);
  }
  const refused = refusedMembers.find((name) => name in header && !allowed.includes(name));
  if (refused !== undefined) throw badCredential(`the protected header of ${what} has ${refused}`);
  return header;
}
