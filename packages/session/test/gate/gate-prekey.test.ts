/**
 * The third KEM: an initiator who knows the responder's published prekeys encapsulates to them in M1. Then nobody can read
 * M3 but the owner of that publication, not even an attacker with a quantum computer who has taken over the connection.
 */
import { concatBytes } from '@wotid/core';
import { NobleProvider, NodeProvider, type CryptoProvider } from '@wotid/crypto';
import {
  createPrekeys,
  emptyPrekeys,
  erasePrekeys,
  gateCodes,
  publishedKemPrekey,
  verifyPrekeys,
  type GateInitiatorInit,
  type GateResponderInit,
  type PrekeyStore,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { GateChannel } from '../../src/gate/transcript.ts';
import { chain, dayMs } from '../people.ts';
import { gatePerson, initiatorOf, responderOf, type GatePerson, type TestCredential } from './gate-people.ts';
import { drive, flipped, runGate, type Run } from './gate-run.ts';
import { expectNoSession, only } from './gate-refusals.ts';
import { m3Claims, rawM1, rawM2, rawM3 } from './raw-peer.ts';

interface Publisher {
  readonly who: GatePerson;
  readonly store: PrekeyStore;
  readonly kem: Uint8Array;
}

const startMs = Date.UTC(2026, 0, 1);

function publish(
  who: GatePerson,
  store: PrekeyStore = emptyPrekeys(),
  number = 1,
  nowMs = startMs,
): Publisher {
  const made = createPrekeys(who.provider, store, {
    ...chain,
    ours: who.own,
    number,
    nowMs,
    oneTimePairs: 0,
  });
  const { publication } = verifyPrekeys(who.provider, made.published, { ...chain, nowMs });
  return { who, store: made.store, kem: publication.lastResortKem };
}

const toPrekey = ({ kem }: Publisher): Partial<GateInitiatorInit<TestCredential>> => ({
  responderKemPrekey: kem,
});
const holding = (
  store: PrekeyStore,
  { provider }: GatePerson,
  nowMs = startMs,
): Partial<GateResponderInit<TestCredential>> => ({
  kemPrekey: (kemId) => publishedKemPrekey(provider, store, kemId, nowMs),
});

const bob = publish(gatePerson('bob'));
const alice = gatePerson('alice');
const gateToBob = (
  wire?: Parameters<typeof runGate>[2],
  store = bob.store,
  to: Publisher = bob,
): Promise<Run> => runGate(alice, bob.who, wire, { a: toPrekey(to), b: holding(store, bob.who) });

describe('a gate to a published prekey', () => {
  const providers: readonly [string, CryptoProvider, CryptoProvider][] = [
    ['native both', new NodeProvider(), new NodeProvider()],
    ['native, portable', new NodeProvider(), new NobleProvider()],
    ['portable, native', new NobleProvider(), new NodeProvider()],
  ];

  it.each(providers)('passes, and both know that it was one: %s', async (_name, one, two) => {
    const [a, b] = [gatePerson('ada', one), publish(gatePerson('ben', two))];
    const run = await runGate(a, b.who, undefined, { a: toPrekey(b), b: holding(b.store, b.who) });
    expect(run.a.done?.isToPublishedPrekey).toBe(true);
    expect(run.b.done?.isToPublishedPrekey).toBe(true);
    expect(run.a.done?.gateHash).toEqual(run.b.done?.gateHash);
    expect(run.frames[0]?.bytes).toHaveLength(3_210);
    const plain = await runGate(a, b.who, undefined, { b: holding(b.store, b.who) });
    expect(plain.a.done?.isToPublishedPrekey).toBe(false);
    expect(plain.b.done?.isToPublishedPrekey).toBe(false);
  });

  it('passes with an older publication as long as its keys are here', async () => {
    const later = publish(bob.who, bob.store, 2, startMs + 7 * dayMs);
    expect((await gateToBob(undefined, later.store)).b.done?.isToPublishedPrekey).toBe(true);
    const erased = erasePrekeys(
      publish(bob.who, publish(bob.who).store, 2, startMs + 7 * dayMs).store,
      startMs + 44 * dayMs,
    );
    const overdue = runGate(alice, bob.who, undefined, {
      a: toPrekey(bob),
      b: holding(bob.store, bob.who, startMs + 44 * dayMs),
    });
    for (const run of [await gateToBob(undefined, erased), await overdue]) {
      expectNoSession(run);
      expect(run.b.terminate).toMatchObject({ code: gateCodes.KEX, by: 'us' });
      expect(run.a.terminate).toMatchObject({ code: gateCodes.KEX, by: 'peer' });
    }
  });

  it('ends with KEX at a responder who has published nothing, and shows nothing of either', async () => {
    const carol = gatePerson('carol');
    const run = await runGate(alice, carol, undefined, { a: toPrekey(bob) });
    expect(run.b.terminate).toMatchObject({ code: gateCodes.KEX, wireCode: gateCodes.KEX });
    expect(run.frames.map(({ bytes }) => bytes.length)).toEqual([3_210, 2]);
  });

  it('to a key that is none is the mistake of our own side', () => {
    const broken = initiatorOf(alice, bob.who, { responderKemPrekey: new Uint8Array(1_568).fill(0xff) });
    expect(() => broken.start()).toThrow(expect.objectContaining({ code: 'BAD_PUBLIC_KEY' }));
  });
});

describe('an attacker with a quantum computer who sits on the PeerId that we dial', () => {
  it('cannot read M3 without the published secret, whatever else it has', async () => {
    const mallory = { ...gatePerson('mallory'), peerId: bob.who.peerId };
    const { provider } = mallory;
    const initiator = initiatorOf(alice, bob.who, toPrekey(bob));
    const m1 = only(initiator.start());
    // It answers by itself, so that it has the X25519 secret and that of Alice's ephemeral KEM key.
    const m2 = rawM2(mallory, m1, alice.peerId);
    const m3 = only(await initiator.receive(m2.frame));
    expect(() => m2.channel.open(m3)).toThrow('does not open');
    const secrets = (secret: Uint8Array): GateChannel => {
      const { dh, kem, th2 } = m2.secrets();
      return new GateChannel(provider, 'responder', { dh, kem, prekey: { publicKey: bob.kem, secret } }, th2);
    };
    expect(() => secrets(new Uint8Array(32)).open(m3)).toThrow('does not open');
    // With Bob's secret it opens: the refusals above are about nothing else.
    using key = publishedKemPrekey(provider, bob.store, kemIdIn(m1), startMs);
    const ssK = provider.kemDecapsulate(key!, m1.subarray(1_642));
    expect(secrets(ssK).open(m3).toHex()).toContain(alice.credential.toHex());
  });

  it('gets M3 where no publication is known: that is what the third KEM is against', async () => {
    const mallory = { ...gatePerson('mallory'), peerId: bob.who.peerId };
    const initiator = initiatorOf(alice, bob.who);
    const m2 = rawM2(mallory, only(initiator.start()), alice.peerId);
    const m3 = only(await initiator.receive(m2.frame));
    expect(m2.channel.open(m3).toHex()).toContain(alice.credential.toHex());
  });

  it('cannot take the encapsulation out, put another one in, or move it to its own gate', async () => {
    const without = (frame: Uint8Array): Uint8Array =>
      concatBytes(frame.subarray(0, 1_637), Uint8Array.of(0));
    const cut = await gateToBob((frame, _from, at) => (at === 0 ? without(frame) : frame));
    expectNoSession(cut);
    expect(cut.b.terminate).toMatchObject({ code: gateCodes.AEAD });

    const other = only(initiatorOf(gatePerson('other'), bob.who, toPrekey(bob)).start());
    const spliced = await gateToBob((frame, _from, at) =>
      at === 0 ? concatBytes(frame.subarray(0, 1_637), other.subarray(1_637)) : frame,
    );
    expectNoSession(spliced);
    expect(spliced.b.terminate).toMatchObject({ code: gateCodes.AEAD });

    // Alice's M1 whole, replayed from another PeerId: the attacker cannot go on.
    const mallory = gatePerson('mallory');
    const responder = responderOf(bob.who, mallory, holding(bob.store, bob.who));
    const m1 = only(initiatorOf(alice, bob.who, toPrekey(bob)).start());
    const m2 = only(await responder.receive(m1));
    const own = rawM1(mallory);
    const guess = rawM3(mallory, own.finish(m2, bob.who.peerId), m3Claims(mallory), mallory.own.keys);
    expect((await responder.receive(guess)).terminate).toMatchObject({ code: gateCodes.AEAD });
  });
});

describe('every byte of the encapsulation', () => {
  it('matters: flipped, cut off or appended', async () => {
    for (let at = 1_637; at < 3_210; at += at < 1_645 ? 1 : 157) {
      const run = await gateToBob((frame, _from, index) => (index === 0 ? flipped(frame, at) : frame));
      expectNoSession(run);
      expect([gateCodes.MALFORMED, gateCodes.KEX, gateCodes.AEAD]).toContain(run.b.terminate?.code);
      const short = await gateToBob((frame, _from, index) => (index === 0 ? frame.subarray(0, at) : frame));
      expect(short.b.terminate?.code).toBe(gateCodes.MALFORMED);
    }
    const long = await gateToBob((frame, _from, index) =>
      index === 0 ? concatBytes(frame, Uint8Array.of(0)) : frame,
    );
    expect(long.b.terminate?.code).toBe(gateCodes.MALFORMED);
  });
});

describe('the published key itself', () => {
  it('is in the keys of the gate: one with the same four bytes of id gives others', () => {
    const provider = new NodeProvider();
    const exporterOf = (publicKey: Uint8Array): string => {
      const bytes = (value: number): Uint8Array => new Uint8Array(32).fill(value);
      const prekey = { publicKey, secret: bytes(3) };
      const th2 = new Uint8Array(64).fill(4);
      return new GateChannel(provider, 'initiator', { dh: bytes(1), kem: bytes(2), prekey }, th2)
        .exporter()
        .toHex();
    };
    const [one, two] = [new Uint8Array(1_568).fill(5), new Uint8Array(1_568).fill(6)];
    expect(exporterOf(one)).not.toBe(exporterOf(two));
    expect(exporterOf(one)).toBe(exporterOf(one.slice()));
  });

  it('may be that of a responder whose own gate fails to find it', async () => {
    const responder = responderOf(bob.who, alice, { kemPrekey: () => null });
    const initiator = initiatorOf(alice, bob.who, toPrekey(bob));
    const run = await drive(initiator.start(), { a: initiator, b: responder });
    expect(run.a.terminate).toMatchObject({ code: gateCodes.KEX, by: 'peer' });
  });
});

function kemIdIn(m1: Uint8Array): number {
  return new DataView(m1.buffer, m1.byteOffset).getUint32(1_638, true);
}
