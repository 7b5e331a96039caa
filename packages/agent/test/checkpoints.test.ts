/** What checkpoints cover: everything that has been delivered since the last one, and nothing else. */
import {
  encodeCheckpoint,
  messageTypes,
  newMessageId,
  parseCheckpoint,
  type OwnIdentity,
} from '@wotid/session';
import { silentLogger } from '@wotid/core';
import { expect, it, vi } from 'vitest';
import { AgentError } from '../src/errors.ts';
import { Inbox } from '../src/inbox.ts';
import type { OutboxState } from '../src/home/outbox-store.ts';
import { MessageLog } from '../src/message-log.ts';
import type { CheckpointReport, InboxMessage, SigningMode } from '../src/types.ts';
import { createHome } from './home/homes.ts';
import { clock, contactsOf, provider, someone } from './parts.ts';

const people = [someone(), someone()] as const;

/** The message log of one of the two, on a home of its own. */
async function logOf(ours: OwnIdentity, theirs: OwnIdentity) {
  const home = await createHome();
  const peer = theirs.block.did;
  const nothing = (): void => {};
  const contacts = contactsOf(home, ours);
  contacts.remember(theirs, new Uint8Array([1]), 3);
  const inbox = new Inbox({ home, clock, onMessage: nothing, onAcknowledged: nothing });
  let mode: SigningMode = 'ratchet';
  let isAway = false;
  let isStalled = false;
  const logs: string[] = [];
  const reports: CheckpointReport[] = [];
  const payloads: Uint8Array[] = [];
  const settle = (messageId: Uint8Array, state: OutboxState): void => {
    home.outbox.update(messageId, { state, updatedMs: clock.nowMs() });
  };
  /** A message of ours. */
  const write = (type: string, payload: Uint8Array, state: OutboxState = 'acked') => {
    const messageId = newMessageId(provider.random);
    const seq = home.peers.takeSeq(peer);
    const base = { messageId, peer, seq, type, payload, sentAtMs: clock.nowMs(), replyTo: null };
    home.outbox.add({ ...base, isSigned: false, toUnverified: false }, clock.nowMs());
    if (state !== 'queued') settle(messageId, state);
    return base;
  };
  const log = new MessageLog({
    home,
    provider,
    contacts,
    ours,
    mode: () => mode,
    logger: { ...silentLogger, warn: (event) => logs.push(event) },
    send: (_, { payload }) => {
      payloads.push(payload);
      if (isStalled) return new Promise(() => {});
      const { messageId } = write('checkpoint', payload, isAway ? 'queued' : 'acked');
      if (isAway) {
        const data = { messageId: messageId.toHex() };
        return Promise.reject(new AgentError('NOT_DELIVERED', 'they are away', { data }));
      }
      return Promise.resolve({
        messageId: messageId.toHex(),
        to: peer,
        route: 'p2p',
        ms: 1,
        payloadBytes: 1,
      });
    },
    onCheckpoint: (report) => reports.push(report),
  });
  /** A message of the peer, as its session gives it. */
  const receive = ({ messageId, seq, payload }: ReturnType<typeof write>, route: 'p2p' | 'mailbox' = 'p2p') =>
    inbox
      .store(
        {
          type: messageTypes.text,
          payload,
          from: peer,
          fromIdFp: theirs.idFp,
          to: ours.block.did,
          messageId,
          seq: Number(seq),
          sentAtMs: clock.nowMs(),
          replyTo: null,
          ackSeq: null,
          proof: null,
        },
        route,
      )
      .afterCommit();
  return {
    home,
    peer,
    log,
    payloads,
    reports,
    settle,
    receive,
    text: (text: string, state?: OutboxState) => write('text', new TextEncoder().encode(text), state),
    setMode: (next: SigningMode) => (mode = next),
    leave: () => (isAway = true),
    /** What is sent from now on is neither taken nor given up. */
    stall: () => (isStalled = true),
    logs,
    /** A checkpoint of the peer, as it is shown. */
    checkpoint: (payload: Uint8Array): InboxMessage => ({
      position: 1,
      messageId: '00'.repeat(16),
      from: peer,
      type: 'checkpoint',
      payload,
      seq: 1,
      sentAtMs: 0,
      receivedAtMs: 0,
      route: 'p2p',
      replyTo: null,
      isSigned: true,
    }),
    /** What a checkpoint of the peer's comes to. */
    check: async (payload: Uint8Array) =>
      (await log.verify({ from: peer, messageId: '00'.repeat(16), type: 'checkpoint', payload })).verdict,
  };
}

