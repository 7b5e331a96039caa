/** Natives of `0x2::transfer`. */
import type { NativeContext, NativeFunction, Type, Value } from '@wotid/move-vm';
import { innerAddress, runtimeOf } from '../object-runtime.ts';
import type { Owner, StructTag } from '../types.ts';
import { COST } from './costs.ts';

const E_SHARED_NON_NEW_OBJECT = 0;
const E_RECEIVING_TYPE_MISMATCH = 2;
const E_UNABLE_TO_RECEIVE = 3;

/** The struct tag of an object type. */
export function objectTag(context: NativeContext, type: Type | undefined): StructTag {
  const tag = type === undefined ? undefined : context.session.tagOf(type);
  if (typeof tag !== 'object' || !('struct' in tag)) {
    return context.fail('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'only structs can be objects');
  }
  return tag.struct;
}

function give(
  context: NativeContext,
  type: Type | undefined,
  value: Value | undefined,
  owner: Owner,
): boolean {
  context.charge(COST.base);
  objectTag(context, type);
  return runtimeOf(context).transfer(owner, type as Type, value as Value);
}

/** `transfer_impl<T: key>(obj: T, recipient: address)` */
const transferImpl: NativeFunction = (context, [type], [object, recipient]) => {
  give(context, type, object, { kind: 'address', address: recipient as string });
  return [];
};

/** `freeze_object_impl<T: key>(obj: T)` */
const freezeImpl: NativeFunction = (context, [type], [object]) => {
  give(context, type, object, { kind: 'immutable' });
  return [];
};

/** `share_object_impl<T: key>(obj: T)`; the initial version is known when the transaction ends */
const shareImpl: NativeFunction = (context, [type], [object]) => {
  const allowed = give(context, type, object, { kind: 'shared', initialSharedVersion: 0n });
  return allowed ? [] : context.abort(E_SHARED_NON_NEW_OBJECT);
};

/** `receive_impl<T: key>(parent: address, to_receive: ID, version: u64): T` */
const receiveImpl: NativeFunction = (context, [type], [parent, id, version]) => {
  context.charge(COST.base);
  const tag = objectTag(context, type);
  const received = runtimeOf(context).receive(
    context.session,
    parent as string,
    innerAddress(id as Value, 1),
    version as bigint,
    type as Type,
    tag,
  );
  if (received === 'unable') return context.abort(E_UNABLE_TO_RECEIVE);
  if (received === 'type mismatch') return context.abort(E_RECEIVING_TYPE_MISMATCH);
  return [received];
};

export const transferNatives: Readonly<Record<string, NativeFunction>> = {
  'transfer::transfer_impl': transferImpl,
  'transfer::freeze_object_impl': freezeImpl,
  'transfer::share_object_impl': shareImpl,
  'transfer::receive_impl': receiveImpl,
};
