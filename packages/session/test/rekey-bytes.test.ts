/** Messages that carry an Offer, an Answer, a checkpoint or a credential, damaged inside and outside; clones and crashes. */
import { concatBytes } from '@wotid/core';
import {
  decodeSession,
  encodeCheckpoint,
  encodePresentation,
  encodeSession,
  messageTypes,
  openEnvelope,
  sealMessage,
  type OutgoingMessage,
  type SealInit,
  type Session,
  type Suite,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { decrypt, encrypt } from '../src/ratchet/ratchet.ts';
import { codeOf, native, person, startMs, text, type Person } from './people.ts';
import { ratchetPair } from './ratchet-pair.ts';
import { pqOf, steal } from './thief.ts';

const alice = person('alice');
const bob = person('bob');

function seal(
  who: Person,
  session: Session,
  init: Partial<SealInit> = {},
  message: OutgoingMessage = text(native, 'x'),
): ReturnType<typeof sealMessage> {
  const at = { route: 'mailbox', nowMs: startMs, rekeyWith: who.own } as const;
  return sealMessage(native, session, message, { ...at, ...init });
}

function open(session: Session, envelope: Uint8Array): Session {
  const peer = session.peerDid === alice.own.block.did ? alice.own.block : bob.own.block;
  return openEnvelope(native, session, envelope, { nowMs: startMs, peer }).session;
}

/** Two ends after a round trip. */
function talk(suite: Suite = 1): { a: Session; b: Session } {
  const pair = ratchetPair(alice, bob, { suite });
  const first = seal(alice, pair.a);
  const reply = seal(bob, open(pair.b, first.envelope));
  return { a: open(first.session, reply.envelope), b: reply.session };
}

/** One bit of each `step`-th byte flipped, each `step`-th length, one byte more. */
function* damaged(bytes: Uint8Array, step: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield flipped(bytes, at);
  for (let length = 0; length < bytes.length; length += step) yield bytes.slice(0, length);
  yield concatBytes(bytes, Uint8Array.of(0));
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ (1 << (at % 8));
  return copy;
}

const checkpoint = (): OutgoingMessage => ({
  ...text(native, ''),
  type: messageTypes.checkpoint,
  payload: encodeCheckpoint({ sent: { first: 1, last: 2, hash: new Uint8Array(64) }, received: null }),
});
const presentation = (): OutgoingMessage => ({
  ...text(native, ''),
  type: messageTypes.presentation,
  payload: encodePresentation(new Uint8Array(900).fill(1)),
});

/** A message to `to`, sealed by its peer, and the session that it is for. */
type Case = readonly [
  name: string,
  step: number,
  make: () => { readonly to: Session; readonly envelope: Uint8Array },
];

const cases: readonly Case[] = [
  ['an Offer', 1, () => offered('epoch')],
  ['an Answer', 1, () => answered('epoch')],
  ['a signed Offer', 13, () => offered('signed')],
  ['a signed Answer', 13, () => answered('signed')],
  ['a checkpoint', 13, () => typed(checkpoint())],
  ['a presentation', 13, () => typed(presentation())],
];

function offered(rekey: 'epoch' | 'signed'): { readonly to: Session; readonly envelope: Uint8Array } {
  const { a, b } = talk();
  return { to: b, envelope: seal(alice, a, { rekey }).envelope };
}

function answered(rekey: 'epoch' | 'signed'): { readonly to: Session; readonly envelope: Uint8Array } {
  const { a, b } = talk();
  const offer = seal(alice, a, { rekey });
  return { to: offer.session, envelope: seal(bob, open(b, offer.envelope)).envelope };
}

function typed(message: OutgoingMessage): { readonly to: Session; readonly envelope: Uint8Array } {
  const { a, b } = talk();
  return { to: b, envelope: seal(alice, a, { signWith: alice.own }, message).envelope };
}

describe('damage', () => {
  it.each(cases)(
    'to an envelope with %s is one error; nothing changes, and the true one opens',
    (_, step, make) => {
      const { to, envelope } = make();
      const before = encodeSession(to);
      const codes = new Set<string>();
      for (const form of damaged(envelope, step)) codes.add(codeOf(() => open(to, form)));
      expect(codes).toEqual(new Set(['DECRYPT_FAILED']));
      expect(encodeSession(to)).toEqual(before);
      open(to, envelope);
    },
  );

  it.each(['an Offer', 'an Answer'])('to the signed %s of a peer that seals it well is refused', (kind) => {
    const { a, b } = talk();
    const offer = seal(alice, a, { rekey: 'signed' });
    const answering = open(b, offer.envelope);
    const [source, target, sealed] =
      kind === 'an Offer' ? [a, b, offer] : [answering, offer.session, seal(bob, answering)];
    const { plaintext } = decrypt(native, target.ratchet, sealed.envelope, startMs);
    const before = encodeSession(target);
    const resealed = (bytes: Uint8Array): Uint8Array => encrypt(native, source.ratchet, bytes).envelope;
    // flags 1, kind 1, epoch 4, key 1568, time 8, option 1, signature 4692
    const codes = new Set<string>();
    for (let at = 1; at < 1 + 1_582 + 4_692; at += at < 30 ? 1 : 11) {
      codes.add(codeOf(() => open(target, resealed(flipped(plaintext, at)))));
    }
    expect([...codes].filter((code) => code !== 'PQ_CONFLICT')).toEqual(['DECRYPT_FAILED']);
    expect(encodeSession(target)).toEqual(before);
    open(target, resealed(plaintext));
  });
});

describe('what contradicts a session', () => {
  it('is a conflict, and nothing changes', () => {
    const { a, b } = talk();
    const offer = seal(alice, a, { rekey: 'epoch' });
    const answering = open(b, offer.envelope);
    const answer = seal(bob, answering);
    const frameOf = (to: Session, envelope: Uint8Array): Uint8Array =>
      decrypt(native, to.ratchet, envelope, startMs).plaintext;
    const offerBytes = frameOf(b, offer.envelope);
    const answerBytes = frameOf(offer.session, answer.envelope);
    const withEpoch = (bytes: Uint8Array, epoch: number): Uint8Array => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setUint32(2, epoch, true);
      return copy;
    };
    const from = (who: Session, bytes: Uint8Array): Uint8Array =>
      encrypt(native, who.ratchet, bytes).envelope;
    const conflicts: readonly (readonly [Session, Uint8Array])[] = [
      // An Offer two epochs ahead, one for an epoch that cannot be, and an Answer that nobody has asked for.
      [b, from(a, withEpoch(offerBytes, 2))],
      [b, from(a, withEpoch(offerBytes, 0xffff_ffff))],
      [a, from(answering, answerBytes)],
      // Another key while we have answered one.
      [answering, from(offer.session, flipped(offerBytes, 900))],
      // An Answer two epochs ahead.
      [offer.session, from(answering, withEpoch(answerBytes, 2))],
    ];
    for (const [to, envelope] of conflicts) {
      const before = encodeSession(to);
      expect(codeOf(() => open(to, envelope))).toBe('PQ_CONFLICT');
      expect(encodeSession(to)).toEqual(before);
    }
    // An encapsulation key that is none: every coefficient is 4095.
    const noKey = offerBytes.slice();
    noKey.fill(0xff, 6, 6 + 1_536);
    expect(codeOf(() => open(b, from(a, noKey)))).toBe('PQ_CONFLICT');
    // What is past says nothing.
    expect(pqOf(open(b, from(a, withEpoch(offerBytes, 0)))).slot.kind).toBe('idle');
    // Nothing of the kind exists below level 3.
    const low = ratchetPair(alice, bob, { level: 2 });
    expect(codeOf(() => open(low.b, from(low.a, offerBytes)))).toBe('DECRYPT_FAILED');
  });
});

