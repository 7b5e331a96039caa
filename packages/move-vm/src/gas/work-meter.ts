import { VmHalt } from '../errors.ts';

/**
 * Work that one transaction may ask for. A unit takes about 2.5 ns and stands for at most a byte of memory, so that the
 * worst transaction ends after two or three seconds and within a gigabyte. Instructions are not counted: gas lets a
 * transaction run about 14 million of them, half a second.
 */
export const maxWork: number = 800_000_000;

/** What things take, in units of work, as measured; things that are made count by the memory they take. */
export const workOf: Readonly<
  Record<
    | 'byte'
    | 'part'
    | 'container'
    | 'byteVector'
    | 'searchedByte'
    | 'hashedByte'
    | 'hash'
    | 'signature'
    | 'typePart'
    | 'link'
    | 'moduleByte',
    number
  >
> = Object.freeze({
  /** A byte that is copied or compared. */
  byte: 1,
  /** A value that is looked at or copied inside another one. */
  part: 8,
  /** Another vector, a struct or an enum value that is made. */
  container: 96,
  /** A `vector<u8>` that is made: its bytes are an object of their own. */
  byteVector: 256,
  /** A byte of a text that is searched. */
  searchedByte: 2,
  /** A byte that is hashed, and what each hash takes besides. */
  hashedByte: 8,
  hash: 1_600,
  /** A signature that is checked, or a point that is decompressed. */
  signature: 400_000,
  /** A part of a type that is resolved, put in or named. */
  typePart: 160,
  /** An instruction that names a function or a type, when its function is first called with new type arguments. */
  link: 400,
  /** A byte of a package that is used for the first time: it may have to be decoded and type-checked. */
  moduleByte: 40,
});

/** Thrown by {@link WorkMeter}: the one halt that natives and the host's encoders never turn into something else. */
export class WorkHalt extends VmHalt {}

/**
 * Counts work that gas does not measure, and stops the transaction at the limit. A node does without: it compares
 * vectors, hashes and checks signatures so much faster that the gas budget bounds its time well enough. Here the same
 * transaction would keep the process from answering anybody. The count follows from the transaction and the state
 * alone, never from time or from what happens to be cached, so that a replay ends the same way.
 */
export class WorkMeter {
  readonly #limit: number;
  #used = 0;

  /** @param limit units, `Infinity` for what is not a user's */
  constructor(limit: number) {
    if (!(limit >= 0)) throw new RangeError('a limit of work is not negative');
    this.#limit = limit;
  }

  /** Units spent so far. */
  get used(): number {
    return this.#used;
  }

  /**
   * Spends `units`, before the work is done where its size is known.
   * @throws VmHalt MEMORY_LIMIT_EXCEEDED beyond the limit
   */
  spend(units: number): void {
    this.#used += units;
    if (this.#used > this.#limit) {
      throw new WorkHalt(
        'MEMORY_LIMIT_EXCEEDED',
        `the embedded network does at most ${this.#limit} units of work in a transaction; a node has no such limit`,
      );
    }
  }
}

/** Pays for what no transaction asked for. */
export const freeWork: WorkMeter = new WorkMeter(Infinity);
