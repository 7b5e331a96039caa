/** What the type checker makes of instructions on integers, which in the bytecode do not say their width. */
import { op } from '../binary/format.ts';
import { run, type integers } from '../interpreter/executable.ts';

/** Integers that the VM holds as numbers. */
export const small: readonly string[] = ['u8', 'u16', 'u32'];
/** Operators on two integers of one width, or on an integer and a shift: for small integers and for big ones. */
export const arithmetic: Readonly<Record<number, readonly [small: number, big: number]>> = {
  [op.Add]: [run.AddSmall, run.AddBig],
  [op.Sub]: [run.SubSmall, run.SubBig],
  [op.Mul]: [run.MulSmall, run.MulBig],
  [op.Div]: [run.DivSmall, run.DivBig],
  [op.Mod]: [run.ModSmall, run.ModBig],
  [op.BitOr]: [run.OrSmall, run.OrBig],
  [op.BitAnd]: [run.AndSmall, run.AndBig],
  [op.Xor]: [run.XorSmall, run.XorBig],
  [op.Shl]: [run.ShlSmall, run.ShlBig],
  [op.Shr]: [run.ShrSmall, run.ShrBig],
};
/** Operators that order two integers of one width. */
export const comparisons: Readonly<Record<number, number>> = {
  [op.Lt]: run.Lt,
  [op.Gt]: run.Gt,
  [op.Le]: run.Le,
  [op.Ge]: run.Ge,
};
/** Widths that are cast to. */
export const casts: Readonly<Record<number, keyof typeof integers>> = {
  [op.CastU8]: 'u8',
  [op.CastU16]: 'u16',
  [op.CastU32]: 'u32',
  [op.CastU64]: 'u64',
  [op.CastU128]: 'u128',
  [op.CastU256]: 'u256',
};
/** Widths that are loaded. */
export const loads: Readonly<Record<number, keyof typeof integers>> = {
  [op.LdU8]: 'u8',
  [op.LdU16]: 'u16',
  [op.LdU32]: 'u32',
  [op.LdU64]: 'u64',
  [op.LdU128]: 'u128',
  [op.LdU256]: 'u256',
};
