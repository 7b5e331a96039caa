import { inspect } from 'node:util';
import { CheckedProvider, NobleProvider, NodeProvider, type CryptoProvider } from '@wotid/crypto';
import {
  gateCodes,
  gateTimeouts,
  MAX_GATE_CREDENTIAL_BYTES,
  wireGateCode,
  type GateInitiator,
  type GateObservation,
  type GateResponder,
} from '@wotid/session';
import { SeededRandom } from '@wotid/testkit';
import { describe, expect, it } from 'vitest';
import { pqConflict } from '../../src/ratchet/pq-epochs.ts';
import {
  gatePerson,
  initiatorOf,
  issue,
  overriding,
  responderOf,
  verifyPeer,
  type GatePerson,
  type TestCredential,
} from './gate-people.ts';
import { drive, runGate, sentBy, type Run } from './gate-run.ts';

const alice = gatePerson('alice');
const bob = gatePerson('bob');

function expectPassed(run: Run, a: GatePerson, b: GatePerson): void {
  expect(run.a.terminate).toBeUndefined();
  expect(run.b.terminate).toBeUndefined();
  expect(run.a.done).toMatchObject({ role: 'initiator', did: b.own.block.did, level: 3, suite: 1 });
  expect(run.b.done).toMatchObject({ role: 'responder', did: a.own.block.did, level: 3, suite: 1 });
  expect(run.a.done?.peer.idFp).toEqual(b.own.idFp);
  expect(run.b.done?.peer.idFp).toEqual(a.own.idFp);
  expect(run.a.done?.credential.did).toBe(b.own.block.did);
  expect(run.b.done?.credential.did).toBe(a.own.block.did);
  expect(run.a.done?.gateHash).toHaveLength(64);
  expect(run.a.done?.gateHash).toEqual(run.b.done?.gateHash);
  expect(run.a.done?.initiatedAtMs).toBe(run.b.done?.initiatedAtMs);
}

describe('an honest gate', () => {
  const providers: readonly [string, CryptoProvider, CryptoProvider][] = [
    ['native both', new NodeProvider(), new NodeProvider()],
    ['native, portable', new NodeProvider(), new NobleProvider()],
    ['portable, native', new NobleProvider(), new NodeProvider()],
    ['checked both', new CheckedProvider(), new CheckedProvider()],
  ];

  it.each(providers)('lets two people in who then share a session: %s', async (_name, one, two) => {
    const [a, b] = [gatePerson('ada', one), gatePerson('ben', two)];
    const run = await runGate(a, b);
    expectPassed(run, a, b);
    expect(run.a.done?.resumedSid).toBeNull();
    expect(a.sessions.texts).toEqual(['hello to you']);
    expect(b.sessions.texts).toEqual(['hello']);
    expect(a.sessions.liveSession(b.own)?.sid).toEqual(b.sessions.liveSession(a.own)?.sid);
  });

  it('has frames of the sizes that the layouts give', async () => {
    const run = await runGate(alice, gatePerson('bob2'));
    const block = (did: string): number => 2659 + did.length;
    const m3 = block('did:example:alice') + 1 + alice.credential.length + 8 + 4692;
    const m4 = block('did:example:bob2') + 1 + (alice.credential.length - 1) + 8 + 1 + 32 + 32 + 1568 + 4692;
    const sealed = 1 + 1 + 16;
    expect(run.frames.slice(0, 4).map((frame) => frame.bytes.length)).toEqual([
      1638,
      1636,
      sealed + m3,
      sealed + m4,
    ]);
    expect(run.frames).toHaveLength(6);
    expect(run.frames.map((frame) => frame.from)).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('is repeatable byte for byte with seeded portable providers', async () => {
    const once = async (): Promise<string> => {
      const [a, b] = ['a', 'b'].map((name) =>
        gatePerson(name, new NobleProvider({ random: new SeededRandom(name) })),
      ) as [GatePerson, GatePerson];
      const fixed = { ourPeerId: Uint8Array.of(1), theirPeerId: Uint8Array.of(2) };
      const run = await runGate(a, b, undefined, {
        a: fixed,
        b: { ourPeerId: fixed.theirPeerId, theirPeerId: fixed.ourPeerId },
      });
      return run.frames
        .slice(0, 2)
        .map((frame) => a.provider.sha256(frame.bytes).toHex())
        .join();
    };
    expect(await once()).toBe(await once());
  });

  it('goes on in the live session when both have it, and starts a new one when either has not', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    await runGate(a, b);
    const sid = a.sessions.liveSession(b.own)?.sid;
    const again = await runGate(a, b);
    expectPassed(again, a, b);
    expect(again.a.done?.resumedSid).toEqual(sid);
    expect(again.b.done?.resumedSid).toEqual(sid);
    expect(a.sessions.liveSession(b.own)?.sid).toEqual(sid);
    const otherWay = await runGate(b, a);
    expectPassed(otherWay, b, a);
    expect(otherWay.a.done?.resumedSid).toEqual(sid);
    for (const loser of [a, b]) {
      const before = a.sessions.liveSession(b.own)?.sid;
      loser.sessions.live.clear();
      const fresh = await runGate(a, b);
      expectPassed(fresh, a, b);
      expect(fresh.a.done?.resumedSid).toBeNull();
      expect(a.sessions.liveSession(b.own)?.sid).toEqual(b.sessions.liveSession(a.own)?.sid);
      expect(a.sessions.liveSession(b.own)?.sid).not.toEqual(before);
    }
  });

  it('accepts the DID that was dialled', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    expectPassed(await runGate(a, b, undefined, { a: { expectedDid: 'did:example:b' } }), a, b);
  });
});

