import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkDidKey,
  fingerprintUri,
  CredentialError,
  credentialFormats,
  ed25519Jwk,
  encodeTrustedIssuer,
  isDid,
  isKeyOf,
  mlDsa87Jwk,
  parseDidJwk,
  parseEd25519Jwk,
  parseMlDsa87Jwk,
  parseTrustedIssuer,
} from '../src/index.ts';
import { parseStrictJson } from '../src/strict-json.ts';
import { authority, holder, makeIssuer, request, resolver, stranger } from './people.ts';

const limits = { maxBytes: 10_000, maxDepth: 5 };
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof CredentialError ? error.code : String(error);
  }
  return undefined;
};

describe('strict JSON', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== '__proto__'),
          fc.jsonValue({ maxDepth: 3 }),
        ),
        (value) => {
          const text = JSON.stringify(value);
          fc.pre(text.length < 9_000 && !text.includes('__proto__'));
          expect(parseStrictJson(text, limits)).toEqual(JSON.parse(text));
          expect(
            parseStrictJson(Buffer.from(JSON.stringify(value, null, 2)), { ...limits, maxBytes: 100_000 }),
          ).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('is not fooled by quotes, colons and brackets inside of strings', () => {
    for (const text of [
      '{"a":"\\"b\\":[[[[[[[","b":"}"}',
      '{"a\\\\":1,"a":2}',
      '{"a":["a","a"],"b":{"a":1}}',
    ]) {
      expect(parseStrictJson(text, limits)).toEqual(JSON.parse(text));
    }
    for (const text of ['{"a":1,"b":{"c":1 , "c" : 2}}', '{"a":1,"\\u0061":2}', '{"a":[{"x":1,"x":1}]}']) {
      expect(() => parseStrictJson(text, limits)).toThrow(/twice/);
    }
    expect(() => parseStrictJson('{"a":[[[[1]]]]}', limits)).not.toThrow();
    expect(() => parseStrictJson('{"a":[[[[[1]]]]]}', limits)).toThrow(/deeper than 5/);
  });
});

