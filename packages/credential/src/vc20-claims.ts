/**
 * The payload of a Verified Human credential by the VC Data Model 2.0 as a JWT (VC-JOSE-COSE 1.0, section 3.1.1): the
 * credential itself is the claims set, there is no `vc` claim. The registered claims that repeat a member of the
 * credential (`iss`, `sub`, `jti`) have its value.
 */
import { utf8 } from '@wotid/core';
import { encodeBase64Url } from './base64url.ts';
import { dateOf, dateTimeOf, dateTimeText, didOf, objectOf, textOf, textsOf } from './claim-readers.ts';
import {
  assertDateOrder,
  credentialSchema,
  encodeEvidence,
  encodeStatus,
  parseEvidence,
  parseFingerprint,
  parseHolderJwk,
  parseStatus,
  verifiedHumanContext,
  type CredentialClaims,
} from './claims.ts';
import { isJsonObject, type Json, type JsonObject } from './strict-json.ts';
import { parsePayload } from './vc11-claims.ts';
import { badCredential } from './wire.ts';

/** Member of `credentialSubject` with the fingerprint: in a JSON-LD document every name needs a meaning. */
export const fingerprintMember = 'identityFingerprint';
/** Context that every VC 2.0 starts with. */
export const credentialsV2Context = 'https://www.w3.org/ns/credentials/v2';

/** Payload bytes of `claims`. */
export function encodeVc20Claims(claims: CredentialClaims): Uint8Array<ArrayBuffer> {
  return utf8(
    JSON.stringify({
      '@context': [credentialsV2Context, verifiedHumanContext],
      id: claims.credentialId,
      type: claims.types,
      issuer: claims.issuer,
      validFrom: dateTimeText(claims.notBeforeSec),
      validUntil: dateTimeText(claims.expiresAtSec),
      credentialSubject: {
        id: claims.subject,
        ...(claims.idFp === null ? {} : { [fingerprintMember]: encodeBase64Url(claims.idFp) }),
      },
      evidence: encodeEvidence(claims.evidence),
      credentialSchema,
      ...(claims.status === null ? {} : { credentialStatus: encodeStatus(claims.status) }),
      iss: claims.issuer,
      sub: claims.subject,
      jti: claims.credentialId,
      iat: claims.issuedAtSec,
      exp: claims.expiresAtSec,
      ...(claims.holderJwk === null ? {} : { cnf: { jwk: claims.holderJwk } }),
    }),
  );
}

/**
 * Parses a payload; unknown members are ignored, `aud`, `vc` and `vp` are not allowed (VC-JOSE-COSE, section 3.1.1).
 * @throws CredentialError `BAD_CREDENTIAL`
 */
export function parseVc20Claims(payload: Uint8Array): CredentialClaims {
  const json = parsePayload(payload);
  if ('vc' in json || 'vp' in json) throw badCredential('a VC 2.0 has no vc and no vp claim');
  if (textsOf(json['@context'], '@context')[0] !== credentialsV2Context) {
    throw badCredential('@context does not start with the context of VC 2.0');
  }
  const issuer = didOf(idOf(json['issuer']), 'issuer');
  const credentialSubject = objectOf(json['credentialSubject'], 'credentialSubject');
  const subject = didOf(credentialSubject['id'], 'credentialSubject.id');
  const credentialId = textOf(json['id'], 'id');
  assertRepeats(json, { iss: issuer, sub: subject, jti: credentialId });
  const notBeforeSec = dateTimeOf(json['validFrom'], 'validFrom');
  const untilSec = dateTimeOf(json['validUntil'], 'validUntil');
  const claims: CredentialClaims = {
    issuer,
    subject,
    credentialId,
    issuedAtSec: json['iat'] === undefined ? notBeforeSec : dateOf(json['iat'], 'iat'),
    notBeforeSec,
    // `exp` is the end of the signature's life, `validUntil` that of what it says: the earlier one counts.
    expiresAtSec: json['exp'] === undefined ? untilSec : Math.min(untilSec, dateOf(json['exp'], 'exp')),
    ...parseBinding(credentialSubject, json['cnf']),
    types: textsOf(json['type'], 'type'),
    evidence: parseEvidence(json['evidence'], 'evidence'),
    status: parseStatus(json['credentialStatus'], 'credentialStatus'),
  };
  assertDateOrder(claims);
  return claims;
}

/** The fingerprint, the key (RFC 7800, section 3.2), or both. */
function parseBinding(
  subject: JsonObject,
  cnf: Json | undefined,
): Pick<CredentialClaims, 'holderJwk' | 'idFp'> {
  const fingerprint = subject[fingerprintMember];
  if (fingerprint === undefined && cnf === undefined) {
    throw badCredential(`it has neither cnf nor ${fingerprintMember}`);
  }
  return {
    idFp: fingerprint === undefined ? null : parseFingerprint(fingerprint, fingerprintMember),
    holderJwk: cnf === undefined ? null : parseHolderJwk(objectOf(cnf, 'cnf')['jwk']),
  };
}

/** An issuer is a URL, or an object with an `id` that is one (VC Data Model 2.0, section 4.7). */
function idOf(value: Json | undefined): Json | undefined {
  return isJsonObject(value) ? value['id'] : value;
}

function assertRepeats(json: JsonObject, expected: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(expected)) {
    if (json[name] !== undefined && json[name] !== value) {
      throw badCredential(`${name} contradicts the credential`);
    }
  }
}