describe('a refused initiator', () => {
  it.each([
    ['VC_ISSUER', gateCodes.VC_ISSUER, 32],
    ['VC_EXPIRED', gateCodes.VC_EXPIRED, 32],
    ['VC_REVOKED', gateCodes.VC_REVOKED, 32],
    ['VC_TYPE', gateCodes.VC_TYPE, 32],
    ['DID_UNRESOLVED', gateCodes.DID_UNRESOLVED, 17],
    ['POLICY', gateCodes.POLICY, 48],
  ] as const)(
    'for %s learns the collapsed code and nothing of the responder',
    async (_name, code, wireCode) => {
      const { own } = alice;
      const bad = issue({ did: own.block.did, idFp: own.idFp, state: code });
      const run = await runGate(alice, bob, undefined, { a: { credential: bad } });
      expect(run.b.terminate).toMatchObject({ code, wireCode, by: 'us' });
      expect(run.a.terminate).toMatchObject({ code: wireCode, wireCode, by: 'peer' });
      const sent = sentBy(run, 'b');
      // M2, and a sealed Terminate of two bytes: there is no room for anything else.
      expect(sent.map((frame) => frame.length)).toEqual([1636, 19]);
      const text = sent.map((frame) => frame.toHex()).join('');
      const { block, idFp } = bob.own;
      for (const secret of [block.ik, block.ed25519, block.mlDsa87.subarray(0, 16), idFp, bob.credential]) {
        expect(text).not.toContain(secret.toHex());
      }
      expect(text).not.toContain(new TextEncoder().encode(block.did).toHex());
    },
  );

  it('without a credential, or with one of somebody else, is told the same', async () => {
    const missing = await runGate(alice, bob, undefined, { a: { credential: new Uint8Array(0) } });
    expect(missing.b.terminate).toMatchObject({ code: 32, wireCode: 32 });
    const stolen = await runGate(alice, bob, undefined, { a: { credential: bob.credential } });
    expect(stolen.b.terminate).toMatchObject({ code: gateCodes.VC_SUBJECT, wireCode: 32 });
    const selfMade = issue(
      { did: alice.own.block.did, idFp: alice.own.idFp, state: 0 },
      alice.provider.signGenerate('ed25519'),
    );
    const forged = await runGate(alice, bob, undefined, { a: { credential: selfMade } });
    expect(forged.b.terminate).toMatchObject({ code: gateCodes.VC_SIG, wireCode: 32 });
    for (const run of [missing, stolen, forged]) {
      expect(sentBy(run, 'b').map((frame) => frame.length)).toEqual([1636, 19]);
    }
  });

  it('has no session afterwards, and the responder made no prekeys for it', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const run = await runGate(a, b, undefined, { a: { credential: bob.credential } });
    expect(run.b.terminate?.code).toBe(gateCodes.VC_SUBJECT);
    expect(a.sessions.live.size + b.sessions.live.size).toBe(0);
    expect(b.sessions.contexts).toHaveLength(0);
  });

  it('every credential code collapses to 32 and no other code does', () => {
    for (const code of Object.values(gateCodes)) {
      expect(wireGateCode(code)).toBe(code >= 32 && code <= 39 ? 32 : code);
    }
  });
});

