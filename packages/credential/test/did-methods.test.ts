import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createClearServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Resolver } from 'did-resolver';
import { utf8 } from '@wotid/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  didKeyMethod,
  didKeyOf,
  didWebMethod,
  didWebOf,
  didWebUrl,
  fingerprintUri,
  isPublicAddress,
  parseDidKey,
  parseFingerprintUri,
} from '../src/index.ts';

describe('did:key', () => {
  // did:key method specification, section on Ed25519 test vectors.
  const did = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';
  const key = Uint8Array.fromHex('3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29');

  it('is the one of the published key', async () => {
    expect(didKeyOf(key)).toBe(did);
    expect(parseDidKey(did)).toEqual(key);
    const { didDocument } = await new Resolver({ ...didKeyMethod }).resolve(did);
    expect(didDocument).toMatchObject({
      id: did,
      authentication: [`${did}#z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp`],
    });
  });

  it.each([
    'did:key:z',
    'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW0',
    // P-256, and X25519.
    'did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169',
    'did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F',
    'did:jwk:eyJ9',
  ])('refuses %s', async (other) => {
    expect(() => parseDidKey(other)).toThrow(expect.objectContaining({ code: 'BAD_DID' }));
  });
});

describe('a fingerprint as a URI', () => {
  it('is read back, and nothing else is', () => {
    const idFp = new Uint8Array(32).fill(0xa5);
    expect(parseFingerprintUri(fingerprintUri(idFp))).toEqual(idFp);
    for (const other of [
      '',
      'ni:///sha-256;',
      'ni:///sha-256;AAAA',
      'https://example.org/',
      `${fingerprintUri(idFp)}=`,
    ]) {
      expect(parseFingerprintUri(other)).toBeNull();
    }
  });
});

