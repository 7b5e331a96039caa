/**
 * The frame: plaintext of a ratchet message, before padding. `from` and `to` cost nothing: the session fixes them.
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 1 | flags | bit 0: ackSeq is present; bit 1: a control item is present; others zero |
 * | 1-5 | ackSeq | ULEB128; all seq numbers up to this one have arrived; only with flag bit 0 |
 * | 1582 + | control | an Offer or Answer (`control.ts`); only with flag bit 1 |
 * | 2 | type | little-endian, see `message-types.ts` |
 * | 16 | message_id | random; the same on every route |
 * | 1-5 | seq | ULEB128 u32, per pair of DIDs and direction |
 * | 8 | sent_at | milliseconds since the Unix epoch, little-endian |
 * | 1 or 17 | reply_to | Option of a message_id |
 * | 1-3 + n | payload | ULEB128 length, then at most 65,536 bytes |
 * | 1, or 1 and 4692, 1345 or 65 | signature | Option of a hybrid signature, whose first byte tells its length |
 */
import { bcs, DecodeError, fixedBytesType, optionType, shortTextType, uleb32Type } from '@wotid/core';
import { hybridSignatureLength, type CryptoProvider } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import {
  KEM_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_PLAINTEXT_BYTES,
  MAX_TIME_MS,
  SESSION_ID_BYTES,
} from '../limits.ts';
import { safeU64Type } from './codec.ts';
import type { ControlItem } from './control.ts';
import { markPadding, paddedLength, type Route } from './padding.ts';

/** Length of a message id. */
export const MESSAGE_ID_BYTES = 16;

const FLAG_ACK = 0x01;
const FLAG_CONTROL = 0x02;
const CONTROL_KINDS: readonly ControlItem['kind'][] = ['offer', 'answer'];
/** kind 1, epoch 4, key 1568, sent_at 8; the Option of a signature follows. */
const CONTROL_BYTES: number = 13 + KEM_BYTES;
const MAX_SEQ = 0xffff_ffff;

/** What the two ends of a session tell each other in one message. */
export interface Frame {
  /** Cumulative acknowledgement, or `null`. */
  readonly ackSeq: number | null;
  /** An Offer or Answer that rides along, or `null`. */
  readonly control: ControlItem | null;
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

/**
 * The bytes of a frame, without padding. Written by hand because every message passes here, at a tenth of the schema's
 * cost; a test compares both.
 * @throws SessionError `PAYLOAD_TOO_LARGE`, or `BAD_MESSAGE` for a field out of range
 */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(frameLength(frame));
  writeFrame(out, frame);
  return out;
}

/**
 * The frame with its padding for `route`, as it is encrypted: in one array, since every message passes here.
 * @throws SessionError as {@link encodeFrame}
 */
export function encodePaddedFrame(frame: Frame, route: Route): Uint8Array<ArrayBuffer> {
  const length = frameLength(frame);
  const out = new Uint8Array(paddedLength(length, route));
  writeFrame(out, frame);
  markPadding(out, length);
  return out;
}

/** @throws SessionError `PAYLOAD_TOO_LARGE`, or `BAD_MESSAGE` for a field out of range */
function frameLength(frame: Frame): number {
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
  assertFields(frame);
  const { ackSeq, control, payload, replyTo, signature } = frame;
  return (
    1 +
    (ackSeq === null ? 0 : ulebBytes(ackSeq)) +
    (control === null ? 0 : CONTROL_BYTES + optionBytes(control.signature)) +
    2 +
    MESSAGE_ID_BYTES +
    ulebBytes(frame.seq) +
    8 +
    optionBytes(replyTo) +
    ulebBytes(payload.length) +
    payload.length +
    optionBytes(signature)
  );
}

function writeFrame(out: Uint8Array, frame: Frame): void {
  const { ackSeq, control, payload, replyTo, signature } = frame;
  let at = 1;
  if (ackSeq !== null) {
    out[0] = FLAG_ACK;
    at = writeUleb(out, 1, ackSeq);
  }
  if (control !== null) {
    out[0] = (out[0] ?? 0) | FLAG_CONTROL;
    at = writeControl(out, at, control);
  }
  out[at] = frame.type & 0xff;
  out[at + 1] = frame.type >>> 8;
  out.set(frame.messageId, at + 2);
  at = writeUleb(out, at + 2 + MESSAGE_ID_BYTES, frame.seq);
  at = writeUleb(out, writeOption(out, writeTime(out, at, frame.sentAtMs), replyTo), payload.length);
  out.set(payload, at);
  writeOption(out, at + payload.length, signature);
}

/**
 * Reads a frame. Its payload is a view of `bytes`, everything else a copy.
 * @throws DecodeError for anything but the one encoding of a frame within the bounds
 */
export function parseFrame(bytes: Uint8Array): Frame {
  if (bytes.length > MAX_PLAINTEXT_BYTES) {
    throw new DecodeError(
      'TOO_LARGE',
      `frame has ${bytes.length} bytes, the limit is ${MAX_PLAINTEXT_BYTES}`,
    );
  }
  const reader = new FrameReader(bytes);
  const flags = reader.byte();
  if ((flags & ~(FLAG_ACK | FLAG_CONTROL)) !== 0) throw malformed('it has flags of a later version');
  const ackSeq = (flags & FLAG_ACK) === 0 ? null : reader.u32Uleb();
  const control = (flags & FLAG_CONTROL) === 0 ? null : reader.control();
  const type = reader.byte() + 256 * reader.byte();
  const messageId = reader.take(MESSAGE_ID_BYTES);
  const seq = reader.u32Uleb();
  const sentAtMs = reader.time();
  const replyTo = reader.option(MESSAGE_ID_BYTES);
  const payloadLength = reader.u32Uleb();
  if (payloadLength > MAX_PAYLOAD_BYTES) {
    throw new DecodeError('TOO_LARGE', `the frame has a payload of ${payloadLength} bytes`);
  }
  const payload = reader.view(payloadLength);
  const signature = reader.signature();
  reader.end();
  return { ackSeq, control, type, messageId, seq, sentAtMs, replyTo, payload, signature };
}

