/** Transaction effects as JSON, from their BCS value. Source: iota-types, effects_v1; iota-json-rpc-types. */
import { DELETED_DIGEST, WRAPPED_DIGEST, ZERO_DIGEST } from '../ledger/hashing.ts';
import { ZERO_ADDRESS } from '../ledger/protocol.ts';
import type { Address, Digest, Owner, TransactionEffectsValue } from '../ledger/types.ts';
import type { JsonObject } from './json.ts';
import { objectRefJson, ownerJson } from './object-json.ts';

/** An object that a transaction left behind in a new version. */
export interface Written {
  readonly id: Address;
  readonly version: bigint;
  readonly digest: Digest;
  readonly owner: Owner;
}

/** The changes of a transaction, sorted as effects sort them: by id within each list. */
export interface ClassifiedEffects {
  readonly created: readonly Written[];
  readonly mutated: readonly Written[];
  readonly unwrapped: readonly Written[];
  readonly deleted: readonly Address[];
  readonly wrapped: readonly Address[];
  readonly unwrappedThenDeleted: readonly Address[];
  readonly gasObject: Written | undefined;
  readonly lamportVersion: bigint;
  readonly modifiedAt: ReadonlyMap<Address, bigint>;
  readonly sharedInputs: readonly {
    readonly id: Address;
    readonly version: bigint;
    readonly digest: Digest;
  }[];
}

type EffectsOwner = Parameters<typeof ownerOf>[0];

function ownerOf(owner: {
  AddressOwner?: string | undefined;
  ObjectOwner?: string | undefined;
  Shared?: { initialSharedVersion: string } | undefined;
}): Owner {
  if (owner.AddressOwner !== undefined) return { kind: 'address', address: owner.AddressOwner };
  if (owner.ObjectOwner !== undefined) return { kind: 'object', parent: owner.ObjectOwner };
  if (owner.Shared !== undefined) {
    return { kind: 'shared', initialSharedVersion: BigInt(owner.Shared.initialSharedVersion) };
  }
  return { kind: 'immutable' };
}

/** Sorts the changed objects into the lists that nodes print. */
export function classifyEffects(value: TransactionEffectsValue): ClassifiedEffects {
  const effects = value.V1;
  const lamportVersion = BigInt(effects.lamportVersion);
  const lists = {
    created: [] as Written[],
    mutated: [] as Written[],
    unwrapped: [] as Written[],
    deleted: [] as Address[],
    wrapped: [] as Address[],
    unwrappedThenDeleted: [] as Address[],
  };
  const modifiedAt = new Map<Address, bigint>();
  const sharedInputs: { id: Address; version: bigint; digest: Digest }[] = [];
  const outputs: (Written | undefined)[] = [];

  for (const [id, change] of effects.changedObjects) {
    const before = change.inputState.Exist;
    const after = change.outputState;
    const { $kind: operation } = change.idOperation;
    if (before !== undefined) {
      const [[version, digest], owner] = before;
      modifiedAt.set(id, BigInt(version));
      if (owner.Shared !== undefined) sharedInputs.push({ id, version: BigInt(version), digest });
    }
    let written: Written | undefined;
    if (after.ObjectWrite !== undefined) {
      const [digest, owner] = after.ObjectWrite;
      written = { id, version: lamportVersion, digest, owner: ownerOf(owner as EffectsOwner) };
    } else if (after.PackageWrite !== undefined) {
      const [version, digest] = after.PackageWrite;
      written = { id, version: BigInt(version), digest, owner: { kind: 'immutable' } };
    }
    outputs.push(written);
    if (written !== undefined) {
      const list = before !== undefined ? 'mutated' : operation === 'Created' ? 'created' : 'unwrapped';
      lists[list].push(written);
    } else if (before !== undefined) {
      lists[operation === 'Deleted' ? 'deleted' : 'wrapped'].push(id);
    } else if (operation === 'Deleted') {
      lists.unwrappedThenDeleted.push(id);
    }
  }
  for (const [id, kind] of effects.unchangedSharedObjects) {
    if (kind.ReadOnlyRoot !== undefined) {
      const [version, digest] = kind.ReadOnlyRoot;
      sharedInputs.push({ id, version: BigInt(version), digest });
    } else {
      const version = kind.MutateDeleted ?? kind.ReadDeleted;
      if (version !== undefined) sharedInputs.push({ id, version: BigInt(version), digest: DELETED_DIGEST });
    }
  }
  const { gasObjectIndex } = effects;
  return {
    ...lists,
    gasObject: gasObjectIndex === null ? undefined : outputs[gasObjectIndex],
    lamportVersion,
    modifiedAt,
    sharedInputs,
  };
}

const writtenJson = (written: Written): JsonObject => ({
  owner: ownerJson(written.owner),
  reference: objectRefJson(written.id, written.version, written.digest),
});

/** A transaction without gas object (a system transaction) shows the zero reference. */
const noGasObject: Written = {
  id: ZERO_ADDRESS,
  version: 0n,
  digest: ZERO_DIGEST,
  owner: { kind: 'address', address: ZERO_ADDRESS },
};

/**
 * `effects` of a transaction response.
 * @param errorText the node's status text of a failure, null on success
 */
export function effectsJson(value: TransactionEffectsValue, errorText: string | null): JsonObject {
  const effects = value.V1;
  const lists = classifyEffects(value);
  const { lamportVersion } = lists;
  const refs = (ids: readonly Address[], digest: Digest): JsonObject[] | undefined =>
    listOrNothing(ids.map((id) => objectRefJson(id, lamportVersion, digest)));
  return {
    messageVersion: 'v1',
    status: errorText === null ? { status: 'success' } : { status: 'failure', error: errorText },
    executedEpoch: effects.executedEpoch,
    gasUsed: { ...effects.gasUsed },
    modifiedAtVersions: listOrNothing(
      [...lists.modifiedAt].map(([objectId, version]) => ({ objectId, sequenceNumber: version.toString() })),
    ),
    sharedObjects: listOrNothing(
      lists.sharedInputs.map(({ id, version, digest }) => objectRefJson(id, version, digest)),
    ),
    transactionDigest: effects.transactionDigest,
    created: listOrNothing(lists.created.map(writtenJson)),
    mutated: listOrNothing(lists.mutated.map(writtenJson)),
    unwrapped: listOrNothing(lists.unwrapped.map(writtenJson)),
    deleted: refs(lists.deleted, DELETED_DIGEST),
    unwrappedThenDeleted: refs(lists.unwrappedThenDeleted, DELETED_DIGEST),
    wrapped: refs(lists.wrapped, WRAPPED_DIGEST),
    gasObject: writtenJson(lists.gasObject ?? noGasObject),
    eventsDigest: effects.eventsDigest ?? undefined,
    dependencies: listOrNothing(effects.dependencies),
  };
}

/** Nodes omit empty lists of effects. */
function listOrNothing<T>(list: readonly T[]): T[] | undefined {
  return list.length === 0 ? undefined : [...list];
}
