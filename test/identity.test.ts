/** `wotid identity` as a process: started, asked, killed, started again. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHolderProof, createLocalSigner, didJwkOf } from '@wotid/credential';
import { IdentityKeys, NodeProvider } from '@wotid/crypto';
import { createIdentityService, createLocalOperator, openDatabase } from '@wotid/identity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Running, wotid, type Ended, type Line } from './wotid.ts';

const dir = mkdtempSync(join(tmpdir(), 'wotid-identity-'));
const at = (...parts: readonly string[]): string => join(dir, ...parts);
const passphrase = 'an old tin whistle in the rain';
const human = 'NL passport SPECI2014';
const env = { WOTID_PASSPHRASE_FILE: at('passphrase') };
const home = ['--home', at('service')] as const;
const provider = new NodeProvider();
const running: Running[] = [];

const run = (
  args: readonly string[],
  more: { env?: Record<string, string>; stdin?: string } = {},
): Promise<Ended> => wotid(['identity', ...args, '--json'], { env, ...more });
const operator = async (...args: readonly string[]): Promise<Line> => {
  const ended = await run([...args, ...home]);
  expect({ args, code: ended.code, stderr: ended.stderr }).toEqual({ args, code: 0, stderr: '' });
  return ended.lines[0] ?? {};
};

async function serve(...more: readonly string[]): Promise<{ service: Running; url: string; first: Line }> {
  const service = new Running(
    ['identity', ...home, '--port', '0', '--public-url', 'https://id.example', '--json', ...more],
    { env },
  );
  running.push(service);
  const first = await service.line((line) => 'url' in line);
  return { service, url: String(first['url']), first };
}

beforeAll(() => {
  writeFileSync(at('passphrase'), `${passphrase}\n`, { mode: 0o600 });
  writeFileSync(at('other'), 'another one\n', { mode: 0o600 });
});
afterAll(async () => {
  await Promise.all(running.map((one) => one.end('SIGKILL')));
  rmSync(dir, { recursive: true, force: true });
});

async function post(
  url: string,
  init: { token?: string; json?: object; form?: Record<string, string> },
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...(init.token !== undefined && { authorization: `Bearer ${init.token}` }),
      ...(init.json !== undefined && { 'content-type': 'application/json' }),
    },
    ...(init.json !== undefined && { body: JSON.stringify(init.json) }),
    ...(init.form !== undefined && { body: new URLSearchParams(init.form) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** An access token for a fresh invitation. */
async function tokenFrom(url: string): Promise<string> {
  writeFileSync(at('human'), human);
  const { id, txCode } = await operator('invite', '--human', at('human'), '--evidence', 'passport seen');
  const offer = (await (await fetch(`${url}/offers/${String(id)}`)).json()) as {
    grants: Record<string, { 'pre-authorized_code': string }>;
  };
  const [[grantType, grant]] = Object.entries(offer.grants) as [[string, { 'pre-authorized_code': string }]];
  const form = {
    grant_type: grantType,
    'pre-authorized_code': grant['pre-authorized_code'],
    tx_code: String(txCode),
  };
  const { status, body } = await post(`${url}/token`, { form });
  expect(status).toBe(200);
  return String(body['access_token']);
}

function proofOf(keys: IdentityKeys, nonce: string): string {
  const did = didJwkOf(keys.ed25519.publicKey);
  const audience = 'https://id.example';
  return createHolderProof({
    provider,
    keys,
    block: keys.block(did),
    kid: `${did}#0`,
    audience,
    nonce,
    nowMs: Date.now(),
  });
}

