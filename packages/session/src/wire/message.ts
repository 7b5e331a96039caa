/**
 * Typed messages in and out of a session: frame, signature, rekey, padding and ratchet together. Nothing is committed
 * before all of them have succeeded.
 */
import { equalBytes, type Random } from '@wotid/core';
import {
  identityFingerprint,
  importIdentityVerifyingKeys,
  signHybrid,
  verifyHybrid,
  type CryptoProvider,
  type IdentityBlock,
} from '@wotid/crypto';
import { decryptFailed, SessionError } from '../errors.ts';
import type { OwnIdentity } from '../identity.ts';
import { RECEIVE_ONLY_MS } from '../limits.ts';
import { attachAgain, isItemDue, noteSent, offerEpoch, pendingItem } from '../ratchet/pq-epochs.ts';
import { oldestOpenEpoch } from '../ratchet/pq-state.ts';
import { decrypt, encrypt } from '../ratchet/ratchet.ts';
import { revealRatchet, withPq, type RatchetState } from '../ratchet/state.ts';
import { rekeyNeed } from '../rekey-policy.ts';
import { steppedSession, type Session } from '../session.ts';
import { mailboxAlgorithms, onlineAlgorithms, type AlgorithmList } from '../signature-policy.ts';
import { controlItem, takeControl, type ControlItem } from './control.ts';
import { encodePaddedFrame, MESSAGE_ID_BYTES, parseFrame, signedBody, type Frame } from './frame.ts';
import { requiresSignature, signaturePurposeOf } from './message-types.ts';
import { unpad, type Route } from './padding.ts';

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
  /** Fingerprint of the sender's identity block, 32 bytes. */
  readonly fromIdFp: Uint8Array;
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
  /** Decides the padding, and what is due. */
  readonly route: Route;
  readonly nowMs: number;
  /** Signs the message; needed for types that require it. */
  readonly signWith?: OwnIdentity;
  /** Signs Offers and Answers; without it none that must be signed is sent. Default `signWith`. */
  readonly rekeyWith?: OwnIdentity;
  /**
   * `due`: what the policy asks for (default); `epoch` and `signed`: a rekey on request, if none is under way; `again`: an
   * Offer or Answer that is under way goes with this message, as after a new connection.
   */
  readonly rekey?: 'due' | 'epoch' | 'signed' | 'again';
  /** The peer's block: with a Falcon key at both ends, signatures in the mailbox are short where `falcon` is true. */
  readonly peer?: Pick<IdentityBlock, 'falcon1024'>;
  /** As our security policy says; default false. */
  readonly falcon?: boolean;
}

/** Ids drawn from a generator at once: it takes as long for 16 bytes as for a kilobyte. */
const IDS_AT_ONCE = 64;
const drawnIds = new WeakMap<Random, { readonly bytes: Uint8Array<ArrayBuffer>; at: number }>();

/** A fresh message id, 16 bytes. Both ends see it, so that the next ones may wait in memory. */
export function newMessageId(random: Random): Uint8Array<ArrayBuffer> {
  let drawn = drawnIds.get(random);
  if (drawn === undefined || drawn.at === drawn.bytes.length) {
    drawn = { bytes: random.bytes(IDS_AT_ONCE * MESSAGE_ID_BYTES), at: 0 };
    drawnIds.set(random, drawn);
  }
  const id = drawn.bytes.slice(drawn.at, drawn.at + MESSAGE_ID_BYTES);
  drawn.at += MESSAGE_ID_BYTES;
  return id;
}

/**
 * Seals a message into an envelope of kind 01, together with an Offer or Answer where one is due. Store the new session
 * before the envelope leaves.
 * @returns the new session and the envelope; `session` stays usable and unchanged
 * @throws SessionError `SESSION_RECEIVE_ONLY`, `SESSION_NOT_READY`, `SESSION_EXHAUSTED`, `REKEY_OVERDUE` (online only),
 *   `PAYLOAD_TOO_LARGE`, `BAD_MESSAGE` for fields out of range, a missing signer, or a signer who is not our end of the
 *   session
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
  const { route, nowMs, signWith } = init;
  const rekeyed = rekeyForMessage(provider, session, init);
  const frame: Frame = {
    ackSeq: message.ackSeq ?? null,
    control: rekeyed.control,
    type: message.type,
    messageId: message.messageId,
    seq: message.seq,
    sentAtMs: message.sentAtMs,
    replyTo: message.replyTo ?? null,
    payload: message.payload,
    signature: null,
  };
  if (signWith === undefined && requiresSignature(message.type)) {
    throw new SessionError('BAD_MESSAGE', `messages of type ${message.type} must be signed`);
  }
  const padded = encodePaddedFrame(
    signWith === undefined
      ? frame
      : { ...frame, signature: signFrame(provider, session, frame, signWith, sealAlgorithms(session, init)) },
    route,
  );
  const { state, envelope } = encrypt(provider, rekeyed.ratchet, padded);
  return { session: steppedSession(session, state, nowMs), envelope };
}

/**
 * The ratchet with a new Offer if one is due, and the item that goes with this message, if any.
 * @throws SessionError `REKEY_OVERDUE`, `SESSION_EXHAUSTED`, `BAD_MESSAGE`
 */
