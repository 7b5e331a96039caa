import { beforeAll, describe, expect, it } from 'vitest';
import { ByteVector, readRef, ValueSlot, type StructValue, type TypeTag, type Value } from '../src/index.ts';
import { Bench, plain, programs, text } from './harness.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});

const inner = (value: bigint, bytes: string): unknown[] => [value, text(bytes)];

describe('references', () => {
  it('write through fields of elements of vectors in fields', () => {
    expect(bench.call('references::write_nested')).toEqual([
      [inner(10n, 'a'), [inner(2n, 'b'), [30n, 'hex:636307']], true],
    ]);
  });

  it('to primitives write to locals, fields, elements and bytes', () => {
    expect(bench.call('references::write_by_call')).toEqual([6n, 42n, [1n, 2n, 103n], 'hex:61ff63']);
  });

  it('never connect a copy with its original', () => {
    expect(bench.call('references::copies')).toEqual([
      [inner(100n, 'a'), [inner(2n, 'b'), inner(3n, 'cc'), inner(4n, '')], false],
      [[1n, 'hex:6109'], [inner(2n, 'b'), inner(3n, 'cc')], false],
    ]);
  });

  it('replace whole structs and vectors', () => {
    expect(bench.call('references::write_whole')).toEqual([
      [inner(77n, 'new'), [inner(8n, '')], false],
      text('fresh'),
    ]);
  });

  it('are returned, chosen at run time, and written by the caller', () => {
    const [[first]] = bench.call('references::picked', [true]) as [unknown[]];
    expect(first).toEqual(inner(1001n, 'a'));
    const [[, rest]] = bench.call('references::picked', [false]) as [unknown[]];
    expect(rest).toEqual([inner(1002n, 'b'), inner(3n, 'cc')]);
  });

  it('freeze, compare by content, and hold any type in generic fields', () => {
    expect(bench.call('references::frozen')).toEqual([4n]);
    expect(bench.call('references::equal_references')).toEqual([true, false, false]);
    expect(bench.call('references::held')).toEqual([2n, text('bytes'), inner(3n, 'two')]);
  });

  it('lent by the host show it what changed', () => {
    const session = bench.session();
    const [made] = bench.callIn(session, 'references::outer', []) as [StructValue];
    const slots = [new ValueSlot(made), new ValueSlot(5n), new ValueSlot(new ByteVector(Uint8Array.of(9)))];
    const before = (slots[0] as ValueSlot).copy();
    const borrow = (): Value[] => slots.map((slot) => slot.borrow());
    expect(bench.callIn(session, 'references::change', borrow())).toEqual([6n]);
    expect(bench.callIn(session, 'references::change', borrow())).toEqual([105n]);
    expect(slots.map((slot) => plain(slot.peek()))).toEqual([
      [inner(105n, 'a'), [inner(2n, 'b'), inner(3n, 'cc')], false],
      99n,
      'hex:090101',
    ]);
    expect(bench.callIn(session, 'references::sum', [(slots[0] as ValueSlot).borrow()])).toEqual([110n]);
    expect(plain(before)).toEqual([inner(1n, 'a'), [inner(2n, 'b'), inner(3n, 'cc')], false]);
    const [reference] = bench.callIn(session, 'references::of_host', [(slots[0] as ValueSlot).borrow()]);
    expect(readRef(reference as Value)).toBe(105n);
  });
});

describe('swap', () => {
  it('exchanges elements of every representation', () => {
    expect(bench.call('references::swap_elements')).toEqual([
      [3n, 2n, 1n],
      text('yxz'),
      [inner(2n, ''), inner(1n, '')],
    ]);
  });
});

