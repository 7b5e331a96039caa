/** One test for each property that the gate claims: the attack that it must stop. */
import { concatBytes } from '@wotid/core';
import {
  IdentityKeys,
  NodeProvider,
  type KemKeyPair,
  type KeyHandle,
  type X25519KeyPair,
} from '@wotid/crypto';
import { gateCodes, type Session } from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { encodeTagged, sealedKinds, sessionType, type SealedKind } from '../../src/gate/messages.ts';
import { GateChannel } from '../../src/gate/transcript.ts';
import { alice, bob, expectNoSession, mallory, only, refusalOf, refusalOfM4 } from './gate-refusals.ts';
import { gatePerson, initiatorOf, overriding, responderOf } from './gate-people.ts';
import { drive, flipped, runGate, sentBy, type Side } from './gate-run.ts';
import { m3Claims, m4Claims, rawM1, rawM2, rawM3, rawM4 } from './raw-peer.ts';

describe('the attacker by hand', () => {
  it('passes when it does nothing wrong, so that the refusals below mean something', async () => {
    const step = await refusalOf((m1, m2) =>
      rawM3(mallory, m1.finish(m2, bob.peerId), m3Claims(mallory), mallory.own.keys),
    );
    expect(step.terminate).toBeUndefined();
    expect(only(step).length).toBeGreaterThan(9_000);
    const m4 = await refusalOfM4((channel) => rawM4(mallory, channel, m4Claims(mallory), mallory.own.keys));
    expect(m4.terminate).toBeUndefined();
  });
});

describe('credential secrecy against recorded traffic', () => {
  it('M3 stays closed to whoever learns every X25519 secret later, or the KEM secret alone', async () => {
    const { provider } = mallory;
    const m1 = rawM1(mallory);
    const m2 = only(await responderOf(bob, mallory).receive(m1.frame));
    const m3 = rawM3(mallory, m1.finish(m2, bob.peerId), m3Claims(mallory), mallory.own.keys);
    const unknown = new Uint8Array(32);
    const read = (known: 'both' | 'dh' | 'kem'): Uint8Array => {
      const { secrets, th2 } = m1.secrets(m2, bob.peerId);
      const dh = known === 'kem' ? new Uint8Array(unknown) : secrets.dh;
      const kem = known === 'dh' ? new Uint8Array(unknown) : secrets.kem;
      return new GateChannel(provider, 'responder', { dh, kem, prekey: null }, th2).open(m3);
    };
    expect(() => read('dh')).toThrow('does not open');
    expect(() => read('kem')).toThrow('does not open');
    expect(read('both').toHex()).toContain(mallory.credential.toHex());
  });
});

describe('forward secrecy', () => {
  it('the ephemeral keys of both sides are gone when the gate has ended', async () => {
    class Recording extends NodeProvider {
      readonly made: KeyHandle[] = [];
      override x25519Generate(): X25519KeyPair {
        const key = super.x25519Generate();
        this.made.push(key);
        return key;
      }
      override kemGenerate(): KemKeyPair {
        const key = super.kemGenerate();
        this.made.push(key);
        return key;
      }
    }
    const providers = [new Recording(), new Recording()] as const;
    const [a, b] = [gatePerson('a', providers[0]), gatePerson('b', providers[1])];
    for (const provider of providers) provider.made.length = 0;
    const run = await runGate(a, b);
    expect(run.b.done).toBeDefined();
    // The gate's own come first: X25519 and ML-KEM of the initiator, X25519 of the responder.
    const [eA, kemA] = providers[0].made as [X25519KeyPair, KemKeyPair];
    const [eB] = providers[1].made as [X25519KeyPair];
    const gone = expect.objectContaining({ code: 'HANDLE_DISPOSED' });
    expect(() => eA.exportSecret()).toThrow(gone);
    expect(() => kemA.exportSeed()).toThrow(gone);
    expect(() => eB.exportSecret()).toThrow(gone);
  });
});

