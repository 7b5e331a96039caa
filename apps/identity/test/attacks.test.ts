/** What strangers, thieves and careless wallets try with the issuer. Each is refused, and the service goes on. */
import { generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { didJwkMethod, ed25519Jwk, mlDsa87Jwk, Resolver, type CredentialSigner } from '@wotid/credential';
import { createEmbedded } from './databases.ts';
import {
  ask,
  call,
  codeOf,
  createWorld,
  invite,
  nonceOf,
  preAuthorized,
  publicUrl,
  secret,
  signer,
  tokenFor,
  Wallet,
  type World,
} from './world.ts';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Documents of DIDs that a wallet may choose for itself. */
const documents = new Map<string, object>();
const custom = {
  x: async (did: string) => ({
    didResolutionMetadata: documents.has(did) ? {} : { error: 'notFound' },
    didDocument: (documents.get(did) ?? null) as never,
    didDocumentMetadata: {},
  }),
};

let world: World;
let wallet: Wallet;
let token: string;
beforeAll(async () => {
  world = await createWorld(createEmbedded, { resolver: new Resolver({ ...didJwkMethod, ...custom }) });
  wallet = new Wallet();
  token = await tokenFor(world.service, await invite(world, 'attacked'));
});
afterAll(() => world[Symbol.asyncDispose]());

const nowSec = (): number => Math.floor(world.clock.nowMs() / 1_000);
const tryProof = (proof: string): ReturnType<typeof ask> =>
  ask(world.service, token, proof, 'verified_human_jwt');
async function refusal(proof: string): Promise<unknown> {
  const { status, body } = await tryProof(proof);
  return [status, (body as { error: string }).error];
}
const claims = async (more: object = {}): Promise<Record<string, unknown>> => ({
  nonce: await nonceOf(world.service),
  iat: nowSec(),
  ...more,
});

describe('proofs are refused', () => {
  it('without a signature, under whatever name', async () => {
    for (const alg of ['none', 'None', 'NONE', '', null]) {
      const unsigned = `${part({ alg, typ: 'openid4vci-proof+jwt', kid: `${wallet.did}#0` })}.${part({ aud: publicUrl, ...(await claims()) })}.`;
      expect(await refusal(unsigned)).toEqual([400, 'invalid_proof']);
      expect(await refusal(wallet.plainProof(await claims(), { alg }))).toEqual([400, 'invalid_proof']);
    }
  });

  it('when their algorithm is not that of their key', async () => {
    for (const alg of ['HS256', 'ES256', 'RS256', 'ML-DSA-87', 'EdDSA ', 'eddsa']) {
      expect(await refusal(wallet.plainProof(await claims(), { alg }))).toEqual([400, 'invalid_proof']);
    }
    // The public key as an HMAC secret, the classic swap.
    const { createHmac } = await import('node:crypto');
    const input = `${part({ alg: 'HS256', typ: 'openid4vci-proof+jwt', kid: `${wallet.did}#0` })}.${part({ aud: publicUrl, ...(await claims()) })}`;
    const mac = createHmac('sha256', wallet.keys.ed25519.publicKey).update(input).digest('base64url');
    expect(await refusal(`${input}.${mac}`)).toEqual([400, 'invalid_proof']);
  });

  it('when an AKP key, with or without its alg, stands where the holder’s belongs', async () => {
    const jwk = { ...mlDsa87Jwk(wallet.keys.mlDsa87.publicKey) };
    const { alg: _alg, ...withoutAlg } = jwk;
    for (const key of [jwk, withoutAlg, { ...jwk, alg: 'EdDSA' }]) {
      const did = 'did:x:akp';
      documents.set(did, {
        id: did,
        verificationMethod: [{ id: `${did}#0`, type: 'JsonWebKey2020', controller: did, publicKeyJwk: key }],
        authentication: [`${did}#0`],
      });
      for (const header of [{ alg: 'ML-DSA-87' }, { alg: 'EdDSA' }]) {
        const proof = wallet.plainProof(await claims(), { ...header, kid: `${did}#0` });
        expect(await refusal(proof)).toEqual([400, 'invalid_proof']);
        const bare = wallet.plainProof(await claims(), { ...header, kid: undefined, jwk: key });
        expect(await refusal(bare)).toEqual([400, 'invalid_proof']);
      }
    }
  });

  it('when their kid is not exactly a key of a DID that authenticates', async () => {
    const victim = new Wallet();
    const did = 'did:x:thief';
    const method = (id: string, controller: string): object => ({
      id,
      type: 'JsonWebKey2020',
      controller,
      publicKeyJwk: ed25519Jwk(wallet.keys.ed25519.publicKey),
    });
    documents.set(did, {
      id: did,
      verificationMethod: [
        method(`${victim.did}#0`, victim.did),
        method(`${did}#foreign`, victim.did),
        method(`${did}#assert`, did),
      ],
      authentication: [`${victim.did}#0`, `${did}#foreign`],
      assertionMethod: [`${did}#assert`],
    });
    for (const kid of [
      `${victim.did}#0`,
      `${did}#foreign`,
      `${did}#assert`,
      did,
      `${did}#`,
      `${did}?x#foreign`,
      `${did}/x#foreign`,
      `${wallet.did}x#0`,
      `${wallet.did}#0#0`,
      `${wallet.did}#1`,
      `#0`,
      0,
      null,
    ]) {
      expect(await refusal(wallet.plainProof(await claims(), { kid }))).toEqual([400, 'invalid_proof']);
    }
    const both = wallet.plainProof(await claims(), { jwk: ed25519Jwk(wallet.keys.ed25519.publicKey) });
    expect(await refusal(both)).toEqual([400, 'invalid_proof']);
  });

  it('for another audience, of another kind, or from another time', async () => {
    for (const aud of [
      `${publicUrl}/`,
      'https://other.example',
      [publicUrl, 'https://other.example'],
      undefined,
    ]) {
      expect(await refusal(wallet.plainProof(await claims({ aud })))).toEqual([400, 'invalid_proof']);
    }
    for (const typ of ['JWT', undefined, 'vc+jwt']) {
      expect(await refusal(wallet.plainProof(await claims(), { typ }))).toEqual([400, 'invalid_proof']);
    }
    for (const iat of [nowSec() - 301, nowSec() + 301, undefined, 'now', 1.5]) {
      expect(await refusal(wallet.plainProof(await claims({ iat })))).toEqual([400, 'invalid_proof']);
    }
  });

  it('whose nonce is nobody’s, somebody’s else, or changed', async () => {
    const nonce = await nonceOf(world.service);
    const other = await world.again({ issuer: { signer, secret: new Uint8Array(32).fill(9) } });
    const flipped = (nonce[0] === 'A' ? 'B' : 'A') + nonce.slice(1);
    for (const bad of ['x', flipped, `${nonce}=`, await nonceOf(other), nonce.slice(0, -1)]) {
      expect(await refusal(wallet.plainProof(await claims({ nonce: bad })))).toEqual([400, 'invalid_nonce']);
    }
  });

  it('that were changed after they were signed', async () => {
    const proof = wallet.plainProof(await claims());
    const [header = '', payload = '', signature = ''] = proof.split('.');
    const changed = part({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), extra: 1 });
    for (const bad of [
      `${header}.${changed}.${signature}`,
      `${header}.${payload}.${'A'.repeat(86)}`,
      `${proof}.x`,
      proof.slice(0, -4),
    ]) {
      expect(await refusal(bad)).toEqual([400, 'invalid_proof']);
    }
  });
});

