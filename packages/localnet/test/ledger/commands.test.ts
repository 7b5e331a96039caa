import { bcs } from '@iota/iota-sdk/bcs';
import { Transaction } from '@iota/iota-sdk/transactions';
import { beforeAll, describe, expect, it } from 'vitest';
import { balance, changed, coins, input, made, publish, run, succeed, world, type World } from './support.ts';

let w: World;
let pkg: string;

beforeAll(async () => {
  w = await world();
  pkg = (await publish(w)).id;
});

const call = (name: string): `${string}::${string}::${string}` => `${pkg}::objects::${name}`;
const argument = (index: number, kind: string, command = 0): string =>
  `CommandArgumentError { arg_idx: ${index}, kind: ${kind} } in command ${command}`;

async function failure(fill: (tx: Transaction) => void, budget = 1_000_000_000n): Promise<string | null> {
  const before = w.ledger.transactionCount;
  const owned = [...w.ledger.ownedBy(w.alice.address)].map(({ id }) => id);
  const executed = await run(w.ledger, w.alice, fill, { budget });
  if (executed.errorText !== null) {
    // A failed transaction is in the log, pays, and changes nothing but its inputs' versions.
    expect(w.ledger.transactionCount).toBe(before + 1n);
    expect([...w.ledger.ownedBy(w.alice.address)].map(({ id }) => id)).toEqual(owned);
    expect(executed.events).toEqual([]);
  }
  return executed.errorText;
}

describe('status text', () => {
  it('of an abort names package, module, function and instruction', async () => {
    expect(
      await failure((tx) => void tx.moveCall({ target: call('check'), arguments: [tx.pure.u64(0)] })),
    ).toMatch(
      new RegExp(
        `^MoveAbort\\(MoveLocation \\{ module: ModuleId \\{ address: ${pkg.slice(2)}, name: Identifier\\("objects"\\) \\}, ` +
          'function: \\d+, instruction: \\d+, function_name: Some\\("check"\\) \\}, 7\\) in command 0$',
      ),
    );
  });

  it('of arithmetic, gas and limits', async () => {
    expect(
      await failure((tx) => {
        tx.moveCall({ target: call('check'), arguments: [tx.pure.u64(1)] });
        tx.moveCall({ target: call('divide'), arguments: [tx.pure.u64(1), tx.pure.u64(0)] });
      }),
    ).toMatch(
      /^MovePrimitiveRuntimeError\(MoveLocationOpt\(Some\(MoveLocation \{ .*function_name: Some\("divide"\) \}\)\)\) in command 1$/,
    );
    expect(await failure((tx) => void tx.moveCall({ target: call('burn_gas') }), 5_000_000n)).toBe(
      'InsufficientGas in command 0',
    );
    const big = await failure((tx) => {
      const blob = tx.pure(bcs.vector(bcs.u8()).serialize(new Uint8Array(16_000)));
      tx.transferObjects([tx.moveCall({ target: call('big'), arguments: [blob] })], w.alice.address);
    });
    expect(big).toBe(null);
  });
});

describe('limits of one transaction', () => {
  it('on new ids and on the size of an object', async () => {
    const many = (count: number) => (tx: Transaction) => {
      const things = tx.moveCall({ target: call('things'), arguments: [tx.pure.u64(count)] });
      tx.moveCall({ target: call('delete_all'), arguments: [things] });
    };
    expect(await failure(many(2_048), 5_000_000_000n)).toBe(null);
    expect(await failure(many(2_049), 5_000_000_000n)).toMatch(
      /^MovePrimitiveRuntimeError\(.*function_name: Some\("derive_id"\) \}\)\)\) in command 0$/,
    );
    const blob = (tx: Transaction, count: number): void => {
      const bytes = tx.pure(bcs.vector(bcs.u8()).serialize(new Uint8Array(16_000)));
      tx.transferObjects(
        [tx.moveCall({ target: call('repeated'), arguments: [bytes, tx.pure.u64(count)] })],
        w.bob.address,
      );
    };
    // 32 bytes of id, a count, and 16,002 bytes each.
    expect(await failure((tx) => blob(tx, 15), 5_000_000_000n)).toBe(null);
    expect(await failure((tx) => blob(tx, 16), 5_000_000_000n)).toBe(
      'MoveObjectTooBig { object_size: 256065, max_object_size: 256000 }',
    );
  });
});

