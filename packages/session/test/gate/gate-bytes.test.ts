/** What a peer, or the network, may change in the bytes: offers, keys, sizes, every single byte. */
import { concatBytes } from '@wotid/core';
import { gateCodes } from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { sealedKinds, sessionType } from '../../src/gate/messages.ts';
import { bitOf } from '../../src/security-policy.ts';
import { alice, bob, expectNoSession, mallory, only, refusalOf, refusalOfM4 } from './gate-refusals.ts';
import { initiatorOf, issue, responderOf } from './gate-people.ts';
import { flipped, runGate, type Run, type Wire } from './gate-run.ts';
import { m3Claims, m4Claims, rawM1, rawM2, rawM3, rawM4 } from './raw-peer.ts';

describe('downgrade', () => {
  it.each([
    ['lower levels only', { levels: bitOf(1) | bitOf(2), minLevel: 1 }, gateCodes.LEVEL],
    ['no level', { levels: 0, minLevel: 1 }, gateCodes.LEVEL],
    ['a higher minimum', { minLevel: 4 }, gateCodes.LEVEL],
    ['other suites only', { suites: bitOf(4) | bitOf(8) }, gateCodes.SUITE],
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
    [{ suite: 4 }, gateCodes.SUITE],
    [{ suite: 0 }, gateCodes.SUITE],
    [{ version: 2 }, gateCodes.VERSION],
  ])('an M2 that chooses %o is refused', async (changes, code) => {
    const initiator = initiatorOf(alice, mallory);
    const m2 = rawM2(mallory, only(initiator.start()), alice.peerId, changes);
    expect((await initiator.receive(m2.frame)).terminate).toMatchObject({ code });
  });

  it('edits in transit to what is offered or chosen are noticed', async () => {
    for (const [at, index, mask] of [
      [2, 0, 3], // levels: adds 1 and 2
      [3, 0, 2], // minLevel 3 -> 1
      [4, 0, 6], // suites: takes 2 and 3 away
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
    for (const [size, code] of [
      [65_536, gateCodes.AEAD],
      [65_537, gateCodes.MALFORMED],
    ] as const) {
      const responder = responderOf(bob, mallory);
      const m1 = rawM1(mallory);
      const channel = m1.finish(only(await responder.receive(m1.frame)), bob.peerId);
      const m3 = rawM3(mallory, channel, m3Claims(mallory), mallory.own.keys);
      channel.open(only(await responder.receive(m3)));
      // M5 with a first message that is none: as long as it is read at all, the session layer says so.
      const message = new Uint8Array(size - 1 - 16 - 6);
      const body = sessionType.serialize({ verdict: 0, sid: null, message }, { maxSize: 70_000 }).toBytes();
      const m5 = channel.seal(concatBytes(Uint8Array.of(sealedKinds.m5), body));
      expect(m5).toHaveLength(size);
      expect((await responder.receive(m5)).terminate).toMatchObject({ code });
    }
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

  it('a whole and signed M3 under the kind of another message is refused', async () => {
    for (const kind of [sealedKinds.m4, sealedKinds.m5, sealedKinds.m6, sealedKinds.terminate]) {
      const step = await refusalOf((m1, m2) => {
        const channel = m1.finish(m2, bob.peerId);
        const seal = channel.seal.bind(channel);
        channel.seal = (plaintext) => seal(concatBytes(Uint8Array.of(kind), plaintext.subarray(1)));
        return rawM3(mallory, channel, m3Claims(mallory), mallory.own.keys);
      });
      expect(step.terminate).toMatchObject({ code: gateCodes.MALFORMED, by: 'us' });
    }
  });

  it('what the check refuses, the gate refuses with the same code', async () => {
    const own = mallory.own;
    const credential = issue({ did: own.block.did, idFp: own.idFp, state: gateCodes.VC_HOLDER });
    const step = await refusalOf((m1, m2) =>
      rawM3(mallory, m1.finish(m2, bob.peerId), { ...m3Claims(mallory), credential }, own.keys),
    );
    expect(step.terminate).toMatchObject({ code: gateCodes.VC_HOLDER, wireCode: 32 });
  });
});
