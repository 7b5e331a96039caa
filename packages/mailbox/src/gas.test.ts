import type { CoinStruct } from '@iota/iota-sdk/client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertGasPrice, budgetFor, formatIota, gasUsedOf, maxBudgetNanos, selectGasCoins } from './gas.ts';

const coin = (index: number, balance: bigint): CoinStruct => ({
  coinObjectId: `0x${index}`,
  balance: String(balance),
  coinType: '0x2::iota::IOTA',
  digest: 'd',
  previousTransaction: 'p',
  version: String(index),
});
const address = `0x${'1'.repeat(64)}`;

describe('gas', () => {
  it('has a price that no node may exceed, because what is paid is burnt', () => {
    for (const price of [1n, 1_000n, 100_000n]) expect(() => assertGasPrice(price)).not.toThrow();
    for (const price of [0n, -1n, 100_001n, 1n << 63n])
      expect(() => assertGasPrice(price)).toThrow(RangeError);
  });

  it('is broken down, and a refund is a negative cost', () => {
    const used = gasUsedOf({
      computationCost: '1000000',
      computationCostBurned: '1000000',
      storageCost: '1960800',
      storageRebate: '9804000',
      nonRefundableStorageFee: '0',
    });
    expect(used).toEqual({
      computationNanos: 1_000_000n,
      storageNanos: 1_960_800n,
      rebateNanos: 9_804_000n,
      netNanos: -6_843_200n,
    });
    // A budget never counts on a refund: it is paid after the computation.
    expect(budgetFor(used, 1_000n)).toBe(2_000_000n);
    expect(budgetFor({ ...used, rebateNanos: 0n }, 1_000n)).toBe(3_960_800n);
    expect(budgetFor({ ...used, storageNanos: maxBudgetNanos * 2n }, 1_000n)).toBe(maxBudgetNanos);
  });

  it('is paid with few coins, or refused with what is missing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { maxLength: 20 }),
        fc.bigInt({ min: 1n, max: 5_000n }),
        (balances, budget) => {
          const coins = balances.map((balance, index) => coin(index, balance));
          const total = balances.reduce((sum, balance) => sum + balance, 0n);
          if (total < budget) {
            expect(() => selectGasCoins(coins, budget, address)).toThrow(
              expect.objectContaining({
                code: 'NO_GAS',
                data: { address, neededNanos: budget, balanceNanos: total },
              }),
            );
            return;
          }
          const chosen = selectGasCoins(coins, budget, address);
          const paid = chosen.map((ref) => balances[Number(ref.objectId.slice(2))] as bigint);
          const sum = paid.reduce((all, balance) => all + balance, 0n);
          expect(sum >= budget && sum - (paid.at(-1) as bigint) < budget).toBe(true);
          // The newest coin, so that versions rise; then the largest.
          expect(chosen[0]?.objectId).toBe(`0x${balances.length - 1}`);
          const largest = balances.slice(0, -1).toSorted((left, right) => Number(right - left));
          expect(paid.slice(1)).toEqual(largest.slice(0, paid.length - 1));
          expect(selectGasCoins(coins, budget, address, true)).toHaveLength(balances.length);
        },
      ),
    );
  });

  it('is written in IOTA', () => {
    expect([0n, 1n, 1_500_000_000n, 7_000_000_000n, -1_000_000n].map(formatIota)).toEqual([
      '0',
      '0.000000001',
      '1.5',
      '7',
      '-0.001',
    ]);
  });
});
