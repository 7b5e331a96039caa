/**
 * Each message of the gate damaged by the peer itself, who seals what it has damaged: the state machine behind the channel
 * must refuse every form, at every level. `WOT_EVERY_BYTE=1` takes every byte (4 minutes); the usual run every nth and those
 * of small fields.
 */
import { concatBytes } from '@wotid/core';
import { defaultSecurityPolicy, gateCodes, type GateStep, type SecurityLevel } from '@wotid/session';
import { describe, expect, it, vi } from 'vitest';
import { gateSignatureBody } from '../../src/gate/peer-check.ts';
import {
  encodeTagged,
  initiatorClaimsType,
  responderClaimsType,
  sealedKinds,
} from '../../src/gate/messages.ts';
import { GateChannel, helloHash } from '../../src/gate/transcript.ts';
import { signHybrid } from '@wotid/crypto';
import { bitOf } from '../../src/security-policy.ts';
import { alice, bob, mallory, only } from './gate-refusals.ts';
import { initiatorOf, responderOf, type TestCredential } from './gate-people.ts';
import { flipped, runGate } from './gate-run.ts';
import { m3Claims, m4Claims, rawM1, rawM2 } from './raw-peer.ts';

const everyByte = process.env['WOT_EVERY_BYTE'] === '1';
if (everyByte) vi.setConfig({ testTimeout: 600_000 });
const levels: readonly SecurityLevel[] = [3, 1];
const policyOf = (level: SecurityLevel) => ({
  policy: { ...defaultSecurityPolicy, minLevel: level, maxLevel: level },
});

/** All places, or each `step`th and those of the first fields and of the last ones. */
function places(length: number, step: number): number[] {
  const all = Array.from({ length }, (_, at) => at);
  return everyByte ? all : all.filter((at) => at < 24 || at >= length - 4 || at % step === 0);
}

type Damage = (bytes: Uint8Array) => Uint8Array;

/** One bit of a byte changed, for some places also what comes before it alone, and one byte more at the end. */
function damages(length: number, step: number): Damage[] {
  const forms: Damage[] = [];
  for (const at of places(length, step)) {
    forms.push((bytes) => flipped(bytes, at, 1 << (at % 8)));
    if (everyByte || at % 3 === 0) forms.push((bytes) => bytes.slice(0, at));
  }
  for (const extra of [0, 0x80, 0xff]) forms.push((bytes) => concatBytes(bytes, Uint8Array.of(extra)));
  return forms;
}

function expectRefusal({ terminate, done }: GateStep<TestCredential>): void {
  expect(done).toBeUndefined();
  expect(terminate?.by).toBeDefined();
  // A Terminate of the peer's is the one form that is well-formed: kind 0 and one more byte.
  if (terminate?.by === 'us') {
    expect([gateCodes.MALFORMED, gateCodes.ID_SIG, gateCodes.CLOCK, gateCodes.KEX, gateCodes.AEAD]).toContain(
      terminate.code,
    );
  }
}

/** Claims and a signature over the transcript so far. */
function signed(
  channel: GateChannel,
  claims: Uint8Array,
  level: SecurityLevel,
  purpose: 'gate-A' | 'gate-B',
) {
  const body = gateSignatureBody(mallory.provider, channel.hash, claims.subarray(1));
  const algorithm = level === 3 ? 1 : 3;
  return concatBytes(claims, signHybrid(mallory.provider, mallory.own.keys, purpose, body, algorithm));
}

describe.each(levels)('at level %d, damaged by its sender', (level) => {
  it('M3 is refused, and nothing of the responder is shown', async () => {
    const m3Of = async (damage: Damage): Promise<GateStep<TestCredential>> => {
      const responder = responderOf(bob, mallory, policyOf(level));
      const m1 = rawM1(mallory, { levels: bitOf(level), minLevel: level });
      const channel = m1.finish(only(await responder.receive(m1.frame)), bob.peerId);
      const claims = encodeTagged(sealedKinds.m3, initiatorClaimsType, m3Claims(mallory));
      return responder.receive(channel.seal(damage(signed(channel, claims, level, 'gate-A'))));
    };
    let length = 0;
    const good = await m3Of((plaintext) => {
      length = plaintext.length;
      return plaintext;
    });
    expect(good.terminate).toBeUndefined();
    for (const damage of damages(length, 41)) {
      const step = await m3Of(damage);
      expectRefusal(step);
      expect(step.send.every((frame) => frame.length === 19)).toBe(true);
    }
  });

  it('M4 is refused', async () => {
    const m4Of = async (damage: Damage): Promise<GateStep<TestCredential>> => {
      const initiator = initiatorOf(alice, mallory, policyOf(level));
      const m2 = rawM2(mallory, only(initiator.start()), alice.peerId, { level });
      m2.channel.open(only(await initiator.receive(m2.frame)));
      const claims = encodeTagged(sealedKinds.m4, responderClaimsType(level), m4Claims(mallory, level));
      return initiator.receive(m2.channel.seal(damage(signed(m2.channel, claims, level, 'gate-B'))));
    };
    let length = 0;
    const good = await m4Of((plaintext) => {
      length = plaintext.length;
      return plaintext;
    });
    expect(good.terminate).toBeUndefined();
    for (const damage of damages(length, 97)) expectRefusal(await m4Of(damage));
  });
});

describe('in transit', () => {
  it('every byte of M1 and M2 is in th2, and every byte of a sealed frame is authentic', async () => {
    for (const level of levels) {
      const run = await runGate(alice, bob, undefined, { a: policyOf(level), b: policyOf(level) });
      for (const { sessions } of [alice, bob]) sessions.live.clear();
      const [m1, m2, ...sealed] = run.frames.map(({ bytes }) => bytes) as [Uint8Array, Uint8Array];
      const peerIds = { initiator: alice.peerId, responder: bob.peerId };
      const seen = new Set<string>([helloHash(alice.provider, peerIds, m1, m2).toHex()]);
      let forms = 1;
      for (let at = 0; at < m1.length; at++, forms++)
        seen.add(helloHash(alice.provider, peerIds, flipped(m1, at, 1 << (at % 8)), m2).toHex());
      for (let at = 0; at < m2.length; at++, forms++)
        seen.add(helloHash(alice.provider, peerIds, m1, flipped(m2, at, 1 << (at % 8))).toHex());
      expect(seen.size).toBe(forms);
      expect(sealed).toHaveLength(4);
    }
    const { provider } = alice;
    const secrets = (): { dh: Uint8Array; kem: Uint8Array; prekey: null } => ({
      dh: new Uint8Array(32).fill(1),
      kem: new Uint8Array(32).fill(2),
      prekey: null,
    });
    const th2 = new Uint8Array(64).fill(3);
    const frame = new GateChannel(provider, 'initiator', secrets(), th2).seal(provider.random.bytes(8_000));
    const opens = (bytes: Uint8Array): boolean => {
      try {
        new GateChannel(provider, 'responder', secrets(), th2).open(bytes);
        return true;
      } catch {
        return false;
      }
    };
    expect(opens(frame)).toBe(true);
    for (let at = 0; at < frame.length; at++) expect(opens(flipped(frame, at, 1 << (at % 8)))).toBe(false);
    for (let at = 0; at < frame.length; at += 7) expect(opens(frame.subarray(0, at))).toBe(false);
    expect(opens(concatBytes(frame, Uint8Array.of(0)))).toBe(false);
  });
});
