import type { Address } from './types.ts';

/** A set of ids in ascending order, whose iteration survives changes made while it runs. */
export class SortedIds {
  readonly #ids: Address[] = [];

  get size(): number {
    return this.#ids.length;
  }

  add(id: Address): void {
    const at = this.#position(id);
    if (this.#ids[at] !== id) this.#ids.splice(at, 0, id);
  }

  delete(id: Address): void {
    const at = this.#position(id);
    if (this.#ids[at] === id) this.#ids.splice(at, 1);
  }

  /** The smallest id greater than `after`, or the smallest of all. */
  next(after: Address | undefined): Address | undefined {
    if (after === undefined) return this.#ids[0];
    const at = this.#position(after);
    return this.#ids[at] === after ? this.#ids[at + 1] : this.#ids[at];
  }

  /** Index of the first id that is not smaller. */
  #position(id: Address): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as Address) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
