/**
 * Compromise and healing: what thieves of whole session states gain, and where they lose it again. docs/security.md,
 * sections 7 and 10, claims what is tested here.
 */
import { signaturePurposes, signHybrid } from '@wotid/crypto';
import {
  encodeSession,
  openEnvelope,
  parseFrame,
  sealMessage,
  type SealInit,
  type Session,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { encrypt, decrypt } from '../src/ratchet/ratchet.ts';
import { revealRatchet } from '../src/ratchet/state.ts';
import { rekeyBody, type ControlItem } from '../src/wire/control.ts';
import { encodeFrame, type Frame } from '../src/wire/frame.ts';
import { pad, unpad } from '../src/wire/padding.ts';
import { codeOf, native, person, startMs, text, type Person } from './people.ts';
import { ratchetPair } from './ratchet-pair.ts';
import { PassiveThief, poseAsPeer, pqOf, steal, withFields } from './thief.ts';

const alice = person('alice');
const bob = person('bob');

function seal(who: Person, session: Session, init: Partial<SealInit> = {}): ReturnType<typeof sealMessage> {
  const at = { route: 'online', nowMs: startMs, rekeyWith: who.own } as const;
  return sealMessage(native, session, text(native, 'x'), { ...at, ...init });
}

function open(session: Session, envelope: Uint8Array): Session {
  const peer = session.peerDid === alice.own.block.did ? alice.own.block : bob.own.block;
  return openEnvelope(native, session, envelope, { nowMs: startMs, peer }).session;
}

/** Opens an envelope in a state without looking into it. */
function frameIn(
  session: Session,
  envelope: Uint8Array,
): { readonly frame: Frame; readonly session: Session } {
  const { state, plaintext } = decrypt(native, session.ratchet, envelope, startMs);
  return { frame: parseFrame(unpad(plaintext) as Uint8Array), session: { ...session, ratchet: state } };
}

function sealFrame(
  session: Session,
  frame: Frame,
): { readonly envelope: Uint8Array; readonly session: Session } {
  const bytes = encodeFrame(frame);
  const { state, envelope } = encrypt(native, session.ratchet, pad(bytes, bytes.length + 1));
  return { envelope, session: { ...session, ratchet: state } };
}

/** Two honest people after one round trip. */
class Talk {
  a: Session;
  b: Session;

  constructor() {
    ({ a: this.a, b: this.b } = ratchetPair(alice, bob));
    this.say('a');
    this.say('b');
    this.say('a');
  }

  say(from: 'a' | 'b', init: Partial<SealInit> = {}, thief: PassiveThief | null = null): boolean {
    const sealed = from === 'a' ? seal(alice, this.a, init) : seal(bob, this.b, init);
    if (from === 'a') {
      this.a = sealed.session;
      this.b = open(this.b, sealed.envelope);
      return false;
    }
    this.b = sealed.session;
    const isRead = thief?.reads(this.a, sealed.envelope, startMs) ?? false;
    this.a = open(this.a, sealed.envelope);
    return isRead;
  }
}

describe('a passive thief that also gets every X25519 secret', () => {
  it('reads on without epochs, and loses with the first one that was offered after the theft', () => {
    const talk = new Talk();
    const thief = new PassiveThief(native, steal(native, talk.a));
    for (let k = 0; k < 3; k++) {
      expect(talk.say('b', {}, thief)).toBe(true);
      talk.say('a');
    }
    expect(talk.say('b', {}, thief)).toBe(true);
    talk.say('a', { rekey: 'epoch' });
    // The Answer itself still goes in the old epoch.
    expect(talk.say('b', {}, thief)).toBe(true);
    talk.say('a');
    for (let k = 0; k < 3; k++) {
      expect(talk.say('b', {}, thief)).toBe(false);
      talk.say('a');
    }
  });

  it('loses at the second one at the latest: when it took an Offer’s seed as well', () => {
    const talk = new Talk();
    talk.say('a', { rekey: 'epoch' });
    const stolen = steal(native, talk.a);
    const { slot } = pqOf(stolen);
    expect(slot.kind).toBe('offered');
    const answer = seal(bob, talk.b);
    talk.b = answer.session;
    // With the seed the thief makes the epoch as Alice does.
    const thief = new PassiveThief(native, open(stolen, answer.envelope));
    talk.a = open(talk.a, answer.envelope);
    talk.say('a');
    expect(talk.say('b', {}, thief)).toBe(true);
    talk.say('a', { rekey: 'epoch' });
    talk.say('b', {}, thief);
    talk.say('a');
    expect(talk.say('b', {}, thief)).toBe(false);
  });

  it('opens nothing that arrived before', () => {
    const talk = new Talk();
    const old = seal(bob, talk.b);
    const before = talk.a;
    talk.b = old.session;
    talk.a = open(talk.a, old.envelope);
    expect(new PassiveThief(native, steal(native, talk.a)).reads(before, old.envelope, startMs)).toBe(false);
  });
});

/**
 * A thief with Alice's whole state that sits on the wire: it speaks to Bob as Alice, and to Alice as Bob. It has nobody's
 * identity keys.
 */
class ManInTheMiddle {
  readonly talk = new Talk();
  /** What the thief has of the two ends. */
  asAlice: Session;
  asBob: Session;

  constructor() {
    this.asAlice = steal(native, this.talk.a);
    this.asBob = poseAsPeer(native, steal(native, this.talk.a));
    // It moves first, at both ends.
    this.toAlice();
    this.toBob();
  }

  /** A message of Bob's that Alice takes for real. */
  toAlice(init: Partial<SealInit> = {}): void {
    const sealed = this.#sealAsBob(init);
    this.talk.a = open(this.talk.a, sealed);
  }

  /** A message of Alice's that Bob takes for real. */
  toBob(init: Partial<SealInit> = {}): void {
    const sealed = sealMessage(native, this.asAlice, text(native, 'x'), {
      route: 'online',
      nowMs: startMs,
      ...init,
    });
    this.asAlice = sealed.session;
    this.talk.b = open(this.talk.b, sealed.envelope);
  }

  /** Alice sends; the thief reads. */
  fromAlice(init: Partial<SealInit> = {}): Frame {
    const sealed = seal(alice, this.talk.a, init);
    this.talk.a = sealed.session;
    const read = frameIn(this.asBob, sealed.envelope);
    this.asBob = read.session;
    return read.frame;
  }

  /** Bob sends; the thief reads. */
  fromBob(init: Partial<SealInit> = {}): Frame {
    const sealed = seal(bob, this.talk.b, init);
    this.talk.b = sealed.session;
    const read = frameIn(this.asAlice, sealed.envelope);
    this.asAlice = read.session;
    return read.frame;
  }

  /** Passes a frame of the thief's choice on to Bob, under the keys it shares with him. */
  forward(frame: Frame): void {
    const made = sealFrame(this.asAlice, frame);
    this.talk.b = open(this.talk.b, made.envelope);
    this.asAlice = made.session;
  }

  /** The same to Alice. */
  back(frame: Frame): void {
    const made = sealFrame(this.asBob, frame);
    this.talk.a = open(this.talk.a, made.envelope);
    this.asBob = made.session;
  }

  #sealAsBob(init: Partial<SealInit>): Uint8Array {
    const sealed = sealMessage(native, this.asBob, text(native, 'x'), {
      route: 'online',
      nowMs: startMs,
      ...init,
    });
    this.asBob = sealed.session;
    return sealed.envelope;
  }
}