describe('calls', () => {
  it('reach only public and entry functions', async () => {
    expect(await failure((tx) => void tx.moveCall({ target: call('hidden') }))).toBe(
      'NonEntryFunctionInvoked in command 0',
    );
    expect(await failure((tx) => void tx.moveCall({ target: call('init') }))).toBe(
      'NonEntryFunctionInvoked in command 0',
    );
    expect(await failure((tx) => void tx.moveCall({ target: call('nothing') }))).toBe(
      'FunctionNotFound in command 0',
    );
    expect(
      await failure((tx) => {
        const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(1)] });
        tx.moveCall({
          target: '0x2::transfer::transfer',
          typeArguments: [call('Thing')],
          arguments: [thing, tx.pure.address(w.bob.address)],
        });
      }),
    ).toBe('NonEntryFunctionInvoked in command 1');
    expect(
      await failure((tx) => {
        const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(1)] });
        tx.moveCall({ target: call('reference'), arguments: [thing] });
      }),
    ).toBe('InvalidPublicFunctionReturnType { idx: 0 } in command 1');
  });

  it('check arity and types', async () => {
    expect(await failure((tx) => void tx.moveCall({ target: call('check') }))).toBe(
      'ArityMismatch in command 0',
    );
    const coinAsThing = await failure((tx) => {
      tx.moveCall({ target: call('set'), arguments: [tx.gas, tx.pure.u64(1)] });
    });
    expect(coinAsThing).toBe(argument(0, 'TypeMismatch'));
    expect(
      await failure(
        (tx) =>
          void tx.moveCall({ target: call('check'), typeArguments: ['u8'], arguments: [tx.pure.u64(1)] }),
      ),
    ).toBe('VMVerificationOrDeserializationError in command 0');
    expect(
      await failure((tx) => {
        const value = tx.moveCall({ target: call('copyable'), arguments: [tx.pure.u64(1)] });
        tx.moveCall({ target: call('generic'), typeArguments: [call('Copyable')], arguments: [value] });
      }),
    ).toBe('VMVerificationOrDeserializationError in command 1');
    expect(
      await failure((tx) => {
        tx.moveCall({
          target: call('generic'),
          typeArguments: [call('Missing')],
          arguments: [tx.pure.u64(1)],
        });
      }),
    ).toBe('TypeArgumentError { argument_idx: 0, kind: TypeNotFound } in command 0');
    expect(
      await failure((tx) => {
        const typeArguments = [call('Missing').replace(/::\w+::/, '::no_such_module::')];
        tx.moveCall({ target: call('generic'), typeArguments, arguments: [tx.pure.u64(1)] });
      }),
    ).toBe('VMVerificationOrDeserializationError in command 0');
    expect(
      await failure((tx) => {
        tx.makeMoveVec({ type: call('Missing'), elements: [] });
      }),
    ).toBe('VMInvariantViolation in command 0');
  });

  it('let private entry functions take only what no other function touched', async () => {
    const thing = made(
      await succeed(w.ledger, w.alice, (tx) => {
        tx.transferObjects(
          [tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(1)] })],
          w.alice.address,
        );
      }),
      'Thing',
    );
    expect(
      await failure((tx) => {
        const object = input(tx, w.ledger, thing.id);
        tx.moveCall({ target: call('set'), arguments: [object, tx.pure.u64(2)] });
        tx.moveCall({ target: call('private_entry'), arguments: [object] });
      }),
    ).toBe(argument(0, 'InvalidArgumentToPrivateEntryFunction', 1));
    await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('private_entry'), arguments: [input(tx, w.ledger, thing.id)] });
    });
    await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('delete'), arguments: [input(tx, w.ledger, thing.id)] });
    });
  });

  it('inject the transaction context', async () => {
    await succeed(w.ledger, w.alice, (tx) => void tx.moveCall({ target: call('whoami') }));
  });
});

