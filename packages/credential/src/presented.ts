/**
 * A credential as somebody presents it: which format it is, what it says, and what was signed. Nothing is verified
 * here. Our two-leg form is BCS; every other format is ASCII text that begins with `ey`, the base64url of `{"`, which no
 * BCS of ours can begin with (its payload would have 101 bytes and start with `y`).
 */
import { errorText, fromUtf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import type { CredentialClaims } from './claims.ts';
import { compositeAlgorithm, compositeSignatureBytes } from './composite.ts';
import { parseCredential } from './credential.ts';
import { isKeyOf } from './did.ts';
import type { CredentialFormat } from './formats.ts';
import { parseCompactJws, type CompactJws } from './jws.ts';
import { parseSdJwt, sdJwtVcType } from './sd-jwt.ts';
import type { JsonObject } from './strict-json.ts';
import { parseVc11Claims } from './vc11-claims.ts';
import { parseVc20Claims } from './vc20-claims.ts';
import {
  badCredential,
  ed25519SignatureBytes,
  encodeVcJwt,
  signingInput,
  type LegAlgorithm,
} from './wire.ts';

/** Text of a credential: as much as the first message of a session has room for. */
export const maxPresentedBytes = 24_576;

/** Algorithms under which a presented credential may be signed. */
export type PresentedAlgorithm = LegAlgorithm | typeof compositeAlgorithm;

/** One issuer signature. */
export interface PresentedSignature {
  readonly alg: PresentedAlgorithm;
  /** DID URL of the key, under the claims' issuer. */
  readonly kid: string;
  /** ASCII of `header.payload`. */
  readonly input: Uint8Array;
  readonly signature: Uint8Array;
  /** The signature as a compact JWS, for libraries. */
  readonly compact: string;
}

/** A credential that was read, not verified. */
export interface PresentedCredential {
  readonly format: CredentialFormat;
  readonly claims: CredentialClaims;
  /** Two for `wotid_hybrid`, EdDSA first; else one. */
  readonly signatures: readonly PresentedSignature[];
  /** The key binding of an SD-JWT, and what it is over; `null` in other formats and where none was sent. */
  readonly keyBinding: { readonly jwt: string; readonly over: string } | null;
}

/**
 * Reads a credential of any format.
 * @param bytes what a holder keeps and presents, at most {@link maxPresentedBytes}
 * @throws DecodeError or CredentialError `BAD_CREDENTIAL`
 */
export function parsePresented(provider: CryptoProvider, bytes: Uint8Array): PresentedCredential {
  if (bytes[0] !== 0x65 || bytes[1] !== 0x79) return parseHybrid(bytes);
  if (bytes.length > maxPresentedBytes) {
    throw badCredential(`it has ${bytes.length} bytes, the limit is ${maxPresentedBytes}`);
  }
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch (error) {
    throw badCredential(errorText(error), error);
  }
  if (text.includes('~')) {
    const { jws, claims, keyBinding, withoutKeyBinding } = parseSdJwt(provider, text);
    assertType(jws.header, [sdJwtVcType]);
    return {
      format: 'dc+sd-jwt',
      claims,
      signatures: [signatureOf(jws, claims.issuer, text.slice(0, text.indexOf('~')))],
      keyBinding: keyBinding === null ? null : { jwt: keyBinding, over: withoutKeyBinding },
    };
  }
  const jws = parseCompactJws(text, 'the credential');
  const isVersion2 = jws.header['typ'] === 'vc+jwt';
  assertType(jws.header, isVersion2 ? ['vc+jwt'] : ['JWT', undefined]);
  const claims = isVersion2 ? parseVc20Claims(jws.payload) : parseVc11Claims(jws.payload);
  return {
    format: isVersion2 ? 'vc+jwt' : 'jwt_vc_json',
    claims,
    signatures: [signatureOf(jws, claims.issuer, text)],
    keyBinding: null,
  };
}

function parseHybrid(bytes: Uint8Array): PresentedCredential {
  const { envelope, claims } = parseCredential(bytes);
  const signatures = [envelope.eddsa, envelope.mlDsa87].map((leg, at): PresentedSignature => ({
    alg: leg.alg,
    kid: leg.kid,
    input: signingInput(leg.protectedHeader, envelope.payload),
    signature: leg.signature,
    compact: at === 0 ? encodeVcJwt(envelope) : '',
  }));
  return { format: 'wotid_hybrid', claims, signatures, keyBinding: null };
}

/** Lengths of the signatures that may stand alone. */
const lengths: Readonly<Record<string, number>> = {
  EdDSA: ed25519SignatureBytes,
  [compositeAlgorithm]: compositeSignatureBytes,
};

function signatureOf(jws: CompactJws, issuer: string, compact: string): PresentedSignature {
  const { alg, kid } = jws.header;
  if (alg !== 'EdDSA' && alg !== compositeAlgorithm) throw badCredential('its algorithm is not one of ours');
  if (jws.signature.length !== lengths[alg]) throw badCredential('its signature has the wrong length');
  if (typeof kid !== 'string' || !isKeyOf(issuer, kid))
    throw badCredential('its kid is no key of its issuer');
  return { alg, kid, input: jws.signingInput, signature: jws.signature, compact };
}

function assertType(header: JsonObject, types: readonly (string | undefined)[]): void {
  if (types.every((type) => header['typ'] !== type)) throw badCredential(`its typ is not ${types[0] ?? ''}`);
  const cty = header['cty'];
  // A nested token would be somebody else's claims under this signature.
  if (cty === 'JWT' || cty === 'jwt') throw badCredential('it is a nested JWT');
}
