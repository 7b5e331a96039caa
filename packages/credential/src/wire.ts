/**
 * A Verified Human credential as bytes: a JSON Web Signature with two signatures over one payload (RFC 7515, section
 * 7.2.1), first EdDSA, then ML-DSA-87 (RFC 9964, section 3: no context string). On our wires and in hashes it is BCS:
 *
 * | field | encoding |
 * |---|---|
 * | payload | ULEB128 length, UTF-8 JSON |
 * | EdDSA protected header | ULEB128 length, UTF-8 JSON |
 * | EdDSA signature | ULEB128 length (64), bytes |
 * | ML-DSA-87 protected header | ULEB128 length, UTF-8 JSON |
 * | ML-DSA-87 signature | ULEB128 length (4627), bytes |
 *
 * No unprotected header, no third leg. This file knows the envelope; `claims.ts` knows what the payload says.
 */
import { bcs, bytesType, concatBytes, decodeStrict, errorText, utf8, type BcsType } from '@wotid/core';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { isKeyOf } from './did.ts';
import { CredentialError } from './errors.ts';
import { isJsonObject, parseStrictJson, type Json } from './strict-json.ts';

/** Room for a payload with long DIDs, evidence and a status entry; a first offline message carries all of it. */
export const maxPayloadBytes = 8_192;
/** Room for `alg`, `typ` and a `kid` of the longest DID and fragment. */
export const maxProtectedBytes = 1_024;
/** Bytes of an Ed25519 signature (RFC 8032). */
export const ed25519SignatureBytes = 64;
/** Bytes of an ML-DSA-87 signature (FIPS 204, table 2). */
export const mlDsa87SignatureBytes = 4_627;
/** Upper bound of a credential on the wire: all parts at their bound and their length prefixes. */
export const maxCredentialBytes: number =
  maxPayloadBytes + 2 * maxProtectedBytes + ed25519SignatureBytes + mlDsa87SignatureBytes + 9;

/** Algorithm of each leg, in the order of the legs. */
export const legAlgorithms = ['EdDSA', 'ML-DSA-87'] as const;
/** Name of a leg's algorithm as JOSE writes it. */
export type LegAlgorithm = (typeof legAlgorithms)[number];

/** One signature with its protected header. */
export interface CredentialLeg {
  readonly alg: LegAlgorithm;
  /** DID URL of the key. */
  readonly kid: string;
  /** UTF-8 JSON, as signed. */
  readonly protectedHeader: Uint8Array;
  /** 64 or 4627 bytes. */
  readonly signature: Uint8Array;
}

/** A credential whose envelope is well-formed; nothing is verified. */
export interface CredentialEnvelope {
  /** UTF-8 JSON, as signed. */
  readonly payload: Uint8Array;
  readonly eddsa: CredentialLeg;
  readonly mlDsa87: CredentialLeg;
}

interface WireLeg {
  protected: Uint8Array;
  signature: Uint8Array;
}

const legType = bcs.struct('credential leg', { protected: bytesType, signature: bytesType });
const wireType = bcs.struct('credential', {
  payload: bytesType,
  eddsa: legType,
  mlDsa87: legType,
}) as unknown as BcsType<{ payload: Uint8Array; eddsa: WireLeg; mlDsa87: WireLeg }>;

/**
 * Parses the envelope: sizes, canonical BCS, one strict protected header a leg, the right algorithm at the right place.
 * @throws DecodeError or CredentialError `BAD_CREDENTIAL`
 */
export function parseEnvelope(bytes: Uint8Array): CredentialEnvelope {
  const wire = decodeStrict(wireType, bytes, { what: 'credential', maxBytes: maxCredentialBytes });
  if (wire.payload.length > maxPayloadBytes) {
    throw badCredential(`its payload has ${wire.payload.length} bytes, the limit is ${maxPayloadBytes}`);
  }
  const eddsa = parseLeg(wire.eddsa, 'EdDSA', ed25519SignatureBytes);
  const mlDsa87 = parseLeg(wire.mlDsa87, 'ML-DSA-87', mlDsa87SignatureBytes);
  if (eddsa.kid === mlDsa87.kid) throw badCredential('both signatures name the same key');
  return { payload: wire.payload, eddsa, mlDsa87 };
}

/** Bytes of an envelope for the wire, for storage and for `credentialHash`. */
export function encodeEnvelope(envelope: CredentialEnvelope): Uint8Array<ArrayBuffer> {
  const leg = (of: CredentialLeg): WireLeg => ({ protected: of.protectedHeader, signature: of.signature });
  return wireType
    .serialize({ payload: envelope.payload, eddsa: leg(envelope.eddsa), mlDsa87: leg(envelope.mlDsa87) })
    .toBytes() as Uint8Array<ArrayBuffer>;
}