describe('did:web', () => {
  it.each([
    ['did:web:example.org', 'https://example.org/.well-known/did.json'],
    ['did:web:example.org:issuers:one', 'https://example.org/issuers/one/did.json'],
    ['did:web:example.org%3A8443', 'https://example.org:8443/.well-known/did.json'],
    ['did:web:127.0.0.1', null],
    ['did:web:2130706433', null],
    ['did:web:0x7f000001', null],
    ['did:web:example.org:..:secret', null],
    ['did:web:example.org:%2e%2e:secret', null],
    ['did:web:example.org:a%2Fb', null],
    ['did:web:example.org::a', null],
    ['did:web:user%40example.org', null],
    ['did:jwk:eyJ9', null],
  ])('%s is at %s', (did, url) => {
    expect(didWebUrl(did)?.href ?? null).toBe(url);
  });

  it.each([
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['169.254.169.254', false],
    ['172.31.255.255', false],
    ['172.32.0.1', true],
    ['192.168.1.1', false],
    ['100.64.0.1', false],
    ['0.0.0.0', false],
    ['255.255.255.255', false],
    ['::1', false],
    ['::', false],
    ['fe80::1', false],
    ['fd00::1', false],
    ['::ffff:127.0.0.1', false],
    ['64:ff9b::7f00:1', false],
    ['2002:7f00:1::', false],
    ['localhost', false],
  ])('may be at %s: %s', (address, allowed) => {
    expect(isPublicAddress(address)).toBe(allowed);
  });

  it.each([
    ['https://id.example', 'did:web:id.example'],
    ['https://id.example:8443', 'did:web:id.example%3A8443'],
    ['http://localhost:8443', 'did:web:localhost%3A8443'],
    ['http://id.example', null],
    ['http://localhost', null],
    ['http://localhost:443', null],
    ['http://127.0.0.1:8443', null],
    ['https://127.0.0.1', null],
    ['https://[::1]:8443', null],
    ['https://id.example/', null],
    ['id.example', null],
  ])('%s is the origin of %s', (origin, did) => {
    if (did === null) {
      expect(() => didWebOf(origin)).toThrow(expect.objectContaining({ code: 'BAD_DID' }));
      return;
    }
    expect(didWebOf(origin)).toBe(did);
    expect(didWebUrl(did)?.host).toBe(new URL(origin).host);
  });

  it('of localhost is asked in plain HTTP where that is allowed, and on no other host', async () => {
    const server = createClearServer((_request, response) => response.end(JSON.stringify({ id: did })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const did = didWebOf(`http://localhost:${port}`);
    const find = async (of: string, init: object): Promise<unknown> =>
      (await new Resolver({ ...didWebMethod({ isAllowed: () => true, ...init }) }).resolve(of)).didDocument;
    try {
      expect(await find(did, { allowLoopbackHttp: true })).toEqual({ id: did });
      expect(await find(did, {})).toBeNull();
      expect(await find(did, { isAllowedAddress: () => true })).toBeNull();
      const other = did.replace('localhost', 'localhost.localdomain');
      expect(await find(other, { allowLoopbackHttp: true, isAllowedAddress: () => true })).toBeNull();
    } finally {
      server.close();
    }
  });

  describe('of a server', () => {
    const fixture = (name: string): string =>
      readFileSync(new URL(`fixtures/localhost.${name}.pem`, import.meta.url), 'utf8');
    let answer: (response: ServerResponse) => void = () => {};
    let asked = 0;
    const server = createServer({ key: fixture('key'), cert: fixture('cert') }, (_request, response) => {
      asked++;
      answer(response);
    });
    let did = '';
    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      did = `did:web:localhost%3A${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => server.close());

    const resolver = (init: { isAllowed?: () => boolean; isAllowedAddress?: () => boolean; ca?: string }) =>
      new Resolver({
        ...didWebMethod({
          isAllowed: () => true,
          isAllowedAddress: () => true,
          ca: fixture('cert'),
          ...init,
        }),
      });
    const errorOf = async (one: Resolver): Promise<string> =>
      (await one.resolve(did)).didResolutionMetadata.error ?? 'found';

    it('is fetched when it is allowed, from where it is allowed, under TLS', async () => {
      answer = (response) => response.end(JSON.stringify({ id: did }));
      expect((await resolver({}).resolve(did)).didDocument).toEqual({ id: did });
      const before = asked;
      expect(await errorOf(resolver({ isAllowed: () => false }))).toBe('methodNotSupported');
      const { didResolutionMetadata } = await new Resolver({
        ...didWebMethod({ isAllowed: () => true, ca: fixture('cert') }),
      }).resolve(did);
      expect(didResolutionMetadata).toMatchObject({
        error: 'internalError',
        message: 'localhost is not on the public internet',
      });
      const { ca: _, ...untrusted } = { ca: '' };
      expect(
        await errorOf(
          new Resolver({
            ...didWebMethod({ isAllowed: () => true, isAllowedAddress: () => true, ...untrusted }),
          }),
        ),
      ).toBe('internalError');
      expect(asked).toBe(before);
    });

    it.each([
      ['404', 'notFound', (response: ServerResponse) => response.writeHead(404).end()],
      [
        'a redirect',
        'internalError',
        (response: ServerResponse) => response.writeHead(302, { location: 'https://localhost/' }).end(),
      ],
      ['too much', 'internalError', (response: ServerResponse) => response.end(Buffer.alloc(70_000, ' '))],
      ['a member twice', 'internalError', (response: ServerResponse) => response.end('{"id":1,"id":2}')],
      ['no JSON', 'internalError', (response: ServerResponse) => response.end('hello')],
      [
        'half an answer',
        'internalError',
        (response: ServerResponse) => {
          response.writeHead(200, { 'content-length': '100' });
          response.write('{');
          response.destroy();
        },
      ],
    ])('that answers %s gives %s', async (_what, error, answers) => {
      answer = answers;
      expect(await errorOf(resolver({}))).toBe(error);
    });

    it('may send any JSON', async () => {
      answer = (response) => response.end(utf8(JSON.stringify({ id: did, alsoKnownAs: [1, null] })));
      expect(await errorOf(resolver({}))).toBe('found');
    });
  });
});
