/**
 * The committed state: objects with all their versions, owners, the log and the checkpoints. Knows nothing of
 * execution or of transaction rules; everything enters through {@link Store.commit}, which cannot fail half-way.
 */
import { LedgerError } from './errors.ts';
import { SortedIds } from './sorted-ids.ts';
import type {
  Address,
  Checkpoint,
  Digest,
  ExecutedTransaction,
  LedgerObject,
  MoveObject,
  Tombstone,
} from './types.ts';

export type Entry = LedgerObject | Tombstone;

/** One transaction with what it leaves behind. */
export interface CommittedTransaction {
  readonly transaction: ExecutedTransaction;
  readonly tombstones: readonly Tombstone[];
  /** Objects taken out of another object's address; that version of them can never be received again. */
  readonly received: readonly { readonly id: Address; readonly version: bigint }[];
}

export function isLive(entry: Entry | undefined): entry is LedgerObject {
  return entry !== undefined && (entry.kind === 'move' || entry.kind === 'package');
}

export class Store {
  /** All versions of each id, ascending; the last one is current. */
  readonly #versions = new Map<Address, Entry[]>();
  readonly #byAddress = new Map<Address, SortedIds>();
  readonly #byParent = new Map<Address, SortedIds>();
  readonly #byDigest = new Map<Digest, ExecutedTransaction>();
  readonly #log: ExecutedTransaction[] = [];
  readonly #checkpoints: Checkpoint[] = [];
  readonly #checkpointByDigest = new Map<Digest, Checkpoint>();
  readonly #received = new Set<string>();

  get(id: Address): Entry | undefined {
    return this.#versions.get(id)?.at(-1);
  }

  /** The object if it exists now. */
  live(id: Address): LedgerObject | undefined {
    const entry = this.get(id);
    return isLive(entry) ? entry : undefined;
  }

  getAt(id: Address, version: bigint): Entry | undefined {
    const versions = this.#versions.get(id);
    if (versions === undefined) return undefined;
    let low = 0;
    let high = versions.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const entry = versions[middle] as Entry;
      if (entry.version === version) return entry;
      if (entry.version < version) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** True when this version of the object was received before. */
  wasReceived(id: Address, version: bigint): boolean {
    return this.#received.has(receivedKey(id, version));
  }

  ownedBy(address: Address, afterId?: Address): Iterable<MoveObject> {
    return this.#iterate(this.#byAddress, address, afterId);
  }

  childrenOf(parent: Address, afterId?: Address): Iterable<MoveObject> {
    return this.#iterate(this.#byParent, parent, afterId);
  }

  getTransaction(digest: Digest): ExecutedTransaction | undefined {
    return this.#byDigest.get(digest);
  }

  getTransactionAt(sequence: bigint): ExecutedTransaction | undefined {
    return this.#log[Number(sequence)];
  }

  get transactionCount(): bigint {
    return BigInt(this.#log.length);
  }

  getCheckpoint(sequence: bigint): Checkpoint | undefined {
    return this.#checkpoints[Number(sequence)];
  }

  getCheckpointByDigest(digest: Digest): Checkpoint | undefined {
    return this.#checkpointByDigest.get(digest);
  }

  get checkpointCount(): bigint {
    return BigInt(this.#checkpoints.length);
  }

  /**
   * Appends a checkpoint with its transactions.
   * @throws LedgerError `INTERNAL` when a version would not grow; nothing was written then
   */
  commit(transactions: readonly CommittedTransaction[], checkpoint: Checkpoint): void {
    for (const { transaction, tombstones } of transactions) {
      for (const entry of [...transaction.written, ...tombstones]) {
        const current = this.get(entry.id);
        if (current !== undefined && current.version >= entry.version) {
          throw new LedgerError('INTERNAL', `object ${entry.id} would go back to version ${entry.version}`);
        }
      }
    }
    for (const { transaction, tombstones, received } of transactions) {
      for (const { id, version } of received) this.#received.add(receivedKey(id, version));
      for (const object of transaction.written) this.#put(object);
      for (const tombstone of tombstones) this.#put(tombstone);
      this.#byDigest.set(transaction.digest, transaction);
      this.#log.push(transaction);
    }
    this.#checkpoints.push(checkpoint);
    this.#checkpointByDigest.set(checkpoint.digest, checkpoint);
  }

  #put(entry: Entry): void {
    const versions = this.#versions.get(entry.id);
    const previous = versions?.at(-1);
    if (versions === undefined) this.#versions.set(entry.id, [entry]);
    else versions.push(entry);
    this.#index(previous, 'delete');
    this.#index(entry, 'add');
  }

  #index(entry: Entry | undefined, change: 'add' | 'delete'): void {
    if (entry?.kind !== 'move') return;
    const { owner } = entry;
    if (owner.kind !== 'address' && owner.kind !== 'object') return;
    const index = owner.kind === 'address' ? this.#byAddress : this.#byParent;
    const key = owner.kind === 'address' ? owner.address : owner.parent;
    const ids = index.get(key);
    if (ids !== undefined) {
      ids[change](entry.id);
      if (ids.size === 0) index.delete(key);
    } else if (change === 'add') {
      const fresh = new SortedIds();
      fresh.add(entry.id);
      index.set(key, fresh);
    }
  }

  *#iterate(index: Map<Address, SortedIds>, key: Address, afterId?: Address): Generator<MoveObject> {
    let id = index.get(key)?.next(afterId);
    while (id !== undefined) {
      const entry = this.get(id);
      if (entry?.kind === 'move') yield entry;
      id = index.get(key)?.next(id);
    }
  }
}

function receivedKey(id: Address, version: bigint): string {
  return `${id} ${version}`;
}
