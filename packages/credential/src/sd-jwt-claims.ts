/**
 * The claims of a Verified Human credential as an SD-JWT VC (draft-ietf-oauth-sd-jwt-vc, section 3.2). The holder may
 * keep back whom it is about (`sub`) and each piece of evidence, and of a piece its policy. Issuer, type, dates, holder
 * key and status are always visible: the draft forbids hiding them, and a verifier needs them.
 */
import { dateOf, didOf, objectOf, textOf } from './claim-readers.ts';
import {
  assertDateOrder,
  encodeConfirmation,
  encodeEvidence,
  parseConfirmation,
  parseEvidence,
  verifiedHumanTypes,
  type CredentialClaims,
  type StatusEntry,
} from './claims.ts';
import type { Json, JsonObject } from './strict-json.ts';
import { badCredential } from './wire.ts';

/** `vct` of a Verified Human credential: the name under which its type metadata is published. */
export const verifiedHumanVct = 'https://wot.id/credentials/verified-human/v1/type';

/** An index that fits 10 decimal digits, as in the other formats. */
const maxStatusIndex = 9_999_999_999;

/** The claims in clear, before the library replaces what {@link disclosureFrameOf} names by digests. */
export function sdJwtPayloadOf(claims: CredentialClaims): Record<string, unknown> {
  const { status } = claims;
  return {
    iss: claims.issuer,
    iat: claims.issuedAtSec,
    nbf: claims.notBeforeSec,
    exp: claims.expiresAtSec,
    vct: verifiedHumanVct,
    jti: claims.credentialId,
    sub: claims.subject,
    evidence: encodeEvidence(claims.evidence),
    cnf: encodeConfirmation(claims),
    ...(status === null
      ? {}
      : { status: { status_list: { idx: status.statusListIndex, uri: status.statusListCredential } } }),
  };
}

/** Which claims become disclosures. */
export function disclosureFrameOf(claims: CredentialClaims): object {
  const entries = claims.evidence.map((_, at) => [at, { _sd: ['policy'] }] as const);
  return {
    _sd: ['sub'],
    evidence: { _sd: claims.evidence.map((_, at) => at), ...Object.fromEntries(entries) },
  };
}

/**
 * Reads the claims that are visible. The subject must be disclosed; evidence may be kept back, whole or in part, and is
 * then missing here.
 * @throws CredentialError `BAD_CREDENTIAL`
 */
export function parseSdJwtClaims(json: JsonObject): CredentialClaims {
  if ('aud' in json) throw badCredential('it is restricted to an audience (aud)');
  if (json['sub'] === undefined) throw badCredential('its subject is not disclosed');
  const notBeforeSec = dateOf(json['nbf'], 'nbf');
  const claims: CredentialClaims = {
    issuer: didOf(json['iss'], 'iss'),
    subject: didOf(json['sub'], 'sub'),
    credentialId: textOf(json['jti'], 'jti'),
    issuedAtSec: dateOf(json['iat'], 'iat'),
    notBeforeSec,
    expiresAtSec: dateOf(json['exp'], 'exp'),
    ...parseConfirmation(json['cnf']),
    types: json['vct'] === verifiedHumanVct ? verifiedHumanTypes : [],
    evidence: disclosedEvidence(json['evidence']),
    status: statusOf(json['status']),
  };
  assertDateOrder(claims);
  return claims;
}

/** Evidence whose policy is kept back has an empty one here. */
function disclosedEvidence(value: Json | undefined): CredentialClaims['evidence'] {
  if (!Array.isArray(value) || value.length === 0) return [];
  const policies = value.map((item: Json) => objectOf(item, 'evidence')['policy'] === undefined);
  const filled = value.map((item: Json, at) => ({
    ...objectOf(item, 'evidence'),
    ...(policies[at] === true ? { policy: '-' } : {}),
  }));
  return parseEvidence(filled, 'evidence').map((one, at) =>
    policies[at] === true ? { ...one, policy: '' } : one,
  );
}

/** The reference of draft-ietf-oauth-status-list, section 6.2. */
function statusOf(value: Json | undefined): StatusEntry | null {
  if (value === undefined) return null;
  const list = objectOf(objectOf(value, 'status')['status_list'], 'status.status_list');
  const index = list['idx'];
  if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index > maxStatusIndex) {
    throw badCredential('its status list index is not a whole number');
  }
  return { statusListCredential: textOf(list['uri'], 'status.status_list.uri'), statusListIndex: index };
}
