/**
 * The effects of a transaction as value and as BCS, without the detours of the general encoder: effects are written for
 * every transaction, and their encoding was a quarter of its time. Both are exactly what the SDK's type makes of them,
 * which the tests check; failures, which are rare and of many shapes, are left to the SDK. Source of the layout:
 * `iota-types`, effects_v1.
 */
import { BcsWriter } from '@iota/bcs';
import { bcs } from '@iota/iota-sdk/bcs';
import { failureForBcs, type FailureKind } from './failure.ts';
import type { GasSummary } from './gas-charger.ts';
import { addressBytes, digestBytes } from './hashing.ts';
import type { Address, Digest, LedgerObject, Owner, TransactionEffectsValue } from './types.ts';

/** What happened to one object. */
export interface ObjectChange {
  readonly id: Address;
  readonly before: LedgerObject | undefined;
  readonly after: LedgerObject | undefined;
  readonly operation: 'None' | 'Created' | 'Deleted';
}

/** A shared object that was an input and did not change. */
export interface UnchangedShared {
  readonly id: Address;
  readonly kind: 'ReadOnlyRoot' | 'MutateDeleted' | 'ReadDeleted';
  readonly version: bigint;
  /** Of a read-only one alone. */
  readonly digest?: Digest;
}

/** All that effects say, with the lists in their order. */
export interface EffectsParts {
  readonly failure: { readonly kind: FailureKind; readonly command: number | null } | undefined;
  readonly epoch: bigint;
  readonly gas: GasSummary;
  readonly digest: Digest;
  readonly gasObjectIndex: number | null;
  readonly eventsDigest: Digest | null;
  readonly dependencies: readonly Digest[];
  readonly lamport: bigint;
  readonly changed: readonly ObjectChange[];
  readonly unchangedShared: readonly UnchangedShared[];
}

interface Effects {
  readonly effects: TransactionEffectsValue;
  readonly effectsBytes: Uint8Array;
}

/** Index of each operation on an id in its enum. */
const operations = { None: 0, Created: 1, Deleted: 2 } as const;
const sharedKinds = { ReadOnlyRoot: 0, MutateDeleted: 1, ReadDeleted: 2 } as const;

export function encodeEffects(parts: EffectsParts): Effects {
  const value = effectsValue(parts);
  if (parts.failure === undefined) return { effects: value, effectsBytes: effectsBytes(parts) };
  const bytes = bcs.TransactionEffects.serialize(value, {
    initialSize: 1_024 + 256 * parts.changed.length,
  }).toBytes();
  return { effects: bcs.TransactionEffects.parse(bytes), effectsBytes: bytes };
}

function effectsValue(parts: EffectsParts): TransactionEffectsValue {
  const { failure, gas } = parts;
  const value = {
    V1: {
      status:
        failure === undefined
          ? tagged('Success', true)
          : tagged('Failed', { error: failureForBcs(failure.kind), command: failure.command }),
      executedEpoch: parts.epoch.toString(),
      gasUsed: {
        computationCost: gas.computation.toString(),
        computationCostBurned: gas.computation.toString(),
        storageCost: gas.storage.toString(),
        storageRebate: gas.rebate.toString(),
        nonRefundableStorageFee: '0',
      },
      transactionDigest: parts.digest,
      gasObjectIndex: parts.gasObjectIndex,
      eventsDigest: parts.eventsDigest,
      dependencies: [...parts.dependencies],
      lamportVersion: parts.lamport.toString(),
      changedObjects: parts.changed.map(({ id, before, after, operation }) => [
        id,
        {
          inputState:
            before === undefined
              ? tagged('NotExist', true)
              : tagged('Exist', [[before.version.toString(), before.digest], ownerValue(before.owner)]),
          outputState: outputValue(after),
          idOperation: tagged(operation, true),
        },
      ]),
      unchangedSharedObjects: parts.unchangedShared.map(({ id, kind, version, digest }) => [
        id,
        tagged(kind, kind === 'ReadOnlyRoot' ? [version.toString(), digest] : version.toString()),
      ]),
      auxDataDigest: null,
    },
    $kind: 'V1',
  };
  return value as unknown as TransactionEffectsValue;
}

/** A variant as the SDK's BCS gives it. */
function tagged(kind: string, content: unknown): Record<string, unknown> {
  return { [kind]: content, $kind: kind };
}

function outputValue(after: LedgerObject | undefined): unknown {
  if (after === undefined) return tagged('NotExist', true);
  if (after.kind === 'package') return tagged('PackageWrite', [after.version.toString(), after.digest]);
  return tagged('ObjectWrite', [after.digest, ownerValue(after.owner)]);
}

function ownerValue(owner: Owner): unknown {
  switch (owner.kind) {
    case 'address':
      return tagged('AddressOwner', owner.address);
    case 'object':
      return tagged('ObjectOwner', owner.parent);
    case 'shared':
      return tagged('Shared', { initialSharedVersion: owner.initialSharedVersion.toString() });
    case 'immutable':
      return tagged('Immutable', true);
  }
}

/** Effects of a success. */
function effectsBytes(parts: EffectsParts): Uint8Array {
  const writer = new BcsWriter({ initialSize: 256 + 256 * parts.changed.length });
  // Version 1, success.
  writer.write8(0).write8(0);
  writer.write64(parts.epoch);
  const { computation, storage, rebate } = parts.gas;
  for (const amount of [computation, computation, storage, rebate, 0n]) writer.write64(amount);
  writeDigest(writer, parts.digest);
  if (parts.gasObjectIndex === null) writer.write8(0);
  else writer.write8(1).write32(parts.gasObjectIndex);
  if (parts.eventsDigest === null) writer.write8(0);
  else writeDigest(writer.write8(1), parts.eventsDigest);
  writer.writeULEB(parts.dependencies.length);
  for (const digest of parts.dependencies) writeDigest(writer, digest);
  writer.write64(parts.lamport);
  writer.writeULEB(parts.changed.length);
  for (const change of parts.changed) writeChange(writer, change);
  writer.writeULEB(parts.unchangedShared.length);
  for (const { id, kind, version, digest } of parts.unchangedShared) {
    writer.writeBytes(addressBytes(id)).write8(sharedKinds[kind]).write64(version);
    if (digest !== undefined) writeDigest(writer, digest);
  }
  // No auxiliary data.
  return writer.write8(0).toBytes();
}

function writeChange(writer: BcsWriter, { id, before, after, operation }: ObjectChange): void {
  writer.writeBytes(addressBytes(id));
  if (before === undefined) {
    writer.write8(0);
  } else {
    writer.write8(1).write64(before.version);
    writeOwner(writeDigest(writer, before.digest), before.owner);
  }
  if (after === undefined) {
    writer.write8(0);
  } else if (after.kind === 'package') {
    writeDigest(writer.write8(2).write64(after.version), after.digest);
  } else {
    writeOwner(writeDigest(writer.write8(1), after.digest), after.owner);
  }
  writer.write8(operations[operation]);
}

function writeDigest(writer: BcsWriter, digest: Digest): BcsWriter {
  return writer.write8(32).writeBytes(digestBytes(digest));
}

function writeOwner(writer: BcsWriter, owner: Owner): void {
  switch (owner.kind) {
    case 'address':
      writer.write8(0).writeBytes(addressBytes(owner.address));
      break;
    case 'object':
      writer.write8(1).writeBytes(addressBytes(owner.parent));
      break;
    case 'shared':
      writer.write8(2).write64(owner.initialSharedVersion);
      break;
    case 'immutable':
      writer.write8(3);
  }
}
