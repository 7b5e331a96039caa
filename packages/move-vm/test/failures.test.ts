import { beforeAll, describe, expect, it } from 'vitest';
import { ElementVector, GasMeter, moduleInfo, type MoveVmError, type Value } from '../src/index.ts';
import { Bench, programs } from './harness.ts';
import { functionNamed, instructionName, parseModule } from './oracle.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});

/** What stands at a location according to the official parser, and the name its function index has. */
function instructionAt(error: MoveVmError): string[] {
  const { failure } = error;
  const location = 'location' in failure ? failure.location : null;
  if (location === null) return [];
  const bytes = bench.packages.get(location.storageId)?.modules.get(location.module) as Uint8Array;
  const indexed = moduleInfo(bytes).functions[location.functionIndex]?.name ?? '';
  const { code } = functionNamed(parseModule(bytes), location.functionName).code;
  return [indexed, location.functionName, instructionName(code[location.instruction] ?? '')];
}

describe('aborts', () => {
  it('carry code, function, instruction and the storage id of the package', () => {
    const error = bench.failure('failures::abort_with', [18_446_744_073_709_551_615n]);
    expect(error.code).toBe('MOVE_ABORT');
    expect(error.failure).toEqual({
      kind: 'MoveAbort',
      abortCode: 18_446_744_073_709_551_615n,
      location: {
        storageId: programs,
        originalId: programs,
        module: 'failures',
        functionIndex: 0,
        instruction: 1,
        functionName: 'abort_with',
      },
    });
  });

  it.each<[string, Value[], bigint, string]>([
    ['abort_named', [], 42n, 'abort_named'],
    ['assert_below', [5n, 5n], 7n, 'assert_below'],
    ['abort_deeply', [30n], 11n, 'abort_deeply'],
  ])('of %s are where the abort instruction is', (name, args, code, at) => {
    const error = bench.failure(`failures::${name}`, args);
    expect(error.failure).toMatchObject({ kind: 'MoveAbort', abortCode: code });
    expect(instructionAt(error)).toEqual([at, at, 'Abort']);
  });
});

describe('primitive errors', () => {
  it.each<[string, Value[], string, bigint | null, string, string]>([
    ['element', [3n], 'VECTOR_OPERATION_ERROR', 1n, 'element', 'VecImmBorrow'],
    ['element', [1n << 63n], 'VECTOR_OPERATION_ERROR', 1n, 'element', 'VecImmBorrow'],
    ['pop_empty', [], 'VECTOR_OPERATION_ERROR', 2n, 'pop_empty', 'VecPopBack'],
    ['swap_outside', [], 'VECTOR_OPERATION_ERROR', 1n, 'swap_outside', 'VecSwap'],
    ['destroy_filled', [], 'VECTOR_OPERATION_ERROR', 3n, 'destroy_filled', 'VecUnpack'],
    ['overflow_in_call', [255], 'ARITHMETIC_ERROR', null, 'add_one', 'Add'],
  ])('of %s are located', (name, args, status, subStatus, at, instruction) => {
    const error = bench.failure(`failures::${name}`, args);
    expect(error).toMatchObject({ code: 'MOVE_PRIMITIVE_RUNTIME_ERROR', status, subStatus });
    expect(instructionAt(error)).toEqual([at, at, instruction]);
  });

  it('end a vector at its largest length', () => {
    const session = bench.session();
    const push = session.loadFunction(programs, 'failures', 'push', []);
    const full = new ElementVector(
      Array.from({ length: 262_143 }, () => true),
      1,
    );
    session.call(push, [full]);
    expect(full.items.length).toBe(262_144);
    expect(() => session.call(push, [full])).toThrow(
      expect.objectContaining({ status: 'VECTOR_OPERATION_ERROR', subStatus: 4n }),
    );
  });
});

describe('limits', () => {
  it('stop recursion at 1024 waiting calls', () => {
    expect(bench.call('failures::recurse', [500n])).toEqual([500n]);
    const error = bench.failure('failures::recurse_forever');
    // Every waiting call has the 1 that it will add on the stack, which is full at the same height.
    expect(['CALL_STACK_OVERFLOW', 'EXECUTION_STACK_OVERFLOW']).toContain(error.status);
    expect(error.code).toBe('MOVE_PRIMITIVE_RUNTIME_ERROR');
  });

  it('stop loops and memory by gas, with all gas spent', () => {
    for (const [name, args] of [
      ['loop_forever', []],
      ['count_to', [1n << 60n]],
      ['double', [60n]],
      ['fibonacci', [90n]],
    ] as const) {
      const gas = new GasMeter(100_000_000);
      expect([name, bench.failure(`failures::${name}`, args, gas).code]).toEqual([name, 'INSUFFICIENT_GAS']);
      expect(gas.used).toBe(100_000_000);
      expect(gas.remaining).toBe(0);
    }
  });

  it('stop types that grow from call to call', () => {
    const session = bench.session();
    let type: Parameters<typeof session.typeOf>[0] = 'u8';
    for (let depth = 0; depth < 200; depth++) type = { vector: type };
    expect(() => session.typeOf(type)).toThrow(expect.objectContaining({ status: 'TOO_MANY_TYPE_NODES' }));
  });
});
