/**
 * A Verified Human credential as an SD-JWT VC (RFC 9901, draft-ietf-oauth-sd-jwt-vc): issuing it, showing part of it,
 * taking apart what somebody shows. The library writes the format; reading is strict (`disclosures.ts`).
 */
import { SDJwtInstance } from '@sd-jwt/core';
import { errorText, utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { encodeBase64Url } from './base64url.ts';
import { maxPayloadDepth, type CredentialClaims } from './claims.ts';
import { applyDisclosures } from './disclosures.ts';
import { parseCompactJws, type CompactJws } from './jws.ts';
import { disclosureFrameOf, parseSdJwtClaims, sdJwtPayloadOf } from './sd-jwt-claims.ts';
import { signBytes, signerKey, type CredentialSigner } from './signer.ts';
import { parseStrictJson, type JsonObject } from './strict-json.ts';
import { badCredential, maxPayloadBytes } from './wire.ts';

/** `typ` of an SD-JWT VC (draft-ietf-oauth-sd-jwt-vc, section 3.2.1). */
export const sdJwtVcType = 'dc+sd-jwt';

/** An SD-JWT VC taken apart; nothing is verified but its form. */
export interface ParsedSdJwt {
  /** The issuer-signed JWT. */
  readonly jws: CompactJws;
  /** What is visible, with everything disclosed put in its place. */
  readonly claims: CredentialClaims;
  /** The key binding JWT, or `null`. */
  readonly keyBinding: string | null;
  /** The presentation up to its last tilde, over which the key binding's `sd_hash` goes. */
  readonly withoutKeyBinding: string;
}

/** What the holder lets be seen. */
export interface Disclosed {
  readonly subject: boolean;
  /** Nothing, which methods were used, or methods and their policies. */
  readonly evidence: 'none' | 'methods' | 'all';
}

/** Proves the holder's key to one verifier, once (RFC 9901, section 4.3). */
export interface KeyBindingInit {
  readonly audience: string;
  readonly nonce: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** The holder's Ed25519 signature over the given bytes, 64 bytes. */
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/** The library's instance writes this `typ`. */
class SdJwtVc extends SDJwtInstance<Record<string, unknown>> {
  protected override type: string = sdJwtVcType;
}

/** Issues the claims with the signer's EdDSA key: the issuer-signed JWT and all its disclosures. */
export function issueSdJwt(
  provider: CryptoProvider,
  signer: CredentialSigner,
  claims: CredentialClaims,
): Promise<string> {
  const key = signerKey(signer, 'EdDSA');
  const instance = new SdJwtVc({
    ...hashingOf(provider),
    saltGenerator: (length) => encodeBase64Url(provider.random.bytes(length)),
    signAlg: 'EdDSA',
    signer: async (data) => encodeBase64Url(await signBytes(signer, key, utf8(data))),
  });
  const frame = disclosureFrameOf(claims) as never;
  return instance.issue(sdJwtPayloadOf(claims), frame, { header: { kid: key.kid } });
}

/**
 * A presentation that shows no more than `disclosed`, with the proof of the holder's key when `keyBinding` is given.
 * @throws CredentialError `BAD_CREDENTIAL` when `sdJwt` is none
 */
export function presentSdJwt(
  provider: CryptoProvider,
  sdJwt: string,
  disclosed: Disclosed,
  keyBinding?: KeyBindingInit,
): Promise<string> {
  const { evidence } = parseSdJwt(provider, sdJwt).claims;
  const entry = disclosed.evidence === 'all' ? { policy: true } : true;
  const frame = {
    ...(disclosed.subject ? { sub: true } : {}),
    ...(disclosed.evidence === 'none'
      ? {}
      : { evidence: Object.fromEntries(evidence.map((_, at) => [at, entry])) }),
  };
  if (keyBinding === undefined) return new SdJwtVc(hashingOf(provider)).present(sdJwt, frame);
  const { audience, nonce, nowMs, sign } = keyBinding;
  const instance = new SdJwtVc({
    ...hashingOf(provider),
    kbSignAlg: 'EdDSA',
    kbSigner: async (data) => encodeBase64Url(await sign(utf8(data))),
  });
  return instance.present(sdJwt, frame, {
    kb: { payload: { iat: Math.floor(nowMs / 1_000), aud: audience, nonce } },
  });
}

/** Takes an SD-JWT VC apart. @throws CredentialError `BAD_CREDENTIAL` */
export function parseSdJwt(provider: CryptoProvider, text: string): ParsedSdJwt {
  const [jwt = '', ...rest] = text.split('~');
  const last = rest.pop();
  if (last === undefined) throw badCredential('it is not an SD-JWT: no tilde');
  const jws = parseCompactJws(jwt, 'the issuer-signed JWT');
  let payload: JsonObject;
  try {
    payload = parseStrictJson(jws.payload, { maxBytes: maxPayloadBytes, maxDepth: maxPayloadDepth });
  } catch (error) {
    throw badCredential(`its payload ${errorText(error)}`, error);
  }
  return {
    jws,
    claims: parseSdJwtClaims(applyDisclosures(provider, payload, rest)),
    keyBinding: last === '' ? null : last,
    withoutKeyBinding: text.slice(0, text.length - last.length),
  };
}

function hashingOf(provider: CryptoProvider): {
  readonly hashAlg: 'sha-256';
  readonly hasher: (data: string | ArrayBuffer, alg: string) => Uint8Array;
} {
  return {
    hashAlg: 'sha-256',
    hasher: (data, alg) => {
      if (alg !== 'sha-256') throw badCredential('its hash is not sha-256');
      return provider.sha256(typeof data === 'string' ? utf8(data) : new Uint8Array(data));
    },
  };
}
