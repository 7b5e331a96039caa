/**
 * The payload of a Verified Human credential in the JWT form of the VC Data Model 1.1, section 6.3.1: registered claims
 * outside, the rest in `vc`. It is the payload of `jwt_vc_json` and of our two-leg form alike.
 */
import { errorText, utf8 } from '@wotid/core';
import { dateOf, didOf, objectOf, textOf, textsOf } from './claim-readers.ts';
import {
  assertDateOrder,
  credentialSchema,
  encodeConfirmation,
  encodeEvidence,
  encodeStatus,
  maxPayloadDepth,
  parseConfirmation,
  parseEvidence,
  parseStatus,
  verifiedHumanContext,
  type CredentialClaims,
} from './claims.ts';
import { parseStrictJson, type JsonObject } from './strict-json.ts';
import { badCredential, maxPayloadBytes } from './wire.ts';

/** Context that every VC 1.1 starts with. */
export const credentialsContext = 'https://www.w3.org/2018/credentials/v1';

/** Payload bytes of `claims`. */
export function encodeVc11Claims(claims: CredentialClaims): Uint8Array<ArrayBuffer> {
  return utf8(
    JSON.stringify({
      iss: claims.issuer,
      sub: claims.subject,
      jti: claims.credentialId,
      iat: claims.issuedAtSec,
      nbf: claims.notBeforeSec,
      exp: claims.expiresAtSec,
      cnf: encodeConfirmation(claims),
      vc: {
        '@context': [credentialsContext, verifiedHumanContext],
        type: claims.types,
        credentialSubject: { id: claims.subject },
        evidence: encodeEvidence(claims.evidence),
        credentialSchema,
        ...(claims.status === null ? {} : { credentialStatus: encodeStatus(claims.status) }),
      },
    }),
  );
}

/**
 * Parses a payload. Members that we do not know are ignored (RFC 7519, section 4), except `aud`: a credential made for
 * one audience is none for us.
 * @throws CredentialError `BAD_CREDENTIAL`
 */
export function parseVc11Claims(payload: Uint8Array): CredentialClaims {
  const json = parsePayload(payload);
  const vc = objectOf(json['vc'], 'vc');
  const subject = didOf(json['sub'], 'sub');
  const credentialSubject = objectOf(vc['credentialSubject'], 'vc.credentialSubject');
  // The 1.1 rules let an issuer leave the id inside out, since sub stands for it; two different ones are a contradiction.
  if (credentialSubject['id'] !== undefined && credentialSubject['id'] !== subject) {
    throw badCredential('vc.credentialSubject.id is not sub');
  }
  if (!textsOf(vc['@context'], 'vc.@context').includes(credentialsContext)) {
    throw badCredential('vc.@context lacks the context of VC 1.1');
  }
  const notBeforeSec = dateOf(json['nbf'], 'nbf');
  const claims: CredentialClaims = {
    issuer: didOf(json['iss'], 'iss'),
    subject,
    credentialId: textOf(json['jti'], 'jti'),
    // In VC 1.1 nbf is the issuance date; iat is a habit of JWTs.
    issuedAtSec: json['iat'] === undefined ? notBeforeSec : dateOf(json['iat'], 'iat'),
    notBeforeSec,
    expiresAtSec: dateOf(json['exp'], 'exp'),
    ...parseConfirmation(json['cnf']),
    types: textsOf(vc['type'], 'vc.type'),
    evidence: parseEvidence(vc['evidence'], 'vc.evidence'),
    status: parseStatus(vc['credentialStatus'], 'vc.credentialStatus'),
  };
  assertDateOrder(claims);
  return claims;
}

/** Strict JSON of a payload that is for any audience. @throws CredentialError `BAD_CREDENTIAL` */
export function parsePayload(payload: Uint8Array): JsonObject {
  let json: JsonObject;
  try {
    json = parseStrictJson(payload, { maxBytes: maxPayloadBytes, maxDepth: maxPayloadDepth });
  } catch (error) {
    throw badCredential(`its payload ${errorText(error)}`, error);
  }
  if ('aud' in json) throw badCredential('it is restricted to an audience (aud)');
  return json;
}