describe('DIDs', () => {
  it('are told from DID URLs and other text', () => {
    for (const did of ['did:web:a', 'did:iota:2304aa97:0x01', 'did:a:b:c::d', 'did:x:%41', holder.did])
      expect(isDid(did)).toBe(true);
    for (const text of [
      '',
      'did:',
      'did:web',
      'did:web:',
      'did:web:a:',
      'DID:web:a',
      'did:web:a#0',
      'did:web:a?x',
      'did:web:a/b',
      'did:web:ä',
      ' did:web:a',
      `did:web:${'a'.repeat(248)}`,
    ]) {
      expect(isDid(text)).toBe(false);
    }
    expect(isKeyOf('did:web:a', 'did:web:a#key-1')).toBe(true);
    for (const url of [
      'did:web:a',
      'did:web:a#',
      'did:web:ab#1',
      'did:web:abc',
      'did:web:a?1',
      'did:web:a/1',
      'did:web:a#1#2',
      'did:web:a/x#1',
      '#1',
      `did:web:a#${'1'.repeat(129)}`,
    ]) {
      expect(isKeyOf('did:web:a', url)).toBe(false);
    }
  });

  it('of method jwk carry their key, in one canonical form of ours', async () => {
    expect(parseDidJwk(holder.did)).toEqual(Uint8Array.from(holder.ed25519));
    expect(Buffer.from(holder.did.slice(8), 'base64url').toString()).toMatch(
      /^\{"crv":"Ed25519","kty":"OKP","x":"[\w-]{43}"\}$/,
    );
    expect(holder.did.length).toBe(114);
    const { didDocument } = await resolver.resolve(holder.did);
    expect(didDocument).toMatchObject({
      id: holder.did,
      authentication: [`${holder.did}#0`],
      assertionMethod: [`${holder.did}#0`],
    });
  });

  it('of method jwk resolve as the method specification shows', async () => {
    // The Ed25519 key of RFC 8037, appendix A.1, in another member order than ours.
    const jwk = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig"}';
    const did = `did:jwk:${Buffer.from(jwk).toString('base64url')}`;
    const { didDocument, didResolutionMetadata } = await resolver.resolve(did);
    expect(didResolutionMetadata.error).toBeUndefined();
    expect(didDocument?.verificationMethod).toMatchObject([
      { id: `${did}#0`, controller: did, publicKeyJwk: { x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } },
    ]);
  });

  it('of method jwk are refused when they hide something', async () => {
    const of = (text: string): string => `did:jwk:${Buffer.from(text).toString('base64url')}`;
    const x = Buffer.from(holder.ed25519).toString('base64url');
    for (const did of [
      'did:web:a',
      `${holder.did}=`,
      'did:jwk:e30',
      of(`{"crv":"Ed25519","kty":"OKP","x":"${x}","d":"${x}"}`),
      of(`{"crv":"X25519","kty":"OKP","x":"${x}"}`),
      of(`{"crv":"Ed25519","kty":"OKP","alg":"none","x":"${x}"}`),
      of(`{"crv":"Ed25519","crv":"Ed25519","kty":"OKP","x":"${x}"}`),
      of(`{"crv":"Ed25519","kty":"OKP","x":"${x.slice(1)}"}`),
    ]) {
      expect(codeOf(() => parseDidJwk(did))).toBe('BAD_DID');
      if (did.startsWith('did:jwk')) expect((await resolver.resolve(did)).didDocument).toBeNull();
    }
  });

  it('have to authenticate with the key of the identity block', async () => {
    const idFp = new Uint8Array(32).fill(3);
    const base = { resolver, did: holder.did, idFp };
    expect(await checkDidKey({ ...base, ed25519: holder.ed25519 })).toEqual({ ok: true });
    expect(await checkDidKey({ ...base, ed25519: authority.ed25519.publicKey })).toMatchObject({
      code: 'DID_KEY_MISMATCH',
    });
    expect(await checkDidKey({ ...base, did: 'did:web:a', ed25519: holder.ed25519 })).toMatchObject({
      code: 'DID_UNRESOLVED',
    });
    const { didDocument, ...rest } = await resolver.resolve(holder.did);
    const check = (change: object) =>
      checkDidKey({
        ...base,
        ed25519: holder.ed25519,
        resolver: {
          resolve: () => Promise.resolve({ ...rest, didDocument: { ...didDocument!, ...change } }),
        },
      });
    // A document that names identity blocks must name this one.
    const other = fingerprintUri(new Uint8Array(32).fill(4));
    expect(await check({ alsoKnownAs: ['https://example.org/'] })).toEqual({ ok: true });
    expect(await check({ alsoKnownAs: [other, fingerprintUri(idFp)] })).toEqual({ ok: true });
    expect(await check({ alsoKnownAs: [other] })).toMatchObject({ code: 'DID_KEY_MISMATCH' });
    const key = didDocument!.verificationMethod![0]!;
    expect(await check({ authentication: [key] })).toEqual({ ok: true });
    expect(await check({ authentication: [] })).toMatchObject({ ok: false });
    // A key that somebody else controls, or that is somebody else's, is not the DID's own.
    expect(await check({ authentication: [{ ...key, controller: stranger.issuer.did }] })).toMatchObject({
      ok: false,
    });
    expect(await check({ authentication: [{ ...key, id: `${stranger.issuer.did}#0` }] })).toMatchObject({
      ok: false,
    });
  });
});

describe('JSON Web Keys', () => {
  it('carry keys both ways', () => {
    const { ed25519, mlDsa87 } = authority.pinned;
    expect(parseMlDsa87Jwk({ ...mlDsa87Jwk(mlDsa87) })).toEqual(mlDsa87);
    expect(
      parseEd25519Jwk({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(ed25519).toString('base64url') }),
    ).toEqual(ed25519);
  });

  it('of kty AKP without alg, of another set, or with a private key are refused', () => {
    const jwk = { ...mlDsa87Jwk(authority.pinned.mlDsa87) };
    for (const change of [
      { alg: undefined },
      { alg: 'ML-DSA-65' },
      { kty: 'OKP' },
      { priv: 'AAAA' },
      { pub: `${jwk.pub}=` },
      { pub: 'AAAA' },
      { pub: 7 },
    ]) {
      expect(codeOf(() => parseMlDsa87Jwk({ ...jwk, ...change } as never))).toBe('BAD_JWK');
    }
  });
});

