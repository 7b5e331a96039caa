/**
 * Post-quantum epochs: how two ends agree on the next one. The offering side sends an ML-KEM-1024 key, the answering
 * side a ciphertext to it; both travel inside messages, are repeated until they have shown to have arrived, and may be
 * signed by both identities. Knows no frame, no signature and no clock.
 *
 * | slot | event | condition | what happens |
 * |---|---|---|---|
 * | idle | we offer | | new key pair; offered |
 * | idle | Offer(newest + 1) | in a message of the newest epoch | epoch made, ready to receive; answered; we go on sending in the epoch before |
 * | offered | Offer(newest + 1) | one of the two is signed | the signed one stays; else that of the session's initiator |
 * | offered | Answer(newest + 1) | signed if, and only if, our Offer is | epoch made; we send in it at once; idle |
 * | answered | a message of the newest epoch | | we send in it; the peer's chain before ends; idle |
 * | answered | the same Offer | | answered again, with a signature if it has one now |
 * | any | Offer or Answer up to the newest | | nothing: a duplicate |
 * | any | anything else | | `PQ_CONFLICT`: the ends have lost each other |
 */
import { concatBytes, equalBytes } from '@wotid/core';
import { CryptoError, wipe, type CryptoProvider, type KemPublicKey } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import { epochKeys, type EpochKeys } from '../kdf.ts';
import { MAX_EPOCH, REATTACH_AFTER } from '../limits.ts';
import { idleSlot, newestEpoch, type PqChain, type PqRatchet } from './pq-state.ts';

/** `sentSince` of an item that was never attached, or must be again. */
export const NEVER_ATTACHED = 0xff;

/** What an Offer or Answer says, once its signature was checked. */
export interface EpochItem {
  readonly epoch: number;
  /** Encapsulation key of an Offer, ciphertext of an Answer; 1568 bytes. */
  readonly key: Uint8Array;
  readonly isSigned: boolean;
}

/** Where an item was found. */
export interface ItemPlace {
  /** Epoch of the message that carried it: an Offer or Answer counts only in a message of the epoch before. */
  readonly messageEpoch: number;
  /** True when we started the session: our Offer wins where two cross. */
  readonly isInitiator: boolean;
}

/** An item of ours that is under way. */
export interface PendingItem {
  readonly kind: 'offer' | 'answer';
  readonly epoch: number;
  /** 1568 bytes. */
  readonly key: Uint8Array;
  /** It goes only with a signature. */
  readonly isSigned: boolean;
  /** H512 of the Offer's key, 64 bytes. */
  readonly ekHash: Uint8Array;
}

/**
 * Offers a new epoch. Nothing changes unless the slot is idle.
 * @throws SessionError `SESSION_EXHAUSTED` after 65,535 epochs
 */
export function offerEpoch(provider: CryptoProvider, pq: PqRatchet, isSigned: boolean): PqRatchet {
  if (pq.slot.kind !== 'idle') return pq;
  if (newestEpoch(pq) >= MAX_EPOCH) {
    throw new SessionError('SESSION_EXHAUSTED', 'this session has had all the epochs it can', {
      hint: 'make a new handshake with this peer',
    });
  }
  const pair = provider.kemGenerate();
  return { ...pq, slot: { kind: 'offered', isSigned, pair, sentSince: NEVER_ATTACHED } };
}

/** The item that is under way, or `null`. */
export function pendingItem(provider: CryptoProvider, pq: PqRatchet): PendingItem | null {
  const { slot } = pq;
  if (slot.kind === 'offered') {
    const { isSigned, pair } = slot;
    const key = pair.publicKey;
    return { kind: 'offer', epoch: newestEpoch(pq) + 1, key, isSigned, ekHash: provider.sha512(key) };
  }
  if (slot.kind === 'answered') {
    const { isSigned, ciphertext, ekHash } = slot;
    return { kind: 'answer', epoch: newestEpoch(pq), key: ciphertext, isSigned, ekHash };
  }
  return null;
}

/** True when the pending item goes with the next message on `route`. */
export function isItemDue(pq: PqRatchet, route: 'online' | 'mailbox'): boolean {
  return pq.slot.kind !== 'idle' && pq.slot.sentSince >= REATTACH_AFTER[route];
}

/** Notes that a message goes out with the pending item (`isAttached`), or without it. */
export function noteSent(pq: PqRatchet, isAttached: boolean): PqRatchet {
  const { slot } = pq;
  if (slot.kind === 'idle') return pq;
  const sentSince = isAttached ? 0 : Math.min(slot.sentSince + 1, NEVER_ATTACHED);
  return { ...pq, slot: { ...slot, sentSince } };
}

