import { concatBytes } from '@wotid/core';
import { wipe } from '@wotid/crypto';
import {
  decodeSession,
  encodeFrame,
  encodeSession,
  messageTypes,
  MAX_PAYLOAD_BYTES,
  MAX_PLAINTEXT_BYTES,
  MAX_RATCHET_ENVELOPE_BYTES,
  MAX_SESSION_RECORD_BYTES,
  decrypt,
  encrypt,
  newMessageId,
  openEnvelope,
  recognizes,
  sealMessage,
  wipeReplaced,
  type Session,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { ecChainStep, messageKey, pqChainStep } from '../src/kdf.ts';
import { encodeHeader, sealHeader } from '../src/ratchet/header.ts';
import { advanceEc, endChain } from '../src/ratchet/receive-keys.ts';
import { RatchetState, revealRatchet, type RatchetFields } from '../src/ratchet/state.ts';
import { pad } from '../src/wire/padding.ts';
import { codeOf, dayMs, gatePair, native, offlinePair, person, startMs, text } from './people.ts';

const alice = person('alice');
const bob = person('bob');

/** `count` envelopes of `from`. */
function many(from: Session, count: number): { readonly session: Session; readonly envelopes: Uint8Array[] } {
  const envelopes: Uint8Array[] = [];
  let session = from;
  for (let k = 0; k < count; k++) {
    const sealed = sealMessage(native, session, text(native, '', k), { route: 'mailbox', nowMs: startMs });
    session = sealed.session;
    envelopes.push(sealed.envelope);
  }
  return { session, envelopes };
}

const open = (session: Session, envelope: Uint8Array | undefined, nowMs = startMs): Session =>
  openEnvelope(native, session, envelope ?? new Uint8Array(), {
    nowMs,
    peer: session.peerDid === 'did:example:alice' ? alice.own.block : bob.own.block,
  }).session;

/** A message under the keys that come next, whatever its header says: what broken software could send. */
function sealedWith(fields: RatchetFields, numbers: { readonly n: number; readonly i: number }): Uint8Array {
  const { sending, pq, dh } = fields;
  const header = encodeHeader({
    dh: dh!.ours.publicKey,
    pn: fields.previousLength,
    epoch: pq!.sending.epoch,
    pi: pq!.previousLength,
    ...numbers,
  });
  const [ec, ofPq] = [ecChainStep(native, sending!.chainKey), pqChainStep(native, pq!.sending.chainKey)];
  const once = messageKey(native, ec.messageKey, ofPq.messageKey);
  const frame = encodeFrame({
    ...text(native, 'the last'),
    ackSeq: null,
    control: null,
    replyTo: null,
    signature: null,
  });
  const aad = concatBytes(fields.sessionAd, Uint8Array.of(1), header);
  const body = native.seal('aes-256-gcm', once.key, once.nonce, pad(frame, frame.length + 32), aad);
  return concatBytes(Uint8Array.of(1), sealHeader(native, sending!.headerKey, header), body);
}

describe('bounds of the ratchet', () => {
  it('a message may be 1,024 ahead, not 1,025, and opens once those between have come', () => {
    const pair = offlinePair(alice, bob);
    const { envelopes } = many(pair.a, 1_026);
    expect(codeOf(() => open(pair.b, envelopes[1_025]))).toBe('DECRYPT_FAILED');
    const near = open(pair.b, envelopes[1_024]);
    expect(revealRatchet(near.ratchet).pq!.skipped.length).toBe(1_024);
    open(near, envelopes[0]);
    open(open(pair.b, envelopes[0]), envelopes[1_025]);
  });

  it('so may the first message of a new chain', () => {
    const pair = offlinePair(alice, bob);
    const reply = sealMessage(native, pair.b, text(native, 'reply'), { route: 'online', nowMs: startMs });
    const sent = many(pair.a, 1_000);
    const turned = many(open(sent.session, reply.envelope), 26);
    expect(codeOf(() => open(reply.session, turned.envelopes[25]))).toBe('DECRYPT_FAILED');
    const far = open(reply.session, turned.envelopes[24]);
    expect(revealRatchet(far.ratchet).oldChains[0]?.skipped.length).toBe(1_000);
    open(far, sent.envelopes[0]);
    open(far, turned.envelopes[0]);
  });

  it('each chain has its own limit', () => {
    const chain = { headerKey: new Uint8Array(32), chainKey: new Uint8Array(32), n: 5, skipped: [] };
    expect(advanceEc(native, chain, 5 + 1_024, startMs)?.chain.skipped.length).toBe(1_024);
    expect(advanceEc(native, chain, 5 + 1_025, startMs)).toBeNull();
    expect(advanceEc(native, chain, 4, startMs)).toBeNull();
    expect(advanceEc(native, { ...chain, n: 65_500 }, 65_535, startMs)).toBeNull();
    expect(endChain(native, chain, 5 + 1_024, startMs)?.skipped.length).toBe(1_024);
    expect(endChain(native, chain, 5 + 1_025, startMs)).toBeNull();
    expect(endChain(native, chain, 4, startMs)).toBeNull();
    expect(endChain(native, chain, 5, startMs)?.skipped).toEqual([]);
  });

  it('the oldest of more than 1,024 stored keys go first', () => {
    const pair = offlinePair(alice, bob);
    const { envelopes } = many(pair.a, 1_502);
    const skipped = open(open(pair.b, envelopes[1_000]), envelopes[1_501]);
    const { receiving, pq } = revealRatchet(skipped.ratchet);
    expect([receiving?.skipped.length, pq?.skipped.length]).toEqual([1_024, 1_024]);
    expect(encodeSession(skipped).length).toBeLessThan(MAX_SESSION_RECORD_BYTES);
    // 1,500 were skipped: 476 too many.
    expect(codeOf(() => open(skipped, envelopes[475]))).toBe('DECRYPT_FAILED');
    open(skipped, envelopes[476]);
    open(skipped, envelopes[1_500]);
  });

  it('only five older chains keep the keys of missing messages', () => {
    let { a, b } = offlinePair(alice, bob);
    const lost: Uint8Array[] = [];
    for (let turn = 0; turn < 7; turn++) {
      const sent = many(a, 2);
      lost.push(sent.envelopes[0] as Uint8Array);
      b = open(b, sent.envelopes[1]);
      const reply = many(b, 1);
      [a, b] = [open(sent.session, reply.envelopes[0]), reply.session];
    }
    // The last one is in the current chain, the first one in the sixth before it.
    expect(revealRatchet(b.ratchet).oldChains.length).toBe(5);
    expect(codeOf(() => open(b, lost[0]))).toBe('DECRYPT_FAILED');
    for (const envelope of lost.slice(1)) b = open(b, envelope);
    expect(revealRatchet(b.ratchet).oldChains).toEqual([]);
  });

  it('a stored key is gone once its message was opened', () => {
    const pair = offlinePair(alice, bob);
    const { envelopes } = many(pair.a, 3);
    let b = open(pair.b, envelopes[2]);
    const stored = (session: Session): readonly (number | undefined)[] => {
      const { receiving, pq } = revealRatchet(session.ratchet);
      return [receiving?.skipped.length, pq?.skipped.length];
    };
    expect(stored(b)).toEqual([2, 2]);
    b = open(b, envelopes[0]);
    expect(stored(b)).toEqual([1, 1]);
    b = open(b, envelopes[1]);
    expect(stored(b)).toEqual([0, 0]);
  });

  it('stored keys end after 30 days', () => {
    const pair = offlinePair(alice, bob);
    const { envelopes } = many(pair.a, 3);
    const skipped = open(pair.b, envelopes[1]);
    open(skipped, envelopes[0], startMs + 30 * dayMs);
    expect(codeOf(() => open(skipped, envelopes[0], startMs + 30 * dayMs + 1))).toBe('DECRYPT_FAILED');
    const later = open(skipped, envelopes[2], startMs + 30 * dayMs + 1);
    expect(revealRatchet(later.ratchet).pq!.skipped).toEqual([]);
  });

  it('ends after 65,535 messages of a chain, EC or PQ', () => {
    const pair = offlinePair(alice, bob);
    const fields = revealRatchet(pair.a.ratchet);
    const sending = { ...fields.sending!, n: 65_534 };
    const pq = { ...fields.pq!, sending: { ...fields.pq!.sending, i: 65_534 } };
    for (const changed of [new RatchetState({ ...fields, sending }), new RatchetState({ ...fields, pq })]) {
      const last = many({ ...pair.a, ratchet: changed }, 1).session;
      expect(codeOf(() => many(last, 1))).toBe('SESSION_EXHAUSTED');
      expect(codeOf(() => many(decodeSession(native, encodeSession(last)), 1))).toBe('SESSION_EXHAUSTED');
    }
  });

  it('takes index 65,534 as the last one of a chain, and never 65,535, however well it is sealed', () => {
    const pair = offlinePair(alice, bob);
    /** Both ends at the same place of their chains, under other numbers. */
    const numbered = (
      n: number,
      i: number,
    ): { readonly envelope: Uint8Array; readonly receiver: Session } => {
      const [from, to] = [revealRatchet(pair.a.ratchet), revealRatchet(pair.b.ratchet)];
      const receiving = { ...to.receiving!, n };
      const pq = { ...to.pq!, receiving: to.pq!.receiving.map((one) => ({ ...one, i })) };
      return {
        envelope: sealedWith(from, { n, i }),
        receiver: { ...pair.b, ratchet: new RatchetState({ ...to, receiving, pq }) },
      };
    };
    for (const [n, i, code] of [
      [65_534, 65_534, 'none'],
      [65_535, 65_534, 'DECRYPT_FAILED'],
      [65_534, 65_535, 'DECRYPT_FAILED'],
      [65_535, 65_535, 'DECRYPT_FAILED'],
    ] as const) {
      const { envelope, receiver } = numbered(n, i);
      const before = encodeSession(receiver);
      expect([n, i, codeOf(() => open(receiver, envelope))]).toEqual([n, i, code]);
      expect(encodeSession(receiver)).toEqual(before);
    }
  });

  it('holds the largest message and no larger one', () => {
    const pair = offlinePair(alice, bob);
    const message = { ...text(native, ''), payload: new Uint8Array(MAX_PAYLOAD_BYTES).fill(1) };
    for (const route of ['online', 'mailbox'] as const) {
      const init = { route, nowMs: startMs, signWith: alice.own };
      open(pair.b, sealMessage(native, pair.a, message, init).envelope);
    }
    const { envelope } = sealMessage(native, pair.a, text(native, 'x'), { route: 'online', nowMs: startMs });
    const grown = (length: number): Uint8Array => {
      const copy = new Uint8Array(length);
      copy.set(envelope);
      return copy;
    };
    expect(recognizes(native, pair.b.ratchet, grown(MAX_RATCHET_ENVELOPE_BYTES))).toBe(true);
    expect(recognizes(native, pair.b.ratchet, grown(MAX_RATCHET_ENVELOPE_BYTES + 1))).toBe(false);
    const tooLong = { ...message, payload: new Uint8Array(MAX_PAYLOAD_BYTES + 1) };
    expect(codeOf(() => sealMessage(native, pair.a, tooLong, { route: 'online', nowMs: startMs }))).toBe(
      'PAYLOAD_TOO_LARGE',
    );
    expect(codeOf(() => encrypt(native, pair.a.ratchet, new Uint8Array(MAX_PLAINTEXT_BYTES + 1)))).toBe(
      'PAYLOAD_TOO_LARGE',
    );
  });
});

describe('what an authentic but broken peer can do', () => {
  it('a frame that does not decode changes nothing', () => {
    const pair = offlinePair(alice, bob);
    const before = encodeSession(pair.b);
    for (const plaintext of [
      new Uint8Array(),
      new Uint8Array(32),
      Uint8Array.of(0x80),
      Uint8Array.of(4, 0x80),
    ]) {
      const { envelope } = encrypt(native, pair.a.ratchet, plaintext);
      expect(codeOf(() => open(pair.b, envelope))).toBe('DECRYPT_FAILED');
      expect(decrypt(native, pair.b.ratchet, envelope, startMs).plaintext).toEqual(plaintext);
    }
    expect(encodeSession(pair.b)).toEqual(before);
  });

  it('a header that contradicts the chain it is sealed for changes nothing', () => {
    const pair = offlinePair(alice, bob);
    const fields = revealRatchet(pair.a.ratchet);
    using other = native.x25519Generate();
    const foreignKey = new RatchetState({ ...fields, dh: { ...fields.dh!, ours: other } });
    expect(codeOf(() => open(pair.b, many({ ...pair.a, ratchet: foreignKey }, 1).envelopes[0]))).toBe(
      'DECRYPT_FAILED',
    );
    const fresh = gatePair(alice, bob);
    const wrongPn = new RatchetState({ ...revealRatchet(fresh.a.ratchet), previousLength: 1 });
    expect(codeOf(() => open(fresh.b, many({ ...fresh.a, ratchet: wrongPn }, 1).envelopes[0]))).toBe(
      'DECRYPT_FAILED',
    );
    for (const pq of [
      { ...fields.pq!, sending: { ...fields.pq!.sending, epoch: 1 } },
      { ...fields.pq!, sending: { ...fields.pq!.sending, i: 0 } },
    ]) {
      const ratchet = new RatchetState({ ...fields, pq });
      expect(codeOf(() => open(pair.b, many({ ...pair.a, ratchet }, 1).envelopes[0]))).toBe('DECRYPT_FAILED');
    }
  });

  it('a ratchet key that is no key changes nothing', () => {
    const pair = offlinePair(alice, bob);
    const fields = revealRatchet(pair.b.ratchet);
    for (const publicKey of [new Uint8Array(32), new Uint8Array(32).fill(0xff)]) {
      const dh = { ...fields.dh!, ours: { publicKey } as NonNullable<typeof fields.dh>['ours'] };
      const reply = many({ ...pair.b, ratchet: new RatchetState({ ...fields, dh }) }, 1);
      expect(codeOf(() => open(pair.a, reply.envelopes[0]))).toBe('DECRYPT_FAILED');
    }
  });

  it('a signature by another person, over another message or session is refused', () => {
    const pair = offlinePair(alice, bob);
    const mallory = { ...alice.own, keys: person('mallory').own.keys };
    const forged = sealMessage(native, pair.a, text(native, 'I owe you'), {
      route: 'online',
      nowMs: startMs,
      signWith: mallory,
    });
    expect(codeOf(() => open(pair.b, forged.envelope))).toBe('DECRYPT_FAILED');
    // The same keys under another DID are another identity.
    const signed = sealMessage(native, pair.a, text(native, 'x'), {
      route: 'online',
      nowMs: startMs,
      signWith: alice.own,
    });
    const renamed = { ...alice.own.block, did: 'did:example:alicia' };
    const openAs = (peer: typeof renamed): string =>
      codeOf(() => openEnvelope(native, pair.b, signed.envelope, { nowMs: startMs, peer }));
    expect([openAs(alice.own.block), openAs(renamed)]).toEqual(['none', 'DECRYPT_FAILED']);
    // A type that needs a signature, from a peer whose software does not care.
    const presentation = {
      ...text(native, ''),
      type: messageTypes.presentation,
      ackSeq: null,
      control: null,
      replyTo: null,
    };
    const frame = encodeFrame({ ...presentation, signature: null });
    const bare = encrypt(native, pair.a.ratchet, Uint8Array.from([...frame, 0x80]));
    expect(codeOf(() => open(pair.b, bare.envelope))).toBe('DECRYPT_FAILED');
    expect(
      codeOf(() =>
        sealMessage(native, pair.a, text(native, 'x'), {
          route: 'online',
          nowMs: startMs,
          signWith: bob.own,
        }),
      ),
    ).toBe('BAD_MESSAGE');
  });
});

describe('an application that errs', () => {
  it('gets a typed error and keeps its session', () => {
    const pair = offlinePair(alice, bob);
    const good = text(native, 'x');
    const bad = [
      { ...good, seq: -1 },
      { ...good, seq: 2 ** 32 },
      { ...good, seq: 0.5 },
      { ...good, ackSeq: 2 ** 32 },
      { ...good, type: 65_536 },
      { ...good, messageId: newMessageId(native.random).subarray(1) },
      { ...good, replyTo: new Uint8Array(3) },
      { ...good, sentAtMs: -5 },
      { ...good, sentAtMs: Number.NaN },
    ];
    for (const message of bad) {
      expect(codeOf(() => sealMessage(native, pair.a, message, { route: 'online', nowMs: startMs }))).toBe(
        'BAD_MESSAGE',
      );
    }
  });
});

describe('wipeReplaced', () => {
  it('wipes what the next state does not use, and the next state goes on', () => {
    const pair = gatePair(alice, bob);
    const sent = many(pair.a, 2);
    const opened = open(pair.b, sent.envelopes[1]);
    const old = revealRatchet(pair.b.ratchet);
    wipeReplaced(pair.b, opened);
    expect(old.dh!.rootKey).toEqual(new Uint8Array(32));
    expect(() => old.dh!.ours.exportSecret()).toThrow();
    const copy = decodeSession(native, encodeSession(opened));
    open(opened, sent.envelopes[0]);
    const answer = many(opened, 1);
    open(sent.session, answer.envelopes[0]);
    const last = revealRatchet(opened.ratchet);
    wipeReplaced(opened, null);
    expect(last.receiving?.chainKey).toEqual(new Uint8Array(32));
    open(copy, sent.envelopes[0]);
    wipe(null);
  });

  it('keeps the keys of messages that are still to come, however many there are', () => {
    for (const count of [5, 100]) {
      const pair = gatePair(alice, bob);
      const { envelopes } = many(pair.a, count);
      let session = pair.b;
      for (const envelope of envelopes.toReversed()) {
        const next = open(session, envelope);
        wipeReplaced(session, next);
        session = next;
      }
      expect(session.messageCount).toBe(pair.b.messageCount + count);
    }
  });

  it('leaves nothing that could seal or open under keys of zeros', () => {
    const pair = gatePair(alice, bob);
    const sent = many(pair.a, 1);
    wipeReplaced(pair.a, sent.session);
    wipeReplaced(sent.session, null);
    for (const gone of [pair.a, sent.session]) {
      expect(() => many(gone, 1)).toThrow('wiped');
      expect(() => open(gone, sent.envelopes[0])).toThrow('wiped');
      expect(() => encodeSession(gone)).toThrow('wiped');
      expect(JSON.stringify(gone.ratchet)).toBe('{}');
      // Once more is no harm.
      wipeReplaced(gone, null);
    }
    open(pair.b, sent.envelopes[0]);
  });
});