describe('trust files', () => {
  const issuer = { ...authority.issuer.trustedIssuer, statusOrigin: 'https://id.example' };
  const file = JSON.parse(encodeTrustedIssuer(issuer)) as Record<string, unknown>;
  const { ed25519, mlDsa87 } = makeIssuer('former').pinned;
  const former = { ed25519: ed25519Jwk(ed25519), mlDsa87: mlDsa87Jwk(mlDsa87) };

  it('are read as they were written', () => {
    expect(parseTrustedIssuer(encodeTrustedIssuer(issuer))).toEqual(issuer);
    const rotated = { ...issuer, succession: 4, formerKeys: [{ ed25519, mlDsa87 }] };
    expect(parseTrustedIssuer(encodeTrustedIssuer(rotated))).toEqual(rotated);
    // Files and fingerprints of issuers who never rotated are as they were before there was a rotation.
    expect(Object.keys(file)).toEqual(['did', 'ed25519', 'mlDsa87', 'statusOrigin']);
    expect(parseTrustedIssuer(Buffer.from(encodeTrustedIssuer(authority.issuer.trustedIssuer)))).toEqual(
      authority.issuer.trustedIssuer,
    );
  });

  it.each<[string, RegExp, Record<string, unknown> | string]>([
    ['no JSON', /not JSON/, 'did:web:a'],
    ['too large', /limit is 49152/, `${' '.repeat(50_000)}{}`],
    ['a missing member', /statusOrigin is missing/, { statusOrigin: undefined }],
    ['an unknown member', /"note" is not known/, { note: 'x' }],
    ['no DID', /did is not a DID/, { did: 'issuer.example' }],
    ['swapped keys', /ed25519: .*not kty OKP/, { ed25519: file['mlDsa87'] }],
    ['text for a key', /mlDsa87: .*not a JSON object/, { mlDsa87: 'AAAA' }],
    ['no key that signs alone', /no key that signs alone/, { ed25519: null }],
    ['a composite key of another kind', /composite: .*algId/, { composite: { algId: 'id-MLDSA44-Ed25519' } }],
    ['a private key', /private key/, { ed25519: { ...(file['ed25519'] as object), d: 'AAAA' } }],
    ['a URL instead of an origin', /statusOrigin/, { statusOrigin: 'https://id.example/' }],
    ['another scheme', /statusOrigin/, { statusOrigin: 'file:///etc' }],
    ['a succession that is none', /succession is not a number/, { succession: 1 }],
    ['former keys out of nowhere', /formerKeys, and no succession/, { formerKeys: [former] }],
    ['too many former keys', /1 to 7 sets/, { succession: 9, formerKeys: Array(8).fill(former) }],
    [
      'half a former set',
      /formerKeys: .*exactly/,
      { succession: 2, formerKeys: [{ ed25519: former.ed25519 }] },
    ],
    [
      'a key that is former and present',
      /names a key twice/,
      { succession: 2, formerKeys: [{ ed25519: file['ed25519'], mlDsa87: file['mlDsa87'] }] },
    ],
    ['a number as origin', /statusOrigin/, { statusOrigin: 1 }],
  ])('with %s are refused, saying what is wrong', (_name, message, change) => {
    const text = typeof change === 'string' ? change : JSON.stringify({ ...file, ...change });
    expect(() => parseTrustedIssuer(text)).toThrow(message);
    expect(codeOf(() => parseTrustedIssuer(text))).toBe('BAD_TRUST_FILE');
  });
});

describe('an issuer', () => {
  it('refuses to issue what nobody could verify', async () => {
    const { issuer } = authority;
    for (const [change, code] of [
      [{ subjectDid: 'alice' }, 'BAD_DID'],
      [{ idFp: new Uint8Array(31) }, 'BAD_ISSUE_REQUEST'],
      [{ validForMs: 500 }, 'BAD_ISSUE_REQUEST'],
      [{ validForMs: Number.NaN }, 'BAD_ISSUE_REQUEST'],
      [{ evidence: [] }, 'BAD_ISSUE_REQUEST'],
      [{ evidence: [{ method: '', policy: 'x' }] }, 'BAD_ISSUE_REQUEST'],
      [{ evidence: [{ method: 'x'.repeat(1_025), policy: 'x' }] }, 'BAD_ISSUE_REQUEST'],
      [{ status: { statusListCredential: 'https://id.example/1', statusListIndex: 1 } }, 'BAD_ISSUE_REQUEST'],
    ] as const) {
      for (const format of credentialFormats) {
        await expect(issuer.issueCredential(format, { ...request, ...change })).rejects.toMatchObject({
          code,
        });
      }
    }
  });

  it('gives every credential its own id', async () => {
    const ids = await Promise.all(
      credentialFormats.map(
        async (format) => (await authority.issuer.issueCredential(format, request)).credentialId,
      ),
    );
    expect(new Set(ids).size).toBe(credentialFormats.length);
    for (const id of ids)
      expect(id).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
