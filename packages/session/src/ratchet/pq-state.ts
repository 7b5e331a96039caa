/**
 * The post-quantum half of a ratchet: one symmetric chain in each direction, and epochs that renew both. An epoch is
 * agreed on by an Offer (an ML-KEM-1024 key) and an Answer (a ciphertext to it), which travel inside messages
 * (`pq-epochs.ts`). Values only.
 */
import type { KemKeyPair } from '@wotid/crypto';

/** A PQ chain: `i` is the index of the next message. */
export interface PqChain {
  readonly epoch: number;
  readonly chainKey: Uint8Array;
  readonly i: number;
}

/** The PQ share of a message that has not arrived yet. */
export interface SkippedPqKey {
  readonly epoch: number;
  readonly i: number;
  readonly messageKey: Uint8Array;
  /** When it was stored, milliseconds since the Unix epoch. */
  readonly storedAtMs: number;
}

/** No epoch is under way. */
export interface IdleSlot {
  readonly kind: 'idle';
}

/** Our Offer of the next epoch is under way. */
export interface OfferedSlot {
  readonly kind: 'offered';
  /** Only a signed Answer completes it, and a signed epoch comes of it. */
  readonly isSigned: boolean;
  readonly pair: KemKeyPair;
  /** Own messages since the Offer was last attached; it is attached again when `resendAfter` says so. */
  readonly sentSince: number;
}

/** We have answered the peer's Offer; the epoch exists here, and we send in it once the peer has shown to have it. */
export interface AnsweredSlot {
  readonly kind: 'answered';
  readonly isSigned: boolean;
  /** H512 of the Offer's key, 64 bytes: the same Offer again is answered again, another one is a conflict. */
  readonly ekHash: Uint8Array;
  /** 1568 bytes. */
  readonly ciphertext: Uint8Array;
  /** Our sending chain of the new epoch. */
  readonly chainKey: Uint8Array;
  readonly sentSince: number;
}

/** Where the agreement on the next epoch stands. */
export type PqSlot = IdleSlot | OfferedSlot | AnsweredSlot;

/** The post-quantum half of a ratchet. Epoch 0 comes from PQXDH. */
export interface PqRatchet {
  /** Root of the newest epoch. */
  readonly root: Uint8Array;
  /** True when both sides have signed the newest epoch's Offer and Answer, or it is the handshake's. */
  readonly isSigned: boolean;
  /** The chain that our messages use. */
  readonly sending: PqChain;
  /** Messages in our sending chain of the epoch before. */
  readonly previousLength: number;
  /**
   * Chains of the peer's messages, oldest first: of the newest epoch, and of the one before until the first message of
   * the newest one has arrived, which tells where that chain ends.
   */
  readonly receiving: readonly PqChain[];
  /** Oldest first. */
  readonly skipped: readonly SkippedPqKey[];
  readonly slot: PqSlot;
}

/** The slot between two epochs. */
export const idleSlot: IdleSlot = { kind: 'idle' };

/** The newest epoch that exists here, whether or not we send in it. */
export function newestEpoch(pq: PqRatchet): number {
  return (pq.receiving.at(-1) as PqChain).epoch;
}

/** The oldest epoch whose messages are still taken in turn. */
export function oldestOpenEpoch(pq: PqRatchet): number {
  return (pq.receiving[0] as PqChain).epoch;
}

/** True from an Offer or Answer of ours until the peer has shown to have the new epoch. */
export function isRekeying(pq: PqRatchet): boolean {
  return pq.slot.kind !== 'idle' || pq.receiving.length > 1;
}

/** Epoch 0. */
export function firstEpoch(root: Uint8Array, sending: Uint8Array, receiving: Uint8Array): PqRatchet {
  return {
    root,
    isSigned: true,
    sending: { epoch: 0, chainKey: sending, i: 0 },
    previousLength: 0,
    receiving: [{ epoch: 0, chainKey: receiving, i: 0 }],
    skipped: [],
    slot: idleSlot,
  };
}

/** Adds the secrets of `pq` to `secrets`. */
export function pqSecrets(pq: PqRatchet, secrets: Uint8Array[]): void {
  secrets.push(pq.root, pq.sending.chainKey);
  for (const chain of pq.receiving) secrets.push(chain.chainKey);
  for (const key of pq.skipped) secrets.push(key.messageKey);
  if (pq.slot.kind === 'answered') secrets.push(pq.slot.chainKey);
}
