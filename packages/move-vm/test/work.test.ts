/** Real work is counted where gas does not measure it: alike at every run, and up to a limit. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ByteVector,
  copyValue,
  createMoveVm,
  ElementVector,
  equalValues,
  GasMeter,
  maxWork,
  MoveVmError,
  standardNatives,
  StructValue,
  VariantValue,
  WorkHalt,
  WorkMeter,
  workOf,
  type MoveVm,
  type TypeTag,
  type Value,
} from '../src/index.ts';
import { Bench, programs } from './harness.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});

const { part, byte, container, byteVector, hash, hashedByte, searchedByte, signature, typePart } = workOf;

const bytes = (length: number): ByteVector => new ByteVector(new Uint8Array(length));
const integers = (length: number): ElementVector =>
  new ElementVector(
    Array.from({ length }, () => 7n),
    8,
  );
const lists = (length: number): ElementVector =>
  new ElementVector(
    Array.from({ length }, () => bytes(3)),
    0,
  );
const text = (content: string): StructValue =>
  new StructValue([new ByteVector(new TextEncoder().encode(content))]);

/** Units that a call takes, and the work meter's error if it ended in one. */
function workOfCall(
  name: string,
  args: readonly Value[],
  typeArgs: readonly TypeTag[] = [],
  { vm = bench.vm, work = new WorkMeter(maxWork) }: { vm?: MoveVm; work?: WorkMeter } = {},
): number {
  const { resolver } = bench;
  const session = vm.openSession({ resolver, natives: standardNatives, gas: new GasMeter(5e9), work });
  session.call(session.loadFunction(programs, 'work', name, typeArgs), args);
  return work.used;
}

describe('each time', () => {
  const listOfBytes: TypeTag = { vector: { vector: 'u8' } };
  const fieldOf = (value: Value): Value => new StructValue([value, true]);
  const pairOf = (type: TypeTag): TypeTag => ({
    struct: { address: programs, module: 'work', name: 'Pair', typeParams: [type, 'bool'] },
  });
  it.each<[string, number, () => Value[], TypeTag?]>([
    ['equal', part + 1000 * byte, () => [bytes(1000), bytes(1000)], { vector: 'u8' }],
    ['equal', 101 * part, () => [integers(100), integers(100)], { vector: 'u64' }],
    ['equal', 11 * part + 10 * (part + 3 * byte), () => [lists(10), lists(10)], listOfBytes],
    [
      'equal',
      3 * part + 11 * part,
      () => [fieldOf(integers(10)), fieldOf(integers(10))],
      pairOf({ vector: 'u64' }),
    ],
    [
      'different',
      2 * (container + 100 * part) + 101 * part,
      () => [integers(100), integers(100)],
      { vector: 'u64' },
    ],
    ['read', byteVector + 1000 * byte, () => [bytes(1000)], { vector: 'u8' }],
    ['read', container + 10 * part + 10 * (byteVector + 3 * byte), () => [lists(10)], listOfBytes],
    ['constant', container + 7 * part + 7 * byteVector + byte, () => []],
  ])('%s takes %i units', (name, units, args, type) => {
    const types = type === undefined ? [] : [type];
    const once = workOfCall(name, [...args(), 1n], types);
    expect(workOfCall(name, [...args(), 11n], types) - once).toBe(10 * units);
  });

  it.each<[string, number, () => Value[], TypeTag?]>([
    ['encode', 2 * part * 101, () => [integers(100)], { vector: 'u64' }],
    ['encode', byte * 5000, () => [bytes(5000)], { vector: 'u8' }],
    ['sha2', hash + hashedByte * 500 + byteVector + byte * 500, () => [bytes(500)]],
    ['blake2b', hash + hashedByte * 500, () => [bytes(500)]],
    ['mac', 4 * hash + hashedByte * 1000, () => [bytes(500)]],
    ['ed25519', signature, () => [bytes(64)]],
    ['secp256k1', signature, () => [bytes(64)]],
    ['find', searchedByte * 305, () => [text('a'.repeat(300)), text('aaaab')]],
    ['check_text', byte * 300, () => [bytes(300)]],
    ['name_type', typePart * 9, () => []],
  ])('the native of %s takes %i units and little more', (name, units, args, type) => {
    const types = type === undefined ? [] : [type];
    const once = workOfCall(name, [...args(), 1n], types);
    const each = (workOfCall(name, [...args(), 11n], types) - once) / 10;
    expect(each).toBeGreaterThanOrEqual(units);
    expect(each).toBeLessThan(units + 2_000);
  });
});

