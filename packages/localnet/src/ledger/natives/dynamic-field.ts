/** Natives of `0x2::dynamic_field`. */
import {
  countTypeNodes,
  legacySize,
  peekRef,
  workOf,
  type NativeContext,
  type NativeFunction,
  type Type,
  type Value,
  type ValueSlot,
} from '@wotid/move-vm';
import { deriveFieldId } from '../hashing.ts';
import { innerAddress, runtimeOf } from '../object-runtime.ts';
import { encodeTypeTag } from '../type-tags.ts';
import { COST, structTagSize, typeTagSize } from './costs.ts';
import { objectTag } from './transfer.ts';

const E_KEY_DOES_NOT_EXIST = 1;
const E_FIELD_TYPE_MISMATCH = 2;
/** What the VM counts for a reference. */
const REFERENCE_SIZE = 8;

/** `hash_type_and_key<K>(parent: address, k: K): address` */
const hashTypeAndKey: NativeFunction = (context, [type], [parent, key]) => {
  context.charge(COST.fieldBase);
  const keyType = type as Type;
  context.charge(COST.hashPerByte * (countTypeNodes(keyType) + legacySize(key as Value)));
  const tag = context.session.tagOf(keyType);
  context.charge(COST.hashPerByte * typeTagSize(tag));
  const bytes = context.session.encodeValue(keyType, key as Value);
  context.session.work.spend(workOf.hash + workOf.hashedByte * bytes.length);
  return [deriveFieldId(parent as string, bytes, encodeTypeTag(tag))];
};

/** `add_child_object<Child: key>(parent: address, child: Child)` */
const addChildObject: NativeFunction = (context, [type], [parent, child]) => {
  context.charge(COST.fieldBase + COST.addPerByte * legacySize(child as Value));
  context.charge(COST.addPerByte * countTypeNodes(type as Type));
  const tag = objectTag(context, type);
  context.charge(COST.addPerByte * structTagSize(tag));
  runtimeOf(context).addChild(parent as string, type as Type, tag, child as Value);
  return [];
};

function findChild(context: NativeContext, type: Type, parent: string, child: string): ValueSlot {
  const tag = objectTag(context, type);
  const found = runtimeOf(context).child(context.session, parent, child, type, tag);
  if (found === 'type mismatch') return context.abort(E_FIELD_TYPE_MISMATCH);
  if (found === 'missing') return context.abort(E_KEY_DOES_NOT_EXIST);
  return found;
}

/** `borrow_child_object<Child: key>(object: &UID, id: address): &Child`, and the same with `&mut` */
const borrowChildObject: NativeFunction = (context, [type], [uid, id]) => {
  context.charge(COST.fieldBase + COST.borrowPerByte * countTypeNodes(type as Type));
  const parent = innerAddress(peekRef(uid as Value), 2);
  const slot = findChild(context, type as Type, parent, id as string);
  context.charge(COST.borrowPerByte * REFERENCE_SIZE);
  return [slot.borrow()];
};

const borrowChildObjectMut: NativeFunction = (context, types, args) => {
  context.session.trackWrites();
  return borrowChildObject(context, types, args);
};

/** `remove_child_object<Child: key>(parent: address, id: address): Child` */
const removeChildObject: NativeFunction = (context, [type], [parent, id]) => {
  context.charge(COST.fieldBase + COST.removePerByte * countTypeNodes(type as Type));
  const child = findChild(context, type as Type, parent as string, id as string).take();
  context.charge(COST.removePerByte * legacySize(child));
  return [child];
};

/** `has_child_object(parent: address, id: address): bool` */
const hasChildObject: NativeFunction = (context, _types, [parent, id]) => {
  context.charge(COST.fieldBase);
  return [runtimeOf(context).hasChild(parent as string, id as string)];
};

/** `has_child_object_with_ty<Child: key>(parent: address, id: address): bool` */
const hasChildObjectWithType: NativeFunction = (context, [type], [parent, id]) => {
  context.charge(COST.fieldBase + COST.hasPerByte * countTypeNodes(type as Type));
  const tag = objectTag(context, type);
  context.charge(COST.hasPerByte * structTagSize(tag));
  return [runtimeOf(context).hasChildOfType(parent as string, id as string, tag)];
};

export const dynamicFieldNatives: Readonly<Record<string, NativeFunction>> = {
  'dynamic_field::hash_type_and_key': hashTypeAndKey,
  'dynamic_field::add_child_object': addChildObject,
  'dynamic_field::borrow_child_object': borrowChildObject,
  'dynamic_field::borrow_child_object_mut': borrowChildObjectMut,
  'dynamic_field::remove_child_object': removeChildObject,
  'dynamic_field::has_child_object': hasChildObject,
  'dynamic_field::has_child_object_with_ty': hasChildObjectWithType,
};
