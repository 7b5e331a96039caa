/** A person's way to a credential: a running identity service, its operator, and the commands of both. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Running, wotid, type Ended } from './wotid.ts';

const dir = mkdtempSync(join(tmpdir(), 'wotid-wallet-'));
const at = (name: string): string => join(dir, name);
const env = { WOTID_PASSPHRASE_FILE: at('passphrase') };
const running: Running[] = [];
let url = '';
let credentialId = '';
let fingerprint = '';
let did = '';
let resolving: readonly string[] = [];

const run = (...args: readonly string[]): Promise<Ended> => wotid([...args, '--json'], { env });
async function ok(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const ended = await run(...args);
  expect({ args, code: ended.code, stderr: ended.stderr }).toEqual({ args, code: 0, stderr: '' });
  return ended.lines[0] ?? {};
}
const refused = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr } = await run(...args);
  return `${code}: ${stderr}`;
};
const alice = ['--home', at('alice')] as const;
const bob = ['--home', at('bob')] as const;
let bobsAgent: Running;

beforeAll(async () => {
  writeFileSync(at('passphrase'), 'an old tin whistle in the rain\n', { mode: 0o600 });
  writeFileSync(at('human'), 'Alice Example, born 1970-01-01\n');
  const localnet = new Running(['localnet', '--port', '0', '--faucet-port', '0', '--json']);
  running.push(localnet);
  const { rpc, faucet } = await localnet.line((line) => 'rpc' in line);
  const network = ['--network', String(rpc), '--faucet', String(faucet)];
  const operator = ['--home', at('operator')];
  await ok('init', ...operator, ...network);
  await ok('wallet', 'faucet', ...operator);
  const { packageId, identityPackageId } = await ok('deploy', ...operator);
  const identityPackage = ['--identity-package', String(identityPackageId)];
  const serve = ['--home', at('service'), '--port', '0', '--db', 'memory:', '--status-ttl', '1'];
  resolving = ['--network', String(rpc), ...identityPackage, '--mailbox-package', String(packageId)];
  const service = new Running(['identity', ...serve, ...resolving, '--json'], { env });
  running.push(service);
  const started = await service.line((line) => 'url' in line);
  url = String(started['url']);
  fingerprint = String(started['fingerprint']);
  const settle = async (person: readonly string[]): Promise<Running> => {
    await ok('init', ...person, ...network, '--package', String(packageId), ...identityPackage);
    // Their commands go to the agent that runs: the passphrase is worked on once.
    const agent = new Running(
      ['agent', ...person, '--listen', '/ip4/127.0.0.1/tcp/0', '--sync-interval', '0', '--json'],
      { env },
    );
    running.push(agent);
    await agent.line((line) => line['event'] === 'ready');
    await ok('wallet', 'faucet', ...person);
    return agent;
  };
  [, bobsAgent] = await Promise.all([settle(alice), settle(bob)]);
  did = String((await ok('did', 'create', ...alice))['did']);
});
afterAll(async () => {
  await Promise.all(running.map((process) => process.end()));
  rmSync(dir, { recursive: true, force: true });
});

/** The operator approves a human and hands out link and code. */
async function invite(name: string, service = 'service', human = 'human'): Promise<string> {
  const made = await ok(
    'identity',
    'invite',
    '--home',
    at(service),
    '--human',
    at(human),
    '--evidence',
    'met in person',
    '--tx-code-out',
    at(name),
  );
  expect(existsSync(at(name))).toBe(true);
  return String(made['offer']);
}

