/** A credential whose answer was lost is given again, to whom it was issued and to nobody else; revocation meets issuance. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Clock } from '@wotid/core';
import {
  createHolderProof,
  ed25519Jwk,
  encodeEnvelope,
  parseGeneralJws,
  parsePresented,
  type JsonObject,
} from '@wotid/credential';
import { createIdentityService, type Database } from '../src/index.ts';
import { credentialPageEntries } from '../src/admin/credentials.ts';
import { nonceHousekeeping, usedNonceRetentionMs } from '../src/database/used-nonces.ts';
import { issuerHousekeeping } from '../src/issuer/housekeeping.ts';
import { nonceLifetimeMs } from '../src/issuer/limits.ts';
import { describeDatabases } from './databases.ts';
import {
  ask,
  call,
  createWorld,
  invite,
  nonceOf,
  provider,
  publicUrl,
  resolver,
  secret,
  signer,
  statusTtlMs,
  tokenFor,
  Wallet,
  type Answer,
  type World,
} from './world.ts';

const denied = [400, 'credential_request_denied'];
const refusal = ({ status, body }: Answer): unknown[] => [status, (body as { error?: string }).error];

/** A database that lets a test step in: after a statement of a transaction, and after a transaction. */
function steppedInto(
  database: Database,
  hooks: { after?: (statement: string) => Promise<void>; committed?: () => void },
): Database {
  return {
    kind: database.kind,
    query: (text, values) => database.query(text, values),
    transaction: async (work) => {
      const result = await database.transaction((sql) =>
        work({
          query: async (text, values) => {
            const rows = await sql.query<never>(text, values);
            await hooks.after?.(text);
            return rows;
          },
        }),
      );
      hooks.committed?.();
      return result;
    },
    nowMs: () => database.nowMs(),
    close: () => database.close(),
    [Symbol.asyncDispose]: () => database.close(),
  };
}

