/** The steps in which people talk: gate, online, away, stranger, back, replay, resume. */
import { writeFileSync } from 'node:fs';
import { requestIotaFromFaucet } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { createIotaClient, MailboxClient, MailboxReader, TransactionQueue } from '@wotid/mailbox';
import type { Facts } from '../output.ts';
import { expectThat, median } from './evidence.ts';
import { createMember } from './people.ts';
import type { Line } from './process.ts';
import type { Person, Stage } from './stage.ts';

const messagesEachWay = 20;
const largeBytes = 50_000;
/** More than one argument of a transaction holds. */
const chunkedBytes = 20_000;

/** What later steps need to know of earlier ones. */
export interface Story {
  sessionId: string;
  bobMailboxId: string;
  /** Texts that wait for bob, in order. */
  readonly waiting: { readonly from: Person; readonly body: string; readonly delivery: Line }[];
  /** Payload of one waiting message, read from the chain before bob claims it. */
  claimedPayload: Uint8Array;
  claimedMessageId: string;
  /** Who wrote to bob without having met him, and the id of her credential. */
  carol: { readonly person: Person; readonly credentialId: string } | null;
}

export async function passGate(stage: Stage, story: Story, alice: Person, bob: Person): Promise<Facts> {
  const report = await stage.ask(['connect', bob.did, '--home', alice.home]);
  expectThat(report['peer'] === bob.did && report['resumed'] === false, 'a new session with bob', report);
  story.sessionId = String(report['sessionId']);
  return {
    session: report['sessionId'],
    level: report['level'],
    suite: report['suite'],
    'gate and PQXDH ms': report['ms'],
    'bytes sent': report['bytesSent'],
    'bytes received': report['bytesReceived'],
  };
}

export async function talkOnline(stage: Stage, alice: Person, bob: Person): Promise<Facts> {
  const large = stage.path('large.txt');
  writeFileSync(large, 'x'.repeat(largeBytes));
  const facts: Record<string, unknown> = {};
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const texts = Array.from({ length: messagesEachWay - 1 }, (_, index) => `${from.name} says ${index + 1}`);
    const stdin = `${texts.join('\n')}\n`;
    const { lines } = await stage.run(['send', to.did, '--lines', '--home', from.home], { stdin });
    const last = await stage.ask(['send', to.did, '--file', large, '--home', from.home]);
    const deliveries = [...lines, last];
    expectThat(deliveries.length === messagesEachWay, `${messagesEachWay} deliveries`, deliveries.length);
    expectThat(
      deliveries.every((line) => line['route'] === 'p2p'),
      'an ACK for each',
      deliveries,
    );
    const inbox = await stage.run(['inbox', '--home', to.home]);
    const received = inbox.lines.filter((line) => line['from'] === from.did).map((line) => line['text']);
    expectThat(
      texts.every((text, index) => received[index] === text),
      'every text in order',
      received,
    );
    expectThat(
      inbox.lines.some((line) => line['from'] === from.did && line['bytes'] === largeBytes),
      'the 50 KB one',
    );
    facts[`${from.name} → ${to.name}`] = {
      messages: deliveries.length,
      'p50 send→ACK ms': median(lines.map((line) => Number(line['ms']))),
      '50 KB ms': last['ms'],
      bytes: deliveries.reduce((sum, line) => sum + Number(line['payloadBytes']), 0),
    };
  }
  return facts;
}

export async function leaveMessages(stage: Stage, story: Story, alice: Person, bob: Person): Promise<Facts> {
  await stage.process('bob').signal('SIGKILL');
  const bodies = ['are you there?', 'then read this when you are back', 'long '.repeat(chunkedBytes / 5)];
  const deliveries: Line[] = [];
  for (const [index, body] of bodies.entries()) {
    const file = stage.path(`away-${index}.txt`);
    writeFileSync(file, body);
    const { lines } = await stage.run(['send', bob.did, '--lines', '--home', alice.home], {
      stdin: `${body}\n`,
    });
    const delivery = lines[0] ?? {};
    expectThat(delivery['route'] === 'mailbox', 'the mailbox route', delivery);
    deliveries.push(delivery);
    story.waiting.push({ from: alice, body, delivery });
  }
  const first = deliveries[0] ?? {};
  story.claimedMessageId = String(first['messageId']);
  story.claimedPayload = await readPayload(stage, String(first['objectId']));
  return { deliveries: deliveries.map(chainFacts) };
}

export async function firstContact(stage: Stage, story: Story, bob: Person, alice: Person): Promise<Facts> {
  const member = await createMember(stage, 'carol');
  const carol = member.person;
  story.carol = { person: carol, credentialId: String(member.facts['credential']) };
  // The directory says where he is and hands out a one-time prekey of his; his card has his credential.
  const found = await stage.ask(['contact', 'lookup', bob.did, '--as', 'bob', '--home', carol.home]);
  expectThat(found['prekeys'] === 'as on chain', 'bob’s prekeys in the directory as on chain', found);
  await stage.run(['card', 'add', bob.cardFile, '--home', carol.home]);
  const body = `hello bob, we have not met; greetings also to ${alice.name}`;
  const delivery = await stage.ask(['send', bob.did, body, '--home', carol.home]);
  expectThat(delivery['route'] === 'mailbox', 'the mailbox route', delivery);
  story.waiting.push({ from: carol, body, delivery });
  const facts = { did: carol.did, 'bob’s prekeys in the directory': found['prekeys'] };
  return { ...facts, ...chainFacts(delivery) };
}

