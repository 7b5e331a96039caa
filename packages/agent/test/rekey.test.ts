/** Rekeys, signatures, checkpoints and credentials between two agents. */
import {
  importIdentityVerifyingKeys,
  parseIdentityBlock,
  signaturePurposes,
  verifyHybrid,
} from '@wotid/crypto';
import {
  encodeCheckpoint,
  encodeText,
  messageTypes,
  newMessageId,
  sealMessage,
  type Session,
} from '@wotid/session';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockFromNow, failure, Network, provider, text, type Person } from './people.ts';
import { RawPeer } from './raw-peer.ts';

const dayMs = 86_400_000;
let network: Network;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());

const couple = (init?: Parameters<Network['couple']>[0]): Promise<[Person, Person]> => network.couple(init);

const rekeysOf = (person: Person): number | undefined =>
  person.agent.conversation.sessions.list()[0]?.rekeySequence;

describe('a session', () => {
  it('renews its keys at a word, signed by both', async () => {
    const [alice, bob] = await couple();
    await alice.agent.send(bob.did, text('hello'));
    const before = alice.agent.conversation.sessions.list()[0]!;
    expect(before).toMatchObject({ peer: bob.did, state: 'active', rekeySequence: 0, isOverdue: false });
    const report = await alice.agent.conversation.sessions.rekey(bob.did);
    expect(report).toEqual({
      peer: bob.did,
      sessionId: before.sessionId,
      rekeySequence: 1,
      isComplete: true,
    });
    expect(rekeysOf(bob)).toBe(1);
    expect(await bob.agent.conversation.sessions.rekey(alice.did)).toMatchObject({
      rekeySequence: 2,
      isComplete: true,
    });
    expect((await alice.agent.send(bob.did, text('onwards'))).route).toBe('p2p');
    expect(alice.home.outbox.count('acked')).toBe(2);
  });

  it('renews them at a word also while an unsigned rekey is under way, once for all who ask at a time', async () => {
    const [alice, bob] = await couple();
    await alice.agent.send(bob.did, text('hello'));
    // Seen by the other end: after 31 messages of both, with the next one the 32nd is due.
    const isRekeying = (): boolean => alice.agent.conversation.sessions.list()[0]!.isRekeying;
    for (let k = 0; k < 40 && !isRekeying(); k++) void alice.agent.send(bob.did, text(`${k}`));
    await expect.poll(isRekeying).toBe(true);
    const reports = await Promise.all([
      alice.agent.conversation.sessions.rekey(bob.did),
      alice.agent.conversation.sessions.rekey(bob.did),
    ]);
    expect(reports[0]).toMatchObject({ isComplete: true, rekeySequence: 2 });
    expect(reports[1]).toBe(reports[0]);
    expect(rekeysOf(bob)).toBe(2);
  });

  it('whose ends have lost each other ends its link, and a new one takes over by itself', async () => {
    const bob = await network.person({ mailbox: false, funded: false });
    const peer = await RawPeer.start(network, ['/ip4/127.0.0.1/tcp/0']);
    try {
      peer.answerAndIgnore();
      await bob.agent.addContact(peer.card());
      const { connection } = await peer.gate(bob);
      const messages = await peer.transport.openMessages(connection);
      const seal = (
        session: Session,
        seq: number,
        rekey: 'due' | 'epoch',
      ): ReturnType<typeof sealMessage> => {
        const messageId = newMessageId(provider.random);
        const message = { type: messageTypes.text, payload: encodeText(`${seq}`), messageId, seq };
        const nowMs = Date.now();
        return sealMessage(
          provider,
          session,
          { ...message, sentAtMs: nowMs },
          { route: 'online', nowMs, rekey },
        );
      };
      // Two copies of one state go on, as after a restored home, and offer different keys.
      const first = seal(peer.session!, 1, 'epoch');
      const second = seal(seal(peer.session!, 2, 'due').session, 3, 'epoch');
      await messages.send(first.envelope);
      await bob.until(({ message }) => message[0]);
      const { sessions } = bob.agent.conversation;
      const [before] = sessions.list();
      const states: unknown[] = [];
      bob.agent.on('session', () => states.push(sessions.list()[0]?.state));
      await messages.send(second.envelope);
      expect(await bob.until(({ session }) => session[0])).toMatchObject({ kind: 'keys-disagree' });
      expect(states).toEqual(['abandoned']);
      await bob.until((events) => events.peer.length >= 3);
      expect(bob.events.peer.map(({ state }) => state)).toEqual(['connected', 'disconnected', 'connected']);
      const active = bob.agent.conversation.sessions.list().filter(({ state }) => state === 'active');
      expect(active).toHaveLength(1);
      expect(active[0]?.sessionId).not.toBe(before?.sessionId);
      expect(bob.texts).toEqual(['1']);
    } finally {
      await peer.transport.close();
    }
  });

  it('renews them by itself in a conversation, over restarts and reconnections', async () => {
    const [alice, bob] = await couple();
    for (let k = 0; k < 24; k++) {
      await alice.agent.send(bob.did, text(`a ${k}`));
      await bob.agent.send(alice.did, text(`b ${k}`));
      if (k !== 12) continue;
      await bob.restart();
      await alice.until(({ peer }) => peer.find(({ state }) => state === 'disconnected'));
    }
    expect(rekeysOf(alice)).toBeGreaterThan(1);
    expect(Math.abs(rekeysOf(alice)! - rekeysOf(bob)!)).toBeLessThanOrEqual(1);
    expect([alice.texts.length, bob.texts.length]).toEqual([24, 24]);
  });

  it('gives way to a new one when nobody has proven an identity in it for too long', async () => {
    const clock = clockFromNow();
    const [alice, bob] = await couple({ clock });
    await alice.agent.send(bob.did, text('before'));
    const [before] = alice.agent.conversation.sessions.list();
    clock.advance(31 * dayMs);
    expect(alice.agent.conversation.sessions.list()[0]?.isOverdue).toBe(true);
    expect((await alice.agent.send(bob.did, text('after'))).route).toBe('p2p');
    const active = alice.agent.conversation.sessions.list().filter(({ state }) => state === 'active');
    expect(active).toHaveLength(1);
    expect(active[0]?.sessionId).not.toBe(before?.sessionId);
    expect(bob.texts).toEqual(['before', 'after']);
    // So it does for who asks for a rekey.
    clock.advance(31 * dayMs);
    const rekey = await alice.agent.conversation.sessions.rekey(bob.did);
    expect(rekey).toMatchObject({ isComplete: true, rekeySequence: 1 });
    expect(rekey.sessionId).not.toBe(active[0]?.sessionId);
    expect(alice.events.session).toMatchObject([
      { peer: bob.did, kind: 'rekey-overdue' },
      { peer: bob.did, kind: 'rekey-overdue' },
    ]);
  });

  it('below level 3 has no keys to renew', async () => {
    const [alice, bob] = await couple();
    for (const person of [alice, bob]) person.agent.setSecurity({ minLevel: 2, maxLevel: 2 });
    await alice.agent.send(bob.did, text('classical'));
    expect(alice.agent.conversation.sessions.list()[0]?.level).toBe(2);
    expect(await failure(alice.agent.conversation.sessions.rekey(bob.did))).toBe('BAD_REQUEST');
  });
});

