/**
 * What one transaction has changed so far, on top of the committed state. Everything here is thrown away when the
 * transaction is refused; a failing transaction drops its writes and keeps its inputs.
 */
import { meteredSize } from './object-bcs.ts';
import type { LoadedInputs } from './input-check.ts';
import type { Address, LedgerObject, MoveObject, Owner, PackageObject, StructTag } from './types.ts';

/** An object about to be written: version, previous transaction and digest come when the transaction ends. */
export type Draft = MoveDraft | PackageDraft;

export interface MoveDraft {
  readonly kind: 'move';
  readonly id: Address;
  readonly type: StructTag;
  readonly contents: Uint8Array;
  /** The initial version of a freshly shared object is filled in at the end. */
  readonly owner: Owner;
}

export type PackageDraft = Pick<
  PackageObject,
  'kind' | 'id' | 'version' | 'originalId' | 'modules' | 'typeOrigins' | 'linkage'
>;

export interface EmittedEvent {
  /** Module that the transaction's command named, by its runtime address. */
  readonly packageId: Address;
  readonly module: string;
  readonly type: StructTag;
  readonly contents: Uint8Array;
}

/** What running the commands led to. */
export interface ExecutionWrites {
  readonly written: ReadonlyMap<Address, Draft>;
  readonly modified: ReadonlySet<Address>;
  readonly created: ReadonlySet<Address>;
  readonly deleted: ReadonlySet<Address>;
  readonly events: readonly EmittedEvent[];
}

export class TransactionState {
  readonly inputs: LoadedInputs;
  readonly lamport: bigint;
  readonly written: Map<Address, Draft> = new Map();
  /** Objects that existed before and are changed, wrapped or deleted. */
  readonly modified: Set<Address> = new Set();
  readonly created: Set<Address> = new Set();
  readonly deleted: Set<Address> = new Set();
  events: readonly EmittedEvent[] = [];
  /** Children and received objects that the execution loaded, in the version it found. */
  readonly loaded: Map<Address, MoveObject> = new Map();
  /** NANOS that each written object stores as its rebate. */
  readonly rebates: Map<Address, bigint> = new Map();

  constructor(inputs: LoadedInputs) {
    this.inputs = inputs;
    let highest = 0n;
    for (const object of inputs.objects.values()) {
      if (object.kind === 'move' && object.version > highest) highest = object.version;
    }
    for (const { version } of inputs.deletedShared) if (version > highest) highest = version;
    for (const { version } of inputs.receiving) if (version > highest) highest = version;
    this.lamport = highest + 1n;
  }

  record(writes: ExecutionWrites): void {
    for (const [id, draft] of writes.written) this.written.set(id, draft);
    for (const id of writes.modified) this.modified.add(id);
    for (const id of writes.created) this.created.add(id);
    for (const id of writes.deleted) this.deleted.add(id);
    this.events = [...this.events, ...writes.events];
  }

  dropWrites(): void {
    this.written.clear();
    this.modified.clear();
    this.created.clear();
    this.deleted.clear();
    this.rebates.clear();
    this.events = [];
  }

  /** The input as it stands now in this transaction. */
  current(id: Address): Draft | undefined {
    const input = this.inputs.objects.get(id);
    return this.written.get(id) ?? (input === undefined ? undefined : toDraft(input));
  }

  write(draft: MoveDraft): void {
    this.modified.add(draft.id);
    this.written.set(draft.id, draft);
  }

  deleteInput(id: Address): void {
    this.modified.add(id);
    this.deleted.add(id);
  }

  /** Every mutable input gets a new version, touched or not. */
  touchMutableInputs(): void {
    for (const [id, object] of this.inputs.mutable) {
      if (!this.modified.has(id)) this.write(toMoveDraft(object));
    }
  }

  /** The version of an object that this transaction replaces; undefined when it did not exist or is not modified. */
  before(id: Address): LedgerObject | undefined {
    if (!this.modified.has(id)) return undefined;
    return this.inputs.mutable.get(id) ?? this.loaded.get(id);
  }

  writtenBytes(): number {
    let total = 0;
    for (const draft of this.written.values()) total += meteredSize(draft);
    return total;
  }
}

export function toMoveDraft(object: MoveObject): MoveDraft {
  const { kind, id, type, contents, owner } = object;
  return { kind, id, type, contents, owner };
}

export function toDraft(object: LedgerObject): Draft {
  if (object.kind === 'move') return toMoveDraft(object);
  const { kind, id, version, originalId, modules, typeOrigins, linkage } = object;
  return { kind, id, version, originalId, modules, typeOrigins, linkage };
}
