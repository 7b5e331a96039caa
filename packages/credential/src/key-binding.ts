/** The proof that who shows an SD-JWT has the key in its `cnf` (RFC 9901, sections 4.3 and 7.3). */
import { equalBytes, errorText, utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { decodeBase64Url } from './base64url.ts';
import { parseEd25519Jwk } from './jwk.ts';
import { parseCompactJws } from './jws.ts';
import type { PresentedCredential } from './presented.ts';
import { parseStrictJson, type Json } from './strict-json.ts';

/** To whom, and in answer to what, the holder has to prove the key. */
export interface ExpectedKeyBinding {
  readonly audience: string;
  /** Fresh; the caller takes it once. */
  readonly nonce: string;
}

/** `iat`, `aud`, `nonce`, `sd_hash`. */
const payloadLimits = { maxBytes: 4_096, maxDepth: 3 };

/**
 * What is wrong with the key binding of a presentation, or `null`. Holders' keys are Ed25519 here.
 * @param clockSkewMs tolerance for `iat` in both directions
 */
export function problemWithKeyBinding(
  provider: CryptoProvider,
  { keyBinding, claims }: PresentedCredential,
  expected: ExpectedKeyBinding,
  nowMs: number,
  clockSkewMs: number,
): string | null {
  if (keyBinding === null) return 'the holder did not prove their key';
  try {
    const jws = parseCompactJws(keyBinding.jwt, 'the key binding');
    if (jws.header['typ'] !== 'kb+jwt' || jws.header['alg'] !== 'EdDSA') return 'it is not kb+jwt with EdDSA';
    const { iat, aud, nonce, sd_hash: hash } = parseStrictJson(jws.payload, payloadLimits);
    if (aud !== expected.audience) return 'the holder’s proof is for another audience';
    if (nonce !== expected.nonce) return 'the holder’s proof answers another nonce';
    if (typeof iat !== 'number' || Math.abs(iat * 1_000 - nowMs) > clockSkewMs) {
      return 'the holder’s proof is too old or from the future';
    }
    const overHash = typeof hash === 'string' ? decodeBase64Url(hash) : null;
    if (overHash === null || !equalBytes(overHash, provider.sha256(utf8(keyBinding.over)))) {
      return 'the holder’s proof is for another presentation';
    }
    const holder = parseEd25519Jwk((claims.holderJwk ?? undefined) as Json | undefined);
    using key = provider.importVerifyingKey('ed25519', holder);
    const verifies = provider.verify(key, jws.signingInput, jws.signature);
    return verifies ? null : 'the holder’s proof is not signed by the holder’s key';
  } catch (error) {
    return `the holder’s proof cannot be used: ${errorText(error)}`;
  }
}
