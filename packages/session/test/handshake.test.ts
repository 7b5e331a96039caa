import { NobleProvider } from '@wotid/crypto';
import {
  encodeSession,
  openEnvelope,
  openInit,
  sealMessage,
  encodePresentation,
  messageTypes,
  type Session,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import {
  accept,
  credential,
  exchange,
  gatePair,
  init,
  native,
  offlinePair,
  openInitInit,
  person,
  startMs,
  text,
} from './people.ts';

const portable = new NobleProvider();
const alice = person('alice');
const bob = person('bob');

function converse(a: { who: typeof alice; session: Session }, b: typeof a): void {
  let [left, right] = [a, b];
  for (let round = 0; round < 6; round++) {
    const done = exchange(left, right, `round ${round}`);
    expect(done.text).toBe(`round ${round}`);
    [left, right] = [
      { who: right.who, session: done.receiver },
      { who: left.who, session: done.sender },
    ];
  }
}

describe('a session that starts offline', () => {
  it('delivers the first message, then goes on in both directions', () => {
    const started = init(alice, bob, 'first words');
    using pending = openInit(native, started.envelope, openInitInit(bob));
    expect(pending.sender.block.did).toBe('did:example:alice');
    expect(pending.credential).toEqual(credential);
    expect(pending.sentAtMs).toBe(startMs);
    const accepted = pending.accept(startMs);
    expect(new TextDecoder().decode(accepted.message.payload)).toBe('first words');
    expect(accepted.message).toMatchObject({ from: 'did:example:alice', to: 'did:example:bob', proof: null });
    expect(accepted.session.sid).toEqual(started.session.sid);
    expect(accepted.replay.initHash).toEqual(started.session.initHash);
    converse({ who: bob, session: accepted.session }, { who: alice, session: started.session });
  });

  it.each([
    ['native', 'portable', person('n1'), person('p1', portable)],
    ['portable', 'native', person('p2', portable), person('n2')],
  ])('works between %s and %s', (_a, _b, a, b) => {
    const pair = offlinePair(a, b);
    converse({ who: b, session: pair.b }, { who: a, session: pair.a });
  });

  it('shows the identity of the sender to nobody but the recipient', () => {
    const { envelope } = init(alice, bob);
    const hex = envelope.toHex();
    const { block, idFp } = alice.own;
    for (const secret of [
      idFp,
      block.ik,
      block.ed25519,
      new TextEncoder().encode(block.did),
      credential.subarray(0, 16),
    ]) {
      expect(hex).not.toContain(secret.toHex());
    }
  });
});

describe('a session of the gate', () => {
  it('takes turns from the first message on', () => {
    const pair = gatePair(alice, bob);
    converse({ who: alice, session: pair.a }, { who: bob, session: pair.b });
    expect(pair.publicPart.length).toBe(1_617);
  });

  it('works between native and portable in both directions', () => {
    const carol = person('carol', portable);
    for (const [a, b] of [
      [alice, carol],
      [carol, alice],
    ] as const) {
      const pair = gatePair(a, b);
      converse({ who: a, session: pair.a }, { who: b, session: pair.b });
    }
  });

  it('lets the responder send only after the first message', () => {
    const pair = gatePair(alice, bob);
    expect(() =>
      sealMessage(native, pair.b, text(native, 'too early'), { route: 'online', nowMs: startMs }),
    ).toThrow(expect.objectContaining({ code: 'SESSION_NOT_READY' }));
  });
});

describe('sizes', () => {
  it('adds 75 bytes to a padded frame, and 1,617 plus a multiple of 256 to a first message', () => {
    const pair = offlinePair(alice, bob);
    const sealed = sealMessage(
      native,
      pair.a,
      { ...text(native, 'x'.repeat(100), 300), ackSeq: 300 },
      {
        route: 'mailbox',
        nowMs: startMs,
      },
    );
    expect(sealed.envelope.length).toBe(235);
    const { envelope } = init(alice, bob, 'x'.repeat(100));
    expect((envelope.length - 1_617 - 16 - 235) % 256).toBe(0);
    expect(encodeSession(pair.a).length).toBeLessThan(1_024);
  });
});

describe('signed messages', () => {
  it('carry a proof, and types that need one are refused without', () => {
    const pair = offlinePair(alice, bob);
    const message = {
      ...text(native, ''),
      type: messageTypes.presentation,
      payload: encodePresentation(credential),
    };
    expect(() => sealMessage(native, pair.a, message, { route: 'online', nowMs: startMs })).toThrow(
      expect.objectContaining({ code: 'BAD_MESSAGE' }),
    );
    const sealed = sealMessage(native, pair.a, message, {
      route: 'online',
      nowMs: startMs,
      signWith: alice.own,
    });
    const opened = openEnvelope(native, pair.b, sealed.envelope, { nowMs: startMs, peer: alice.own.block });
    expect(opened.message.proof?.signature.length).toBe(4_692);
    expect(() =>
      openEnvelope(native, pair.b, sealed.envelope, { nowMs: startMs, peer: bob.own.block }),
    ).toThrow(expect.objectContaining({ code: 'DECRYPT_FAILED' }));
    expect(accept).toBeTypeOf('function');
  });
});
