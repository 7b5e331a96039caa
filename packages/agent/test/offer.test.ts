/** Offers and issuers that are not what they should be: refused with the reason, nothing secret in it, nothing kept. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createIssuer,
  createLocalSigner,
  encodeTrustedIssuer,
  type Issuer,
  type StatusEntry,
} from '@wotid/credential';
import { IdentityKeys, identityFingerprint } from '@wotid/crypto';
import { parseCredentialRequest } from '../src/credential-request.ts';
import { maxWebAnswerBytes } from '../src/web-fetch.ts';
import { Network, provider, type Person } from './people.ts';

const { ed25519, mlDsa87 } = IdentityKeys.generate(provider);
const signer = createLocalSigner({ provider, ed25519, mlDsa87 });
const issuer = createIssuer({ provider, signer });
const code = 'a-code-that-nobody-may-see';
const txCode = '493536-never-printed';
const grant = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const json =
  (body: unknown, status = 200): Answer =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** What a request has sent. */
async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}
const credentialOf = (
  by: Issuer,
  { agent, did }: Person,
  status?: StatusEntry,
): ReturnType<Issuer['issueCredential']> =>
  by.issueCredential('wotid_hybrid', {
    subjectDid: did,
    idFp: identityFingerprint(
      provider,
      parseCredentialRequest(provider, agent.credentialRequest(), Date.now()),
    ),
    nowMs: Date.now(),
    validForMs: 86_400_000,
    evidence: [{ method: 'test', policy: 'none' }],
    ...(status !== undefined && { status }),
  });

let network: Network;
let alice: Person;
let server: Server;
let origin = '';
let asked: string[] = [];
let answers: Record<string, Answer> = {};

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    (answers[path] ?? json({}, 404))(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  network = await Network.start();
  alice = await network.person({ credential: false, mailbox: false, funded: false });
  alice.agent.trust.add(encodeTrustedIssuer(issuer.trustedIssuer));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await network.stop();
});

beforeEach(() => {
  asked = [];
  answers = {
    '/offer': json(offer()),
    '/.well-known/wotid-issuer': json(JSON.parse(encodeTrustedIssuer(issuer.trustedIssuer))),
    '/.well-known/openid-credential-issuer': json(metadata()),
    '/.well-known/oauth-authorization-server': json({
      issuer: origin,
      token_endpoint: `${origin}/token`,
      grant_types_supported: [grant],
    }),
    '/token': json({ access_token: 'a-token-that-nobody-may-see', token_type: 'Bearer', expires_in: 60 }),
    '/nonce': json({ c_nonce: 'a-nonce' }),
    '/credential': json({ credentials: [{ credential: 'nothing of ours' }] }),
  };
});

const offer = (change: object = {}): object => ({
  credential_issuer: origin,
  credential_configuration_ids: ['hybrid'],
  grants: { [grant]: { 'pre-authorized_code': code, tx_code: { length: 6, input_mode: 'numeric' } } },
  ...change,
});
const metadata = (change: object = {}): object => ({
  credential_issuer: origin,
  credential_endpoint: `${origin}/credential`,
  nonce_endpoint: `${origin}/nonce`,
  credential_configurations_supported: {
    hybrid: {
      format: 'wotid_hybrid',
      proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['EdDSA'] } },
    },
    other: { format: 'dc+sd-jwt', vct: 'https://wot.id/other' },
  },
  ...change,
});
const link = (): string =>
  `openid-credential-offer://?credential_offer_uri=${encodeURIComponent(`${origin}/offer`)}`;

async function expectRefused(expected: string, reason: RegExp, text = link()): Promise<void> {
  const error = (await alice.agent.credential
    .collect(text, txCode)
    .catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ code: expected, message: expect.stringMatching(reason) as string });
  const printed = JSON.stringify([error, error.message, error.stack, error.cause, alice.logs]);
  for (const secret of [code, txCode, 'a-token-that-nobody-may-see']) expect(printed).not.toContain(secret);
  expect(alice.agent.credential.bytes()).toBeNull();
}