describe('a wallet', () => {
  it('trusts an issuer by its address only with the fingerprint that a person compared', async () => {
    const unasked = await refused('trust', 'add', url, ...alice);
    expect(unasked).toMatch(/^2: .*compare the fingerprint.* ([0-9a-f]{64})/s);
    expect(unasked).toContain(fingerprint);
    const other = `${fingerprint.slice(1)}0`;
    expect(await refused('trust', 'add', url, '--fingerprint', other, ...alice)).toMatch(
      /^2: .*another fingerprint/s,
    );
    expect(await refused('trust', 'add', `${url}/docs`, '--fingerprint', fingerprint, ...alice)).toMatch(
      /^1: /,
    );
    expect((await run('trust', 'list', ...alice)).lines).toEqual([]);
    const offer = await invite('code-0');
    expect(await refused('credential', 'request', offer, ...alice)).toMatch(
      /^1: .*not trusted.*wotid trust add/s,
    );
    const added = await ok('trust', 'add', url, '--fingerprint', fingerprint.toUpperCase(), ...alice);
    expect(added).toMatchObject({ fingerprint, statusOrigin: url });
    expect((await run('trust', 'list', ...alice)).lines).toMatchObject([{ fingerprint }]);
  });

  it('collects an offer with its transaction code, which is on no command line, once', async () => {
    const offer = await invite('code-1');
    expect(offer).toMatch(/^openid-credential-offer:\/\/\?credential_offer_uri=/);
    expect(await refused('credential', 'request', offer, ...alice)).toMatch(/^2: .*--tx-code-file/s);
    writeFileSync(at('wrong'), '0000000x\n');
    const wrong = await refused('credential', 'request', offer, '--tx-code-file', at('wrong'), ...alice);
    expect(wrong).toMatch(/^1: .*the issuer refuses/s);
    const request = ['credential', 'request', offer, '--tx-code-file', at('code-1'), ...alice];
    const credential = await ok(...request);
    expect(did).toMatch(/^did:iota:/);
    expect(credential).toMatchObject({
      subject: did,
      evidence: [{ method: 'in-person', policy: 'met in person' }],
    });
    expect(String(credential['statusList'])).toContain(`${url}/status/`);
    credentialId = String(credential['credentialId']);
    expect(await refused(...request)).toMatch(/^1: /);
    expect(await ok('credential', 'show', ...alice)).toMatchObject({ credentialId });
    expect(wrong).not.toContain(readFileSync(at('code-1'), 'utf8').trim());
    await ok('credential', 'export', '--out', at('exported'), ...alice);
    expect(statSync(at('exported')).mode & 0o777).toBe(0o600);
    const exported = await ok('credential', 'verify', at('exported'), ...alice);
    expect(exported).toMatchObject({ ok: true, credentialId });
  });

  it('takes an offer from a file, and none with its code on the command line', async () => {
    const inside = `openid-credential-offer://?credential_offer=${encodeURIComponent('{"credential_issuer":"x"}')}`;
    expect(await refused('credential', 'request', inside, ...alice)).toMatch(/^2: .*put it in a file/s);
    writeFileSync(at('offer'), inside);
    expect(await refused('credential', 'request', at('offer'), ...alice)).toMatch(/^1: .*cannot be used/s);
    writeFileSync(at('offer'), await invite('code-2'));
    const again = await ok('credential', 'request', at('offer'), '--tx-code-file', at('code-2'), ...alice);
    expect(again['credentialId']).not.toBe(credentialId);
    credentialId = String(again['credentialId']);
  });

  it('is enough to be written to by somebody who has nothing but the DID', async () => {
    const bobDid = String((await ok('did', 'create', ...bob))['did']);
    await ok('mailbox', 'create', ...bob);
    await ok('trust', 'add', url, '--fingerprint', fingerprint, ...bob);
    expect(await ok('directory', 'status', ...bob)).toMatchObject({ url: null, state: 'not set' });
    const early = await ok('directory', 'set', url, ...bob);
    expect(early).toMatchObject({ lastError: { code: 'NO_CREDENTIAL' }, leavesCredential: false });
    writeFileSync(at('other human'), 'Bob Example, born 1971-02-02\n');
    const offer = await invite('code-bob', 'service', 'other human');
    await ok('credential', 'request', offer, '--tx-code-file', at('code-bob'), ...bob);
    // With the credential the agent has published by itself.
    const published = { state: 'published', pairsLeft: 64, prekeysNumber: 1, lastError: null };
    expect(await ok('directory', 'status', ...bob)).toMatchObject({
      ...published,
      record: { hasCredential: false },
    });
    await ok('directory', 'set', url, ...alice);
    expect(await ok('contact', 'lookup', bobDid, '--as', 'bob', ...alice)).toMatchObject({
      verified: false,
      credential: 'none',
    });
    const both = ['--leave-credential', '--take-back-credential'];
    expect(await refused('directory', 'publish', ...both, ...bob)).toMatch(/^2: /);
    expect(await ok('directory', 'publish', '--leave-credential', ...bob)).toMatchObject({
      ...published,
      leavesCredential: true,
      record: { hasCredential: true },
    });
    expect(await ok('contact', 'lookup', bobDid, ...alice)).toMatchObject({
      alias: 'bob',
      verified: true,
      credential: 'left',
      prekeys: 'as on chain',
    });
    await bobsAgent.end();
    expect(await ok('send', 'bob', 'are you there?', ...alice)).toMatchObject({ route: 'mailbox' });
    expect(await ok('mailbox', 'claim', ...bob)).toMatchObject({ opened: 1 });
    expect(await ok('inbox', ...bob)).toMatchObject({ from: did, text: 'are you there?' });
    expect(await ok('contact', 'show', 'bob', ...alice)).toMatchObject({ verified: true, newKeys: null });
    expect(await ok('contact', 'acknowledge', 'bob', ...alice)).toMatchObject({ did: bobDid });
    expect(await refused('contact', 'show', 'nobody', ...alice)).toMatch(/^1: /);
    const back = await ok('directory', 'publish', '--take-back-credential', ...bob);
    expect(back).toMatchObject({ leavesCredential: false, record: { hasCredential: false } });
  });

  it('sees that its credential passes, and that it does not once it is revoked', async () => {
    const report = await ok('credential', 'verify', ...alice);
    expect(report).toMatchObject({ ok: true, result: 'OK', format: 'wotid_hybrid', credentialId });
    expect(report['checks']).toContain('postQuantumSignature');
    await ok('identity', 'revoke', credentialId, '--home', at('service'), '--reason', 'for a test');
    // Within the second for which the last list counts it may still pass.
    let ended = await run('credential', 'verify', ...alice);
    for (let tries = 0; ended.code === 0 && tries < 20; tries++) {
      ended = await run('credential', 'verify', ...alice);
    }
    expect(ended.code).toBe(1);
    expect(ended.lines[0]).toMatchObject({ ok: false, result: 'REVOKED' });
  });

  it('follows an issuer to new keys by itself, and to the end of a stolen one', async () => {
    const origin = `http://localhost:${await freePort()}`;
    const { port } = new URL(origin);
    const serve = ['--home', at('web'), '--port', port, '--db', 'memory:', '--status-ttl', '1', '--json'];
    const asWeb = ['--issuer-did', 'web', '--public-url', origin];
    const service = new Running(['identity', ...serve, ...asWeb, ...resolving], { env });
    running.push(service);
    const started = await service.line((line) => 'url' in line);
    const issuer = `did:web:localhost%3A${port}`;
    expect(started).toMatchObject({ issuer });
    const first = String(started['fingerprint']);
    await ok('trust', 'add', origin, '--fingerprint', first, ...alice);
    const collect = async (name: string): Promise<Readonly<Record<string, unknown>>> => {
      const offer = await invite(name, 'web');
      return ok('credential', 'request', offer, '--tx-code-file', at(name), ...alice);
    };
    expect(await collect('code-3')).toMatchObject({ subject: did, issuer });
    await ok('credential', 'export', '--out', at('old'), ...alice);
    expect(await ok('credential', 'verify', at('old'), ...alice)).toMatchObject({ ok: true });

    const rotated = await ok('identity', 'keys', 'rotate', '--home', at('web'));
    expect(rotated).toMatchObject({ did: issuer, set: 2 });
    // Signed with keys that nobody has told her of.
    expect(await collect('code-4')).toMatchObject({ subject: did, issuer });
    const pinned = async (): Promise<unknown> =>
      (await run('trust', 'list', ...alice)).lines.find((line) => line['did'] === issuer);
    expect(await pinned()).toMatchObject({ succession: 2, fingerprint: rotated['fingerprint'] });

    const retire = ['identity', 'keys', 'retire', '1', '--reason', 'a backup was lost'];
    const retired = await ok(...retire, '--home', at('web'));
    const updated = await ok('trust', 'update', issuer, ...alice);
    expect(updated).toMatchObject({ changed: true, succession: 3, fingerprint: retired['fingerprint'] });
    const stolen = await run('credential', 'verify', at('old'), ...alice);
    expect(stolen.lines[0]).toMatchObject({ ok: false, result: 'SIG' });
    expect(await ok('credential', 'verify', ...alice)).toMatchObject({ ok: true });
  });
});

/** A port that is free now: the DID of a service names its port before it listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
