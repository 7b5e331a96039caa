/** Gas: what a transaction cost, and which coins pay for the next one. All amounts in NANOS (1 IOTA = 10^9 NANOS). */
import type { CoinStruct, GasCostSummary } from '@iota/iota-sdk/client';
import { MailboxError } from './errors.ts';
import { maxGasCoins } from './limits.ts';

/** Cost of one transaction. */
export interface GasUsed {
  readonly computationNanos: bigint;
  /** Deposits for the objects written: 7,600 NANOS a byte. */
  readonly storageNanos: bigint;
  /** Deposits returned for objects changed or deleted. */
  readonly rebateNanos: bigint;
  /** What the payer lost, or won when negative: computation + storage - rebate. */
  readonly netNanos: bigint;
}

/** The budget of a trial run and of anything else: the protocol's maximum. */
export const maxBudgetNanos = 50_000_000_000n;
/**
 * Highest price of a gas unit that is paid without asking: a hundred times IOTA's reference price of 1,000 NANOS, at which
 * the cheapest transaction costs 0.1 IOTA. The node names the price, and what it names is burnt.
 */
const maxGasPriceNanos = 100_000n;
/** Gas units added to what a trial run used, since the objects may have grown by the time it counts. */
const overheadUnits = 1_000n;

/** A node that names any price could burn what the address holds. @throws RangeError */
export function assertGasPrice(gasPrice: bigint): void {
  if (gasPrice < 1n || gasPrice > maxGasPriceNanos) {
    throw new RangeError(`${gasPrice} NANOS a unit, of which the limit is ${maxGasPriceNanos}`);
  }
}

/** Breaks down the `gasUsed` of effects. */
export function gasUsedOf(summary: GasCostSummary): GasUsed {
  const computationNanos = BigInt(summary.computationCost);
  const storageNanos = BigInt(summary.storageCost);
  const rebateNanos = BigInt(summary.storageRebate);
  return {
    computationNanos,
    storageNanos,
    rebateNanos,
    netNanos: computationNanos + storageNanos - rebateNanos,
  };
}

/** Budget for a transaction that a trial run says uses `used`. */
export function budgetFor(used: GasUsed, gasPrice: bigint): bigint {
  const computation = used.computationNanos + overheadUnits * gasPrice;
  const deposit = used.storageNanos - used.rebateNanos;
  const budget = deposit > 0n ? computation + deposit : computation;
  return budget < maxBudgetNanos ? budget : maxBudgetNanos;
}

/** A reference to an object at one version. */
export interface ObjectRef {
  readonly objectId: string;
  readonly version: string;
  readonly digest: string;
}

/**
 * Coins that cover `budget`: the newest one, then the largest ones, as few as will do; with `all`, as many as may pay.
 * An object gets a version above those of everything that its transaction touched, so paying with the newest coin makes
 * the versions of what one address writes rise: receivers put its messages in order by them.
 * @throws MailboxError `NO_GAS` saying how much is needed, how much there is, and where
 */
export function selectGasCoins(
  coins: readonly CoinStruct[],
  budget: bigint,
  address: string,
  all = false,
): readonly ObjectRef[] {
  const sorted = coins
    .map((coin) => ({ coin, balance: BigInt(coin.balance) }))
    .toSorted((left, right) => descending(left.balance, right.balance));
  const newest = sorted.toSorted((left, right) =>
    descending(BigInt(left.coin.version), BigInt(right.coin.version)),
  )[0];
  const chosen: ObjectRef[] = [];
  let sum = 0n;
  for (const one of newest === undefined ? [] : [newest, ...sorted.filter((other) => other !== newest)]) {
    if ((sum >= budget && !all) || chosen.length === maxGasCoins) break;
    sum += one.balance;
    chosen.push({ objectId: one.coin.coinObjectId, version: one.coin.version, digest: one.coin.digest });
  }
  if (chosen.length === 0 || sum < budget) {
    throw noGas(address, budget, sum);
  }
  return chosen;
}

/** The error for an address that cannot pay. */
export function noGas(address: string, neededNanos: bigint, balanceNanos: bigint): MailboxError {
  return new MailboxError(
    'NO_GAS',
    `${address} needs ${formatIota(neededNanos)} IOTA for this transaction and has ${formatIota(balanceNanos)}`,
    {
      hint: `send IOTA to ${address}, or use the faucet on a test network`,
      data: { address, neededNanos, balanceNanos },
    },
  );
}

function descending(left: bigint, right: bigint): number {
  return left < right ? 1 : left > right ? -1 : 0;
}

/** NANOS as decimal IOTA, without trailing zeros. */
export function formatIota(nanos: bigint): string {
  const digits = (nanos < 0n ? -nanos : nanos).toString().padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`}`;
}