/** Asks for the pending item to go with the next message: what carried it may be lost. */
export function attachAgain(pq: PqRatchet): PqRatchet {
  return pq.slot.kind === 'idle' ? pq : { ...pq, slot: { ...pq.slot, sentSince: NEVER_ATTACHED } };
}

/** The ratchet after the peer's Offer. @throws SessionError `PQ_CONFLICT` */
export function takeOffer(
  provider: CryptoProvider,
  pq: PqRatchet,
  offer: EpochItem,
  { messageEpoch, isInitiator }: ItemPlace,
): PqRatchet {
  const newest = newestEpoch(pq);
  const { slot } = pq;
  if (slot.kind === 'answered' && offer.epoch === newest) {
    if (!equalBytes(provider.sha512(offer.key), slot.ekHash)) throw pqConflict();
    const isSigned = slot.isSigned || offer.isSigned;
    return { ...pq, isSigned, slot: { ...slot, isSigned, sentSince: NEVER_ATTACHED } };
  }
  if (offer.epoch <= newest) return pq;
  // A header has no room for an epoch beyond the last one.
  if (offer.epoch > MAX_EPOCH) throw pqConflict();
  if (offer.epoch !== newest + 1 || messageEpoch !== newest || slot.kind === 'answered') throw pqConflict();
  if (slot.kind === 'offered') {
    const isOursKept = slot.isSigned === offer.isSigned ? isInitiator : slot.isSigned;
    if (isOursKept) return attachAgain(pq);
  }
  const { ciphertext, sharedSecret } = encapsulate(provider, offer.key);
  const keys = newEpochKeys(provider, pq, sharedSecret, offer.key, ciphertext);
  const [sending, receiving] = directions(keys, isInitiator);
  return {
    ...pq,
    root: keys.root,
    isSigned: offer.isSigned,
    receiving: [...pq.receiving, { epoch: offer.epoch, chainKey: receiving, i: 0 }],
    slot: {
      kind: 'answered',
      isSigned: offer.isSigned,
      ekHash: provider.sha512(offer.key),
      ciphertext,
      chainKey: sending,
      sentSince: NEVER_ATTACHED,
    },
  };
}

/** The ratchet after the peer's Answer: it sends in the new epoch. @throws SessionError `PQ_CONFLICT` */
export function takeAnswer(
  provider: CryptoProvider,
  pq: PqRatchet,
  answer: EpochItem,
  { messageEpoch, isInitiator }: ItemPlace,
): PqRatchet {
  const newest = newestEpoch(pq);
  const { slot } = pq;
  if (answer.epoch <= newest) return pq;
  if (answer.epoch !== newest + 1 || messageEpoch !== newest || slot.kind !== 'offered') throw pqConflict();
  if (answer.isSigned !== slot.isSigned) throw pqConflict();
  const ss = provider.kemDecapsulate(slot.pair, answer.key);
  const keys = newEpochKeys(provider, pq, ss, slot.pair.publicKey, answer.key);
  const [sending, receiving] = directions(keys, isInitiator);
  return {
    ...pq,
    root: keys.root,
    isSigned: answer.isSigned,
    sending: { epoch: answer.epoch, chainKey: sending, i: 0 },
    previousLength: pq.sending.i,
    receiving: [pq.receiving[0] as PqChain, { epoch: answer.epoch, chainKey: receiving, i: 0 }],
    slot: idleSlot,
  };
}

/** The answer to what only an end that has lost the other, or a thief, can send. */
export function pqConflict(): SessionError {
  return new SessionError('PQ_CONFLICT', 'the two ends of this session no longer agree on their keys', {
    hint: 'make a new handshake with this peer; nothing has changed in this session',
  });
}

function encapsulate(provider: CryptoProvider, ek: Uint8Array): ReturnType<CryptoProvider['kemEncapsulate']> {
  let key: KemPublicKey;
  try {
    key = provider.kemImportPublic(ek);
  } catch (error) {
    if (error instanceof CryptoError) throw pqConflict();
    throw error;
  }
  using imported = key;
  return provider.kemEncapsulate(imported);
}

function newEpochKeys(
  provider: CryptoProvider,
  pq: PqRatchet,
  ss: Uint8Array,
  ek: Uint8Array,
  ciphertext: Uint8Array,
): EpochKeys {
  const exchangeHash = provider.sha256(concatBytes(ek, ciphertext));
  try {
    return epochKeys(provider, ss, pq.root, newestEpoch(pq) + 1, exchangeHash);
  } finally {
    wipe(ss);
  }
}

/** Our sending and our receiving chain key. */
function directions(keys: EpochKeys, isInitiator: boolean): readonly [Uint8Array, Uint8Array] {
  const { initiatorToResponder, responderToInitiator } = keys;
  return isInitiator
    ? [initiatorToResponder, responderToInitiator]
    : [responderToInitiator, initiatorToResponder];
}
