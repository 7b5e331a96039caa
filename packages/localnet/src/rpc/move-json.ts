/**
 * BCS values as the JSON that nodes print. Two renderings: `content` keeps `{type, fields}` around structs, `plain`
 * (events' parsedJson, dynamic field names) drops it. In both, u8 to u32 are numbers, larger integers decimal strings,
 * and the framework's String, Url, ID, UID, Balance and Option are unwrapped.
 * Source: iota-json-rpc-types, `IotaMoveValue` and `try_convert_type`.
 */
import { WotError } from '@wotid/core';
import { fromUtf8 } from '@wotid/core';
import type { DatatypeLayout, NamedLayout, StructTag, TypeTag } from '../ledger/types.ts';
import { sortedObject, type Json, type JsonObject } from './json.ts';
import { maxValueDepth } from './limits.ts';
import { isDatatype, typeText } from './type-text.ts';

export type Rendering = 'content' | 'plain';
/** Names and types of a datatype's fields, as the ledger knows them. */
export type LayoutOf = (type: StructTag) => DatatypeLayout;

/** Bytes that are not a value of their type. On our own ledger this is a bug; on a client's bytes, bad input. */
export class MoveValueError extends WotError<'MALFORMED_VALUE'> {}

/**
 * Renders the BCS `bytes` of a value of `type`.
 * @throws MoveValueError when they are not exactly one such value
 */
export function moveJson(type: TypeTag, bytes: Uint8Array, rendering: Rendering, layoutOf: LayoutOf): Json {
  const reader = new ValueReader(bytes, layoutOf);
  const value = reader.value(type, rendering, 0);
  reader.end();
  return value;
}

/** The fields of a struct value, sorted by name: `content.fields` of an object. */
export function moveFields(
  type: StructTag,
  bytes: Uint8Array,
  rendering: Rendering,
  layoutOf: LayoutOf,
): JsonObject {
  const reader = new ValueReader(bytes, layoutOf);
  const layout = layoutOf(type);
  if (layout.kind !== 'struct') throw malformed(`${typeText(type)} is not a struct`);
  const fields = reader.fields(layout.fields, rendering, 0);
  reader.end();
  return fields;
}

/**
 * Cuts the BCS `bytes` of a struct into the bytes of its fields.
 * @throws MoveValueError when they are not exactly one such value
 */
export function splitFields(
  type: StructTag,
  bytes: Uint8Array,
  layoutOf: LayoutOf,
): ReadonlyMap<string, { readonly type: TypeTag; readonly bytes: Uint8Array }> {
  const reader = new ValueReader(bytes, layoutOf);
  const layout = layoutOf(type);
  if (layout.kind !== 'struct') throw malformed(`${typeText(type)} is not a struct`);
  const parts = new Map<string, { type: TypeTag; bytes: Uint8Array }>();
  for (const field of layout.fields) {
    const start = reader.offset;
    reader.value(field.type, 'plain', 0);
    parts.set(field.name, { type: field.type, bytes: bytes.subarray(start, reader.offset) });
  }
  reader.end();
  return parts;
}

function malformed(message: string): MoveValueError {
  return new MoveValueError('MALFORMED_VALUE', message);
}

const integerBytes = { u8: 1, u16: 2, u32: 4, u64: 8, u128: 16, u256: 32 } as const;

class ValueReader {
  readonly #bytes: Uint8Array;
  readonly #layoutOf: LayoutOf;
  #offset = 0;

  constructor(bytes: Uint8Array, layoutOf: LayoutOf) {
    this.#bytes = bytes;
    this.#layoutOf = layoutOf;
  }

  get offset(): number {
    return this.#offset;
  }

  end(): void {
    if (this.#offset !== this.#bytes.length)
      throw malformed(`${this.#bytes.length - this.#offset} bytes are left over`);
  }

  value(type: TypeTag, rendering: Rendering, depth: number): Json {
    if (depth > maxValueDepth) throw malformed(`value is nested more than ${maxValueDepth} levels deep`);
    if (typeof type === 'string') return this.#primitive(type);
    if ('vector' in type) return this.#vector(type.vector, rendering, depth);
    return this.#datatype(type.struct, rendering, depth);
  }

  fields(fields: readonly NamedLayout[], rendering: Rendering, depth: number): JsonObject {
    return sortedObject(
      fields.map((field) => [field.name, this.value(field.type, rendering, depth + 1)] as const),
    );
  }

  #primitive(type: Extract<TypeTag, string>): Json {
    switch (type) {
      case 'bool': {
        const byte = this.#take(1)[0];
        if (byte !== 0 && byte !== 1) throw malformed(`${byte} is not a bool`);
        return byte === 1;
      }
      case 'address':
      case 'signer':
        return `0x${this.#take(32).toHex()}`;
      default: {
        const size = integerBytes[type];
        const integer = BigInt(`0x${this.#take(size).toReversed().toHex()}`);
        return size <= 4 ? Number(integer) : integer.toString();
      }
    }
  }

  #vector(element: TypeTag, rendering: Rendering, depth: number): Json {
    const length = this.#length();
    if (element === 'u8') return Array.from(this.#take(length));
    const values: Json[] = [];
    for (let i = 0; i < length; i++) values.push(this.value(element, rendering, depth + 1));
    return values;
  }

  #datatype(type: StructTag, rendering: Rendering, depth: number): Json {
    const layout = this.#layoutOf(type);
    if (layout.kind === 'enum') {
      const variant = layout.variants[this.#length()];
      if (variant === undefined) throw malformed(`${typeText(type)} has no such variant`);
      const fields = this.fields(variant.fields, rendering, depth);
      return rendering === 'content'
        ? { type: typeText(type), variant: variant.name, fields }
        : { variant: variant.name, fields };
    }
    const first = layout.fields[0]?.type;
    if (isDatatype(type, '0x1', 'string', 'String') || isDatatype(type, '0x1', 'ascii', 'String')) {
      return this.#text(type, rendering);
    }
    if (first !== undefined) {
      if (isDatatype(type, '0x2', 'object', 'UID')) return { id: this.value(first, rendering, depth + 1) };
      if (
        isDatatype(type, '0x2', 'object', 'ID') ||
        isDatatype(type, '0x2', 'balance', 'Balance') ||
        isDatatype(type, '0x2', 'url', 'Url')
      ) {
        return this.value(first, rendering, depth + 1);
      }
    }
    const [inner] = type.typeParams;
    if (isDatatype(type, '0x1', 'option', 'Option') && inner !== undefined) {
      const count = this.#length();
      if (count > 1) throw malformed('an option holds more than one value');
      // A node drops the type wrappers everywhere but below an Option; clients see them there, so we keep them.
      return count === 0 ? null : this.value(inner, 'content', depth + 2);
    }
    const fields = this.fields(layout.fields, rendering, depth);
    return rendering === 'content' ? { type: typeText(type), fields } : fields;
  }

  #text(type: StructTag, rendering: Rendering): Json {
    const bytes = this.#take(this.#length());
    try {
      return fromUtf8(bytes);
    } catch {
      // Only native code of another framework could make such a String: shown as the struct it is.
      const fields = { bytes: Array.from(bytes) };
      return rendering === 'content' ? { type: typeText(type), fields } : fields;
    }
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#offset)
      throw malformed(`${length} bytes expected, ${this.#bytes.length - this.#offset} are there`);
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  /** A ULEB128 of at most 32 bits, in its shortest form. */
  #length(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#take(1)[0] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if ((byte === 0 && shift > 0) || value >= 2 ** 32) break;
        return value;
      }
    }
    throw malformed('a length is not canonical ULEB128');
  }
}