describeDatabases('a credential', (create) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(create);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const proofOf = async (wallet: Wallet): Promise<string> =>
    wallet.proof(await nonceOf(world.service), world.clock.nowMs());
  const register = async (
    wallet: Wallet,
  ): Promise<{ id: string; format: string; revokedAtMs: number | null }[]> => {
    const path = `/admin/credentials?subject=${encodeURIComponent(wallet.did)}`;
    const { body } = await call(world.service, 'GET', path, { token: world.operatorToken });
    return (body as { credentials: [] }).credentials;
  };
  const revoke = (id: string, service = world.service): Promise<Answer> =>
    call(service, 'POST', `/admin/credentials/${encodeURIComponent(id)}/revoke`, {
      token: world.operatorToken,
      json: { reason: 'test' },
    });

  it('is given again when its answer was lost on the way', async () => {
    const wallet = new Wallet();
    let lose: (() => void) | undefined;
    let statements = '';
    const database = steppedInto(world.database, {
      after: async (statement) => void (statements += statement),
      committed: () => {
        if (statements.includes('INSERT INTO credential_copy')) lose?.();
      },
    });
    await using service = createIdentityService({
      database,
      port: 0,
      clock: world.clock,
      publicUrl,
      issuer: { signer, secret, statusTtlMs },
    });
    const { port } = new URL(await service.start());
    const token = await tokenFor(service, await invite(world, 'lost answer'));
    const body = JSON.stringify({
      credential_configuration_id: 'verified_human_hybrid',
      proofs: { jwt: [await proofOf(wallet)] },
    });
    const socket = connect(Number(port), '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    lose = () => void socket.destroy();
    socket.write(
      `POST /credential HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await once(socket, 'close');
    expect(received).toBe('');
    const [issued] = await register(wallet);
    const again = await ask(service, token, await proofOf(wallet));
    const third = await ask(world.service, token, await proofOf(wallet));
    expect([again.status, third.status]).toEqual([200, 200]);
    expect(third.body).toEqual(again.body);
    expect(await register(wallet)).toEqual([issued]);
    const [{ credential }] = (again.body as { credentials: [{ credential: JsonObject }] }).credentials;
    const { claims } = parsePresented(provider, encodeEnvelope(parseGeneralJws(credential)));
    expect(claims.credentialId).toBe(issued?.id);
  });

  it('costs its offer nothing while the DID of its holder cannot be resolved', async () => {
    const wallet = new Wallet();
    const token = await tokenFor(world.service, await invite(world, 'somebody whose ledger is away'));
    let isAway = true;
    const beside = createIdentityService({
      database: world.database,
      publicUrl,
      clock: world.clock,
      issuer: { signer, secret, statusTtlMs },
      resolver: {
        resolve: (did, options) =>
          isAway ? Promise.reject(new Error('no node answers')) : resolver.resolve(did, options),
      },
      directory: { anchor: { chainId: '00000000', readPrekeys: () => Promise.resolve(null) } },
    });
    const proof = await proofOf(wallet);
    expect((await ask(beside, token, proof, 'verified_human_jwt')).status).toBe(503);
    isAway = false;
    // The very same proof: not even its nonce was used.
    expect((await ask(beside, token, proof, 'verified_human_jwt')).status).toBe(200);
    isAway = true;
    const json = {
      proof: createHolderProof({
        provider,
        keys: wallet.keys,
        block: wallet.block,
        kid: `${wallet.did}#0`,
        audience: `${publicUrl}/directory`,
        nonce: 'a nonce of the wallet’s own, random enough',
        nowMs: world.clock.nowMs(),
      }),
    };
    expect(await call(beside, 'POST', '/directory/token', { json })).toMatchObject({
      status: 503,
      body: { code: 'UNAVAILABLE' },
    });
  });

  it('is the same for all who ask at the same time at two instances', async () => {
    const other = await world.again();
    const wallet = new Wallet();
    const token = await tokenFor(world.service, await invite(world, 'eager'));
    const proofs = await Promise.all(Array.from({ length: 8 }, () => proofOf(wallet)));
    const answers = await Promise.all(
      proofs.map((proof, at) => ask(at % 2 === 0 ? world.service : other, token, proof)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await register(wallet)).toHaveLength(1);
    const [entries] = await world.database.query(
      'SELECT count(*)::int AS n FROM status_entry JOIN credential ON list = status_list AND index = status_index WHERE subject_did = $1',
      [wallet.did],
    );
    expect(entries).toEqual({ n: 1 });
  });

  it('goes to no other keys, however they ask', async () => {
    const [wallet, thief] = [new Wallet(), new Wallet()];
    const token = await tokenFor(world.service, await invite(world, 'robbed'));
    const format = 'verified_human_jwt';
    const first = await ask(world.service, token, await proofOf(wallet), format);
    expect(first.status).toBe(200);
    expect(refusal(await ask(world.service, token, await proofOf(thief), format))).toEqual(denied);
    // The right DID by its classical key alone: the credential is bound to the whole identity.
    const iat = Math.floor(world.clock.nowMs() / 1_000);
    const claims = async (): Promise<object> => ({ nonce: await nonceOf(world.service), iat });
    const plain = wallet.plainProof({ ...(await claims()) });
    expect(refusal(await ask(world.service, token, plain, format))).toEqual(denied);
    const jwk = { ...ed25519Jwk(thief.keys.ed25519.publicKey) };
    const bare = thief.plainProof({ ...(await claims()) }, { kid: undefined, jwk });
    expect(refusal(await ask(world.service, token, bare, format))).toEqual(denied);
    // A proof is good for one answer, also for this one.
    const proof = await proofOf(wallet);
    expect((await ask(world.service, token, proof, format)).body).toEqual(first.body);
    expect(refusal(await ask(world.service, token, proof, format))).toEqual([400, 'invalid_nonce']);
    expect(await register(wallet)).toHaveLength(1);
    expect(await register(thief)).toEqual([]);
  });

  it('is given again while its token lives and it is not revoked, and its copy goes with the token', async () => {
    const wallet = new Wallet();
    const token = await tokenFor(world.service, await invite(world, 'revoked meanwhile'));
    expect((await ask(world.service, token, await proofOf(wallet))).status).toBe(200);
    const [{ id } = { id: '' }] = await register(wallet);
    expect((await revoke(id)).status).toBe(200);
    expect(refusal(await ask(world.service, token, await proofOf(wallet)))).toEqual(denied);
    const copies = (): Promise<readonly object[]> =>
      world.database.query('SELECT 1 FROM credential_copy WHERE credential_id = $1', [id]);
    expect(await copies()).toHaveLength(1);
    world.clock.advance(600_000);
    expect(refusal(await ask(world.service, token, await proofOf(wallet)))).toEqual([401, 'invalid_token']);
    for (const { run } of issuerHousekeeping(world.database, [], world.clock)) await run();
    expect(await copies()).toEqual([]);
    expect(await register(wallet)).toHaveLength(1);
  });

  it('is revoked with what is issued beside it at that moment', async () => {
    const wallet = new Wallet();
    const token = await tokenFor(world.service, await invite(world, 'raced siblings'));
    await ask(world.service, token, await proofOf(wallet));
    const [{ id } = { id: '' }] = await register(wallet);
    const [inserted, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = await world.again({
      database: steppedInto(world.database, {
        after: async (statement) => {
          if (!statement.includes('INSERT INTO credential (')) return;
          inserted.resolve();
          await goOn.promise;
        },
      }),
    });
    const issuing = ask(slow, token, await proofOf(wallet), 'verified_human_jwt');
    await inserted.promise;
    const revoking = revoke(id);
    // An embedded database has one connection: it does one after the other by itself.
    if (world.place.kind === 'server') {
      await expect
        .poll(() =>
          world.database.query("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"),
        )
        .toHaveLength(1);
    }
    goOn.resolve();
    expect([(await issuing).status, (await revoking).status, (await revoking).body]).toEqual([
      200,
      200,
      { revoked: 2 },
    ]);
    const all = await register(wallet);
    expect(all.map(({ format }) => format).sort()).toEqual(['jwt_vc_json', 'wotid_hybrid']);
    expect(all.filter(({ revokedAtMs }) => revokedAtMs === null)).toEqual([]);
  });

  it('is on one page of the register, also when many are of the same moment', async () => {
    const wallet = new Wallet();
    const token = await tokenFor(world.service, await invite(world, 'pages'));
    expect((await ask(world.service, token, await proofOf(wallet))).status).toBe(200);
    const copies = credentialPageEntries * 2 + 5;
    await world.database.query(
      `INSERT INTO credential (id, offer_id, format, human_hash, subject_did, status_list, status_index, issued_at_ms,
          expires_at_ms)
        SELECT 'urn:uuid:' || gen_random_uuid(), 'page ' || n, format, human_hash, subject_did, status_list,
          status_index, issued_at_ms + n % 2, expires_at_ms
          FROM credential, generate_series(1, $2::int) AS n WHERE subject_did = $1`,
      [wallet.did, copies],
    );
    const seen: string[] = [];
    for (let more = ''; ;) {
      const path = `/admin/credentials?subject=${encodeURIComponent(wallet.did)}${more}`;
      const { body } = await call(world.service, 'GET', path, { token: world.operatorToken });
      const page = (body as { credentials: { id: string; issuedAtMs: number }[] }).credentials;
      seen.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (last === undefined) break;
      more = `&before=${last.issuedAtMs}&beforeId=${encodeURIComponent(last.id)}`;
    }
    expect([seen.length, new Set(seen).size]).toEqual([copies + 1, copies + 1]);
  });

  it('is issued before its sibling is revoked, or not at all', async () => {
    const other = await world.again();
    for (let round = 0; round < 4; round++) {
      const wallet = new Wallet();
      const token = await tokenFor(world.service, await invite(world, `sibling ${round}`));
      await ask(world.service, token, await proofOf(wallet));
      const [{ id } = { id: '' }] = await register(wallet);
      const proof = await proofOf(wallet);
      const [issued, revoked] = await Promise.all([
        ask(other, token, proof, 'verified_human_jwt'),
        revoke(id),
      ]);
      expect(revoked.status).toBe(200);
      const all = await register(wallet);
      expect(all).toHaveLength(issued.status === 200 ? 2 : 1);
      expect(all.filter(({ revokedAtMs }) => revokedAtMs === null)).toEqual([]);
    }
  });

  it('takes each nonce once, also between instances whose clocks differ by all that is allowed', async () => {
    const { clock } = world;
    const slow = { nowMs: () => clock.nowMs() - 300_000 };
    const behind = await world.again({ clock: slow });
    const wallet = new Wallet();
    const token = await tokenFor(world.service, await invite(world, 'replayed'));
    const nonce = await nonceOf(world.service);
    const proof = wallet.proof(nonce, clock.nowMs());
    expect((await ask(world.service, token, proof)).status).toBe(200);
    const forget = async (): Promise<void> => void (await nonceHousekeeping(world.database, clock).run());
    const replay = async (service: World['service'], clockOf: Clock = clock): Promise<unknown> => {
      const fresh = await tokenFor(service, await invite(world, `replayer ${clock.nowMs()}`));
      const answer = await ask(service, fresh, new Wallet().proof(nonce, clockOf.nowMs()));
      return [answer.status, (answer.body as { error_description: string }).error_description];
    };
    const used = [400, 'the nonce was used before: ask for a new one'];
    const ended = [400, 'the nonce has expired: ask for a new one'];
    clock.advance(nonceLifetimeMs - 1);
    await forget();
    expect([await replay(world.service), await replay(behind, slow)]).toEqual([used, used]);
    clock.advance(1);
    await forget();
    expect([await replay(world.service), await replay(behind, slow)]).toEqual([ended, used]);
    // The last moment at which the other instance would take it.
    clock.advance(299_999);
    await forget();
    expect(await replay(behind, slow)).toEqual(used);
    clock.advance(1);
    expect(await replay(behind, slow)).toEqual(ended);
    clock.advance(usedNonceRetentionMs - 300_000);
    await forget();
    expect(
      await world.database.query('SELECT 1 FROM used_nonce WHERE expires_at_ms <= $1', [
        clock.nowMs() - usedNonceRetentionMs,
      ]),
    ).toEqual([]);
  });
});
