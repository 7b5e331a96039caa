import { VmHalt } from '../errors.ts';
import { integers } from './executable.ts';

/** Overflow, division by zero, a cast or a shift that does not fit. */
export function arithmeticError(message: string): VmHalt {
  return new VmHalt('ARITHMETIC_ERROR', message);
}

const maxByBits: Readonly<Record<number, bigint>> = Object.fromEntries(
  Object.values(integers).map(({ bits, max }) => [bits, max]),
);

/** Largest integer of `bits` bits, one of Move's widths. */
export function maxOf(bits: number): bigint {
  return maxByBits[bits] as bigint;
}

/** `value` when it is at most `max`. @throws VmHalt ARITHMETIC_ERROR */
export function fitSmall(value: number, max: number): number {
  if (value > max || value < 0) throw arithmeticError('the result does not fit');
  return value;
}

/** `value` when it has at most `bits` bits. @throws VmHalt ARITHMETIC_ERROR */
export function fitBig(value: bigint, bits: number): bigint {
  if (value > maxOf(bits) || value < 0n) throw arithmeticError('the result does not fit');
  return value;
}

/** Integer of any width as one of up to 32 bits. @throws VmHalt ARITHMETIC_ERROR when it exceeds `max` */
export function castSmall(value: number | bigint, max: number): number {
  if (value > max) throw arithmeticError('the cast integer does not fit');
  return Number(value);
}

/** Integer of any width as one of over 32 bits. @throws VmHalt ARITHMETIC_ERROR when it has more than `bits` */
export function castBig(value: number | bigint, bits: number): bigint {
  if (typeof value === 'number') return BigInt(value);
  if (value > maxOf(bits)) throw arithmeticError('the cast integer does not fit');
  return value;
}

/** `left << by` without the bits that leave. @throws VmHalt ARITHMETIC_ERROR when `by` is not below `bits` */
export function shiftLeftSmall(left: number, by: number, bits: number): number {
  if (by >= bits) throw arithmeticError('the shift is too wide');
  return (left * 2 ** by) % 2 ** bits;
}

/** As {@link shiftLeftSmall}. */
export function shiftLeftBig(left: bigint, by: number, bits: number): bigint {
  if (by >= bits) throw arithmeticError('the shift is too wide');
  return (left << BigInt(by)) & maxOf(bits);
}

/** `left >> by`. @throws VmHalt ARITHMETIC_ERROR when `by` is not below `bits` */
export function shiftRightSmall(left: number, by: number, bits: number): number {
  if (by >= bits) throw arithmeticError('the shift is too wide');
  return left >>> by;
}

/** As {@link shiftRightSmall}. */
export function shiftRightBig(left: bigint, by: number, bits: number): bigint {
  if (by >= bits) throw arithmeticError('the shift is too wide');
  return left >> BigInt(by);
}
