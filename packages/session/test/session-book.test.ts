import { NodeProvider } from '@wotid/crypto';
import {
  activeSession,
  addSession,
  findSession,
  isSessionExpired,
  markPeerVerified,
  MAX_SESSIONS_PER_PEER,
  openEnvelope,
  removeSession,
  sealMessage,
  sessionBook,
  sessionOf,
  sessionPolicy,
  supersedes,
  updateSession,
  type Session,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import {
  accept,
  codeOf,
  dayMs,
  gatePair,
  init,
  native,
  offlinePair,
  person,
  startMs,
  text,
} from './people.ts';

const alice = person('alice');
const bob = person('bob');
const minuteMs = 60_000;
const add = (sessions: readonly Session[]): ReturnType<typeof addSession>['book'] =>
  sessions.reduce((book, session) => addSession(book, session, startMs).book, sessionBook());
const seal = (session: Session): ReturnType<typeof sealMessage> =>
  sealMessage(native, session, text(native, 'x'), { route: 'online', nowMs: startMs });

describe('replacement', () => {
  it('leaves one active session for a peer; the replaced one receives for 7 days', () => {
    const [old, fresh] = [gatePair(alice, bob), gatePair(alice, bob)];
    const first = addSession(sessionBook(), old.a, startMs);
    expect(first).toMatchObject({ replaced: null, isNewIdentity: false, erased: [] });
    const second = addSession(first.book, fresh.a, startMs + 5);
    expect(activeSession(second.book, 'did:example:bob')?.sid).toEqual(fresh.a.sid);
    const replaced = findSession(second.book, old.a.sid);
    expect(replaced?.replacedAtMs).toBe(startMs + 5);
    expect(replaced?.stateVersion).toBe(old.a.stateVersion + 1);
    expect(codeOf(() => seal(replaced!))).toBe('SESSION_RECEIVE_ONLY');
    expect(second.isNewIdentity).toBe(false);
  });

  it('lets a replaced session open what was under way, and refuses it after 7 days', () => {
    const pair = offlinePair(alice, bob);
    const { envelope } = seal(pair.a);
    const replaced = { ...pair.b, replacedAtMs: startMs };
    const open = (nowMs: number): string =>
      codeOf(() => openEnvelope(native, replaced, envelope, { nowMs, peer: alice.own.block }));
    expect(open(startMs + 7 * dayMs - 1)).toBe('none');
    expect(open(startMs + 7 * dayMs)).toBe('DECRYPT_FAILED');
  });

  it('is settled alike on both sides when both initiate at once', () => {
    for (let round = 0; round < 8; round++) {
      const mine = init(alice, bob);
      const theirs = init(bob, alice);
      const onAlice = addSession(add([mine.session]), accept(alice, theirs.envelope).session, startMs);
      const onBob = addSession(add([theirs.session]), accept(bob, mine.envelope).session, startMs);
      const smaller =
        mine.session.initHash.toHex() < theirs.session.initHash.toHex() ? mine.session : theirs.session;
      expect(activeSession(onAlice.book, 'did:example:bob')?.sid).toEqual(smaller.sid);
      expect(activeSession(onBob.book, 'did:example:alice')?.sid).toEqual(smaller.sid);
      expect(onAlice.added.replacedAtMs === null).toBe(onAlice.replaced !== null);
    }
  });

  it('prefers what both sides know to be newer', () => {
    const [low, high] = [new Uint8Array(32), new Uint8Array(32).fill(9)];
    const base = gatePair(alice, bob).a;
    const offline = (initiatedAtMs: number, initHash: Uint8Array): Session => ({
      ...base,
      origin: 'mailbox',
      initiatedAtMs,
      initHash,
    });
    const wins = (candidate: Session, active: Session): boolean => supersedes(candidate, active);
    // Later by more than ten minutes: a peer who lost its state starts again.
    expect(wins(offline(11 * minuteMs, high), offline(0, low))).toBe(true);
    expect(wins(offline(0, low), offline(11 * minuteMs, high))).toBe(false);
    expect(wins(offline(10 * minuteMs, high), offline(0, low))).toBe(false);
    expect(wins(offline(0, low), offline(10 * minuteMs, high))).toBe(true);
    // Against a session of the gate.
    const gate: Session = { ...base, origin: 'gate', initiatedAtMs: 20 * minuteMs };
    expect(wins(offline(20 * minuteMs, low), gate)).toBe(false);
    expect(wins(offline(31 * minuteMs, high), gate)).toBe(true);
    expect(wins(gate, offline(60 * minuteMs, low))).toBe(true);
  });

  it('says when the identity behind a DID has changed', () => {
    const other = person('bob', new NodeProvider());
    const { book } = addSession(sessionBook(), gatePair(alice, bob).a, startMs);
    expect(addSession(book, gatePair(alice, other).a, startMs).isNewIdentity).toBe(true);
  });

  it('keeps at most five sessions with a peer', () => {
    const sessions = Array.from({ length: 7 }, () => gatePair(alice, bob).a);
    const book = add(sessions);
    expect(book.sessions.size).toBe(MAX_SESSIONS_PER_PEER);
    expect(findSession(book, sessions[0]!.sid)).toBeNull();
    expect(findSession(book, sessions[2]!.sid)).not.toBeNull();
    expect(activeSession(book, 'did:example:bob')?.sid).toEqual(sessions[6]!.sid);
    const losing = { ...gatePair(alice, bob).a, origin: 'mailbox', initiatedAtMs: 0 } as Session;
    const { added, erased } = addSession(book, losing, startMs);
    expect([added.replacedAtMs, erased.length]).toEqual([startMs, 1]);
  });
});

describe('look-up', () => {
  it('finds the session of an envelope among others, current, replaced or none', () => {
    const pairs = [0, 1, 2, 3].map((k) => offlinePair(person(`p${k}`), bob));
    const book = add(pairs.map((pair) => pair.b));
    for (const pair of pairs) {
      expect(sessionOf(native, book, seal(pair.a).envelope)?.sid).toEqual(pair.b.sid);
    }
    const stranger = seal(offlinePair(person('s'), bob).a).envelope;
    expect(sessionOf(native, book, stranger)).toBeNull();
    expect(sessionOf(native, book, new Uint8Array(300))).toBeNull();
    expect(sessionOf(native, book, new Uint8Array())).toBeNull();
    const damaged = seal(pairs[0]!.a).envelope;
    damaged[damaged.length - 1]! ^= 1;
    expect(sessionOf(native, book, damaged)?.sid).toEqual(pairs[0]!.b.sid);
  });

  it('changes only sessions that are there', () => {
    const pair = offlinePair(alice, bob);
    const book = add([pair.a]);
    const next = seal(pair.a).session;
    expect(findSession(updateSession(book, next), next.sid)?.messageCount).toBe(next.messageCount);
    expect(findSession(book, next.sid)?.messageCount).toBe(1);
    const empty = removeSession(book, next.sid);
    expect(findSession(empty, next.sid)).toBeNull();
    expect(codeOf(() => updateSession(empty, next))).toBe('SESSION_UNKNOWN');
  });
});

describe('policy', () => {
  it('names idle sessions after 30 minutes and erases unused ones after 90 days', () => {
    const { a } = gatePair(alice, bob);
    const book = add([a]);
    const due = (nowMs: number): readonly number[] => {
      const { idle, toErase } = sessionPolicy(book, nowMs);
      return [idle.length, toErase.length];
    };
    expect(due(startMs + 30 * minuteMs - 1)).toEqual([0, 0]);
    expect(due(startMs + 30 * minuteMs)).toEqual([1, 0]);
    expect(due(startMs + 90 * dayMs - 1)).toEqual([1, 0]);
    expect(due(startMs + 90 * dayMs)).toEqual([0, 1]);
    expect(
      isSessionExpired({ lastUsedMs: startMs + 6 * dayMs, replacedAtMs: startMs }, startMs + 7 * dayMs),
    ).toBe(true);
  });
});

describe('facts', () => {
  it('count messages and confirmation', () => {
    const pair = offlinePair(alice, bob);
    expect(pair.a).toMatchObject({
      messageCount: 1,
      isConfirmed: false,
      rekeySequence: 0,
      isRekeying: false,
    });
    const reply = seal(pair.b);
    const { session } = openEnvelope(native, pair.a, reply.envelope, {
      nowMs: startMs + 9,
      peer: bob.own.block,
    });
    expect(session).toMatchObject({ messageCount: 2, isConfirmed: true, lastUsedMs: startMs + 9 });
    const unverified = { ...session, isPeerVerified: false };
    expect(markPeerVerified(unverified)).toMatchObject({
      isPeerVerified: true,
      stateVersion: session.stateVersion + 1,
    });
    expect(markPeerVerified(session)).toBe(session);
  });
});