describe('results', () => {
  it('without drop must be used', async () => {
    expect(
      await failure((tx) => void tx.moveCall({ target: call('potato'), arguments: [tx.pure.u64(1)] })),
    ).toBe('UnusedValueWithoutDrop { result_idx: 0, secondary_idx: 0 }');
    expect(await failure((tx) => void tx.splitCoins(tx.gas, [1n, 2n]))).toBe(
      'UnusedValueWithoutDrop { result_idx: 0, secondary_idx: 0 }',
    );
    expect(
      await failure((tx) => {
        const potato = tx.moveCall({ target: call('potato'), arguments: [tx.pure.u64(1)] });
        tx.moveCall({ target: call('eat'), arguments: [potato] });
      }),
    ).toBe(null);
    expect(
      await failure((tx) => {
        const potato = tx.moveCall({ target: call('potato'), arguments: [tx.pure.u64(1)] });
        tx.moveCall({ target: call('eat'), arguments: [potato] });
        tx.moveCall({ target: call('eat'), arguments: [potato] });
      }),
    ).toBe(argument(0, 'InvalidValueUsage', 2));
  });

  it('with copy but not drop must be taken last by value', async () => {
    const unused = (tx: Transaction): ReturnType<Transaction['moveCall']> =>
      tx.moveCall({ target: call('copyable'), arguments: [tx.pure.u64(1)] });
    expect(await failure((tx) => void unused(tx))).toBe(
      'UnusedValueWithoutDrop { result_idx: 0, secondary_idx: 0 }',
    );
    expect(
      await failure((tx) => {
        const value = unused(tx);
        tx.moveCall({ target: call('take_copy'), arguments: [value] });
        tx.moveCall({ target: call('take_copy'), arguments: [value] });
      }),
    ).toBe(null);
  });

  it('are named exactly', async () => {
    const two = (tx: Transaction) => tx.moveCall({ target: call('two') });
    expect(
      await failure((tx) => {
        two(tx);
        tx.moveCall({ target: call('check'), arguments: [{ Result: 0 }] });
      }),
    ).toBe(argument(0, 'InvalidResultArity { result_idx: 0 }', 1));
    expect(
      await failure((tx) => {
        two(tx);
        tx.moveCall({ target: call('check'), arguments: [{ NestedResult: [0, 2] }] });
      }),
    ).toBe(argument(0, 'SecondaryIndexOutOfBounds { result_idx: 0, secondary_idx: 2 }', 1));
    expect(
      await failure((tx) => void tx.moveCall({ target: call('check'), arguments: [{ Result: 5 }] })),
    ).toBe(argument(0, 'IndexOutOfBounds { idx: 5 }'));
    expect(await failure((tx) => void tx.moveCall({ target: call('check'), arguments: [two(tx)[0]!] }))).toBe(
      null,
    );
  });

  it('are borrowed by one writer or many readers', async () => {
    const thing = (tx: Transaction) => tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(1)] });
    expect(
      await failure((tx) => {
        const one = thing(tx);
        tx.moveCall({ target: call('swap'), arguments: [one, one] });
      }),
    ).toBe(argument(1, 'InvalidValueUsage', 1));
    expect(
      await failure((tx) => {
        const one = tx.pure.u64(1);
        tx.moveCall({ target: call('add_mut'), arguments: [one, one] });
      }),
    ).toBe(argument(1, 'InvalidValueUsage'));
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      const [one, other] = [thing(tx), tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(2)] })];
      tx.moveCall({ target: call('swap'), arguments: [one, other] });
      tx.transferObjects([one, other], w.bob.address);
    });
    const values = executed.written.flatMap((object) =>
      object.kind === 'move' && object.type.name === 'Thing' ? [object.contents[32]] : [],
    );
    expect(values.sort()).toEqual([1, 2]);
    expect(changed(executed, 'created')).toHaveLength(2);
  });
});

