/**
 * What a transaction pays: computation, rounded; storage of what it writes; less the rebate of what it replaces.
 * Semantics of `iota-types`: gas_model/gas_v1 and the adapter's gas charger. Amounts are NANOS unless they say
 * "internal" (1/1000 of a gas unit).
 */
import { GasMeter, internalUnitsPerGasUnit } from '@wotid/move-vm';
import { coinBalance, coinContents } from './coins.ts';
import { ExecutionFailure } from './failure.ts';
import { meteredSize } from './object-bcs.ts';
import {
  GAS_ROUNDING_STEP,
  MAX_COMPUTATION_UNITS,
  isSystemPackage,
  PUBLISH_INTERNAL_PER_BYTE,
  READ_INTERNAL_PER_BYTE,
  STORAGE_NANOS_PER_BYTE,
} from './protocol.ts';
import type { TransactionState } from './tx-state.ts';
import type { Address, MoveObject } from './types.ts';

export interface GasSummary {
  readonly computation: bigint;
  readonly storage: bigint;
  readonly rebate: bigint;
}

/** What a system transaction pays. */
export const NO_GAS: GasSummary = { computation: 0n, storage: 0n, rebate: 0n };

export class GasCharger {
  readonly meter: GasMeter;
  readonly budget: bigint;
  readonly price: bigint;
  /** The coin that pays, after the others were merged into it; undefined when nobody pays. */
  readonly coinId: Address | undefined;
  readonly #coins: readonly MoveObject[];
  #computation = 0n;
  #storage = 0n;
  #rebate = 0n;

  /** @param coins that pay; none when nobody does, then nothing is charged */
  constructor(budget: bigint, price: bigint, coins: readonly MoveObject[]) {
    this.meter = new GasMeter(coins.length === 0 ? Infinity : meterLimit(budget, price));
    this.budget = budget;
    this.price = price;
    this.#coins = coins;
    this.coinId = coins[0]?.id;
  }

  get summary(): GasSummary {
    return { computation: this.#computation, storage: this.#storage, rebate: this.#rebate };
  }

  /** Merges all gas coins into the first. */
  smash(state: TransactionState): void {
    const [first, ...rest] = this.#coins;
    if (first === undefined || rest.length === 0) return;
    let balance = coinBalance(first.contents);
    for (const coin of rest) {
      balance += coinBalance(coin.contents);
      state.deleteInput(coin.id);
    }
    const { kind, id, type, owner } = first;
    state.write({ kind, id, type, owner, contents: coinContents(id, balance) });
  }

  /** Charges reading the inputs. */
  chargeInputs(state: TransactionState): void {
    let bytes = 0;
    for (const object of state.inputs.objects.values()) {
      if (!isSystemPackage(object.id)) bytes += meteredSize(object);
    }
    this.#charge(bytes * READ_INTERNAL_PER_BYTE);
  }

  /** Charges publishing or upgrading modules of `bytes` bytes in all. */
  chargePublish(bytes: number): void {
    this.#charge(bytes * PUBLISH_INTERNAL_PER_BYTE);
  }

  #charge(internal: number): void {
    try {
      this.meter.charge(internal);
    } catch (cause) {
      throw new ExecutionFailure('InsufficientGas', String(cause));
    }
  }

  /**
   * Settles the transaction: on failure its writes are dropped and only the inputs are rewritten. Deducts the cost
   * from the gas coin.
   * @returns the failure to report, the given one or one that the charge itself caused
   */
  settle(state: TransactionState, failure: ExecutionFailure | undefined): ExecutionFailure | undefined {
    if (this.coinId === undefined) {
      if (failure !== undefined) state.dropWrites();
      state.touchMutableInputs();
      this.#collect(state, false);
      this.#storage = 0n;
      this.#rebate = 0n;
      return failure;
    }
    let outcome = failure ?? this.#roundComputation();
    if (failure !== undefined) this.#roundComputation();
    if (outcome !== undefined) this.#reset(state);
    state.touchMutableInputs();
    this.#collect(state, true);
    if (!this.#storageIsCovered()) {
      outcome ??= new ExecutionFailure('InsufficientGas', 'storage exceeds the budget');
      this.#reset(state);
      state.touchMutableInputs();
      this.#collect(state, true);
      if (!this.#storageIsCovered()) {
        this.#reset(state);
        this.#computation = this.budget;
        state.touchMutableInputs();
        this.#collectRebateOnly(state);
      }
    }
    this.#deduct(state, this.coinId);
    return outcome;
  }

  /** Rounds the metered units up to whole steps; more than the budget costs the budget. */
  #roundComputation(): ExecutionFailure | undefined {
    const used = this.meter.usedGasUnits;
    const steps =
      used > 0n && used % GAS_ROUNDING_STEP === 0n ? used / GAS_ROUNDING_STEP : used / GAS_ROUNDING_STEP + 1n;
    const cost = steps * GAS_ROUNDING_STEP * this.price;
    if (this.budget <= cost) {
      this.#computation = this.budget;
      return new ExecutionFailure('InsufficientGas', 'computation reaches the budget');
    }
    this.#computation = cost;
    return undefined;
  }

  #reset(state: TransactionState): void {
    state.dropWrites();
    this.#storage = 0n;
    this.#rebate = 0n;
    this.smash(state);
  }

  /** Storage of everything written, rebate of everything replaced or gone. */
  #collect(state: TransactionState, metered: boolean): void {
    this.#storage = 0n;
    this.#rebate = 0n;
    for (const [id, draft] of state.written) {
      const cost = metered ? BigInt(meteredSize(draft)) * STORAGE_NANOS_PER_BYTE : 0n;
      state.rebates.set(id, cost);
      this.#storage += cost;
    }
    for (const id of state.modified) this.#rebate += state.before(id)?.storageRebate ?? 0n;
  }

  /** Last resort when not even the inputs' storage fits: nothing is charged for storage, the rebates stay put. */
  #collectRebateOnly(state: TransactionState): void {
    this.#storage = 0n;
    this.#rebate = 0n;
    for (const id of state.modified) {
      const before = state.before(id)?.storageRebate ?? 0n;
      if (state.written.has(id)) state.rebates.set(id, before);
      else this.#rebate += before;
    }
  }

  #storageIsCovered(): boolean {
    return this.#rebate >= this.#storage || this.budget - this.#computation >= this.#storage - this.#rebate;
  }

  #deduct(state: TransactionState, coinId: Address): void {
    const coin = state.current(coinId);
    if (coin?.kind !== 'move') throw new TypeError('the gas coin is gone');
    const balance = coinBalance(coin.contents) - (this.#computation + this.#storage - this.#rebate);
    if (balance < 0n) throw new RangeError('the gas coin does not cover the cost');
    state.write({ ...coin, contents: coinContents(coinId, balance) });
  }
}

/** Internal units that the budget buys; never more than the protocol lets any transaction compute. */
function meterLimit(budget: bigint, price: bigint): number {
  const units = budget / price;
  return Number(units < MAX_COMPUTATION_UNITS ? units : MAX_COMPUTATION_UNITS) * internalUnitsPerGasUnit;
}
