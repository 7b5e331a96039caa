/** No secret of a session, a handshake or a gate shows in anything that prints. */
import { inspect } from 'node:util';
import { createPrekeys, openEnvelope, openInit, OnlinePrekeys, SessionError } from '@wotid/session';
import { leaksIn } from '@wotid/testkit';
import { expect, it } from 'vitest';
import { chain, exchange, init, offlinePair, openInitInit, person, startMs } from './people.ts';
import { gatePerson, initiatorOf, responderOf } from './gate/gate-people.ts';
import { drive } from './gate/gate-run.ts';
import { WitnessProvider } from './witness.ts';

const provider = new WitnessProvider();
const alice = person('alice', provider);
const bob = person('bob', provider);

/** What `work` throws. */
function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

it('sessions, with skipped keys and old chains', () => {
  let { a, b } = offlinePair(alice, bob);
  for (let round = 0; round < 3; round++) {
    // The first of each round is lost, so that its keys are stored.
    ({ sender: a } = exchange({ who: alice, session: a }, { who: bob, session: b }, 'lost'));
    const there = exchange({ who: alice, session: a }, { who: bob, session: b }, 'there');
    const back = exchange(
      { who: bob, session: there.receiver },
      { who: alice, session: there.sender },
      'back',
    );
    [a, b] = [back.receiver, back.sender];
  }
  expect(Object.keys(provider.secrets).length).toBeGreaterThan(100);
  expect(leaksIn([a, b], provider.secrets)).toEqual([]);
  expect(inspect(a.ratchet, { showHidden: true, depth: 9 })).toBe('RatchetState {}');
  expect(JSON.parse(JSON.stringify(b.ratchet))).toMatchObject({ received: expect.any(Number) });
});

it('prekeys, pending first messages and identities', () => {
  const made = createPrekeys(provider, alice.prekeys, {
    ...chain,
    ours: alice.own,
    number: 2,
    nowMs: startMs,
  });
  using online = new OnlinePrekeys(provider);
  const { envelope, session } = init(alice, bob, 'hello');
  using pending = openInit(provider, envelope, openInitInit(bob));
  const shown = { made, online, pending, session, alice, bob };
  // The provider is in them and holds its own witness, which is no part of the product.
  const { provider: _a, ...publicAlice } = alice;
  const { provider: _b, ...publicBob } = bob;
  expect(leaksIn({ ...shown, alice: publicAlice, bob: publicBob }, provider.secrets)).toEqual([]);
});

it('errors about messages that do not open', () => {
  const { a, b } = offlinePair(alice, bob);
  const { envelope } = init(alice, bob, 'hello');
  const damaged = new Uint8Array(envelope);
  damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
  const errors = [
    thrown(() => openEnvelope(provider, b, damaged, { nowMs: startMs, peer: alice.own.block })),
    thrown(() => openInit(provider, envelope, openInitInit(alice))),
    thrown(() => openInit(provider, damaged.subarray(0, 900), openInitInit(bob))),
    thrown(() => exchange({ who: alice, session: a }, { who: bob, session: a }, 'to itself')),
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(SessionError);
    expect(leaksIn(error, provider.secrets)).toEqual([]);
  }
});

it('gates, at every step and with their results', async () => {
  const [a, b] = [gatePerson('alice', provider), gatePerson('bob', provider)];
  const [initiator, responder] = [initiatorOf(a, b), responderOf(b, a)];
  const nonces = new Set<string>();
  const run = await drive(initiator.start(), { a: initiator, b: responder }, (frame) => {
    // M1 and M2 carry a nonce in the clear: random of 32 bytes that is no secret.
    if (frame[0] === 1) nonces.add(frame.slice(5, 37).toHex());
    if (frame[0] === 2) nonces.add(frame.slice(4, 36).toHex());
    const secrets = Object.fromEntries(
      Object.entries(provider.secrets).filter(([, secret]) => !nonces.has(secret.toHex())),
    );
    expect(leaksIn([initiator, responder], secrets)).toEqual([]);
    return frame;
  });
  expect(run.a.done?.credential).toBeDefined();
  expect(leaksIn([run.a.done, run.b.done], provider.secrets)).toEqual([]);
});

it('what a gate hands to sessions, while it runs', async () => {
  const [a, b] = [gatePerson('alice', provider), gatePerson('bob', provider)];
  const shown: string[] = [];
  for (const { sessions } of [a, b]) {
    for (const name of ['open', 'accept'] as const) {
      const run = sessions[name].bind(sessions);
      sessions[name] = (context, message) => {
        const exporter = context.exporter().slice();
        expect([exporter.length, exporter.some((byte) => byte !== 0)]).toEqual([64, true]);
        expect(leaksIn(context, { exporter })).toEqual([]);
        shown.push(inspect({ ...context, peer: 0, credential: 0, gateHash: 0, initiatedAtMs: 0 }));
        return run(context, message as never);
      };
    }
  }
  const [initiator, responder] = [initiatorOf(a, b), responderOf(b, a)];
  const run = await drive(initiator.start(), { a: initiator, b: responder });
  expect(run.a.done).toBeDefined();
  expect(shown).toMatchInlineSnapshot(`
    [
      "{
      peer: 0,
      credential: 0,
      gateHash: 0,
      level: 3,
      suite: 1,
      initiatedAtMs: 0,
      exporter: [Function: exporter]
    }",
      "{
      peer: 0,
      credential: 0,
      gateHash: 0,
      level: 3,
      suite: 1,
      initiatedAtMs: 0,
      exporter: [Function: exporter]
    }",
    ]
  `);
});
