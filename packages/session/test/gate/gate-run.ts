/** Drives two gates against each other, frame by frame, with an attacker in between. */
import type { GateResult, GateStep, GateTermination } from '@wotid/session';
import { initiatorOf, responderOf, type GatePerson, type TestCredential } from './gate-people.ts';

export type Side = 'a' | 'b';

/** One frame on its way; the return value is what arrives (`null`: nothing). */
export type Wire = (frame: Uint8Array, from: Side, index: number) => Uint8Array | null;

/** A machine as the driver sees it. */
export interface Machine {
  readonly hasEnded: boolean;
  receive(frame: Uint8Array): Promise<GateStep<TestCredential>>;
}

/** How one side ended. */
export interface End {
  readonly done?: GateResult<TestCredential>;
  readonly terminate?: GateTermination;
}

export interface Run {
  readonly a: End;
  readonly b: End;
  /** Every frame as sent, in order. */
  readonly frames: readonly { readonly from: Side; readonly bytes: Uint8Array }[];
}

/** All frames of one side. */
export function sentBy(run: Run, side: Side): Uint8Array[] {
  return run.frames.filter((frame) => frame.from === side).map((frame) => frame.bytes);
}

export async function drive(
  first: GateStep<TestCredential>,
  machines: Readonly<Record<Side, Machine>>,
  wire: Wire = (frame) => frame,
): Promise<Run> {
  const frames: { from: Side; bytes: Uint8Array }[] = [];
  const ends: Record<Side, End> = { a: {}, b: {} };
  const queue: { from: Side; bytes: Uint8Array }[] = [];
  const take = (from: Side, step: GateStep<TestCredential>): void => {
    for (const bytes of step.send) queue.push({ from, bytes });
    if (step.done !== undefined) ends[from] = { done: step.done };
    if (step.terminate !== undefined) ends[from] = { terminate: step.terminate };
  };
  take('a', first);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const arrived = wire(next.bytes, next.from, frames.length);
    frames.push(next);
    const to = next.from === 'a' ? 'b' : 'a';
    if (arrived !== null && !machines[to].hasEnded) take(to, await machines[to].receive(arrived));
  }
  return { a: ends.a, b: ends.b, frames };
}

/** One run between two people. */
export function runGate(
  a: GatePerson,
  b: GatePerson,
  wire?: Wire,
  changes: {
    readonly a?: Parameters<typeof initiatorOf>[2];
    readonly b?: Parameters<typeof responderOf>[2];
  } = {},
): Promise<Run> {
  const initiator = initiatorOf(a, b, changes.a);
  const responder = responderOf(b, a, changes.b);
  return drive(initiator.start(), { a: initiator, b: responder }, wire);
}

/** Flips one bit of a copy. */
export function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}
