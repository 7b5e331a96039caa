/** Programs that no compiler makes: the instructions it never uses, and linking at run time without publication. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  GasMeter,
  moduleInfo,
  MoveVmError,
  substituteSelfAddress,
  type Session,
  type Value,
} from '../src/index.ts';
import { Bench, compiledPrograms, framework, programs, std, viewOf } from './harness.ts';
import {
  assembleModule,
  functionNamed,
  parseModule,
  type OracleInstruction,
  type OracleModule,
} from './oracle.ts';

let bench: Bench;
let compiled: readonly Uint8Array[];
beforeAll(async () => {
  bench = await Bench.open();
  compiled = await compiledPrograms();
});

/** A session in which a module of the programs is changed. */
function sessionWith(name: string, change: (module: OracleModule) => void, gas?: GasMeter): Session {
  const modules = compiled.map((bytes) => {
    if (moduleInfo(bytes).name !== name) return substituteSelfAddress(bytes, programs);
    const module = structuredClone(parseModule(bytes));
    change(module);
    return substituteSelfAddress(assembleModule(module), programs);
  });
  const session = bench.session(gas);
  session.addPackage(viewOf(programs, programs, modules, [std, framework]));
  return session;
}

function run(target: string, code: OracleInstruction[], args: Value[], gas?: GasMeter): Value[] {
  const [module = '', name = ''] = target.split('::');
  const change = (changed: OracleModule): void => {
    functionNamed(changed, name).code.code.splice(0, Infinity, ...code);
  };
  const session = sessionWith(module, change, gas);
  return session.call(session.loadFunction(programs, module, name, []), args);
}

describe('instructions without a source form', () => {
  it('And, Or and Not on the stack', () => {
    const code: OracleInstruction[] = [
      { CopyLoc: 0 },
      { CopyLoc: 1 },
      'And',
      { CopyLoc: 0 },
      { CopyLoc: 1 },
      'Or',
      { MoveLoc: 0 },
      'Not',
      'Ret',
    ];
    for (const a of [true, false]) {
      for (const b of [true, false])
        expect(run('arithmetic::logic', code, [a, b])).toEqual([a && b, a || b, !a]);
    }
  });

  it('BrTrue and Nop', () => {
    const code: OracleInstruction[] = [
      'Nop',
      { CopyLoc: 0 },
      { CopyLoc: 1 },
      'Gt',
      { BrTrue: 7 },
      { MoveLoc: 1 },
      'Ret',
      { MoveLoc: 0 },
      'Nop',
      'Ret',
    ];
    expect(run('arithmetic::add_u64', code, [3n, 9n])).toEqual([9n]);
    expect(run('arithmetic::add_u64', code, [9n, 3n])).toEqual([9n]);
  });
});

describe('bad code that was never checked at publication', () => {
  it('is found before the function runs', () => {
    const error = (code: OracleInstruction[]): MoveVmError | undefined => {
      try {
        run('arithmetic::add_u64', code, [1n, 2n]);
      } catch (caught) {
        return caught as MoveVmError;
      }
      return undefined;
    };
    for (const code of [
      ['LdTrue', { MoveLoc: 0 }, 'Add', 'Ret'],
      [{ MoveLoc: 0 }, 'ReadRef', 'Ret'],
      ['Pop', { MoveLoc: 0 }, 'Ret'],
      [{ MoveLoc: 0 }],
    ] as OracleInstruction[][]) {
      expect(error(code)?.code).toBe('VM_VERIFICATION_OR_DESERIALIZATION_ERROR');
    }
  });

  it('cannot make a function of another module its own', () => {
    const session = sessionWith('caller', (module) => {
      const started = module.function_handles.find(({ name }) => module.identifiers[name] === 'started');
      (started as { name: number }).name = module.identifiers.push('init') - 1;
    });
    const start = session.loadFunction(programs, 'caller', 'start', []);
    expect(() => session.call(start, [programs])).toThrow(
      expect.objectContaining({ status: 'LINKER_ERROR' }),
    );
  });
});

describe('gas', () => {
  /** Internal units that `code` costs, by hand from the cost table: every tier's unit costs 1 at the beginning. */
  const cost = (target: string, code: OracleInstruction[], args: Value[]): number => {
    const gas = new GasMeter(1_000_000);
    run(target, code, args, gas);
    return gas.used;
  };

  it('of straight code is the sum of its instructions', () => {
    // MoveLoc of a u64: instruction 1, push 1, growth 16; Add: 1 + 1 + 1; Ret: 1.
    expect(cost('arithmetic::add_u64', [{ MoveLoc: 0 }, { MoveLoc: 1 }, 'Add', 'Ret'], [1n, 2n])).toBe(
      18 + 18 + 3 + 1,
    );
    // LdU64: 1 + 1 + 1. Eq of u64: 1 + 1 + (1 + 16 + 16). BrTrue: 1.
    expect(cost('arithmetic::add_u64', [{ LdU64: 7 }, 'Nop', 'Ret'], [1n, 2n])).toBe(3 + 1 + 1);
    expect(
      cost(
        'arithmetic::add_u64',
        [{ CopyLoc: 0 }, { CopyLoc: 1 }, 'Eq', { BrTrue: 4 }, { MoveLoc: 0 }, 'Ret'],
        [1n, 2n],
      ),
    ).toBe(18 + 18 + 35 + 1 + 18 + 1);
  });

  it('grows with the tiers of instructions', () => {
    // `count_to` runs a known number of instructions per round; the price of a round at 300 000 instructions is 100 a
    // piece where it was 1 at first.
    const spent = (rounds: bigint): GasMeter => {
      const gas = new GasMeter(Infinity);
      bench.callIn(bench.session(gas), 'failures::count_to', [rounds]);
      return gas;
    };
    const [few, more] = [spent(100n), spent(200n)];
    const perRound = (more.instructions - few.instructions) / 100;
    const [late, later] = [spent(40_000n), spent(40_100n)];
    expect(later.instructions - late.instructions).toBe(100 * perRound);
    const earlyPrice = (more.used - few.used) / 100;
    const latePrice = (later.used - late.used) / 100;
    // Stack growth of a round: the difference that is not instructions or pushes costs 100 in the tier above 1 000 000.
    expect(latePrice).toBeGreaterThan(90 * earlyPrice);
  });

  it('is all spent when it runs out, and the host sees how much that was', () => {
    const gas = new GasMeter(30);
    expect(() =>
      run('arithmetic::add_u64', [{ MoveLoc: 0 }, { MoveLoc: 1 }, 'Add', 'Ret'], [1n, 2n], gas),
    ).toThrow(expect.objectContaining({ failure: { kind: 'InsufficientGas' } }));
    expect([gas.used, gas.remaining, gas.usedGasUnits]).toEqual([30, 0, 0n]);
  });
});