describe('pure arguments', () => {
  it('keep the type that a mutable borrow gave them', async () => {
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      const sum = tx.pure.u64(40);
      tx.moveCall({ target: call('add_mut'), arguments: [sum, tx.pure.u64(2)] });
      tx.transferObjects([tx.splitCoins(tx.gas, [sum])], w.bob.address);
    });
    expect(coins(w.ledger, w.bob.address).some(({ contents }) => contents[32] === 42)).toBe(true);
    expect(executed.errorText).toBe(null);
    expect(
      await failure((tx) => {
        const sum = tx.pure.u64(40);
        tx.moveCall({ target: call('add_mut'), arguments: [sum, tx.pure.u64(2)] });
        tx.transferObjects([tx.gas], sum);
      }),
    ).toBe(argument(1, 'TypeMismatch', 1));
  });

  it('are of the types that bytes may have', async () => {
    const text = bcs.string().serialize('grün');
    const args = (tx: Transaction, change: Record<number, Uint8Array> = {}) =>
      [
        bcs.bool().serialize(true),
        bcs.u8().serialize(7),
        bcs.u256().serialize(1n << 255n),
        bcs.Address.serialize(w.bob.address),
        bcs.Address.serialize(w.alice.address),
        text,
        bcs.string().serialize('ascii'),
        bcs.option(bcs.vector(bcs.u16())).serialize([1, 2]),
        bcs.vector(bcs.option(bcs.string())).serialize(['ü', null]),
      ].map((one, index) => tx.pure(change[index] ?? one.toBytes()));
    const pure = (change: Record<number, Uint8Array> = {}) =>
      failure((tx) => void tx.moveCall({ target: call('takes_pure'), arguments: args(tx, change) }));
    expect(await pure()).toBe(null);
    const bad: readonly (readonly [number, Uint8Array])[] = [
      [0, Uint8Array.of(2)],
      [1, Uint8Array.of(1, 2)],
      [2, new Uint8Array(31)],
      [3, new Uint8Array(33)],
      [5, Uint8Array.of(2, 0xff, 0xff)],
      [6, text.toBytes()],
      [7, Uint8Array.of(2, 0, 0)],
      [8, Uint8Array.of(1, 1, 1, 0xff)],
    ];
    for (const [index, bytes] of bad)
      expect(await pure({ [index]: bytes })).toBe(argument(index, 'InvalidBCSBytes'));
    expect(
      await failure((tx) => void tx.moveCall({ target: call('eat'), arguments: [tx.pure.u64(1)] })),
    ).toBe(argument(0, 'InvalidUsageOfPureArg'));
    expect(await failure((tx) => tx.transferObjects([tx.pure.u64(1)], w.bob.address))).toBe(
      argument(0, 'TypeMismatch'),
    );
    expect(await failure((tx) => tx.transferObjects([tx.gas], tx.pure.u64(1)))).toBe(
      argument(1, 'InvalidBCSBytes'),
    );
  });
});

