/** Move types outside the VM: the contract's `TypeTag`, its BCS, its text, and the way from and to the SDK's form. */
import { BcsType, TypeTagSerializer, type TypeTag as SdkTypeTag } from '@iota/iota-sdk/bcs';
import { bcs } from '@iota/iota-sdk/bcs';
import { FRAMEWORK_ADDRESS, SYSTEM_ADDRESS } from './protocol.ts';
import { addressBytes, addressText } from './hashing.ts';
import type { Address, StructTag, TypeTag } from './types.ts';

type Writer = Parameters<BcsType<number>['write']>[1];
type Reader = Parameters<BcsType<number>['read']>[0];

/** Variant numbers of TypeTag in BCS (`move-core-types`, language_storage). */
const primitives = {
  bool: 0,
  u8: 1,
  u64: 2,
  u128: 3,
  address: 4,
  signer: 5,
  u16: 8,
  u32: 9,
  u256: 10,
} as const;
const primitiveNames: Readonly<Record<number, keyof typeof primitives>> = Object.fromEntries(
  Object.entries(primitives).map(([name, index]) => [index, name as keyof typeof primitives]),
);
const VECTOR = 6;
const STRUCT = 7;
/** Deeper types cannot exist on chain; bounds recursion over foreign bytes. */
const MAX_TYPE_DEPTH = 128;

export function writeTypeTag(tag: TypeTag, writer: Writer): void {
  if (typeof tag === 'string') writer.write8(primitives[tag]);
  else if ('vector' in tag) {
    writer.write8(VECTOR);
    writeTypeTag(tag.vector, writer);
  } else {
    writer.write8(STRUCT);
    writeStructTag(tag.struct, writer);
  }
}

export function writeStructTag(tag: StructTag, writer: Writer): void {
  writer.writeBytes(addressBytes(tag.address));
  bcs.String.write(tag.module, writer);
  bcs.String.write(tag.name, writer);
  writer.writeULEB(tag.typeParams.length);
  for (const parameter of tag.typeParams) writeTypeTag(parameter, writer);
}

export function readTypeTag(reader: Reader, depth = 0): TypeTag {
  if (depth > MAX_TYPE_DEPTH) throw new RangeError(`a type is nested more than ${MAX_TYPE_DEPTH} deep`);
  const variant = reader.readULEB();
  if (variant === VECTOR) return { vector: readTypeTag(reader, depth + 1) };
  if (variant === STRUCT) return { struct: readStructTag(reader, depth + 1) };
  const name = primitiveNames[variant];
  if (name === undefined) throw new RangeError(`${variant} is not a variant of TypeTag`);
  return name;
}

export function readStructTag(reader: Reader, depth = 0): StructTag {
  const address = addressText(reader.readBytes(32));
  const module = bcs.String.read(reader);
  const name = bcs.String.read(reader);
  const typeParams = reader.readVec((inner) => readTypeTag(inner, depth + 1)) as TypeTag[];
  return { address, module, name, typeParams };
}

export const typeTagType: BcsType<TypeTag> = new BcsType<TypeTag>({
  name: 'TypeTag',
  read: (reader) => readTypeTag(reader),
  write: writeTypeTag,
});

export const structTagType: BcsType<StructTag> = new BcsType<StructTag>({
  name: 'StructTag',
  read: (reader) => readStructTag(reader),
  write: writeStructTag,
});

/** BCS of a type tag. */
export function encodeTypeTag(tag: TypeTag): Uint8Array {
  return typeTagType.serialize(tag).toBytes();
}

/** Canonical text with full addresses, such as `0x0…02::coin::Coin<0x0…02::iota::IOTA>`; no spaces. */
export function typeTagText(tag: TypeTag): string {
  if (typeof tag === 'string') return tag;
  return 'vector' in tag ? `vector<${typeTagText(tag.vector)}>` : structTagText(tag.struct);
}

export function structTagText(tag: StructTag): string {
  const parameters = tag.typeParams.length > 0 ? `<${tag.typeParams.map(typeTagText).join(',')}>` : '';
  return `${tag.address}::${tag.module}::${tag.name}${parameters}`;
}

export function sameStructTag(left: StructTag, right: StructTag): boolean {
  return (
    left === right ||
    (left.name === right.name &&
      left.module === right.module &&
      left.address === right.address &&
      structTagText(left) === structTagText(right))
  );
}

/** From the SDK's BCS form or text. @throws Error when the text is not a type. */
export function typeTagFromSdk(tag: SdkTypeTag | string): TypeTag {
  const parsed = typeof tag === 'string' ? TypeTagSerializer.parseFromStr(tag, true) : tag;
  if ('vector' in parsed) return { vector: typeTagFromSdk(parsed.vector) };
  if ('struct' in parsed) {
    const { address, module, name, typeParams } = parsed.struct;
    return { struct: { address, module, name, typeParams: typeParams.map(typeTagFromSdk) } };
  }
  for (const name of Object.keys(primitives)) if (name in parsed) return name as TypeTag;
  throw new TypeError('not a Move type');
}

const framework = (module: string, name: string, typeParams: readonly TypeTag[] = []): StructTag => ({
  address: FRAMEWORK_ADDRESS,
  module,
  name,
  typeParams,
});

export const IOTA_TYPE: StructTag = framework('iota', 'IOTA');
export const GAS_COIN_TYPE: StructTag = framework('coin', 'Coin', [{ struct: IOTA_TYPE }]);
export const CLOCK_TYPE: StructTag = framework('clock', 'Clock');
export const UPGRADE_CAP_TYPE: StructTag = framework('package', 'UpgradeCap');
export const UPGRADE_TICKET_TYPE: StructTag = framework('package', 'UpgradeTicket');
export const UPGRADE_RECEIPT_TYPE: StructTag = framework('package', 'UpgradeReceipt');

export function isStruct(tag: StructTag, address: Address, module: string, name: string): boolean {
  return tag.name === name && tag.module === module && tag.address === address;
}

export function isCoin(tag: StructTag): boolean {
  return tag.typeParams.length === 1 && isStruct(tag, FRAMEWORK_ADDRESS, 'coin', 'Coin');
}

export function isGasCoin(tag: StructTag): boolean {
  const parameter = isCoin(tag) ? tag.typeParams[0] : undefined;
  return (
    typeof parameter === 'object' &&
    'struct' in parameter &&
    parameter.struct.typeParams.length === 0 &&
    isStruct(parameter.struct, FRAMEWORK_ADDRESS, 'iota', 'IOTA')
  );
}

export function isStakedIota(tag: StructTag): boolean {
  return tag.typeParams.length === 0 && isStruct(tag, SYSTEM_ADDRESS, 'staking_pool', 'StakedIota');
}
