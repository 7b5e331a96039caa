import { inspect } from 'node:util';
import { concatBytes } from '@wotid/core';
import { NobleProvider } from '@wotid/crypto';
import {
  decodeSession,
  encodePrekeys,
  encodeSession,
  openEnvelope,
  openInit,
  sealMessage,
  sessionRecordAad,
  SessionError,
  type Session,
} from '@wotid/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PqSlot } from '../src/ratchet/pq-state.ts';
import { revealRatchet } from '../src/ratchet/state.ts';
import {
  codeOf,
  gatePair,
  init,
  native,
  offlinePair,
  openInitInit,
  person,
  startMs,
  text,
} from './people.ts';

const alice = person('alice');
const bob = person('bob');

/** A session with skipped keys in two chains. */
function busySession(): Session {
  const pair = offlinePair(alice, bob);
  const send = (session: Session, count: number): { session: Session; last: Uint8Array } => {
    let [current, last] = [session, new Uint8Array()];
    for (let k = 0; k < count; k++) {
      const sealed = sealMessage(native, current, text(native, `${k}`), { route: 'online', nowMs: startMs });
      [current, last] = [sealed.session, sealed.envelope];
    }
    return { session: current, last };
  };
  const first = send(pair.a, 3);
  let b = openEnvelope(native, pair.b, first.last, { nowMs: startMs, peer: alice.own.block }).session;
  const reply = send(b, 1);
  b = reply.session;
  const a = openEnvelope(native, first.session, reply.last, { nowMs: startMs, peer: bob.own.block }).session;
  return openEnvelope(native, b, send(a, 4).last, { nowMs: startMs, peer: alice.own.block }).session;
}

describe('a session record', () => {
  const sessions: readonly [string, Session][] = [
    ['a responder that has received nothing', gatePair(alice, bob).b],
    ['an initiator that has sent nothing', gatePair(alice, bob).a],
    ['one with skipped keys', busySession()],
    ['a replaced one', { ...busySession(), replacedAtMs: startMs, isRekeying: true, isPeerVerified: false }],
  ];

  it.each(sessions)('gives back %s, with either provider', (_, session) => {
    const bytes = encodeSession(session);
    for (const provider of [native, new NobleProvider()]) {
      const again = decodeSession(provider, bytes);
      expect(encodeSession(again)).toEqual(bytes);
      const { ratchet: _a, ...facts } = session;
      const { ratchet: _b, ...decoded } = again;
      expect(decoded).toEqual(facts);
    }
  });

  it.each(sessions)('refuses damage to that of %s with one error, or gives another session', (_, session) => {
    const bytes = encodeSession(session);
    const refuses = (damaged: Uint8Array): void => {
      try {
        expect(encodeSession(decodeSession(native, damaged))).toEqual(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(SessionError);
        expect((error as SessionError).code).toBe('RECORD_INVALID');
      }
    };
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => decodeSession(native, bytes.subarray(0, length)))).toBe('RECORD_INVALID');
    }
    expect(codeOf(() => decodeSession(native, concatBytes(bytes, Uint8Array.of(0))))).toBe('RECORD_INVALID');
    for (let at = 0; at < bytes.length; at++) {
      const copy = bytes.slice();
      copy[at] = (copy[at] as number) ^ 0xff;
      refuses(copy);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), refuses), { numRuns: 200 });
  });

  it('refuses more stored keys than there can be', () => {
    const session = busySession();
    const fields = revealRatchet(session.ratchet);
    const skipped = Array.from({ length: 1_025 }, (_, n) => ({
      n,
      messageKey: new Uint8Array(32),
      storedAtMs: 1,
    }));
    const pq = fields.pq!;
    const answered: PqSlot = {
      kind: 'answered',
      isSigned: false,
      ekHash: new Uint8Array(64),
      ciphertext: new Uint8Array(1_568),
      chainKey: new Uint8Array(32),
      sentSince: 0,
    };
    const broken = [
      { ...fields, receiving: { ...fields.receiving!, skipped } },
      {
        ...fields,
        oldChains: Array.from({ length: 6 }, () => ({ headerKey: new Uint8Array(32), skipped: [] })),
      },
      { ...fields, pq: null },
      { ...fields, dh: null },
      { ...fields, pq: { ...pq, sending: { ...pq.sending, epoch: 1 } } },
      { ...fields, pq: { ...pq, receiving: [] } },
      { ...fields, pq: { ...pq, receiving: [...pq.receiving, ...pq.receiving] } },
      { ...fields, pq: { ...pq, receiving: [...pq.receiving, { ...pq.receiving[0]!, epoch: 2, i: 0 }] } },
      { ...fields, pq: { ...pq, slot: answered } },
      { ...fields, dh: { ...fields.dh!, theirs: null } },
      { ...fields, dh: { ...fields.dh!, theirs: new Uint8Array(32).fill(0xff) } },
      { ...fields, sending: null },
      { ...fields, sessionAd: new Uint8Array(64) },
    ];
    for (const changed of broken) {
      const { constructor } = Object.getPrototypeOf(session.ratchet) as {
        constructor: new (fields: unknown) => Session['ratchet'];
      };
      const bytes = encodeSession({ ...session, ratchet: new constructor(changed) });
      expect(codeOf(() => decodeSession(native, bytes))).toBe('RECORD_INVALID');
    }
  });

  it('is sealed to its session and version', () => {
    const session = busySession();
    const aad = sessionRecordAad(session);
    expect(aad.subarray(0, 16)).toEqual(session.sid);
    expect(Buffer.from(aad).readBigUInt64LE(16)).toBe(BigInt(session.stateVersion));
    const next = sealMessage(native, session, text(native, ''), { route: 'online', nowMs: startMs }).session;
    expect(next.stateVersion).toBe(session.stateVersion + 1);
  });
});