describe('a refused responder', () => {
  it('with a bad credential or the wrong DID gets a sealed Terminate and no session', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const expired = issue({ did: b.own.block.did, idFp: b.own.idFp, state: gateCodes.VC_EXPIRED });
    const bad = await runGate(a, b, undefined, { b: { credential: expired } });
    expect(bad.a.terminate).toMatchObject({ code: 35, wireCode: 32, by: 'us' });
    expect(bad.b.terminate).toMatchObject({ code: 32, by: 'peer' });
    const wrong = await runGate(a, b, undefined, { a: { expectedDid: 'did:example:somebody' } });
    expect(wrong.a.terminate).toMatchObject({ code: gateCodes.DID_KEY_MISMATCH, by: 'us' });
    expect(wrong.b.terminate).toMatchObject({ code: gateCodes.DID_KEY_MISMATCH, by: 'peer' });
    expect(a.sessions.live.size + b.sessions.live.size).toBe(0);
    expect(a.sessions.contexts).toHaveLength(0);
  });
});

describe('time', () => {
  it.each([-300_001, -300_000, 0, 300_000, 300_001])(
    'accepts clocks up to 300 s apart: %d ms',
    async (skew) => {
      const [a, b] = [gatePerson('a'), gatePerson('b')];
      b.clock.advance(skew);
      const run = await runGate(a, b);
      if (Math.abs(skew) <= 300_000) return expectPassed(run, a, b);
      expect(run.b.terminate).toMatchObject({ code: gateCodes.CLOCK, wireCode: 51, by: 'us' });
      expect(run.a.terminate).toMatchObject({ code: gateCodes.CLOCK, by: 'peer' });
      expect(sentBy(run, 'b').map((frame) => frame.length)).toEqual([1636, 19]);
    },
  );

  it('is the responder clock too', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const run = await runGate(a, b, (frame, from) => {
      if (from === 'a' && frame.length > 2_000) b.clock.advance(300_000);
      if (from === 'b' && frame.length > 2_000) b.clock.advance(-300_000);
      return frame;
    });
    expectPassed(run, a, b);
    const late = await runGate(a, b, (frame, from, index) => {
      if (from === 'b' && index === 3) a.clock.advance(300_001);
      return frame;
    });
    expect(late.a.terminate).toMatchObject({ code: gateCodes.CLOCK, by: 'us' });
  });

  it('runs out when the driver says so, at every point, with a Terminate in the right form', async () => {
    for (let stall = 0; stall < 6; stall++) {
      const [a, b] = [gatePerson('a'), gatePerson('b')];
      const [initiator, responder] = [initiatorOf(a, b), responderOf(b, a)];
      const run = await drive(initiator.start(), { a: initiator, b: responder }, (frame, _from, index) =>
        index === stall ? null : frame,
      );
      expect(run.frames).toHaveLength(stall + 1);
      // Who sent the lost frame waits for the answer; the responder does not wait after M6.
      const waiting = stall % 2 === 0 || stall === 5 ? initiator : responder;
      expect(waiting.hasEnded).toBe(false);
      const { send, terminate } = waiting.abort(gateCodes.TIMEOUT);
      expect(terminate).toMatchObject({ code: gateCodes.TIMEOUT, by: 'us' });
      expect(send.map((frame) => frame.length)).toEqual([stall === 0 ? 2 : 19]);
      expect(waiting.hasEnded).toBe(true);
      await expect(waiting.receive(new Uint8Array(5))).rejects.toMatchObject({ code: 'GATE_ENDED' });
      expect(() => waiting.abort(gateCodes.TIMEOUT)).toThrow(expect.objectContaining({ code: 'GATE_ENDED' }));
    }
    expect(gateTimeouts).toEqual({ helloMs: 5_000, answerMs: 15_000, wholeMs: 30_000 });
  });

  it('can run out while a credential is being checked: nothing more is sent', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const checking = Promise.withResolvers<AbortSignal>();
    const verdict = Promise.withResolvers<void>();
    const initiator = initiatorOf(a, b);
    const responder = responderOf(b, a, {
      verifyPeer: async (peer) => {
        checking.resolve(peer.signal);
        await verdict.promise;
        return verifyPeer(peer);
      },
    });
    const m2 = await responder.receive(initiator.start().send[0] as Uint8Array);
    const m3 = await initiator.receive(m2.send[0] as Uint8Array);
    const step = responder.receive(m3.send[0] as Uint8Array);
    const signal = await checking.promise;
    await expect(responder.receive(Uint8Array.of(0, 5))).rejects.toMatchObject({ code: 'GATE_BUSY' });
    expect(signal.aborted).toBe(false);
    const aborted = responder.abort(gateCodes.TIMEOUT);
    expect(signal.aborted).toBe(true);
    verdict.resolve();
    expect(await step).toEqual({ send: [] });
    expect(b.sessions.contexts).toHaveLength(0);
    expect((await initiator.receive(aborted.send[0] as Uint8Array)).terminate).toMatchObject({
      code: gateCodes.TIMEOUT,
      by: 'peer',
    });
  });
});

