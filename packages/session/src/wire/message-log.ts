/**
 * Checkpoints: one signature over what two ends have written to each other since the last one. The log of a direction is
 * its messages by number; a window of it is hashed without gaps. Who signs says: this I have sent, this I have received.
 */
import {
  bcs,
  concatBytes,
  decodeStrict,
  DecodeError,
  fixedBytesType,
  optionType,
  shortTextType,
  u32le,
  utf8,
  uleb32Type,
} from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import { MAX_CHECKPOINT_MESSAGES } from '../limits.ts';
import { safeU64Type } from './codec.ts';
import { MESSAGE_ID_BYTES, type Frame } from './frame.ts';

const LOG_LABEL = utf8('wot.id/v1/log');
const LOG_HASH_BYTES = 64;

/** What a log says about one message. */
export type LoggedMessage = Pick<Frame, 'type' | 'messageId' | 'seq' | 'sentAtMs' | 'replyTo' | 'payload'>;

/** A part of one direction's log: the messages `first`..`last`, both included, without gaps. */
export interface LogWindow {
  readonly first: number;
  readonly last: number;
  /** 64 bytes; {@link logHash}. */
  readonly hash: Uint8Array;
}

/** What a checkpoint says; `null` where there was nothing new. */
export interface Checkpoint {
  /** What its signer has sent. */
  readonly sent: LogWindow | null;
  /** What its signer has received. */
  readonly received: LogWindow | null;
}

const entryType = bcs.struct('log entry', {
  type: bcs.u16(),
  messageId: fixedBytesType(MESSAGE_ID_BYTES),
  seq: uleb32Type,
  sentAtMs: safeU64Type,
  replyTo: optionType(fixedBytesType(MESSAGE_ID_BYTES)),
  payloadHash: fixedBytesType(LOG_HASH_BYTES),
});
const endsType = bcs.struct('log ends', { from: shortTextType, to: shortTextType });

/**
 * The hash of a window of the log from `from` to `to`, 64 bytes: H512("wot.id/v1/log" + from + to (u8 length + UTF-8) +
 * first u32 + last u32 + H512(entry) of each message), entry = BCS of type u16, message_id 16, seq ULEB128, sent_at u64,
 * reply_to Option 16, H512(payload) 64.
 * @param messages in the order of their numbers; one at a time is looked at
 * @throws SessionError `BAD_MESSAGE` when they have gaps, or are none or more than 1,024
 */
export function logHash(
  provider: CryptoProvider,
  from: string,
  to: string,
  messages: Iterable<LoggedMessage>,
): LogWindow {
  let first = 0;
  const entries: Uint8Array[] = [];
  for (const { payload, ...facts } of messages) {
    if (entries.length === 0) first = facts.seq;
    if (first < 1 || facts.seq !== first + entries.length || entries.length >= MAX_CHECKPOINT_MESSAGES) {
      throw notALog(first, entries.length);
    }
    const entry = entryType.serialize({ ...facts, payloadHash: provider.sha512(payload) }).toBytes();
    entries.push(provider.sha512(entry));
  }
  if (entries.length === 0) throw notALog(first, 0);
  const last = first + entries.length - 1;
  const hash = provider.sha512(
    concatBytes(LOG_LABEL, endsType.serialize({ from, to }).toBytes(), u32le(first), u32le(last), ...entries),
  );
  return { first, last, hash };
}

function notALog(first: number, messages: number): SessionError {
  return new SessionError('BAD_MESSAGE', 'a log has messages with numbers from 1 on, without gaps', {
    data: { first, messages },
  });
}

const windowType = bcs.struct('log window', {
  first: bcs.u32(),
  last: bcs.u32(),
  hash: fixedBytesType(LOG_HASH_BYTES),
});
const checkpointType = bcs.struct('checkpoint', {
  sent: optionType(windowType),
  received: optionType(windowType),
});

/** The payload of a checkpoint: BCS of two Options of {first u32, last u32, hash 64}; at most 146 bytes. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  if (!isCheckpoint(checkpoint))
    throw new SessionError('BAD_MESSAGE', 'a checkpoint covers 1 to 1,024 messages');
  return new Uint8Array(checkpointType.serialize(checkpoint).toBytes());
}

/** A checkpoint, not compared with anything. @throws DecodeError */
export function parseCheckpoint(payload: Uint8Array): Checkpoint {
  const checkpoint = decodeStrict(checkpointType, payload, { what: 'checkpoint', maxBytes: 146 });
  if (!isCheckpoint(checkpoint))
    throw new DecodeError('MALFORMED', 'a checkpoint covers 1 to 1,024 messages');
  return checkpoint;
}

function isCheckpoint({ sent, received }: Checkpoint): boolean {
  const isWindow = (window: LogWindow | null): boolean =>
    window === null ||
    (window.first >= 1 &&
      window.last >= window.first &&
      window.last - window.first < MAX_CHECKPOINT_MESSAGES);
  return (sent !== null || received !== null) && isWindow(sent) && isWindow(received);
}