describe('authentication of the initiator', () => {
  const ownBlock = () => m3Claims(mallory);

  it.each([
    ['Ed25519 key alone is stolen', { ed25519: alice.own.keys.ed25519, mlDsa87: mallory.own.keys.mlDsa87 }],
    ['ML-DSA-87 key alone is stolen', { ed25519: mallory.own.keys.ed25519, mlDsa87: alice.own.keys.mlDsa87 }],
    ['neither key is there', mallory.own.keys],
  ])('block and credential of another person when the %s: 16', async (_name, keys) => {
    const step = await refusalOf((m1, m2) =>
      rawM3(mallory, m1.finish(m2, bob.peerId), m3Claims(alice), keys),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.ID_SIG, wireCode: 16 });
    expect(only(step)).toHaveLength(19);
  });

  it('credential of another person under the own block: 38, on the wire 32', async () => {
    const step = await refusalOf((m1, m2) =>
      rawM3(
        mallory,
        m1.finish(m2, bob.peerId),
        { ...ownBlock(), credential: alice.credential },
        mallory.own.keys,
      ),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.VC_SUBJECT, wireCode: 32 });
  });

  it('own keys under the DID of another person, with their credential: 18', async () => {
    const block = mallory.own.keys.block(alice.own.block.did);
    const step = await refusalOf((m1, m2) =>
      rawM3(
        mallory,
        m1.finish(m2, bob.peerId),
        { ...ownBlock(), block, credential: alice.credential },
        mallory.own.keys,
      ),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.DID_KEY_MISMATCH });
  });

  it('a signature made for another purpose, or over another transcript: 16', async () => {
    for (const purpose of ['gate-B', 'init', 'tsp', 'prekeys'] as const) {
      const step = await refusalOf((m1, m2) =>
        rawM3(mallory, m1.finish(m2, bob.peerId), ownBlock(), mallory.own.keys, purpose),
      );
      expect(step.terminate).toMatchObject({ code: gateCodes.ID_SIG });
    }
    // The signed plaintext of one run, sealed under the keys of another.
    const first = rawM1(mallory);
    const oldBob = responderOf(bob, mallory);
    const oldM2 = only(await oldBob.receive(first.frame));
    const oldChannel = first.finish(oldM2, bob.peerId);
    const recorder: { plaintext?: Uint8Array } = {};
    const seal = oldChannel.seal.bind(oldChannel);
    oldChannel.seal = (plaintext) => {
      recorder.plaintext = plaintext;
      return seal(plaintext);
    };
    rawM3(mallory, oldChannel, ownBlock(), mallory.own.keys);
    const step = await refusalOf((m1, m2) =>
      m1.finish(m2, bob.peerId).seal(recorder.plaintext as Uint8Array),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.ID_SIG });
  });

  it('each field that the signature covers, changed after signing: 16', async () => {
    const claims = ownBlock();
    const changes: Partial<typeof claims>[] = [
      { block: { ...claims.block, did: 'did:example:other' } },
      { block: { ...claims.block, ik: alice.own.block.ik } },
      { credential: concatBytes(claims.credential, Uint8Array.of(0)) },
      { ts: claims.ts + 1n },
    ];
    for (const change of changes) {
      const step = await refusalOf((m1, m2) => {
        const channel = m1.finish(m2, bob.peerId);
        const seal = channel.seal.bind(channel);
        let signature: Uint8Array = new Uint8Array(0);
        channel.seal = (plaintext) => {
          signature = plaintext.slice(-4692);
          return plaintext as Uint8Array<ArrayBuffer>;
        };
        rawM3(mallory, channel, claims, mallory.own.keys);
        channel.seal = (plaintext) => seal(concatBytes(plaintext.slice(0, -4692), signature));
        return rawM3(mallory, channel, { ...claims, ...change }, mallory.own.keys);
      });
      expect(step.terminate, Object.keys(change).join()).toMatchObject({ code: gateCodes.ID_SIG });
    }
  });
});

