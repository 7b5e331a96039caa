/** An issuer with a did:web: its document, the rotation of its keys on several instances, and the end of a stolen key. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '@wotid/core';
import {
  encodeEnvelope,
  followKeySuccession,
  issuerFingerprint,
  parseGeneralJws,
  parseTrustedIssuer,
  policyOfLevel,
  Resolver,
  verifyCredential,
  verifyStatusList,
  type CredentialVerdict,
  type JsonObject,
  type TrustedIssuer,
} from '@wotid/credential';
import { identityFingerprint } from '@wotid/crypto';
import { VirtualClock } from '@wotid/testkit';
import { hasIssuerKeys, IssuerKeyring, type Database, type IdentityService } from '../src/index.ts';
import { createEmbedded, describeDatabases, type TestDatabase } from './databases.ts';
import {
  ask,
  call,
  collect,
  createWorld,
  invite,
  nonceOf,
  provider,
  publicUrl,
  secret,
  signer,
  statusTtlMs,
  tokenFor,
  Wallet,
  type World,
} from './world.ts';

const did = 'did:web:id.example';
const open = (database: Database, more: object = {}): Promise<IssuerKeyring> =>
  IssuerKeyring.open({ provider, database, secret, did, clock: systemClock, ...more });

describeDatabases('an issuer that rotates its keys', (create) => {
  let world: World;
  let other: IdentityService;
  const keyrings: IssuerKeyring[] = [];
  /** As somebody pinned it before the first rotation. */
  let pinned: TrustedIssuer;
  const holders = new Map<number, { readonly wallet: Wallet; readonly credential: unknown }>();

  beforeAll(async () => {
    world = await createWorld(create, {}, async (database, clock) => {
      const keyring = await open(database, { clock });
      keyrings.push(keyring);
      return { signer: keyring, keyring, secret, statusTtlMs };
    });
    other = await world.again();
    pinned = await trustFile(world.service);
    await issue(1);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    for (const keyring of keyrings) keyring[Symbol.dispose]();
  });

  const trustFile = async (service: IdentityService): Promise<TrustedIssuer> =>
    parseTrustedIssuer(JSON.stringify((await call(service, 'GET', '/.well-known/wotid-issuer')).body));
  const documentOf = async (service: IdentityService): Promise<Record<string, never>> =>
    (await call(service, 'GET', '/.well-known/did.json')).body as Record<string, never>;
  const admin = (method: string, path: string, json?: unknown, service = world.service) =>
    call(service, method, path, { token: world.operatorToken, ...(json !== undefined && { json }) });
  async function issue(set: number, service = world.service): Promise<void> {
    const wallet = new Wallet();
    const credential = await collect(
      { ...world, service },
      `human of set ${set} ${service === other}`,
      wallet,
    );
    holders.set(set, { wallet, credential });
  }
  async function statusKid(service: IdentityService): Promise<string> {
    const { body } = await call(service, 'GET', '/status/1', { headers: { accept: 'application/vc+jwt' } });
    return kidOf(String(body));
  }
  /** What somebody who pinned `issuer` makes of a credential, with document and lists as an instance serves them now. */
  async function verdict(set: number, issuer: TrustedIssuer, service = other): Promise<CredentialVerdict> {
    const { wallet, credential } = holders.get(set) as { wallet: Wallet; credential: JsonObject };
    return verifyCredential(encodeEnvelope(parseGeneralJws(credential)), {
      provider,
      resolver: new Resolver({
        web: async () => ({
          didDocument: (await documentOf(service)) as never,
          didDocumentMetadata: {},
          didResolutionMetadata: {},
        }),
      }),
      trustedIssuers: [issuer],
      expectedSubject: wallet.did,
      idFp: identityFingerprint(provider, wallet.block),
      nowMs: world.clock.nowMs(),
      policy: policyOfLevel[3],
      status: {
        isRevoked: async ({ statusListCredential: url, statusListIndex }, by) => {
          const answer = await service.app.request(new URL(url).pathname, {
            headers: { accept: 'application/jose+json' },
          });
          return (await verifyStatusList(provider, await answer.text(), url, by)).bits.get(statusListIndex);
        },
      },
    });
  }
  async function followAll(from: TrustedIssuer, service = other): Promise<TrustedIssuer> {
    for (let issuer = from; ;) {
      const path = `/.well-known/wotid-issuer/successions/${issuer.succession + 1}`;
      const answer = await service.app.request(path);
      if (answer.status === 404) return issuer;
      expect(answer.headers.get('content-type')).toBe('application/jose+json');
      issuer = followKeySuccession(provider, await answer.text(), issuer);
    }
  }

  it('serves its document as JSON of the asked kind, and resolves it', async () => {
    expect(pinned).toMatchObject({ did, succession: 1, formerKeys: [], statusOrigin: publicUrl });
    const answer = await call(world.service, 'GET', '/.well-known/did.json');
    expect(answer.headers.get('content-type')).toBe('application/did+json');
    expect(answer.body).toMatchObject({
      id: did,
      assertionMethod: [`${did}#ed25519-1`, `${did}#ml-dsa-87-1`],
      verificationMethod: [
        { id: `${did}#ed25519-1`, controller: did, publicKeyJwk: { kty: 'OKP', crv: 'Ed25519' } },
        { id: `${did}#ml-dsa-87-1`, controller: did, publicKeyJwk: { kty: 'AKP', alg: 'ML-DSA-87' } },
      ],
    });
    for (const accept of ['application/did+ld+json', 'application/did', 'application/json']) {
      const { headers } = await call(world.service, 'GET', '/.well-known/did.json', { headers: { accept } });
      expect(headers.get('content-type')).toBe(accept);
    }
    const resolved = await call(world.service, 'GET', `/1.0/identifiers/${did}`);
    expect(resolved.body).toEqual(answer.body);
    const elsewhere = await call(world.service, 'GET', '/1.0/identifiers/did:web:other.example');
    expect(elsewhere.status).toBe(501);
    expect(await verdict(1, pinned)).toMatchObject({ ok: true });
  });

  it('signs with new keys on every instance as soon as one has rotated, and what was signed before stays good', async () => {
    expect(await statusKid(other)).toBe(`${did}#ed25519-1`);
    for (const set of [2, 3, 4]) {
      const rotated = await admin('POST', '/admin/keys/rotate', undefined, set === 3 ? other : world.service);
      expect(rotated).toMatchObject({ status: 200, body: { did, set } });
      const now = await trustFile(other);
      expect((rotated.body as { fingerprint: string }).fingerprint).toBe(issuerFingerprint(provider, now));
      expect(now).toEqual(await trustFile(world.service));
      // Without waiting for anything, on the instance that was not asked too.
      await issue(set, set === 3 ? world.service : other);
      expect(await statusKid(world.service)).toBe(`${did}#ed25519-${set}`);
      expect(await statusKid(other)).toBe(`${did}#ed25519-${set}`);
      const { credential } = holders.get(set) as { credential: { signatures: { protected: string }[] } };
      expect(credential.signatures.map(({ protected: header }) => kidOf(header))).toEqual([
        `${did}#ed25519-${set}`,
        `${did}#ml-dsa-87-${set}`,
      ]);
    }
    const now = await followAll(pinned);
    expect(now).toEqual(await trustFile(other));
    expect(now).toMatchObject({ succession: 4, formerKeys: { length: 3 } });
    for (const set of [1, 2, 3, 4]) expect([set, await verdict(set, now)]).toMatchObject([set, { ok: true }]);
    // Who has not followed notices, and believes nothing new.
    expect(await verdict(4, pinned)).toMatchObject({ ok: false, failed: 'classicalSignature' });
    expect(await verdict(1, pinned)).toMatchObject({ ok: false, failed: 'status' });
  });

  it('keeps no private key that has handed over', async () => {
    const rows = await world.database.query<{ number: number; gone: boolean; size: number }>(
      'SELECT number, sealed_seeds IS NULL AS gone, length(sealed_seeds) AS size FROM issuer_key_set ORDER BY number',
    );
    expect(rows.map(({ gone }) => gone)).toEqual([true, true, true, false]);
    const former = keyrings[0]?.history.formerKeys[0]?.[0];
    await expect(keyrings[0]?.sign(former as never, new Uint8Array(8))).rejects.toThrow(/signs no more/);
    await expect(keyrings[0]?.rotate(() => Promise.reject(new Error('no audit')))).rejects.toThrow(
      'no audit',
    );
    expect(await statusKid(other)).toBe(`${did}#ed25519-4`);
  });

  it('ends a stolen key: what it has signed is refused, by who followed and by who only looks into the document', async () => {
    const before = await followAll(pinned);
    const retire = (set: number): ReturnType<typeof admin> =>
      admin('POST', `/admin/keys/${set}/retire`, { reason: 'a backup was lost' });
    expect(await retire(4)).toMatchObject({ status: 409, body: { code: 'KEY_SET_PRESENT' } });
    expect(await retire(9)).toMatchObject({ status: 404, body: { code: 'NO_KEY_SET' } });
    const tokens = async (): Promise<number> =>
      (await world.database.query('SELECT 1 FROM directory_token')).length;
    await world.database.query(
      'INSERT INTO directory_token (token_hash, did, id_fp, expires_at_ms) VALUES ($1, $2, $1, $3)',
      [new Uint8Array(32), did, world.clock.nowMs() + 600_000],
    );
    expect(await tokens()).toBe(1);
    expect(await retire(2)).toMatchObject({ status: 200, body: { did, set: 2 } });
    expect(await tokens()).toBe(0);
    expect(await retire(2)).toMatchObject({ status: 404 });
    expect(JSON.stringify(await documentOf(other))).not.toContain('ed25519-2');
    const after = await followAll(before);
    expect(after.succession).toBe(5);
    expect(await verdict(2, after)).toMatchObject({ ok: false, failed: 'classicalSignature' });
    expect(await verdict(2, before)).toMatchObject({ ok: false, failed: 'issuerKey' });
    for (const set of [1, 3, 4]) expect(await verdict(set, after)).toMatchObject({ ok: true });
    expect((await admin('GET', '/admin/keys')).body).toMatchObject({
      sets: [
        { number: 4, state: 'present' },
        { number: 3, state: 'former' },
        { number: 2, state: 'retired', retiredAtMs: expect.any(Number) as number },
        { number: 1, state: 'former' },
      ],
    });
    const { body } = await admin('GET', '/admin/audit');
    const done = (body as { entries: { action: string; subject: string; operator: string }[] }).entries;
    expect(done.filter(({ action }) => action.startsWith('keys.')).map((one) => Object.values(one))).toEqual(
      [2, 3, 4]
        .map((set) => expect.arrayContaining(['ada', 'keys.rotate', String(set)]) as unknown)
        .concat([expect.arrayContaining(['ada', 'keys.retire', '2'])]),
    );
  });

  it('rotates one at a time however many ask, and as often as sets may count', async () => {
    const answers = await Promise.all(
      [world.service, other, world.service, other].map((service) =>
        admin('POST', '/admin/keys/rotate', undefined, service),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const sets = answers.map(({ body }) => (body as { set: number }).set);
    expect(sets.toSorted((a, b) => a - b)).toEqual([6, 7, 8, 9]);
    expect(await admin('POST', '/admin/keys/rotate')).toMatchObject({ status: 200 });
    expect(await admin('POST', '/admin/keys/rotate')).toMatchObject({
      status: 409,
      body: { code: 'KEY_SETS_FULL', hint: expect.stringContaining('keys retire') as string },
    });
    const now = await followAll(pinned);
    expect(now.formerKeys).toHaveLength(7);
    expect(now).toEqual(await trustFile(world.service));
    expect(
      parseTrustedIssuer(JSON.stringify((await call(other, 'GET', '/.well-known/wotid-issuer')).body)),
    ).toEqual(now);
    // The whole document fits what is read of a did:web.
    expect(JSON.stringify(await documentOf(other)).length).toBeLessThan(65_536);
    await issue(10);
    expect(await verdict(10, now)).toMatchObject({ ok: true });
  });

  it('comes back as it was, under its secret and its DID alone', async () => {
    const database = await world.place.open();
    expect(await hasIssuerKeys(database)).toBe(true);
    using again = await open(database);
    expect(again.keys).toEqual(keyrings[0]?.keys);
    await expect(open(database, { did: 'did:web:other.example' })).rejects.toMatchObject({
      code: 'ISSUER_CHANGED',
      hint: expect.stringContaining('--public-url') as string,
    });
    await expect(open(database, { secret: new Uint8Array(32) })).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describeDatabases('an issuer whose keys stay', (create) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(create);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('has no document of a did:web and no successions, and says why it does not rotate', async () => {
    expect(await call(world.service, 'GET', '/.well-known/did.json')).toMatchObject({
      status: 404,
      body: { code: 'NO_DID_WEB' },
    });
    const successions = await call(world.service, 'GET', '/.well-known/wotid-issuer/successions/2');
    expect(successions).toMatchObject({ status: 404, body: { code: 'NO_KEY_SUCCESSION' } });
    for (const [method, path] of [
      ['GET', '/admin/keys'],
      ['POST', '/admin/keys/rotate'],
    ] as const) {
      expect(await call(world.service, method, path, { token: world.operatorToken })).toMatchObject({
        status: 409,
        body: { code: 'KEYS_FIXED', hint: expect.stringContaining('--issuer-did web') as string },
      });
    }
  });

  it('does not lose its credentials to another issuer on its database', async () => {
    const database = await world.place.open();
    const token = await tokenFor(world.service, await invite(world, 'somebody'));
    const wallet = new Wallet();
    const proof = wallet.proof(await nonceOf(world.service), world.clock.nowMs());
    expect((await ask(world.service, token, proof)).status).toBe(200);
    await expect(open(database)).rejects.toMatchObject({ code: 'ISSUER_CHANGED' });
    expect(await hasIssuerKeys(database)).toBe(false);
    expect(signer.did).toMatch(/^did:jwk:/);
  });
});

describe('instances that start together', () => {
  it('make one first set of keys between them', async () => {
    await using place: TestDatabase = await createEmbedded();
    const database = await place.open();
    const clock = new VirtualClock();
    const opened = await Promise.all([1, 2, 3].map(() => open(database, { clock })));
    expect(new Set(opened.map(({ keys }) => JSON.stringify(keys))).size).toBe(1);
    for (const keyring of opened) keyring[Symbol.dispose]();
  });
});

/** The key id in the header of a JWS. */
function kidOf(jws: string): string {
  const header = Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString();
  return (JSON.parse(header) as { kid: string }).kid;
}