describe('an active thief of a whole state', () => {
  it('stays through unsigned epochs, which it makes with each end by itself', () => {
    const thief = new ManInTheMiddle();
    for (let k = 0; k < 3; k++) {
      thief.toAlice({ rekey: 'epoch' });
      thief.asBob = open(thief.asBob, nextOf(thief, 'a'));
      thief.toAlice();
      thief.asBob = open(thief.asBob, nextOf(thief, 'a'));
    }
    expect(thief.talk.a.rekeySequence).toBe(3);
    expect(pqOf(thief.talk.a).root).toEqual(pqOf(thief.asBob).root);
  });

  it('loses both ends when it lets a signed rekey pass', () => {
    const thief = new ManInTheMiddle();
    const offer = thief.fromAlice({ rekey: 'signed' });
    expect(offer.control?.signature).not.toBeNull();
    thief.forward(offer);
    thief.back(thief.fromBob());
    // Alice sends in the epoch that only she and Bob can know.
    expect(thief.talk.a.rekeySequence).toBe(1);
    expect(pqOf(thief.talk.a).root).toEqual(pqOf(thief.talk.b).root);
    expect(codeOf(() => thief.fromAlice())).toBe('DECRYPT_FAILED');
    // Until the first message of that epoch the old one is still taken, and what is sent in it counts as nothing:
    thief.toBob();
    thief.toAlice();
    expect([thief.talk.a, thief.talk.b].map(({ authenticatedCount }) => authenticatedCount)).toEqual([0, 0]);
  });

  it('cannot sign an Offer or an Answer of its own, nor move a signature', () => {
    const thief = new ManInTheMiddle();
    const mallory = person('mallory');
    const { control, ...rest } = thief.fromAlice({ rekey: 'signed' });
    const offer = control as ControlItem;
    using pair = native.kemGenerate();
    const refused = (item: ControlItem): string => codeOf(() => thief.forward({ ...rest, control: item }));
    // Its own key under Alice's signature, under its own, and under a signature of Alice's for something else.
    expect(refused({ ...offer, key: pair.publicKey })).toBe('DECRYPT_FAILED');
    const body = rekeyBody({
      sid: thief.talk.a.sid,
      signerIdFp: thief.talk.a.ourIdFp,
      from: thief.talk.a.ourDid,
      to: thief.talk.a.peerDid,
      epoch: 1,
      sentAtMs: offer.sentAtMs,
      ekHash: native.sha512(pair.publicKey),
      ciphertextHash: null,
    });
    const own = signHybrid(native, mallory.own.keys, signaturePurposes.rekey, body);
    expect(refused({ ...offer, key: pair.publicKey, signature: own })).toBe('DECRYPT_FAILED');
    const message = signHybrid(native, alice.own.keys, signaturePurposes.message, body);
    expect(refused({ ...offer, key: pair.publicKey, signature: message })).toBe('DECRYPT_FAILED');
    const classical = signHybrid(native, alice.own.keys, signaturePurposes.rekey, body, 3);
    expect(refused({ ...offer, key: pair.publicKey, signature: classical })).toBe('DECRYPT_FAILED');
    // Another time or epoch, and the Offer sent back to who made it.
    expect(refused({ ...offer, sentAtMs: offer.sentAtMs + 1 })).toBe('DECRYPT_FAILED');
    expect(refused({ ...offer, epoch: 2 })).toBe('DECRYPT_FAILED');
    expect(codeOf(() => thief.back({ ...rest, control: offer }))).toBe('DECRYPT_FAILED');
    expect(codeOf(() => thief.back({ ...rest, control: { ...offer, kind: 'answer' } }))).toBe(
      'DECRYPT_FAILED',
    );
    // The true one is still good.
    thief.forward({ ...rest, control: offer });
    expect(pqOf(thief.talk.b).slot.kind).toBe('answered');
  });

  it('gains nothing by an unsigned Answer to a signed Offer, or by stripping the signature', () => {
    const thief = new ManInTheMiddle();
    const offer = thief.fromAlice({ rekey: 'signed' });
    const control = offer.control as ControlItem;
    // It answers by itself: Alice refuses, and nothing of hers has moved.
    using imported = native.kemImportPublic(control.key);
    const { ciphertext } = native.kemEncapsulate(imported);
    const unsigned = { ...control, kind: 'answer', key: ciphertext, signature: null } as const;
    expect(codeOf(() => thief.back({ ...offer, control: unsigned }))).toBe('PQ_CONFLICT');
    // It strips the signature: Bob answers without one, which Alice refuses as well.
    thief.forward({ ...offer, control: { ...control, signature: null } });
    const stripped = thief.fromBob();
    expect(stripped.control).toMatchObject({ kind: 'answer', signature: null });
    expect(codeOf(() => thief.back(stripped))).toBe('PQ_CONFLICT');
    // When the true Offer comes after all, Bob's Answer gets its signature, and the rekey goes through.
    thief.forward(offer);
    const signed = thief.fromBob();
    expect(signed.control?.signature).not.toBeNull();
    thief.back(signed);
    expect(pqOf(thief.talk.a).root).toEqual(pqOf(thief.talk.b).root);
  });

  it('that races the signed Offer with one of its own is found out', () => {
    const thief = new ManInTheMiddle();
    const offer = thief.fromAlice({ rekey: 'signed' });
    thief.toBob({ rekey: 'epoch' });
    expect(codeOf(() => thief.forward(offer))).toBe('PQ_CONFLICT');
  });

  it('cannot push a signed Offer of ours aside with an unsigned one', () => {
    const thief = new ManInTheMiddle();
    // Bob is the responder: of two alike his would give way.
    thief.fromBob({ rekey: 'signed' });
    thief.toBob({ rekey: 'epoch' });
    expect(pqOf(thief.talk.b).slot).toMatchObject({ kind: 'offered', isSigned: true });
  });

  it('that lets no signed rekey pass is cut off: nothing more is sent online', () => {
    const thief = new ManInTheMiddle();
    thief.fromAlice({ rekey: 'signed' });
    thief.talk.a = { ...thief.talk.a, messageCount: 10_000 };
    expect(codeOf(() => thief.fromAlice())).toBe('REKEY_OVERDUE');
  });
});

