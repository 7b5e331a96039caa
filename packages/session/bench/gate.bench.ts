/** CPU time of a gate, both sides: no DID resolution, no network. */
import type { GateBundle } from '@wotid/session';
import { gatePerson, initiatorOf, responderOf } from '../test/gate/gate-people.ts';
import { drive } from '../test/gate/gate-run.ts';
import { compared, type Benchmark } from './compare.ts';

/** Passes everybody. */
const noCheck = async (): Promise<{
  ok: true;
  credential: { did: string; idFp: Uint8Array; state: number };
}> => ({
  ok: true,
  credential: { did: 'did:example:peer', idFp: new Uint8Array(32), state: 0 },
});

export const benchmarks: readonly Benchmark[] = [
  // M1 to M6, the test credential and the new session included.
  compared('gate.cpu_ms', 'ms', 60, async () => {
    const [a, b] = [gatePerson('alice'), gatePerson('bob')];
    return {
      ours: async (count) => {
        for (let k = 0; k < count; k++) {
          a.sessions.live.clear();
          b.sessions.live.clear();
          const [initiator, responder] = [initiatorOf(a, b), responderOf(b, a)];
          const run = await drive(initiator.start(), { a: initiator, b: responder });
          if (run.a.done === undefined || run.b.done === undefined) throw new Error('the gate did not open');
        }
      },
    };
  }),
  // M1 to M4 alone, as the target in the design counts: key exchange, both signatures made and verified.
  compared('gate.m1_to_m4_cpu_ms', 'ms', 60, async () => {
    const [a, b] = [gatePerson('alice'), gatePerson('bob')];
    const sessions = Object.assign(Object.create(a.sessions) as typeof a.sessions, {
      liveSession: () => null,
      open: (_context: unknown, _bundle: GateBundle) => new Uint8Array(64),
    });
    return {
      ours: async (count) => {
        for (let k = 0; k < count; k++) {
          b.sessions.live.clear();
          const initiator = initiatorOf(a, b, { sessions, verifyPeer: noCheck });
          const responder = responderOf(b, a, { verifyPeer: noCheck });
          const run = await drive(initiator.start(), { a: initiator, b: responder }, (frame, _, index) =>
            index < 4 ? frame : null,
          );
          if (run.frames.length !== 5) throw new Error('the gate did not reach M5');
        }
      },
    };
  }),
];