const both = () => Promise.all([logOf(people[0], people[1]), logOf(people[1], people[0])]);
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { readonly code?: string }) => error.code,
  );

it('3,000 messages without a checkpoint are all covered, in pieces that both ends find alike', async () => {
  const [alice, bob] = await both();
  alice.home.transaction(() =>
    bob.home.transaction(() => {
      for (let k = 1; k <= 3_000; k++) bob.receive(alice.text(`${k}`), k % 7 === 0 ? 'mailbox' : 'p2p');
    }),
  );
  const sent = await alice.log.checkpoint(alice.peer);
  expect(sent).toMatchObject({ count: 3, sent: '1-3000', received: '' });
  const windows = alice.payloads.map((payload) => parseCheckpoint(payload).sent);
  expect(windows).toMatchObject([
    { first: 1, last: 1_024 },
    { first: 1_025, last: 2_048 },
    { first: 2_049, last: 3_000 },
  ]);
  expect(await Promise.all(alice.payloads.map(bob.check))).toEqual(['agrees', 'agrees', 'agrees']);
  expect(await codeOf(alice.log.checkpoint(alice.peer))).toBe('NOTHING_NEW');
  // The next one begins right after the last signed message, with the checkpoints themselves.
  alice.text('one more');
  expect(await alice.log.checkpoint(alice.peer)).toMatchObject({ count: 1, sent: '3001-3004' });
  expect(await bob.log.checkpoint(bob.peer)).toMatchObject({ count: 3, received: '1-3000' });
  expect(await Promise.all(bob.payloads.map(alice.check))).toEqual(['agrees', 'agrees', 'agrees']);
});

it('what is queued or under way is not signed, nor what was written after it, until it has been delivered', async () => {
  const [alice] = await both();
  alice.text('1');
  alice.text('2', 'mailbox');
  const queued = alice.text('3', 'queued');
  const underWay = alice.text('4', 'sent');
  alice.text('5');
  expect(await alice.log.checkpoint(alice.peer)).toMatchObject({ sent: '1-2' });
  expect(await codeOf(alice.log.checkpoint(alice.peer))).toBe('NOTHING_NEW');
  alice.settle(queued.messageId, 'acked');
  expect(await alice.log.checkpoint(alice.peer)).toMatchObject({ sent: '3-3' });
  alice.settle(underWay.messageId, 'mailbox');
  expect(await alice.log.checkpoint(alice.peer)).toMatchObject({ sent: '4-7' });
});

it('one that waits in the outbox covers its messages: no second one is queued for them', async () => {
  const [alice] = await both();
  alice.text('1');
  alice.leave();
  expect(await codeOf(alice.log.checkpoint(alice.peer))).toBe('NOT_DELIVERED');
  expect(await codeOf(alice.log.checkpoint(alice.peer))).toBe('NOTHING_NEW');
});

it('a lost message is missing, not different; erased ones are left out', async () => {
  const [alice, bob] = await both();
  for (let k = 1; k <= 9; k++) {
    const message = alice.text(`${k}`);
    if (k !== 4) bob.receive(message);
  }
  await alice.log.checkpoint(alice.peer);
  expect(await bob.check(alice.payloads[0]!)).toBe('incomplete');
  // Bob speaks of what has come without gaps.
  expect(await bob.log.checkpoint(bob.peer)).toMatchObject({ count: 1, received: '1-3' });
  bob.receive({ ...alice.text('late'), seq: 4n });
  bob.home.inbox.delete(5);
  expect(await bob.log.checkpoint(bob.peer)).toMatchObject({ count: 2, received: '4-5, 7-9' });
  expect(await Promise.all(bob.payloads.map(alice.check))).toEqual(['agrees', 'differs', 'agrees']);
});

