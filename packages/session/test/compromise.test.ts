/** What a thief of stored sessions and prekeys can read, and for how long. */
import {
  decodePrekeys,
  decodeSession,
  encodePrekeys,
  encodeSession,
  openEnvelope,
  sealMessage,
  type Session,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import {
  accept,
  codeOf,
  gatePair,
  init,
  native,
  offlinePair,
  person,
  startMs,
  text,
  verified,
} from './people.ts';

const alice = person('alice');
const bob = person('bob');
type End = 'a' | 'b';

/** Two people who write to each other, and a record of all that went over the wire. */
class Talk {
  readonly sessions: Record<End, Session>;
  readonly wire: { readonly to: End; readonly envelope: Uint8Array }[] = [];

  constructor(sessions: { readonly a: Session; readonly b: Session } = offlinePair(alice, bob)) {
    this.sessions = { a: sessions.a, b: sessions.b };
  }

  /** Sends one message, which arrives. */
  say(from: End): void {
    const to = from === 'a' ? 'b' : 'a';
    const sealed = sealMessage(native, this.sessions[from], text(native, 'secret'), {
      route: 'online',
      nowMs: startMs,
    });
    this.sessions[from] = sealed.session;
    this.wire.push({ to, envelope: sealed.envelope });
    this.sessions[to] = open(this.sessions[to], to, sealed.envelope);
  }

  /** A copy of the stored session, as a thief of the disk takes it. */
  steal(end: End): Session {
    return decodeSession(native, encodeSession(this.sessions[end]));
  }
}

function open(session: Session, end: End, envelope: Uint8Array): Session {
  const peer = (end === 'a' ? bob : alice).own.block;
  return openEnvelope(native, session, envelope, { nowMs: startMs, peer }).session;
}

/** How many of the messages to `end`, in order, a thief of its session opens from `from` on. */
function readable(talk: Talk, end: End, stolen: Session, from: number): boolean[] {
  let session = stolen;
  return talk.wire.slice(from).flatMap(({ to, envelope }) => {
    if (to !== end) return [];
    try {
      session = open(session, end, envelope);
      return [true];
    } catch {
      return [false];
    }
  });
}

describe('a stolen session', () => {
  it('opens nothing that arrived before', () => {
    const talk = new Talk();
    for (const from of ['b', 'a', 'a', 'b', 'a', 'b'] as const) talk.say(from);
    for (const end of ['a', 'b'] as const) {
      expect(readable(talk, end, talk.steal(end), 0)).toEqual([false, false, false]);
    }
  });

  it('is worthless to a passive thief after one round trip', () => {
    const talk = new Talk();
    for (const from of ['b', 'a', 'b'] as const) talk.say(from);
    const stolen = talk.steal('a');
    const since = talk.wire.length;
    // The chain that was under way when it was stolen is lost; so is the next one, whose key the thief has.
    for (const from of ['b', 'a', 'b', 'b', 'a', 'b', 'a', 'b'] as const) talk.say(from);
    expect(readable(talk, 'a', stolen, since)).toEqual([true, true, true, false, false]);
  });

  it('does not let a thief of one session into the next one', () => {
    const first = new Talk();
    first.say('b');
    const stolen = first.steal('a');
    const second = new Talk(gatePair(alice, bob));
    for (const from of ['a', 'b', 'a', 'b'] as const) second.say(from);
    expect(readable(second, 'a', stolen, 0)).toEqual([false, false]);
  });
});

describe('stolen prekeys', () => {
  it('open first messages until they are erased, and no reply: what docs/security.md says', () => {
    const started = init(alice, bob);
    const real = accept(bob, started.envelope).session;
    // Prekeys and identity of Bob, stolen later: the first message opens for the thief too.
    const thief = { ...bob, prekeys: decodePrekeys(encodePrekeys(bob.prekeys)) };
    const talk = new Talk({ a: started.session, b: real });
    const stolen = accept(thief, started.envelope).session;
    talk.say('b');
    talk.say('a');
    expect(readable(talk, 'b', stolen, 0)).toEqual([false]);
  });

  it('without the identity key open nothing', () => {
    const { envelope } = init(alice, bob);
    const stranger = person('stranger');
    const thief = { ...stranger, prekeys: bob.prekeys };
    expect(codeOf(() => accept(thief, envelope))).toBe('INIT_REJECTED');
    expect(verified(native, bob).publication.number).toBe(1);
  });
});
