/**
 * BCS of objects, their digests and their metered size (`iota-types`: object, move_package, base_types).
 *
 * | object | data (0 Move: type, u64 version, contents; 1 Package), owner, previous transaction, u64 storage rebate |
 * |---|---|
 * | type | 0 other: struct tag; 1 gas coin; 2 staked IOTA; 3 coin: type tag |
 * | owner | 0 address; 1 object; 2 shared: u64 initial version; 3 immutable |
 */
import { bcs, BcsType } from '@iota/iota-sdk/bcs';
import { bytesType, decodeStrict, u64Type } from '@wotid/core';
import { moduleInfo } from '@wotid/move-vm';
import { addressBytes, addressText, digestBytes, digestText, typedDigest } from './hashing.ts';
import { MAX_OBJECT_BYTES, MAX_PACKAGE_BYTES, OBJECT_OVERHEAD_BYTES } from './protocol.ts';
import {
  GAS_COIN_TYPE,
  isCoin,
  isGasCoin,
  isStakedIota,
  readStructTag,
  readTypeTag,
  writeStructTag,
  writeTypeTag,
} from './type-tags.ts';
import type { Address, Digest, LedgerObject, MoveObject, Owner, PackageObject, StructTag } from './types.ts';
import { FRAMEWORK_ADDRESS, SYSTEM_ADDRESS } from './protocol.ts';

export const addressType: BcsType<Address> = bcs
  .bytes(32)
  .transform({ name: 'Address', input: addressBytes, output: (bytes) => addressText(new Uint8Array(bytes)) });

/** A digest: length-prefixed 32 bytes, base58 outside. */
export const digestType: BcsType<Digest> = bytesType.transform({
  name: 'Digest',
  input: digestBytes,
  output: digestText,
});

/** The compressed form of an object's type. */
export const objectTypeType: BcsType<StructTag> = new BcsType<StructTag>({
  name: 'MoveObjectType',
  write: (tag, writer) => {
    if (isGasCoin(tag)) writer.write8(1);
    else if (isStakedIota(tag)) writer.write8(2);
    else if (isCoin(tag)) {
      writer.write8(3);
      writeTypeTag(tag.typeParams[0] ?? 'bool', writer);
    } else {
      writer.write8(0);
      writeStructTag(tag, writer);
    }
  },
  read: (reader) => {
    switch (reader.read8()) {
      case 0:
        return readStructTag(reader);
      case 1:
        return GAS_COIN_TYPE;
      case 2:
        return { address: SYSTEM_ADDRESS, module: 'staking_pool', name: 'StakedIota', typeParams: [] };
      case 3:
        return {
          address: FRAMEWORK_ADDRESS,
          module: 'coin',
          name: 'Coin',
          typeParams: [readTypeTag(reader)],
        };
      default:
        throw new RangeError('not a variant of MoveObjectType');
    }
  },
});

export const ownerType: BcsType<Owner> = new BcsType<Owner>({
  name: 'Owner',
  write: (owner, writer) => {
    switch (owner.kind) {
      case 'address':
        writer.write8(0).writeBytes(addressBytes(owner.address));
        return;
      case 'object':
        writer.write8(1).writeBytes(addressBytes(owner.parent));
        return;
      case 'shared':
        writer.write8(2);
        u64Type.write(owner.initialSharedVersion, writer);
        return;
      case 'immutable':
        writer.write8(3);
    }
  },
  read: (reader) => {
    switch (reader.read8()) {
      case 0:
        return { kind: 'address', address: addressText(reader.readBytes(32)) };
      case 1:
        return { kind: 'object', parent: addressText(reader.readBytes(32)) };
      case 2:
        return { kind: 'shared', initialSharedVersion: u64Type.read(reader) };
      case 3:
        return { kind: 'immutable' };
      default:
        throw new RangeError('not a variant of Owner');
    }
  },
});

const moveDataType = bcs.struct('MoveObject', {
  type: objectTypeType,
  version: u64Type,
  contents: bytesType,
});

const packageDataType = bcs.struct('MovePackage', {
  id: addressType,
  version: u64Type,
  modules: bcs.map(bcs.string(), bytesType),
  typeOrigins: bcs.vector(
    bcs.struct('TypeOrigin', { module: bcs.string(), datatype: bcs.string(), package: addressType }),
  ),
  linkage: bcs.map(addressType, bcs.struct('UpgradeInfo', { id: addressType, version: u64Type })),
});

