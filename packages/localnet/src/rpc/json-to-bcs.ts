/**
 * JSON values to BCS by their Move type: the names of dynamic fields, the arguments of view calls.
 * Source: iota-json, `IotaJsonValue::to_move_value`.
 */
import { concatBytes, utf8 } from '@wotid/core';
import { bcs } from '@iota/iota-sdk/bcs';
import type { TypeTag } from '../ledger/types.ts';
import { isJsonObject } from './json.ts';
import { maxNameBytes, maxValueDepth } from './limits.ts';
import type { LayoutOf } from './move-json.ts';
import { parseAddress } from './params.ts';
import { invalidParams } from './rpc-error.ts';
import { isDatatype, typeText } from './type-text.ts';

/**
 * BCS of the JSON `value` read as a Move value of `type`. Integers may be numbers or decimal strings, byte vectors
 * arrays, `0x…` text or plain text; a struct of one field may be given as that field alone.
 * @throws RpcError `INVALID_PARAMS` when the value does not fit the type
 */
export function jsonToBcs(type: TypeTag, value: unknown, layoutOf: LayoutOf): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  const push = (bytes: Uint8Array): void => {
    total += bytes.length;
    if (total > maxNameBytes) throw invalidParams(`value has more than ${maxNameBytes} bytes`);
    parts.push(bytes);
  };
  encode(type, value, layoutOf, push, 0);
  return concatBytes(...parts);
}

const integerBits = { u8: 8n, u16: 16n, u32: 32n, u64: 64n, u128: 128n, u256: 256n } as const;

function encode(
  type: TypeTag,
  value: unknown,
  layoutOf: LayoutOf,
  push: (bytes: Uint8Array) => void,
  depth: number,
): void {
  if (depth > maxValueDepth) throw invalidParams(`value is nested more than ${maxValueDepth} levels deep`);
  const inner = (innerType: TypeTag, innerValue: unknown): void =>
    encode(innerType, innerValue, layoutOf, push, depth + 1);
  if (typeof type === 'string') return push(primitive(type, value));
  if ('vector' in type) {
    if (type.vector === 'u8' && typeof value === 'string') return push(bytesOfText(value));
    if (!Array.isArray(value)) throw mismatch(type, value);
    push(uleb(value.length));
    for (const item of value) inner(type.vector, item);
    return;
  }
  const { struct } = type;
  if (isDatatype(struct, '0x1', 'string', 'String') || isDatatype(struct, '0x1', 'ascii', 'String')) {
    if (typeof value !== 'string') throw mismatch(type, value);
    const bytes = utf8(value);
    push(uleb(bytes.length));
    return push(bytes);
  }
  if (isDatatype(struct, '0x2', 'object', 'ID')) return push(primitive('address', value));
  const [option] = struct.typeParams;
  if (isDatatype(struct, '0x1', 'option', 'Option') && option !== undefined) {
    // The rendering of an Option is its value or null; an array of up to one element is the struct's own shape.
    const items = Array.isArray(value) ? value : value === null ? [] : [value];
    if (items.length > 1) throw mismatch(type, value);
    push(uleb(items.length));
    for (const item of items) inner(option, item);
    return;
  }
  const layout = layoutOf(struct);
  if (layout.kind === 'enum') {
    const index = layout.variants.findIndex(
      (variant) => isJsonObject(value) && variant.name === value['variant'],
    );
    const variant = layout.variants[index];
    const fields = isJsonObject(value) ? (value['fields'] ?? {}) : undefined;
    if (variant === undefined || !isJsonObject(fields)) throw mismatch(type, value);
    push(uleb(index));
    for (const field of variant.fields) inner(field.type, member(fields, field.name, type));
    return;
  }
  const [only] = layout.fields;
  if (isJsonObject(value)) {
    for (const field of layout.fields) inner(field.type, member(value, field.name, type));
  } else if (only !== undefined && layout.fields.length === 1) {
    inner(only.type, value);
  } else {
    throw mismatch(type, value);
  }
}

function member(object: Readonly<Record<string, unknown>>, name: string, type: TypeTag): unknown {
  if (!Object.hasOwn(object, name)) throw invalidParams(`Missing field ${name} for struct ${typeText(type)}`);
  return object[name];
}

function primitive(type: Extract<TypeTag, string>, value: unknown): Uint8Array {
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw mismatch(type, value);
    return Uint8Array.of(value ? 1 : 0);
  }
  if (type === 'address' || type === 'signer') {
    if (typeof value !== 'string' || !value.startsWith('0x')) throw mismatch(type, value);
    return Uint8Array.fromHex(parseAddress(value, 'address').slice(2));
  }
  const bits = integerBits[type];
  let integer: bigint | undefined;
  // Beyond 32 bits a JSON number may already have been rounded on its way: only text is taken, as a node does.
  if (typeof value === 'number' && bits <= 32n && Number.isSafeInteger(value)) integer = BigInt(value);
  if (typeof value === 'string' && /^(?:[0-9]{1,78}|0x[0-9a-fA-F]{1,64})$/.test(value))
    integer = BigInt(value);
  if (integer === undefined || integer < 0n || integer >= 1n << bits) throw mismatch(type, value);
  return Uint8Array.fromHex(integer.toString(16).padStart(Number(bits) / 4, '0')).reverse();
}

function bytesOfText(text: string): Uint8Array {
  let bytes: Uint8Array;
  if (text.startsWith('0x')) {
    if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(text))
      throw invalidParams('not an even number of hex digits after 0x');
    bytes = Uint8Array.fromHex(text.slice(2));
  } else {
    bytes = utf8(text);
  }
  return concatBytes(uleb(bytes.length), bytes);
}

function uleb(value: number): Uint8Array {
  return bcs.uleb128().serialize(value).toBytes();
}

function mismatch(type: TypeTag, value: unknown): Error {
  const shown = JSON.stringify(value) ?? 'nothing';
  return invalidParams(
    `Unexpected arg ${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown} for expected type ${typeText(type)}`,
  );
}
