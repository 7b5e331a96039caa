/**
 * The compiled module as its binary tables say it, every index checked, nothing linked.
 * Sources: `move-binary-format/src/{file_format_common,file_format}.rs` of IOTA.
 */
import type { AbilitySet, Address, PrimitiveKind } from '../types.ts';
import type { Visibility } from '../api.ts';

/** A type in a signature: as `Type`, with datatypes by index of their handle. */
export type Token =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'vector'; readonly element: Token }
  | { readonly kind: 'reference'; readonly mutable: boolean; readonly to: Token }
  | { readonly kind: 'datatype'; readonly handle: number; readonly typeArgs: readonly Token[] }
  | { readonly kind: 'typeParameter'; readonly index: number };

export interface ModuleHandle {
  readonly address: Address;
  readonly name: string;
}

export interface DatatypeHandle {
  readonly module: number;
  readonly name: string;
  readonly abilities: AbilitySet;
  readonly typeParameters: readonly { readonly constraints: AbilitySet; readonly phantom: boolean }[];
}

export interface FunctionHandle {
  readonly module: number;
  readonly name: string;
  /** Indexes of signatures. */
  readonly parameters: number;
  readonly returns: number;
  readonly typeParameters: readonly AbilitySet[];
}

export interface FieldDef {
  readonly name: string;
  readonly type: Token;
}

export interface StructDef {
  readonly handle: number;
  /** null when the struct is declared native, which nothing can create. */
  readonly fields: readonly FieldDef[] | null;
}

export interface EnumDef {
  readonly handle: number;
  readonly variants: readonly { readonly name: string; readonly fields: readonly FieldDef[] }[];
}

/** Something generic with its type arguments: index of the thing, index of the signature. */
export interface Instantiation {
  readonly of: number;
  readonly typeArgs: number;
}

/** A part of a definition: index of the definition (or of its instantiation), index of the part. */
export interface Member {
  readonly of: number;
  readonly member: number;
}

export interface JumpTable {
  readonly enumDef: number;
  /** Instruction index by variant tag. */
  readonly offsets: readonly number[];
}

export interface Code {
  /** Index of the signature of the locals that are not parameters. */
  readonly locals: number;
  /** Opcodes, one for each instruction. */
  readonly ops: Uint8Array;
  /** Immediate of each instruction: an index, a local, an offset or a small integer; 0 when it has none. */
  readonly operands: Uint32Array;
  /** Immediates of LdU64, LdU128, LdU256 and the element counts of VecPack, VecUnpack, by instruction index. */
  readonly wide: ReadonlyMap<number, bigint>;
  readonly jumpTables: readonly JumpTable[];
}

export interface FunctionDef {
  readonly handle: number;
  readonly visibility: Visibility;
  readonly isEntry: boolean;
  /** Number of acquired globals declared; publication requires 0. */
  readonly acquires: number;
  /** null when native. */
  readonly code: Code | null;
}

export interface CompiledModule {
  readonly version: number;
  readonly self: number;
  readonly moduleHandles: readonly ModuleHandle[];
  readonly datatypeHandles: readonly DatatypeHandle[];
  readonly functionHandles: readonly FunctionHandle[];
  readonly functionInsts: readonly Instantiation[];
  readonly signatures: readonly (readonly Token[])[];
  readonly constants: readonly { readonly type: Token; readonly data: Uint8Array }[];
  readonly structDefs: readonly StructDef[];
  readonly structInsts: readonly Instantiation[];
  readonly functionDefs: readonly FunctionDef[];
  readonly fieldHandles: readonly Member[];
  readonly fieldInsts: readonly Instantiation[];
  readonly friends: readonly ModuleHandle[];
  readonly enumDefs: readonly EnumDef[];
  readonly enumInsts: readonly Instantiation[];
  readonly variantHandles: readonly Member[];
  readonly variantInsts: readonly Member[];
}