describe('vectors and coins', () => {
  it('are made of objects and of plain values', async () => {
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      const things = [1, 2, 3].map((at) =>
        tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(at)] }),
      );
      tx.moveCall({ target: call('delete_all'), arguments: [tx.makeMoveVec({ elements: things })] });
      const numbers = tx.makeMoveVec({ type: 'u64', elements: [tx.pure.u64(1), tx.pure.u64(2)] });
      tx.moveCall({ target: call('generic'), typeArguments: ['vector<u64>'], arguments: [numbers] });
      tx.moveCall({
        target: '0x1::vector::destroy_empty',
        typeArguments: ['u8'],
        arguments: [tx.makeMoveVec({ type: 'u8', elements: [] })],
      });
    });
    expect(executed.effects.V1.changedObjects).toHaveLength(1);
    expect(
      await failure((tx) => {
        const copies = [1, 2].map((at) =>
          tx.moveCall({ target: call('copyable'), arguments: [tx.pure.u64(at)] }),
        );
        tx.moveCall({
          target: call('many_copies'),
          arguments: [tx.makeMoveVec({ type: call('Copyable'), elements: copies })],
        });
      }),
    ).toBe('UnusedValueWithoutDrop { result_idx: 2, secondary_idx: 0 }');
    expect(
      await failure((tx) => {
        const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(1)] });
        tx.makeMoveVec({ elements: [thing, tx.splitCoins(tx.gas, [1n])] });
      }),
    ).toBe(argument(1, 'TypeMismatch', 2));
  });

  it('keep the gas coin out of everything but transfers', async () => {
    expect(await failure((tx) => void tx.makeMoveVec({ elements: [tx.gas] }))).toBe(
      argument(0, 'InvalidGasCoinUsage'),
    );
    expect(
      await failure((tx) => {
        const [coin] = tx.splitCoins(tx.gas, [1n]);
        tx.mergeCoins(coin!, [tx.gas]);
      }),
    ).toBe(argument(1, 'InvalidGasCoinUsage', 1));
    expect(
      await failure((tx) => {
        const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(1)] });
        tx.splitCoins(thing, [1n]);
      }),
    ).toBe(argument(0, 'TypeMismatch', 1));
  });
});

describe('dry run and inspection', () => {
  it('tells what a transaction would do, without payment and without doing it', async () => {
    const tx = new Transaction();
    tx.setSender(w.alice.address);
    tx.setGasPrice(1_000);
    tx.setGasBudget(50_000_000_000n);
    tx.setGasPayment([]);
    tx.transferObjects([tx.splitCoins(tx.gas, [5_000n])], w.bob.address);
    const before = [w.ledger.transactionCount, balance(w.ledger, w.bob.address)];
    const result = w.ledger.dryRun(await tx.build());
    expect(result.errorText).toBe(null);
    expect(result.effects.V1.gasUsed).toMatchObject({
      computationCost: '1000000',
      storageCost: '1960800',
      storageRebate: '0',
    });
    expect([w.ledger.transactionCount, balance(w.ledger, w.bob.address)]).toEqual(before);
  });

  it('shows results of any function, references included', async () => {
    const inspect = async (fill: (tx: Transaction) => void) => {
      const tx = new Transaction();
      fill(tx);
      return w.ledger.devInspect(w.alice.address, await tx.build({ onlyTransactionKind: true }), null);
    };
    const hidden = await inspect((tx) => void tx.moveCall({ target: call('hidden') }));
    expect(hidden.errorText).toBe(null);
    expect(hidden.results[0]?.returnValues).toEqual([[bcs.u64().serialize(42).toBytes(), 'u64']]);
    const reference = await inspect((tx) => {
      const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(9)] });
      tx.moveCall({ target: call('reference'), arguments: [thing] });
      tx.moveCall({ target: call('set'), arguments: [thing, tx.pure.u64(10)] });
    });
    expect(reference.results[1]?.returnValues).toEqual([[bcs.u64().serialize(9).toBytes(), 'u64']]);
    const [argumentOf, bytes, type] = reference.results[2]!.mutableReferenceOutputs[0]!;
    expect(argumentOf).toMatchObject({ $kind: 'Result', Result: 0 });
    expect(bytes[32]).toBe(10);
    expect(type).toMatchObject({ struct: { name: 'Thing' } });
    const aborted = await inspect(
      (tx) => void tx.moveCall({ target: call('check'), arguments: [tx.pure.u64(0)] }),
    );
    expect(aborted.errorText).toMatch(/^MoveAbort/);
  });
});