describe('signatures', () => {
  it('are added on request, always, or for single messages not, and prove the message to others', async () => {
    const [alice, bob] = await couple();
    await alice.agent.send(bob.did, text('deniable'));
    await alice.agent.send(bob.did, text('signed'), { sign: true });
    expect(alice.agent.conversation.sessions.setSigning('always')).toBe('always');
    await alice.agent.send(bob.did, text('signed, too'));
    await alice.agent.send(bob.did, text('not this one'), { sign: false });
    expect(() => alice.agent.conversation.sessions.setSigning('sometimes')).toThrow(
      /ratchet, checkpoint, always/,
    );
    const inbox = bob.agent.inbox();
    expect(inbox.map(({ isSigned }) => isSigned)).toEqual([false, true, true, false]);
    const proof = bob.agent.conversation.proof(inbox[1]!.messageId);
    expect(proof).toMatchObject({ from: alice.did, type: 'text' });
    expect(Buffer.from(proof.body.subarray(-64))).toEqual(Buffer.from(provider.sha512(proof.payload)));
    const block = parseIdentityBlock(proof.identityBlock);
    expect(block.did).toBe(alice.did);
    using keys = importIdentityVerifyingKeys(provider, block);
    expect(verifyHybrid(provider, keys, signaturePurposes.message, proof.body, proof.signature)).toBe(true);
    expect(await failure(Promise.try(() => bob.agent.conversation.proof(inbox[0]!.messageId)))).toBe(
      'BAD_REQUEST',
    );
    expect(await failure(Promise.try(() => bob.agent.conversation.proof('nonsense')))).toBe('BAD_REQUEST');
  });

  it('cover many messages at once by a checkpoint, which the other end compares with what it has', async () => {
    const [alice, bob] = await couple();
    expect(await failure(alice.agent.conversation.sessions.checkpoint(bob.did))).toBe('NOTHING_NEW');
    for (let k = 0; k < 3; k++) {
      await alice.agent.send(bob.did, text(`a ${k}`));
      await bob.agent.send(alice.did, text(`b ${k}`));
    }
    const report = await alice.agent.conversation.sessions.checkpoint(bob.did);
    expect(report).toMatchObject({ verdict: 'sent', sent: '1-3', received: '1-3' });
    expect(bob.events.checkpoint).toEqual([
      { peer: alice.did, messageId: report.messageId, verdict: 'agrees', sent: '1-3', received: '1-3' },
    ]);
    expect(bob.agent.inbox().at(-1)).toMatchObject({ type: 'checkpoint', isSigned: true });
    expect(await failure(alice.agent.conversation.sessions.checkpoint(bob.did))).toBe('NOTHING_NEW');
    // Bob's own one says the same from the other side, Alice's checkpoint included.
    expect(await bob.agent.conversation.sessions.checkpoint(alice.did)).toMatchObject({
      sent: '1-3',
      received: '1-4',
    });
    expect(alice.events.checkpoint).toMatchObject([{ verdict: 'agrees', received: '1-3', sent: '1-4' }]);
  });

  it('that do not fit what was written are told to the user', async () => {
    const [alice, bob] = await couple();
    await alice.agent.send(bob.did, text('one'));
    const false_ = encodeCheckpoint({
      sent: { first: 1, last: 1, hash: new Uint8Array(64) },
      received: null,
    });
    const missing = encodeCheckpoint({
      sent: { first: 1, last: 9, hash: new Uint8Array(64) },
      received: null,
    });
    const { sessions } = bob.agent.conversation;
    const message = { from: alice.did, messageId: '00'.repeat(16), type: 'checkpoint' };
    const check = async (payload: Uint8Array): Promise<unknown> =>
      (await sessions.verify({ ...message, payload })).verdict;
    expect(await Promise.all([false_, missing].map(check))).toEqual(['differs', 'incomplete']);
    const other = sessions.verify({ ...message, type: 'text', payload: missing });
    await expect(other).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(messageTypes.checkpoint).toBe(3);
  });

  it('go out by themselves after 256 messages and at the end, where the user wants checkpoints', async () => {
    const [alice, bob] = await couple();
    alice.agent.conversation.sessions.setSigning('checkpoint');
    // Bob says nothing: what Alice alone has sent is enough.
    for (let k = 0; k < 304; k += 16) {
      await Promise.all(Array.from({ length: 16 }, (_, n) => alice.agent.send(bob.did, text(`${k + n}`))));
    }
    expect(await bob.until(({ checkpoint }) => checkpoint[0])).toMatchObject({
      verdict: 'agrees',
      received: '1-256',
    });
    await alice.agent.send(bob.did, text('last words'));
    await alice.agent.close();
    // Number 257 was the first checkpoint.
    expect(bob.events.checkpoint).toMatchObject([
      { verdict: 'agrees' },
      { verdict: 'agrees', received: '257-306', sent: '' },
    ]);
  });
});

