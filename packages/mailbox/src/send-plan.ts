/** Which messages go into which transaction, and in how many arguments. Pure; knows sizes and no chain. */
import { maxArgumentBytes, maxPayloadBytes } from './contract.ts';
import { MailboxError } from './errors.ts';
import { maxMessagesPerTransaction, maxPayloadPerTransaction } from './limits.ts';

/** A message to be put into a mailbox. */
export interface OutgoingMessage {
  readonly mailboxId: string;
  /** Opaque bytes, at most {@link maxPayloadBytes}. */
  readonly payload: Uint8Array;
}

/**
 * Bytes that a message costs in a transaction beside its payload: argument and command indexes, length prefixes, the
 * mailbox's address. Measured at under 120; rounded up.
 */
const messageOverheadBytes = 160;

/**
 * Splits messages, in order, into groups that fit one transaction each.
 * @throws MailboxError `PAYLOAD_TOO_LARGE`, before anything is sent
 */
export function planTransactions<T extends OutgoingMessage>(
  messages: readonly T[],
): readonly (readonly T[])[] {
  const groups: T[][] = [];
  let group: T[] = [];
  let bytes = 0;
  for (const message of messages) {
    assertPayload(message.payload);
    const size = message.payload.length + messageOverheadBytes;
    if (
      group.length > 0 &&
      (bytes + size > maxPayloadPerTransaction || group.length === maxMessagesPerTransaction)
    ) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(message);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** Parts of a payload, each fit for one argument; a payload that is empty has one empty part. */
export function splitPayload(payload: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start === 0 || start < payload.length; start += maxArgumentBytes) {
    parts.push(payload.subarray(start, start + maxArgumentBytes));
  }
  return parts;
}

function assertPayload(payload: Uint8Array): void {
  if (payload.length <= maxPayloadBytes) return;
  throw new MailboxError(
    'PAYLOAD_TOO_LARGE',
    `a message of ${payload.length} bytes does not fit a mailbox; the limit is ${maxPayloadBytes}`,
    {
      hint: 'send it while the other side is online, or in parts',
      data: { bytes: payload.length, maxPayloadBytes },
    },
  );
}
