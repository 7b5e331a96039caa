/** DID resolution over HTTP, status by status and type by type. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { didJwkMethod, didJwkOf, Resolver } from '@wotid/credential';
import { createIdentityService, type IdentityService } from '../src/index.ts';
import { createEmbedded, type TestDatabase } from './databases.ts';
import { provider } from './world.ts';

const did = didJwkOf(provider.signGenerate('ed25519').publicKey);
const answers: Record<string, object> = {
  gone: {
    didDocument: { id: 'did:test:gone' },
    didResolutionMetadata: {},
    didDocumentMetadata: { deactivated: true },
  },
  missing: { didDocument: null, didResolutionMetadata: { error: 'notFound' }, didDocumentMetadata: {} },
  broken: { didDocument: null, didResolutionMetadata: { error: 'internalError' }, didDocumentMetadata: {} },
  other: { didDocument: { id: did }, didResolutionMetadata: {}, didDocumentMetadata: {} },
  dated: {
    didDocument: { id: 'did:test:dated' },
    didResolutionMetadata: {},
    didDocumentMetadata: { created: '2026-01-01T00:00:00Z' },
  },
};

let place: TestDatabase;
let service: IdentityService;
beforeAll(async () => {
  place = await createEmbedded();
  const test = async (_did: string, parsed: { id: string }): Promise<never> => {
    const answer = answers[parsed.id];
    if (answer === undefined) throw new Error('the ledger is away');
    return answer as never;
  };
  service = createIdentityService({
    database: await place.open(),
    resolver: new Resolver({ ...didJwkMethod, test }),
  });
});
afterAll(() => place[Symbol.asyncDispose]());

async function resolve(
  of: string,
  accept?: string,
): Promise<[number, string | null, Record<string, unknown>]> {
  const response = await service.app.request(`/1.0/identifiers/${encodeURIComponent(of)}`, {
    headers: accept === undefined ? {} : { accept },
  });
  return [
    response.status,
    response.headers.get('content-type'),
    (await response.json()) as Record<string, unknown>,
  ];
}

it('gives a document in the type that is asked for', async () => {
  for (const [accept, type] of [
    [undefined, 'application/did'],
    ['*/*', 'application/did'],
    ['application/did', 'application/did'],
    ['application/did+json', 'application/did+json'],
    ['application/did+ld+json', 'application/did+ld+json'],
    ['text/html, application/did+ld+json;q=0.8', 'application/did+ld+json'],
    ['application/did-resolution;q=0.1, application/did+json', 'application/did+json'],
  ] as const) {
    expect(await resolve(did, accept)).toMatchObject([200, type, { id: did, authentication: [`${did}#0`] }]);
  }
});

it('gives a whole result with metadata', async () => {
  expect(await resolve(did, 'application/did-resolution')).toMatchObject([
    200,
    'application/did-resolution',
    {
      didDocument: { id: did },
      didResolutionMetadata: { contentType: 'application/did' },
      didDocumentMetadata: {},
    },
  ]);
  expect(await resolve('did:test:dated', 'application/did-resolution')).toMatchObject([
    200,
    'application/did-resolution',
    { didDocumentMetadata: { created: '2026-01-01T00:00:00Z' } },
  ]);
});

it('has a status and a reason for everything else', async () => {
  for (const [of, accept, status, error] of [
    ['nonsense', undefined, 400, 'INVALID_DID'],
    [`${did}#0`, undefined, 400, 'INVALID_DID'],
    ['did:jwk:e30', undefined, 400, 'INVALID_DID'],
    [`did:web:${'a'.repeat(300)}`, undefined, 400, 'INVALID_DID'],
    ['did:test:missing', undefined, 404, 'NOT_FOUND'],
    [did, 'text/html', 406, 'REPRESENTATION_NOT_SUPPORTED'],
    ['did:test:broken', undefined, 500, 'INTERNAL_ERROR'],
    ['did:test:away', undefined, 500, 'INTERNAL_ERROR'],
    ['did:test:other', undefined, 500, 'INVALID_DID_DOCUMENT'],
    ['did:ion:EiA', undefined, 501, 'METHOD_NOT_SUPPORTED'],
  ] as const) {
    expect(await resolve(of, accept)).toMatchObject([
      status,
      'application/did-resolution',
      {
        didDocument: null,
        didResolutionMetadata: { error: { type: `https://www.w3.org/ns/did#${error}` } },
        didDocumentMetadata: {},
      },
    ]);
  }
  expect(await resolve('did:test:gone')).toMatchObject([
    410,
    'application/did-resolution',
    { didDocument: null, didDocumentMetadata: { deactivated: true } },
  ]);
});