describe('an offer', () => {
  it('is described without being used up', async () => {
    expect(await alice.agent.credential.describeOffer(link())).toEqual({
      issuer: origin,
      issuerDid: issuer.did,
      txCode: { length: 6, description: '' },
    });
    expect(asked).not.toContain('/token');
    await expect(alice.agent.credential.collect(link(), null)).rejects.toMatchObject({
      code: 'OFFER_REFUSED',
    });
    expect(asked).not.toContain('/token');
  });

  it.each<[string, string, RegExp, () => string | undefined]>([
    ['no link', 'BAD_OFFER', /not a credential offer/, () => 'hello'],
    [
      'a link without an offer',
      'BAD_OFFER',
      /not a credential offer/,
      () => 'openid-credential-offer://?x=1',
    ],
    ['too long', 'BAD_OFFER', /longer than/, () => `openid-credential-offer://?x=${'a'.repeat(9_000)}`],
    ['JSON of another kind', 'BAD_OFFER', /not a credential offer/, () => `{"code":"${code}"}`],
    [
      'a broken one with its code inside',
      'BAD_OFFER',
      /not a credential offer/,
      () => `openid-credential-offer://?credential_offer=%7B"code":"${code}"`,
    ],
    [
      'an offer by a file on this machine',
      'ISSUER_UNREACHABLE',
      /not https/,
      () => 'openid-credential-offer://?credential_offer_uri=file%3A%2F%2F%2Fetc%2Fpasswd',
    ],
    [
      'an offer in the clear',
      'ISSUER_UNREACHABLE',
      /not https/,
      () => 'openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fexample.com%2Foffer',
    ],
    [
      'an issuer in the clear',
      'ISSUER_UNREACHABLE',
      /not https/,
      () => JSON.stringify(offer({ credential_issuer: 'http://example.com' })),
    ],
    [
      'no code',
      'BAD_OFFER',
      /pre-authorized/,
      () => JSON.stringify(offer({ grants: { authorization_code: {} } })),
    ],
    [
      'only what agents do not show each other',
      'BAD_OFFER',
      /wotid_hybrid/,
      () => JSON.stringify(offer({ credential_configuration_ids: ['other'] })),
    ],
    [
      'what the issuer does not know',
      'BAD_OFFER',
      /wotid_hybrid/,
      () => JSON.stringify(offer({ credential_configuration_ids: ['unknown'] })),
    ],
    [
      'a missing offer',
      'BAD_OFFER',
      /not a credential offer/,
      () => void (answers['/offer'] = json({ error: code }, 404)),
    ],
  ])('that is %s is refused before its code is used', async (_name, expected, reason, prepare) => {
    await expectRefused(expected, reason, prepare() ?? link());
    expect(asked).not.toContain('/token');
  });
});

