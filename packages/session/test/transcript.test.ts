/** What a session's keys are bound to: every field of the handshake, and which kind of handshake it was. */
import { concatBytes } from '@wotid/core';
import { SECURITY_LEVELS, SUITES } from '@wotid/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handshakeSecret, initSealKey, sessionKeys } from '../src/kdf.ts';
import { sessionAssociatedData, type HandshakeTranscript } from '../src/pqxdh/encoding.ts';
import { native } from './people.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const key = bytes(32);
/** Large values are drawn by their first bytes: what follows makes no difference to the encoding. */
const large: fc.Arbitrary<Uint8Array> = bytes(8).map((head) => concatBytes(head, new Uint8Array(1_560)));

const classical = fc.record({
  kem: fc.constant(null),
  ciphertext: fc.constant(null),
  level: fc.constantFrom(1, 2),
});
const postQuantum = fc.record({ kem: large, ciphertext: large, level: fc.constant(3) });
const transcripts: fc.Arbitrary<HandshakeTranscript> = fc
  .record({
    initiatorIk: key,
    responderIk: key,
    spk: key,
    opk: fc.option(key),
    ephemeral: key,
    initiatorIdFp: key,
    responderIdFp: key,
    suite: fc.constantFrom(...SUITES),
    gateHash: fc.option(bytes(64)),
    form: fc.oneof(classical, postQuantum),
  })
  .map(({ spk, opk, form, ...rest }) => {
    const { kem, ciphertext, level } = form;
    return { ...rest, prekeys: { spk, opk, kem }, ciphertext, level: level as 1 | 2 | 3 };
  });
const adOf = (transcript: HandshakeTranscript): string => sessionAssociatedData(native, transcript).toHex();

describe('the associated data of a session', () => {
  it('is another one whenever anything in the handshake is', () => {
    fc.assert(
      fc.property(transcripts, transcripts, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(adOf(one) === adOf(other)).toBe(isSame);
        // Field by field: all of one, a single thing of the other.
        const mixed: HandshakeTranscript[] = [
          { ...one, initiatorIk: other.initiatorIk },
          { ...one, responderIk: other.responderIk },
          { ...one, ephemeral: other.ephemeral },
          { ...one, initiatorIdFp: other.initiatorIdFp },
          { ...one, responderIdFp: other.responderIdFp },
          { ...one, suite: other.suite },
          { ...one, level: other.level },
          { ...one, gateHash: other.gateHash },
          { ...one, ciphertext: other.ciphertext },
          { ...one, prekeys: { ...one.prekeys, spk: other.prekeys.spk } },
          { ...one, prekeys: { ...one.prekeys, opk: other.prekeys.opk } },
          { ...one, prekeys: { ...one.prekeys, kem: other.prekeys.kem } },
        ];
        for (const transcript of mixed) {
          const isUnchanged = JSON.stringify(transcript) === JSON.stringify(one);
          expect(adOf(transcript) === adOf(one)).toBe(isUnchanged);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('re-encapsulation', () => {
  it('of one shared secret to another key, or in another ciphertext, gives other session keys', () => {
    // A KEM that lets an attacker encapsulate a secret that it knows would give both ends the same SK.
    const sk = new Uint8Array(32).fill(1);
    fc.assert(
      fc.property(transcripts, large, large, (transcript, kem, ciphertext) => {
        fc.pre(transcript.ciphertext !== null);
        const keysOf = (changed: HandshakeTranscript): string =>
          sessionKeys(native, sk, null, 3, sessionAssociatedData(native, changed)).rootKey.toHex();
        const forms = [
          transcript,
          { ...transcript, prekeys: { ...transcript.prekeys, kem } },
          { ...transcript, ciphertext },
        ];
        expect(new Set(forms.map(keysOf)).size).toBe(3);
      }),
      { numRuns: 50 },
    );
  });
});

describe('X3DH and PQXDH', () => {
  it('never share a secret or a seal, also where their inputs are the same bytes', () => {
    const [dh1, dh2, dh3, last] = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    // `last` is DH4 of X3DH with a one-time prekey, and the KEM's secret of PQXDH without one.
    const secrets = [
      handshakeSecret(native, [dh1, dh2, dh3, last], null),
      handshakeSecret(native, [dh1, dh2, dh3], last),
      initSealKey(native, [dh2, dh3, last], null).key,
      initSealKey(native, [dh2, dh3], last).key,
    ];
    expect(new Set(secrets.map((secret) => secret.toHex())).size).toBe(4);
    const sessionAd = new Uint8Array(64);
    const roots = SECURITY_LEVELS.map((level) =>
      sessionKeys(native, secrets[0] as Uint8Array, null, level, sessionAd).rootKey.toHex(),
    );
    expect(new Set(roots).size).toBe(3);
  });
});
