import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Home } from '@wotid/agent';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Running, wotid, type Ended, type RunInit } from './wotid.ts';

const dir = mkdtempSync(join(tmpdir(), 'wotid-cli-'));
const at = (...parts: readonly string[]): string => join(dir, ...parts);
const passphrase = 'an old tin whistle in the rain';
const env = { WOTID_PASSPHRASE_FILE: at('passphrase') };
const running: Running[] = [];
/** Everything that any agent has printed. */
const logs = (): string => running.map(({ text }) => text).join('\n');

let network: readonly string[] = [];

const run = (args: readonly string[], init: RunInit = {}): Promise<Ended> =>
  wotid([...args, '--json'], { env, ...init });
async function ok(...args: readonly string[]): Promise<Ended> {
  const ended = await run(args);
  expect({ args, code: ended.code, stderr: ended.stderr }).toEqual({ args, code: 0, stderr: '' });
  return ended;
}

function startAgent(name: string): Running {
  const args = [
    'agent',
    '--home',
    at(name),
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
    '--sync-interval',
    '0',
    '--json',
  ];
  const agent = new Running(args, { env });
  running.push(agent);
  return agent;
}
const isReady = (line: Readonly<Record<string, unknown>>): boolean => line['event'] === 'ready';

beforeAll(async () => {
  writeFileSync(at('passphrase'), `${passphrase}\n`, { mode: 0o600 });
  const localnet = new Running(['localnet', '--port', '0', '--faucet-port', '0', '--json']);
  running.push(localnet);
  const { rpc, faucet } = await localnet.line((line) => 'rpc' in line);
  network = ['--network', String(rpc), '--faucet', String(faucet)];
  await Promise.all([
    ok('init', '--home', at('alice'), '--did', 'jwk', ...network),
    ok('init', '--home', at('bob'), '--did', 'jwk', ...network),
    ok('issue', 'setup', '--home', at('issuer'), '--out', at('issuer.json')),
  ]);
});
afterAll(async () => {
  await Promise.all(running.map((one) => one.end('SIGKILL')));
  rmSync(dir, { recursive: true, force: true });
});

describe('wotid security', () => {
  it('shows and changes levels and suites, and refuses what is none', async () => {
    const home = ['--home', at('alice')];
    const set = await ok('security', 'set', ...home, '--min-level', '2', '--suites', '3,1');
    expect(set.lines[0]).toMatchObject({
      minLevel: 2,
      minLevelName: 'ENHANCED',
      maxLevel: 3,
      suites: [3, 1],
    });
    expect((await run(['security', 'set', ...home, '--min-level', 'high'])).code).toBe(2);
    for (const [args, code] of [
      [['set', '--max-level', '1'], 'BAD_POLICY'],
      [['set', '--falcon', 'on'], 'BAD_REQUEST'],
      [['allow', 'nobody-here', '2'], 'NO_CONTACT'],
    ] as const) {
      const ended = await run(['security', ...args, ...home]);
      expect([ended.code, ended.lines[0]]).toEqual([1, expect.objectContaining({ code })]);
    }
    const back = await ok('security', 'set', ...home, '--min-level', '3', '--suites', '1,2,3');
    expect(back.lines[0]).toMatchObject({ minLevel: 3, suites: [1, 2, 3] });
  });
});

