/** Two people as two processes: what goes on between them beside messages, from the command line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Running, wotid, type Line } from './wotid.ts';

const dir = mkdtempSync(join(tmpdir(), 'wotid-conversation-'));
const at = (name: string): string => join(dir, name);
const env = { WOTID_PASSPHRASE_FILE: at('passphrase') };
const running: Running[] = [];

/** What a command prints, once it has done what it should. */
async function ok(...args: readonly string[]): Promise<Line[]> {
  const { code, stderr, lines } = await wotid([...args, '--json'], { env });
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return [...lines];
}

/** Somebody with a credential, whose agent runs. */
class Somebody {
  readonly name: string;
  readonly agent: Running;
  did = '';

  constructor(name: string) {
    this.name = name;
    const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--sync-interval', '0', '--json'];
    this.agent = new Running(['agent', '--home', at(name), ...listen], { env });
    running.push(this.agent);
  }

  static async start(name: string, network: readonly string[]): Promise<Somebody> {
    await ok('init', '--home', at(name), '--did', 'jwk', ...network);
    const somebody = new Somebody(name);
    somebody.did = String((await somebody.event('ready'))['did']);
    await somebody.does('trust', 'add', at('issuer.json'));
    await somebody.does('credential', 'request', '--out', at(`${name}.request`));
    const files = ['--home', at('issuer'), '--out', at(`${name}.credential`)];
    await ok('issue', 'credential', at(`${name}.request`), ...files, '--evidence', 'met in person');
    await somebody.does('credential', 'import', at(`${name}.credential`));
    await somebody.does('card', 'export', '--out', at(`${name}.card`));
    return somebody;
  }

  /** Runs a command that has one result. */
  async does(...args: readonly string[]): Promise<Line> {
    return (await ok(...args, '--home', at(this.name)))[0] ?? {};
  }

  async inbox(): Promise<Line[]> {
    return ok('inbox', '--home', at(this.name));
  }

  /** What the agent tells of its own accord. */
  event(name: string): Promise<Line> {
    return this.agent.line(({ event }) => event === name);
  }
}

let alice: Somebody;
let bob: Somebody;

beforeAll(async () => {
  writeFileSync(at('passphrase'), 'an old tin whistle in the rain\n', { mode: 0o600 });
  const localnet = new Running(['localnet', '--port', '0', '--faucet-port', '0', '--json']);
  running.push(localnet);
  const { rpc, faucet } = await localnet.line((line) => 'rpc' in line);
  const network = ['--network', String(rpc), '--faucet', String(faucet)];
  await ok('issue', 'setup', '--home', at('issuer'), '--out', at('issuer.json'));
  [alice, bob] = await Promise.all([Somebody.start('alice', network), Somebody.start('bob', network)]);
  await alice.does('card', 'add', at('bob.card'), '--as', 'bob');
});
afterAll(async () => {
  await Promise.all(running.map((one) => one.end('SIGKILL')));
  rmSync(dir, { recursive: true, force: true });
});

it('a credential is asked for, offered, shown, checked, and proven to others', async () => {
  const asked = await alice.does('credential', 'ask', 'bob', '--reason', 'to trade');
  expect(asked).toMatchObject({ to: bob.did, route: 'p2p' });
  const replyTo = ['--reply-to', String(asked['messageId'])];
  expect(await bob.inbox()).toMatchObject([
    { from: alice.did, type: 'presentationRequest', messageId: asked['messageId'] },
  ]);
  const offered = await bob.does('credential', 'offer', alice.did, ...replyTo);
  expect(offered).toMatchObject({ to: alice.did, route: 'p2p' });
  const shown = await bob.does('credential', 'present', alice.did, ...replyTo);
  const told = await alice.event('presentation');
  expect(told).toMatchObject({ from: bob.did, messageId: shown['messageId'], isAccepted: true });
  expect(await alice.inbox()).toMatchObject([
    { type: 'presentationOffer', replyTo: asked['messageId'], isSigned: false },
    { type: 'presentation', replyTo: asked['messageId'], isSigned: true },
  ]);
  const messageId = String(shown['messageId']);
  expect(await alice.does('credential', 'check', messageId)).toMatchObject({
    isAccepted: true,
    credential: { subject: bob.did },
  });
  await alice.does('proof', messageId, '--out', at('proof.json'));
  expect(JSON.parse(readFileSync(at('proof.json'), 'utf8'))).toMatchObject({ from: bob.did, messageId });
});

it('keys are renewed at a word, and what was written is signed and found alike at the other end', async () => {
  const before = await alice.does('session', 'list');
  const rekey = await alice.does('session', 'rekey', 'bob');
  expect(rekey).toMatchObject({ peer: bob.did, sessionId: before['sessionId'], isComplete: true });
  expect(rekey['rekeySequence']).toBe(Number(before['rekeySequence']) + 1);
  for (const somebody of [alice, bob]) {
    expect(await somebody.does('session', 'list')).toMatchObject({
      sessionId: before['sessionId'],
      rekeySequence: rekey['rekeySequence'],
    });
  }
  expect(await alice.does('send', 'bob', 'onwards')).toMatchObject({ route: 'p2p' });
  const checkpoint = await alice.does('session', 'checkpoint', 'bob');
  expect(checkpoint).toMatchObject({ verdict: 'sent', count: 1, sent: '1-2', received: '1-2' });
  const verdict = {
    peer: alice.did,
    messageId: checkpoint['messageId'],
    verdict: 'agrees',
    sent: '1-2',
    received: '1-2',
  };
  expect(await bob.event('checkpoint')).toMatchObject(verdict);
  expect(await bob.does('session', 'verify', String(checkpoint['messageId']))).toMatchObject(verdict);
});
