/** Every kind of message, damaged in every byte, cut at every length and extended: one error, nothing changed. */
import {
  acceptGateSession,
  createInit,
  encodePrekeys,
  encodeSession,
  defaultSecurityPolicy,
  OnlinePrekeys,
  oneTimePairs,
  createGateSession,
  openEnvelope,
  openInit,
  sealMessage,
  verifyPrekeys,
  type SecurityLevel,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import {
  accept,
  chain,
  credential,
  codeOf,
  init,
  native,
  offlinePair,
  openInitInit,
  person,
  startMs,
  text,
  verified,
} from './people.ts';

const alice = person('alice');
const bob = person('bob');

/** Each damaged form of `bytes`: one bit of each byte flipped, each length, one byte appended. */
function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    const copy = bytes.slice();
    copy[at] = (copy[at] as number) ^ (1 << (at % 8));
    yield copy;
  }
  for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length);
  for (const extra of [0, 0x80, 0xff]) yield Uint8Array.from([...bytes, extra]);
}

function codesOf(bytes: Uint8Array, read: (bytes: Uint8Array) => unknown): Set<string> {
  const codes = new Set<string>();
  for (const form of damaged(bytes)) codes.add(codeOf(() => read(form)));
  return codes;
}

describe('damage', () => {
  it('to a ratchet envelope is one error, and the true message still opens', () => {
    const pair = offlinePair(alice, bob);
    const before = encodeSession(pair.a);
    // The reply turns the ratchet: the damaged forms try to do so too.
    const { envelope } = sealMessage(native, pair.b, text(native, 'reply'), {
      route: 'mailbox',
      nowMs: startMs,
    });
    const open = (bytes: Uint8Array): ReturnType<typeof openEnvelope> =>
      openEnvelope(native, pair.a, bytes, { nowMs: startMs, peer: bob.own.block });
    expect(codesOf(envelope, open)).toEqual(new Set(['DECRYPT_FAILED']));
    expect(encodeSession(pair.a)).toEqual(before);
    expect(open(envelope).message.payload).toEqual(new TextEncoder().encode('reply'));
  });

  it('to an initial message is refused, uses nothing up, and the true message still opens', () => {
    const { envelope } = createInit(native, {
      ours: alice.own,
      prekeys: verified(native, bob),
      credential,
      isFirstContact: false,
      isPeerVerified: true,
      message: text(native, 'hello'),
      nowMs: startMs,
    });
    const before = encodePrekeys(bob.prekeys);
    const read = (bytes: Uint8Array): unknown => {
      using pending = openInit(native, bytes, openInitInit(bob, { findIdentity: () => alice.own.block }));
      return pending.accept(startMs).message.payload;
    };
    // Level, suite and the three ids have errors of their own; all else is one error.
    expect([...codesOf(envelope, read)].sort()).toEqual(['INIT_REJECTED', 'PREKEY_UNKNOWN', 'UNSUPPORTED']);
    const codeAt = (at: number): string => {
      const copy = envelope.slice();
      copy[at] = (copy[at] as number) ^ 0x80;
      return codeOf(() => read(copy));
    };
    expect([1, 2].map(codeAt)).toEqual(['UNSUPPORTED', 'UNSUPPORTED']);
    for (let at = 3; at < 15; at++) expect(codeAt(at)).toBe('PREKEY_UNKNOWN');
    for (let at = 15; at < envelope.length; at += 13) expect(codeAt(at)).toBe('INIT_REJECTED');
    expect(encodePrekeys(bob.prekeys)).toEqual(before);
    expect(read(envelope)).toEqual(new TextEncoder().encode('hello'));
  });

  it.each<readonly [string, SecurityLevel, boolean, number]>([
    ['a one-time pair', 3, true, 9],
    ['level 2', 2, false, 1],
    ['level 1 and a one-time pair', 1, true, 1],
  ])('to an initial message with %s is refused, and burns no pair', (_, level, isOneTime, step) => {
    const policy = { ...defaultSecurityPolicy, minLevel: level, maxLevel: level };
    const carol = person('carol', native, { oneTimePairs: 2, policy });
    const pair = oneTimePairs(native, carol.prekeys)?.pairs[1]?.bytes;
    const { envelope } = init(alice, carol, 'hello', {
      isFirstContact: false,
      policy,
      ...(isOneTime && pair !== undefined ? { oneTimePair: pair } : {}),
    });
    const before = encodePrekeys(carol.prekeys);
    const read = (bytes: Uint8Array): unknown =>
      accept(carol, bytes, { policy, findIdentity: () => alice.own.block }).message.payload;
    const known = new Set(['INIT_REJECTED', 'PREKEY_UNKNOWN', 'UNSUPPORTED', 'LEVEL_REFUSED']);
    let form = 0;
    for (const bytes of damaged(envelope)) {
      if (form++ % step === 0) expect(known).toContain(codeOf(() => read(bytes)));
    }
    expect(encodePrekeys(carol.prekeys)).toEqual(before);
    expect(read(envelope)).toEqual(new TextEncoder().encode('hello'));
  });

  it('to an initial message of first contact is refused, and the true message still opens', () => {
    const { envelope } = init(alice, bob);
    for (let at = 1_617; at < envelope.length; at += 31) {
      const copy = envelope.slice();
      copy[at] = (copy[at] as number) ^ 1;
      expect(codeOf(() => accept(bob, copy))).toBe('INIT_REJECTED');
      expect(codeOf(() => accept(bob, envelope.subarray(0, at)))).toBe('INIT_REJECTED');
    }
    expect(accept(bob, envelope).message.payload).toEqual(new TextEncoder().encode('hello'));
  });

  it('to the public part at the gate is refused at once or fails with the first message', () => {
    using prekeys = new OnlinePrekeys(native);
    const gate = { gateHash: new Uint8Array(64).fill(1), exporter: new Uint8Array(64).fill(2) };
    const common = { level: 3, suite: 1, gate, initiatedAtMs: startMs, nowMs: startMs } as const;
    const created = createGateSession(native, {
      ...common,
      ours: alice.own,
      peer: bob.own,
      prekeys: prekeys.publicKeys,
    });
    const first = sealMessage(native, created.session, text(native, 'hi'), {
      route: 'online',
      nowMs: startMs,
    });
    const read = (bytes: Uint8Array): unknown =>
      openEnvelope(
        native,
        acceptGateSession(native, bytes, { ...common, ours: bob.own, peer: alice.own, prekeys }),
        first.envelope,
        { nowMs: startMs, peer: alice.own.block },
      );
    expect([...codesOf(created.publicPart, read)].sort()).toEqual(['DECRYPT_FAILED', 'INIT_REJECTED']);
    expect(codeOf(() => read(created.publicPart))).toBe('none');
  });

  it('to published prekeys is refused', () => {
    const verify = (bytes: Uint8Array): unknown => verifyPrekeys(native, bytes, { ...chain, nowMs: startMs });
    for (const code of codesOf(bob.published, verify)) {
      expect(['PREKEYS_INVALID', 'PREKEYS_MISMATCH', 'PREKEYS_EXPIRED', 'UNSUPPORTED']).toContain(code);
    }
    expect(codeOf(() => verify(bob.published))).toBe('none');
  });
});
