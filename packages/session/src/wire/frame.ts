/**
 * The frame: plaintext of a ratchet message, before padding. `from` and `to` cost nothing: the session fixes them.
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 1 | flags | bit 0: ackSeq is present; bit 1: a control item is present (not in this version); others zero |
 * | 1-5 | ackSeq | ULEB128; all seq numbers up to this one have arrived; only with flag bit 0 |
 * | 2 | type | little-endian, see `message-types.ts` |
 * | 16 | message_id | random; the same on every route |
 * | 1-5 | seq | ULEB128 u32, per pair of DIDs and direction |
 * | 8 | sent_at | milliseconds since the Unix epoch, little-endian |
 * | 1 or 17 | reply_to | Option of a message_id |
 * | 1-3 + n | payload | ULEB128 length, then at most 65,536 bytes |
 * | 1 or 4693 | signature | Option of a hybrid signature |
 */
import {
  bcs,
  bytesType,
  DecodeError,
  decodeStrict,
  fixedBytesType,
  optionType,
  shortTextType,
} from '@wotid/core';
import { hybridSignatureType, type CryptoProvider } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import { MAX_PAYLOAD_BYTES, MAX_PLAINTEXT_BYTES, SESSION_ID_BYTES } from '../limits.ts';
import { safeU64Type } from './codec.ts';

/** Length of a message id. */
export const MESSAGE_ID_BYTES = 16;

const FLAG_ACK = 0x01;
const MAX_SEQ = 0xffff_ffff;

/** What the two ends of a session tell each other in one message. */
export interface Frame {
  /** Cumulative acknowledgement, or `null`. */
  readonly ackSeq: number | null;
  /** u16 */
  readonly type: number;
  /** 16 bytes. */
  readonly messageId: Uint8Array;
  /** u32 */
  readonly seq: number;
  readonly sentAtMs: number;
  /** 16 bytes, or `null`. */
  readonly replyTo: Uint8Array | null;
  readonly payload: Uint8Array;
  /** Hybrid signature over {@link signedBody}, or `null`. */
  readonly signature: Uint8Array | null;
}

const messageIdType = fixedBytesType(MESSAGE_ID_BYTES);
const tail = {
  type: bcs.u16(),
  messageId: messageIdType,
  seq: bcs.uleb128(),
  sentAtMs: safeU64Type,
  replyTo: optionType(messageIdType),
  payload: bytesType,
  signature: optionType(hybridSignatureType),
};
const frameType = bcs.struct('frame', { flags: bcs.u8(), ...tail });
const acknowledgingFrameType = bcs.struct('frame', { flags: bcs.u8(), ackSeq: bcs.uleb128(), ...tail });

/**
 * The bytes of a frame, without padding.
 * @throws SessionError `PAYLOAD_TOO_LARGE`, or `BAD_MESSAGE` for a field out of range
 */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  if (frame.payload.length > MAX_PAYLOAD_BYTES) {
    throw new SessionError(
      'PAYLOAD_TOO_LARGE',
      `a payload of ${frame.payload.length} bytes is above the limit`,
      {
        hint: 'send it as a file, or in parts',
        data: { bytes: frame.payload.length, maxBytes: MAX_PAYLOAD_BYTES },
      },
    );
  }
  if (!isSeq(frame.seq) || (frame.ackSeq !== null && !isSeq(frame.ackSeq))) {
    throw new SessionError('BAD_MESSAGE', 'seq and ackSeq are integers of 32 bits');
  }
  const maxSize = MAX_PLAINTEXT_BYTES;
  try {
    const { ackSeq, ...rest } = frame;
    const serialized =
      ackSeq === null
        ? frameType.serialize({ ...rest, flags: 0 }, { maxSize })
        : acknowledgingFrameType.serialize({ ...rest, flags: FLAG_ACK, ackSeq }, { maxSize });
    return new Uint8Array(serialized.toBytes());
  } catch (cause) {
    throw new SessionError('BAD_MESSAGE', 'a field of the message has the wrong length or range', { cause });
  }
}

/** Reads a frame. @throws DecodeError for anything but the one encoding of a frame within the bounds */
export function parseFrame(bytes: Uint8Array): Frame {
  const init = { what: 'frame', maxBytes: MAX_PLAINTEXT_BYTES };
  const flags = bytes[0] ?? 0;
  if ((flags & ~FLAG_ACK) !== 0) throw new DecodeError('MALFORMED', 'the frame has flags of a later version');
  const { flags: _, ...frame } =
    flags === FLAG_ACK
      ? decodeStrict(acknowledgingFrameType, bytes, init)
      : { ...decodeStrict(frameType, bytes, init), ackSeq: null };
  if (!isSeq(frame.seq) || (frame.ackSeq !== null && !isSeq(frame.ackSeq))) {
    throw new DecodeError('MALFORMED', 'the frame has a seq above 32 bits');
  }
  if (frame.payload.length > MAX_PAYLOAD_BYTES) {
    throw new DecodeError('TOO_LARGE', `the frame has a payload of ${frame.payload.length} bytes`);
  }
  return frame;
}

function isSeq(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_SEQ;
}

/** What the signature of a message covers. */
export interface SignedFacts {
  readonly sid: Uint8Array;
  /** Fingerprint of the signer. */
  readonly signerIdFp: Uint8Array;
  readonly from: string;
  readonly to: string;
  readonly frame: Frame;
}

const signedBodyType = bcs.struct('signed message', {
  sid: fixedBytesType(SESSION_ID_BYTES),
  signerIdFp: fixedBytesType(32),
  from: shortTextType,
  to: shortTextType,
  type: bcs.u16(),
  messageId: messageIdType,
  seq: bcs.uleb128(),
  sentAtMs: safeU64Type,
  replyTo: optionType(messageIdType),
  payloadHash: fixedBytesType(64),
});

/**
 * The body that is signed for purpose `tsp`: BCS of sid 16, signer's idFp 32, from, to (each u8 length + UTF-8), type
 * u16, message_id 16, seq ULEB128, sent_at u64, reply_to Option 16, H512(payload) 64. With the payload it is a proof
 * that a third party can check.
 */
export function signedBody(provider: CryptoProvider, facts: SignedFacts): Uint8Array<ArrayBuffer> {
  const { frame, ...ends } = facts;
  const { type, messageId, seq, sentAtMs, replyTo } = frame;
  const payloadHash = provider.sha512(frame.payload);
  return new Uint8Array(
    signedBodyType
      .serialize({ ...ends, type, messageId, seq, sentAtMs, replyTo, payloadHash }, { maxSize: 2_048 })
      .toBytes(),
  );
}
