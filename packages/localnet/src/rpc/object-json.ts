/** Objects as JSON. Source: iota-json-rpc-types, iota_object. */
import { DELETED_DIGEST, WRAPPED_DIGEST } from '../ledger/hashing.ts';
import type { Address, Digest, LedgerObject, Owner, Tombstone } from '../ledger/types.ts';
import { displayJson, type DisplayIndex } from './display.ts';
import { sortedObject, type Json, type JsonObject } from './json.ts';
import { moveFields, type LayoutOf } from './move-json.ts';
import { parseOptions } from './params.ts';
import { typeText } from './type-text.ts';

const objectOptionNames = [
  'showType',
  'showOwner',
  'showPreviousTransaction',
  'showDisplay',
  'showContent',
  'showBcs',
  'showStorageRebate',
] as const;
export type ObjectOptions = Readonly<Record<(typeof objectOptionNames)[number], boolean>>;

export const parseObjectOptions: (value: unknown, name: string) => ObjectOptions =
  parseOptions(objectOptionNames);
/** Nothing but the reference. */
export const noObjectOptions: ObjectOptions = parseObjectOptions({}, 'options');
/** What the old dynamic field method shows. */
export const fullContentOptions: ObjectOptions = {
  showType: true,
  showOwner: true,
  showPreviousTransaction: true,
  showDisplay: false,
  showContent: true,
  showBcs: false,
  showStorageRebate: true,
};

/** What rendering an object needs to look up. */
export interface ObjectSource {
  readonly displays: DisplayIndex;
  readonly layoutOf: LayoutOf;
}

/** A version where nodes print a JSON number: object references, owners, raw objects. */
export function versionNumber(version: bigint | string): number {
  return Number(version);
}

export function ownerJson(owner: Owner): Json {
  switch (owner.kind) {
    case 'address':
      return { AddressOwner: owner.address };
    case 'object':
      return { ObjectOwner: owner.parent };
    case 'shared':
      return { Shared: { initial_shared_version: versionNumber(owner.initialSharedVersion) } };
    case 'immutable':
      return 'Immutable';
  }
}

/** `{objectId, version, digest}` with the version as a number, as in effects and gas payments. */
export function objectRefJson(objectId: Address, version: bigint | string, digest: Digest): JsonObject {
  return { objectId, version: versionNumber(version), digest };
}

export function tombstoneDigest(tombstone: Tombstone): Digest {
  return tombstone.kind === 'deleted' ? DELETED_DIGEST : WRAPPED_DIGEST;
}

/** The type as `showType` prints it. */
export function objectTypeText(object: LedgerObject): string {
  return object.kind === 'package' ? 'package' : typeText(object.type);
}

/** `data` of an object response. */
export function objectDataJson(
  object: LedgerObject,
  options: ObjectOptions,
  source: ObjectSource,
): JsonObject {
  return {
    objectId: object.id,
    version: object.version.toString(),
    digest: object.digest,
    ...(options.showType && { type: objectTypeText(object) }),
    ...(options.showOwner && { owner: ownerJson(object.owner) }),
    ...(options.showPreviousTransaction && { previousTransaction: object.previousTransaction }),
    ...(options.showStorageRebate && { storageRebate: object.storageRebate.toString() }),
    ...(options.showDisplay && {
      display: displayJson(object.kind === 'move' ? object : undefined, source.displays, source.layoutOf),
    }),
    ...(options.showContent && { content: contentJson(object, source.layoutOf) }),
    ...(options.showBcs && { bcs: rawJson(object) }),
  };
}

/** `{data}` or `{error}` for what is stored under an id. A wrapped object is reported as deleted, as nodes do. */
export function objectResponseJson(
  id: Address,
  entry: LedgerObject | Tombstone | undefined,
  options: ObjectOptions,
  source: ObjectSource,
): JsonObject {
  if (entry === undefined) return { error: { code: 'notExists', object_id: id } };
  if (entry.kind !== 'move' && entry.kind !== 'package') {
    return {
      error: {
        code: 'deleted',
        object_id: id,
        version: versionNumber(entry.version),
        digest: tombstoneDigest(entry),
      },
    };
  }
  return { data: objectDataJson(entry, options, source) };
}

function contentJson(object: LedgerObject, layoutOf: LayoutOf): JsonObject {
  if (object.kind === 'package') {
    // A node puts disassembly here; without a disassembler only the modules' names are true.
    return {
      dataType: 'package',
      disassembled: sortedObject([...object.modules.keys()].map((name) => [name, ''] as const)),
    };
  }
  return {
    dataType: 'moveObject',
    type: typeText(object.type),
    fields: moveFields(object.type, object.contents, 'content', layoutOf),
  };
}

function rawJson(object: LedgerObject): JsonObject {
  if (object.kind === 'move') {
    return {
      dataType: 'moveObject',
      type: typeText(object.type),
      version: versionNumber(object.version),
      bcsBytes: object.contents.toBase64(),
    };
  }
  return {
    dataType: 'package',
    id: object.id,
    version: versionNumber(object.version),
    moduleMap: sortedObject([...object.modules].map(([name, bytes]) => [name, bytes.toBase64()] as const)),
    typeOriginTable: object.typeOrigins.map((origin) => ({
      module_name: origin.module,
      datatype_name: origin.datatype,
      package: origin.package,
    })),
    linkageTable: sortedObject(
      [...object.linkage].map(
        ([original, to]) =>
          [original, { upgraded_id: to.id, upgraded_version: versionNumber(to.version) }] as const,
      ),
    ),
  };
}
