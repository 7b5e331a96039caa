import { VmHalt } from '../errors.ts';
import { freeWork, workOf, type WorkMeter } from '../gas/work-meter.ts';
import { substitute } from '../loader/instantiate.ts';
import type { Datatype, Type } from '../types.ts';
import { ByteVector, ElementVector, elementBytesOf, StructValue, VariantValue, type Value } from './value.ts';

/** Nesting of types whose values are encoded; a value that could be made is never deeper. */
const maxDepth = 128;
/** Nodes of a type with all its fields spelled out, as IOTA limits the layouts it builds. */
const maxLayoutNodes = 256;
/** Bytes of one encoded value: above IOTA's largest object and event (256 000), below what hurts. */
const maxEncodedBytes = 16_777_216;
/** Largest length of a BCS sequence. */
const maxLength = 0x7fff_ffff;

/** Types that were found to be encodable, by identity. */
const encodable = new WeakSet<Type>();

/**
 * Checks that values of a type can be encoded at all: IOTA builds no layout of more than 256 nodes.
 * @throws VmHalt TOO_MANY_TYPE_NODES, VM_MAX_VALUE_DEPTH_REACHED
 */
export function checkLayout(type: Type): void {
  if (encodable.has(type)) return;
  let nodes = 0;
  const visit = (part: Type, depth: number): void => {
    // IOTA compares before it counts.
    if (nodes++ > maxLayoutNodes)
      throw new VmHalt('TOO_MANY_TYPE_NODES', 'a type has too many fields to encode');
    if (depth > maxDepth)
      throw new VmHalt('VM_MAX_VALUE_DEPTH_REACHED', 'a type is nested too deeply to encode');
    if (part.kind === 'vector') visit(part.element, depth + 1);
    else if (part.kind === 'datatype') {
      for (const { fields } of part.datatype.variants) {
        for (const field of fields) visit(substitute(field.type, part.typeArgs), depth + 1);
      }
    }
  };
  visit(type, 1);
  encodable.add(type);
}

/** Field types of datatypes with type arguments, by type and variant: a vector's elements share one type. */
const substituted = new WeakMap<Type, (readonly Type[] | undefined)[]>();

type DatatypeType = Type & { readonly kind: 'datatype'; readonly datatype: Datatype };

/** Field types of a variant with the type arguments put in; undefined when there is no such variant. */
export function fieldTypes(type: DatatypeType, tag: number): readonly Type[] | undefined {
  let known = substituted.get(type);
  if (known === undefined) substituted.set(type, (known = []));
  return (known[tag] ??= type.datatype.variants[tag]?.fields.map((field) =>
    substitute(field.type, type.typeArgs),
  ));
}

/**
 * BCS of a value.
 * @throws VmHalt VALUE_SERIALIZATION_ERROR when the value is not of the type, MEMORY_LIMIT_EXCEEDED when it is huge or
 *   beyond the limit of `work`
 */
export function encodeValue(type: Type, value: Value, work: WorkMeter = freeWork): Uint8Array<ArrayBuffer> {
  const writer = new Writer(work);
  write(writer, type, value, 1);
  return writer.finish();
}

class Writer {
  readonly work: WorkMeter;
  #bytes = new Uint8Array(64);
  #length = 0;

