/**
 * JSON Web Signatures in the general JSON form (RFC 7515, section 7.2.1) under both keys of an issuer, first EdDSA, then
 * ML-DSA-87, over the same payload. What they are for stands in `typ` of both protected headers, so that no half of one
 * kind counts as another.
 */
import { utf8 } from '@wotid/core';
import { encodeBase64Url } from './base64url.ts';
import { parseCompactJws, type CompactJws } from './jws.ts';
import { signBytes, signerKey, type CredentialSigner } from './signer.ts';
import { isJsonObject, parseStrictJson, type Json } from './strict-json.ts';
import { legAlgorithms, signingInput } from './wire.ts';

/** Signs with both keys. @throws CredentialError `NO_SIGNING_KEY`, `SIGNER_FAILED` */
export async function signGeneral(
  signer: CredentialSigner,
  typ: string,
  payload: Uint8Array,
): Promise<string> {
  // Both keys are taken before the first signature: a rotation in between must not mix two sets.
  const keys = legAlgorithms.map((alg) => signerKey(signer, alg));
  const signatures = await Promise.all(
    keys.map(async (key) => {
      const header = utf8(JSON.stringify({ alg: key.alg, kid: key.kid, typ }));
      const signature = await signBytes(signer, key, signingInput(header, payload));
      return { protected: encodeBase64Url(header), signature: encodeBase64Url(signature) };
    }),
  );
  return JSON.stringify({ payload: encodeBase64Url(payload), signatures });
}

/**
 * Both legs, EdDSA first by its place alone: algorithms and keys are checked by the caller. `null` for a JWS that has not
 * exactly two signatures.
 * @throws SyntaxError for what is no strict JSON of at most `maxBytes`; CredentialError `BAD_CREDENTIAL` for an unusable leg
 */
export function generalLegs(
  text: string,
  maxBytes: number,
  what: string,
): readonly [CompactJws, CompactJws] | null {
  const { payload, signatures } = parseStrictJson(text, { maxBytes, maxDepth: 3 });
  if (typeof payload !== 'string' || !Array.isArray(signatures) || signatures.length !== 2) return null;
  const [eddsa, mlDsa87] = (signatures as readonly Json[]).map((leg) => {
    const member = (name: string): string => String(isJsonObject(leg) ? leg[name] : '');
    return parseCompactJws(`${member('protected')}.${payload}.${member('signature')}`, what);
  });
  return eddsa === undefined || mlDsa87 === undefined ? null : [eddsa, mlDsa87];
}
