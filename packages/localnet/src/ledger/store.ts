/**
 * The committed state: objects with all their versions, owners, the log and the checkpoints. Knows nothing of
 * execution or of transaction rules; everything enters through {@link Store.commit}, which cannot fail half-way: it
 * checks, then writes to the journal (which does all or nothing), then to memory, where nothing can fail any more.
 */
import { u64le } from '@wotid/core';
import { LedgerError } from './errors.ts';
import { addressBytes, blake2b256, digestBytes } from './hashing.ts';
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

/** Where commits are kept beyond the life of the process. */
export interface Journal {
  /** Keeps a checkpoint with its transactions, wholly or not at all. */
  append(transactions: readonly CommittedTransaction[], checkpoint: Checkpoint): void;
  /** Forgets all but the first `checkpoints`, wholly or not at all. */
  truncate(checkpoints: bigint): void;
  close(): void;
}

/**
 * The objects a transaction took out of another object's address, in the versions it found: its Receiving inputs
 * whose very version it replaced.
 */
export function receivedBy({
  data,
  effects,
}: Pick<ExecutedTransaction, 'data' | 'effects'>): CommittedTransaction['received'] {
  const inputs = data.V1.kind.ProgrammableTransaction?.inputs ?? [];
  const tickets = inputs.flatMap((input) => input.Object?.Receiving ?? []);
  if (tickets.length === 0) return [];
  const changed = new Map(effects.V1.changedObjects);
  return tickets
    .filter(({ objectId, version }) => {
      const before = changed.get(objectId)?.inputState.Exist;
      return before !== undefined && BigInt(before[0][0]) === BigInt(version);
    })
    .map(({ objectId, version }) => ({ id: objectId, version: BigInt(version) }));
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
  readonly #epochEnds: Checkpoint[] = [];
  #journal: Journal | undefined;

  /** From now on, commits go to the journal too. */
  set journal(journal: Journal | undefined) {
    this.#journal = journal;
  }

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

  /** The last checkpoint of each epoch that has ended, ascending. */
  get epochEnds(): readonly Checkpoint[] {
    return this.#epochEnds;
  }

  /** BLAKE2b-256 over id, version (u64) and digest of every live object, in ascending order of ids; hex. */
  stateRoot(): string {
    const parts: Uint8Array[] = [];
    for (const id of [...this.#versions.keys()].sort()) {
      const object = this.live(id);
      if (object !== undefined)
        parts.push(addressBytes(id), u64le(object.version), digestBytes(object.digest));
    }
    return blake2b256(...parts).toHex();
  }

  /**
   * Appends a checkpoint with its transactions.
   * @throws LedgerError `INTERNAL` when a version would not grow
   * @throws DatabaseError when the journal cannot keep it; nothing was written in either case
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
    this.#journal?.append(transactions, checkpoint);
    for (const { transaction, tombstones, received } of transactions) {
      for (const { id, version } of received) this.#received.add(receivedKey(id, version));
      for (const object of transaction.written) this.#put(object);
      for (const tombstone of tombstones) this.#put(tombstone);
      this.#byDigest.set(transaction.digest, transaction);
      this.#log.push(transaction);
    }
    this.#checkpoints.push(checkpoint);
    this.#checkpointByDigest.set(checkpoint.digest, checkpoint);
    if (checkpoint.endsEpoch) this.#epochEnds.push(checkpoint);
  }

  /** Takes back all but the first `checkpoints` checkpoints. */
  truncate(checkpoints: bigint): void {
    this.#journal?.truncate(checkpoints);
    while (this.#checkpoints.length > Number(checkpoints)) {
      const checkpoint = this.#checkpoints.pop() as Checkpoint;
      this.#checkpointByDigest.delete(checkpoint.digest);
      if (checkpoint.endsEpoch) this.#epochEnds.pop();
      for (let count = checkpoint.transactions.length; count > 0; count--) {
        this.#undo(this.#log.pop() as ExecutedTransaction);
      }
    }
  }

  #undo(transaction: ExecutedTransaction): void {
    this.#byDigest.delete(transaction.digest);
    for (const { id, version } of receivedBy(transaction)) this.#received.delete(receivedKey(id, version));
    for (const [id] of transaction.effects.V1.changedObjects) {
      const versions = this.#versions.get(id);
      const entry = versions?.at(-1);
      // An object that came and went within the transaction has left no version.
      if (versions === undefined || entry === undefined || writerOf(entry) !== transaction.digest) continue;
      versions.pop();
      if (versions.length === 0) this.#versions.delete(id);
      this.#index(entry, 'delete');
      this.#index(versions.at(-1), 'add');
    }
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

function writerOf(entry: Entry): Digest {
  return isLive(entry) ? entry.previousTransaction : entry.transaction;
}

function receivedKey(id: Address, version: bigint): string {
  return `${id} ${version}`;
}