const dataType = bcs.enum('Data', { Move: moveDataType, Package: packageDataType });

const objectType = bcs.struct('Object', {
  data: dataType,
  owner: ownerType,
  previousTransaction: digestType,
  storageRebate: u64Type,
});

type WithoutDigest<T> = T extends LedgerObject ? Omit<T, 'digest'> : never;

function dataOf(object: WithoutDigest<LedgerObject>): Parameters<typeof dataType.serialize>[0] {
  if (object.kind === 'move') {
    return { Move: { type: object.type, version: object.version, contents: object.contents } };
  }
  return {
    Package: {
      id: object.id,
      version: object.version,
      modules: object.modules as Map<string, Uint8Array>,
      typeOrigins: object.typeOrigins,
      linkage: object.linkage as Map<Address, { id: Address; version: bigint }>,
    },
  };
}

/** BCS of the object's data alone, as it stands in a genesis transaction. */
export function encodeObjectData(object: WithoutDigest<LedgerObject>): Uint8Array {
  return dataType.serialize(dataOf(object)).toBytes();
}

/** BCS of a whole object. */
export function encodeObject(object: WithoutDigest<LedgerObject>): Uint8Array {
  const { owner, previousTransaction, storageRebate } = object;
  return objectType.serialize({ data: dataOf(object), owner, previousTransaction, storageRebate }).toBytes();
}

/** Reads what {@link encodeObject} wrote. @throws anything when the bytes are not an object */
export function decodeObject(bytes: Uint8Array): LedgerObject {
  const { data, ...common } = decodeStrict(objectType, bytes, {
    what: 'object',
    maxBytes: MAX_OBJECT_BYTES + MAX_PACKAGE_BYTES,
  });
  const digest = typedDigest('Object', bytes);
  if (data.Move !== undefined) {
    const { type, version, contents } = data.Move;
    return {
      kind: 'move',
      id: addressText(contents.slice(0, 32)),
      type,
      version,
      contents,
      ...common,
      digest,
    };
  }
  const [code] = data.Package.modules.values();
  if (code === undefined) throw new RangeError('a package without modules');
  return { kind: 'package', ...data.Package, originalId: moduleInfo(code).address, ...common, digest };
}

/** Adds the digest H("Object::" || BCS). */
export function withDigest(object: Omit<MoveObject, 'digest'>): MoveObject;
export function withDigest(object: Omit<PackageObject, 'digest'>): PackageObject;
export function withDigest(object: WithoutDigest<LedgerObject>): LedgerObject {
  return { ...object, digest: typedDigest('Object', encodeObject(object)) } as LedgerObject;
}

/** Sizes of the compressed types met so far; types are few, objects many. */
const typeSizes = new WeakMap<StructTag, number>();

function objectTypeSize(tag: StructTag): number {
  let size = typeSizes.get(tag);
  if (size === undefined) {
    size = objectTypeType.serialize(tag).toBytes().length;
    typeSizes.set(tag, size);
  }
  return size;
}

/** Metered bytes of a package: names and code, type origins, linkage. */
export function packageSize(object: Pick<PackageObject, 'modules' | 'typeOrigins' | 'linkage'>): number {
  let size = 0;
  for (const [name, code] of object.modules) size += Buffer.byteLength(name) + code.length;
  for (const origin of object.typeOrigins) {
    size += Buffer.byteLength(origin.module) + Buffer.byteLength(origin.datatype) + 32;
  }
  return size + object.linkage.size * (32 + 32 + 8);
}

/** Bytes for which storage is paid: 88, contents and type for a Move object, 88 and {@link packageSize} else. */
export function meteredSize(
  object:
    | Pick<MoveObject, 'kind' | 'type' | 'contents'>
    | Pick<PackageObject, 'kind' | 'modules' | 'typeOrigins' | 'linkage'>,
): number {
  if (object.kind === 'package') return OBJECT_OVERHEAD_BYTES + packageSize(object);
  return OBJECT_OVERHEAD_BYTES + object.contents.length + objectTypeSize(object.type);
}