describe('a gate that is ended while it works', () => {
  it('seals nothing under wiped keys, whichever turn of the event loop ends it', async () => {
    const after = async (turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    };
    const outcomes = { m4: new Set<boolean>(), m5: new Set<boolean>(), m6: new Set<boolean>() };
    for (let turns = 0; turns < 16; turns++) {
      const [a, b] = [gatePerson('a'), gatePerson('b')];
      const ending = (
        machine: () => { readonly hasEnded: boolean; abort(code: typeof gateCodes.TIMEOUT): unknown },
      ): void => {
        void after(turns).then(() => (machine().hasEnded ? null : machine().abort(gateCodes.TIMEOUT)));
      };
      const initiator = initiatorOf(a, b);
      const responder: GateResponder<TestCredential> = responderOf(b, a, {
        sessions: overriding(b.sessions, {
          bundle: (peer, level) => {
            ending(() => responder);
            return b.sessions.bundle(peer, level);
          },
        }),
      });
      const m2 = await responder.receive(initiator.start().send[0] as Uint8Array);
      const m3 = await initiator.receive(m2.send[0] as Uint8Array);
      const [m4] = (await responder.receive(m3.send[0] as Uint8Array)).send;
      outcomes.m4.add(m4 !== undefined);
      // What is sent is sealed under the keys of the gate.
      if (m4 !== undefined) expect((await initiator.receive(m4)).terminate).toBeUndefined();

      const opener: GateInitiator<TestCredential> = initiatorOf(a, b, {
        sessions: overriding(a.sessions, {
          open: (context, bundle) => {
            ending(() => opener);
            return a.sessions.open(context, bundle);
          },
        }),
      });
      const accepter = responderOf(b, a);
      const run = await drive(opener.start(), { a: opener, b: accepter });
      outcomes.m5.add(run.frames.length > 4);
      expect(run.b.terminate?.by).not.toBe('us');

      const passing = initiatorOf(a, b);
      const replying: GateResponder<TestCredential> = responderOf(b, a, {
        sessions: overriding(b.sessions, {
          accept: (context, message) => {
            ending(() => replying);
            return b.sessions.accept(context, message);
          },
        }),
      });
      const last = await drive(passing.start(), { a: passing, b: replying });
      outcomes.m6.add(last.b.done !== undefined);
      // Either it was passed by both, or nothing says so.
      expect(last.a.done === undefined).toBe(last.b.done === undefined);
      expect(last.a.terminate?.by).not.toBe('us');
    }
    for (const seen of Object.values(outcomes)) expect([...seen].toSorted()).toEqual([false, true]);
  });
});