  constructor(work: WorkMeter) {
    this.work = work;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  uleb(value: number): void {
    for (; value > 0x7f; value = Math.floor(value / 128)) this.byte((value % 128) | 0x80);
    this.byte(value);
  }

  uint(value: number, length: number): void {
    for (let i = 0; i < length; i++, value = Math.floor(value / 256)) this.byte(value % 256);
  }

  bigUint(value: bigint, length: number): void {
    for (let i = 0; i < length; i++, value >>= 8n) this.byte(Number(value & 0xffn));
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > maxEncodedBytes) throw new VmHalt('MEMORY_LIMIT_EXCEEDED', 'an encoded value is too large');
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

function write(writer: Writer, type: Type, value: Value, depth: number): void {
  if (depth > maxDepth + 1) throw new VmHalt('VALUE_SERIALIZATION_ERROR', 'a value is nested too deeply');
  switch (type.kind) {
    case 'bool':
      if (typeof value !== 'boolean') throw mismatch(type);
      return writer.byte(value ? 1 : 0);
    case 'u8':
    case 'u16':
    case 'u32': {
      const length = elementBytesOf(type);
      if (typeof value !== 'number' || value < 0 || value >= 2 ** (8 * length)) throw mismatch(type);
      return writer.uint(value, length);
    }
    case 'u64':
    case 'u128':
    case 'u256': {
      const length = elementBytesOf(type);
      if (typeof value !== 'bigint' || value < 0n || value >> BigInt(8 * length) !== 0n) throw mismatch(type);
      return writer.bigUint(value, length);
    }
    case 'address':
    case 'signer':
      if (typeof value !== 'string' || value.length !== 66) throw mismatch(type);
      return writer.raw(Uint8Array.fromHex(value.slice(2)));
    case 'vector':
      if (value instanceof ByteVector !== (type.element.kind === 'u8')) throw mismatch(type);
      if (value instanceof ByteVector) {
        writer.work.spend(workOf.part + workOf.byte * value.length);
        writer.uleb(value.length);
        return writer.raw(value.bytes);
      }
      if (!(value instanceof ElementVector)) throw mismatch(type);
      writer.work.spend(2 * workOf.part * (1 + value.items.length));
      writer.uleb(value.items.length);
      for (const item of value.items) write(writer, type.element, item, depth + 1);
      return;
    case 'datatype': {
      const tag = value instanceof VariantValue ? value.tag : 0;
      if (!(value instanceof VariantValue || value instanceof StructValue)) throw mismatch(type);
      if (value instanceof VariantValue !== type.datatype.isEnum) throw mismatch(type);
      const types = fieldTypes(type, tag);
      if (types?.length !== value.fields.length) throw mismatch(type);
      writer.work.spend(2 * workOf.part * (1 + types.length));
      if (type.datatype.isEnum) writer.uleb(tag);
      for (let i = 0; i < types.length; i++) {
        write(writer, types[i] as Type, value.fields[i] as Value, depth + 1);
      }
      return;
    }
    default:
      throw mismatch(type);
  }
}

function mismatch(type: Type): VmHalt {
  return new VmHalt('VALUE_SERIALIZATION_ERROR', `a value is not of type ${type.kind}`);
}

/**
 * The value of BCS bytes, all of them used; undefined when they are no value of that type.
 * @throws VmHalt MEMORY_LIMIT_EXCEEDED beyond the limit of `work`
 */
export function decodeValue(type: Type, bytes: Uint8Array, work: WorkMeter = freeWork): Value | undefined {
  const reader = new Reader(bytes, work);
  const value = read(reader, type, 1);
  return value !== undefined && reader.position === bytes.length ? value : undefined;
}

/** Reads past the end give undefined, so that bad bytes cost no exception. */
class Reader {
  readonly bytes: Uint8Array;
  readonly work: WorkMeter;
  position = 0;

  constructor(bytes: Uint8Array, work: WorkMeter) {
    this.bytes = bytes;
    this.work = work;
  }

  take(length: number): Uint8Array | undefined {
    if (length > this.bytes.length - this.position) return undefined;
    return this.bytes.subarray(this.position, (this.position += length));
  }

  uleb(): number | undefined {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return (byte === 0 && shift > 0) || value > maxLength ? undefined : value;
    }
    return undefined;
  }
}

function read(reader: Reader, type: Type, depth: number): Value | undefined {
  if (depth > maxDepth + 1) return undefined;
  switch (type.kind) {
    case 'bool': {
      const byte = reader.take(1)?.[0];
      return byte === undefined || byte > 1 ? undefined : byte === 1;
    }
    case 'u8':
    case 'u16':
    case 'u32': {
      const bytes = reader.take(elementBytesOf(type));
      return bytes?.reduceRight((value, byte) => value * 256 + byte, 0);
    }
    case 'u64':
    case 'u128':
    case 'u256': {
      const bytes = reader.take(elementBytesOf(type));
      return bytes === undefined ? undefined : BigInt(`0x${bytes.toReversed().toHex()}`);
    }
    case 'address': {
      const bytes = reader.take(32);
      return bytes === undefined ? undefined : `0x${bytes.toHex()}`;
    }
    case 'vector':
      return readVector(reader, type.element, depth);
    case 'datatype': {
      const tag = type.datatype.isEnum ? reader.uleb() : 0;
      const types = tag === undefined ? undefined : fieldTypes(type, tag);
      if (types === undefined || tag === undefined) return undefined;
      reader.work.spend(workOf.container + 2 * workOf.part * types.length);
      const fields: Value[] = [];
      for (const field of types) {
        const value = read(reader, field, depth + 1);
        if (value === undefined) return undefined;
        fields.push(value);
      }
      return type.datatype.isEnum ? new VariantValue(tag, fields) : new StructValue(fields);
    }
    default:
      // A signer is not of this world, references are never stored.
      return undefined;
  }
}

function readVector(reader: Reader, element: Type, depth: number): Value | undefined {
  const length = reader.uleb();
  // Each element has at least one byte, so that a length beyond the rest is a lie.
  if (length === undefined || length > reader.bytes.length - reader.position) return undefined;
  reader.work.spend(
    element.kind === 'u8'
      ? workOf.byteVector + workOf.byte * length
      : workOf.container + 2 * workOf.part * length,
  );
  if (element.kind === 'u8') {
    const bytes = reader.take(length);
    return bytes === undefined ? undefined : new ByteVector(bytes.slice());
  }
  const items: Value[] = [];
  for (let i = 0; i < length; i++) {
    const item = read(reader, element, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return new ElementVector(items, elementBytesOf(element));
}
