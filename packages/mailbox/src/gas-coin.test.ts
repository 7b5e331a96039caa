import { Transaction } from '@iota/iota-sdk/transactions';
import { describe, expect, it } from 'vitest';
import { takenFromGasCoin } from './gas-coin.ts';

const address = `0x${'1'.repeat(64)}`;
const target = `${address}::m::f` as const;
const taken = (build: (tx: Transaction) => void): bigint | 'all' => {
  const tx = new Transaction();
  build(tx);
  return takenFromGasCoin(tx);
};

describe('what is taken out of the gas coin', () => {
  it('is the sum of what is split from it', () => {
    expect(taken(() => {})).toBe(0n);
    expect(taken((tx) => void tx.splitCoins(tx.gas, [5, 7n]))).toBe(12n);
    expect(taken((tx) => (tx.splitCoins(tx.gas, [1]), tx.splitCoins(tx.gas, [2n ** 64n - 1n])))).toBe(
      2n ** 64n,
    );
    expect(taken((tx) => tx.transferObjects([tx.splitCoins(tx.gas, [9])], address))).toBe(9n);
    expect(taken((tx) => void tx.splitCoins(tx.object(address), [5]))).toBe(0n);
  });

  it('is all when the coin is used whole, or the amount is not known yet', () => {
    for (const build of [
      (tx: Transaction) => void tx.transferObjects([tx.gas], address),
      (tx: Transaction) => void tx.mergeCoins(tx.object(address), [tx.gas]),
      (tx: Transaction) => void tx.mergeCoins(tx.gas, [tx.object(address)]),
      (tx: Transaction) => void tx.moveCall({ target, arguments: [tx.gas] }),
      (tx: Transaction) => void tx.makeMoveVec({ elements: [tx.gas] }),
      (tx: Transaction) => void tx.splitCoins(tx.gas, [tx.moveCall({ target })]),
    ]) {
      expect(taken(build)).toBe('all');
    }
  });
});