it('counts parts that differ as far as they are compared', () => {
  const compare = (left: Value, right: Value): number => {
    const work = new WorkMeter(maxWork);
    expect(equalValues(left, right, work)).toBe(false);
    return work.used;
  };
  expect(compare(bytes(9), bytes(10))).toBe(0);
  expect(compare(integers(9), integers(10))).toBe(0);
  expect(compare(new VariantValue(0, [1n]), new VariantValue(1, [1n]))).toBe(0);
  const last = lists(10);
  (last.items[9] as ByteVector).set(2, 1);
  expect(compare(lists(10), last)).toBe(11 * part + 10 * (part + 3 * byte));
});

it('counts the same whether or not functions and packages were used before', () => {
  const first = workOfCall('instantiate', [1n]);
  expect(workOfCall('instantiate', [1n])).toBe(first);
  expect(workOfCall('instantiate', [3n])).toBe(first);
  const vm = createMoveVm({ maxPackages: 1 });
  expect(workOfCall('instantiate', [1n], [], { vm })).toBe(first);
  expect(workOfCall('name_type', [2n], [], { vm })).toBe(workOfCall('name_type', [2n]));
  // 31 functions by their type arguments, of one to five parts.
  expect(first - workOfCall('instantiate', [0n])).toBeGreaterThan(31 * (workOf.link + typePart));
});

describe('the limit', () => {
  it('ends a loop of comparisons that its gas would let run for a minute', () => {
    const work = new WorkMeter(maxWork);
    let error: unknown;
    try {
      workOfCall('equal', [bytes(4_000), bytes(4_000), 1n << 40n], [{ vector: 'u8' }], { work });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(MoveVmError);
    expect(error).toMatchObject({
      status: 'MEMORY_LIMIT_EXCEEDED',
      failure: { kind: 'MovePrimitiveRuntimeError', location: { module: 'work', functionName: 'equal' } },
      message: expect.stringContaining(`${maxWork} units of work`),
    });
    expect(work.used).toBeGreaterThan(maxWork);
    expect(work.used).toBeLessThan(maxWork + 5_000);
  });

  it('passes through natives that abort for what cannot be encoded, and through the encoders', () => {
    expect(() =>
      workOfCall('encode', [integers(100_000), 1n], [{ vector: 'u64' }], { work: new WorkMeter(800_000) }),
    ).toThrow(expect.objectContaining({ status: 'MEMORY_LIMIT_EXCEEDED' }));
    const session = bench.vm.openSession({
      resolver: bench.resolver,
      natives: standardNatives,
      gas: new GasMeter(1),
      work: new WorkMeter(1_000),
    });
    const type = session.typeOf({ vector: 'u16' });
    expect(() => session.encodeValue(type, new ElementVector(Array<number>(1_000).fill(1), 2))).toThrow(
      WorkHalt,
    );
    expect(() => session.decodeValue(type, Uint8Array.of(100, ...new Uint8Array(200)))).toThrow(WorkHalt);
    expect(() => copyValue(lists(10), new WorkMeter(1_000))).toThrow(WorkHalt);
  });

  it('is none where gas has none', () => {
    const { resolver } = bench;
    const session = bench.vm.openSession({ resolver, natives: standardNatives, gas: new GasMeter(Infinity) });
    session.work.spend(maxWork + 1);
    expect(session.work.used).toBe(maxWork + 1);
    expect(() => new WorkMeter(-1)).toThrow(RangeError);
    expect(() => new WorkMeter(Number.NaN)).toThrow(RangeError);
  });
});
