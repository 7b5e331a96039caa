import { VmHalt } from '../errors.ts';
import { borrowItem, ByteRef, ByteVector, ElementVector, vectorLength, type Value } from '../values/value.ts';

/** Elements a vector may have. Source: section "Runtime" of IOTA's protocol configuration, `max_move_vector_len`. */
export const maxVectorLength = 262_144;

/** Sub-statuses of VECTOR_OPERATION_ERROR. Source: `move-vm-types/src/values/values_impl.rs` of IOTA. */
const vectorError = { indexOutOfBounds: 1n, popEmpty: 2n, unpackMismatch: 3n, tooLong: 4n } as const;

function fail(reason: keyof typeof vectorError, message: string): VmHalt {
  return new VmHalt('VECTOR_OPERATION_ERROR', message, vectorError[reason]);
}

/** A reference to element `index`. @throws VmHalt VECTOR_OPERATION_ERROR */
export function borrowElement(vector: ByteVector | ElementVector, index: bigint): Value {
  const at = checkIndex(vector, index);
  return vector instanceof ByteVector ? new ByteRef(vector, at) : borrowItem(vector.items, at);
}

/** Appends `value`, which is taken over. @throws VmHalt VECTOR_OPERATION_ERROR when the vector is full */
export function pushElement(vector: ByteVector | ElementVector, value: Value): void {
  if (vectorLength(vector) >= maxVectorLength)
    throw fail('tooLong', `a vector has at most ${maxVectorLength} elements`);
  if (vector instanceof ByteVector) vector.push(value as number);
  else vector.items.push(value);
}

/** Takes the last element. @throws VmHalt VECTOR_OPERATION_ERROR when there is none */
export function popElement(vector: ByteVector | ElementVector): Value {
  const value = vector instanceof ByteVector ? vector.pop() : vector.items.pop();
  if (value === undefined) throw fail('popEmpty', 'pop from an empty vector');
  return value;
}

/** Swaps two elements. @throws VmHalt VECTOR_OPERATION_ERROR */
export function swapElements(vector: ByteVector | ElementVector, left: bigint, right: bigint): void {
  const i = checkIndex(vector, left);
  const j = checkIndex(vector, right);
  if (vector instanceof ByteVector) {
    const byte = vector.at(i);
    vector.set(i, vector.at(j));
    vector.set(j, byte);
  } else {
    const item = vector.items[i] as Value;
    vector.items[i] = vector.items[j] as Value;
    vector.items[j] = item;
  }
}

/** All elements of a vector that has exactly `count`. @throws VmHalt VECTOR_OPERATION_ERROR */
export function unpackElements(vector: ByteVector | ElementVector, count: number): readonly Value[] {
  if (vectorLength(vector) !== count) {
    throw fail('unpackMismatch', `the vector has ${vectorLength(vector)} elements instead of ${count}`);
  }
  return vector instanceof ByteVector ? [...vector.bytes] : vector.items;
}

function checkIndex(vector: ByteVector | ElementVector, index: bigint): number {
  if (index >= BigInt(vectorLength(vector))) throw fail('indexOutOfBounds', `there is no element ${index}`);
  return Number(index);
}