describe('keys of an epoch that has ended', () => {
  it('fill the gaps that were left in it, and move nothing', () => {
    const talk = new Talk();
    const gap = seal(alice, talk.a);
    talk.a = gap.session;
    const stolen = steal(native, talk.a);
    talk.say('a', { rekey: 'signed' });
    talk.say('b');
    talk.say('a');
    talk.say('b');
    expect([talk.a.authenticatedCount > 0, talk.b.authenticatedCount > 0]).toEqual([true, true]);
    // More messages of the old epoch than Alice has sent: none is taken, in the chain under way or in a new one.
    let thief = stolen;
    const codes: string[] = [];
    for (let k = 0; k < 3; k++) {
      const forged = seal(alice, thief);
      thief = forged.session;
      codes.push(codeOf(() => open(talk.b, forged.envelope)));
    }
    expect(codes).toEqual(['DECRYPT_FAILED', 'DECRYPT_FAILED', 'DECRYPT_FAILED']);
    const fields = revealRatchet(talk.b.ratchet);
    expect(fields.pq?.receiving.map(({ epoch }) => epoch)).toEqual([1]);
    // The message that Alice had sent is read, late, and changes only what was kept for it.
    const late = open(talk.b, gap.envelope);
    const after = revealRatchet(late.ratchet);
    expect(after.dh).toBe(fields.dh);
    expect(after.sending).toBe(fields.sending);
    expect(after.pq?.root).toBe(fields.pq?.root);
    expect(codeOf(() => open(late, gap.envelope))).toBe('DECRYPT_FAILED');
  });

  it('cannot move the classical half on, even with all of its keys', () => {
    for (const turns of [0, 1]) {
      const talk = new Talk();
      const before = talk.a;
      const gap = seal(alice, talk.a);
      talk.a = gap.session;
      talk.say('a', { rekey: 'signed' });
      talk.say('b');
      talk.say('a');
      talk.say('b');
      for (let k = 0; k < turns; k++) {
        talk.say('a');
        talk.say('b');
      }
      // The classical half is Alice's of now, the post-quantum share that of the gap.
      const thief = withFields(talk.a, { pq: pqOf(before) });
      const forged = sealMessage(native, thief, text(native, 'x'), { route: 'online', nowMs: startMs });
      const state = encodeSession(talk.b);
      expect(codeOf(() => open(talk.b, forged.envelope))).toBe('DECRYPT_FAILED');
      expect(encodeSession(talk.b)).toEqual(state);
      talk.b = open(talk.b, gap.envelope);
    }
  });
});

/** The next message of an end, unread. */
function nextOf(thief: ManInTheMiddle, end: 'a' | 'b'): Uint8Array {
  const sealed = end === 'a' ? seal(alice, thief.talk.a) : seal(bob, thief.talk.b);
  if (end === 'a') thief.talk.a = sealed.session;
  else thief.talk.b = sealed.session;
  return sealed.envelope;
}
