/**
 * What a Verified Human credential says, whatever its format: who vouches for whom, since when and until when, how it
 * was verified, and which keys of the holder it is bound to (the confirmation claim `cnf`, RFC 7800). The formats are
 * in `vc11-claims.ts`, `vc20-claims.ts` and `sd-jwt-claims.ts`.
 */
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { objectOf, textOf } from './claim-readers.ts';
import { isJsonObject, type Json, type JsonObject } from './strict-json.ts';
import { badCredential } from './wire.ts';

/** Context that gives the Verified Human terms their meaning. */
export const verifiedHumanContext = 'https://wot.id/credentials/verified-human/v1';
/** JSON Schema of a Verified Human credential. */
export const verifiedHumanSchemaId = 'https://wot.id/credentials/verified-human/v1/schema.json';
/** Type of a Verified Human credential, beside `VerifiableCredential`. */
export const verifiedHumanType = 'VerifiedHumanCredential';
/** Types of a credential that we issue. */
export const verifiedHumanTypes: readonly string[] = ['VerifiableCredential', verifiedHumanType];
/** Member of `cnf` with the fingerprint; RFC 7800 section 3.1 asks for a collision-resistant name. */
export const confirmationMember = 'wot.id/idFp';
/** Bytes of an identity fingerprint (SHA-256). */
export const idFpBytes = 32;

/** Objects in objects: the deepest member we write is at 4; issuers may add to evidence. */
export const maxPayloadDepth = 12;
/** Several ways of verification may have been combined. */
const maxEvidence = 8;
/** A public key of the kinds below has at most 6 short members. */
const maxJwkBytes = 1_024;

/** How the issuer made sure that the subject is a human. */
export interface Evidence {
  /** The way of verification, such as `in-person` or `operator-invitation`; at most 1024 bytes. */
  readonly method: string;
  /** The policy that was applied, as text or as a URL; at most 1024 bytes. */
  readonly policy: string;
}

/** Where a credential's revocation shows (W3C Bitstring Status List 1.0, section 2.1). */
export interface StatusEntry {
  /** URL of the status list credential. */
  readonly statusListCredential: string;
  readonly statusListIndex: number;
}

/** The claims of a credential. Times are whole seconds since the Unix epoch. */
export interface CredentialClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly credentialId: string;
  readonly issuedAtSec: number;
  readonly notBeforeSec: number;
  readonly expiresAtSec: number;
  /** Fingerprint of the holder's identity block, 32 bytes; `null` for a holder who has none. */
  readonly idFp: Uint8Array | null;
  /** Public key of the holder as a JWK; `null` where the fingerprint says all. */
  readonly holderJwk: JsonObject | null;
  readonly types: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly status: StatusEntry | null;
}

/** The `cnf` claim: `jwk` (RFC 7800, section 3.2) and our fingerprint, as far as they are known. */
export function encodeConfirmation({
  holderJwk,
  idFp,
}: Pick<CredentialClaims, 'holderJwk' | 'idFp'>): JsonObject {
  return {
    ...(holderJwk === null ? {} : { jwk: holderJwk }),
    ...(idFp === null ? {} : { [confirmationMember]: encodeBase64Url(idFp) }),
  };
}

/** Reads `cnf`: at least one of its two members. @throws CredentialError `BAD_CREDENTIAL` */
export function parseConfirmation(value: Json | undefined): Pick<CredentialClaims, 'holderJwk' | 'idFp'> {
  const cnf = objectOf(value, 'cnf');
  const fingerprint = cnf[confirmationMember];
  const jwk = cnf['jwk'];
  if (fingerprint === undefined && jwk === undefined) {
    throw badCredential(`cnf has neither jwk nor ${confirmationMember}`);
  }
  return {
    idFp: fingerprint === undefined ? null : parseFingerprint(fingerprint, `cnf.${confirmationMember}`),
    holderJwk: jwk === undefined ? null : parseHolderJwk(jwk),
  };
}

/** A 32-byte fingerprint from its base64url. @throws CredentialError `BAD_CREDENTIAL` */
export function parseFingerprint(value: Json | undefined, name: string): Uint8Array {
  const bytes = typeof value === 'string' ? decodeBase64Url(value) : null;
  if (bytes?.length !== idFpBytes) throw badCredential(`${name} is not a 32-byte fingerprint`);
  return bytes;
}

/** Members that hold a secret in the key types of RFC 7518, RFC 8037 and RFC 9964. */
const privateMembers = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'];

/** A holder's public key; which kinds can prove possession is the business of who checks the proof. */
export function parseHolderJwk(value: Json | undefined): JsonObject {
  if (!isJsonObject(value)) throw badCredential('cnf.jwk is not an object');
  if (privateMembers.some((name) => name in value)) throw badCredential('cnf.jwk contains a private key');
  textOf(value['kty'], 'cnf.jwk.kty');
  if (JSON.stringify(value).length > maxJwkBytes) throw badCredential('cnf.jwk is too large');
  return value;
}

/** `evidence` of a VC (VC Data Model 1.1, section 5.6; 2.0, section 5.6). */
export function encodeEvidence(evidence: readonly Evidence[]): JsonObject[] {
  return evidence.map(({ method, policy }) => ({ type: ['HumanVerification'], method, policy }));
}

/** Reads 1 to 8 entries; a single one may stand alone. @throws CredentialError `BAD_CREDENTIAL` */
export function parseEvidence(value: Json | undefined, name: string): readonly Evidence[] {
  const entries: Json | undefined = isJsonObject(value) ? [value] : value;
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > maxEvidence) {
    throw badCredential(`${name} is not an array of 1 to ${maxEvidence}`);
  }
  return entries.map((item: Json) => {
    const evidence = objectOf(item, name);
    return {
      method: textOf(evidence['method'], `${name}.method`),
      policy: textOf(evidence['policy'], `${name}.policy`),
    };
  });
}

/** `credentialStatus` of a VC. */
export function encodeStatus(status: StatusEntry): JsonObject {
  return {
    id: `${status.statusListCredential}#${status.statusListIndex}`,
    type: 'BitstringStatusListEntry',
    statusPurpose: 'revocation',
    statusListIndex: String(status.statusListIndex),
    statusListCredential: status.statusListCredential,
  };
}

/** Reads `credentialStatus`; absent is `null`. @throws CredentialError `BAD_CREDENTIAL` for a status of another kind */
export function parseStatus(value: Json | undefined, name: string): StatusEntry | null {
  if (value === undefined) return null;
  const status = objectOf(value, name);
  const index = textOf(status['statusListIndex'], `${name}.statusListIndex`);
  if (status['type'] !== 'BitstringStatusListEntry' || status['statusPurpose'] !== 'revocation') {
    throw badCredential(`${name} is not a revocation entry of a bitstring status list`);
  }
  if (!/^(?:0|[1-9]\d{0,9})$/.test(index)) throw badCredential('its status list index is not a whole number');
  return {
    statusListCredential: textOf(status['statusListCredential'], `${name}.statusListCredential`),
    statusListIndex: Number(index),
  };
}

/** `credentialSchema` of a VC (VC JSON Schema Specification, section 2.1). */
export const credentialSchema: JsonObject = { id: verifiedHumanSchemaId, type: 'JsonSchema' };

/** @throws CredentialError `BAD_CREDENTIAL` unless the expiry comes after the start */
export function assertDateOrder({ expiresAtSec, notBeforeSec }: CredentialClaims): void {
  if (expiresAtSec <= notBeforeSec) throw badCredential('exp is not after nbf');
}