describe('proofs are taken', () => {
  it('at exactly 300 seconds, on either side', async () => {
    for (const offset of [-300, 300]) {
      const fresh = await tokenFor(world.service, await invite(world, `skew ${offset}`));
      const holder = new Wallet();
      const proof = holder.plainProof(await claims({ iat: nowSec() + offset }));
      expect((await ask(world.service, fresh, proof, 'verified_human_jwt')).status).toBe(200);
    }
  });

  it('of P-256 keys, as most wallets have', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const fresh = await tokenFor(world.service, await invite(world, 'p256'));
    const input = `${part({ alg: 'ES256', typ: 'openid4vci-proof+jwt', jwk: publicKey.export({ format: 'jwk' }) })}.${part({ aud: publicUrl, ...(await claims()) })}`;
    const signature = nodeSign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const answer = await ask(
      world.service,
      fresh,
      `${input}.${signature.toString('base64url')}`,
      'verified_human_sd_jwt',
    );
    expect(answer.status).toBe(200);
  });
});

describe('requests', () => {
  it('without a token, or with somebody’s guess, get nothing', async () => {
    for (const headers of [
      {},
      { authorization: 'Bearer' },
      { authorization: `Basic ${token}` },
      { authorization: `Bearer ${'A'.repeat(43)}` },
    ]) {
      const answer = await call(world.service, 'POST', '/credential', { headers, json: {} });
      expect([answer.status, answer.body]).toMatchObject([401, { error: 'invalid_token' }]);
    }
  });

  it('that are no credential requests are told so in OAuth’s form', async () => {
    for (const [json, error] of [
      ['[]', 'invalid_credential_request'],
      ['{"a":1,"a":2}', 'invalid_credential_request'],
      [{ proofs: { jwt: [] } }, 'invalid_credential_request'],
      [{ proofs: { jwt: ['x', 'y'] } }, 'invalid_credential_request'],
      [{ proofs: { jwt: ['x'.repeat(20_481)] } }, 'invalid_credential_request'],
      [{ credential_configuration_id: 'nonsense' }, 'unknown_credential_configuration'],
      [{ credential_identifier: 'x' }, 'unknown_credential_identifier'],
      [{ credential_configuration_id: 'verified_human_jwt' }, 'invalid_proof'],
      [
        { credential_configuration_id: 'verified_human_jwt', credential_response_encryption: {} },
        'invalid_encryption_parameters',
      ],
    ] as const) {
      const answer = await call(world.service, 'POST', '/credential', { token, json });
      expect([answer.status, answer.body]).toMatchObject([400, { error }]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('for tokens with codes that are wrong, missing or changed are refused alike', async () => {
    const offer = await invite(world, 'codes');
    const code = await codeOf(world.service, offer.id);
    const other = await invite(world, 'codes 2');
    const [id = '', mac = ''] = code.split('.');
    const form = { grant_type: preAuthorized, 'pre-authorized_code': code, tx_code: offer.txCode };
    for (const [change, error] of [
      [{ 'pre-authorized_code': `${other.id}.${mac}` }, 'invalid_grant'],
      [{ 'pre-authorized_code': id }, 'invalid_grant'],
      [{ 'pre-authorized_code': `${code}.x` }, 'invalid_grant'],
      [{ tx_code: other.txCode === offer.txCode ? '1' : other.txCode }, 'invalid_grant'],
      [{ grant_type: 'authorization_code' }, 'unsupported_grant_type'],
    ] as const) {
      const answer = await call(world.service, 'POST', '/token', { form: { ...form, ...change } });
      expect([answer.status, answer.body]).toMatchObject([400, { error }]);
    }
    const { tx_code: _txCode, ...withoutTxCode } = form;
    const missing = await call(world.service, 'POST', '/token', { form: withoutTxCode });
    expect(missing.body).toMatchObject({ error: 'invalid_request' });
    const asJson = await call(world.service, 'POST', '/token', { json: form });
    expect(asJson.body).toMatchObject({ error: 'invalid_request' });
    expect((await call(world.service, 'POST', '/token', { form })).status).toBe(200);
  });

  it('find nothing of secrets or people in the database', async () => {
    const human = 'Ada Lovelace, 10 December 1815';
    const offer = await invite(world, human);
    const bearer = await tokenFor(world.service, offer);
    const applied = await call(world.service, 'POST', '/applications', {
      json: { human, contact: 'ada@example.org' },
    });
    expect(applied.status).toBe(202);
    const tables = await world.database.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    let dump = '';
    for (const { name } of tables) {
      const rows = await world.database.query(`SELECT * FROM ${name}`);
      dump += JSON.stringify(rows, (_key, value: unknown) =>
        value instanceof Uint8Array
          ? Buffer.from(value).toString('latin1')
          : typeof value === 'bigint'
            ? String(value)
            : value,
      );
    }
    for (const text of [
      'Lovelace',
      'lovelace',
      'ada@example.org',
      bearer,
      offer.txCode,
      world.operatorToken,
      applied.body.token as string,
    ]) {
      expect(dump).not.toContain(text);
    }
  });
});

describe('a signer that fails', () => {
  it('has issued nothing, and the wallet tries again', async () => {
    let isBroken = true;
    const flaky: CredentialSigner = {
      ...signer,
      sign: (key, bytes) => (isBroken ? Promise.reject(new Error('HSM is away')) : signer.sign(key, bytes)),
    };
    const service = await world.again({ issuer: { signer: flaky, secret } });
    const holder = new Wallet();
    const fresh = await tokenFor(service, await invite(world, 'flaky'));
    const attempt = async (): Promise<number> =>
      (await ask(service, fresh, holder.proof(await nonceOf(service), world.clock.nowMs()))).status;
    expect(await attempt()).toBe(503);
    const rows = await world.database.query('SELECT 1 FROM credential WHERE subject_did = $1', [holder.did]);
    expect(rows).toEqual([]);
    isBroken = false;
    expect(await attempt()).toBe(200);
  });
});
