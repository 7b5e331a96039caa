/** The published documents: the schema takes what we issue, the context gives every term of it a meaning. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import {
  ed25519Jwk,
  verifiedHumanDocuments,
  verifiedHumanContext,
  verifiedHumanSchemaId,
} from '../src/index.ts';
import { authority, holder, request } from './people.ts';

/** What these two packages give, which have no types. */
interface JsonLd {
  expand(document: unknown, options: object): Promise<Record<string, unknown>[]>;
}
const untyped = async (name: string): Promise<unknown> => import(name) as Promise<unknown>;
const { contexts } = (await untyped('@digitalbazaar/credentials-context')) as {
  contexts: Map<string, unknown>;
};
const { default: jsonld } = (await untyped('jsonld')) as { default: JsonLd };

const documentOf = (name: string): Record<string, unknown> =>
  verifiedHumanDocuments.find((one) => one.name === name)?.document ?? {};
const { credential } = await authority.issuer.issueCredential('vc+jwt', {
  ...request,
  holderJwk: { ...ed25519Jwk(holder.ed25519) },
});
const claims = JSON.parse(
  Buffer.from(String(credential).split('.')[1] ?? '', 'base64url').toString(),
) as Record<string, unknown>;

describe('the published JSON Schema', () => {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  (addFormats as unknown as (of: Ajv2020) => void)(ajv);
  const validate = ajv.compile(documentOf(verifiedHumanSchemaId));

  it('takes what we issue', () => {
    expect(validate(claims)).toBe(true);
    expect(claims['credentialSchema']).toEqual({ id: verifiedHumanSchemaId, type: 'JsonSchema' });
  });

  it.each<[string, object]>([
    ['no evidence', { evidence: [] }],
    ['evidence without a method', { evidence: [{ type: ['HumanVerification'], policy: 'x' }] }],
    ['another type', { type: ['VerifiableCredential'] }],
    ['no subject', { credentialSubject: {} }],
    ['an issuer that is no DID', { issuer: 'https://issuer.example' }],
    ['another context', { '@context': ['https://www.w3.org/ns/credentials/v2', 'https://a.example'] }],
    ['a short fingerprint', { credentialSubject: { id: holder.did, identityFingerprint: 'AAAA' } }],
    ['a status of another kind', { credentialStatus: { type: 'StatusList2021Entry' } }],
  ])('refuses %s', (_name, change) => {
    expect(validate({ ...claims, ...change })).toBe(false);
  });
});

describe('the published JSON-LD context', () => {
  const documents = new Map<string, unknown>([
    ...contexts,
    [verifiedHumanContext, documentOf(verifiedHumanContext)],
  ]);
  const documentLoader = async (url: string): Promise<{ documentUrl: string; document: never }> => {
    const document = documents.get(url);
    if (document === undefined) throw new Error(`no context ${url}`);
    return { documentUrl: url, document: document as never };
  };

  it('gives every member of a VC 2.0 of ours a meaning', async () => {
    // In safe mode a term without a meaning is an error, not left out.
    const [expanded] = (await jsonld.expand(
      claims as never,
      { documentLoader, safe: true } as never,
    )) as Record<string, unknown>[];
    const vocabulary = `${verifiedHumanContext}#`;
    expect(expanded?.['@type']).toContain(`${vocabulary}VerifiedHumanCredential`);
    expect(JSON.stringify(expanded)).toContain(`"${vocabulary}method":[{"@value":"in-person"}]`);
    expect(JSON.stringify(expanded)).toContain(`"${vocabulary}identityFingerprint"`);
    expect(JSON.stringify(expanded)).toContain(ed25519Jwk(holder.ed25519).x);
  });

  it('is told from one without our terms', async () => {
    const without = { ...claims, '@context': ['https://www.w3.org/ns/credentials/v2'] };
    await expect(jsonld.expand(without, { documentLoader, safe: true })).rejects.toThrow();
  });
});