/** Table kinds of the binary, and how many entries the chain accepts in each. */
export const table: Readonly<
  Record<
    | 'moduleHandles'
    | 'datatypeHandles'
    | 'functionHandles'
    | 'functionInsts'
    | 'signatures'
    | 'constants'
    | 'identifiers'
    | 'addresses'
    | 'structDefs'
    | 'structInsts'
    | 'functionDefs'
    | 'fieldHandles'
    | 'fieldInsts'
    | 'friends'
    | 'enumDefs'
    | 'enumInsts'
    | 'variantHandles'
    | 'variantInsts',
    { readonly kind: number; readonly max: number }
  >
> = {
  moduleHandles: { kind: 0x01, max: 100 },
  datatypeHandles: { kind: 0x02, max: 300 },
  functionHandles: { kind: 0x03, max: 1500 },
  functionInsts: { kind: 0x04, max: 750 },
  signatures: { kind: 0x05, max: 1000 },
  constants: { kind: 0x06, max: 4000 },
  identifiers: { kind: 0x07, max: 10_000 },
  addresses: { kind: 0x08, max: 100 },
  structDefs: { kind: 0x0a, max: 200 },
  structInsts: { kind: 0x0b, max: 100 },
  functionDefs: { kind: 0x0c, max: 1000 },
  fieldHandles: { kind: 0x0d, max: 500 },
  fieldInsts: { kind: 0x0e, max: 250 },
  friends: { kind: 0x0f, max: 100 },
  enumDefs: { kind: 0x11, max: 200 },
  enumInsts: { kind: 0x12, max: 100 },
  variantHandles: { kind: 0x13, max: 1024 },
  variantInsts: { kind: 0x14, max: 1024 },
};

/** Metadata tables exist in the format, and the chain refuses them. */
export const metadataTableKind = 0x10;

/** Fields of a struct or variant that the format can count. */
export const maxFieldsInFormat = 255;
/** Variants of an enum. */
export const maxVariants = 127;
/** Nesting of a type in a signature: the reader recurses. */
export const maxTokenDepth = 256;
/** Bytes of a name that the chain accepts. */
export const maxIdentifierBytes = 128;

/** Opcodes by name. Numbers 0x29-0x2d and 0x3b-0x3f belonged to global storage and are refused. */
export const op = {
  Pop: 0x01,
  Ret: 0x02,
  BrTrue: 0x03,
  BrFalse: 0x04,
  Branch: 0x05,
  LdU64: 0x06,
  LdConst: 0x07,
  LdTrue: 0x08,
  LdFalse: 0x09,
  CopyLoc: 0x0a,
  MoveLoc: 0x0b,
  StLoc: 0x0c,
  MutBorrowLoc: 0x0d,
  ImmBorrowLoc: 0x0e,
  MutBorrowField: 0x0f,
  ImmBorrowField: 0x10,
  Call: 0x11,
  Pack: 0x12,
  Unpack: 0x13,
  ReadRef: 0x14,
  WriteRef: 0x15,
  Add: 0x16,
  Sub: 0x17,
  Mul: 0x18,
  Mod: 0x19,
  Div: 0x1a,
  BitOr: 0x1b,
  BitAnd: 0x1c,
  Xor: 0x1d,
  Or: 0x1e,
  And: 0x1f,
  Not: 0x20,
  Eq: 0x21,
  Neq: 0x22,
  Lt: 0x23,
  Gt: 0x24,
  Le: 0x25,
  Ge: 0x26,
  Abort: 0x27,
  Nop: 0x28,
  FreezeRef: 0x2e,
  Shl: 0x2f,
  Shr: 0x30,
  LdU8: 0x31,
  LdU128: 0x32,
  CastU8: 0x33,
  CastU64: 0x34,
  CastU128: 0x35,
  MutBorrowFieldGeneric: 0x36,
  ImmBorrowFieldGeneric: 0x37,
  CallGeneric: 0x38,
  PackGeneric: 0x39,
  UnpackGeneric: 0x3a,
  VecPack: 0x40,
  VecLen: 0x41,
  VecImmBorrow: 0x42,
  VecMutBorrow: 0x43,
  VecPushBack: 0x44,
  VecPopBack: 0x45,
  VecUnpack: 0x46,
  VecSwap: 0x47,
  LdU16: 0x48,
  LdU32: 0x49,
  LdU256: 0x4a,
  CastU16: 0x4b,
  CastU32: 0x4c,
  CastU256: 0x4d,
  PackVariant: 0x4e,
  PackVariantGeneric: 0x4f,
  UnpackVariant: 0x50,
  UnpackVariantImmRef: 0x51,
  UnpackVariantMutRef: 0x52,
  UnpackVariantGeneric: 0x53,
  UnpackVariantGenericImmRef: 0x54,
  UnpackVariantGenericMutRef: 0x55,
  VariantSwitch: 0x56,
} as const;