describe('a gate whose own side fails', () => {
  it('tells the peer POLICY and its owner the cause', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const cause = new Error('disk full');
    const fail = (): never => {
      throw cause;
    };
    const cases = [
      [{ b: { verifyPeer: async () => fail() } }, 'b'],
      [{ b: { sessions: overriding(b.sessions, { bundle: fail }) } }, 'b'],
      [{ a: { verifyPeer: async () => fail() } }, 'a'],
    ] as const;
    for (const [changes, side] of cases) {
      const run = await runGate(a, b, undefined, changes);
      const other = side === 'a' ? 'b' : 'a';
      expect(run[side].terminate).toMatchObject({ code: gateCodes.POLICY, by: 'us', cause });
      expect(run[other].terminate).toMatchObject({ code: gateCodes.POLICY, by: 'peer' });
    }
  });

  it('says AEAD, and nothing of a failure of its own, for a message that contradicts the session', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    await runGate(a, b);
    const conflict = (): never => {
      throw pqConflict();
    };
    const run = await runGate(a, b, undefined, {
      b: { sessions: overriding(b.sessions, { resume: conflict }) },
    });
    expect(run.b.terminate).toMatchObject({ code: gateCodes.AEAD, by: 'us' });
    expect(run.a.terminate).toMatchObject({ code: gateCodes.AEAD, by: 'peer' });
  });

  it('refuses a credential of its own that no peer would take', () => {
    const credential = new Uint8Array(MAX_GATE_CREDENTIAL_BYTES + 1);
    const tooLarge = expect.objectContaining({ code: 'CREDENTIAL_TOO_LARGE' });
    expect(() => initiatorOf(alice, bob, { credential })).toThrow(tooLarge);
    expect(() => responderOf(alice, bob, { credential })).toThrow(tooLarge);
  });

  it('takes a credential of the largest size', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const credential = new Uint8Array(MAX_GATE_CREDENTIAL_BYTES);
    const accept = async () =>
      ({ ok: true, credential: { did: b.own.block.did, idFp: b.own.idFp, state: 0 } }) as const;
    const run = await runGate(a, b, undefined, {
      a: { credential, verifyPeer: accept },
      b: { credential, verifyPeer: accept },
    });
    expect(run.b.done).toBeDefined();
  });
});

describe('the observer', () => {
  it('sees every message of its side before encryption; a refused initiator gets M2 and two bytes', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const seen: GateObservation[] = [];
    const observe = (observation: GateObservation): void => void seen.push(observation);
    await runGate(a, b, undefined, { b: { observe } });
    const names = (): string[] => seen.map(({ direction, name }) => `${direction} ${name}`);
    expect(names()).toEqual(['received M1', 'sent M2', 'received M3', 'sent M4', 'received M5', 'sent M6']);
    expect(seen[3]?.plaintext.toHex()).toContain(b.credential.toHex());
    seen.length = 0;
    const expired = issue({ did: a.own.block.did, idFp: a.own.idFp, state: gateCodes.VC_EXPIRED });
    await runGate(a, b, undefined, { a: { credential: expired }, b: { observe } });
    expect(names()).toEqual(['received M1', 'sent M2', 'received M3', 'sent Terminate']);
    expect(seen[3]?.plaintext).toEqual(Uint8Array.of(0, 32));
    seen.length = 0;
    await runGate(a, b, undefined, { a: { credential: expired, observe } });
    expect(names()).toEqual(['sent M1', 'received M2', 'sent M3', 'received Terminate']);
    seen.length = 0;
    responderOf(b, a, { observe }).abort(gateCodes.RATE);
    expect(names()).toEqual(['sent Terminate']);
  });
});

