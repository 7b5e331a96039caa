/** The application message types and the payloads that this package itself understands. */
import { bcs, decodeStrict, DecodeError, fromUtf8, utf8, type BcsType, uleb32Type } from '@wotid/core';
import { signaturePurposes, type SignaturePurpose } from '@wotid/crypto';
import { SessionError } from '../errors.ts';

/**
 * Types of application messages, u16.
 *
 * | type | name | payload | signed |
 * |---|---|---|---|
 * | 0x0001 | text | UTF-8 | when policy says so |
 * | 0x0002 | receipt | BCS vector of {first ULEB128, last ULEB128} of received seq numbers | no |
 * | 0x0003 | checkpoint | BCS of two Options of {first u32, last u32, hash 64} (`message-log.ts`) | always, purpose `checkpoint` |
 * | 0x0010 | presentation | BCS {credential vector<u8>}: the sender's own credential | always |
 * | 0x0011 | presentationRequest | BCS {types, issuers: vectors of short text, reason short text} | when policy says so |
 * | 0x0012 | presentationOffer | BCS {types vector of short text, issuer short text, credentialHash 32, validUntil u64} | when policy says so |
 *
 * The rest of 0x0004..0x7fff is reserved for wot.id (files, payments …), 0x8000..0xffff is free for applications.
 * Unknown types reach the application as bytes.
 */
export const messageTypes = {
  text: 0x0001,
  receipt: 0x0002,
  checkpoint: 0x0003,
  presentation: 0x0010,
  presentationRequest: 0x0011,
  presentationOffer: 0x0012,
} as const;

/** First type that wot.id will never define. */
export const FIRST_APPLICATION_TYPE = 0x8000;

/** Ranges in one receipt: more gaps than this say that nothing arrives any more. */
export const MAX_RECEIPT_RANGES = 512;

const SIGNED_TYPES: ReadonlySet<number> = new Set([messageTypes.checkpoint, messageTypes.presentation]);

/** True for types whose messages are refused without a signature: others need to be able to prove them. */
export function requiresSignature(type: number): boolean {
  return SIGNED_TYPES.has(type);
}

/** What the signature of a message of `type` is for: a checkpoint speaks of other messages and is none itself. */
export function signaturePurposeOf(type: number): SignaturePurpose {
  return type === messageTypes.checkpoint ? signaturePurposes.checkpoint : signaturePurposes.message;
}

/** The payload of a text message. Lone surrogates become U+FFFD. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return utf8(text);
}

/** @throws DecodeError `MALFORMED` when `payload` is not UTF-8 */
export function parseText(payload: Uint8Array): string {
  try {
    return fromUtf8(payload);
  } catch (cause) {
    throw new DecodeError('MALFORMED', 'a text message is not UTF-8', { cause });
  }
}

/** Received seq numbers `first`..`last`, both included. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

const receiptType = bcs.vector(bcs.struct('seq range', { first: uleb32Type, last: uleb32Type })) as BcsType<
  SeqRange[],
  Iterable<SeqRange> & { length: number }
>;

/**
 * The payload of a receipt.
 * @param ranges ascending, with a gap between two; at most 512
 * @throws SessionError `BAD_MESSAGE` otherwise
 */
export function encodeReceipt(ranges: readonly SeqRange[]): Uint8Array<ArrayBuffer> {
  if (!areCanonicalRanges(ranges)) {
    throw new SessionError('BAD_MESSAGE', 'the ranges of a receipt must ascend with gaps between them');
  }
  return new Uint8Array(receiptType.serialize(ranges).toBytes());
}

/** The ranges of a receipt. @throws DecodeError */
export function parseReceipt(payload: Uint8Array): readonly SeqRange[] {
  const ranges = decodeStrict(receiptType, payload, {
    what: 'receipt',
    maxBytes: 2 + MAX_RECEIPT_RANGES * 10,
  });
  if (!areCanonicalRanges(ranges)) throw new DecodeError('NON_CANONICAL', 'receipt ranges do not ascend');
  return ranges;
}

function areCanonicalRanges(ranges: readonly SeqRange[]): boolean {
  let previous = -1;
  for (const { first, last } of ranges) {
    if (!Number.isInteger(first) || !Number.isInteger(last)) return false;
    if (first <= previous + (previous < 0 ? 0 : 1) || last < first || last > 0xffff_ffff) return false;
    previous = last;
  }
  return ranges.length <= MAX_RECEIPT_RANGES;
}
