/**
 * What Move code does to objects during one transaction: ids made and deleted, transfers, dynamic fields, received
 * objects, events. The natives write here; the executor reads the result at the end. Semantics of
 * `iota-move-natives`: object_runtime.
 */
import {
  VmHalt,
  StructValue,
  ValueSlot,
  type NativeContext,
  type Session,
  type Type,
  type Value,
} from '@wotid/move-vm';
import type { ObjectSource } from './input-check.ts';
import { ExecutionFailure } from './failure.ts';
import {
  MAX_CHILD_OBJECTS,
  MAX_DELETED_IDS,
  MAX_EVENT_BYTES,
  MAX_EVENTS,
  MAX_EVENTS_TOTAL_BYTES,
  MAX_NEW_IDS,
  MAX_TRANSFERRED_IDS,
  isSystemObject,
} from './protocol.ts';
import { sameStructTag } from './type-tags.ts';
import type { Address, MoveObject, Owner, StructTag } from './types.ts';

export interface Transfer {
  readonly owner: Owner;
  readonly type: Type;
  readonly value: Value;
}

export interface RuntimeEvent {
  readonly type: StructTag;
  readonly contents: Uint8Array;
}

/** A dynamic field or dynamic object as the transaction sees it. */
interface Child {
  readonly parent: Address;
  readonly type: Type;
  readonly tag: StructTag;
  readonly slot: ValueSlot;
  /** The stored version it was loaded from; undefined when it came into being as a child here. */
  readonly stored: MoveObject | undefined;
  /** It was put in by this transaction, even if it had been there before. */
  readonly added: boolean;
}

/** Result of looking for a child of a certain type. */
export type ChildLookup = ValueSlot | 'missing' | 'type mismatch';

/** What natives tell of the transaction they run in. */
export interface TransactionFacts {
  /** `TxContext` as Move code sees it; `ids_created` grows in it. */
  readonly txContext: ValueSlot;
  /** Who pays instead of the sender. */
  readonly sponsor: Address | undefined;
  readonly gasPrice: bigint;
  readonly gasBudget: bigint;
}

export interface RuntimeResults {
  readonly writes: ReadonlyMap<Address, Transfer>;
  readonly loaded: ReadonlyMap<Address, MoveObject>;
  /** Loaded objects that are changed, moved away or deleted. */
  readonly modified: ReadonlySet<Address>;
  readonly created: ReadonlySet<Address>;
  readonly deleted: ReadonlySet<Address>;
}

/** The id of an object value: its first field is `UID { id: ID { bytes } }`. */
export function objectIdOf(value: Value): Address {
  return innerAddress(value, 3);
}

/** The address at depth `depth` of first fields: 2 for a UID, 1 for an ID, 3 for an object. */
export function innerAddress(value: Value, depth: number): Address {
  let current: Value | undefined = value;
  for (let level = 0; level < depth; level++) {
    current = current instanceof StructValue ? current.fields[0] : undefined;
  }
  if (typeof current !== 'string') throw new TypeError('the value has no object id');
  return current;
}

export class ObjectRuntime {
  readonly #source: ObjectSource;
  readonly #inputOwners: ReadonlyMap<Address, Owner>;
  readonly #newIds: Set<Address> = new Set();
  readonly #deletedIds: Set<Address> = new Set();
  readonly #transfers: Map<Address, Transfer> = new Map();
  readonly #children: Map<Address, Child> = new Map();
  /** Stored objects looked up as children; undefined where there was none. */
  readonly #fetched: Map<Address, MoveObject | undefined> = new Map();
  readonly #received: Map<Address, MoveObject> = new Map();
  #events: RuntimeEvent[] = [];
  #eventCount = 0;
  #eventBytes = 0;
  /** Set before the first command runs. */
  transaction: TransactionFacts | undefined;

  constructor(source: ObjectSource, inputOwners: ReadonlyMap<Address, Owner>) {
    this.#source = source;
    this.#inputOwners = inputOwners;
  }

