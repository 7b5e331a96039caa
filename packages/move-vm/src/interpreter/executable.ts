import type { Type } from '../types.ts';
import type { Value } from '../values/value.ts';

/**
 * Instructions as the interpreter runs them: made by the type checker from the bytecode's, one for one, so that an
 * instruction keeps its index. Widths, reference kinds and field offsets are known by then and are in the instruction.
 * "Small" integers have up to 32 bits and are numbers, "big" ones are bigints.
 */
export const run = {
  Unreachable: 0,
  Pop: 1,
  Ret: 2,
  BrTrue: 3,
  BrFalse: 4,
  Branch: 5,
  Load: 6,
  LoadConst: 7,
  CopyLoc: 8,
  CopyRefLoc: 9,
  MoveLoc: 10,
  MoveRefLoc: 11,
  StLoc: 12,
  BorrowLoc: 13,
  BorrowField: 14,
  Call: 15,
  CallGeneric: 16,
  Pack: 17,
  Unpack: 18,
  ReadRef: 19,
  WriteRef: 20,
  AddSmall: 21,
  AddBig: 22,
  SubSmall: 23,
  SubBig: 24,
  MulSmall: 25,
  MulBig: 26,
  DivSmall: 27,
  DivBig: 28,
  ModSmall: 29,
  ModBig: 30,
  OrSmall: 31,
  OrBig: 32,
  AndSmall: 33,
  AndBig: 34,
  XorSmall: 35,
  XorBig: 36,
  ShlSmall: 37,
  ShlBig: 38,
  ShrSmall: 39,
  ShrBig: 40,
  Or: 41,
  And: 42,
  Not: 43,
  Eq: 44,
  EqPrimitive: 45,
  EqRef: 46,
  Neq: 47,
  Lt: 48,
  Gt: 49,
  Le: 50,
  Ge: 51,
  CastSmall: 52,
  CastBig: 53,
  Abort: 54,
  Nop: 55,
  FreezeRef: 56,
  VecPack: 57,
  VecLen: 58,
  VecBorrow: 59,
  VecPushBack: 60,
  VecPopBack: 61,
  VecUnpack: 62,
  VecSwap: 63,
  PackVariant: 64,
  UnpackVariant: 65,
  UnpackVariantRef: 66,
  VariantSwitch: 67,
} as const;

/** What an instruction needs besides its two numbers. */
export type Aux =
  | undefined
  /** Load, LoadConst: what is pushed. */
  | { readonly value: Value }
  /** Call, CallGeneric: the function handle and the type arguments, which may speak of the caller's. */
  | { readonly handle: number; readonly typeArgs: readonly Type[] }
  /** Pack, PackVariant, VecPack: the made or the element type, which may speak of the function's parameters. */
  | { readonly type: Type }
  /** VariantSwitch: instruction by tag. */
  | { readonly offsets: readonly number[] };

/** A function's instructions. */
export interface Executable {
  readonly ops: Uint8Array;
  /** First number: local, field, target, count, largest value or width. */
  readonly first: Float64Array;
  /** Second number: tag, BCS length or bits. */
  readonly second: Float64Array;
  readonly aux: readonly Aux[];
  readonly localCount: number;
  /** Instructions that name a function or a type: what has to be linked before it runs. */
  readonly linkCount: number;
}

/** Largest value of each integer width, and its bits. */
export const integers: Readonly<
  Record<'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'u256', { readonly bits: number; readonly max: bigint }>
> = {
  u8: { bits: 8, max: 0xffn },
  u16: { bits: 16, max: 0xffffn },
  u32: { bits: 32, max: 0xffff_ffffn },
  u64: { bits: 64, max: (1n << 64n) - 1n },
  u128: { bits: 128, max: (1n << 128n) - 1n },
  u256: { bits: 256, max: (1n << 256n) - 1n },
};