describe('wotid session', () => {
  it('lists, sets when messages are signed, and refuses what cannot be', async () => {
    const home = ['--home', at('bob')];
    expect((await ok('session', 'list', ...home)).lines).toEqual([]);
    expect((await ok('session', 'signing', ...home)).lines).toEqual([{ signing: 'ratchet' }]);
    expect((await ok('session', 'signing', 'checkpoint', ...home)).lines).toEqual([
      { signing: 'checkpoint' },
    ]);
    expect((await ok('session', 'signing', ...home)).lines).toEqual([{ signing: 'checkpoint' }]);
    await ok('session', 'signing', 'ratchet', ...home);
    for (const [args, code] of [
      [['session', 'signing', 'sometimes'], 'BAD_REQUEST'],
      [['session', 'rekey', 'nobody'], 'NO_CONTACT'],
      [['session', 'checkpoint', 'nobody'], 'NO_CONTACT'],
      [
        ['credential', 'ask', 'nobody', '--type', 'A', 'B', '--issuer', 'did:a:1', '--reason', 'x'],
        'NO_CONTACT',
      ],
      [['credential', 'offer', 'nobody'], 'NO_CREDENTIAL'],
      [['credential', 'present', 'nobody', '--reply-to', '00'.repeat(16)], 'NO_CREDENTIAL'],
      [['credential', 'check', '00'.repeat(16)], 'BAD_REQUEST'],
      [['proof', '00'.repeat(16), '--out', at('proof.json')], 'BAD_REQUEST'],
    ] as const) {
      const ended = await run([...args, ...home]);
      expect([args[1], ended.code, JSON.parse(ended.stderr)]).toMatchObject([args[1], 1, { code }]);
    }
  });
});

