import { Transaction } from '@iota/iota-sdk/transactions';
import { describe, expect, it } from 'vitest';
import { coinBalance } from '../../src/ledger/coins.ts';
import { meteredSize } from '../../src/ledger/object-bcs.ts';
import { balance, build, changed, coins, gasOf, object, run, succeed, world } from './support.ts';

describe('coins and gas', () => {
  it('costs what IOTA nodes charge for a split and transfer', async () => {
    const { ledger, alice, bob } = await world();
    const executed = await succeed(ledger, alice, (tx) => {
      tx.transferObjects([tx.splitCoins(tx.gas, [1_000n])], bob.address);
    });
    // A gas coin is 129 metered bytes of 7,600 NANOS. The first payment of a faucet coin carries its rebate.
    expect(gasOf(executed)).toEqual([1_000_000n, 1_960_800n, 980_400n]);
    expect(meteredSize(coins(ledger, bob.address)[0] as never)).toBe(129);
    expect(balance(ledger, bob.address)).toBe(1_000n);
    expect(balance(ledger, alice.address)).toBe(20_000_000_000n - 1_000n - 1_000_000n - 980_400n);
    expect(changed(executed, 'created')).toHaveLength(1);
    expect(changed(executed, 'mutated')).toHaveLength(1);
  });

  it('merges all gas coins into the first, also when the transaction fails', async () => {
    for (const amount of [5_000n, 30_000_000_000n]) {
      const { ledger, alice, bob } = await world();
      const gas = coins(ledger, alice.address);
      const executed = await run(
        ledger,
        alice,
        (tx) => tx.transferObjects([tx.splitCoins(tx.gas, [amount])], bob.address),
        { gas },
      );
      expect(executed.errorText).toBe(amount === 5_000n ? null : 'InsufficientCoinBalance in command 0');
      expect(changed(executed, 'deleted')).toEqual([gas[1]?.id]);
      expect(coins(ledger, alice.address)).toHaveLength(1);
      const [computation, storage, rebate] = gasOf(executed);
      const spent = amount === 5_000n ? amount : 0n;
      expect(balance(ledger, alice.address)).toBe(20_000_000_000n - spent - computation - storage + rebate);
    }
  });

  it('shows the gas coin less the budget while commands run', async () => {
    const { ledger, alice, bob } = await world();
    const executed = await run(
      ledger,
      alice,
      (tx) => tx.transferObjects([tx.splitCoins(tx.gas, [9_500_000_000n])], bob.address),
      { budget: 1_000_000_000n },
    );
    expect(executed.errorText).toBe('InsufficientCoinBalance in command 0');
    expect(gasOf(executed)).toEqual([1_000_000n, 980_400n, 980_400n]);
  });

  it('merges, and transfers the gas coin itself', async () => {
    const { ledger, alice, bob } = await world();
    const [first, second] = coins(ledger, alice.address);
    const executed = await succeed(ledger, alice, (tx) => {
      const other = tx.objectRef({
        objectId: second!.id,
        version: String(second!.version),
        digest: second!.digest,
      });
      tx.mergeCoins(tx.gas, [other]);
      tx.transferObjects([tx.gas], bob.address);
    });
    expect(changed(executed, 'deleted')).toEqual([second?.id]);
    expect(coins(ledger, alice.address)).toEqual([]);
    expect(object(ledger, first!.id).owner).toEqual({ kind: 'address', address: bob.address });
    const [computation, storage, rebate] = gasOf(executed);
    expect(balance(ledger, bob.address)).toBe(20_000_000_000n - computation - storage + rebate);
  });

  it('takes the whole budget when computation reaches it, and no storage then', async () => {
    const { ledger, alice, bob } = await world();
    const executed = await run(
      ledger,
      alice,
      (tx) => tx.transferObjects([tx.splitCoins(tx.gas, [1n])], bob.address),
      { budget: 1_000_000n },
    );
    expect(executed.errorText).toBe('InsufficientGas');
    const [computation] = gasOf(executed);
    expect(computation).toBe(1_000_000n);
    expect(balance(ledger, bob.address)).toBe(0n);
  });

  it('fails without writes when storage does not fit into the budget', async () => {
    const { ledger, alice, bob } = await world();
    const executed = await run(
      ledger,
      alice,
      (tx) => tx.transferObjects([...tx.splitCoins(tx.gas, [1n, 2n, 3n])], bob.address),
      { budget: 2_000_000n },
    );
    expect(executed.errorText).toBe('InsufficientGas');
    expect(gasOf(executed)).toEqual([1_000_000n, 980_400n, 980_400n]);
    expect(balance(ledger, bob.address)).toBe(0n);
  });

  it('charges by the price', async () => {
    const { ledger, alice, bob } = await world();
    const executed = await succeed(
      ledger,
      alice,
      (tx) => tx.transferObjects([tx.splitCoins(tx.gas, [1n])], bob.address),
      { price: 3_000n },
    );
    expect(gasOf(executed)).toEqual([3_000_000n, 1_960_800n, 980_400n]);
  });

  it('lets a sponsor pay', async () => {
    const { ledger, alice, bob } = await world();
    await ledger.faucet(bob.address, [5_000_000_000n]);
    const tx = new Transaction();
    const coin = coins(ledger, alice.address)[0]!;
    tx.transferObjects(
      [tx.objectRef({ objectId: coin.id, version: String(coin.version), digest: coin.digest })],
      bob.address,
    );
    tx.setGasOwner(bob.address);
    const bytes = await build(ledger, alice, tx, { gas: coins(ledger, bob.address) });
    const signatures = [await alice.key.signTransaction(bytes), await bob.key.signTransaction(bytes)];
    const executed = await ledger.execute(
      bytes,
      signatures.map(({ signature }) => Uint8Array.fromBase64(signature)),
    );
    expect(executed.errorText).toBe(null);
    const [computation, storage, rebate] = gasOf(executed);
    expect(balance(ledger, bob.address)).toBe(
      5_000_000_000n + coinBalance(coin.contents) - computation - storage + rebate,
    );
    expect(object(ledger, coin.id).owner).toEqual({ kind: 'address', address: bob.address });
  });

  it('answers a transaction that was executed from the log', async () => {
    const { ledger, alice, bob } = await world();
    const tx = new Transaction();
    tx.transferObjects([tx.splitCoins(tx.gas, [1_000n])], bob.address);
    const bytes = await build(ledger, alice, tx);
    const signature = Uint8Array.fromBase64((await alice.key.signTransaction(bytes)).signature);
    const [first, second] = await Promise.all([
      ledger.execute(bytes, [signature]),
      ledger.execute(bytes, [signature]),
    ]);
    expect(second).toBe(first);
    expect(await ledger.execute(bytes, [signature])).toBe(first);
    expect(balance(ledger, bob.address)).toBe(1_000n);
  });
});
