/** Natives of `0x2::object` and `0x2::types`. */
import { countTypeNodes, peekRef, StructValue, type NativeFunction, type Value } from '@wotid/move-vm';
import { runtimeOf } from '../object-runtime.ts';
import { COST, typeTagSize } from './costs.ts';

/** `borrow_uid<T: key>(obj: &T): &UID` */
const borrowUid: NativeFunction = (context, _types, [object]) => {
  context.charge(COST.base);
  const target = peekRef(object as Value);
  const uid = target instanceof StructValue ? target.fields[0] : undefined;
  if (uid === undefined) {
    return context.fail('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'borrow_uid of something without fields');
  }
  return [uid];
};

/** `delete_impl(id: address)` */
const deleteImpl: NativeFunction = (context, _types, [id]) => {
  context.charge(COST.base);
  runtimeOf(context).deleteId(id as string);
  return [];
};

/** `record_new_uid(id: address)` */
const recordNewUid: NativeFunction = (context, _types, [id]) => {
  context.charge(COST.base);
  runtimeOf(context).newId(id as string);
  return [];
};

/** `is_one_time_witness<T: drop>(_: &T): bool`: a struct named as its module in capitals, with one bool field. */
const isOneTimeWitness: NativeFunction = (context, [type]) => {
  context.charge(COST.base);
  if (type === undefined) return context.fail('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'no type argument');
  context.charge(COST.witnessPerByte * countTypeNodes(type));
  const tag = context.session.tagOf(type);
  context.charge(COST.witnessPerByte * typeTagSize(tag));
  if (type.kind !== 'datatype' || type.datatype.isEnum || type.typeArgs.length > 0) return [false];
  const { name, module, variants } = type.datatype;
  const fields = variants[0]?.fields ?? [];
  return [name === module.toUpperCase() && fields.length === 1 && fields[0]?.type.kind === 'bool'];
};

export const objectNatives: Readonly<Record<string, NativeFunction>> = {
  'object::borrow_uid': borrowUid,
  'object::delete_impl': deleteImpl,
  'object::record_new_uid': recordNewUid,
  'types::is_one_time_witness': isOneTimeWitness,
};
