import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_CONTENT_BYTES,
  MAX_PENDING_PER_PEER,
  MAX_SEEN_PER_PEER,
  SEEN_TTL_MS,
  type OutboxMessage,
  type ReceivedMessage,
  type StoredSession,
} from '../../src/home/index.ts';
import { alice, bob, codeOf, createHome, id16, id32, nowMs, reopen } from './homes.ts';

const session = (change: Partial<StoredSession> = {}): StoredSession => ({
  sid: id16(),
  peer: alice,
  version: 1n,
  state: 'active',
  lastUsedMs: nowMs,
  record: new Uint8Array(randomBytes(300)),
  ...change,
});

const outgoing = (change: Partial<OutboxMessage> = {}): OutboxMessage => ({
  messageId: id16(),
  peer: bob,
  seq: 1n,
  type: 'text',
  payload: new TextEncoder().encode('hello'),
  sentAtMs: nowMs,
  replyTo: null,
  isSigned: true,
  toUnverified: false,
  ...change,
});

const incoming = (change: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
  messageId: id16(),
  peer: alice,
  seq: 1n,
  type: 'text',
  payload: new TextEncoder().encode('hi'),
  sentAtMs: nowMs - 5,
  receivedAtMs: nowMs,
  route: 'p2p',
  replyTo: null,
  ...change,
});

describe('sessions', () => {
  it('come back as they were stored, also after a restart', async () => {
    let home = await createHome();
    const first = session({ lastUsedMs: nowMs - 2 });
    const second = session({ state: 'pending' });
    const other = session({ peer: bob, lastUsedMs: nowMs - 1 });
    for (const stored of [first, second, other]) home.sessions.put(stored);
    home = await reopen(home);
    expect(home.sessions.get(first.sid)).toEqual(first);
    expect(home.sessions.ofPeer(alice)).toEqual([second, first]);
    expect(home.sessions.ofPeer(bob)).toEqual([other]);
    expect(home.sessions.ids()).toEqual([second.sid, other.sid, first.sid]);
    expect(home.sessions.get(id16())).toBeUndefined();
    expect(home.sessions.delete(first.sid)).toBe(true);
    expect(home.sessions.delete(first.sid)).toBe(false);
    expect(home.sessions.pruneUnused(nowMs)).toBe(1);
    expect(home.sessions.count()).toBe(1);
  });

  it('only ever become newer', async () => {
    const home = await createHome();
    const stored = session({ version: 5n });
    home.sessions.put(stored);
    for (const version of [5n, 4n, 0n]) {
      expect(codeOf(() => home.sessions.put({ ...stored, version }))).toBe('STALE_RECORD');
    }
    expect(codeOf(() => home.sessions.put({ ...stored, version: 6n, peer: bob }))).toBe('BAD_VALUE');
    expect(home.sessions.get(stored.sid)).toEqual(stored);
    const next = { ...stored, version: 6n, state: 'receive-only' as const, record: new Uint8Array(3) };
    home.sessions.put(next);
    expect(home.sessions.get(stored.sid)).toEqual(next);
  });

  it('of any size up to the limit', async () => {
    const home = await createHome();
    home.sessions.put(session({ record: new Uint8Array(MAX_CONTENT_BYTES) }));
    expect(codeOf(() => home.sessions.put(session({ record: new Uint8Array(MAX_CONTENT_BYTES + 1) })))).toBe(
      'BAD_VALUE',
    );
    expect(codeOf(() => home.sessions.put(session({ sid: new Uint8Array(15) })))).toBe('BAD_VALUE');
  });
});