/** Name of an opcode. */
export type OpName = keyof typeof op;

/** How an opcode's immediate is written, and for an index into which table it points. */
export type Immediate =
  | 'none'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'u128'
  | 'u256'
  | 'local'
  | 'offset'
  | 'jumpTable'
  | 'signature'
  | 'signatureAndCount'
  | 'constants'
  | 'fieldHandles'
  | 'fieldInsts'
  | 'functionHandles'
  | 'functionInsts'
  | 'structDefs'
  | 'structInsts'
  | 'variantHandles'
  | 'variantInsts';

const immediates: Readonly<Partial<Record<OpName, Immediate>>> = {
  BrTrue: 'offset',
  BrFalse: 'offset',
  Branch: 'offset',
  LdU8: 'u8',
  LdU16: 'u16',
  LdU32: 'u32',
  LdU64: 'u64',
  LdU128: 'u128',
  LdU256: 'u256',
  LdConst: 'constants',
  CopyLoc: 'local',
  MoveLoc: 'local',
  StLoc: 'local',
  MutBorrowLoc: 'local',
  ImmBorrowLoc: 'local',
  MutBorrowField: 'fieldHandles',
  ImmBorrowField: 'fieldHandles',
  MutBorrowFieldGeneric: 'fieldInsts',
  ImmBorrowFieldGeneric: 'fieldInsts',
  Call: 'functionHandles',
  CallGeneric: 'functionInsts',
  Pack: 'structDefs',
  Unpack: 'structDefs',
  PackGeneric: 'structInsts',
  UnpackGeneric: 'structInsts',
  VecPack: 'signatureAndCount',
  VecUnpack: 'signatureAndCount',
  VecLen: 'signature',
  VecImmBorrow: 'signature',
  VecMutBorrow: 'signature',
  VecPushBack: 'signature',
  VecPopBack: 'signature',
  VecSwap: 'signature',
  PackVariant: 'variantHandles',
  UnpackVariant: 'variantHandles',
  UnpackVariantImmRef: 'variantHandles',
  UnpackVariantMutRef: 'variantHandles',
  PackVariantGeneric: 'variantInsts',
  UnpackVariantGeneric: 'variantInsts',
  UnpackVariantGenericImmRef: 'variantInsts',
  UnpackVariantGenericMutRef: 'variantInsts',
  VariantSwitch: 'jumpTable',
};

/** Immediate by opcode; undefined where there is no such opcode. */
export const immediateOf: readonly (Immediate | undefined)[] = (() => {
  const byOpcode = Array.from<Immediate | undefined>({ length: 256 });
  for (const [name, code] of Object.entries(op)) byOpcode[code] = immediates[name as OpName] ?? 'none';
  return byOpcode;
})();

/** Name by opcode, for messages. */
export const opName: readonly (OpName | undefined)[] = (() => {
  const byOpcode = Array.from<OpName | undefined>({ length: 256 });
  for (const [name, code] of Object.entries(op)) byOpcode[code] = name as OpName;
  return byOpcode;
})();
