/** A transaction that asks for more work than the network does fails as others fail, alike wherever it runs. */
import { Transaction } from '@iota/iota-sdk/transactions';
import { MAX_GAS_BUDGET } from '../../src/ledger/protocol.ts';
import { describe, expect, it } from 'vitest';
import { compile, type SourcePackage } from './sources.ts';
import { balance, build, coins, gasOf, object, run, succeed, world, type World } from './support.ts';

const source: SourcePackage = {
  name: 'busy',
  modules: {
    busy: `module busy::busy;

public struct Empty has copy, drop, store {}

fun filled<T: copy + drop>(item: T, count: u64): vector<T> {
    let mut items = vector[];
    let mut i = 0;
    while (i < count) {
        items.push_back(item);
        i = i + 1;
    };
    items
}

fun compare_forever<T>(a: &T, b: &T) {
    while (a == b) {}
}

public fun bytes() { compare_forever(&filled(0u8, 4_000), &filled(0u8, 4_000)) }

public fun integers() { compare_forever(&filled(0u64, 4_000), &filled(0u64, 4_000)) }

public fun structs() { compare_forever(&filled(Empty {}, 4_000), &filled(Empty {}, 4_000)) }

public fun kept() {
    let lists = filled(vector<u8>[], 4_000);
    let mut all = vector[];
    loop { all.push_back(lists) }
}

public fun megabyte(): vector<vector<u8>> { filled(filled(0u8, 10_000), 100) }

public struct Eight has copy, drop, store { a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8 }

public struct Sixty has copy, drop, store { a: Eight, b: Eight, c: Eight, d: Eight, e: Eight, f: Eight, g: Eight, h: u64, i: u64, j: u64, k: u64, l: u64, m: u64 }

public enum Wide has copy, drop, store { Small, Large(Sixty, Sixty, Sixty, Sixty, u8, u8, u8, u8, u8) }

public enum Fitting has copy, drop, store { Small, Large(Sixty, Sixty, Sixty, Sixty, u8, u8, u8, u8) }

public fun wide(): Wide { Wide::Small }

public fun fitting(): Fitting { Fitting::Small }

public fun drop_all(_: vector<vector<vector<u8>>>) {}
`,
  },
};

const built = compile(source);

async function published(): Promise<World & { readonly id: string }> {
  const net = await world();
  const { modules, dependencies } = await built;
  const executed = await succeed(net.ledger, net.alice, (tx) => {
    const cap = tx.publish({ modules: [...modules], dependencies: [...dependencies] });
    tx.transferObjects([cap], net.alice.address);
  });
  const id = executed.written.find(({ kind }) => kind === 'package')?.id ?? '';
  return { ...net, id };
}

const unpaid = async (tx: Transaction, sender: string): Promise<Uint8Array> => {
  tx.setSender(sender);
  tx.setGasPrice(1_000n);
  tx.setGasBudget(MAX_GAS_BUDGET);
  tx.setGasPayment([]);
  return tx.build();
};

it('lets no call return what has too many fields to be encoded, used or not', async () => {
  const { ledger, alice, id } = await published();
  const call = (name: string) => (tx: Transaction) => void tx.moveCall({ target: `${id}::busy::${name}` });
  expect((await run(ledger, alice, call('fitting'))).errorText).toBe(null);
  expect((await run(ledger, alice, call('wide'))).errorText).toBe(
    'VMVerificationOrDeserializationError in command 0',
  );
});

describe('more work than the network does', () => {
  it.each(['bytes', 'integers', 'structs', 'kept'])('ends an unsigned dry run: %s', async (name) => {
    const { ledger, alice, id } = await published();
    const tx = new Transaction();
    tx.moveCall({ target: `${id}::busy::${name}` });
    const dry = ledger.dryRun(await unpaid(tx, alice.address));
    expect(dry.errorText).toMatch(
      /^MovePrimitiveRuntimeError\(MoveLocationOpt\(Some\(MoveLocation .* in command 0$/,
    );
    expect(dry.errorSource).toMatch(
      /^MEMORY_LIMIT_EXCEEDED: the embedded network does at most 800000000 units/,
    );
  });

  it('ends a transaction that only copies results from command to command', async () => {
    const { ledger, alice, id } = await published();
    const tx = new Transaction();
    const megabyte = tx.moveCall({ target: `${id}::busy::megabyte` });
    const type = 'vector<vector<u8>>';
    for (let i = 0; i < 3; i++) {
      const all = tx.makeMoveVec({ type, elements: Array.from({ length: 400 }, () => megabyte) });
      tx.moveCall({ target: `${id}::busy::drop_all`, arguments: [all] });
    }
    const dry = ledger.dryRun(await unpaid(tx, alice.address));
    expect(dry.errorText).toMatch(/^MovePrimitiveRuntimeError\(MoveLocationOpt\(None\)\) in command [1-5]$/);
    expect(dry.errorSource).toMatch(/^MEMORY_LIMIT_EXCEEDED/);
  });

  it('costs what was used of the gas, changes nothing else, and has one digest whatever ran before', async () => {
    const [one, other] = await Promise.all([published(), published()]);
    for (const { ledger, alice, id } of [other]) {
      const tx = new Transaction();
      tx.moveCall({ target: `${id}::busy::integers` });
      ledger.dryRun(await build(ledger, alice, tx));
    }
    const results = [];
    for (const { ledger, alice, id } of [one, other]) {
      const before = balance(ledger, alice.address);
      const owned = [...ledger.ownedBy(alice.address)].length;
      const [coin] = coins(ledger, alice.address);
      const executed = await run(ledger, alice, (tx) => tx.moveCall({ target: `${id}::busy::integers` }));
      expect(executed.errorText).toMatch(/^MovePrimitiveRuntimeError/);
      const [computation, storage, rebate] = gasOf(executed);
      expect(computation).toBeGreaterThan(1_000_000n);
      expect(computation).toBeLessThan(1_000_000_000n);
      expect(balance(ledger, alice.address)).toBe(before - computation - storage + rebate);
      expect([...ledger.ownedBy(alice.address)].length).toBe(owned);
      expect(object(ledger, coin?.id ?? '').version).toBeGreaterThan(coin?.version ?? 0n);
      results.push([executed.digest, executed.effectsBytes.toHex()]);
    }
    expect(results[0]).toEqual(results[1]);
  });
});