describe('first messages', () => {
  it('are kept until they are on chain', async () => {
    let home = await createHome();
    const first = {
      sid: id16(),
      messageId: id16(),
      madeAtMs: nowMs,
      envelope: new Uint8Array(randomBytes(30_000)),
    };
    home.firstMessages.put(first);
    expect(codeOf(() => home.firstMessages.put({ ...first, sid: new Uint8Array(15) }))).toBe('BAD_VALUE');
    expect(
      codeOf(() => home.firstMessages.put({ ...first, envelope: new Uint8Array(MAX_CONTENT_BYTES + 1) })),
    ).toBe('BAD_VALUE');
    home = await reopen(home);
    expect(home.firstMessages.get(first.sid)).toEqual(first);
    expect(home.firstMessages.get(id16())).toBeUndefined();
    expect(home.firstMessages.delete(first.sid)).toBe(true);
    expect(home.firstMessages.delete(first.sid)).toBe(false);
    expect(home.firstMessages.get(first.sid)).toBeUndefined();
  });
});

describe('outbox', () => {
  it('keeps a message through all its states', async () => {
    let home = await createHome();
    const message = outgoing({ replyTo: id16(), seq: (1n << 64n) - 1n });
    const entry = home.outbox.add(message, nowMs);
    expect(entry).toMatchObject({ ...message, state: 'queued', attempts: 0, dueMs: nowMs });
    expect(codeOf(() => home.outbox.add(message, nowMs))).toBe('BAD_VALUE');
    home.outbox.update(message.messageId, {
      state: 'sent',
      attempts: 1,
      dueMs: nowMs + 30_000,
      updatedMs: nowMs + 1,
    });
    home = await reopen(home);
    expect(home.outbox.due(nowMs + 29_999, 10)).toEqual([]);
    expect(home.outbox.nextDueMs()).toBe(nowMs + 30_000);
    expect(home.outbox.due(nowMs + 30_000, 10)).toHaveLength(1);
    expect(home.outbox.pendingFor(bob).map((pending) => pending.state)).toEqual(['sent']);
    expect(home.outbox.pendingFor(alice)).toEqual([]);
    const done = home.outbox.update(message.messageId, {
      state: 'mailbox',
      digest: 'a digest',
      objectId: '0x1',
      failure: 'ü'.repeat(400),
      updatedMs: nowMs + 2,
    });
    expect(done.attempts).toBe(1);
    home = await reopen(home);
    expect(home.outbox.get(message.messageId)).toMatchObject({
      ...message,
      state: 'mailbox',
      digest: 'a digest',
      failure: 'ü'.repeat(127),
    });
    expect(home.outbox.due(Infinity, 10)).toEqual([]);
    expect(home.outbox.nextDueMs()).toBeUndefined();
    expect(home.outbox.list(['mailbox', 'acked'], 5)).toHaveLength(1);
    expect([home.outbox.count('mailbox'), home.outbox.count('queued')]).toEqual([1, 0]);
    expect([home.outbox.prune(nowMs + 2), home.outbox.prune(nowMs + 3)]).toEqual([0, 1]);
    expect(codeOf(() => home.outbox.update(message.messageId, { updatedMs: nowMs }))).toBe('BAD_VALUE');
  });

  it('gives what is due in the order it was queued', async () => {
    const home = await createHome();
    const messages = Array.from({ length: 5 }, (_, i) => outgoing({ seq: BigInt(i) }));
    for (const [i, message] of messages.entries()) home.outbox.add(message, nowMs - i);
    expect(home.outbox.due(nowMs, 3).map((entry) => entry.seq)).toEqual([0n, 1n, 2n]);
    expect(home.outbox.pendingFor(bob).map((entry) => entry.seq)).toEqual([0n, 1n, 2n, 3n, 4n]);
  });

  it('gives what one peer has been sent, whatever lies there for others', async () => {
    const home = await createHome();
    const mine = [1n, 2n, 3n].map((seq) => outgoing({ seq }));
    const theirs = Array.from({ length: 20 }, (_, i) => outgoing({ seq: BigInt(i), peer: alice }));
    for (const message of [...mine, ...theirs]) home.outbox.add(message, nowMs);
    for (const { messageId } of [...theirs, mine[0]!, mine[2]!])
      home.outbox.update(messageId, { state: 'mailbox', updatedMs: nowMs });
    home.outbox.update(mine[1]!.messageId, { state: 'sent', updatedMs: nowMs });
    const seqs = (...query: Parameters<typeof home.outbox.ofPeerIn>): bigint[] =>
      home.outbox.ofPeerIn(...query).map(({ seq }) => seq);
    expect(seqs(bob, ['sent', 'mailbox'], 10)).toEqual([1n, 2n, 3n]);
    expect(seqs(bob, ['mailbox'], 10)).toEqual([1n, 3n]);
    expect(seqs(bob, ['sent', 'mailbox'], 2)).toEqual([1n, 2n]);
    expect(seqs(bob, ['queued', 'acked'], 10)).toEqual([]);
  });

  it('does not grow without end for a peer who is away', async () => {
    const home = await createHome();
    home.transaction(() => {
      for (let i = 0; i < MAX_PENDING_PER_PEER; i++) home.outbox.add(outgoing(), nowMs);
    });
    expect(codeOf(() => home.outbox.add(outgoing(), nowMs))).toBe('LIMIT_REACHED');
    home.outbox.add(outgoing({ peer: alice }), nowMs);
    expect(
      codeOf(() => home.outbox.add(outgoing({ payload: new Uint8Array(MAX_CONTENT_BYTES + 1) }), 0)),
    ).toBe('BAD_VALUE');
  });
});

