/** What our machine computes is what the Move VM computes: results, abort codes, and where it ends. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeModule } from '../../src/binary/decode.ts';
import { op } from '../../src/binary/format.ts';
import { standardNatives } from '../../src/index.ts';
import { randomModule } from './generator.ts';
import { inRealMachine, OurMachine, Workshop, type Call, type Outcome } from './machines.ts';
import { Choices } from './random.ts';

/** Internal gas units for one call, so that what never ends is left out soon. */
const gas = 3_000_000;
/** Change it to look at other programs; `TWO_VMS_SEED` does for one run. */
const seed = Number(process.env['TWO_VMS_SEED'] ?? 20_261_121);

/**
 * Left out: what needs a ledger, what knows its own address (0x0 in the unit tests), and a recursion that the two
 * frames of a unit test end by another limit; and module `work`, which does the same things again and again.
 */
const leftOut: ReadonlySet<string> = new Set(['rules::tell', 'generics::names', 'failures::recurse_forever']);

let workshop: Workshop;
let ours: OurMachine;
let calls: [Call, Outcome][];
let real: readonly (string | undefined)[];
beforeAll(async () => {
  const choices = new Choices(seed);
  const random = ['random_a', 'random_b', 'random_c'];
  workshop = await Workshop.open(
    Object.fromEntries(random.map((name) => [name, randomModule(name, 16, choices)])),
  );
  ours = await OurMachine.open(workshop, gas);
  calls = [];
  for (const call of ours.calls(
    choices,
    4,
    (target) => !leftOut.has(target) && !target.startsWith('work::'),
  )) {
    const outcome = ours.run(call);
    if (outcome !== undefined) calls.push([call, outcome]);
  }
  real = await inRealMachine(workshop, calls);
}, 60_000);
afterAll(() => workshop[Symbol.asyncDispose]());

describe('our machine and the Move VM', () => {
  it('agree about every call', () => {
    const differences = calls.flatMap(([call, outcome], index) => {
      const theirs = real[index];
      const expected = 'failure' in outcome ? outcome.failure : undefined;
      return theirs === expected ? [] : [{ call: call.text, ours: outcome, theirs }];
    });
    expect(differences).toEqual([]);
  });

  it('were asked about enough, of which much fails', () => {
    const failures = calls.filter(([, outcome]) => 'failure' in outcome);
    expect(calls.length).toBeGreaterThan(800);
    expect(failures.length).toBeGreaterThan(150);
    const kinds = new Set(
      failures.map(([, outcome]) =>
        'failure' in outcome ? outcome.failure.replace(/( with .*)? in .*/, '') : '',
      ),
    );
    expect([...kinds].sort()).toEqual([
      'aborted',
      'gave a CALL_STACK_OVERFLOW error',
      'gave a EXECUTION_STACK_OVERFLOW error',
      'gave a vector operation error',
      'gave an arithmetic error',
    ]);
  });

  it('were asked about every instruction that the compiler makes and every native of this package', () => {
    const used = new Set(
      ours.bytes
        .map((bytes) => decodeModule(bytes))
        .flatMap(({ functionDefs }) =>
          functionDefs.flatMap(({ code }) => (code === null ? [] : [...code.ops])),
        ),
    );
    const unused = Object.entries(op).filter(([, opcode]) => !used.has(opcode));
    // These have no source form; `assembled.test.ts` has them.
    expect(unused.map(([name]) => name)).toEqual(['BrTrue', 'Or', 'And', 'Nop']);
    // Compilers turn calls of vector's natives into instructions; what is printed is no result.
    const silent = [...standardNatives.keys()].filter((name) => !ours.called.has(name));
    expect(silent.filter((name) => !/::(vector|debug)::/.test(name))).toEqual([]);
  });
});