describe('a state that is used twice', () => {
  const body = (envelope: Uint8Array): Uint8Array => envelope.subarray(59, -16);
  const xor = (left: Uint8Array, right: Uint8Array): Uint8Array =>
    left.map((byte, at) => byte ^ (right[at] as number));

  it.each([
    [1, true],
    [2, false],
    [3, true],
  ] as const)(
    'gives two messages under one key: with suite %i their difference shows: %s',
    (suite, isShown) => {
      const { a } = talk(suite);
      const clone = steal(native, a);
      const messages = [text(native, 'attack at dawn'), text(native, 'attack at dusk')].map((message) => ({
        ...message,
        messageId: new Uint8Array(16),
      }));
      const [left, right] = [seal(alice, a, {}, messages[0]), seal(alice, clone, {}, messages[1])];
      expect(left.envelope.subarray(0, 59)).toEqual(right.envelope.subarray(0, 59));
      const difference = xor(body(left.envelope), body(right.envelope));
      const shown = difference.filter((byte) => byte !== 0).length;
      // "awn" and "usk" differ in three bytes.
      expect(shown === 3).toBe(isShown);
      // The same message twice shows as such in every suite: it is the same envelope.
      const again = seal(alice, steal(native, a), {}, messages[0]);
      expect(again.envelope).toEqual(left.envelope);
    },
  );

  it.each([1, 2] as const)('is noticed by the peer, who takes only one of the two, suite %i', (suite) => {
    const { a, b } = talk(suite);
    const restored = steal(native, a);
    const first = seal(alice, a);
    const second = seal(alice, restored);
    const received = open(b, first.envelope);
    expect(codeOf(() => open(received, second.envelope))).toBe('DECRYPT_FAILED');
  });
});

describe('a crash', () => {
  it('between storing and sending loses a number and no key: the next message opens', () => {
    let { a, b } = talk();
    for (let k = 0; k < 5; k++) {
      const unsent = seal(alice, a, k === 2 ? { rekey: 'signed' } : {});
      a = decodeSession(native, encodeSession(unsent.session));
      const next = seal(alice, a);
      expect(next.envelope).not.toEqual(unsent.envelope);
      a = next.session;
      b = open(b, next.envelope);
    }
    expect(b.messageCount).toBe(7);
    // The Offer was in what was lost; it goes again with a new connection.
    expect(b.isRekeying).toBe(false);
    b = open(b, seal(alice, a, { rekey: 'again' }).envelope);
    expect(pqOf(b).slot.kind).toBe('answered');
  });

  it('between opening and storing loses nothing: the message opens again', () => {
    const { a, b } = talk();
    const stored = encodeSession(b);
    const sent = seal(alice, a, { rekey: 'signed' });
    open(b, sent.envelope);
    expect(pqOf(open(decodeSession(native, stored), sent.envelope)).slot.kind).toBe('answered');
  });
});
