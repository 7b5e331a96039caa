/** The issuer on both databases: what it issues verifies, each code works once, and one human has one credential. */
import { verifyCredential as verifyVcJwt } from 'did-jwt-vc';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createIssuer,
  credentialFormats,
  encodeEnvelope,
  parseGeneralJws,
  parsePresented,
  policyOfLevel,
  verifyCredential,
  verifyStatusList,
  type CredentialVerdict,
  type JsonObject,
} from '@wotid/credential';
import { identityFingerprint } from '@wotid/crypto';
import { nonceHousekeeping } from '../src/database/used-nonces.ts';
import { issuerHousekeeping } from '../src/issuer/housekeeping.ts';
import { describeDatabases } from './databases.ts';
import {
  ask,
  call,
  codeOf,
  collect,
  createWorld,
  invite,
  nonceOf,
  preAuthorized,
  provider,
  publicUrl,
  resolver,
  signer,
  statusTtlMs,
  tokenFor,
  Wallet,
  type World,
} from './world.ts';

const pinned = createIssuer({ provider, signer, statusOrigin: publicUrl }).trustedIssuer;

describeDatabases('issuer', (create) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(create);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Whether a status entry is revoked, by the list that the service serves now. */
  async function isRevoked({
    statusListCredential,
    statusListIndex,
  }: {
    statusListCredential: string;
    statusListIndex: number;
  }): Promise<boolean> {
    const path = new URL(statusListCredential).pathname;
    const answer = await world.service.app.request(path, { headers: { accept: 'application/jose+json' } });
    expect(answer.status).toBe(200);
    const list = await verifyStatusList(provider, await answer.text(), statusListCredential, pinned);
    return list.bits.get(statusListIndex);
  }

  async function verified(credential: unknown, wallet: Wallet): Promise<CredentialVerdict> {
    const bytes =
      typeof credential === 'string'
        ? Buffer.from(credential)
        : encodeEnvelope(parseGeneralJws(credential as JsonObject));
    return verifyCredential(bytes, {
      provider,
      resolver,
      trustedIssuers: [pinned],
      expectedSubject: wallet.did,
      idFp: identityFingerprint(provider, wallet.block),
      nowMs: world.clock.nowMs(),
      policy: typeof credential === 'string' ? policyOfLevel[1] : policyOfLevel[3],
      status: { isRevoked },
    });
  }

  it('gives a wot.id identity its credential, which verifies at the highest level', async () => {
    const wallet = new Wallet();
    const credential = await collect(world, 'NL passport 1', wallet);
    expect(await verified(credential, wallet)).toMatchObject({
      ok: true,
      claims: {
        issuer: signer.did,
        evidence: [{ method: 'in-person', policy: 'passport seen' }],
        status: {
          statusListCredential: expect.stringMatching(/^https:\/\/id\.example\/status\/\d+$/) as string,
        },
      },
    });
  });

  it('gives each format once for the same DID, all revoked as one', async () => {
    const { service, clock } = world;
    const wallet = new Wallet();
    const token = await tokenFor(service, await invite(world, 'NL passport 2'));
    const { body: metadata } = await call(service, 'GET', '/.well-known/openid-credential-issuer');
    const entries = Object.entries(
      (metadata as { credential_configurations_supported: Record<string, { format: string }> })
        .credential_configurations_supported,
    );
    expect(entries.map(([, { format }]) => format)).toEqual(credentialFormats);
    const places = new Set<string>();
    for (const [configuration, { format }] of entries) {
      const proof = async (): Promise<string> => wallet.proof(await nonceOf(service), clock.nowMs());
      const answer = await ask(service, token, await proof(), configuration);
      expect(answer.status).toBe(200);
      const { credential } = (answer.body as { credentials: [{ credential: string | object }] })
        .credentials[0];
      if (format === 'wotid_hybrid') expect(await verified(credential, wallet)).toMatchObject({ ok: true });
      if (format === 'jwt_vc_json') {
        const { verifiableCredential } = await verifyVcJwt(credential as string, resolver, {
          policies: { now: Math.floor(clock.nowMs() / 1_000) },
        });
        expect(verifiableCredential.credentialSubject['id']).toBe(wallet.did);
      }
      const presented = parsePresented(
        provider,
        typeof credential === 'string'
          ? Buffer.from(credential)
          : encodeEnvelope(parseGeneralJws(credential as JsonObject)),
      );
      places.add(JSON.stringify(presented.claims.status));
      expect((await ask(service, token, await proof(), configuration)).body).toEqual(answer.body);
    }
    expect(places.size).toBe(1);
    const another = new Wallet();
    const foreign = await ask(
      service,
      token,
      another.proof(await nonceOf(service), clock.nowMs()),
      'verified_human_jwt',
    );
    expect(foreign.body).toMatchObject({ error: 'credential_request_denied' });
  });

  it('binds a plain wallet’s key, and asks a wot.id identity for all of its keys', async () => {
    const { service, clock } = world;
    const wallet = new Wallet();
    const token = await tokenFor(service, await invite(world, 'NL passport 3'));
    const proof = async (): Promise<string> =>
      wallet.plainProof({ nonce: await nonceOf(service), iat: Math.floor(clock.nowMs() / 1_000) });
    const refused = await ask(service, token, await proof(), 'verified_human_hybrid');
    expect([refused.status, refused.body]).toMatchObject([400, { error: 'invalid_proof' }]);
    const answer = await ask(service, token, await proof(), 'verified_human_jwt');
    expect(answer.status).toBe(200);
  });

  it('replaces a human’s earlier credential, whatever the spelling of who it is', async () => {
    const first = new Wallet();
    const second = new Wallet();
    const old = await collect(world, 'DE Ausweis  L01X00T47', first);
    expect(await verified(old, first)).toMatchObject({ ok: true });
    const fresh = await collect(world, ' de ausweis l01x00t47', second);
    expect(await verified(fresh, second)).toMatchObject({ ok: true });
    expect(await verified(old, first)).toMatchObject({ ok: false, code: 'REVOKED' });
    // Zero-width space, soft hyphen, combining grapheme joiner: an operator sees none of them.
    const third = new Wallet();
    const same = await collect(world, 'DE \u200bAusw\u00adeis \u200b L01X\u034f00T47', third);
    expect(await verified(same, third)).toMatchObject({ ok: true });
    expect(await verified(fresh, second)).toMatchObject({ ok: false, code: 'REVOKED' });
  });

  it('gives one DID to one human alone', async () => {
    const { service, clock } = world;
    const wallet = new Wallet();
    await collect(world, 'FR 1', wallet);
    const token = await tokenFor(service, await invite(world, 'FR 2'));
    const answer = await ask(service, token, wallet.proof(await nonceOf(service), clock.nowMs()));
    expect(answer.body).toMatchObject({ error: 'credential_request_denied' });
  });

  it('takes both codes once, wherever the other try comes from', async () => {
    const other = await world.again();
    const offer = await invite(world, 'once');
    const code = await codeOf(world.service, offer.id);
    const form = { grant_type: preAuthorized, 'pre-authorized_code': code, tx_code: offer.txCode };
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        call(index % 2 === 0 ? world.service : other, 'POST', '/token', { form }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 400, 400, 400, 400, 400]);
    expect(answers.find(({ status }) => status === 400)?.body).toMatchObject({ error: 'invalid_grant' });
    expect((await call(other, 'GET', `/offers/${offer.id}`)).status).toBe(404);
  });

  it('takes a token back whose codes come a second time', async () => {
    const { service, clock } = world;
    const offer = await invite(world, 'leaked');
    const code = await codeOf(service, offer.id);
    const token = await tokenFor(service, offer);
    const form = { grant_type: preAuthorized, 'pre-authorized_code': code };
    expect((await call(service, 'POST', '/token', { form: { ...form, tx_code: '000000x' } })).status).toBe(
      400,
    );
    const wallet = new Wallet();
    expect((await call(service, 'POST', '/token', { form: { ...form, tx_code: offer.txCode } })).status).toBe(
      400,
    );
    const answer = await ask(service, token, wallet.proof(await nonceOf(service), clock.nowMs()));
    expect([answer.status, answer.body]).toMatchObject([401, { error: 'invalid_token' }]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  it('lets a transaction code be tried five times among all instances, then the offer is void', async () => {
    const other = await world.again();
    const offer = await invite(world, 'guessed');
    const code = await codeOf(world.service, offer.id);
    const form = { grant_type: preAuthorized, 'pre-authorized_code': code };
    const wrong = offer.txCode === '123456' ? '654321' : '123456';
    const tries = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        call(index % 2 === 0 ? world.service : other, 'POST', '/token', {
          form: { ...form, tx_code: wrong },
        }),
      ),
    );
    const told = tries.filter(({ body }) => /transaction code is wrong/.test(JSON.stringify(body)));
    expect(told.length).toBe(5);
    const late = await call(world.service, 'POST', '/token', { form: { ...form, tx_code: offer.txCode } });
    expect(late.body).toMatchObject({ error: 'invalid_grant' });
  });

  it('accepts a nonce once, also after a restart and at another instance', async () => {
    const { service, clock } = world;
    const wallet = new Wallet();
    const nonce = await nonceOf(service);
    const first = await tokenFor(service, await invite(world, 'nonce 1'));
    expect((await ask(service, first, wallet.proof(nonce, clock.nowMs()))).status).toBe(200);
    const restarted = await world.again();
    const second = await tokenFor(restarted, await invite(world, 'nonce 2'));
    const replayed = await ask(restarted, second, new Wallet().proof(nonce, clock.nowMs()));
    expect([replayed.status, replayed.body]).toMatchObject([400, { error: 'invalid_nonce' }]);
    // The token is as good as before: nothing advanced.
    expect(
      (await ask(restarted, second, new Wallet().proof(await nonceOf(service), clock.nowMs()))).status,
    ).toBe(200);
  });

  it('leaves one credential when two instances issue to the same human at the same time', async () => {
    const other = await world.again();
    const wallets = Array.from({ length: 6 }, () => new Wallet());
    const answers = await Promise.all(
      wallets.map(async (wallet, index) => {
        const service = index % 2 === 0 ? world.service : other;
        const token = await tokenFor(service, await invite(world, 'racer'));
        return ask(service, token, wallet.proof(await nonceOf(service), world.clock.nowMs()));
      }),
    );
    const verdicts = await Promise.all(
      answers.map(({ status, body }, index) => {
        expect(status).toBe(200);
        const { credential } = (body as { credentials: [{ credential: object }] }).credentials[0];
        return verified(credential, wallets[index] as Wallet);
      }),
    );
    expect(verdicts.filter(({ ok }) => ok).length).toBe(1);
  });

  it('gives no two credentials the same status entry', async () => {
    const other = await world.again();
    const places = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const service = index % 2 === 0 ? world.service : other;
        const wallet = new Wallet();
        const token = await tokenFor(service, await invite(world, `place ${index}`));
        const { body } = await ask(service, token, wallet.proof(await nonceOf(service), world.clock.nowMs()));
        const { credential } = (body as { credentials: [{ credential: object }] }).credentials[0];
        const { claims } = parsePresented(
          provider,
          encodeEnvelope(parseGeneralJws(credential as JsonObject)),
        );
        return `${claims.status?.statusListCredential}#${claims.status?.statusListIndex}`;
      }),
    );
    expect(new Set(places).size).toBe(12);
  });

  it('revokes at an operator’s word, in the list at once and in the log', async () => {
    const { service, operatorToken: token } = world;
    const wallet = new Wallet();
    const credential = await collect(world, 'revoked', wallet);
    const { body } = await call(
      service,
      'GET',
      `/admin/credentials?subject=${encodeURIComponent(wallet.did)}`,
      { token },
    );
    const [{ id }] = (body as { credentials: [{ id: string }] }).credentials;
    const revoke = (): ReturnType<typeof call> =>
      call(service, 'POST', `/admin/credentials/${id}/revoke`, { token, json: { reason: 'lost keys' } });
    expect([(await revoke()).status, (await revoke()).status]).toEqual([200, 409]);
    expect(await verified(credential, wallet)).toMatchObject({ ok: false, code: 'REVOKED' });
    const { body: log } = await call(service, 'GET', '/admin/audit', { token });
    expect(JSON.stringify(log)).toContain('lost keys');
    expect(JSON.stringify(log)).not.toContain('passport 1');
  });

  it('serves status lists in three forms, signed anew with each ttl', async () => {
    const { service, clock } = world;
    const get = (accept?: string): ReturnType<typeof call> =>
      call(service, 'GET', '/status/1', accept === undefined ? {} : { headers: { accept } });
    for (const [accept, type] of [
      [undefined, 'application/vc+jwt'],
      ['*/*', 'application/vc+jwt'],
      ['application/jose+json', 'application/jose+json'],
      ['application/statuslist+jwt', 'application/statuslist+jwt'],
      ['text/html;q=0.9, application/jose+json;q=0.8', 'application/jose+json'],
    ] as const) {
      const answer = await get(accept);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
    }
    expect((await get('text/html')).status).toBe(406);
    expect((await call(service, 'GET', '/status/999')).status).toBe(404);
    const before = await get();
    clock.advance(statusTtlMs - 1);
    expect((await get()).body).toBe(before.body);
    clock.advance(1);
    expect((await get()).body).not.toBe(before.body);
  });

  it('hands out the same signed list at every instance, never one dated before another', async () => {
    const clock = { nowMs: () => world.clock.nowMs() - 20_000 };
    const behind = await world.again({ clock });
    const issuedAt = async (service: typeof behind): Promise<number> => {
      const text = await (await service.app.request('/status/1')).text();
      return (JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as { iat: number })
        .iat;
    };
    const answers: string[] = [];
    for (const service of [world.service, behind, world.service]) {
      answers.push(await (await service.app.request('/status/1')).text());
    }
    expect(new Set(answers).size).toBe(1);
    const before = await issuedAt(world.service);
    await world.database.query('UPDATE status_list SET version = version + 1');
    expect(await issuedAt(behind)).toBeGreaterThanOrEqual(before);
    world.clock.advance(statusTtlMs);
    const fresh: number[] = [];
    for (const service of [world.service, behind, world.service, behind]) fresh.push(await issuedAt(service));
    expect(new Set(fresh).size).toBe(1);
    expect(fresh[0]).toBeGreaterThan(before);
  });

  it('dates lists by the clock of the database, whatever an instance takes for the time', async () => {
    const { clock, database } = world;
    const [ahead, behind] = [
      await world.again({ clock: { nowMs: () => clock.nowMs() + 1_200_000 } }),
      await world.again({ clock: { nowMs: () => clock.nowMs() - 1_200_000 } }),
    ];
    const [{ list } = { list: 0 }] = await database.query<{ list: number }>(
      'INSERT INTO status_list (entries) VALUES (131072) RETURNING id AS list',
    );
    const issuedAt = async (service: typeof ahead): Promise<number> => {
      const text = await (await service.app.request(`/status/${list}`)).text();
      return (JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as { iat: number })
        .iat;
    };
    const touch = (): Promise<unknown> =>
      database.query('UPDATE status_list SET version = version + 1 WHERE id = $1', [list]);
    for (const service of [ahead, behind, ahead, world.service]) {
      clock.advance(1_000);
      await touch();
      expect(await issuedAt(service)).toBe(Math.floor(clock.nowMs() / 1_000));
    }
    // The database's clock was set back. A little: no copy is dated before one that verifiers have.
    const dated = async (aheadMs: number): Promise<number> => {
      await database.query('UPDATE status_list SET signed_at_ms = $2 WHERE id = $1', [
        list,
        clock.nowMs() + aheadMs,
      ]);
      await touch();
      return ((await issuedAt(world.service)) - Math.floor(clock.nowMs() / 1_000)) * 1_000;
    };
    expect(await dated(20_000)).toBe(20_000);
    // By more than verifiers forgive: they have refused those copies, and get right ones again.
    expect(await dated(301_000)).toBe(0);
    const forms = JSON.stringify({ jwt: 'from the future' });
    await database.query('UPDATE status_list SET signed_at_ms = $2, signed_forms = $3::jsonb WHERE id = $1', [
      list,
      clock.nowMs() + 3_600_000,
      forms,
    ]);
    expect(await issuedAt(world.service)).toBe(Math.floor(clock.nowMs() / 1_000));
  });

  it('forgets offers, tokens and nonces in time, and nothing else', async () => {
    const { service, clock, database } = world;
    const offer = await invite(world, 'late');
    const code = await codeOf(service, offer.id);
    const token = await tokenFor(service, await invite(world, 'slow'));
    const nonce = await nonceOf(service);
    clock.advance(300_000);
    const stale = await ask(service, token, new Wallet().proof(nonce, clock.nowMs()));
    expect(stale.body).toMatchObject({ error: 'invalid_nonce' });
    clock.advance(300_000);
    const expired = await ask(service, token, new Wallet().proof(await nonceOf(service), clock.nowMs()));
    expect(expired.status).toBe(401);
    clock.advance(7 * 86_400_000);
    expect((await call(service, 'GET', `/offers/${offer.id}`)).status).toBe(404);
    const late = await call(service, 'POST', '/token', {
      form: { grant_type: preAuthorized, 'pre-authorized_code': code, tx_code: offer.txCode },
    });
    expect(late.body).toMatchObject({ error: 'invalid_grant' });
    const count = async (table: string): Promise<unknown> =>
      (await database.query(`SELECT count(*)::int AS n FROM ${table}`))[0]?.['n'];
    const credentials = await count('credential');
    clock.advance(31 * 86_400_000);
    for (const { run } of [nonceHousekeeping(database, clock), ...issuerHousekeeping(database, [], clock)]) {
      await run();
    }
    expect([await count('used_nonce'), await count('access_token'), await count('offer')]).toEqual([0, 0, 0]);
    expect(await count('credential')).toBe(credentials);
  });
});
