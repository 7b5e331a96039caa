/** Rekeys between honest ends: when they are due, how they travel, and what is refused. */
import type { OpenInit } from '../src/wire/message.ts';
import { IdentityKeys, wipe } from '@wotid/crypto';
import {
  decodeSession,
  encodeSession,
  messageTypes,
  openEnvelope,
  ownIdentity,
  parseFrame,
  rekeyNeed,
  sealMessage,
  type Route,
  type SealInit,
  type SecurityLevel,
  type Session,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { takeOffer } from '../src/ratchet/pq-epochs.ts';
import type { PqRatchet } from '../src/ratchet/pq-state.ts';
import { decrypt } from '../src/ratchet/ratchet.ts';
import { unpad } from '../src/wire/padding.ts';
import {
  codeOf,
  dayMs,
  gatePair,
  native,
  offlinePair,
  person,
  startMs,
  text,
  type Person,
} from './people.ts';
import { ratchetPair, type PairInit } from './ratchet-pair.ts';
import { pqOf, withFields } from './thief.ts';

const alice = person('alice');
const bob = person('bob');
type End = 'a' | 'b';

/** Two people, and messages that arrive unless told otherwise. */
class Talk {
  readonly sessions: Record<End, Session>;
  nowMs = startMs;

  constructor(init: PairInit = {}, pair = ratchetPair(alice, bob, init)) {
    this.sessions = { ...pair };
  }

  seal(from: End, init: Partial<SealInit> = {}): Uint8Array {
    const who = from === 'a' ? alice : bob;
    const sealed = sealMessage(native, this.sessions[from], text(native, 'x'), {
      route: 'online',
      nowMs: this.nowMs,
      rekeyWith: who.own,
      ...init,
    });
    this.sessions[from] = sealed.session;
    return sealed.envelope;
  }

  open(to: End, envelope: Uint8Array): void {
    const peer = (to === 'a' ? bob : alice).own.block;
    this.sessions[to] = openEnvelope(native, this.sessions[to], envelope, {
      nowMs: this.nowMs,
      peer,
    }).session;
  }

  say(from: End, init: Partial<SealInit> = {}): void {
    this.open(from === 'a' ? 'b' : 'a', this.seal(from, init));
  }

  get epochs(): readonly [number, number] {
    return [this.sessions.a.rekeySequence, this.sessions.b.rekeySequence];
  }
}

describe('a rekey', () => {
  it('takes one round trip, and a message never needs a key that it carries itself', () => {
    const talk = new Talk();
    talk.say('a');
    talk.say('b', { rekey: 'epoch' });
    expect([talk.epochs, talk.sessions.b.isRekeying, talk.sessions.a.isRekeying]).toEqual([
      [0, 0],
      true,
      true,
    ]);
    talk.say('a');
    expect([talk.epochs, talk.sessions.b.isRekeying, talk.sessions.a.isRekeying]).toEqual([
      [0, 1],
      true,
      true,
    ]);
    talk.say('b');
    expect([talk.epochs, talk.sessions.a.isRekeying]).toEqual([[1, 1], false]);
    expect(talk.sessions.b.isRekeying).toBe(true);
    expect(pqOf(talk.sessions.a).root).toEqual(pqOf(talk.sessions.b).root);
    expect(pqOf(talk.sessions.a).receiving).toHaveLength(1);
    expect(pqOf(talk.sessions.b).receiving).toHaveLength(2);
    talk.say('a');
    expect(pqOf(talk.sessions.b).receiving).toHaveLength(1);
    expect(talk.sessions.b.isRekeying).toBe(false);
  });

  it('loses no message under way, whatever the epoch in which it was sent', () => {
    const talk = new Talk();
    talk.say('a');
    const late: { readonly to: End; readonly envelope: Uint8Array }[] = [];
    for (let round = 0; round < 2; round++) {
      late.push({ to: 'b', envelope: talk.seal('a') }, { to: 'a', envelope: talk.seal('b') });
      talk.say('a', { rekey: 'epoch' });
      talk.say('b');
      late.push({ to: 'b', envelope: talk.seal('a') }, { to: 'a', envelope: talk.seal('b') });
      talk.say('a');
      talk.say('b');
    }
    expect(talk.epochs).toEqual([2, 2]);
    for (const { to, envelope } of late.toReversed()) talk.open(to, envelope);
    for (const end of ['a', 'b'] as const) expect(pqOf(talk.sessions[end]).skipped).toEqual([]);
  });

  it('goes on when Offers cross: the initiator’s stays, a signed one before that', () => {
    for (const [byA, byB, winner] of [
      ['epoch', 'epoch', 'a'],
      ['signed', 'signed', 'a'],
      ['epoch', 'signed', 'b'],
      ['signed', 'epoch', 'a'],
    ] as const) {
      const talk = new Talk();
      talk.say('a');
      const [fromA, fromB] = [talk.seal('a', { rekey: byA }), talk.seal('b', { rekey: byB })];
      talk.open('b', fromA);
      talk.open('a', fromB);
      expect([pqOf(talk.sessions.a).slot.kind, pqOf(talk.sessions.b).slot.kind]).toEqual(
        winner === 'a' ? ['offered', 'answered'] : ['answered', 'offered'],
      );
      for (let k = 0; k < 2; k++) {
        talk.say('a');
        talk.say('b');
      }
      expect(talk.epochs).toEqual([1, 1]);
      expect(pqOf(talk.sessions.a).isSigned).toBe([byA, byB].includes('signed'));
    }
  });

  it('is repeated after 16 own messages online and 64 in the mailbox, and answered again', () => {
    for (const [route, after] of [
      ['online', 16],
      ['mailbox', 64],
    ] as const satisfies readonly [Route, number][]) {
      const talk = new Talk();
      talk.say('a');
      const plain = talk.seal('a', { route }).length;
      expect(talk.seal('a', { route, rekey: 'epoch' }).length).toBeGreaterThan(plain + 1_500);
      for (let k = 0; k < after; k++) expect(talk.seal('a', { route }).length).toBe(plain);
      const again = talk.seal('a', { route });
      expect(again.length).toBeGreaterThan(plain + 1_500);
      talk.open('b', again);
      talk.seal('b', { route });
      for (let k = 0; k <= after; k++) talk.say('a', { route });
      // The Answer was lost; the Offer came again, so it goes again.
      talk.say('b', { route });
      expect(talk.epochs).toEqual([1, 0]);
    }
  });

  it('survives a restart in every state', () => {
    const talk = new Talk();
    const restart = (): void => {
      for (const end of ['a', 'b'] as const) {
        const bytes = encodeSession(talk.sessions[end]);
        talk.sessions[end] = decodeSession(native, bytes);
        expect(encodeSession(talk.sessions[end])).toEqual(bytes);
        wipe(bytes);
      }
    };
    talk.say('a');
    for (const rekey of ['epoch', 'signed'] as const) {
      for (const init of [{ rekey }, {}, {}, {}]) {
        talk.say('a', init);
        restart();
        talk.say('b');
        restart();
      }
    }
    expect(talk.epochs).toEqual([2, 2]);
  });

  it('with a time that cannot be is left alone; the message that carries it is read', () => {
    for (const [aheadMs, isTaken] of [
      [300_000, true],
      [300_001, false],
      [-30 * dayMs, true],
      [-30 * dayMs - 1, false],
    ] as const) {
      const talk = new Talk();
      talk.say('a');
      talk.nowMs = startMs + aheadMs;
      const offer = talk.seal('b', { rekey: 'epoch', route: 'mailbox' });
      talk.nowMs = startMs;
      talk.open('a', offer);
      expect(talk.sessions.a.isRekeying).toBe(isTaken);
    }
  });
});

describe('a signed rekey', () => {
  it('counts at both ends once the peer uses the epoch', () => {
    const talk = new Talk();
    talk.say('a');
    talk.nowMs += 1_000;
    talk.say('a', { rekey: 'signed' });
    talk.say('b');
    talk.say('a');
    expect(talk.sessions.a.authenticatedAtMs).toBe(startMs);
    expect(talk.sessions.b.authenticatedAtMs).toBe(talk.nowMs);
    talk.say('b');
    expect(talk.sessions.a.authenticatedAtMs).toBe(talk.nowMs);
    expect(talk.sessions.a.authenticatedCount).toBe(talk.sessions.a.messageCount);
  });

  it('needs the keys of our end', () => {
    const talk = new Talk();
    const { a } = talk.sessions;
    const init = { route: 'online', nowMs: startMs, rekey: 'signed' } as const;
    expect(codeOf(() => sealMessage(native, a, text(native, 'x'), init))).toBe('BAD_MESSAGE');
    expect(codeOf(() => sealMessage(native, a, text(native, 'x'), { ...init, rekeyWith: bob.own }))).toBe(
      'BAD_MESSAGE',
    );
  });

  it('waits for who can sign: an end without keys at hand neither offers nor answers one', () => {
    const talk = new Talk();
    talk.say('a', { rekey: 'signed' });
    const without = sealMessage(native, talk.sessions.b, text(native, 'x'), {
      route: 'online',
      nowMs: startMs,
    });
    talk.sessions.b = without.session;
    talk.open('a', without.envelope);
    expect(talk.epochs).toEqual([0, 0]);
    talk.say('b');
    expect(talk.epochs).toEqual([1, 0]);
  });
});

describe('signatures in a session', () => {
  const falcon = (name: string): Person => {
    const own = ownIdentity(native, IdentityKeys.generate(native, { falcon: true }), `did:example:${name}`);
    return { ...person(name), own };
  };

  /** The algorithm of a message and of a rekey from `a`, and whether `b` takes them. */
  function algorithms(a: Person, b: Person, level: SecurityLevel, route: Route, falcon = true): number[] {
    const pair = ratchetPair(a, b, { level });
    const rekey = level === 3 ? 'signed' : 'due';
    const message = { ...text(native, 'x'), type: messageTypes.text };
    const init = { route, nowMs: startMs, rekey, signWith: a.own, peer: b.own.block, falcon } as const;
    const { envelope } = sealMessage(native, pair.a, message, init);
    const { plaintext } = decrypt(native, pair.b.ratchet, envelope, startMs);
    const frame = parseFrame(unpad(plaintext) as Uint8Array);
    const open = (ours: Person): string =>
      codeOf(() => {
        const at = { nowMs: startMs, peer: a.own.block, route, ours: ours.own.block, falcon };
        openEnvelope(native, pair.b, envelope, at);
      });
    expect(open(b)).toBe('none');
    return [frame.signature?.[0] ?? 0, frame.control?.signature?.[0] ?? 0];
  }

  it('are of the algorithms of the level, and short in the mailbox between those who have Falcon keys', () => {
    const [ann, ben] = [falcon('ann'), falcon('ben')];
    for (const level of [1, 2] as const) expect(algorithms(ann, ben, level, 'mailbox')).toEqual([3, 0]);
    expect(algorithms(ann, ben, 3, 'mailbox')).toEqual([2, 2]);
    expect(algorithms(ann, ben, 3, 'online')).toEqual([1, 1]);
    expect(algorithms(ann, ben, 3, 'mailbox', false)).toEqual([1, 1]);
    expect(algorithms(ann, bob, 3, 'mailbox')).toEqual([1, 1]);
    expect(algorithms(alice, ben, 3, 'mailbox')).toEqual([1, 1]);
  });

  it('of an algorithm that the receiver has not asked for are refused', () => {
    const [ann, ben] = [falcon('ann'), falcon('ben')];
    const pair = ratchetPair(ann, ben);
    const init = {
      route: 'mailbox',
      nowMs: startMs,
      signWith: ann.own,
      peer: ben.own.block,
      falcon: true,
    } as const;
    const { envelope } = sealMessage(native, pair.a, text(native, 'x'), init);
    const at = {
      nowMs: startMs,
      peer: ann.own.block,
      route: 'mailbox',
      ours: ben.own.block,
      falcon: true,
    } as const;
    const open = (changes: Partial<OpenInit>): string =>
      codeOf(() => openEnvelope(native, pair.b, envelope, { ...at, ...changes }));
    // By default, by the other route, by a policy that does not say so, and without a key of one's own.
    expect(
      codeOf(() => openEnvelope(native, pair.b, envelope, { nowMs: startMs, peer: ann.own.block })),
    ).toBe('DECRYPT_FAILED');
    for (const changes of [{ route: 'online' }, { falcon: false }, { ours: bob.own.block }] as const) {
      expect(open(changes)).toBe('DECRYPT_FAILED');
    }
    expect(open({})).toBe('none');
  });
});

describe('the policy', () => {
  const due = (session: Session, route: Route, atMs: number): string => {
    const need = rekeyNeed(session, route, atMs);
    return need.isOverdue ? `${need.due}, overdue` : need.due;
  };
  const { a } = ratchetPair(alice, bob);

  it('asks for an epoch by messages and by time', () => {
    const used = (messageCount: number): Session => ({ ...a, messageCount });
    expect([31, 32].map((count) => due(used(count), 'online', startMs))).toEqual(['nothing', 'epoch']);
    expect([63, 64].map((count) => due(used(count), 'mailbox', startMs))).toEqual(['nothing', 'epoch']);
    expect([999, 1_000].map((count) => due(used(count), 'mailbox', startMs))).toEqual(['epoch', 'signed']);
    expect([9_999, 10_000].map((count) => due(used(count), 'online', startMs))).toEqual([
      'signed',
      'signed, overdue',
    ]);
    const after = (ms: number, route: Route): string => due(a, route, startMs + ms);
    expect([599_999, 600_000].map((ms) => after(ms, 'online'))).toEqual(['nothing', 'epoch']);
    expect([dayMs - 1, dayMs].map((ms) => after(ms, 'online'))).toEqual(['epoch', 'signed']);
    expect([7 * dayMs - 1, 7 * dayMs].map((ms) => after(ms, 'mailbox'))).toEqual(['nothing', 'epoch']);
    expect([14 * dayMs - 1, 14 * dayMs].map((ms) => after(ms, 'mailbox'))).toEqual(['epoch', 'signed']);
    expect([30 * dayMs - 1, 30 * dayMs].map((ms) => after(ms, 'mailbox'))).toEqual([
      'signed',
      'signed, overdue',
    ]);
  });

  it('asks for nothing below level 3, or while a rekey is under way, but knows what is overdue', () => {
    for (const level of [1, 2] as const) {
      const low = ratchetPair(alice, bob, { level }).a;
      expect(due({ ...low, messageCount: 9_999 }, 'online', startMs)).toBe('nothing');
      expect(due({ ...low, messageCount: 10_000 }, 'online', startMs)).toBe('nothing, overdue');
    }
    expect(due({ ...a, isRekeying: true, messageCount: 5_000 }, 'online', startMs)).toBe('nothing');
    expect(due({ ...a, rekeySequence: 65_535, messageCount: 64 }, 'online', startMs)).toBe('nothing');
  });

  it('has the first reply to a last-resort key carry an Offer', () => {
    const last = new Talk({}, offlinePair(alice, bob));
    expect(last.sessions.b.isLastResort).toBe(true);
    last.say('b', { route: 'mailbox' });
    expect(last.sessions.a.isRekeying).toBe(true);
    const oneTime = new Talk({}, gatePair(alice, bob));
    oneTime.say('a');
    oneTime.say('b');
    expect(oneTime.sessions.a.isRekeying).toBe(false);
  });

  it('stops online traffic of a session in which nobody has proven an identity for too long', () => {
    const talk = new Talk();
    talk.say('a');
    talk.nowMs += 30 * dayMs;
    expect(codeOf(() => talk.seal('a'))).toBe('REKEY_OVERDUE');
    // In the mailbox it goes on, with the rekey: the peer may be away, and its prekeys too old for a new handshake.
    talk.say('a', { route: 'mailbox' });
    talk.say('b', { route: 'mailbox' });
    talk.say('a', { route: 'mailbox' });
    talk.say('b', { route: 'mailbox' });
    talk.say('a');
    expect(talk.epochs).toEqual([1, 1]);
  });

  it('happens by itself in a long conversation', () => {
    const talk = new Talk();
    talk.say('a');
    for (let k = 0; k < 1_100; k++) talk.say(k % 3 === 0 ? 'b' : 'a');
    expect(talk.epochs[0]).toBeGreaterThan(25);
    expect(talk.sessions.a.authenticatedCount).toBeGreaterThan(999);
  });

  it('ends a session after 65,535 epochs', () => {
    const talk = new Talk();
    talk.say('a');
    const far = (session: Session): Session => {
      const pq = pqOf(session);
      const sending = { ...pq.sending, epoch: 65_535 };
      return withFields(session, {
        pq: { ...pq, sending, receiving: [{ ...pq.receiving[0]!, epoch: 65_535 }] },
      });
    };
    const last = decodeSession(native, encodeSession(far(talk.sessions.a)));
    talk.sessions.a = last;
    expect(codeOf(() => talk.seal('a', { rekey: 'epoch' }))).toBe('SESSION_EXHAUSTED');
    talk.seal('a');
  });

  it('takes no Offer beyond the last epoch, whose number no header could hold', () => {
    const pq = pqOf(ratchetPair(alice, bob).a);
    const at = (epoch: number): PqRatchet => ({
      ...pq,
      sending: { ...pq.sending, epoch },
      receiving: [{ ...pq.receiving[0]!, epoch }],
    });
    using pair = native.kemGenerate();
    const offer = (epoch: number): string =>
      codeOf(() =>
        takeOffer(
          native,
          at(epoch - 1),
          { epoch, key: pair.publicKey, isSigned: false },
          { messageEpoch: epoch - 1, isInitiator: true },
        ),
      );
    expect([65_535, 65_536].map(offer)).toEqual(['none', 'PQ_CONFLICT']);
  });
});
