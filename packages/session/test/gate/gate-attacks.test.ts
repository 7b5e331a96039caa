/** One test for each property that the gate claims: the attack that it must stop. */
import { concatBytes } from '@wotid/core';
import { IdentityKeys } from '@wotid/crypto';
import { gateCodes, type GateStep } from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { bitOf } from '../../src/gate/negotiation.ts';
import {
  gatePerson,
  initiatorOf,
  issue,
  responderOf,
  type GatePerson,
  type TestCredential,
} from './gate-people.ts';
import { drive, flipped, runGate, sentBy, type Run, type Side, type Wire } from './gate-run.ts';
import { m3Claims, m4Claims, rawM1, rawM2, rawM3, rawM4 } from './raw-peer.ts';

const [alice, bob, mallory] = [gatePerson('alice'), gatePerson('bob'), gatePerson('mallory')];
const only = (step: GateStep<TestCredential>): Uint8Array => step.send[0] as Uint8Array;

/** Bob's answer to an M3 made by hand on Mallory's connection. */
async function refusalOf(
  makeM3: (m1: ReturnType<typeof rawM1>, m2: Uint8Array) => Uint8Array,
  from: GatePerson = mallory,
): Promise<GateStep<TestCredential>> {
  const responder = responderOf(bob, from);
  const m1 = rawM1(from);
  const m2 = only(await responder.receive(m1.frame));
  return responder.receive(makeM3(m1, m2));
}

/** Alice's answer to an M4 made by hand by whoever sits on Mallory's PeerId. */
async function refusalOfM4(
  makeM4: (channel: ReturnType<typeof rawM2>['channel']) => Uint8Array,
): Promise<GateStep<TestCredential>> {
  const initiator = initiatorOf(alice, mallory);
  const m2 = rawM2(mallory, only(initiator.start()), alice.peerId);
  const m3 = only(await initiator.receive(m2.frame));
  m2.channel.open(m3);
  return initiator.receive(makeM4(m2.channel));
}

