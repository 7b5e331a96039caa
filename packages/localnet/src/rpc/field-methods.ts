/** Methods about dynamic fields. Source: iota-types, dynamic_field; iota-core, `try_create_dynamic_field_info`. */
import { deriveFieldId } from '../ledger/hashing.ts';
import { encodeTypeTag } from '../ledger/type-tags.ts';
import { FRAMEWORK_ADDRESS } from '../ledger/protocol.ts';
import type { Address, LedgerReader, MoveObject, TypeTag } from '../ledger/types.ts';
import type { Methods, RpcContext } from './context.ts';
import type { Json, JsonObject } from './json.ts';
import { jsonToBcs } from './json-to-bcs.ts';
import { maxPageItems } from './limits.ts';
import { moveJson, splitFields } from './move-json.ts';
import { objectResponse } from './object-methods.ts';
import {
  fullContentOptions,
  noObjectOptions,
  parseObjectOptions,
  versionNumber,
  type ObjectOptions,
} from './object-json.ts';
import { parseAddress, parseCappedLimit, parseObject, parseText, takePage } from './params.ts';
import { invalidParams } from './rpc-error.ts';
import { isDatatype, parseTypeTag, shortTypeText, typeText } from './type-text.ts';

interface FieldName {
  readonly type: TypeTag;
  readonly bytes: Uint8Array;
}

interface DynamicField {
  readonly name: FieldName;
  /** The Field object itself, or the child object that an object field names. */
  readonly shown: MoveObject;
  readonly kind: 'DynamicField' | 'DynamicObject';
  readonly objectType: string;
}

/** Reads a `0x2::dynamic_field::Field<N, V>`; undefined for any other object and for a field whose child is gone. */
function dynamicField(object: MoveObject, context: RpcContext): DynamicField | undefined {
  const [nameType, valueType] = object.type.typeParams;
  if (nameType === undefined || valueType === undefined) return undefined;
  if (!isDatatype(object.type, '0x2', 'dynamic_field', 'Field')) return undefined;
  const parts = splitFields(object.type, object.contents, context.layoutOf);
  const name = parts.get('name');
  const value = parts.get('value');
  if (name === undefined || value === undefined) return undefined;

  const wrapped = wrappedName(nameType);
  if (wrapped === undefined) {
    return {
      name: { type: nameType, bytes: name.bytes },
      shown: object,
      kind: 'DynamicField',
      objectType: shortTypeText(valueType),
    };
  }
  const child = context.ledger.getObject(`0x${value.bytes.toHex()}`);
  if (child?.kind !== 'move') return undefined;
  return {
    // Wrapper<K> is one field, so its bytes are those of the key.
    name: { type: wrapped, bytes: name.bytes },
    shown: child,
    kind: 'DynamicObject',
    objectType: typeText(child.type),
  };
}

/** K of `0x2::dynamic_object_field::Wrapper<K>`. */
function wrappedName(type: TypeTag): TypeTag | undefined {
  if (typeof type === 'string' || !('struct' in type)) return undefined;
  return isDatatype(type.struct, '0x2', 'dynamic_object_field', 'Wrapper')
    ? type.struct.typeParams[0]
    : undefined;
}

function fieldJson(field: DynamicField, context: RpcContext): JsonObject {
  const { name, shown, kind, objectType } = field;
  return {
    name: {
      type: typeText(name.type),
      value: moveJson(name.type, name.bytes, 'plain', context.layoutOf),
    },
    bcsEncoding: 'base64',
    bcsName: name.bytes.toBase64(),
    type: kind,
    objectType,
    objectId: shown.id,
    version: versionNumber(shown.version),
    digest: shown.digest,
  };
}

function* fieldsOf(
  parent: Address,
  cursor: Address | undefined,
  context: RpcContext,
): Generator<{ readonly id: Address; readonly field: DynamicField }> {
  for (const object of context.ledger.childrenOf(parent, cursor)) {
    const field = dynamicField(object, context);
    if (field !== undefined) yield { id: object.id, field };
  }
}

/** `{type, value}` in JSON, or `{type, bcs}`-free: the value is encoded by its type. */
function parseName(value: unknown, context: RpcContext): FieldName {
  const name = parseObject(value, 'name');
  const type = parseTypeTag(parseText(name['type'], 'name.type'));
  if (!Object.hasOwn(name, 'value')) throw invalidParams('name.value: missing');
  return { type, bytes: jsonToBcs(type, name['value'], context.layoutOf) };
}

/** The object that a name leads to: the Field of a plain field, the child of an object field. */
function findField(ledger: LedgerReader, parent: Address, name: FieldName): Address | undefined {
  const plain = deriveFieldId(parent, name.bytes, encodeTypeTag(name.type));
  if (ledger.getObject(plain)?.kind === 'move') return plain;
  const wrapper: TypeTag = {
    struct: {
      address: FRAMEWORK_ADDRESS,
      module: 'dynamic_object_field',
      name: 'Wrapper',
      typeParams: [name.type],
    },
  };
  const field = ledger.getObject(deriveFieldId(parent, name.bytes, encodeTypeTag(wrapper)));
  // Field<Wrapper<K>, ID>: id, name, and last the 32 bytes of the child's id.
  return field?.kind === 'move' ? `0x${field.contents.subarray(-32).toHex()}` : undefined;
}

function fieldResponse(parent: Address, name: FieldName, options: ObjectOptions, context: RpcContext): Json {
  const id = findField(context.ledger, parent, name);
  return id === undefined
    ? { error: { code: 'dynamicFieldNotFound', parent_object_id: parent } }
    : objectResponse(id, options, context);
}

export const fieldMethods: Methods = {
  iotax_getDynamicFields: {
    params: ['parent_object_id', 'cursor', 'limit'],
    run(params, context) {
      const parent = params.required(0, 'parent_object_id', parseAddress);
      const cursor = params.optional(1, 'cursor', parseAddress);
      const limit = params.optional(2, 'limit', parseCappedLimit) ?? maxPageItems;
      const page = takePage(fieldsOf(parent, cursor, context), limit);
      return {
        data: page.data.map(({ field }) => fieldJson(field, context)),
        nextCursor: page.nextItem?.id ?? cursor ?? null,
        hasNextPage: page.hasNextPage,
      };
    },
  },
  iotax_getDynamicFieldObject: {
    params: ['parent_object_id', 'name'],
    run(params, context) {
      const parent = params.required(0, 'parent_object_id', parseAddress);
      const name = params.required(1, 'name', (value) => parseName(value, context));
      return fieldResponse(parent, name, fullContentOptions, context);
    },
  },
  iotax_getDynamicFieldObjectV2: {
    params: ['parent_object_id', 'name', 'options'],
    run(params, context) {
      const parent = params.required(0, 'parent_object_id', parseAddress);
      const name = params.required(1, 'name', (value) => parseName(value, context));
      const options = params.optional(2, 'options', parseObjectOptions) ?? noObjectOptions;
      return fieldResponse(parent, name, options, context);
    },
  },
};