describe('secrets', () => {
  it('the exporter is wiped on both sides when the gate has ended', async () => {
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const seen: string[] = [];
    const held: Uint8Array[] = [];
    const sessions = overriding(a.sessions, {
      open: (context, bundle) => {
        seen.push(context.exporter().toHex());
        held.push(context.exporter());
        return a.sessions.open(context, bundle);
      },
    });
    const run = await runGate(a, b, undefined, { a: { sessions } });
    expectPassed(run, a, b);
    expect(seen[0]).not.toBe('00'.repeat(64));
    expect(held).toEqual([new Uint8Array(64)]);
    for (const context of [...a.sessions.contexts, ...b.sessions.contexts]) {
      // Not zeros: a session under those would be one that everybody can read.
      expect(() => context.exporter()).toThrow('wiped');
    }
    expect(inspect(run.a.done, { depth: 5 })).not.toContain(seen[0]);
  });

  it('a gate prints nothing of its state', async () => {
    const initiator = initiatorOf(alice, bob);
    const responder = responderOf(bob, alice);
    const m2 = await responder.receive(initiator.start().send[0] as Uint8Array);
    await initiator.receive(m2.send[0] as Uint8Array);
    expect(inspect([initiator, responder], { depth: 9 })).toBe('[ GateInitiator {}, GateResponder {} ]');
    expect(JSON.stringify([initiator, responder])).toBe('[{},{}]');
  });
});

describe('the driver', () => {
  it('is told of its own mistakes', async () => {
    const initiator = initiatorOf(alice, bob);
    await expect(initiator.receive(Uint8Array.of(2))).rejects.toMatchObject({ code: 'GATE_NOT_STARTED' });
    initiator.start();
    expect(() => initiator.start()).toThrow(expect.objectContaining({ code: 'GATE_BUSY' }));
    initiator.dispose();
    initiator.dispose();
    expect(() => initiator.start()).toThrow(expect.objectContaining({ code: 'GATE_ENDED' }));
  });

  it('can refuse before any key exchange, in the clear', () => {
    const { send, terminate } = responderOf(bob, alice).abort(gateCodes.RATE, 'too many tries');
    expect(send).toEqual([Uint8Array.of(0, gateCodes.RATE)]);
    expect(terminate).toMatchObject({ code: gateCodes.RATE, reason: 'too many tries' });
  });

  it('hears what the peer said at every stage, also a code of a later version', async () => {
    const early = initiatorOf(alice, bob);
    early.start();
    expect((await early.receive(Uint8Array.of(0, 77))).terminate).toEqual({
      code: 77,
      wireCode: 77,
      by: 'peer',
      reason: 'the peer ended the gate: CODE_77',
    });
    const [a, b] = [gatePerson('a'), gatePerson('b')];
    const checking = Promise.withResolvers<void>();
    const never = Promise.withResolvers<never>();
    const initiator = initiatorOf(a, b, {
      verifyPeer: () => {
        checking.resolve();
        return never.promise;
      },
    });
    const responder = responderOf(b, a);
    const m2 = await responder.receive(initiator.start().send[0] as Uint8Array);
    const m3 = await initiator.receive(m2.send[0] as Uint8Array);
    const m4 = await responder.receive(m3.send[0] as Uint8Array);
    const step = initiator.receive(m4.send[0] as Uint8Array);
    await checking.promise;
    const [frame] = initiator.abort(gateCodes.GLARE).send;
    expect((await responder.receive(frame as Uint8Array)).terminate).toMatchObject({
      code: gateCodes.GLARE,
      by: 'peer',
    });
    never.reject(new Error('aborted'));
    expect(await step).toEqual({ send: [] });
  });
});
