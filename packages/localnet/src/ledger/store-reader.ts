/** The half of a ledger that only looks at its store. */
import { Store } from './store.ts';
import type {
  Address,
  Checkpoint,
  Digest,
  ExecutedTransaction,
  LedgerObject,
  MoveObject,
  Tombstone,
} from './types.ts';

export abstract class StoreReader {
  protected readonly store: Store = new Store();

  get epoch(): bigint {
    return BigInt(this.store.epochEnds.length);
  }

  get epochStartMs(): bigint {
    return (this.store.epochEnds.at(-1) ?? this.store.getCheckpoint(0n))?.timestampMs ?? 0n;
  }

  get epochEnds(): readonly Checkpoint[] {
    return this.store.epochEnds;
  }

  stateRoot(): string {
    return this.store.stateRoot();
  }

  getObject(id: Address): LedgerObject | Tombstone | undefined {
    return this.store.get(id);
  }

  getObjectAt(id: Address, version: bigint): LedgerObject | Tombstone | undefined {
    return this.store.getAt(id, version);
  }

  ownedBy(address: Address, afterId?: Address): Iterable<MoveObject> {
    return this.store.ownedBy(address, afterId);
  }

  childrenOf(parent: Address, afterId?: Address): Iterable<MoveObject> {
    return this.store.childrenOf(parent, afterId);
  }

  getTransaction(digest: Digest): ExecutedTransaction | undefined {
    return this.store.getTransaction(digest);
  }

  getTransactionAt(sequence: bigint): ExecutedTransaction | undefined {
    return this.store.getTransactionAt(sequence);
  }

  get transactionCount(): bigint {
    return this.store.transactionCount;
  }

  getCheckpoint(sequence: bigint): Checkpoint | undefined {
    return this.store.getCheckpoint(sequence);
  }

  getCheckpointByDigest(digest: Digest): Checkpoint | undefined {
    return this.store.getCheckpointByDigest(digest);
  }

  get latestCheckpoint(): bigint {
    return this.store.checkpointCount - 1n;
  }
}