/** Takes a frame apart from its start. */
class FrameReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw malformed('it ends early');
    return value;
  }

  view(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed('it ends early');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.view(length));
  }

  u32(): number {
    return this.byte() + 2 ** 8 * this.byte() + 2 ** 16 * this.byte() + 2 ** 24 * this.byte();
  }

  time(): number {
    const time = this.u32() + 2 ** 32 * this.u32();
    if (time > MAX_TIME_MS) throw malformed('a time is later than a date can be');
    return time;
  }

  control(): ControlItem {
    const kind = CONTROL_KINDS[this.byte() - 1];
    if (kind === undefined) throw malformed('its control item is of an unknown kind');
    const epoch = this.u32();
    return { kind, epoch, key: this.take(KEM_BYTES), sentAtMs: this.time(), signature: this.signature() };
  }

  /** ULEB128 of at most 32 bits, in its shortest form. */
  u32Uleb(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte > 0x7f) continue;
      if (byte === 0 && scale > 1)
        throw new DecodeError('NON_CANONICAL', 'the frame has an over-long number');
      if (value > MAX_SEQ) break;
      return value;
    }
    throw malformed('it has a number above 32 bits');
  }

  option(length: number): Uint8Array<ArrayBuffer> | null {
    const tag = this.byte();
    if (tag > 1) throw malformed('an option is neither present nor absent');
    return tag === 0 ? null : this.take(length);
  }

  signature(): Uint8Array<ArrayBuffer> | null {
    const algorithm = this.#bytes[this.#at + 1] ?? 0;
    const length = hybridSignatureLength(algorithm);
    if (length !== undefined) return this.option(length);
    if (this.byte() === 0) return null;
    throw malformed('its signature is of an unknown algorithm');
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new DecodeError('NON_CANONICAL', 'bytes follow the frame');
  }
}

function malformed(why: string): DecodeError {
  return new DecodeError('MALFORMED', `the frame does not decode: ${why}`);
}

/** @throws SessionError `BAD_MESSAGE` */
function assertFields(frame: Frame): void {
  const { type, messageId, sentAtMs, replyTo, control } = frame;
  if (!isSeq(frame.seq) || (frame.ackSeq !== null && !isSeq(frame.ackSeq))) {
    throw new SessionError('BAD_MESSAGE', 'seq and ackSeq are integers of 32 bits');
  }
  const isGood =
    Number.isInteger(type) &&
    type >= 0 &&
    type <= 0xffff &&
    messageId.length === MESSAGE_ID_BYTES &&
    isTime(sentAtMs) &&
    (replyTo === null || replyTo.length === MESSAGE_ID_BYTES) &&
    isSignature(frame.signature) &&
    (control === null ||
      (isSeq(control.epoch) &&
        control.key.length === KEM_BYTES &&
        isTime(control.sentAtMs) &&
        isSignature(control.signature)));
  if (!isGood) {
    throw new SessionError('BAD_MESSAGE', 'a field of the message has the wrong length or range');
  }
}

function isTime(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= MAX_TIME_MS;
}

function isSignature(value: Uint8Array | null): boolean {
  return value === null || value.length === hybridSignatureLength(value[0] ?? 0);
}

function isSeq(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_SEQ;
}

function ulebBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function optionBytes(value: Uint8Array | null): number {
  return value === null ? 1 : 1 + value.length;
}

/** Each of these gives the offset behind what it wrote. */
function writeUleb(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out[end++] = (rest % 128) | 0x80;
  out[end] = rest;
  return end + 1;
}

function writeU32(out: Uint8Array, at: number, value: number): number {
  out[at] = value & 0xff;
  out[at + 1] = (value >>> 8) & 0xff;
  out[at + 2] = (value >>> 16) & 0xff;
  out[at + 3] = value >>> 24;
  return at + 4;
}

function writeTime(out: Uint8Array, at: number, timeMs: number): number {
  return writeU32(out, writeU32(out, at, timeMs % 2 ** 32), Math.floor(timeMs / 2 ** 32));
}

function writeControl(out: Uint8Array, at: number, control: ControlItem): number {
  out[at] = 1 + CONTROL_KINDS.indexOf(control.kind);
  const keyAt = writeU32(out, at + 1, control.epoch);
  out.set(control.key, keyAt);
  return writeOption(out, writeTime(out, keyAt + KEM_BYTES, control.sentAtMs), control.signature);
}

function writeOption(out: Uint8Array, at: number, value: Uint8Array | null): number {
  if (value === null) return at + 1;
  out[at] = 1;
  out.set(value, at + 1);
  return at + 1 + value.length;
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
  seq: uleb32Type,
  sentAtMs: safeU64Type,
  replyTo: optionType(messageIdType),
  payloadHash: fixedBytesType(64),
});

/**
 * The body that is signed for purpose `tsp`, or `checkpoint`: BCS of sid 16, signer's idFp 32, from, to (each u8 length + UTF-8), type
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
