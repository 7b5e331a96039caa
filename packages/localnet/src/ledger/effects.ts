/**
 * From what a transaction changed to new object versions, tombstones and its effects (`iota-types`: effects_v1,
 * execution). The category of each object follows from (existed before, exists after, id operation).
 */
import { bcs, type BcsType } from '@iota/iota-sdk/bcs';
import { bytesType } from '@wotid/core';
import { encodeEffects, type ObjectChange, type UnchangedShared } from './effects-bcs.ts';
import type { FailureKind } from './failure.ts';
import type { GasSummary } from './gas-charger.ts';
import { digestBytes, typedDigest, ZERO_DIGEST } from './hashing.ts';
import { addressType, withDigest } from './object-bcs.ts';
import { structTagType } from './type-tags.ts';
import type { EmittedEvent, TransactionState } from './tx-state.ts';
import type {
  Address,
  Digest,
  LedgerEvent,
  LedgerObject,
  Owner,
  Tombstone,
  TransactionEffectsValue,
} from './types.ts';

export interface Outcome {
  readonly effects: TransactionEffectsValue;
  readonly effectsBytes: Uint8Array;
  readonly effectsDigest: Digest;
  readonly written: readonly LedgerObject[];
  readonly replaced: readonly LedgerObject[];
  readonly tombstones: readonly Tombstone[];
  readonly events: readonly LedgerEvent[];
}

export interface OutcomeInit {
  readonly digest: Digest;
  readonly sender: Address;
  readonly epoch: bigint;
  readonly timestampMs: bigint;
  readonly gas: GasSummary;
  readonly gasCoin: Address | undefined;
  readonly failure: { readonly kind: FailureKind; readonly command: number | null } | undefined;
}

/** Ends a transaction: gives every written object its version and digest, and builds the effects. */
export function concludeTransaction(state: TransactionState, init: OutcomeInit): Outcome {
  const written = finalizeWrites(state, init.digest);
  const ids = new Set<Address>([...state.created, ...state.deleted, ...state.modified, ...written.keys()]);
  const changed: ObjectChange[] = [];
  const replaced: LedgerObject[] = [];
  const tombstones: Tombstone[] = [];
  let gasObjectIndex: number | null = null;
  for (const id of [...ids].sort()) {
    const before = state.before(id);
    const after = written.get(id);
    const operation = state.created.has(id) ? 'Created' : state.deleted.has(id) ? 'Deleted' : 'None';
    if (id === init.gasCoin) gasObjectIndex = changed.length;
    changed.push({ id, before, after, operation });
    if (before !== undefined) replaced.push(before);
    if (after === undefined && (before !== undefined || operation === 'Deleted')) {
      const kind = operation === 'Deleted' ? 'deleted' : 'wrapped';
      tombstones.push({ kind, id, version: state.lamport, transaction: init.digest });
    }
  }
  const events = state.events.map((event, index) => ledgerEvent(event, index, init));
  const { effects, effectsBytes } = encodeEffects({
    failure: init.failure,
    epoch: init.epoch,
    gas: init.gas,
    digest: init.digest,
    gasObjectIndex,
    eventsDigest: events.length === 0 ? null : eventsDigest(events),
    dependencies: dependencies(state),
    lamport: state.lamport,
    changed,
    unchangedShared: unchangedShared(state, ids),
  });
  return {
    effects,
    effectsBytes,
    effectsDigest: typedDigest('TransactionEffects', effectsBytes),
    written: [...written.values()],
    replaced,
    tombstones,
    events,
  };
}

function finalizeWrites(state: TransactionState, digest: Digest): Map<Address, LedgerObject> {
  const written = new Map<Address, LedgerObject>();
  for (const [id, draft] of state.written) {
    const common = { previousTransaction: digest, storageRebate: state.rebates.get(id) ?? 0n };
    if (draft.kind === 'package') {
      written.set(id, withDigest({ ...draft, ...common, owner: { kind: 'immutable' } }));
    } else {
      const owner = sharedSince(draft.owner, state.before(id), state.lamport);
      written.set(id, withDigest({ ...draft, ...common, owner, version: state.lamport }));
    }
  }
  return written;
}

/** A shared object keeps the version it was first shared at; a new one is shared at this transaction's. */
function sharedSince(owner: Owner, before: LedgerObject | undefined, lamport: bigint): Owner {
  if (owner.kind !== 'shared') return owner;
  return before?.owner.kind === 'shared' ? before.owner : { kind: 'shared', initialSharedVersion: lamport };
}

/** Previous transactions of all inputs, packages too, and of the objects received; sorted, without the zero digest. */
function dependencies(state: TransactionState): Digest[] {
  const digests = new Set<Digest>();
  for (const object of state.inputs.objects.values()) digests.add(object.previousTransaction);
  for (const deleted of state.inputs.deletedShared) digests.add(deleted.transaction);
  for (const ref of state.inputs.receiving) {
    const loaded = state.loaded.get(ref.id);
    if (loaded?.owner.kind === 'address' && loaded.version === ref.version) {
      digests.add(loaded.previousTransaction);
    }
  }
  digests.delete(ZERO_DIGEST);
  return sortDigests(digests);
}

/** In the order of their bytes, as a set of digests serializes. */
function sortDigests(digests: ReadonlySet<Digest>): Digest[] {
  return [...digests].sort((left, right) => Buffer.compare(digestBytes(left), digestBytes(right)));
}

function unchangedShared(state: TransactionState, changed: ReadonlySet<Address>): UnchangedShared[] {
  const { readOnlyShared, deletedShared } = state.inputs;
  return [
    ...readOnlyShared
      .filter(({ id }) => !changed.has(id))
      .map(({ id, version, digest }) => ({ id, kind: 'ReadOnlyRoot' as const, version, digest })),
    ...deletedShared.map(({ id, version, mutable }) => ({
      id,
      kind: mutable ? ('MutateDeleted' as const) : ('ReadDeleted' as const),
      version,
    })),
  ];
}

function ledgerEvent(event: EmittedEvent, index: number, init: OutcomeInit): LedgerEvent {
  return {
    txDigest: init.digest,
    eventSeq: index,
    packageId: event.packageId,
    transactionModule: event.module,
    sender: init.sender,
    type: event.type,
    contents: event.contents,
    timestampMs: init.timestampMs,
  };
}

type EventValue = Omit<LedgerEvent, 'txDigest' | 'eventSeq' | 'timestampMs'>;

const eventType = bcs.struct('Event', {
  packageId: addressType,
  transactionModule: bcs.string(),
  sender: addressType,
  type: structTagType,
  contents: bytesType,
});
/** BCS of a transaction's events. */
export const eventsType: BcsType<EventValue[], Iterable<EventValue>> = bcs.vector(eventType) as never;

/** H("TransactionEvents::" || BCS of the events). */
export function eventsDigest(events: readonly EventValue[]): Digest {
  return typedDigest('TransactionEvents', eventsType.serialize(events).toBytes());
}
