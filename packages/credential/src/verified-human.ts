/**
 * What gives a Verified Human credential its meaning for software that does not know it, as data: the JSON-LD context,
 * the JSON Schema and the SD-JWT VC type metadata. An identity service publishes them under the paths of their names.
 */
import { verifiedHumanContext, verifiedHumanSchemaId, verifiedHumanType } from './claims.ts';
import { fingerprintMember } from './vc20-claims.ts';
import { verifiedHumanVct } from './sd-jwt-claims.ts';
import type { JsonObject } from './strict-json.ts';

/** A document, its name, and how it is served. */
export interface PublishedDocument {
  /** URL that credentials name it by. */
  readonly name: string;
  readonly mediaType: string;
  readonly document: JsonObject;
}

const term = (name: string, more: JsonObject = {}): JsonObject => ({
  '@id': `${verifiedHumanContext}#${name}`,
  ...more,
});

/** JSON-LD 1.1 context of our terms. */
const context: JsonObject = {
  '@context': {
    '@version': 1.1,
    '@protected': true,
    [verifiedHumanType]: term(verifiedHumanType),
    HumanVerification: term('HumanVerification', {
      '@context': { '@protected': true, method: term('method'), policy: term('policy') },
    }),
    [fingerprintMember]: term(fingerprintMember),
    // The other registered claims of a JWT are in the context of VC 2.0.
    jti: { '@id': 'https://www.iana.org/assignments/jwt#jti', '@type': '@id' },
  },
};

const text: JsonObject = { type: 'string', minLength: 1, maxLength: 1_024 };
const did: JsonObject = { type: 'string', pattern: '^did:[a-z0-9]+:[^#?/\\s]+$', maxLength: 255 };

/**
 * JSON Schema 2020-12 of the credential as a document: the claims set of `vc+jwt`, or of the 1.1 formats what VC Data
 * Model 1.1, section 6.3.1 makes of their claims set.
 */
const schema: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: verifiedHumanSchemaId,
  title: 'Verified Human',
  description: 'Its issuer has made sure that the subject is a human, in the way that evidence says.',
  type: 'object',
  required: ['@context', 'type', 'issuer', 'credentialSubject', 'evidence'],
  properties: {
    '@context': {
      type: 'array',
      minItems: 2,
      items: { type: 'string' },
      contains: { const: verifiedHumanContext },
    },
    id: { type: 'string', format: 'uri' },
    type: {
      type: 'array',
      items: { type: 'string' },
      allOf: [{ contains: { const: 'VerifiableCredential' } }, { contains: { const: verifiedHumanType } }],
    },
    issuer: { anyOf: [did, { type: 'object', required: ['id'], properties: { id: did } }] },
    validFrom: { type: 'string', format: 'date-time' },
    validUntil: { type: 'string', format: 'date-time' },
    credentialSubject: {
      type: 'object',
      required: ['id'],
      properties: { id: did, [fingerprintMember]: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' } },
    },
    evidence: {
      type: 'array',
      minItems: 1,
      maxItems: 8,
      items: {
        type: 'object',
        required: ['type', 'method', 'policy'],
        properties: {
          type: { type: 'array', contains: { const: 'HumanVerification' } },
          method: text,
          policy: text,
        },
      },
    },
    credentialStatus: {
      type: 'object',
      required: ['type', 'statusPurpose', 'statusListIndex', 'statusListCredential'],
      properties: {
        type: { const: 'BitstringStatusListEntry' },
        statusPurpose: { const: 'revocation' },
        statusListIndex: { type: 'string', pattern: '^(0|[1-9][0-9]{0,9})$' },
        statusListCredential: { type: 'string', format: 'uri' },
      },
    },
    cnf: {
      type: 'object',
      minProperties: 1,
      properties: { jwk: { type: 'object', required: ['kty'], properties: { kty: { type: 'string' } } } },
    },
  },
};

/** SD-JWT VC type metadata (draft-ietf-oauth-sd-jwt-vc, section 4.1). */
const typeMetadata: JsonObject = {
  vct: verifiedHumanVct,
  name: 'Verified Human',
  description: 'Its issuer has made sure that the subject is a human.',
  display: [{ locale: 'en', name: 'Verified Human', description: 'You are a verified human.' }],
  claims: [
    { path: ['sub'], sd: 'always', display: [{ locale: 'en', label: 'DID' }] },
    { path: ['evidence', null], sd: 'always', display: [{ locale: 'en', label: 'How you were verified' }] },
    {
      path: ['evidence', null, 'policy'],
      sd: 'always',
      display: [{ locale: 'en', label: 'By which policy' }],
    },
    { path: ['exp'], sd: 'never', display: [{ locale: 'en', label: 'Valid until' }] },
  ],
};

/** The documents that an identity service publishes. */
export const verifiedHumanDocuments: readonly PublishedDocument[] = [
  { name: verifiedHumanContext, mediaType: 'application/ld+json', document: context },
  { name: verifiedHumanSchemaId, mediaType: 'application/schema+json', document: schema },
  { name: verifiedHumanVct, mediaType: 'application/json', document: typeMetadata },
];