describe('inbox', () => {
  it('shows each message once, by whatever route and after a restart', async () => {
    let home = await createHome();
    const message = incoming();
    const entry = home.inbox.add(message);
    expect(entry).toEqual({ ...message, position: 1 });
    expect(home.inbox.add({ ...message, route: 'mailbox', seq: 9n })).toBeUndefined();
    home = await reopen(home);
    expect(home.inbox.add({ ...message, route: 'mailbox' })).toBeUndefined();
    expect(home.inbox.list({ limit: 10 })).toEqual([entry]);
    // The same id from somebody else is another message.
    expect(home.inbox.add({ ...message, peer: bob })?.position).toBe(2);
  });

  it('never shows one again, whatever was forgotten meanwhile', async () => {
    const home = await createHome();
    const messages = [1n, 2n, 3n].map((seq) => incoming({ seq }));
    for (const message of messages) home.inbox.add(message);
    expect(home.inbox.pruneSeen(nowMs + SEEN_TTL_MS + 1)).toBe(3);
    for (let position = 1; position <= 3; position++) expect(home.inbox.delete(position)).toBe(true);
    for (const message of messages) expect(home.inbox.add(message)).toBeUndefined();
    expect(home.inbox.count()).toBe(0);
    // A peer with a new home counts from 1 again.
    home.peers.resetContiguous(alice);
    expect(home.inbox.add(incoming({ seq: 1n }))).toBeDefined();
  });

  it('skips numbers that a peer has acknowledged before we used them, unless few would remain', async () => {
    const { peers } = await createHome();
    expect(peers.takeSeq(alice)).toBe(1n);
    expect(peers.raiseNext(alice, 50n)).toBe(true);
    expect(peers.takeSeq(alice)).toBe(50n);
    expect([10n, 51n, 1n << 31n, 1n << 32n].map((next) => peers.raiseNext(alice, next))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect([peers.takeSeq(alice), peers.takeSeq(bob)]).toEqual([51n, 1n]);
  });

  it('raises the contiguous mark over everything received, in any order, and over nothing else', async () => {
    const home = await createHome();
    let peers = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 20 }), async (order) => {
        const peer = `did:jwk:peer-${peers++}`;
        const got = new Set<number>();
        home.transaction(() => {
          for (const seq of order) {
            const isNew = home.inbox.add(incoming({ peer, seq: BigInt(seq) })) !== undefined;
            let contiguous = 0;
            while (got.has(contiguous + 1)) contiguous++;
            // A new id with an old number is new unless all up to it have been received.
            expect(isNew).toBe(seq > contiguous);
            got.add(seq);
          }
        });
        let expected = 0n;
        while (got.has(Number(expected) + 1)) expected++;
        expect(home.peers.get(peer).contiguousSeq).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('bounds what it remembers per peer, oldest first', async () => {
    const home = await createHome();
    const first = incoming({ seq: 10n, receivedAtMs: nowMs - 1 });
    home.inbox.noteSeen(first.peer, first.messageId, first.seq, first.receivedAtMs);
    home.transaction(() => {
      for (let i = 0; i < MAX_SEEN_PER_PEER; i++) home.inbox.noteSeen(alice, id16(), BigInt(20 + i), nowMs);
    });
    expect(home.inbox.isDuplicate(alice, first.messageId, first.seq)).toBe(false);
    expect(home.inbox.pruneSeen(nowMs + SEEN_TTL_MS + 1)).toBe(MAX_SEEN_PER_PEER);
  });

  it('pages, by peer too', async () => {
    const home = await createHome();
    for (let i = 0; i < 6; i++)
      home.inbox.add(incoming({ seq: BigInt(i + 1), peer: i % 2 === 0 ? alice : bob }));
    const positions = (query: { after?: number; limit: number; peer?: string }): number[] =>
      home.inbox.list(query).map((entry) => entry.position);
    expect(positions({ limit: 4 })).toEqual([1, 2, 3, 4]);
    expect(positions({ after: 4, limit: 4 })).toEqual([5, 6]);
    expect(positions({ peer: bob, limit: 2 })).toEqual([2, 4]);
    home.inbox.delete(6);
    expect(home.inbox.add(incoming({ seq: 100n }))?.position).toBe(7);
  });
});

describe('prekeys seen', () => {
  it('never go back in one mailbox, and start anew in another', async () => {
    let home = await createHome();
    const [first, second] = [id32(), id32()];
    expect(home.peers.prekeysSeen(alice, first)).toBe(0);
    home.peers.notePrekeys(alice, first, 7);
    home.peers.notePrekeys(alice, first, 6);
    home.peers.takeSeq(alice);
    home = await reopen(home);
    expect([home.peers.prekeysSeen(alice, first), home.peers.prekeysSeen(bob, first)]).toEqual([7, 0]);
    expect(home.peers.prekeysSeen(alice, second)).toBe(0);
    home.peers.notePrekeys(alice, second, 1);
    expect(home.peers.prekeysSeen(alice, second)).toBe(1);
  });
});

describe('peers, contacts, issuers, chain, settings', () => {
  it('come back as they were stored', async () => {
    let home = await createHome();
    expect([home.peers.takeSeq(alice), home.peers.takeSeq(alice), home.peers.takeSeq(bob)]).toEqual([
      1n,
      2n,
      1n,
    ]);
    const contact = {
      did: alice,
      alias: 'Alice',
      card: new Uint8Array(randomBytes(9_000)),
      identityBlock: new Uint8Array(2_690),
      credential: new Uint8Array(10_000),
      verifiedAtMs: nowMs,
      addedAtMs: nowMs - 1,
    };
    home.contacts.put({ ...contact, alias: 'old' });
    home.contacts.put(contact);
    home.contacts.put({ ...contact, did: bob, alias: 'Aaron' });
    const issuer = { did: 'did:jwk:issuer', document: new Uint8Array(randomBytes(5_000)) };
    home.issuers.put(issuer);
    const object = { objectId: id32(), outcome: 'opened' as const, notedMs: nowMs };
    home.objects.remember(object);
    const init = { hash: id32(), sid: id16(), eraseAtMs: nowMs };
    home.replays.add(init);
    home.settings.set({ network: 'localnet', 'mailbox.id': '0x12', credential: Uint8Array.of(0xff) });
    home.settings.set({ network: 'testnet', 'mailbox.id': undefined });
    home = await reopen(home);
    expect([home.peers.takeSeq(alice), home.peers.takeSeq(bob)]).toEqual([3n, 2n]);
    expect(home.contacts.get(alice)).toEqual(contact);
    expect(home.contacts.list().map((one) => one.alias)).toEqual(['Aaron', 'Alice']);
    expect([home.contacts.delete(bob), home.contacts.delete(bob)]).toEqual([true, false]);
    expect(home.issuers.list()).toEqual([issuer]);
    expect([home.issuers.get(issuer.did), home.issuers.get('did:jwk:other')]).toEqual([issuer, undefined]);
    expect(home.issuers.delete(issuer.did)).toBe(true);
    expect(home.objects.get(object.objectId)).toEqual(object);
    expect(home.objects.list()).toEqual([object]);
    expect([home.objects.forget(object.objectId), home.objects.forget(object.objectId)]).toEqual([
      true,
      false,
    ]);
    expect(home.replays.sessionOf(init.hash)).toEqual(init.sid);
    expect(home.replays.sessionOf(id32())).toBeUndefined();
    expect([home.replays.prune(nowMs - 1), home.replays.prune(nowMs), home.replays.count()]).toEqual([
      0, 1, 0,
    ]);
    expect(home.settings.names()).toEqual(['credential', 'network']);
    expect(home.settings.get('network')).toBe('testnet');
    expect(home.settings.get('mailbox.id')).toBeUndefined();
    expect(home.settings.getBytes('credential')).toEqual(Uint8Array.of(0xff));
    expect(codeOf(() => home.settings.get('credential'))).toBe('HOME_CORRUPT');
    expect(codeOf(() => home.settings.set({ 'Bad name': 'x' }))).toBe('BAD_VALUE');
    expect(codeOf(() => home.settings.set({ a: 'x'.repeat(70_000) }))).toBe('BAD_VALUE');
    home.verify();
  });
});

describe('transactions', () => {
  it('are all or nothing, over all stores', async () => {
    let home = await createHome();
    const before = session();
    home.sessions.put(before);
    const attempt = (): void =>
      home.transaction(() => {
        home.sessions.put({ ...before, version: 2n, record: new Uint8Array(1) });
        home.inbox.add(incoming());
        home.outbox.add(outgoing(), nowMs);
        home.peers.takeSeq(alice);
        home.settings.set({ network: 'x' });
        throw new RangeError('the caller changed its mind');
      });
    expect(attempt).toThrow(RangeError);
    home = await reopen(home);
    expect(home.sessions.get(before.sid)).toEqual(before);
    expect([home.inbox.count(), home.outbox.count('queued'), home.settings.names()]).toEqual([0, 0, []]);
    expect(home.peers.get(alice)).toEqual({ peer: alice, nextSeq: 1n, contiguousSeq: 0n, prekeys: null });
  });

  it('nest: an inner failure that is caught undoes the inner part alone', async () => {
    const home = await createHome();
    home.transaction(() => {
      home.settings.set({ outer: '1' });
      expect(() =>
        home.transaction(() => {
          home.settings.set({ inner: '1' });
          throw new RangeError('inner');
        }),
      ).toThrow('inner');
      home.settings.set({ after: '1' });
    });
    expect(home.settings.names()).toEqual(['after', 'outer']);
  });

  it('do not wait for promises', async () => {
    const home = await createHome();
    expect(() =>
      home.transaction(async () => {
        home.settings.set({ late: '1' });
      }),
    ).toThrow('a transaction cannot wait for a promise');
    expect(home.settings.names()).toEqual([]);
  });
});

describe('prune', () => {
  it('erases what has served its time and nothing else', async () => {
    const home = await createHome();
    home.replays.add({ hash: id32(), sid: id16(), eraseAtMs: nowMs });
    home.sessions.put(session({ lastUsedMs: nowMs - 10 }));
    home.inbox.add(incoming({ receivedAtMs: nowMs - SEEN_TTL_MS - 1 }));
    const { messageId } = home.outbox.add(outgoing(), nowMs);
    home.outbox.update(messageId, { state: 'acked', updatedMs: nowMs - 10 });
    home.outbox.add(outgoing(), nowMs - 10);
    home.prune(nowMs);
    expect([home.replays.count(), home.sessions.count()]).toEqual([0, 1]);
    home.prune(nowMs, { sessionsUnusedSinceMs: nowMs - 5, outboxDoneBeforeMs: nowMs - 5 });
    expect([home.sessions.count(), home.outbox.count('acked'), home.outbox.count('queued')]).toEqual([
      0, 0, 1,
    ]);
    expect(home.inbox.count()).toBe(1);
  });
});
