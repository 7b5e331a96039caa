/** Pure arguments: which types bytes may become, and whether they are of that type (`iota-adapter`: execution). */
import {
  ByteVector,
  ElementVector,
  StructValue,
  vectorLength,
  type Session,
  type Type,
  type Value,
} from '@wotid/move-vm';
import { fromUtf8 } from '@wotid/core';
import { FRAMEWORK_ADDRESS, STD_ADDRESS } from '../protocol.ts';

type DatatypeType = Extract<Type, { kind: 'datatype' }>;

function isDatatype(type: DatatypeType, address: string, module: string, name: string): boolean {
  const { datatype } = type;
  return datatype.name === name && datatype.module === module && datatype.definingId === address;
}

const isOption = (type: DatatypeType): boolean => isDatatype(type, STD_ADDRESS, 'option', 'Option');
const isId = (type: DatatypeType): boolean => isDatatype(type, FRAMEWORK_ADDRESS, 'object', 'ID');
const isUtf8 = (type: DatatypeType): boolean => isDatatype(type, STD_ADDRESS, 'string', 'String');
const isAscii = (type: DatatypeType): boolean => isDatatype(type, STD_ADDRESS, 'ascii', 'String');

/** True for the types that bytes may become: primitives, ID, strings, and options and vectors of these. */
export function mayBePure(type: Type): boolean {
  switch (type.kind) {
    case 'signer':
    case 'reference':
    case 'typeParameter':
      return false;
    case 'vector':
      return mayBePure(type.element);
    case 'datatype':
      if (isOption(type) && type.typeArgs.length === 1) return mayBePure(type.typeArgs[0] as Type);
      return isId(type) || isUtf8(type) || isAscii(type);
    default:
      return true;
  }
}

/** The value of `bytes`; undefined when they are not of a type for which {@link mayBePure} holds. */
export function decodePure(session: Session, type: Type, bytes: Uint8Array): Value | undefined {
  const value = session.decodeValue(type, bytes);
  return value !== undefined && isWellFormed(type, value) ? value : undefined;
}

/** What the layout alone does not say: options have at most one element, strings are text. */
function isWellFormed(type: Type, value: Value): boolean {
  if (type.kind === 'vector') {
    if (!(value instanceof ElementVector) || value.elementBytes > 0) return true;
    return value.items.every((item) => isWellFormed(type.element, item));
  }
  if (type.kind !== 'datatype') return true;
  const content = value instanceof StructValue ? value.fields[0] : undefined;
  if (isOption(type)) {
    if (!(content instanceof ByteVector) && !(content instanceof ElementVector)) return false;
    if (vectorLength(content) > 1) return false;
    return (
      content instanceof ByteVector ||
      content.items.every((item) => isWellFormed(type.typeArgs[0] as Type, item))
    );
  }
  if (isUtf8(type)) return content instanceof ByteVector && isText(content.bytes);
  if (isAscii(type)) return content instanceof ByteVector && content.bytes.every((byte) => byte < 0x80);
  return true;
}

function isText(bytes: Uint8Array): boolean {
  try {
    fromUtf8(bytes);
    return true;
  } catch {
    return false;
  }
}
