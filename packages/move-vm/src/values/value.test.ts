import { describe, expect, it } from 'vitest';
import { ByteVector, ElementVector, legacySize, memorySize, StructValue, VariantValue } from './value.ts';

describe('abstract sizes', () => {
  it.each([
    [true, 16, 16],
    [7n, 16, 16],
    [`0x${'0'.repeat(64)}`, 32, 32],
    [new ByteVector(new Uint8Array(5)), 7, 5],
    [new ElementVector([1n, 2n], 8), 18, 16],
    [new ElementVector([new ByteVector(new Uint8Array(1))], 0), 5, 3],
    [new StructValue([1n, new StructValue([])]), 20, 20],
    [new VariantValue(1, [3]), 18, 20],
    [new ElementVector([new VariantValue(0, []), new VariantValue(0, [])], 0), 6, 10],
  ])('%o: %i, and %i where natives count', (value, size, legacy) => {
    expect([memorySize(value), legacySize(value)]).toEqual([size, legacy]);
  });
});
