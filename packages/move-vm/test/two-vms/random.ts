/** Repeatable choices: xorshift32. */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to `below` - 1. */
  below(below: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % below;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  of<T>(options: readonly T[]): T {
    return options[this.below(options.length)] as T;
  }

  /** Uniform in [0, 2^bits). */
  bits(bits: number): bigint {
    let value = 0n;
    for (let i = 0; i < bits; i += 8) value = (value << 8n) | BigInt(this.below(256));
    return value & ((1n << BigInt(bits)) - 1n);
  }
}