/** The protected header that we write: `alg`, `kid`, `typ`, in this order. */
export function encodeProtectedHeader(alg: LegAlgorithm, kid: string): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({ alg, kid, typ: 'JWT' }));
}

/** What a leg signs: ASCII of `base64url(protected) . base64url(payload)` (RFC 7515, section 5.1). */
export function signingInput(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(
    utf8(encodeBase64Url(protectedHeader)),
    Uint8Array.of(0x2e),
    utf8(encodeBase64Url(payload)),
  );
}

/** The EdDSA leg alone, in compact form: an ordinary VC-JWT that any wallet verifies. */
export function encodeVcJwt(envelope: CredentialEnvelope): string {
  const { protectedHeader, signature } = envelope.eddsa;
  return [protectedHeader, envelope.payload, signature].map(encodeBase64Url).join('.');
}

/** The whole credential in the general JSON form of RFC 7515, section 7.2.1, for software that wants JSON. */
export function encodeGeneralJws(envelope: CredentialEnvelope): string {
  return JSON.stringify({
    payload: encodeBase64Url(envelope.payload),
    signatures: [envelope.eddsa, envelope.mlDsa87].map((leg) => ({
      protected: encodeBase64Url(leg.protectedHeader),
      signature: encodeBase64Url(leg.signature),
    })),
  });
}

/**
 * Reads the general JSON form, as an issuer hands it out: exactly the members that {@link encodeGeneralJws} writes.
 * @param json parsed already; the whole of it at most {@link maxCredentialBytes} * 4 / 3 bytes
 * @throws CredentialError `BAD_CREDENTIAL`
 */
export function parseGeneralJws(json: Json): CredentialEnvelope {
  const signatures = isJsonObject(json) ? json['signatures'] : undefined;
  if (!isJsonObject(json) || !Array.isArray(signatures) || signatures.length !== 2) {
    throw badCredential('it is not a JWS with two signatures');
  }
  const leg = (value: Json): WireLeg => ({
    protected: base64UrlMember(value, 'protected'),
    signature: base64UrlMember(value, 'signature'),
  });
  const [eddsa, mlDsa87] = (signatures as readonly Json[]).map(leg) as [WireLeg, WireLeg];
  // Through the wire form, so that both have the same bounds.
  const bytes = wireType.serialize({ payload: base64UrlMember(json, 'payload'), eddsa, mlDsa87 }).toBytes();
  return parseEnvelope(bytes);
}

function base64UrlMember(value: Json, name: string): Uint8Array {
  const text = isJsonObject(value) ? value[name] : undefined;
  const bytes = typeof text === 'string' ? decodeBase64Url(text) : null;
  if (bytes === null) throw badCredential(`its ${name} is not base64url`);
  return bytes;
}

/** @throws CredentialError `BAD_CREDENTIAL` unless `kid` names a key of exactly `issuer`, in both legs. */
export function assertKeysOf(envelope: CredentialEnvelope, issuer: string): void {
  for (const leg of [envelope.eddsa, envelope.mlDsa87]) {
    if (!isKeyOf(issuer, leg.kid))
      throw badCredential(`the kid of its ${leg.alg} signature is no key of its issuer`);
  }
}

/** A refusal to read a credential, saying what is wrong with it. */
export function badCredential(reason: string, cause?: unknown): CredentialError {
  return new CredentialError('BAD_CREDENTIAL', `unusable credential: ${reason}`, { cause });
}

function parseLeg(wire: WireLeg, alg: LegAlgorithm, signatureBytes: number): CredentialLeg {
  if (wire.signature.length !== signatureBytes) {
    throw badCredential(`its ${alg} signature has ${wire.signature.length} bytes, not ${signatureBytes}`);
  }
  let header;
  try {
    header = parseStrictJson(wire.protected, { maxBytes: maxProtectedBytes, maxDepth: 1 });
  } catch (error) {
    throw badCredential(`the protected header of its ${alg} signature ${errorText(error)}`, error);
  }
  // Any other member changes what the signature means (crit, b64) or names a key of the signer's choice (jwk, jku, x5c).
  for (const name of Object.keys(header)) {
    if (name !== 'alg' && name !== 'kid' && name !== 'typ') {
      throw badCredential(`the protected header of its ${alg} signature has a member that is not allowed`);
    }
  }
  if (header['alg'] !== alg) throw badCredential(`where ${alg} belongs there is another algorithm`);
  if (header['typ'] !== undefined && header['typ'] !== 'JWT') throw badCredential('its typ is not JWT');
  const kid = header['kid'];
  if (typeof kid !== 'string') throw badCredential(`its ${alg} signature has no kid`);
  return { alg, kid, protectedHeader: wire.protected, signature: wire.signature };
}