describe('no man in the middle', () => {
  it('relaying frames between two connections of its own: the PeerIds differ, nothing opens', async () => {
    const initiator = initiatorOf(alice, mallory);
    const responder = responderOf(bob, mallory);
    const run = await drive(initiator.start(), { a: initiator, b: responder });
    expectNoSession(run);
    expect(run.b.terminate).toMatchObject({ code: gateCodes.AEAD, by: 'us' });
    expect(run.a.terminate).toMatchObject({ code: gateCodes.AEAD, by: 'us' });
    expect(sentBy(run, 'b').map((frame) => frame.length)).toEqual([1636, 19]);
  });

  it.each([
    ['a', 'theirPeerId', bob],
    ['a', 'ourPeerId', alice],
    ['b', 'theirPeerId', alice],
    ['b', 'ourPeerId', bob],
  ] as const)(
    'one PeerId that differs by one bit on one end (%s, %s) is enough',
    async (side, field, owner) => {
      const other = flipped(owner.peerId, 3);
      const run = await runGate(alice, bob, undefined, { [side]: { [field]: other } });
      expectNoSession(run);
      expect(run.b.terminate).toMatchObject({ code: gateCodes.AEAD, by: 'us' });
    },
  );

  it('relaying with a key exchange of its own on both sides: the holder signature is over another transcript', async () => {
    const initiator = initiatorOf(alice, mallory);
    const responder = responderOf(bob, mallory);
    const toAlice = rawM2(mallory, only(initiator.start()), alice.peerId);
    const m3 = toAlice.channel.open(only(await initiator.receive(toAlice.frame)));
    const toBob = rawM1(mallory);
    const channel = toBob.finish(only(await responder.receive(toBob.frame)), bob.peerId);
    const step = await responder.receive(channel.seal(m3));
    expect(step.terminate).toMatchObject({ code: gateCodes.ID_SIG });
    expect(only(step)).toHaveLength(19);
  });

  it("pretending to have the victim's PeerId in the transcript changes nothing: it comes from the connection", async () => {
    const step = await refusalOf((m1, m2) =>
      rawM3(mallory, m1.finish(m2, bob.peerId, alice.peerId), m3Claims(mallory), mallory.own.keys),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.AEAD });
  });
});

describe('unknown key share', () => {
  it("another person's prekeys under the own block give no session between the two others", async () => {
    // Alice dials Mallory, who gets fresh prekeys from Bob at Bob's gate and signs them as its own.
    const [a, b, m] = [gatePerson('ann'), gatePerson('ben'), gatePerson('mal')];
    const responder = responderOf(b, m);
    const toBob = rawM1(m);
    const bobChannel = toBob.finish(only(await responder.receive(toBob.frame)), b.peerId);
    await responder.receive(rawM3(m, bobChannel, m3Claims(m), m.own.keys));
    const bobsBundle = b.sessions.bundle(m.own, 3);

    const initiator = initiatorOf(a, m);
    const toAlice = rawM2(m, only(initiator.start()), a.peerId);
    toAlice.channel.open(only(await initiator.receive(toAlice.frame)));
    const m4 = rawM4(m, toAlice.channel, { ...m3Claims(m), sid: null, ...bobsBundle }, m.own.keys);
    const m5 = toAlice.channel.open(only(await initiator.receive(m4)));
    const message = m5.subarray(1 + 1 + 1 + 2);
    // Bob's gate with Mallory, Alice's start of a session: other identities, other gate hash.
    const context = {
      peer: a.own,
      credential: { did: '', idFp: a.own.idFp, state: 0 },
      gateHash: toAlice.channel.hash,
    };
    expect(() =>
      b.sessions.accept(
        { ...context, exporter: () => toAlice.channel.exporter(), level: 3, suite: 1, initiatedAtMs: 0 },
        message,
      ),
    ).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/DECRYPT_FAILED|INIT_REJECTED/) as string }),
    );
  });

  it("the other person's block, signed by somebody else, is refused by the initiator too: 16", async () => {
    const step = await refusalOfM4((channel) => rawM4(mallory, channel, m4Claims(bob), mallory.own.keys));
    expect(step.terminate).toMatchObject({ code: gateCodes.ID_SIG });
  });
});

