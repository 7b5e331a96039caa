/** BCS types that several formats of this package share. */
import { BcsType } from '@wotid/core';
import { MAX_TIME_MS } from '../limits.ts';

/**
 * A u64 that is a count, or a time of our own, as a `number`. Values above 2^53 - 1 do not decode.
 */
export const safeU64Type: BcsType<number, number> = boundedU64Type(Number.MAX_SAFE_INTEGER);

/** A time that a peer names, milliseconds since the Unix epoch, at most {@link MAX_TIME_MS}. */
export const timeType: BcsType<number, number> = boundedU64Type(MAX_TIME_MS);

function boundedU64Type(max: number): BcsType<number, number> {
  return new BcsType<number, number>({
    name: 'u64',
    read: (reader) => {
      const value = reader.read32() + 2 ** 32 * reader.read32();
      if (value > max) throw new TypeError(`u64 above ${max}`);
      return value;
    },
    write: (value, writer) => {
      writer.write32(value % 2 ** 32).write32(Math.floor(value / 2 ** 32));
    },
    serializedSize: () => 8,
    validate: (value) => {
      if (!Number.isSafeInteger(value) || value < 0 || value > max) {
        throw new TypeError(`${value} is no count or time`);
      }
    },
  });
}
