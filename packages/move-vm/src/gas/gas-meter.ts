import { VmHalt } from '../errors.ts';

/** A tier starts when its counter exceeds `above`; a unit then costs `cost` internal units. No tier is left again. */
type Tier = readonly [above: number, cost: number];
type Tiers = readonly [Tier, Tier, ...Tier[]];

// Source: `initial_cost_schedule_v1` in `crates/iota-types/src/gas_model/tables.rs` of IOTA.
const instructionTiers: Tiers = [
  [0, 1],
  [20_000, 2],
  [50_000, 10],
  [100_000, 50],
  [200_000, 100],
  [10_000_000, 1_000],
];
const heightTiers: Tiers = [
  [0, 1],
  [1_000, 2],
  [10_000, 10],
];
const sizeTiers: Tiers = [
  [0, 1],
  [100_000, 2],
  [500_000, 5],
  [1_000_000, 100],
  [100_000_000, 1_000],
];

/** Internal units in one gas unit. */
export const internalUnitsPerGasUnit = 1_000;

/**
 * Counts what a transaction's Move code costs, in internal units (1000 of them are one gas unit), and stops it at the
 * limit. Counters of instructions, stack height and stack size choose the tier; height falls when values are popped,
 * size never does. One meter serves all commands of a transaction.
 * Source: `GasStatus` in `crates/iota-types/src/gas_model/tables.rs` of IOTA.
 */
export class GasMeter {
  readonly #limit: number;
  #used = 0;
  #instructions = 0;
  #instructionCost = instructionTiers[0][1];
  #instructionTierEnd = instructionTiers[1][0];
  #height = 0;
  #heightCost = heightTiers[0][1];
  #heightTierEnd = heightTiers[1][0];
  #size = 0;
  #sizeCost = sizeTiers[0][1];
  #sizeTierEnd = sizeTiers[1][0];

  /**
   * @param limitInternalUnits what may be spent, 0..2^53-1; `Infinity` for system transactions, which are not metered
   */
  constructor(limitInternalUnits: number) {
    if (!(limitInternalUnits >= 0)) throw new RangeError('a gas limit is not negative');
    this.#limit = limitInternalUnits;
  }

  /** Internal units spent so far; the limit after running out. */
  get used(): number {
    return this.#used;
  }

  /** Internal units that may still be spent. */
  get remaining(): number {
    return this.#limit - this.#used;
  }

  /** Gas units spent so far, rounded down. */
  get usedGasUnits(): bigint {
    return BigInt(Math.floor(this.#used / internalUnitsPerGasUnit));
  }

  /** Instructions executed so far, calls of natives twice: a measure of work, not of cost. */
  get instructions(): number {
    return this.#instructions;
  }

  /**
   * Spends `units` internal units.
   * @throws VmHalt OUT_OF_GAS when fewer remain; all of them are then spent
   */
  charge(units: number): void {
    const used = this.#used + units;
    if (used > this.#limit) {
      this.#used = this.#limit;
      throw new VmHalt('OUT_OF_GAS', 'the gas budget is spent');
    }
    this.#used = used;
  }

  /**
   * Spends what `instructions` instructions cost that push, pop and let the stack grow by `growth` abstract bytes.
   * @throws VmHalt OUT_OF_GAS
   */
  step(instructions: number, pushes: number, pops: number, growth: number): void {
    const height = this.#height + pushes;
    if (height > this.#heightTierEnd) [this.#heightCost, this.#heightTierEnd] = tierOf(heightTiers, height);
    if ((this.#instructions += instructions) > this.#instructionTierEnd) {
      [this.#instructionCost, this.#instructionTierEnd] = tierOf(instructionTiers, this.#instructions);
    }
    if ((this.#size += growth) > this.#sizeTierEnd) {
      [this.#sizeCost, this.#sizeTierEnd] = tierOf(sizeTiers, this.#size);
    }
    this.#height = height > pops ? height - pops : 0;
    this.charge(this.#instructionCost * instructions + this.#sizeCost * growth + this.#heightCost * pushes);
  }
}

/** The cost of a unit in the tier of `counter`, and the counter beyond which the next tier starts. */
function tierOf(tiers: Tiers, counter: number): [cost: number, end: number] {
  let index = 0;
  while (counter >= (tiers[index + 1]?.[0] ?? Infinity)) index++;
  return [(tiers[index] ?? tiers[0])[1], tiers[index + 1]?.[0] ?? Infinity];
}
