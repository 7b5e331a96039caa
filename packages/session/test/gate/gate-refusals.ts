/** An honest side against frames made by hand. */
import type { GateStep } from '@wotid/session';
import { expect } from 'vitest';
import { gatePerson, initiatorOf, responderOf, type GatePerson, type TestCredential } from './gate-people.ts';
import type { Run } from './gate-run.ts';
import { rawM1, rawM2 } from './raw-peer.ts';

export const alice: GatePerson = gatePerson('alice');
export const bob: GatePerson = gatePerson('bob');
export const mallory: GatePerson = gatePerson('mallory');

/** The one frame of a step. */
export function only(step: GateStep<TestCredential>): Uint8Array {
  return step.send[0] as Uint8Array;
}

/** Bob's answer to an M3 made by hand on Mallory's connection. */
export async function refusalOf(
  makeM3: (m1: ReturnType<typeof rawM1>, m2: Uint8Array) => Uint8Array,
  from: GatePerson = mallory,
): Promise<GateStep<TestCredential>> {
  const responder = responderOf(bob, from);
  const m1 = rawM1(from);
  const m2 = only(await responder.receive(m1.frame));
  return responder.receive(makeM3(m1, m2));
}

/** Alice's answer to an M4 made by hand by whoever sits on Mallory's PeerId. */
export async function refusalOfM4(
  makeM4: (channel: ReturnType<typeof rawM2>['channel']) => Uint8Array,
): Promise<GateStep<TestCredential>> {
  const initiator = initiatorOf(alice, mallory);
  const m2 = rawM2(mallory, only(initiator.start()), alice.peerId);
  const m3 = only(await initiator.receive(m2.frame));
  m2.channel.open(m3);
  return initiator.receive(makeM4(m2.channel));
}

/** Neither side let the other in. */
export function expectNoSession(run: Run): void {
  expect(run.a.done).toBeUndefined();
  expect(run.b.done).toBeUndefined();
}