describe('replay', () => {
  it('of every message of an old run against a fresh responder and a fresh initiator', async () => {
    const old = (await runGate(gatePerson('alice1'), bob, undefined)).frames;
    const responder = responderOf(bob, alice);
    const fromOld = old.filter((frame) => frame.from === 'a').map((frame) => frame.bytes);
    await responder.receive(fromOld[0] as Uint8Array);
    const step = await responder.receive(fromOld[1] as Uint8Array);
    expect(step.terminate).toMatchObject({ code: gateCodes.AEAD });
    const initiator = initiatorOf(alice, bob);
    initiator.start();
    const toOld = old.filter((frame) => frame.from === 'b').map((frame) => frame.bytes);
    await initiator.receive(toOld[0] as Uint8Array);
    expect((await initiator.receive(toOld[1] as Uint8Array)).terminate).toMatchObject({
      code: gateCodes.AEAD,
    });
  });

  it('of each message within a run', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    for (let index = 2; index < 6; index++) {
      const earlier: Uint8Array[] = [];
      const run = await runGate(a, b, (frame, from, at) => {
        if (from === (index % 2 === 0 ? 'a' : 'b')) earlier.push(frame);
        return at === index ? (earlier.at(-2) as Uint8Array) : frame;
      });
      const receiver: Side = index % 2 === 0 ? 'b' : 'a';
      expect(run[receiver].terminate, `message ${index}`).toMatchObject({ by: 'us' });
      expect(run[receiver].done).toBeUndefined();
    }
  });
});

describe('splicing two runs', () => {
  it.each([0, 1, 2, 3, 4, 5])(
    'frame %d of another run of the same two people ends the gate',
    async (index) => {
      const [a, b] = [gatePerson('a'), gatePerson('b')];
      const other = await runGate(a, b);
      const run = await runGate(a, b, (frame, _from, at) =>
        at === index ? (other.frames[index]?.bytes as Uint8Array) : frame,
      );
      expect(run.a.done).toBeUndefined();
      if (index < 5) expect(run.b.done).toBeUndefined();
      const codes = [run.a.terminate?.code, run.b.terminate?.code];
      expect(codes).toContain(gateCodes.AEAD);
    },
  );

  it('of different people, swapped live in both directions', async () => {
    const [a, b, c] = [gatePerson('a'), gatePerson('b'), gatePerson('c')];
    for (let index = 0; index < 6; index++) {
      const withC = await runGate(a, c);
      const run = await runGate(a, b, (frame, _from, at) =>
        at === index ? (withC.frames[index]?.bytes as Uint8Array) : frame,
      );
      expect(run.a.done).toBeUndefined();
    }
  });
});

describe('reflection', () => {
  it('of M1 as itself, of its values in an M2, of M3: the initiator talks to nobody', async () => {
    const echo = initiatorOf(alice, bob);
    expect((await echo.receive(only(echo.start())))?.terminate).toMatchObject({ code: gateCodes.MALFORMED });

    const initiator = initiatorOf(alice, mallory);
    const m1 = only(initiator.start());
    const sameNonce = rawM2(mallory, m1, alice.peerId, { nonce: m1.slice(5, 37) });
    expect((await initiator.receive(sameNonce.frame)).terminate).toMatchObject({
      code: gateCodes.PEER_BINDING,
    });
    const second = initiatorOf(alice, mallory);
    const again = only(second.start());
    const sameKey = new Uint8Array(rawM2(mallory, again, alice.peerId).frame);
    sameKey.set(again.subarray(37, 69), 36);
    expect((await second.receive(sameKey)).terminate).toMatchObject({ code: gateCodes.PEER_BINDING });

    const third = initiatorOf(alice, mallory);
    const m2 = rawM2(mallory, only(third.start()), alice.peerId);
    const m3 = only(await third.receive(m2.frame));
    expect((await third.receive(m3)).terminate).toMatchObject({ code: gateCodes.AEAD });
  });

  it('of our own identity: a peer that shows our block, or another block of our DID, is refused', async () => {
    const twin = { ...alice, peerId: mallory.peerId };
    const self = await runGate(alice, twin);
    expect(self.b.terminate).toMatchObject({ code: gateCodes.PEER_BINDING });
    const keys = IdentityKeys.generate(alice.provider);
    const block = keys.block(alice.own.block.did);
    const responder = responderOf(alice, mallory);
    const m1 = rawM1(mallory);
    const channel = m1.finish(only(await responder.receive(m1.frame)), alice.peerId);
    const step = await responder.receive(rawM3(mallory, channel, { ...m3Claims(mallory), block }, keys));
    expect(step.terminate).toMatchObject({ code: gateCodes.PEER_BINDING });
  });

  it('of our own node: equal PeerIds are refused on both sides', async () => {
    const start = initiatorOf(alice, alice).start();
    expect(start).toMatchObject({ send: [], terminate: { code: gateCodes.PEER_BINDING } });
    const responder = responderOf(alice, alice);
    const m1 = only(initiatorOf(bob, alice).start());
    expect((await responder.receive(m1)).terminate).toMatchObject({ code: gateCodes.PEER_BINDING });
  });
});

