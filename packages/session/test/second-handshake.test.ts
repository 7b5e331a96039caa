/** The product's key agreement against a second one, on 1,000 random inputs each: all levels, suites and kinds of prekeys. */
import { randomBytes, randomInt } from 'node:crypto';
import { concatBytes } from '@wotid/core';
import { SECURITY_LEVELS, SUITES } from '@wotid/session';
import { expect, it } from 'vitest';
import { GateChannel, helloHash } from '../src/gate/transcript.ts';
import { handshakeSecret, initSealKey, sessionId, sessionKeys } from '../src/kdf.ts';
import { initiatorShare } from '../src/pqxdh/agreement.ts';
import { sessionAssociatedData } from '../src/pqxdh/encoding.ts';
import { native } from './people.ts';
import { secondGate, secondHandshake } from './second-handshake.ts';
import { cat, le, open, zeros } from './vectors-reader.ts';

const CASES = 1_000;
const pick = <T>(list: readonly T[]): T => list[randomInt(list.length)] as T;
const coin = (): boolean => randomInt(2) === 0;
const hex = (bytes: Uint8Array): string => bytes.toHex();

it('derives the same associated data, session id, seal key and session keys', () => {
  const kinds = new Set<string>();
  for (let n = 0; n < CASES; n++) {
    const [level, suite] = [pick(SECURITY_LEVELS), pick(SUITES)];
    using initiator = native.x25519Generate();
    using ik = native.x25519Generate();
    using spk = native.x25519Generate();
    using opk = coin() ? native.x25519Generate() : null;
    using kem = level === 3 ? native.kemGenerate() : null;
    const prekeys = {
      spk: spk.publicKey,
      opk: opk?.publicKey ?? null,
      kem: kem?.publicKey ?? null,
    };
    const gate = coin() ? { hash: randomBytes(64), exporter: randomBytes(64) } : null;
    const [initiatorIdFp, responderIdFp] = [randomBytes(32), randomBytes(32)];
    kinds.add([level, suite, opk === null, gate === null].join());

    const share = initiatorShare(native, ik.publicKey, prekeys);
    const { ephemeral, ciphertext, dhs, ss } = share;
    const sessionAd = sessionAssociatedData(native, {
      initiatorIk: initiator.publicKey,
      responderIk: ik.publicKey,
      prekeys,
      ephemeral,
      ciphertext,
      initiatorIdFp,
      responderIdFp,
      suite,
      level,
      gateHash: gate?.hash ?? null,
    });
    const sk = handshakeSecret(native, [native.x25519(initiator, spk.publicKey), ...dhs], ss);
    const keys = sessionKeys(native, sk, gate?.exporter ?? null, level, sessionAd);
    const seal = initSealKey(native, dhs, ss);

    const second = secondHandshake({
      level,
      suite,
      responder: {
        ik: ik.exportSecret(),
        spk: spk.exportSecret(),
        opk: opk?.exportSecret() ?? null,
        kemSeed: kem?.exportSeed() ?? null,
      },
      initiatorIk: initiator.publicKey,
      initiatorIdFp,
      responderIdFp,
      ephemeral,
      ciphertext,
      gate,
    });
    expect({
      sessionAd: hex(sessionAd),
      sid: hex(sessionId(native, sessionAd)),
      seal: hex(concatBytes(seal.key, seal.nonce)),
      keys: [
        keys.rootKey,
        keys.headerKeyA,
        keys.nextHeaderKeyB,
        keys.pqRoot,
        keys.pqInitiatorToResponder,
        keys.pqResponderToInitiator,
      ].map(hex),
    }).toEqual(second);
  }
  // 3 levels, 3 suites, with and without one-time prekey and gate: 36 kinds, each missed with a chance of 10^-12.
  expect(kinds.size).toBe(36);
});

it('derives the same transcript and keys of the gate, with and without a published prekey', () => {
  for (let n = 0; n < CASES; n++) {
    const [peerIdA, peerIdB] = [randomBytes(randomInt(1, 64)), randomBytes(randomInt(1, 64))];
    const [m1, m2] = [randomBytes(randomInt(1, 4_096)), randomBytes(randomInt(1, 4_096))];
    using ours = native.x25519Generate();
    using theirs = native.x25519Generate();
    using kem = native.kemGenerate();
    using prekey = coin() ? native.kemGenerate() : null;
    const encapsulated = native.kemEncapsulate(native.kemImportPublic(kem.publicKey));
    const toPrekey = prekey === null ? null : native.kemEncapsulate(native.kemImportPublic(prekey.publicKey));
    const th2 = helloHash(native, { initiator: peerIdA, responder: peerIdB }, m1, m2);
    using channel = new GateChannel(
      native,
      'initiator',
      {
        dh: native.x25519(ours, theirs.publicKey),
        kem: native.kemDecapsulate(kem, encapsulated.ciphertext),
        prekey:
          prekey === null || toPrekey === null
            ? null
            : { publicKey: prekey.publicKey, secret: toPrekey.sharedSecret },
      },
      th2,
    );
    const second = secondGate({
      peerIdA,
      peerIdB,
      m1,
      m2,
      secret: ours.exportSecret(),
      kemSeed: kem.exportSeed(),
      ephemeral: theirs.publicKey,
      ciphertext: encapsulated.ciphertext,
      published:
        prekey === null || toPrekey === null
          ? null
          : { seed: prekey.exportSeed(), ciphertext: toPrekey.ciphertext },
    });
    expect([hex(th2), hex(channel.exporter())]).toEqual([hex(second.th2), hex(second.exporter)]);
    const words = randomBytes(40);
    const frame = channel.seal(words);
    const opened = open('gcm', second.kA, cat(le(0, 8), zeros(4)), frame.subarray(1), second.th2);
    expect(opened.equals(words)).toBe(true);
  }
});
