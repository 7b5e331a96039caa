/**
 * Control items: Offers and Answers of post-quantum epochs, inside the frame of a message, where nobody sees them.
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 1 | kind | 1 Offer, 2 Answer |
 * | 4 | epoch | u32; the epoch that is offered or answered, which is the sender's rekey sequence |
 * | 1568 | key | Offer: ML-KEM-1024 encapsulation key; Answer: ciphertext to it |
 * | 8 | sent_at | milliseconds since the Unix epoch |
 * | 1, or 1 and 4692, 1345 or 65 | signature | Option of a hybrid signature with purpose `rekey` |
 */
import { bcs, fixedBytesType, optionType, shortTextType } from '@wotid/core';
import {
  importIdentityVerifyingKeys,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type CryptoProvider,
  type IdentityBlock,
} from '@wotid/crypto';
import { decryptFailed } from '../errors.ts';
import { MAX_CLOCK_SKEW_MS, MAX_REKEY_AGE_MS, SESSION_ID_BYTES } from '../limits.ts';
import type { OwnIdentity } from '../identity.ts';
import { takeAnswer, takeOffer, type PendingItem } from '../ratchet/pq-epochs.ts';
import { newestEpoch, type PqRatchet } from '../ratchet/pq-state.ts';
import type { SessionFacts } from '../session.ts';
import type { AlgorithmList } from '../signature-policy.ts';
import { safeU64Type } from './codec.ts';

/** An Offer or Answer as it stands in a frame. */
export interface ControlItem {
  readonly kind: 'offer' | 'answer';
  /** u32 */
  readonly epoch: number;
  /** 1568 bytes. */
  readonly key: Uint8Array;
  readonly sentAtMs: number;
  readonly signature: Uint8Array | null;
}

const signedRekeyType = bcs.struct('signed rekey', {
  sid: fixedBytesType(SESSION_ID_BYTES),
  signerIdFp: fixedBytesType(32),
  from: shortTextType,
  to: shortTextType,
  epoch: bcs.u32(),
  sentAtMs: safeU64Type,
  ekHash: fixedBytesType(64),
  ciphertextHash: optionType(fixedBytesType(64)),
});

/** What the signature of an Offer or Answer covers. */
export interface SignedRekey {
  readonly sid: Uint8Array;
  readonly signerIdFp: Uint8Array;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly sentAtMs: number;
  /** H512 of the Offer's key, 64 bytes. */
  readonly ekHash: Uint8Array;
  /** H512 of the Answer's ciphertext, 64 bytes; `null` in an Offer. */
  readonly ciphertextHash: Uint8Array | null;
}

/**
 * The body that is signed for purpose `rekey`: BCS of sid 16, signer's idFp 32, from, to (u8 length + UTF-8), epoch u32,
 * sent_at u64, H512(ek) 64, and, in an Answer, 01 + H512(ciphertext) 64, in an Offer 00. An Answer's signature names the
 * Offer that it answers, so none can be moved to another one.
 */
export function rekeyBody(facts: SignedRekey): Uint8Array<ArrayBuffer> {
  return new Uint8Array(signedRekeyType.serialize(facts, { maxSize: 1_024 }).toBytes());
}

/**
 * Signed items that may have to go again, by the key they carry, as long as that is in memory. An item is repeated with
 * every 16th message until it has shown to have arrived, and a signature costs what fifteen messages do.
 */
const signedItems = new WeakMap<Uint8Array, ControlItem>();
/** A repeated item older than this is signed anew: its time is to tell roughly when its message was sent. */
const SIGNED_ITEM_AGE_MS = 3_600_000;