describe('an issuer', () => {
  it('that nobody has pinned is asked for nothing but its name', async () => {
    const stranger = IdentityKeys.generate(provider);
    const other = createIssuer({
      provider,
      signer: createLocalSigner({ provider, ed25519: stranger.ed25519, mlDsa87: stranger.mlDsa87 }),
    });
    answers['/.well-known/wotid-issuer'] = json(JSON.parse(encodeTrustedIssuer(other.trustedIssuer)));
    await expectRefused('UNTRUSTED_ISSUER', /not trusted/);
    expect(asked).toEqual(['/offer', '/.well-known/wotid-issuer']);
    answers['/.well-known/wotid-issuer'] = json({}, 404);
    await expectRefused('ISSUER_UNREACHABLE', /404/);
    answers['/.well-known/wotid-issuer'] = json({ did: 'did:web:a' });
    await expectRefused('BAD_TRUST_FILE', /missing/);
  });

  it.each<[string, string, RegExp, () => void]>([
    [
      'metadata of another issuer',
      'BAD_OFFER',
      /metadata/,
      () =>
        void (answers['/.well-known/openid-credential-issuer'] = json(
          metadata({ credential_issuer: 'https://other.example' }),
        )),
    ],
    [
      'no metadata',
      'BAD_OFFER',
      /metadata/,
      () => void (answers['/.well-known/openid-credential-issuer'] = json({}, 500)),
    ],
    [
      'an endless answer',
      'ISSUER_UNREACHABLE',
      /larger/,
      () =>
        void (answers['/offer'] = (_, response) =>
          void response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(Buffer.alloc(maxWebAnswerBytes + 1, 0x20))),
    ],
    [
      'a redirect',
      'ISSUER_UNREACHABLE',
      /redirect|cannot be asked/,
      () =>
        void (answers['/offer'] = (_, response) =>
          void response.writeHead(302, { location: `${origin}/elsewhere` }).end()),
    ],
    [
      'a connection that breaks',
      'ISSUER_UNREACHABLE',
      /cannot be asked/,
      () => void (answers['/token'] = (request) => void request.socket.destroy()),
    ],
    [
      'a wrong code',
      'OFFER_REFUSED',
      /the code is wrong/,
      () =>
        void (answers['/token'] = json(
          { error: 'invalid_grant', error_description: 'the code is wrong' },
          400,
        )),
    ],
    [
      'words that would upset a terminal',
      'OFFER_REFUSED',
      /refuses: invalid_grant$/,
      () =>
        void (answers['/token'] = json(
          { error: 'invalid_grant', error_description: '\u001b[2Jyou have won' },
          400,
        )),
    ],
    [
      'a refusal that is no OAuth',
      'OFFER_REFUSED',
      /unknown_error/,
      () => void (answers['/token'] = json({ detail: code }, 500)),
    ],
    [
      'a refusal of the proof',
      'OFFER_REFUSED',
      /nonce is old/,
      () =>
        void (answers['/credential'] = json(
          { error: 'invalid_nonce', error_description: 'the nonce is old' },
          400,
        )),
    ],
    ['no credential', 'OFFER_REFUSED', /something else/, () => {}],
    ['no nonce', 'OFFER_REFUSED', /unknown_error/, () => void (answers['/nonce'] = json({}))],
    [
      'an endpoint in the clear elsewhere',
      'ISSUER_UNREACHABLE',
      /not https/,
      () =>
        void (answers['/.well-known/openid-credential-issuer'] = json(
          metadata({ credential_endpoint: 'http://example.com/credential' }),
        )),
    ],
  ])('with %s is given up on, saying why', async (_name, expected, reason, prepare) => {
    prepare();
    await expectRefused(expected, reason);
  });

  it('is collected although the answer is lost on the way, and the issuer cannot sign for a moment', async () => {
    const bob = await network.person({ credential: false, mailbox: false, funded: false });
    bob.agent.trust.add(encodeTrustedIssuer(issuer.trustedIssuer));
    const { credential } = await credentialOf(issuer, bob);
    let nonces = 0;
    answers['/nonce'] = (request, response) => json({ c_nonce: `nonce ${++nonces}` })(request, response);
    const taken: [string | undefined, unknown][] = [];
    answers['/credential'] = (request, response) =>
      void body(request).then((text) => {
        const [, claims = ''] = (JSON.parse(text) as { proofs: { jwt: [string] } }).proofs.jwt[0].split('.');
        const { nonce } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { nonce: string };
        taken.push([request.headers.authorization, nonce]);
        if (taken.length === 1) response.destroy();
        else if (taken.length === 2) json({ title: 'later' }, 503)(request, response);
        else json({ credentials: [{ credential }] })(request, response);
      });
    await bob.agent.credential.collect(JSON.stringify(offer()), txCode);
    expect(await bob.agent.credential.verify(null)).toMatchObject({ ok: true });
    expect(asked.filter((path) => path === '/token')).toHaveLength(1);
    expect(new Set(taken.map(([token]) => token)).size).toBe(1);
    expect(taken.map(([, nonce]) => nonce)).toEqual(['nonce 1', 'nonce 2', 'nonce 3']);
  });

  it('that is used up leaves its credential, also while nobody can say whether it is revoked', async () => {
    const bob = await network.person({ credential: false, mailbox: false, funded: false });
    const listed = createIssuer({ provider, signer, statusOrigin: origin });
    bob.agent.trust.add(encodeTrustedIssuer(listed.trustedIssuer));
    const status = { statusListCredential: `${origin}/status/1`, statusListIndex: 1 };
    const { credential } = await credentialOf(listed, bob, status);
    answers['/credential'] = json({ credentials: [{ credential }] });
    answers['/status/1'] = json({}, 503);
    expect(await bob.agent.credential.collect(JSON.stringify(offer()), txCode)).toMatchObject({
      subject: bob.did,
    });
    expect(bob.agent.credential.bytes()).not.toBeNull();
    expect(await bob.agent.credential.verify(null)).toMatchObject({ ok: false, result: 'STATUS_UNKNOWN' });
  });

  it('that gives a credential of somebody else’s is not believed', async () => {
    const bob = await network.person({ credential: false, mailbox: false, funded: false });
    const { credential } = await issuer.issueCredential('wotid_hybrid', {
      subjectDid: bob.did,
      idFp: new Uint8Array(32),
      nowMs: Date.now(),
      validForMs: 86_400_000,
      evidence: [{ method: 'test', policy: 'none' }],
    });
    answers['/credential'] = json({ credentials: [{ credential }] });
    await expectRefused('BAD_CREDENTIAL', /another DID/);
  });

  it('that tells what others pin is pinned only when asked to', async () => {
    const found = await alice.agent.fetchIssuer(origin);
    expect(found).toMatchObject({
      did: issuer.did,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(await alice.agent.fetchIssuer(`${origin}/.well-known/wotid-issuer`)).toEqual(found);
    await expect(alice.agent.fetchIssuer('http://example.com')).rejects.toMatchObject({
      code: 'ISSUER_UNREACHABLE',
    });
    await expect(alice.agent.fetchIssuer('nonsense')).rejects.toMatchObject({ code: 'ISSUER_UNREACHABLE' });
  });
});
