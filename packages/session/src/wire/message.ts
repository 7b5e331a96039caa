/**
 * Typed messages in and out of a session: frame, signature, padding and ratchet together. Nothing is committed before
 * all of them have succeeded.
 */
import { equalBytes, type Random } from '@wotid/core';
import {
  identityFingerprint,
  importIdentityVerifyingKeys,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type CryptoProvider,
  type IdentityBlock,
} from '@wotid/crypto';
import { decryptFailed, SessionError } from '../errors.ts';
import type { OwnIdentity } from '../identity.ts';
import { RECEIVE_ONLY_MS } from '../limits.ts';
import { decrypt, encrypt } from '../ratchet/ratchet.ts';
import { steppedSession, type Session } from '../session.ts';
import { encodeFrame, MESSAGE_ID_BYTES, parseFrame, signedBody, type Frame } from './frame.ts';
import { requiresSignature } from './message-types.ts';
import { pad, paddedLength, unpad, type Route } from './padding.ts';

/** A message to send. */
export interface OutgoingMessage {
  /** One of `messageTypes`, or 0x8000..0xffff. */
  readonly type: number;
  /** At most 65,536 bytes. */
  readonly payload: Uint8Array;
  /** 16 random bytes; a message sent again, on any route, keeps its id. */
  readonly messageId: Uint8Array;
  /** u32, counted per pair of DIDs and direction. */
  readonly seq: number;
  readonly sentAtMs: number;
  /** Id of the message this one answers. */
  readonly replyTo?: Uint8Array | null;
  /** All seq numbers of the peer up to this one have arrived. */
  readonly ackSeq?: number | null;
}

/** A message as the application gets it; everything but `payload` and `type` was fixed or checked by the session. */
export interface IncomingMessage {
  readonly type: number;
  readonly payload: Uint8Array;
  /** DID of the sender. */
  readonly from: string;
  /** Our DID. */
  readonly to: string;
  /** 16 bytes, unique per sender if the sender is honest: de-duplicate on (from, messageId). */
  readonly messageId: Uint8Array;
  readonly seq: number;
  /** The sender's clock, milliseconds since the Unix epoch. */
  readonly sentAtMs: number;
  readonly replyTo: Uint8Array | null;
  readonly ackSeq: number | null;
  /** The transferable proof of a signed message; `null` when it is deniable. */
  readonly proof: { readonly body: Uint8Array; readonly signature: Uint8Array } | null;
}

/** How to send one message. */
export interface SealInit {
  /** Decides the padding. */
  readonly route: Route;
  readonly nowMs: number;
  /** Signs the message; needed for types that require it. */
  readonly signWith?: OwnIdentity;
}

/** A fresh message id. */
export function newMessageId(random: Random): Uint8Array<ArrayBuffer> {
  return random.bytes(MESSAGE_ID_BYTES);
}

/**
 * Seals a message into an envelope of kind 01. Store the new session before the envelope leaves.
 * @returns the new session and the envelope; `session` stays usable and unchanged
 * @throws SessionError `SESSION_RECEIVE_ONLY`, `SESSION_NOT_READY`, `SESSION_EXHAUSTED`, `PAYLOAD_TOO_LARGE`,
 *   `BAD_MESSAGE` for fields out of range, a missing signer, or a signer who is not our end of the session
 */
export function sealMessage(
  provider: CryptoProvider,
  session: Session,
  message: OutgoingMessage,
  init: SealInit,
): { readonly session: Session; readonly envelope: Uint8Array<ArrayBuffer> } {
  if (session.replacedAtMs !== null) {
    throw new SessionError('SESSION_RECEIVE_ONLY', 'a newer session with this peer has replaced this one', {
      hint: 'send in the active session',
    });
  }
  const unsigned: Frame = {
    ackSeq: message.ackSeq ?? null,
    type: message.type,
    messageId: message.messageId,
    seq: message.seq,
    sentAtMs: message.sentAtMs,
    replyTo: message.replyTo ?? null,
    payload: message.payload,
    signature: null,
  };
  let bytes = encodeFrame(unsigned);
  if (init.signWith !== undefined) {
    if (!equalBytes(init.signWith.idFp, session.ourIdFp)) {
      throw new SessionError('BAD_MESSAGE', 'the signer is not our end of this session');
    }
    const body = signedBody(provider, {
      sid: session.sid,
      signerIdFp: session.ourIdFp,
      from: session.ourDid,
      to: session.peerDid,
      frame: unsigned,
    });
    const signature = signHybrid(provider, init.signWith.keys, signaturePurposes.message, body);
    bytes = encodeFrame({ ...unsigned, signature });
  } else if (requiresSignature(message.type)) {
    throw new SessionError('BAD_MESSAGE', `messages of type ${message.type} must be signed`);
  }
  const padded = pad(bytes, paddedLength(bytes.length, init.route));
  const { state, envelope } = encrypt(provider, session.ratchet, padded);
  return { session: steppedSession(session, state, init.nowMs), envelope };
}

/** What opening an envelope needs. */
export interface OpenInit {
  readonly nowMs: number;
  /** The peer's identity block: checks signed messages; its fingerprint must be the session's. */
  readonly peer: IdentityBlock;
}

/**
 * Opens an envelope of kind 01. Store the new session before the message is shown or acknowledged.
 * @returns the new session and the message; `session` stays usable and unchanged
 * @throws SessionError `DECRYPT_FAILED` for whatever is wrong with the envelope, its frame or its signature; the
 *   session is unchanged then
 */
export function openEnvelope(
  provider: CryptoProvider,
  session: Session,
  envelope: Uint8Array,
  init: OpenInit,
): { readonly session: Session; readonly message: IncomingMessage } {
  // The record should have been erased by now; a thief of it must not go on using the session.
  if (session.replacedAtMs !== null && init.nowMs - session.replacedAtMs >= RECEIVE_ONLY_MS)
    throw decryptFailed();
  const { state, plaintext } = decrypt(provider, session.ratchet, envelope, init.nowMs);
  const message = readMessage(provider, session, plaintext, init.peer);
  if (message === null) throw decryptFailed();
  return { session: steppedSession(session, state, init.nowMs, { isConfirmed: true }), message };
}

function readMessage(
  provider: CryptoProvider,
  session: Session,
  plaintext: Uint8Array,
  peer: IdentityBlock,
): IncomingMessage | null {
  const bytes = unpad(plaintext);
  if (bytes === null) return null;
  let frame: Frame;
  try {
    frame = parseFrame(bytes);
  } catch {
    return null;
  }
  const { signature, ...fields } = frame;
  const message = { ...fields, from: session.peerDid, to: session.ourDid };
  if (signature === null) return requiresSignature(frame.type) ? null : { ...message, proof: null };
  const body = signedBody(provider, {
    sid: session.sid,
    signerIdFp: session.peerIdFp,
    from: session.peerDid,
    to: session.ourDid,
    frame,
  });
  if (!isSignedBy(provider, peer, session.peerIdFp, body, signature)) return null;
  return { ...message, proof: { body, signature } };
}

function isSignedBy(
  provider: CryptoProvider,
  peer: IdentityBlock,
  idFp: Uint8Array,
  body: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!equalBytes(identityFingerprint(provider, peer), idFp)) return false;
  const keys = importIdentityVerifyingKeys(provider, peer);
  return verifyHybrid(provider, keys, signaturePurposes.message, body, signature);
}
