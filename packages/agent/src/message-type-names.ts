/** Names of message types in the inbox and the outbox, where a later version may find types of its own. */
import { messageTypes } from '@wotid/session';

/** First type that is free for applications, as the wire format says. */
const firstApplicationType = 0x8000;
/** What `wotid send --file` sends: bytes without a name. */
export const bytesType: number = firstApplicationType;

const byName = new Map<string, number>([...Object.entries(messageTypes), ['bytes', bytesType]]);
const byNumber = new Map<number, string>([...byName].map(([name, type]) => [type, name]));

/** Name of a type, such as `text`; unknown ones as `type-32769`. */
export function messageTypeName(type: number): string {
  return byNumber.get(type) ?? `type-${type}`;
}

/** Number of a named type. @throws RangeError for a name that {@link messageTypeName} does not give */
export function messageTypeNumber(name: string): number {
  const type = byName.get(name) ?? Number(/^type-(\d{1,5})$/.exec(name)?.[1]);
  if (!Number.isInteger(type) || type > 0xffff) throw new RangeError(`${name} is no message type`);
  return type;
}