describe('credentials in conversation', () => {
  it('are asked for, offered, shown and checked', async () => {
    const [alice, bob] = await couple();
    const asked = await alice.agent.conversation.presentations.request(bob.did, { reason: 'to trade' });
    const [request] = bob.agent.inbox();
    expect(bob.agent.conversation.presentations.read(request!)).toEqual({
      types: ['VerifiedHumanCredential'],
      issuers: [],
      reason: 'to trade',
    });
    await bob.agent.conversation.presentations.offer(alice.did, { replyTo: asked.messageId });
    const [offer] = alice.agent.inbox();
    expect(offer).toMatchObject({ type: 'presentationOffer', replyTo: asked.messageId });
    expect(alice.agent.conversation.presentations.read(offer!)).toMatchObject({ issuer: network.issuer.did });
    await bob.agent.conversation.presentations.present(alice.did, { replyTo: asked.messageId });
    const shown = await alice.until(({ presentation }) => presentation[0]);
    expect(shown).toMatchObject({ from: bob.did, isAccepted: true, credential: { subject: bob.did } });
    const message = alice.agent.inbox().at(-1)!;
    expect(message).toMatchObject({ type: 'presentation', isSigned: true, messageId: shown.messageId });
    expect(await alice.agent.conversation.presentations.check(message)).toEqual(shown);
    expect(await failure(alice.agent.conversation.presentations.check(offer!))).toBe('BAD_REQUEST');
  });

  it('of another person are refused, as at the gate', async () => {
    const [alice, bob] = await couple();
    const mallory = await network.person({ mailbox: false, funded: false });
    await alice.agent.send(bob.did, text('hello'));
    const theirs = mallory.home.settings.getBytes('credential')!;
    bob.home.settings.set({ credential: theirs });
    await bob.agent.conversation.presentations.present(alice.did);
    const shown = await alice.until(({ presentation }) => presentation[0]);
    expect(shown).toMatchObject({ isAccepted: false, credential: null });
    expect(shown.reason).not.toBe('');
  });
});
