/**
 * Values at run time. They do not know their type: every function was type-checked before it runs, and whoever holds a
 * value outside of the VM holds its {@link Type} with it.
 *
 * | Move | here |
 * |---|---|
 * | bool | boolean |
 * | u8, u16, u32 | number |
 * | u64, u128, u256 | bigint |
 * | address, signer | `0x` + 64 lower-case hex digits |
 * | vector<u8> | {@link ByteVector} |
 * | other vectors | {@link ElementVector} |
 * | struct | {@link StructValue} |
 * | enum | {@link VariantValue} |
 * | reference to a vector, struct or enum | the container itself |
 * | reference to anything else | {@link ElementRef} or {@link ByteRef} |
 *
 * Containers are mutable and have one owner: give one away and it is no longer yours; keep it and give a
 * {@link copyValue}.
 */
import type { Type } from '../types.ts';
import { VmHalt } from '../errors.ts';
import { freeWork, workOf, type WorkMeter } from '../gas/work-meter.ts';

/** A value, or a reference to one. */
export type Value = boolean | number | bigint | string | Container | ElementRef | ByteRef;

/** A value with parts that can be borrowed. */
export type Container = ByteVector | ElementVector | StructValue | VariantValue;

/** What all empty copies share: a vector that grows takes a new buffer. */
const noBytes = new Uint8Array();

/** A `vector<u8>`. */
export class ByteVector {
  #buffer: Uint8Array;
  #length: number;

  /** @param bytes taken over, not copied */
  constructor(bytes: Uint8Array) {
    this.#buffer = bytes;
    this.#length = bytes.length;
  }

  get length(): number {
    return this.#length;
  }

  /** The content; a view that the next change of the vector may or may not show. Copy it to keep it. */
  get bytes(): Uint8Array {
    return this.#buffer.length === this.#length ? this.#buffer : this.#buffer.subarray(0, this.#length);
  }

  /** @param index below `length` */
  at(index: number): number {
    return this.#buffer[index] as number;
  }

  /** @param index below `length` */
  set(index: number, byte: number): void {
    this.#buffer[index] = byte;
  }

