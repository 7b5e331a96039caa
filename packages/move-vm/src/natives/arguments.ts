/** What natives share: prices of bytes, and arguments in the form they compute with. */
import { VmHalt } from '../errors.ts';
import { ByteVector, ElementVector, type Value } from '../values/value.ts';

/** What most natives cost at least, in internal units. Source: `crates/iota-protocol-config/src/lib.rs` of IOTA. */
export const nativeBaseCost = 52;
/** What natives that read or write bytes cost for each. */
export const costPerByte = 2;
/** What hash functions cost for each block of theirs, in addition. */
export const costPerBlock = 2;

/** A vector, or a reference to one, which is the same. */
export function asVector(value: Value | undefined): ByteVector | ElementVector {
  if (value instanceof ByteVector || value instanceof ElementVector) return value;
  throw new VmHalt('INTERNAL_TYPE_ERROR', 'a native got no vector');
}

/** The bytes of a `vector<u8>`, or of a reference to one; not to be written to. */
export function asBytes(value: Value | undefined): Uint8Array {
  if (value instanceof ByteVector) return value.bytes;
  throw new VmHalt('INTERNAL_TYPE_ERROR', 'a native got no vector<u8>');
}
