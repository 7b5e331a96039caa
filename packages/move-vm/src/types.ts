/** Types of Move as this VM speaks of them: `TypeTag` at its border, `Type` inside. */

/** 32 bytes as `0x` + 64 lower-case hex digits: addresses, object ids and package ids. */
export type Address = string;

/** A closed Move type by name. Struct addresses are those of the package that defines the type. */
export type TypeTag =
  | 'bool'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'u128'
  | 'u256'
  | 'address'
  | 'signer'
  | { readonly vector: TypeTag }
  | { readonly struct: StructTag };

/** A struct or enum type by name. */
export interface StructTag {
  /** The package version that introduced the type, not the one its module runs as. */
  readonly address: Address;
  readonly module: string;
  readonly name: string;
  readonly typeParams: readonly TypeTag[];
}

/** Abilities as bits, as in the binary format: copy 1, drop 2, store 4, key 8. */
export type AbilitySet = number;

/** The bits of an {@link AbilitySet}. */
export const ability: { readonly copy: 1; readonly drop: 2; readonly store: 4; readonly key: 8 } =
  Object.freeze({ copy: 1, drop: 2, store: 4, key: 8 });

/** Names of the types without parts. */
export type PrimitiveKind = 'bool' | 'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'u256' | 'address' | 'signer';

/** A Move type with its datatypes resolved. Compare with {@link equalTypes}, not by identity. */
export type Type =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'vector'; readonly element: Type }
  | { readonly kind: 'reference'; readonly mutable: boolean; readonly to: Type }
  | { readonly kind: 'datatype'; readonly datatype: Datatype; readonly typeArgs: readonly Type[] }
  | { readonly kind: 'typeParameter'; readonly index: number };

/** A field of a struct or of an enum variant; its type may speak of the datatype's type parameters. */
export interface Field {
  readonly name: string;
  readonly type: Type;
}

/** A struct (one variant) or an enum. */
export interface Datatype {
  /** `<defining id>::<module>::<name>`: equal exactly when the datatypes are the same. */
  readonly key: string;
  /** The package version that introduced the type. */
  readonly definingId: Address;
  /** The id under which its module runs: that of the package's first version. */
  readonly originalId: Address;
  readonly module: string;
  readonly name: string;
  readonly isEnum: boolean;
  readonly abilities: AbilitySet;
  readonly typeParameters: readonly { readonly constraints: AbilitySet; readonly phantom: boolean }[];
  /** Variants by tag; a struct has exactly one, named as the struct. Resolved when first read. */
  readonly variants: readonly { readonly name: string; readonly fields: readonly Field[] }[];
}

const primitiveKinds: readonly PrimitiveKind[] = [
  'bool',
  'u8',
  'u16',
  'u32',
  'u64',
  'u128',
  'u256',
  'address',
  'signer',
];

/** The one object for each primitive type. */
export const primitiveType: Readonly<Record<PrimitiveKind, Type & { readonly kind: PrimitiveKind }>> =
  Object.freeze(
    Object.fromEntries(primitiveKinds.map((kind) => [kind, Object.freeze({ kind })])),
  ) as Readonly<Record<PrimitiveKind, Type & { readonly kind: PrimitiveKind }>>;

/** The type `vector<element>`. */
export function vectorType(element: Type): Type {
  return { kind: 'vector', element };
}

/** The type `&to` or `&mut to`. */
export function referenceType(to: Type, mutable: boolean): Type {
  return { kind: 'reference', mutable, to };
}

/** True when both are the same type. Datatypes are the same when their defining names and arguments are. */
export function equalTypes(left: Type, right: Type): boolean {
  if (left === right) return true;
  switch (left.kind) {
    case 'vector':
      return right.kind === 'vector' && equalTypes(left.element, right.element);
    case 'reference':
      return right.kind === 'reference' && left.mutable === right.mutable && equalTypes(left.to, right.to);
    case 'datatype':
      return (
        right.kind === 'datatype' &&
        (left.datatype === right.datatype || left.datatype.key === right.datatype.key) &&
        left.typeArgs.length === right.typeArgs.length &&
        left.typeArgs.every((arg, index) => equalTypes(arg, right.typeArgs[index] as Type))
      );
    case 'typeParameter':
      return right.kind === 'typeParameter' && left.index === right.index;
    default:
      return left.kind === right.kind;
  }
}

/** Number of nodes of a type: 1 for itself and those of its parts. */
export function countTypeNodes(type: Type): number {
  switch (type.kind) {
    case 'vector':
      return 1 + countTypeNodes(type.element);
    case 'reference':
      return 1 + countTypeNodes(type.to);
    case 'datatype': {
      let nodes = 1;
      for (const arg of type.typeArgs) nodes += countTypeNodes(arg);
      return nodes;
    }
    default:
      return 1;
  }
}

/**
 * A TypeTag as text. Addresses keep their 64 digits.
 * @param prefix `'0x'`, or `''` as `std::type_name` prints it
 * @param separator between type arguments: `','` in `std::type_name`, `', '` where a node prints types
 */
export function typeTagText(tag: TypeTag, prefix: '0x' | '' = '0x', separator = ', '): string {
  if (typeof tag === 'string') return tag;
  if ('vector' in tag) return `vector<${typeTagText(tag.vector, prefix, separator)}>`;
  const { address, module, name, typeParams } = tag.struct;
  const args = typeParams.map((param) => typeTagText(param, prefix, separator));
  return `${prefix}${address.slice(2)}::${module}::${name}${args.length > 0 ? `<${args.join(separator)}>` : ''}`;
}

/**
 * Abstract size of a tag, as IOTA's natives charge by: 24 for each tag, and for a datatype 32 and its two names more.
 * Source: `abstract_size_for_gas_metering` in `move-core-types/src/language_storage.rs` of IOTA.
 */
export function typeTagSize(tag: TypeTag): number {
  if (typeof tag === 'string') return 24;
  return 24 + ('vector' in tag ? typeTagSize(tag.vector) : structTagSize(tag.struct));
}

/** As {@link typeTagSize}, for a struct tag that is not inside a type tag. */
export function structTagSize(tag: StructTag): number {
  let size = 32 + tag.module.length + tag.name.length;
  for (const param of tag.typeParams) size += typeTagSize(param);
  return size;
}