  push(byte: number): void {
    if (this.#length === this.#buffer.length) this.#grow();
    this.#buffer[this.#length++] = byte;
  }

  /** Removes and returns the last byte; undefined when empty. */
  pop(): number | undefined {
    return this.#length === 0 ? undefined : this.#buffer[--this.#length];
  }

  /** Becomes what `source` is; `source` is not to be used again. */
  assign(source: ByteVector): void {
    this.#buffer = source.#buffer;
    this.#length = source.#length;
  }

  #grow(): void {
    const grown = new Uint8Array(Math.max(16, 2 * this.#length));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

/** A vector of anything but u8. */
export class ElementVector {
  items: Value[];
  /** Bytes of an element when the elements are of a primitive type, otherwise 0: what gas is charged by. */
  readonly elementBytes: number;

  /** @param items taken over, not copied */
  constructor(items: Value[], elementBytes: number) {
    this.items = items;
    this.elementBytes = elementBytes;
  }
}

/** A struct. */
export class StructValue {
  fields: Value[];

  /** @param fields in the order of declaration; taken over, not copied */
  constructor(fields: Value[]) {
    this.fields = fields;
  }
}

/** An enum value. */
export class VariantValue {
  tag: number;
  fields: Value[];

  /** @param fields of variant `tag`, in the order of declaration; taken over, not copied */
  constructor(tag: number, fields: Value[]) {
    this.tag = tag;
    this.fields = fields;
  }
}

/** A reference to a primitive value in a local, a field or a vector. */
export class ElementRef {
  readonly items: (Value | undefined)[];
  readonly index: number;

  constructor(items: (Value | undefined)[], index: number) {
    this.items = items;
    this.index = index;
  }
}

/** A reference to a byte of a `vector<u8>`. */
export class ByteRef {
  readonly vector: ByteVector;
  readonly index: number;

  constructor(vector: ByteVector, index: number) {
    this.vector = vector;
    this.index = index;
  }
}

/** Bytes of a primitive vector element; 0 for vectors, structs and enums. */
export function elementBytesOf(element: Type): number {
  switch (element.kind) {
    case 'bool':
    case 'u8':
      return 1;
    case 'u16':
      return 2;
    case 'u32':
      return 4;
    case 'u64':
      return 8;
    case 'u128':
      return 16;
    case 'u256':
    case 'address':
      return 32;
    default:
      return 0;
  }
}

/** A vector of closed element type `element`. @param items taken over, not copied */
export function makeVector(element: Type, items: Value[]): ByteVector | ElementVector {
  if (element.kind === 'u8') return new ByteVector(Uint8Array.from(items as number[]));
  return new ElementVector(items, elementBytesOf(element));
}

/** Number of elements. */
export function vectorLength(vector: ByteVector | ElementVector): number {
  return vector instanceof ByteVector ? vector.length : vector.items.length;
}

/**
 * A deep copy of a value that is not a reference.
 * @param work what pays for it; nothing does when the host copies a value of its own
 * @throws VmHalt MEMORY_LIMIT_EXCEEDED beyond the limit of `work`
 */
export function copyValue(value: Value, work: WorkMeter = freeWork): Value {
  if (typeof value !== 'object') return value;
  if (value instanceof StructValue) return new StructValue(copyItems(value.fields, work));
  if (value instanceof ByteVector) {
    work.spend(workOf.byteVector + workOf.byte * value.length);
    return new ByteVector(value.length === 0 ? noBytes : value.bytes.slice());
  }
  if (value instanceof ElementVector) {
    if (value.elementBytes === 0) return new ElementVector(copyItems(value.items, work), 0);
    work.spend(workOf.container + workOf.part * value.items.length);
    return new ElementVector(value.items.slice(), value.elementBytes);
  }
  if (value instanceof VariantValue) return new VariantValue(value.tag, copyItems(value.fields, work));
  return readRef(value, work);
}

function copyItems(items: readonly Value[], work: WorkMeter): Value[] {
  work.spend(workOf.container + workOf.part * items.length);
  return items.map((item) => copyValue(item, work));
}

/**
 * Move's `==`: deep, and references are equal when what they refer to is. Both are of the same type.
 * @param work pays for each part that is compared: a node charges 8 for a reference, however large the value behind it
 * @throws VmHalt MEMORY_LIMIT_EXCEEDED beyond the limit of `work`
 */
export function equalValues(left: Value, right: Value, work: WorkMeter = freeWork): boolean {
  if (typeof left !== 'object' || typeof right !== 'object') {
    return peekRef(left) === peekRef(right);
  }
  if (left instanceof StructValue) {
    return right instanceof StructValue && equalItems(left.fields, right.fields, work);
  }
  if (left instanceof ByteVector) return right instanceof ByteVector && equalBytes(left, right, work);
  if (left instanceof ElementVector) {
    return right instanceof ElementVector && equalItems(left.items, right.items, work);
  }
  if (left instanceof VariantValue) {
    return (
      right instanceof VariantValue && left.tag === right.tag && equalItems(left.fields, right.fields, work)
    );
  }
  return peekRef(left) === peekRef(right);
}

function equalBytes(left: ByteVector, right: ByteVector, work: WorkMeter): boolean {
  if (left.length !== right.length) return false;
  work.spend(workOf.part + workOf.byte * left.length);
  const [leftBytes, rightBytes] = [left.bytes, right.bytes];
  for (let i = 0; i < leftBytes.length; i++) if (leftBytes[i] !== rightBytes[i]) return false;
  return true;
}

function equalItems(left: readonly Value[], right: readonly Value[], work: WorkMeter): boolean {
  if (left.length !== right.length) return false;
  work.spend(workOf.part * (1 + left.length));
  for (let i = 0; i < left.length; i++) {
    const [item, other] = [left[i] as Value, right[i] as Value];
    if (typeof item === 'object' ? !equalValues(item, other, work) : item !== other) return false;
  }
  return true;
}

/**
 * Abstract size of a value that is not a reference: integers and bool 16, address 32, containers 2 and their parts,
 * where a vector of primitives counts the bytes of its elements. A reference always counts 8.
 * Source: `abstract_memory_size` in `move-vm-types/src/views.rs` of IOTA.
 */
export function memorySize(value: Value): number {
  return sizeOf(value, false);
}

/**
 * As {@link memorySize}, but a vector of primitives counts only its elements, and an enum value its tag too: what some
 * of IOTA's natives charge by.
 * Source: `legacy_size` in `move-vm-types/src/values/values_impl.rs` of IOTA.
 */
export function legacySize(value: Value): number {
  return sizeOf(value, true);
}

/** Abstract size of a reference. */
export const referenceSize = 8;

function sizeOf(value: Value, isLegacy: boolean): number {
  if (typeof value !== 'object') return typeof value === 'string' ? 32 : 16;
  if (value instanceof ByteVector) return (isLegacy ? 0 : 2) + value.length;
  if (value instanceof ElementVector) {
    if (value.elementBytes > 0) return (isLegacy ? 0 : 2) + value.elementBytes * value.items.length;
    let size = 2;
    for (const item of value.items) size += sizeOf(item, isLegacy);
    return size;
  }
  if (value instanceof StructValue || value instanceof VariantValue) {
    let size = isLegacy && value instanceof VariantValue ? 4 : 2;
    for (const field of value.fields) size += sizeOf(field, isLegacy);
    return size;
  }
  return referenceSize;
}

/**
 * What a reference refers to, not copied: a container stays the one that is borrowed.
 * @throws VmHalt UNKNOWN_INVARIANT_VIOLATION_ERROR when nothing is there any more
 */
export function peekRef(reference: Value): Value {
  if (reference instanceof ElementRef) {
    const value = reference.items[reference.index];
    if (value === undefined) throw danglingReference();
    return value;
  }
  if (reference instanceof ByteRef) {
    if (reference.index >= reference.vector.length) throw danglingReference();
    return reference.vector.at(reference.index);
  }
  return reference;
}

/** A copy of what a reference refers to. @throws VmHalt as {@link peekRef} and {@link copyValue} */
export function readRef(reference: Value, work: WorkMeter = freeWork): Value {
  return copyValue(peekRef(reference), work);
}

/**
 * Replaces what a mutable reference refers to.
 * @param value of the referenced type; taken over
 * @throws VmHalt UNKNOWN_INVARIANT_VIOLATION_ERROR when nothing is there any more or the kinds differ
 */
export function writeRef(reference: Value, value: Value): void {
  if (reference instanceof ElementRef) {
    if (reference.items[reference.index] === undefined) throw danglingReference();
    reference.items[reference.index] = value;
  } else if (reference instanceof ByteRef) {
    if (reference.index >= reference.vector.length) throw danglingReference();
    reference.vector.set(reference.index, value as number);
  } else if (reference instanceof StructValue && value instanceof StructValue) {
    reference.fields = value.fields;
  } else if (reference instanceof ByteVector && value instanceof ByteVector) {
    reference.assign(value);
  } else if (reference instanceof ElementVector && value instanceof ElementVector) {
    reference.items = value.items;
  } else if (reference instanceof VariantValue && value instanceof VariantValue) {
    // The fields are replaced as a whole, so that a reference into the old variant never sees the new one's fields.
    reference.tag = value.tag;
    reference.fields = value.fields;
  } else {
    throw new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'the written value is of another kind');
  }
}

/**
 * A reference to what is in `items[index]`.
 * @throws VmHalt UNKNOWN_INVARIANT_VIOLATION_ERROR when nothing is there
 */
export function borrowItem(items: (Value | undefined)[], index: number): Value {
  const value = items[index];
  if (value === undefined) throw danglingReference();
  return typeof value === 'object' ? value : new ElementRef(items, index);
}

function danglingReference(): VmHalt {
  return new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'the reference refers to nothing');
}

/**
 * A place outside of the VM that owns a value: a transaction's argument, a child object. Move code works on it through
 * a reference; read it back afterwards.
 */
export class ValueSlot {
  readonly #items: (Value | undefined)[];

  /** @param value taken over */
  constructor(value: Value) {
    this.#items = [value];
  }

  /** True while a value is here. */
  get isFilled(): boolean {
    return this.#items[0] !== undefined;
  }

  /** The value, not copied and still owned by the slot. @throws VmHalt when it was taken */
  peek(): Value {
    const value = this.#items[0];
    if (value === undefined) throw danglingReference();
    return value;
  }

  /** A reference to the value, for `&T` and `&mut T` alike. @throws VmHalt when it was taken */
  borrow(): Value {
    return borrowItem(this.#items, 0);
  }

  /** A deep copy of the value, paid by `work`. @throws VmHalt when it was taken, and as {@link copyValue} */
  copy(work: WorkMeter = freeWork): Value {
    return copyValue(this.peek(), work);
  }

  /** Moves the value out. @throws VmHalt when it was taken */
  take(): Value {
    const value = this.peek();
    this.#items[0] = undefined;
    return value;
  }

  /** Puts a value in, whatever was here. @param value taken over */
  put(value: Value): void {
    this.#items[0] = value;
  }
}