describe('the service', () => {
  it('starts with one command, and remembers across kill -9 what must not happen twice', async () => {
    const { service, url, first } = await serve();
    expect(first).toMatchObject({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string });
    expect(service.lines.find((line) => !('event' in line))).toBe(first);
    for (const file of ['keys.sealed', 'operator.token']) {
      expect(statSync(at('service', file)).mode & 0o777).toBe(0o600);
    }
    const ask = (base: string, token: string, proof: string): ReturnType<typeof post> =>
      post(`${base}/credential`, {
        token,
        json: { credential_configuration_id: 'verified_human_hybrid', proofs: { jwt: [proof] } },
      });
    const nonce = String((await post(`${url}/nonce`, { json: {} })).body['c_nonce']);
    const issued = await ask(url, await tokenFrom(url), proofOf(IdentityKeys.generate(provider), nonce));
    expect(issued.status).toBe(200);
    const second = await run([...home, '--port', '0']);
    expect([second.code, second.lines[0]?.['code']]).toEqual([1, 'DATABASE_IN_USE']);
    await service.end('SIGKILL');

    const again = await serve();
    const token = await tokenFrom(again.url);
    const replayed = await ask(again.url, token, proofOf(IdentityKeys.generate(provider), nonce));
    expect([replayed.status, replayed.body]).toMatchObject([400, { error: 'invalid_nonce' }]);
    const fresh = String((await post(`${again.url}/nonce`, { json: {} })).body['c_nonce']);
    expect((await ask(again.url, token, proofOf(IdentityKeys.generate(provider), fresh))).status).toBe(200);

    // The same human: the first credential is replaced.
    const { lines } = await run(['credentials', ...home]);
    expect(lines).toMatchObject([{ revokedAtMs: null }, { revocationReason: 'replaced' }]);
    await operator('revoke', String(lines[0]?.['id']), '--reason', 'lost keys');
    const log = await run(['audit', ...home]);
    expect(log.lines.map(({ action }) => action)).toEqual([
      'operator.create',
      'invitation.create',
      'invitation.create',
      'credential.revoke',
    ]);
    await operator('operator', 'bob', '--out', at('bob.token'));
    const asBob = await run(['applications', ...home, '--token-file', at('bob.token')]);
    expect(asBob.code).toBe(0);
    expect(await again.service.end('SIGTERM')).toBe(0);

    const printed = running.map(({ text }) => text).join('\n') + log.stdout;
    const tokens = ['operator.token', '../bob.token'].map((file) =>
      readFileSync(at('service', file), 'utf8').trim(),
    );
    for (const secret of [passphrase, human, token, nonce, fresh, ...tokens])
      expect(printed).not.toContain(secret);
  });

  it('has a did:web whose keys its operator rotates, and which stays the same across a restart', async () => {
    const web = ['--home', at('web')] as const;
    const start = (...more: readonly string[]): Running => {
      const service = new Running(['identity', ...web, '--port', '0', '--json', ...more], { env });
      running.push(service);
      return service;
    };
    const asWeb = ['--issuer-did', 'web', '--public-url', 'https://id.example'] as const;
    const nameless = await run([...web, '--port', '0', '--issuer-did', 'web']);
    expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringMatching(/needs --public-url/)]);
    const first = start(...asWeb);
    const { url, issuer, fingerprint } = await first.line((line) => 'url' in line);
    expect(issuer).toBe('did:web:id.example');
    expect(first.lines.filter(({ event }) => event === 'database.migrated')).toHaveLength(1);
    // Options count before a subcommand's name as behind it.
    for (const args of [
      ['keys', ...web],
      [...web, 'keys'],
    ]) {
      expect((await run(args)).lines).toMatchObject([{ number: 1, state: 'present' }]);
    }
    const forPeople = await wotid(['identity', 'keys', ...web], { env });
    expect(forPeople.stdout).toMatch(/createdAt .*\n1 +present +\d{4}-\d\d-\d\dT[\d:]+Z +-\n/);
    const rotated = await run(['keys', 'rotate', ...web]);
    expect(rotated.lines[0]).toMatchObject({ did: issuer, set: 2 });
    expect(rotated.lines[0]?.['fingerprint']).not.toBe(fingerprint);
    const retired = await run(['keys', 'retire', '1', '--reason', 'a backup was lost', ...web]);
    expect(retired.lines[0]).toMatchObject({ did: issuer, set: 1 });
    expect((await run(['keys', ...web])).lines).toMatchObject([
      { number: 2, state: 'present' },
      { number: 1, state: 'retired' },
    ]);
    const actions = (await run(['audit', ...web])).lines.map(({ action }) => action);
    expect(actions).toEqual(['operator.create', 'keys.rotate', 'keys.retire']);
    const document = async (from: unknown): Promise<unknown> =>
      (await fetch(`${String(from)}/.well-known/did.json`)).json();
    const before = await document(url);
    expect(before).toMatchObject({ id: issuer, assertionMethod: { length: 2 } });
    expect(await first.end('SIGTERM')).toBe(0);

    for (const other of [[], ['--issuer-did', 'web', '--public-url', 'https://other.example']]) {
      const refused = await run([...web, '--port', '0', ...other]);
      expect([refused.code, refused.lines[0]?.['code']]).toEqual([1, 'ISSUER_CHANGED']);
    }
    const again = start(...asWeb);
    const { url: newUrl, fingerprint: now } = await again.line((line) => 'url' in line);
    expect(await document(newUrl)).toEqual(before);
    expect(now).toBe(retired.lines[0]?.['fingerprint']);
    expect(await again.end('SIGTERM')).toBe(0);
  });

  it('shows its operators every credential, however many there are', async () => {
    await using database = await openDatabase('memory:');
    const { ed25519, mlDsa87 } = IdentityKeys.generate(provider);
    const secret = provider.random.bytes(32);
    const signer = createLocalSigner({ provider, ed25519, mlDsa87 });
    await using service = createIdentityService({ database, port: 0, issuer: { signer, secret } });
    const url = await service.start();
    writeFileSync(at('many.token'), await createLocalOperator(database, 'first'));
    await database.query('INSERT INTO status_list (entries) VALUES (131072)');
    await database.query('INSERT INTO status_entry (list, index) SELECT 1, generate_series(1, 250)');
    await database.query(
      `INSERT INTO credential (id, offer_id, format, human_hash, subject_did, status_list, status_index,
          issued_at_ms, expires_at_ms)
        SELECT 'urn:uuid:00000000-0000-4000-8000-' || lpad(n::text, 12, '0'), n::text, 'jwt_vc_json', '\\x00',
          'did:key:z' || n % 2, 1, n, 1000 + n / 150, 2000 FROM generate_series(1, 250) AS n`,
    );
    const shown = async (...more: string[]): Promise<unknown[]> => {
      const given = ['--url', url, '--token-file', at('many.token')];
      return (await run(['credentials', ...home, ...given, ...more])).lines.map(({ id }) => id);
    };
    expect(new Set(await shown()).size).toBe(250);
    expect(await shown('--subject', 'did:key:z1')).toHaveLength(125);
    expect(await shown('--subject', 'did:key:z2')).toEqual([]);
    const slip = await run(['revoke', 'z2', '--reason', 'x', '--url', url, '--token-file', at('many.token')]);
    expect([slip.code, slip.lines[0]?.['error']]).toEqual([1, expect.stringContaining('urn:uuid')]);
  });

  it('is not opened with a wrong passphrase, and runs without an issuer where there is none', async () => {
    const wrong = await run([...home, '--port', '0'], { env: { WOTID_PASSPHRASE_FILE: at('other') } });
    expect([wrong.code, wrong.lines[0]?.['code']]).toEqual([1, 'WRONG_PASSPHRASE']);
    const bare = new Running(['identity', '--home', at('bare'), '--port', '0', '--db', 'memory:', '--json']);
    running.push(bare);
    const { url } = await bare.line((line) => 'url' in line);
    expect((await fetch(`${String(url)}/readyz`)).status).toBe(200);
    expect((await fetch(`${String(url)}/.well-known/openid-credential-issuer`)).status).toBe(404);
    expect((await fetch(`${String(url)}/docs`)).status).toBe(200);
    expect(await bare.end('SIGTERM')).toBe(0);
  });

  it('says what is wrong with how it is started', async () => {
    for (const [args, code] of [
      [['--port', '99999'], 2],
      [['--tls-cert', 'x'], 2],
      [['--db', 'mysql://x'], 1],
      [['--db', 'memory:', '--public-url', 'id.example'], 1],
      [
        [
          'invite',
          '--human',
          at('human'),
          '--evidence',
          'x',
          '--url',
          'http://127.0.0.1:1',
          '--token-file',
          at('other'),
        ],
        1,
      ],
      [['revoke', 'x', '--reason', 'y', '--home', at('nowhere')], 2],
      [['--port', '1', 'keys', '--home', at('nowhere')], 2],
      [['keys', '--url', 'http://id.example', '--token-file', at('other')], 2],
      [['keys', 'retire', 'one', '--reason', 'y', '--url', 'http://127.0.0.1:1'], 2],
    ] as const) {
      expect([args, (await wotid(['identity', ...args], { env })).code]).toEqual([args, code]);
    }
  });
});