  newId(id: Address): void {
    if (this.#newIds.size >= MAX_NEW_IDS) limit(`Creating more than ${MAX_NEW_IDS} IDs is not allowed`);
    if (!this.#deletedIds.delete(id)) this.#newIds.add(id);
  }

  deleteId(id: Address): void {
    if (this.#deletedIds.size >= MAX_DELETED_IDS) {
      limit(`Deleting more than ${MAX_DELETED_IDS} IDs is not allowed`);
    }
    if (!this.#newIds.delete(id)) this.#deletedIds.add(id);
  }

  /**
   * Gives an object to a new owner.
   * @returns whether the object was made here or stays with its kind of owner; only then it may be shared
   */
  transfer(owner: Owner, type: Type, value: Value): boolean {
    const id = objectIdOf(value);
    const isNew = this.#newIds.has(id);
    const previous = this.#inputOwners.get(id);
    if (this.#transfers.size >= MAX_TRANSFERRED_IDS) {
      limit(`Transferring more than ${MAX_TRANSFERRED_IDS} IDs is not allowed`);
    }
    this.#transfers.set(id, { owner, type, value });
    return isNew || isSystemObject(id) || (previous !== undefined && sameOwner(previous, owner));
  }

  /** @param size abstract size by which the limits count */
  emit(event: RuntimeEvent, size: number): void {
    if (size > MAX_EVENT_BYTES) {
      limit(`Emitting event of size ${size} bytes. Limit is ${MAX_EVENT_BYTES} bytes.`);
    }
    this.#eventBytes += size;
    if (this.#eventBytes > MAX_EVENTS_TOTAL_BYTES) {
      limit(
        `Reached total event size of size ${this.#eventBytes} bytes. Limit is ${MAX_EVENTS_TOTAL_BYTES} bytes.`,
      );
    }
    this.#eventCount += 1;
    if (this.#eventCount > MAX_EVENTS) limit(`Emitting more than ${MAX_EVENTS} events is not allowed`);
    this.#events.push(event);
  }

  /** The events since the last call. */
  takeEvents(): readonly RuntimeEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  hasChild(parent: Address, child: Address): boolean {
    const known = this.#children.get(child);
    return known === undefined ? this.#fetch(parent, child) !== undefined : known.slot.isFilled;
  }

  hasChildOfType(parent: Address, child: Address, tag: StructTag): boolean {
    const known = this.#children.get(child);
    if (known !== undefined) return known.slot.isFilled && sameStructTag(known.tag, tag);
    const stored = this.#fetch(parent, child);
    return stored !== undefined && sameStructTag(stored.type, tag);
  }

  /** The place that holds a child; empty when the child was taken out. */
  child(session: Session, parent: Address, child: Address, type: Type, tag: StructTag): ChildLookup {
    const known = this.#children.get(child);
    if (known !== undefined) {
      if (!sameStructTag(known.tag, tag)) return 'type mismatch';
      return known.slot.isFilled ? known.slot : 'missing';
    }
    const stored = this.#fetch(parent, child);
    if (stored === undefined) return 'missing';
    if (!sameStructTag(stored.type, tag)) return 'type mismatch';
    const value = session.decodeValue(type, stored.contents);
    if (value === undefined) invariant(`child ${child} does not decode as its type`);
    this.#checkChildCount();
    const slot = new ValueSlot(value);
    this.#children.set(child, { parent, type, tag, slot, stored, added: false });
    return slot;
  }

  addChild(parent: Address, type: Type, tag: StructTag, value: Value): void {
    const id = objectIdOf(value);
    this.#checkChildCount();
    const known = this.#children.get(id);
    if (known?.slot.isFilled === true) invariant(`child ${id} is added twice`);
    const slot = new ValueSlot(value);
    this.#children.set(id, { parent, type, tag, slot, stored: known?.stored, added: true });
  }

  /** Takes the object out of the address of `parent`. */
  receive(
    session: Session,
    parent: Address,
    id: Address,
    version: bigint,
    type: Type,
    tag: StructTag,
  ): Value | 'unable' | 'type mismatch' {
    const object = this.#source.get(id);
    if (
      object?.kind !== 'move' ||
      object.version !== version ||
      object.owner.kind !== 'address' ||
      object.owner.address !== parent ||
      this.#source.wasReceived(id, version)
    ) {
      return 'unable';
    }
    if (this.#received.has(id)) invariant(`${id} is received twice`);
    this.#received.set(id, object);
    if (!sameStructTag(object.type, tag)) return 'type mismatch';
    const value = session.decodeValue(type, object.contents);
    if (value === undefined) invariant(`received object ${id} does not decode as its type`);
    return value;
  }

  /** Objects loaded so far, also when the transaction fails: they count for its dependencies. */
  loaded(): Map<Address, MoveObject> {
    const loaded = new Map(this.#received);
    for (const [id, object] of this.#fetched) if (object !== undefined) loaded.set(id, object);
    return loaded;
  }

  /** @throws ExecutionFailure `CircularObjectOwnership` */
  finish(session: Session): RuntimeResults {
    const modified = new Set<Address>(this.#received.keys());
    const loaded = this.loaded();
    for (const [id, child] of this.#children) {
      if (!child.slot.isFilled) {
        if (child.stored !== undefined) modified.add(id);
        continue;
      }
      const value = child.slot.peek();
      if (isUnchanged(session, child, value)) continue;
      if (loaded.has(id)) modified.add(id);
      this.#transfers.set(id, {
        owner: { kind: 'object', parent: child.parent },
        type: child.type,
        value,
      });
    }
    checkCircles(this.#transfers);
    for (const id of this.#transfers.keys()) if (loaded.has(id)) modified.add(id);
    for (const id of this.#deletedIds) if (loaded.has(id)) modified.add(id);
    return {
      writes: this.#transfers,
      loaded,
      modified,
      created: this.#newIds,
      deleted: this.#deletedIds,
    };
  }

  /** The stored object with this id if it is a child of `parent`. */
  #fetch(parent: Address, child: Address): MoveObject | undefined {
    if (this.#fetched.has(child)) return this.#fetched.get(child);
    if (this.#fetched.size >= MAX_CHILD_OBJECTS) {
      limit(`Object runtime cached objects limit (${MAX_CHILD_OBJECTS} entries) reached`);
    }
    const entry = this.#source.get(child);
    const object = entry?.kind === 'move' ? entry : undefined;
    if (object !== undefined && (object.owner.kind !== 'object' || object.owner.parent !== parent)) {
      invariant(`${child} is not a child of ${parent}`);
    }
    this.#fetched.set(child, object);
    return object;
  }

  #checkChildCount(): void {
    if (this.#children.size >= MAX_CHILD_OBJECTS) {
      limit(`Object runtime store limit (${MAX_CHILD_OBJECTS} entries) reached`);
    }
  }
}

/** A child that was only read keeps its version; one that was written to does not, even with what it was. */
function isUnchanged(session: Session, child: Child, value: Value): boolean {
  const { stored, added } = child;
  return (
    !added &&
    stored !== undefined &&
    !session.wasWritten(value) &&
    Buffer.compare(session.encodeValue(child.type, value), stored.contents) === 0
  );
}

function sameOwner(left: Owner, right: Owner): boolean {
  if (left.kind === 'address') return right.kind === 'address' && left.address === right.address;
  if (left.kind === 'object') return right.kind === 'object' && left.parent === right.parent;
  return left.kind === right.kind;
}

function checkCircles(transfers: ReadonlyMap<Address, Transfer>): void {
  for (const [id, { owner }] of transfers) {
    let current = owner;
    const seen = new Set<Address>();
    while (current.kind === 'object' && !seen.has(current.parent)) {
      if (current.parent === id) throw new ExecutionFailure({ CircularObjectOwnership: { object: id } });
      seen.add(current.parent);
      const next = transfers.get(current.parent);
      if (next === undefined) break;
      current = next.owner;
    }
  }
}

function limit(message: string): never {
  throw new VmHalt('MEMORY_LIMIT_EXCEEDED', message);
}

function invariant(message: string): never {
  throw new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', message);
}

/** The runtime of the transaction that a native is called in. */
export function runtimeOf(context: NativeContext): ObjectRuntime {
  if (!(context.extensions instanceof ObjectRuntime)) invariant('no object runtime in this session');
  return context.extensions;
}
