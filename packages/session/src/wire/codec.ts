/** BCS types that several formats of this package share. */
import { u64Type, type BcsType } from '@wotid/core';

/**
 * A u64 that is a count or a time in milliseconds, as a `number`. Values above 2^53 - 1 do not decode: as a time that is
 * 285,000 years away.
 */
export const safeU64Type: BcsType<number, number> = u64Type.transform({
  input: (value: number) => {
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${value} is no count or time`);
    return BigInt(value);
  },
  output: (value) => {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new TypeError('u64 above 2^53 - 1');
    return Number(value);
  },
});
