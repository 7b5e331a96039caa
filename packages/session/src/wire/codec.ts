/** BCS types that several formats of this package share. */
import { BcsType } from '@wotid/core';

/**
 * A u64 that is a count or a time in milliseconds, as a `number`. Values above 2^53 - 1 do not decode: as a time that is
 * 285,000 years away.
 */
export const safeU64Type: BcsType<number, number> = new BcsType<number, number>({
  name: 'u64',
  read: (reader) => {
    const value = reader.read32() + 2 ** 32 * reader.read32();
    if (!Number.isSafeInteger(value)) throw new TypeError('u64 above 2^53 - 1');
    return value;
  },
  write: (value, writer) => {
    writer.write32(value % 2 ** 32).write32(Math.floor(value / 2 ** 32));
  },
  serializedSize: () => 8,
  validate: (value) => {
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${value} is no count or time`);
  },
});
