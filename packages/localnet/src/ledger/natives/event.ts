/** Natives of `0x2::event`. */
import { legacySize, type NativeFunction, type Type, type Value } from '@wotid/move-vm';
import { runtimeOf } from '../object-runtime.ts';
import { COST, structTagSize } from './costs.ts';
import { objectTag } from './transfer.ts';

/** `emit<T: copy + drop>(event: T)` */
const emit: NativeFunction = (context, [type], [event]) => {
  const valueSize = legacySize(event as Value);
  context.charge(COST.base + COST.eventPerValueByte * valueSize);
  const tag = objectTag(context, type);
  const tagSize = structTagSize(tag);
  context.charge(COST.eventPerTagByte * tagSize);
  context.charge(COST.eventPerOutputByte * (valueSize + tagSize));
  const contents = context.session.encodeValue(type as Type, event as Value);
  runtimeOf(context).emit({ type: tag, contents }, valueSize + tagSize);
  return [];
};

export const eventNatives: Readonly<Record<string, NativeFunction>> = { 'event::emit': emit };