it('a peer whose home is new counts anew: its new messages are signed, and compared with new ones', async () => {
  const [alice, bob] = await both();
  const lost = await logOf(people[0], people[1]);
  for (let k = 1; k <= 3; k++) bob.receive(lost.text(`old ${k}`));
  expect(await bob.log.checkpoint(bob.peer)).toMatchObject({ received: '1-3' });
  for (let k = 1; k <= 4; k++) bob.receive(alice.text(`new ${k}`));
  expect(await bob.log.checkpoint(bob.peer)).toMatchObject({ received: '1-4' });
  const { received } = parseCheckpoint(bob.payloads[1]!);
  expect(await alice.check(encodeCheckpoint({ sent: null, received }))).toBe('agrees');
});

it('what one side alone has sent is enough for a checkpoint by itself, what waits does not count', async () => {
  const [alice] = await both();
  alice.setMode('checkpoint');
  for (let k = 1; k <= 300; k++) alice.text('queued', 'queued');
  alice.log.noteTraffic(alice.peer);
  expect(alice.payloads).toHaveLength(0);
  for (const { messageId } of alice.home.outbox.ofPeer(alice.peer, 300).toReversed().slice(0, 256)) {
    alice.settle(messageId, 'acked');
    alice.log.noteTraffic(alice.peer);
  }
  expect(alice.payloads).toHaveLength(1);
  expect(parseCheckpoint(alice.payloads[0]!).sent).toMatchObject({ first: 1, last: 256 });
});

it('a peer that does not take a checkpoint and writes on costs no look at the log with every message', async () => {
  const [alice] = await both();
  alice.setMode('checkpoint');
  for (let k = 1; k <= 256; k++) alice.text(`${k}`);
  const look = vi.spyOn(alice.home.outbox, 'ofPeer');
  alice.stall();
  alice.log.noteTraffic(alice.peer);
  const looks = look.mock.calls.length;
  expect([alice.payloads.length, looks > 0]).toEqual([1, true]);
  for (let k = 1; k <= 1_000; k++) alice.log.noteTraffic(alice.peer);
  expect(look.mock.calls.length).toBe(looks);
});

it('checkpoints of a peer are compared one at a time; what is above its share stays, unchecked', async () => {
  const [alice] = await both();
  const payload = encodeCheckpoint({ sent: { first: 1, last: 9, hash: new Uint8Array(64) }, received: null });
  for (let k = 0; k < 40; k++) alice.log.receive(alice.checkpoint(payload));
  await expect.poll(() => alice.reports.length).toBe(16);
  expect(alice.logs).toEqual(Array.from({ length: 24 }, () => 'checkpoint.unchecked'));
  alice.log.receive(alice.checkpoint(payload));
  await expect.poll(() => alice.reports.length).toBe(17);
});

it('a peer that leaves out a number and writes on is not read again and again for nothing to sign', async () => {
  const [alice, bob] = await both();
  alice.setMode('checkpoint');
  const first = bob.text('1');
  alice.home.transaction(() => {
    for (let k = 2; k <= 600; k++) alice.receive(bob.text(`${k}`));
  });
  const look = vi.spyOn(alice.home.inbox, 'latestOf');
  for (let k = 2; k <= 600; k++) alice.log.noteTraffic(alice.peer);
  expect([look.mock.calls.length, alice.payloads.length]).toEqual([0, 0]);
  // With the one that was missing all of them count.
  alice.receive(first);
  for (let k = 0; k < 256; k++) alice.log.noteTraffic(alice.peer);
  expect(parseCheckpoint(alice.payloads[0]!).received).toMatchObject({ first: 1, last: 600 });
});