function rekeyForMessage(
  provider: CryptoProvider,
  session: Session,
  init: SealInit,
): { readonly ratchet: RatchetState; readonly control: ControlItem | null } {
  const { route, nowMs, rekey = 'due', rekeyWith: ours = init.signWith } = init;
  const { due, isOverdue } = rekeyNeed(session, route, nowMs, ours !== undefined);
  if (isOverdue && route === 'online') {
    throw new SessionError('REKEY_OVERDUE', 'for too long nobody has proven an identity in this session', {
      hint: 'make a new handshake with this peer',
      data: { messageCount: session.messageCount, authenticatedAtMs: session.authenticatedAtMs },
    });
  }
  const { pq } = revealRatchet(session.ratchet);
  if (pq === null) return { ratchet: session.ratchet, control: null };
  if (ours !== undefined) assertOurEnd(ours, session);
  const want = rekey === 'due' ? due : rekey === 'again' ? 'nothing' : rekey;
  if (want === 'signed' && ours === undefined) {
    throw new SessionError('BAD_MESSAGE', 'a signed rekey needs our identity to sign with');
  }
  const again = rekey === 'again' ? attachAgain(pq) : pq;
  const offered = want === 'nothing' ? again : offerEpoch(provider, pq, want === 'signed');
  // Most messages carry nothing, so the item is made only when it is due.
  const pending = isItemDue(offered, route) ? pendingItem(provider, offered) : null;
  const isAttached = pending !== null && (!pending.isSigned || ours !== undefined);
  const ratchet =
    offered.slot.kind === 'idle' ? session.ratchet : withPq(session.ratchet, noteSent(offered, isAttached));
  if (!isAttached) return { ratchet, control: null };
  const signer = ours === undefined ? null : { ours, algorithms: sealAlgorithms(session, init) };
  return { ratchet, control: controlItem(provider, session, pending, nowMs, signer) };
}

/** The first of the list is what we sign with. */
function sealAlgorithms(
  session: Session,
  { route, signWith, rekeyWith, peer, falcon = false }: SealInit,
): AlgorithmList {
  const ours = (signWith ?? rekeyWith)?.block;
  return route === 'mailbox' && ours !== undefined && peer !== undefined
    ? mailboxAlgorithms(session.level, { falcon }, ours, peer)
    : onlineAlgorithms(session.level);
}

/** @throws SessionError `BAD_MESSAGE` */
function assertOurEnd(signer: OwnIdentity, session: Session): void {
  if (!equalBytes(signer.idFp, session.ourIdFp)) {
    throw new SessionError('BAD_MESSAGE', 'the signer is not our end of this session');
  }
}

function signFrame(
  provider: CryptoProvider,
  session: Session,
  frame: Frame,
  signer: OwnIdentity,
  [algorithm]: AlgorithmList,
): Uint8Array<ArrayBuffer> {
  assertOurEnd(signer, session);
  const body = signedBody(provider, {
    sid: session.sid,
    signerIdFp: session.ourIdFp,
    from: session.ourDid,
    to: session.peerDid,
    frame,
  });
  return signHybrid(provider, signer.keys, signaturePurposeOf(frame.type), body, algorithm);
}

/** What opening an envelope needs. */
export interface OpenInit {
  readonly nowMs: number;
  /** The peer's identity block: checks signatures; its fingerprint must be the session's. */
  readonly peer: IdentityBlock;
  /** How it came; default `online`, where no Falcon signature is taken. */
  readonly route?: Route;
  /** Our own block: with a Falcon key at both ends we take its signatures in the mailbox where `falcon` is true. */
  readonly ours?: Pick<IdentityBlock, 'falcon1024'>;
  /** As our security policy says; default false. */
  readonly falcon?: boolean;
}