/** The item to put into a frame. A signed one keeps its time and signature when it goes again within the hour. */
export function controlItem(
  provider: CryptoProvider,
  session: SessionFacts,
  pending: PendingItem,
  nowMs: number,
  signer: { readonly ours: OwnIdentity; readonly algorithms: AlgorithmList } | null,
): ControlItem {
  const { kind, epoch, key, ekHash, isSigned } = pending;
  const item = { kind, epoch, key, sentAtMs: nowMs };
  if (!isSigned || signer === null) return { ...item, signature: null };
  const [algorithm] = signer.algorithms;
  const before = signedItems.get(key);
  const isFresh =
    before !== undefined && before.sentAtMs <= nowMs && nowMs - before.sentAtMs < SIGNED_ITEM_AGE_MS;
  if (isFresh && before.signature?.[0] === algorithm) return before;
  const body = rekeyBody({
    sid: session.sid,
    signerIdFp: session.ourIdFp,
    from: session.ourDid,
    to: session.peerDid,
    epoch,
    sentAtMs: nowMs,
    ekHash,
    ciphertextHash: kind === 'offer' ? null : provider.sha512(key),
  });
  const signature = signHybrid(provider, signer.ours.keys, signaturePurposes.rekey, body, algorithm);
  const signed = { ...item, signature };
  signedItems.set(key, signed);
  return signed;
}

/** Where an item came from, and what its signature is checked with. */
export interface ControlContext {
  readonly session: SessionFacts;
  /** The session's peer, and what counts as its signature; `null` where nothing is signed. */
  readonly peer: { readonly block: IdentityBlock; readonly accepted: AlgorithmList } | null;
  readonly messageEpoch: number;
  readonly nowMs: number;
}

/**
 * The post-quantum half after an item of the peer. An item whose time is more than 300 s ahead or 30 days old says
 * nothing: clocks differ, and the message that carried it is good.
 * @throws SessionError `DECRYPT_FAILED` when it is signed and not by the peer, `PQ_CONFLICT`
 */
export function takeControl(
  provider: CryptoProvider,
  pq: PqRatchet,
  item: ControlItem,
  context: ControlContext,
): PqRatchet {
  const { session, messageEpoch, nowMs } = context;
  if (item.sentAtMs > nowMs + MAX_CLOCK_SKEW_MS || item.sentAtMs < nowMs - MAX_REKEY_AGE_MS) return pq;
  // Late copies: of an Offer that we have answered there may be one with a signature.
  const isAnswered = pq.slot.kind === 'answered' && item.kind === 'offer' && item.epoch === newestEpoch(pq);
  if (item.epoch <= newestEpoch(pq) && !isAnswered) return pq;
  const isSigned = item.signature !== null;
  // The Offer whose signature we have checked, again: what is asked for is our Answer, which says nothing new.
  const isKnown = isAnswered && pq.slot.kind === 'answered' && pq.slot.isSigned;
  if (isSigned && !isKnown && !isSignedByPeer(provider, pq, item, context)) throw decryptFailed();
  const place = { messageEpoch, isInitiator: session.role === 'initiator' };
  const epochItem = { epoch: item.epoch, key: item.key, isSigned };
  return item.kind === 'offer'
    ? takeOffer(provider, pq, epochItem, place)
    : takeAnswer(provider, pq, epochItem, place);
}

function isSignedByPeer(
  provider: CryptoProvider,
  pq: PqRatchet,
  item: ControlItem,
  { session, peer }: ControlContext,
): boolean {
  if (peer === null || item.signature === null) return false;
  const isOffer = item.kind === 'offer';
  const ek = isOffer ? item.key : pq.slot.kind === 'offered' ? pq.slot.pair.publicKey : null;
  // An Answer to nothing is a conflict, whoever has signed it.
  if (ek === null) return true;
  const body = rekeyBody({
    sid: session.sid,
    signerIdFp: session.peerIdFp,
    from: session.peerDid,
    to: session.ourDid,
    epoch: item.epoch,
    sentAtMs: item.sentAtMs,
    ekHash: provider.sha512(ek),
    ciphertextHash: isOffer ? null : provider.sha512(item.key),
  });
  using keys = importIdentityVerifyingKeys(provider, peer.block);
  return verifyHybrid(provider, keys, signaturePurposes.rekey, body, item.signature, peer.accepted);
}