describe('enums', () => {
  it('match, by value, by reference and by mutable reference', () => {
    expect([0, 1, 2, 3].map((which) => bench.call('enums::grown', [which])[0])).toEqual([
      { tag: 0, fields: [] },
      { tag: 1, fields: [10n] },
      { tag: 2, fields: [7n, 9n] },
      { tag: 3, fields: ['hex:6e21', [1, 2, 3]] },
    ]);
    const session = bench.session();
    const area = (shape: Value): unknown => bench.callIn(session, 'enums::area', [shape])[0];
    const make = (name: string, args: Value[] = []): Value =>
      bench.callIn(session, `enums::${name}`, args)[0] as Value;
    expect([
      area(make('empty')),
      area(make('circle', [2n])),
      area(make('rectangle', [3n, 4n])),
      area(make('named')),
    ]).toEqual([0n, 12n, 12n, 3n]);
    const take = (shape: Value): unknown => bench.callIn(session, 'enums::take', [shape])[0];
    expect([
      take(make('empty')),
      take(make('circle', [2n])),
      take(make('rectangle', [9n, 4n])),
      take(make('named')),
    ]).toEqual([1n, 2n, 5n, 1n]);
  });

  it('change their variant in place', () => {
    expect(bench.call('enums::replaced')).toEqual([
      12n,
      [
        { tag: 2, fields: [8n, 2n] },
        { tag: 1, fields: [text('r')] },
      ],
    ]);
  });

  it('are generic, and equal by tag and content', () => {
    expect(bench.call('enums::generic')).toEqual([
      2n,
      text('right'),
      { tag: 2, fields: [2n, text('right')] },
    ]);
    expect(bench.call('enums::same')).toEqual([true, false, false]);
  });
});

describe('generics', () => {
  const box: TypeTag = {
    struct: { address: programs, module: 'generics', name: 'Phantom', typeParams: ['bool'] },
  };

  it('work on every representation', () => {
    expect(bench.call('generics::reversed', [new ByteVector(Uint8Array.of(1, 2, 3))], ['u8'])).toEqual([
      'hex:030201',
    ]);
    expect(bench.call('generics::three', [7], ['u16'])).toEqual([[7, 7, 7]]);
    expect(bench.call('generics::three', [7], ['u8'])).toEqual(['hex:070707']);
    expect(bench.call('generics::three', [new ByteVector(Uint8Array.of(1))], [{ vector: 'u8' }])).toEqual([
      ['hex:01', 'hex:01', 'hex:01'],
    ]);
    expect(bench.call('generics::tokens')).toEqual([(1n * 2n + 20n) * 2n + 300n]);
  });

  it('pass type arguments on in another order', () => {
    const session = bench.session();
    const [made] = bench.callIn(session, 'generics::pair', [1n, true], ['u64', 'bool']);
    expect(
      bench.callIn(session, 'generics::flip_twice', [made as Value], ['u64', 'bool']).map(plain),
    ).toEqual([[1n, true]]);
  });

  it('compare by value', () => {
    expect(bench.call('generics::same', [1n, 1n], ['u64'])).toEqual([true]);
    expect(bench.call('generics::same', [`0x${'0'.repeat(64)}`, programs], ['address'])).toEqual([false]);
  });

  it('have names with full addresses', () => {
    const id = programs.slice(2);
    const name = `${id}::generics::Phantom<bool>`;
    expect(bench.call('generics::names', [], [box])).toEqual([
      text(name),
      text(`${id}::generics::Pair<${name},vector<${id}::generics::Phantom<${name}>>>`),
    ]);
  });

  it('are checked where the host names types', () => {
    const session = bench.session();
    const load = (typeArgs: TypeTag[]) => () => session.loadFunction(programs, 'generics', 'three', typeArgs);
    const token: TypeTag = {
      struct: { address: programs, module: 'generics', name: 'Token', typeParams: [] },
    };
    const misfit = { failure: { kind: 'VMVerificationOrDeserializationError' } };
    expect(load([])).toThrow(
      expect.objectContaining({ ...misfit, status: 'NUMBER_OF_TYPE_ARGUMENTS_MISMATCH' }),
    );
    expect(load([token])).toThrow(expect.objectContaining({ ...misfit, status: 'CONSTRAINT_NOT_SATISFIED' }));
    expect(load([{ struct: { ...token.struct, module: 'missing' } }])).toThrow(
      expect.objectContaining({ ...misfit, status: 'LINKER_ERROR' }),
    );
    expect(load([{ struct: { ...token.struct, typeParams: ['u8'] } }])).toThrow(
      expect.objectContaining({ code: 'TYPE_ARITY_MISMATCH' }),
    );
    expect(load([{ struct: { ...token.struct, name: 'Missing' } }])).toThrow(
      expect.objectContaining({
        failure: { kind: 'TypeArgumentError', argument: 0, reason: 'TypeNotFound' },
      }),
    );
    expect(() => session.loadFunction(programs, 'generics', 'missing', [])).toThrow(
      expect.objectContaining({ code: 'FUNCTION_NOT_FOUND' }),
    );
  });
});