/**
 * Opens an envelope of kind 01. Store the new session before the message is shown or acknowledged.
 * @returns the new session and the message; `session` stays usable and unchanged
 * @throws SessionError `DECRYPT_FAILED` for whatever is wrong with the envelope, its frame or a signature, `PQ_CONFLICT`
 *   for an Offer or Answer that contradicts the session; the session is unchanged then
 */
export function openEnvelope(
  provider: CryptoProvider,
  session: Session,
  envelope: Uint8Array,
  init: OpenInit,
): { readonly session: Session; readonly message: IncomingMessage } {
  const { nowMs } = init;
  // The record should have been erased by now; a thief of it must not go on using the session.
  if (session.replacedAtMs !== null && nowMs - session.replacedAtMs >= RECEIVE_ONLY_MS) throw decryptFailed();
  const { state, plaintext, messageEpoch } = decrypt(provider, session.ratchet, envelope, nowMs);
  const frame = readFrame(plaintext);
  if (frame === null) throw decryptFailed();
  const peer = signingPeer(provider, session, frame, init);
  const message = checkedMessage(provider, session, frame, peer);
  if (message === null) throw decryptFailed();
  const isAuthenticated = hasEndedForSignedEpoch(session.ratchet, state);
  const ratchet = rekeyFromMessage(provider, session, state, frame.control, { messageEpoch, nowMs, peer });
  return {
    session: steppedSession(session, ratchet, nowMs, { isConfirmed: true, isAuthenticated }),
    message,
  };
}

/** Who has signed, and what counts. */
interface SigningPeer {
  readonly block: IdentityBlock;
  readonly accepted: AlgorithmList;
}

/** The peer's block, once it is known to be the session's; `null` where nothing is signed. */
function signingPeer(
  provider: CryptoProvider,
  session: Session,
  frame: Frame,
  { peer, ours, route = 'online', falcon = false }: OpenInit,
): SigningPeer | null {
  if (frame.signature === null && (frame.control === null || frame.control.signature === null)) return null;
  if (!equalBytes(identityFingerprint(provider, peer), session.peerIdFp)) throw decryptFailed();
  const accepted =
    route === 'online' || ours === undefined
      ? onlineAlgorithms(session.level)
      : mailboxAlgorithms(session.level, { falcon }, ours, peer);
  return { block: peer, accepted };
}

/** True when the peer has moved on to an epoch that both ends have signed. */
function hasEndedForSignedEpoch(before: RatchetState, after: RatchetState): boolean {
  const [old, next] = [revealRatchet(before).pq, revealRatchet(after).pq];
  return old !== null && next !== null && next.isSigned && oldestOpenEpoch(next) > oldestOpenEpoch(old);
}

/** @throws SessionError `DECRYPT_FAILED`, `PQ_CONFLICT` */
function rekeyFromMessage(
  provider: CryptoProvider,
  session: Session,
  state: RatchetState,
  control: ControlItem | null,
  context: { readonly messageEpoch: number; readonly nowMs: number; readonly peer: SigningPeer | null },
): RatchetState {
  if (control === null) return state;
  const { pq } = revealRatchet(state);
  if (pq === null) throw decryptFailed();
  return withPq(state, takeControl(provider, pq, control, { ...context, session }));
}

function readFrame(plaintext: Uint8Array): Frame | null {
  const bytes = unpad(plaintext);
  if (bytes === null) return null;
  try {
    return parseFrame(bytes);
  } catch {
    return null;
  }
}

function checkedMessage(
  provider: CryptoProvider,
  session: Session,
  frame: Frame,
  peer: SigningPeer | null,
): IncomingMessage | null {
  const { signature, control: _, ...fields } = frame;
  const message = {
    ...fields,
    from: session.peerDid,
    fromIdFp: session.peerIdFp,
    to: session.ourDid,
  };
  if (signature === null || peer === null) {
    return requiresSignature(frame.type) ? null : { ...message, proof: null };
  }
  const body = signedBody(provider, {
    sid: session.sid,
    signerIdFp: session.peerIdFp,
    from: session.peerDid,
    to: session.ourDid,
    frame,
  });
  using keys = importIdentityVerifyingKeys(provider, peer.block);
  const isGood = verifyHybrid(provider, keys, signaturePurposeOf(frame.type), body, signature, peer.accepted);
  return isGood ? { ...message, proof: { body, signature } } : null;
}