function expectNoSession(run: Run): void {
  expect(run.a.done).toBeUndefined();
  expect(run.b.done).toBeUndefined();
}

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
  it('M3 stays closed to whoever learns every X25519 secret later', async () => {
    const responder = responderOf(bob, mallory);
    const m1 = rawM1(mallory);
    const m2 = only(await responder.receive(m1.frame));
    const m3 = rawM3(mallory, m1.finish(m2, bob.peerId), m3Claims(mallory), mallory.own.keys);
    const m4 = only(await responder.receive(m3));
    const thief = m1.classicalOnly(m2, bob.peerId);
    const sealedByThief = rawM3(mallory, thief, m3Claims(mallory), mallory.own.keys);
    expect(sealedByThief.subarray(0, 200)).not.toEqual(m3.subarray(0, 200));
    expect(() => thief.open(m4)).toThrow('does not open');
    const honest = m1.finish(m2, bob.peerId);
    rawM3(mallory, honest, m3Claims(mallory), mallory.own.keys);
    // Same keys, other transcript: the hedged signature of this second M3 differs, so M4 does not open either.
    expect(() => honest.open(m4)).toThrow('does not open');
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
    const readBack = rawM2(bob, first.frame, mallory.peerId);
    void readBack;
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
    const bobsBundle = b.sessions.bundle(m.own);

    const initiator = initiatorOf(a, m);
    const toAlice = rawM2(m, only(initiator.start()), a.peerId);
    toAlice.channel.open(only(await initiator.receive(toAlice.frame)));
    const m4 = rawM4(m, toAlice.channel, { ...m3Claims(m), sid: null, ...bobsBundle }, m.own.keys);
    const m5 = toAlice.channel.open(only(await initiator.receive(m4)));
    const message = m5.subarray(1 + 1 + 1 + 2);
    // Bob's gate with Mallory, Alice's start of a session: other identities, other gate hash.
    const [context] = [
      { peer: a.own, credential: { did: '', idFp: a.own.idFp, state: 0 }, gateHash: toAlice.channel.hash },
    ];
    expect(() =>
      b.sessions.accept(
        { ...context, exporter: toAlice.channel.exporter, level: 3, suite: 1, initiatedAtMs: 0 },
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

describe('downgrade', () => {
  it.each([
    ['lower levels only', { levels: bitOf(1) | bitOf(2), minLevel: 1 }, gateCodes.LEVEL],
    ['no level', { levels: 0, minLevel: 1 }, gateCodes.LEVEL],
    ['a higher minimum', { minLevel: 4 }, gateCodes.LEVEL],
    ['other suites only', { suites: bitOf(2) | bitOf(3) }, gateCodes.SUITE],
    ['no suite', { suites: 0 }, gateCodes.SUITE],
    ['another version', { version: 2 }, gateCodes.VERSION],
    [
      'an encapsulation to a prekey',
      { prekeyEncapsulation: { kemId: 7, ciphertext: new Uint8Array(1568) } },
      gateCodes.KEX,
    ],
  ])('an M1 with %s is refused in the clear', async (_name, changes, code) => {
    const step = await responderOf(bob, mallory).receive(rawM1(mallory, changes).frame);
    expect(step.terminate).toMatchObject({ code, by: 'us' });
    expect(step.send).toEqual([Uint8Array.of(0, code)]);
  });

  it('an M1 that also offers lower levels gets level 3', async () => {
    const m1 = rawM1(mallory, { levels: 7, minLevel: 1, suites: 7 });
    const m2 = only(await responderOf(bob, mallory).receive(m1.frame));
    expect([...m2.subarray(1, 4)]).toEqual([1, 3, 1]);
  });

  it.each([
    [{ level: 2 }, gateCodes.LEVEL],
    [{ level: 0 }, gateCodes.LEVEL],
    [{ level: 200 }, gateCodes.LEVEL],
    [{ suite: 3 }, gateCodes.SUITE],
    [{ suite: 0 }, gateCodes.SUITE],
  ])('an M2 that chooses %o is refused', async (changes, code) => {
    const initiator = initiatorOf(alice, mallory);
    const m2 = rawM2(mallory, only(initiator.start()), alice.peerId, changes);
    expect((await initiator.receive(m2.frame)).terminate).toMatchObject({ code });
  });

  it('edits in transit to what is offered or chosen are noticed', async () => {
    for (const [at, index, mask] of [
      [2, 0, 3], // levels: adds 1 and 2
      [3, 0, 2], // minLevel 3 -> 1
      [4, 0, 6], // suites: adds 2 and 3
    ] as const) {
      const run = await runGate(alice, bob, (frame, _from, i) =>
        i === index ? flipped(frame, at, mask) : frame,
      );
      expectNoSession(run);
      expect(run.b.terminate).toMatchObject({ code: gateCodes.AEAD });
    }
  });
});

describe('key confirmation', () => {
  // Offsets: kind, version, levels/level, minLevel/suite, suites (M1 alone), nonce 32, e 32, ek or ct 1568.
  const m1Fields = { nonce: 5, eA: 37, ekA: 69, option: 1637 };
  const m2Fields = { nonce: 4, eB: 36, ctB: 68, last: 1635 };

  it.each(Object.entries(m1Fields))('a changed byte of %s in M1 ends the gate', async (_name, at) => {
    const run = await runGate(alice, bob, (frame, _from, index) =>
      index === 0 ? flipped(frame, at) : frame,
    );
    expectNoSession(run);
  });

  it.each(Object.entries(m2Fields))('a changed byte of %s in M2 ends the gate', async (_name, at) => {
    const run = await runGate(alice, bob, (frame, _from, index) =>
      index === 1 ? flipped(frame, at) : frame,
    );
    expectNoSession(run);
    expect(run.b.terminate).toMatchObject({ code: gateCodes.AEAD });
  });

  it('keys that are none end it with KEX', async () => {
    const zero = new Uint8Array(32);
    const badEk = new Uint8Array(1568).fill(0xff);
    for (const changes of [
      { ephemeral: zero },
      { ephemeral: new Uint8Array(32).fill(0xff) },
      { kemPublicKey: badEk },
    ]) {
      const step = await responderOf(bob, mallory).receive(rawM1(mallory, changes).frame);
      expect(step.terminate).toMatchObject({ code: gateCodes.KEX });
      expect(step.send).toEqual([Uint8Array.of(0, gateCodes.KEX)]);
    }
    const initiator = initiatorOf(alice, mallory);
    const m2 = new Uint8Array(rawM2(mallory, only(initiator.start()), alice.peerId).frame);
    m2.fill(0, 36, 68);
    expect((await initiator.receive(m2)).terminate).toMatchObject({ code: gateCodes.KEX });
    const badBundle = await refusalOfM4((channel) =>
      rawM4(mallory, channel, { ...m4Claims(mallory), spk: zero }, mallory.own.keys),
    );
    expect(badBundle.terminate).toMatchObject({ code: gateCodes.KEX });
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
  it('M5 about a session that was not offered, and M6 about another than M5, end the gate', async () => {
    const sid = new Uint8Array(16).fill(5);
    const invented = Object.assign(Object.create(alice.sessions) as typeof alice.sessions, {
      liveSid: () => sid,
      resume: () => new Uint8Array(3),
    });
    // The responder offers one that does not exist: the initiator's message does not open there.
    const b = gatePerson('b');
    const offering = Object.assign(Object.create(b.sessions) as typeof b.sessions, {
      liveSid: () => sid,
      bundle: () => b.sessions.bundle(alice.own),
      resume: (...args: Parameters<typeof b.sessions.resume>) =>
        b.sessions.accept(args[0], args[2] as Uint8Array),
    });
    const run = await runGate(alice, b, undefined, { a: { sessions: invented }, b: { sessions: offering } });
    expect(run.b.terminate).toMatchObject({ code: gateCodes.AEAD, by: 'us' });
    expectNoSession(run);
  });
});

describe('every byte', () => {
  const corrupt = async (index: number, change: (frame: Uint8Array) => Uint8Array): Promise<Run> => {
    const wire: Wire = (frame, _from, at) => (at === index ? change(frame) : frame);
    return runGate(alice, bob, wire);
  };
  // Dense where fields are small, sampled inside keys and ciphertexts.
  const positions = (length: number): number[] =>
    Array.from({ length }, (_, at) => at).filter((at) => at < 6 || at >= length - 20 || at % 173 === 0);

  it.each([0, 1, 2, 3, 4, 5])('of message %d matters: flipped, cut off or appended', async (index) => {
    const length = (await runGate(alice, bob)).frames[index]?.bytes.length as number;
    const runs: Run[] = [];
    for (const at of positions(length)) {
      runs.push(
        await corrupt(index, (frame) => flipped(frame, Math.min(at, frame.length - 1), 1 << (at % 8))),
      );
      if (at % 3 === 0) runs.push(await corrupt(index, (frame) => frame.subarray(0, at)));
    }
    runs.push(await corrupt(index, (frame) => concatBytes(frame, Uint8Array.of(0))));
    for (const run of runs) {
      expect(run.a.done).toBeUndefined();
      // The responder is done with M6 on its way: what happens to it afterwards shows on the other side.
      if (index < 5) expect(run.b.done).toBeUndefined();
      const ends = [run.a.terminate, run.b.terminate].filter((end) => end !== undefined);
      expect(ends.some((end) => end.by === 'us')).toBe(true);
      for (const { code } of ends) expect([1, 2, 3, 4, 6, 7, 19, 5]).toContain(code);
    }
  });
});

describe('sizes', () => {
  it('M1 and M2 above 4 KiB, and sealed frames above 64 KiB, are refused unread', async () => {
    const long = concatBytes(rawM1(mallory).frame, new Uint8Array(4_096));
    expect((await responderOf(bob, mallory).receive(long)).terminate).toMatchObject({
      code: gateCodes.MALFORMED,
    });
    const initiator = initiatorOf(alice, mallory);
    const m2 = rawM2(mallory, only(initiator.start()), alice.peerId);
    expect((await initiator.receive(concatBytes(m2.frame, new Uint8Array(4_096)))).terminate).toMatchObject({
      code: gateCodes.MALFORMED,
    });
    const step = await refusalOf((m1, second) =>
      m1.finish(second, bob.peerId).seal(new Uint8Array(65_536 - 16)),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.MALFORMED });
    expect(only(step)).toHaveLength(19);
    const empty = await refusalOf(() => new Uint8Array(0));
    expect(empty.terminate).toMatchObject({ code: gateCodes.MALFORMED });
  });

  it('a credential above 48 KiB that its holder has signed is refused', async () => {
    const step = await refusalOf((m1, m2) =>
      rawM3(
        mallory,
        m1.finish(m2, bob.peerId),
        { ...m3Claims(mallory), credential: new Uint8Array(49_153) },
        mallory.own.keys,
      ),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.VC_MALFORMED, wireCode: 32 });
  });

  it('messages out of turn, and unknown kinds, are refused', async () => {
    for (let kind = 0; kind < 256; kind += kind < 8 ? 1 : 31) {
      if (kind === 1) continue;
      const step = await responderOf(bob, mallory).receive(Uint8Array.of(kind, 1, 1));
      expect(step.terminate).toMatchObject({ code: gateCodes.MALFORMED });
      if (kind === 3) continue;
      const sealed = await refusalOf((m1, m2) => m1.finish(m2, bob.peerId).seal(Uint8Array.of(kind, 9, 9)));
      expect(sealed.terminate).toMatchObject({ code: gateCodes.MALFORMED });
    }
  });

  it('an issuer nobody knows and a forged state are the check to the check, not to the gate', async () => {
    const own = mallory.own;
    const credential = issue({ did: own.block.did, idFp: own.idFp, state: gateCodes.VC_HOLDER });
    const step = await refusalOf((m1, m2) =>
      rawM3(mallory, m1.finish(m2, bob.peerId), { ...m3Claims(mallory), credential }, own.keys),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.VC_HOLDER, wireCode: 32 });
  });
});