export async function comeBack(stage: Stage, story: Story, bob: Person): Promise<Facts> {
  const before = await ownerBalance(stage, bob);
  const { agent } = await stage.startAgent(bob);
  const report = await agent.waitFor(
    'the look into the mailbox',
    (line) => line['event'] === 'sync' && line['waiting'] !== 0,
  );
  expectThat(report['opened'] === story.waiting.length, `${story.waiting.length} messages opened`, report);
  const { lines } = await stage.run(['inbox', '--home', bob.home]);
  const fromMailbox = lines.filter((line) => line['route'] === 'mailbox');
  for (const from of new Set(story.waiting.map((entry) => entry.from))) {
    const sent = story.waiting.filter((entry) => entry.from === from).map((entry) => entry.body);
    const received = fromMailbox.filter((line) => line['from'] === from.did).map((line) => line['text']);
    expectThat(JSON.stringify(received) === JSON.stringify(sent), `${from.name}'s texts in order`, received);
  }
  // Carol's message took one of his; alice's session needs none.
  const directory = await stage.ask(['directory', 'status', '--home', bob.home]);
  const claims = report['claims'] as readonly Line[];
  const cost = story.waiting.reduce((sum, entry) => sum + BigInt(netOf(entry.delivery)), 0n);
  const gain = (await ownerBalance(stage, bob)) - before;
  const count = BigInt(story.waiting.length);
  expectThat(gain > 0n, 'the deposits to go to bob', gain);
  return {
    opened: report['opened'],
    'texts match': true,
    claims: claims.map((claim) => ({ digest: claim['digest'], net: `${netOf(claim)} NANOS` })),
    'one-time pairs left': directory['pairsLeft'],
    'sender paid a message': `${cost / count} NANOS`,
    'bob gained a message': `${gain / count} NANOS`,
  };
}

export async function replayOnce(stage: Stage, story: Story, alice: Person, bob: Person): Promise<Facts> {
  // Anybody can copy a payload from the chain and send it again from an address of their own.
  const client = createIotaClient(stage.network.rpcUrl);
  const signer = Ed25519Keypair.generate();
  await requestIotaFromFaucet({
    host: stage.network.faucetUrl,
    recipient: signer.toIotaAddress(),
    delayMs: 250,
  });
  const queue = new TransactionQueue({ client, signer });
  const thief = new MailboxClient({ queue, packageId: stage.packageId });
  await thief.sendMessage({ mailboxId: story.bobMailboxId, payload: story.claimedPayload });
  const replayed = await stage.ask(['mailbox', 'claim', '--home', bob.home]);
  expectThat(replayed['opened'] === 0, 'nothing new from the copy', replayed);

  // Bob was away, so alice connects again: the session goes on.
  const again = await stage.ask(['connect', bob.did, '--home', alice.home]);
  expectThat(again['resumed'] === true, 'the session to go on', again);
  // Bob's process is halted, not ended: alice's bytes reach his socket, no ACK comes, and the mailbox takes a second copy.
  const mark = stage.process('bob').mark;
  await stage.process('bob').signal('SIGSTOP');
  const body = 'this one takes both ways';
  const delivery = await stage.ask(['send', bob.did, body, '--home', alice.home]).finally(() => {
    return stage.process('bob').signal('SIGCONT');
  });
  expectThat(delivery['route'] === 'mailbox', 'the mailbox after no ACK', delivery);
  await stage.process('bob').waitFor('the online copy', (line) => line['event'] === 'message', mark);
  const both = await stage.ask(['mailbox', 'claim', '--home', bob.home]);
  expectThat(both['opened'] === 0 && both['duplicates'] === 1, 'the second copy known', both);

  const { lines } = await stage.run(['inbox', '--home', bob.home, '--limit', '1000']);
  const shown = (messageId: unknown): number =>
    lines.filter((line) => line['messageId'] === messageId).length;
  expectThat(shown(story.claimedMessageId) === 1 && shown(delivery['messageId']) === 1, 'each shown once');
  return {
    'submitted again': { copies: 2, shown: shown(story.claimedMessageId) },
    'both routes': { copies: 2, shown: shown(delivery['messageId']) },
  };
}

export async function resumeSession(stage: Stage, story: Story, alice: Person, bob: Person): Promise<Facts> {
  const answer = 'back again, and I have read everything';
  const delivery = await stage.ask(['send', alice.did, answer, '--home', bob.home]);
  expectThat(delivery['route'] === 'p2p', 'an answer online', delivery);
  const report = await stage.ask(['connect', alice.did, '--home', bob.home]);
  expectThat(
    report['sessionId'] === story.sessionId && report['resumed'] === true,
    'the same session',
    report,
  );
  const { lines } = await stage.run(['inbox', '--home', alice.home, '--limit', '1000']);
  expectThat(
    lines.some((line) => line['text'] === answer),
    'bob’s answer at alice',
  );
  return { session: report['sessionId'], 'same as before the crash': true, 'ms to ACK': delivery['ms'] };
}

async function readPayload(stage: Stage, objectId: string): Promise<Uint8Array> {
  const client = createIotaClient(stage.network.rpcUrl);
  const reader = new MailboxReader({ client, packageId: stage.packageId });
  return (await reader.readMessage(objectId)).payload;
}

async function ownerBalance(stage: Stage, person: Person): Promise<bigint> {
  return BigInt(String((await stage.ask(['wallet', 'balance', '--home', person.home]))['owner']));
}

function netOf(line: Line): string {
  return String((line['gas'] as Line | undefined)?.['net'] ?? '0');
}

function chainFacts(line: Line): Facts {
  return {
    route: line['route'],
    digest: line['digest'],
    object: line['objectId'],
    'payload bytes': line['payloadBytes'],
    net: `${netOf(line)} NANOS`,
  };
}