describe('exit codes', () => {
  it('0 for help and version', async () => {
    const [help, version] = await Promise.all([wotid(['--help']), wotid(['--version'])]);
    expect([help.code, version.code]).toEqual([0, 0]);
    expect(help.stdout).toContain('Usage: wotid');
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('2 for wrong usage, with the reason on stderr and nothing on stdout', async () => {
    const wrong = [
      ['fly'],
      ['send'],
      ['send', 'bob'],
      ['localnet', '--port', '70000'],
      ['agent', '--no-such-option'],
    ];
    const ended = await Promise.all([
      ...wrong.map((args) => wotid(args, { env })),
      // Without a passphrase, and without a terminal to ask for it.
      wotid(['status', '--home', at('alice')]),
    ]);
    for (const { code, stdout, stderr } of ended) {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).not.toBe('');
      expect(stderr).not.toContain('    at ');
    }
  });

  it('1 for what fails: one line, with --json an object that says what and what to do', async () => {
    writeFileSync(at('wrong'), 'something else\n');
    const [wrong, missing, taken, nobody, plain] = await Promise.all([
      run(['status', '--home', at('alice')], { env: { WOTID_PASSPHRASE_FILE: at('wrong') } }),
      run(['status', '--home', at('nowhere')]),
      run(['init', '--home', at('alice'), ...network]),
      run(['init', '--home', at('carol'), '--network', 'http://127.0.0.1:1']),
      wotid(['status', '--home', at('nowhere')], { env }),
    ]);
    for (const [ended, code] of [
      [wrong, 'WRONG_PASSPHRASE'],
      [missing, 'NOT_A_HOME'],
      [taken, 'HOME_EXISTS'],
      [nobody, 'BAD_NETWORK'],
    ] as const) {
      expect([ended.code, ended.stdout, ended.stderr.trim().split('\n').length]).toEqual([1, '', 1]);
      expect(ended.lines).toEqual([
        { error: expect.any(String), code, hint: expect.stringMatching(/./), data: expect.any(Object) },
      ]);
    }
    expect(plain.stderr).toMatch(/^wotid: [^\n]+\n$/);
    expect([existsSync(at('nowhere')), existsSync(at('carol'))]).toEqual([false, false]);
  });
});

describe('localnet --framework', () => {
  const fixed = [
    'localnet',
    '--port',
    '0',
    '--faucet-port',
    '0',
    '--seed',
    'cli',
    '--clock',
    '2026-01-01T00:00:00Z',
  ];

  it('begins with the packages of a running network, as with the ones it brings', async () => {
    const nets = [[], ['--framework', network[1] ?? '']].map(
      (more) => new Running([...fixed, ...more, '--json']),
    );
    running.push(...nets);
    const [own, read] = await Promise.all(nets.map((net) => net.line((line) => 'rpc' in line)));
    expect(read?.['chainId']).toBe(own?.['chainId']);
    await Promise.all(nets.map((net) => net.end('SIGTERM')));
  });

  it('refuses a folder and an address that have none, by name', async () => {
    const empty = mkdtempSync(at('framework-'));
    writeFileSync(join(empty, 'move-stdlib'), 'no packages');
    const [folder, address] = await Promise.all([
      run([...fixed, '--framework', empty]),
      run([...fixed, '--framework', 'http://127.0.0.1:1']),
    ]);
    for (const ended of [folder, address]) {
      expect([ended.code, ended.stdout]).toEqual([1, '']);
      expect(ended.lines).toEqual([expect.objectContaining({ code: 'GENESIS_INVALID' })]);
    }
    expect(folder.lines[0]?.['error']).toContain('move-stdlib');
    expect(address.lines[0]?.['error']).toContain('127.0.0.1:1');
  });
});

describe('a DID on chain', () => {
  it('is deployed for, published, shown, rotated and taken away', async () => {
    await ok('init', '--home', at('op'), ...network);
    await ok('wallet', 'faucet', '--account', 'owner', '--home', at('op'));
    const { lines: deployed } = await ok('deploy', '--home', at('op'));
    const identityPackageId = String(deployed[0]?.['identityPackageId']);
    expect(identityPackageId).toMatch(/^0x[0-9a-f]{64}$/);
    // The home that deploys knows the package from now on. An agent may run before it has a DID.
    const agent = startAgent('op');
    expect(await agent.line(isReady)).toMatchObject({ did: null });
    const early = await run(['mailbox', 'create', '--home', at('op')]);
    expect([early.code, early.lines[0]?.['code']]).toEqual([1, 'NO_DID']);
    const { lines: created } = await ok('did', 'create', '--home', at('op'));
    const did = created[0]?.['did'];
    expect(did).toMatch(/^did:iota:/);
    const facts = async (): Promise<unknown> => (await ok('did', 'show', '--home', at('op'))).lines[0];
    expect(await facts()).toMatchObject({ did, state: 'active', isCurrent: true, isRotating: false });
    const { lines: rotated } = await ok('did', 'rotate', '--key', 'ed25519', 'x25519', '--home', at('op'));
    expect(rotated[0]).toMatchObject({ did, keys: ['x25519', 'ed25519'] });
    expect(await facts()).toMatchObject({ fingerprint: rotated[0]?.['after'], isCurrent: true });
    await ok('did', 'deactivate', '--home', at('op'));
    expect(await facts()).toMatchObject({ state: 'deactivated' });
    await ok('did', 'create', '--home', at('op'));
    expect(await facts()).toMatchObject({ did, state: 'active' });

    const fixed = await run(['did', 'create', '--home', at('alice')]);
    expect([fixed.code, fixed.lines[0]?.['code']]).toEqual([1, 'FIXED_DID']);
    await agent.end('SIGTERM');
  });
});

describe('a damaged home', () => {
  it('is refused by name of what is damaged, and left as it is', async () => {
    const damage = async (file: string, change: (path: string) => void): Promise<Ended> => {
      const home = at(`damaged-${file}`);
      cpSync(at('alice'), home, { recursive: true });
      change(join(home, file));
      const before = readFileSync(join(home, file));
      const ended = await run(['status', '--home', home]);
      expect(readFileSync(join(home, file))).toEqual(before);
      return ended;
    };
    const [vault, database] = await Promise.all([
      damage('vault', (path) => truncateSync(path, 100)),
      damage('home.sqlite', (path) => truncateSync(path, 5_000)),
    ]);
    for (const { code, lines } of [vault, database]) {
      expect([code, lines.length, lines[0]?.['code']]).toEqual([1, 1, 'HOME_CORRUPT']);
    }
    expect(String(vault.lines[0]?.['error'])).toContain('vault');
    expect(String(database.lines[0]?.['error'])).toContain('database');
  });
});

describe('a running agent', () => {
  it('holds its home alone, answers commands without a passphrase, and leaves nothing when it ends', async () => {
    const agent = startAgent('alice');
    const ready = await agent.line(isReady);
    const second = await run(['agent', '--home', at('alice'), '--listen', '/ip4/127.0.0.1/tcp/0']);
    expect(second.code).toBe(1);
    expect(second.lines).toMatchObject([{ code: 'HOME_LOCKED', data: { pid: ready['pid'] } }]);
    const status = await wotid(['status', '--home', at('alice'), '--json']);
    expect(status.lines).toMatchObject([{ did: ready['did'], addresses: ready['addresses'] }]);
    const [refused] = (await wotid(['send', 'nobody at all', 'hello', '--home', at('alice'), '--json']))
      .lines;
    expect(refused).toMatchObject({ code: 'NO_CONTACT' });
    expect(await agent.end()).toBe(0);
    expect(agent.lines.at(-1)).toMatchObject({ event: 'stopped' });
    expect(readdirSync(at('alice'))).not.toContain('home.pid');
  });

  it('that was killed leaves a socket that nobody answers: commands open the home themselves', async () => {
    const agent = startAgent('alice');
    const ready = await agent.line(isReady);
    await agent.end('SIGKILL');
    expect(readdirSync(at('alice'))).toContain('agent.sock');
    const [status] = (await ok('status', '--home', at('alice'))).lines;
    expect(status).toMatchObject({ did: ready['did'], addresses: [] });
    const again = startAgent('alice');
    expect((await again.line(isReady))['did']).toBe(ready['did']);
    expect(await again.end('SIGINT')).toBe(0);
  });

  it('keeps secrets and messages to itself: not in its arguments, environment or log, nor in what commands print', async () => {
    const secretText = 'the meeting is at the old mill';
    for (const name of ['alice', 'bob']) {
      const agent = startAgent(name);
      await agent.line(isReady);
      const home = ['--home', at(name)];
      await ok('trust', 'add', at('issuer.json'), ...home);
      await ok('credential', 'request', '--out', at(`${name}.request`), ...home);
      const evidence = ['--evidence', 'met in person'];
      const files = ['--home', at('issuer'), '--out', at(`${name}.credential`)];
      await ok('issue', 'credential', at(`${name}.request`), ...files, ...evidence);
      await ok('credential', 'import', at(`${name}.credential`), ...home);
      await ok('card', 'export', '--out', at(`${name}.card`), ...home);
    }
    await ok('card', 'add', at('bob.card'), '--home', at('alice'));
    const bobDid = String((await ok('status', '--home', at('bob'))).lines[0]?.['did']);
    const sent = await run(['send', bobDid, '--lines', '--home', at('alice')], { stdin: `${secretText}\n` });
    expect(sent.lines).toMatchObject([{ route: 'p2p' }]);
    const inbox = await ok('inbox', '--home', at('bob'));
    expect(inbox.lines).toMatchObject([{ text: secretText, from: expect.stringMatching(/^did:jwk:/) }]);
    const printed = [sent, await ok('status', '--home', at('bob'))].map(({ stdout }) => stdout).join('\n');

    const [alice, bob] = running.slice(-2) as [Running, Running];
    const visible = [alice, bob].map(({ child }) => {
      const proc = (file: string): string =>
        process.platform === 'linux' ? readFileSync(`/proc/${child.pid}/${file}`, 'latin1') : '';
      return proc('cmdline') + proc('environ');
    });
    await Promise.all([alice.end(), bob.end()]);
    const secrets = [passphrase, secretText];
    for (const name of ['alice', 'bob']) {
      using home = await Home.open({ dir: at(name), passphrase });
      for (const secret of home.vault.names())
        secrets.push(...writings(home.vault.get(secret) ?? new Uint8Array()));
      for (const sid of home.sessions.ids()) {
        const record = home.sessions.get(sid)?.record ?? new Uint8Array();
        expect(record.length).toBeGreaterThan(100);
      }
    }
    expect(secrets.length).toBeGreaterThan(20);
    for (const text of [logs(), printed, ...visible]) {
      for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    }
    expect(logs()).toContain('"event":"message"');
  });
});

/** How a secret's first 32 bytes, and each 32 bytes after them, could show up in a text. */
function writings(secret: Uint8Array): string[] {
  const forms: string[] = [];
  for (let start = 0; start + 32 <= secret.length; start += 32) {
    const part = secret.slice(start, start + 32);
    forms.push(
      part.toHex(),
      part.toBase64().slice(0, 40),
      part.toBase64({ alphabet: 'base64url', omitPadding: true }),
      part.join(','),
    );
  }
  return forms;
}
