/**
 * Move modules as the normalized JSON that transaction builders read. Addresses are written without leading zeros: the
 * SDK compares them literally to find `0x2::transfer::Receiving`.
 * Source: iota-json-rpc-types, iota_move.
 */
import { ability, type AbilitySet, type ModuleInfo, type SignatureType } from '@wotid/move-vm';
import { sortedObject, type Json, type JsonObject } from './json.ts';
import { shortAddress } from './type-text.ts';

export type FunctionInfo = ModuleInfo['functions'][number];
export type StructInfo = ModuleInfo['structs'][number];
type EnumInfo = ModuleInfo['enums'][number];

const abilityNames: readonly (readonly [AbilitySet, string])[] = [
  [ability.copy, 'Copy'],
  [ability.drop, 'Drop'],
  [ability.store, 'Store'],
  [ability.key, 'Key'],
];
const primitiveNames = {
  bool: 'Bool',
  u8: 'U8',
  u16: 'U16',
  u32: 'U32',
  u64: 'U64',
  u128: 'U128',
  u256: 'U256',
  address: 'Address',
  signer: 'Signer',
} as const;
const visibilities = { private: 'Private', public: 'Public', friend: 'Friend' } as const;

const abilitiesJson = (abilities: AbilitySet): JsonObject => ({
  abilities: abilityNames.filter(([bit]) => (abilities & bit) !== 0).map(([, name]) => name),
});

/** One type, such as `{Reference: {Struct: {…}}}`. */
export function signatureTypeJson(type: SignatureType): Json {
  if (typeof type === 'string') return primitiveNames[type];
  if ('vector' in type) return { Vector: signatureTypeJson(type.vector) };
  if ('typeParameter' in type) return { TypeParameter: type.typeParameter };
  if ('reference' in type) {
    const inner = signatureTypeJson(type.reference);
    return type.mutable ? { MutableReference: inner } : { Reference: inner };
  }
  const { address, module, name, typeArgs } = type.datatype;
  const typeArguments = typeArgs.map(signatureTypeJson);
  return { Struct: { address: shortAddress(address), module, name, typeArguments } };
}

const fieldsJson = (fields: StructInfo['fields']): JsonObject[] =>
  fields.map((field) => ({ name: field.name, type: signatureTypeJson(field.type) }));

const typeParametersJson = (parameters: StructInfo['typeParameters']): JsonObject[] =>
  parameters.map(({ constraints, phantom }) => ({
    constraints: abilitiesJson(constraints),
    isPhantom: phantom,
  }));

export function structJson(struct: StructInfo): JsonObject {
  return {
    abilities: abilitiesJson(struct.abilities),
    typeParameters: typeParametersJson(struct.typeParameters),
    fields: fieldsJson(struct.fields),
  };
}

function enumJson(info: EnumInfo): JsonObject {
  return {
    abilities: abilitiesJson(info.abilities),
    typeParameters: typeParametersJson(info.typeParameters),
    variants: sortedObject(info.variants.map(({ name, fields }) => [name, fieldsJson(fields)] as const)),
  };
}

export function functionJson(fn: FunctionInfo): JsonObject {
  return {
    visibility: visibilities[fn.visibility],
    isEntry: fn.isEntry,
    typeParameters: fn.typeParameters.map(abilitiesJson),
    parameters: fn.parameters.map(signatureTypeJson),
    return: fn.returns.map(signatureTypeJson),
  };
}

/** A whole module; private functions that are not entry functions are left out. */
export function moduleJson(module: ModuleInfo): JsonObject {
  const exposed = module.functions.filter((fn) => fn.isEntry || fn.visibility !== 'private');
  return {
    fileFormatVersion: module.version,
    address: shortAddress(module.address),
    name: module.name,
    friends: module.friends.map(({ address, name }) => ({ address: shortAddress(address), name })),
    structs: sortedObject(module.structs.map((struct) => [struct.name, structJson(struct)] as const)),
    enums: sortedObject(module.enums.map((info) => [info.name, enumJson(info)] as const)),
    exposedFunctions: sortedObject(exposed.map((fn) => [fn.name, functionJson(fn)] as const)),
  };
}

/** How a function takes its parameters: a plain value, or an object by value or reference. */
export function argumentKindsJson(fn: FunctionInfo): Json[] {
  return fn.parameters.map((type) => {
    if (typeof type === 'object') {
      if ('reference' in type) {
        return { Object: type.mutable ? 'ByMutableReference' : 'ByImmutableReference' };
      }
      if ('datatype' in type) return { Object: 'ByValue' };
    }
    return 'Pure';
  });
}
