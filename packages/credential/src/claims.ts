/**
 * What a Verified Human credential says: the JWT form of a W3C Verifiable Credential (VC Data Model 1.1, section 6.3.1)
 * with a confirmation claim (RFC 7800) that binds the holder's identity block.
 */
import { errorText, utf8 } from '@wotid/core';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { isDid } from './did.ts';
import { isJsonObject, parseStrictJson, type Json, type JsonObject } from './strict-json.ts';
import { badCredential, maxPayloadBytes } from './wire.ts';

/** Context that every VC 1.1 starts with. */
export const credentialsContext = 'https://www.w3.org/2018/credentials/v1';
/** Context that gives the Verified Human terms their meaning. */
export const verifiedHumanContext = 'https://wot.id/credentials/verified-human/v1';
/** Type of a Verified Human credential, beside `VerifiableCredential`. */
export const verifiedHumanType = 'VerifiedHumanCredential';
/** Member of `cnf` with the fingerprint; RFC 7800 section 3.1 asks for a collision-resistant name. */
export const confirmationMember = 'wot.id/idFp';
/** Bytes of an identity fingerprint (SHA-256). */
export const idFpBytes = 32;

/** Objects in objects: the deepest member we write is at 4; issuers may add to evidence. */
const maxPayloadDepth = 12;
/** NumericDate bound: above it a date is surely in milliseconds; the year 5138. */
const maxNumericDate = 100_000_000_000;
/** Several ways of verification may have been combined. */
const maxEvidence = 8;
/** A sentence or a URL. */
const maxTextBytes = 1_024;

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
  /** Fingerprint of the holder's identity block, 32 bytes. */
  readonly idFp: Uint8Array;
  readonly types: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly status: StatusEntry | null;
}

/** Payload bytes of `claims`. */
export function encodeClaims(claims: CredentialClaims): Uint8Array<ArrayBuffer> {
  const { status } = claims;
  return utf8(
    JSON.stringify({
      iss: claims.issuer,
      sub: claims.subject,
      jti: claims.credentialId,
      iat: claims.issuedAtSec,
      nbf: claims.notBeforeSec,
      exp: claims.expiresAtSec,
      cnf: { [confirmationMember]: encodeBase64Url(claims.idFp) },
      vc: {
        '@context': [credentialsContext, verifiedHumanContext],
        type: claims.types,
        credentialSubject: { id: claims.subject },
        evidence: claims.evidence.map(({ method, policy }) => ({
          type: ['HumanVerification'],
          method,
          policy,
        })),
        ...(status === null
          ? {}
          : {
              credentialStatus: {
                id: `${status.statusListCredential}#${status.statusListIndex}`,
                type: 'BitstringStatusListEntry',
                statusPurpose: 'revocation',
                statusListIndex: String(status.statusListIndex),
                statusListCredential: status.statusListCredential,
              },
            }),
      },
    }),
  );
}

/**
 * Parses a payload. Members that we do not know are ignored (RFC 7519, section 4), except `aud`: a credential made for
 * one audience is none for us.
 * @throws CredentialError `BAD_CREDENTIAL`
 */
export function parseClaims(payload: Uint8Array): CredentialClaims {
  let json: JsonObject;
  try {
    json = parseStrictJson(payload, { maxBytes: maxPayloadBytes, maxDepth: maxPayloadDepth });
  } catch (error) {
    throw badCredential(`its payload ${errorText(error)}`, error);
  }
  if ('aud' in json) throw badCredential('it is restricted to an audience (aud)');
  const vc = objectOf(json['vc'], 'vc');
  const subject = didOf(json['sub'], 'sub');
  const credentialSubject = objectOf(vc['credentialSubject'], 'vc.credentialSubject');
  if (credentialSubject['id'] !== subject) throw badCredential('vc.credentialSubject.id is not sub');
  if (!textsOf(vc['@context'], 'vc.@context').includes(credentialsContext)) {
    throw badCredential('vc.@context lacks the context of VC 1.1');
  }
  const claims: CredentialClaims = {
    issuer: didOf(json['iss'], 'iss'),
    subject,
    credentialId: textOf(json['jti'], 'jti'),
    issuedAtSec: dateOf(json['iat'], 'iat'),
    notBeforeSec: dateOf(json['nbf'], 'nbf'),
    expiresAtSec: dateOf(json['exp'], 'exp'),
    idFp: fingerprintOf(json['cnf']),
    types: textsOf(vc['type'], 'vc.type'),
    evidence: evidenceOf(vc['evidence']),
    status: statusOf(vc['credentialStatus']),
  };
  if (claims.expiresAtSec <= claims.notBeforeSec) throw badCredential('exp is not after nbf');
  return claims;
}

function objectOf(value: Json | undefined, name: string): JsonObject {
  if (!isJsonObject(value)) throw badCredential(`${name} is not an object`);
  return value;
}

function textOf(value: Json | undefined, name: string): string {
  if (typeof value !== 'string' || value === '') throw badCredential(`${name} is not a text`);
  if (utf8(value).length > maxTextBytes) throw badCredential(`${name} is longer than ${maxTextBytes} bytes`);
  return value;
}

function didOf(value: Json | undefined, name: string): string {
  if (typeof value !== 'string' || !isDid(value)) throw badCredential(`${name} is not a DID`);
  return value;
}

function textsOf(value: Json | undefined, name: string): readonly string[] {
  if (!Array.isArray(value)) throw badCredential(`${name} is not an array`);
  return value.map((item: Json) => textOf(item, name));
}

function dateOf(value: Json | undefined, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value <= 0 || value >= maxNumericDate) {
    throw badCredential(`${name} is not a time in whole seconds since 1970`);
  }
  return value;
}

function fingerprintOf(value: Json | undefined): Uint8Array {
  const text = objectOf(value, 'cnf')[confirmationMember];
  const bytes = typeof text === 'string' ? decodeBase64Url(text) : null;
  if (bytes?.length !== idFpBytes)
    throw badCredential(`cnf.${confirmationMember} is not a 32-byte fingerprint`);
  return bytes;
}

function evidenceOf(value: Json | undefined): readonly Evidence[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxEvidence) {
    throw badCredential(`vc.evidence is not an array of 1 to ${maxEvidence}`);
  }
  return value.map((item: Json) => {
    const evidence = objectOf(item, 'vc.evidence');
    return {
      method: textOf(evidence['method'], 'vc.evidence.method'),
      policy: textOf(evidence['policy'], 'vc.evidence.policy'),
    };
  });
}

function statusOf(value: Json | undefined): StatusEntry | null {
  if (value === undefined) return null;
  const status = objectOf(value, 'vc.credentialStatus');
  const index = textOf(status['statusListIndex'], 'vc.credentialStatus.statusListIndex');
  if (status['type'] !== 'BitstringStatusListEntry' || status['statusPurpose'] !== 'revocation') {
    throw badCredential('vc.credentialStatus is not a revocation entry of a bitstring status list');
  }
  if (!/^(?:0|[1-9]\d{0,9})$/.test(index)) throw badCredential('its status list index is not a whole number');
  return {
    statusListCredential: textOf(status['statusListCredential'], 'vc.credentialStatus.statusListCredential'),
    statusListIndex: Number(index),
  };
}
