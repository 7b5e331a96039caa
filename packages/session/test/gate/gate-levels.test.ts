/** Security levels and suites at the gate: what is agreed on, what it changes, and that nothing lowers it silently. */
import {
  defaultSecurityPolicy,
  gateCodes,
  SECURITY_LEVELS,
  type SecurityLevel,
  type SecurityPolicy,
  type Suite,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { alice, bob, expectNoSession, mallory, only } from './gate-refusals.ts';
import { gatePerson, initiatorOf, responderOf, type GatePerson } from './gate-people.ts';
import { drive, flipped, runGate, type Run } from './gate-run.ts';
import { m3Claims, m4Claims, rawM1, rawM2, rawM3, rawM4 } from './raw-peer.ts';

const levels = (minLevel: SecurityLevel, maxLevel: SecurityLevel): { readonly policy: SecurityPolicy } => ({
  policy: { ...defaultSecurityPolicy, minLevel, maxLevel },
});
const suites = (...list: Suite[]): { readonly policy: SecurityPolicy } => ({
  policy: { ...defaultSecurityPolicy, suites: list },
});
const all = levels(1, 3);

describe('the level of a gate', () => {
  it.each<readonly [SecurityLevel, SecurityLevel, SecurityLevel, SecurityLevel, number | null]>([
    [1, 3, 1, 3, 3],
    [1, 2, 1, 3, 2],
    [1, 3, 1, 2, 2],
    [1, 1, 1, 3, 1],
    [2, 3, 1, 2, 2],
    [3, 3, 1, 3, 3],
    [3, 3, 1, 2, null],
    [1, 2, 3, 3, null],
    [2, 2, 1, 1, null],
    [1, 1, 2, 3, null],
  ])('of %d to %d with %d to %d is %s', async (aMin, aMax, bMin, bMax, expected) => {
    const run = await runGate(alice, bob, undefined, { a: levels(aMin, aMax), b: levels(bMin, bMax) });
    if (expected === null) {
      expectNoSession(run);
      expect(run.b.terminate).toMatchObject({ code: gateCodes.LEVEL, by: 'us' });
      expect(run.frames.map(({ bytes }) => bytes.length)).toEqual([1_638, 2]);
    } else {
      expect([run.a.done?.level, run.b.done?.level]).toEqual([expected, expected]);
    }
    for (const person of [alice, bob]) person.sessions.live.clear();
  });

  it('decides on signatures and prekeys, and never on the encryption of credentials', async () => {
    const sizes: number[][] = [];
    for (const level of SECURITY_LEVELS) {
      const [a, b] = [gatePerson('ann'), gatePerson('ben')];
      const seen: Record<string, Uint8Array> = {};
      const observe = ({ name, plaintext }: { name: string; plaintext: Uint8Array }): void => {
        seen[name] = plaintext;
      };
      const run = await runGate(a, b, undefined, {
        a: { ...levels(level, level), observe },
        b: levels(level, level),
      });
      expect(run.a.done?.level).toBe(level);
      sizes.push(run.frames.slice(0, 4).map(({ bytes }) => bytes.length));
      const algorithm = level === 3 ? 1 : 3;
      const length = level === 3 ? 4_692 : 65;
      for (const name of ['M3', 'M4']) expect(seen[name]?.at(-length)).toBe(algorithm);
      // Both sessions work, and know their level.
      expect([a, b].map(({ sessions }) => [...sessions.live.values()][0]?.level)).toEqual([level, level]);
    }
    const [standard, enhanced, quantum] = sizes as [number[], number[], number[]];
    expect(standard).toEqual(enhanced);
    // M1 and M2 carry ML-KEM at every level; M3 loses a signature, M4 also a KEM key.
    expect(quantum.map((size, at) => size - (standard[at] as number))).toEqual([0, 0, 4_627, 4_627 + 1_568]);
  });
});

describe('downgrade', () => {
  it('in transit is noticed, also between two who accept every level', async () => {
    for (const [at, index, mask] of [
      [2, 0, 4], // levels: takes 3 away
      [2, 0, 6], // levels: leaves 1 alone
      [2, 1, 1], // M2's level 3 -> 2
      [2, 1, 2], // M2's level 3 -> 1
    ] as const) {
      const run = await runGate(
        alice,
        bob,
        (frame, _from, i) => (i === index ? flipped(frame, at, mask) : frame),
        { a: all, b: all },
      );
      expectNoSession(run);
      // With another level M3 may have another form, but the keys are other ones first.
      expect(run.b.terminate).toMatchObject({ code: gateCodes.AEAD });
    }
  });

  it('below what was reached before is refused by either side, whatever the policies', async () => {
    const reachedLevel = (): SecurityLevel => 3;
    const asResponder = await runGate(alice, bob, undefined, {
      a: levels(1, 2),
      b: { ...all, reachedLevel },
    });
    expectNoSession(asResponder);
    expect(asResponder.b.terminate).toMatchObject({ code: gateCodes.LEVEL, by: 'us' });
    // Nothing of Bob was shown: M2 and a Terminate.
    expect(asResponder.frames.filter(({ from }) => from === 'b').map(({ bytes }) => bytes.length)).toEqual([
      1_636, 19,
    ]);
    const asInitiator = await runGate(alice, bob, undefined, {
      a: { ...all, reachedLevel },
      b: levels(1, 2),
    });
    expect(asInitiator.a.terminate).toMatchObject({ code: gateCodes.LEVEL, by: 'us' });
    const expectedDid = bob.own.block.did;
    const dialled = await runGate(alice, bob, undefined, {
      a: { ...all, reachedLevel, expectedDid },
      b: levels(1, 2),
    });
    expect(dialled.b.terminate).toMatchObject({ code: gateCodes.LEVEL, by: 'us' });
    expect(dialled.frames).toHaveLength(2);
    const ours = await runGate(alice, bob, undefined, {
      a: { ...levels(1, 2), reachedLevel, expectedDid },
      b: all,
    });
    expect(ours.a.terminate).toMatchObject({ code: gateCodes.LEVEL, by: 'us' });
    expect(ours.frames).toEqual([]);
    const high = await runGate(alice, bob, undefined, {
      a: { ...all, reachedLevel, expectedDid },
      b: { ...all, reachedLevel },
    });
    expect([high.a.done?.level, high.b.done?.level]).toEqual([3, 3]);
  });

  it('is not hidden in a session that goes on: one of another level or suite does not', async () => {
    const [a, b] = [gatePerson('ann'), gatePerson('ben')];
    const gate = async (policy: ReturnType<typeof levels>): Promise<Run> =>
      runGate(a, b, undefined, { a: policy, b: policy });
    const low = await gate(levels(1, 2));
    expect(low.a.done).toMatchObject({ level: 2, resumedSid: null });
    const high = await gate(all);
    expect(high.a.done).toMatchObject({ level: 3, resumedSid: null });
    expect((await gate(all)).a.done?.resumedSid).not.toBeNull();
    const other = await gate(suites(3));
    expect(other.a.done).toMatchObject({ level: 3, suite: 3, resumedSid: null });
    expect(other.b.done?.resumedSid).toBeNull();
  });
});

/**
 * What a level below 3 means. The attacker has broken Ed25519, which is simulated by its having the keys: a quantum
 * computer would compute them from the blocks.
 */
describe('an attacker who forges Ed25519 signatures', () => {
  const forged = (who: GatePerson): GatePerson['own']['keys'] =>
    new Proxy(mallory.own.keys, {
      get: (keys, name) => (name === 'ed25519' ? who.own.keys.ed25519 : Reflect.get(keys, name)),
    }) as GatePerson['own']['keys'];
  const asAlice = { ...mallory, own: { ...alice.own, keys: forged(alice) }, credential: alice.credential };
  const asBob = { ...mallory, own: { ...bob.own, keys: forged(bob) }, credential: bob.credential };

  /** Mallory's M3 as Alice. */
  async function poseAsAlice(
    policy: Parameters<typeof responderOf>[2],
    level: SecurityLevel,
  ): Promise<number | undefined> {
    const responder = responderOf(bob, mallory, policy);
    const m1 = rawM1(mallory, { levels: 1 << (level - 1), minLevel: level });
    const first = await responder.receive(m1.frame);
    if (first.terminate !== undefined) return first.terminate.code;
    const channel = m1.finish(only(first), bob.peerId);
    const m3 = rawM3(asAlice, channel, m3Claims(asAlice), asAlice.own.keys, 'gate-A', level === 3 ? 1 : 3);
    return (await responder.receive(m3)).terminate?.code;
  }

  /** Mallory's M4 as Bob. */
  async function poseAsBob(
    policy: Parameters<typeof initiatorOf>[2],
    level: SecurityLevel,
  ): Promise<number | undefined> {
    const initiator = initiatorOf(alice, mallory, policy);
    const m2 = rawM2(mallory, only(initiator.start()), alice.peerId, { level });
    const second = await initiator.receive(m2.frame);
    if (second.terminate !== undefined) return second.terminate.code;
    m2.channel.open(only(second));
    const m4 = rawM4(
      asBob,
      m2.channel,
      m4Claims(asBob, level),
      asBob.own.keys,
      'gate-B',
      level === 3 ? 1 : 3,
    );
    return (await initiator.receive(m4)).terminate?.code;
  }

  it('is believed by nobody whose minimum is 3', async () => {
    expect(await poseAsAlice({}, 3)).toBe(gateCodes.ID_SIG);
    expect(await poseAsAlice({}, 1)).toBe(gateCodes.LEVEL);
    expect(await poseAsBob({}, 3)).toBe(gateCodes.ID_SIG);
    expect(await poseAsBob({}, 1)).toBe(gateCodes.LEVEL);
  });

  it('is believed below 3 by who accepts that, unless they have met at 3 before', async () => {
    const reachedLevel = (): SecurityLevel => 3;
    expect(await poseAsAlice(all, 1)).toBeUndefined();
    expect(await poseAsAlice({ ...all, reachedLevel }, 1)).toBe(gateCodes.LEVEL);
    expect(await poseAsBob(all, 1)).toBeUndefined();
    expect(await poseAsBob({ ...all, reachedLevel }, 1)).toBe(gateCodes.LEVEL);
    expect(await poseAsBob({ ...all, reachedLevel, expectedDid: bob.own.block.did }, 1)).toBe(
      gateCodes.LEVEL,
    );
  });
});

describe('a signature of another level', () => {
  it.each<readonly [SecurityLevel, 1 | 2 | 3, number | undefined]>([
    [3, 3, gateCodes.ID_SIG],
    [3, 1, undefined],
    [2, 1, gateCodes.ID_SIG],
    [2, 3, undefined],
    [1, 1, gateCodes.ID_SIG],
  ])('at level %d, algorithm %d: %s', async (level, algorithm, expected) => {
    const responder = responderOf(bob, mallory, all);
    const m1 = rawM1(mallory, { levels: 1 << (level - 1), minLevel: 1 });
    const channel = m1.finish(only(await responder.receive(m1.frame)), bob.peerId);
    const m3 = rawM3(mallory, channel, m3Claims(mallory), mallory.own.keys, 'gate-A', algorithm);
    expect((await responder.receive(m3)).terminate?.code).toBe(expected);

    const initiator = initiatorOf(alice, mallory, all);
    const m2 = rawM2(mallory, only(initiator.start()), alice.peerId, { level });
    m2.channel.open(only(await initiator.receive(m2.frame)));
    const claims = m4Claims(mallory, level);
    const m4 = rawM4(mallory, m2.channel, claims, mallory.own.keys, 'gate-B', algorithm);
    expect((await initiator.receive(m4)).terminate?.code).toBe(expected);
  });

  it('or a KEM key where the level has none, or none where it has one, is malformed', async () => {
    for (const [level, claimsLevel] of [
      [3, 1],
      [1, 3],
    ] as const) {
      const initiator = initiatorOf(alice, mallory, all);
      const m2 = rawM2(mallory, only(initiator.start()), alice.peerId, { level });
      m2.channel.open(only(await initiator.receive(m2.frame)));
      const claims = m4Claims(mallory, claimsLevel);
      const m4 = rawM4(mallory, m2.channel, claims, mallory.own.keys, 'gate-B', level === 3 ? 1 : 3);
      expect((await initiator.receive(m4)).terminate?.code).toBe(gateCodes.MALFORMED);
    }
  });
});

describe('the suite of a gate', () => {
  it('is the first of the responder that the initiator offers', async () => {
    const suiteOf = async (a: Suite[], b: Suite[]): Promise<number | undefined> => {
      const initiator = initiatorOf(alice, bob, suites(...a));
      const responder = responderOf(bob, alice, suites(...b));
      const run = await drive(initiator.start(), { a: initiator, b: responder });
      expect(run.a.done?.suite).toBe(run.b.done?.suite);
      return run.a.done?.suite ?? run.b.terminate?.code;
    };
    expect(await suiteOf([1, 2, 3], [1, 2, 3])).toBe(1);
    expect(await suiteOf([1, 2, 3], [3, 1])).toBe(3);
    expect(await suiteOf([2], [1, 2, 3])).toBe(2);
    expect(await suiteOf([2], [1, 3])).toBe(gateCodes.SUITE);
  });
});
