/** CPU time of a whole gate, both sides, with the test credential: no DID resolution, no network. */
import { gatePerson, initiatorOf, responderOf } from '../test/gate/gate-people.ts';
import { drive } from '../test/gate/gate-run.ts';
import { compared, type Benchmark } from './compare.ts';

/** M1 to M6 on both sides, sessions included. */
export const benchmarks: readonly Benchmark[] = [
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
];