describe('key compromise impersonation', () => {
  it("whoever has Alice's keys cannot be Bob towards her", async () => {
    for (const keys of [alice.own.keys, mallory.own.keys]) {
      const step = await refusalOfM4((channel) => rawM4(mallory, channel, m4Claims(bob), keys));
      expect(step.terminate).toMatchObject({ code: gateCodes.ID_SIG });
    }
  });
});

describe('sessions', () => {
  const sid = new Uint8Array(16).fill(5);
  const session = (verdict: number, about: Uint8Array | null, kind: SealedKind): Uint8Array =>
    encodeTagged(kind, sessionType, { verdict, sid: about, message: new Uint8Array(3) });

  it.each([
    ['another verdict', 1, null],
    ['a session that was not offered', 0, sid],
  ])('M5 with %s ends the gate', async (_name, verdict, about) => {
    const responder = responderOf(bob, mallory);
    const m1 = rawM1(mallory);
    const channel = m1.finish(only(await responder.receive(m1.frame)), bob.peerId);
    channel.open(only(await responder.receive(rawM3(mallory, channel, m3Claims(mallory), mallory.own.keys))));
    const step = await responder.receive(channel.seal(session(verdict, about, sealedKinds.m5)));
    expect(step.terminate).toMatchObject({ code: gateCodes.MALFORMED, by: 'us' });
  });

  it.each([
    ['another verdict', 1, null],
    ['another session than M5', 0, sid],
  ])('M6 with %s ends the gate', async (_name, verdict, about) => {
    const initiator = initiatorOf(alice, mallory);
    const m2 = rawM2(mallory, only(initiator.start()), alice.peerId);
    m2.channel.open(only(await initiator.receive(m2.frame)));
    const m4 = rawM4(mallory, m2.channel, m4Claims(mallory), mallory.own.keys);
    m2.channel.open(only(await initiator.receive(m4)));
    const step = await initiator.receive(m2.channel.seal(session(verdict, about, sealedKinds.m6)));
    expect(step.terminate).toMatchObject({ code: gateCodes.MALFORMED, by: 'us' });
  });

  it('an offered session that is not ours is not resumed: a new one starts', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    await runGate(a, b);
    const before = a.sessions.liveSession(b.own)?.sid;
    const offering = overriding(b.sessions, {
      liveSession: () => ({ ...(a.sessions.liveSession(b.own) as Session), sid }),
    });
    const run = await runGate(a, b, undefined, { b: { sessions: offering } });
    expect(run.a.done?.resumedSid).toBeNull();
    expect(run.b.done?.resumedSid).toBeNull();
    expect(a.sessions.liveSession(b.own)?.sid).not.toEqual(before);
  });

  it('a session that both name and whose ratchets do not fit ends the gate', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    await runGate(a, b);
    const garbage = overriding(a.sessions, { resume: () => new Uint8Array(200) });
    const run = await runGate(a, b, undefined, { a: { sessions: garbage } });
    expectNoSession(run);
    expect(run.b.terminate).toMatchObject({ code: gateCodes.AEAD, by: 'us' });
    expect((await runGate(a, b)).a.done?.resumedSid).not.toBeNull();
  });

  it('a first message of our own that does not fit into a frame is our failure', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const long = overriding(a.sessions, { open: () => new Uint8Array(65_600) });
    const run = await runGate(a, b, undefined, { a: { sessions: long } });
    expect(run.a.terminate).toMatchObject({ code: gateCodes.POLICY, by: 'us' });
  });
});