describe('secrets', () => {
  /** Every secret of the values below, as hexadecimal, base64 and as a list of bytes. */
  function textsOf(secret: Uint8Array): readonly string[] {
    return [secret.toHex(), secret.toBase64(), [...secret].join(','), [...secret].join(', ')];
  }

  it('do not print', () => {
    const session = busySession();
    const { envelope } = init(alice, bob);
    using pending = openInit(native, envelope, openInitInit(bob));
    const fields = revealRatchet(session.ratchet);
    const stored = encodePrekeys(bob.prekeys);
    const secrets = [
      fields.dh!.rootKey,
      fields.receiving!.chainKey,
      fields.receiving!.skipped[0]!.messageKey,
      fields.pq!.root,
      fields.dh!.ours.exportSecret(),
      stored.subarray(2 + 24, 2 + 56),
      stored.subarray(-64),
    ].map((secret) => secret.slice(0, 16));
    for (const value of [session, session.ratchet, bob.prekeys, pending]) {
      const printed = [
        JSON.stringify(value),
        String(value),
        inspect(value, { depth: null, showHidden: true, maxArrayLength: null }),
        inspect(value, {
          depth: null,
          getters: true,
          maxArrayLength: null,
          breakLength: Infinity,
          compact: true,
        }),
      ].join('\n');
      for (const secret of secrets) {
        for (const form of textsOf(secret)) expect(printed.replaceAll(/\s+/g, ' ')).not.toContain(form);
        expect(printed.replaceAll(/\s+/g, '')).not.toContain([...secret].join(','));
      }
    }
    expect(inspect(session.ratchet)).toMatchInlineSnapshot(`"RatchetState {}"`);
    expect(JSON.stringify(session.ratchet)).toMatchInlineSnapshot(
      `"{"sent":0,"received":4,"skipped":5,"pqEpoch":0}"`,
    );
    expect(inspect(bob.prekeys)).toMatchInlineSnapshot(`"PrekeyStore {}"`);
    expect(JSON.stringify(bob.prekeys)).toMatchInlineSnapshot(`"{"numbers":[1]}"`);
  });
});
