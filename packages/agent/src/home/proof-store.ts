/**
 * What signatures of peers leave behind: the proof of each signed message, which its receiver can show to others, and up
 * to which messages the checkpoints with each peer reach.
 */
import { bcs, bytesType, fixedBytesType, shortTextType, u64Type, type BcsType } from '@wotid/core';
import type { Database } from './database.ts';
import { MAX_CONTACTS, MAX_INBOX_MESSAGES } from './home-limits.ts';
import { SealedMap } from './sealed-map.ts';
import type { Sealer } from './sealer.ts';

/** The signature of a message, and what it covers beside the payload. */
export interface StoredProof {
  /** DID of the signer. */
  readonly peer: string;
  /** 16 bytes. */
  readonly messageId: Uint8Array;
  /** Fingerprint of the signer's identity block, 32 bytes. */
  readonly signerIdFp: Uint8Array;
  /** What was signed: session, both ends, type, id, number, times, and the hash of the payload. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** The last of our own and of the peer's messages that a checkpoint of ours covers; 0 before the first. */
export interface CheckpointMark {
  readonly peer: string;
  readonly sent: number;
  readonly received: number;
}

interface SealedMark {
  readonly peer: string;
  readonly sent: bigint;
  readonly received: bigint;
}

const proofType = bcs.struct('proof', {
  peer: shortTextType,
  messageId: fixedBytesType(16),
  signerIdFp: fixedBytesType(32),
  body: bytesType,
  signature: bytesType,
}) as unknown as BcsType<StoredProof, StoredProof>;
const markType = bcs.struct('checkpoint mark', {
  peer: shortTextType,
  sent: u64Type,
  received: u64Type,
}) as unknown as BcsType<SealedMark, SealedMark>;

/** A signed body of 1 KiB at the most, a signature of 4.7 KB, a DID. */
const maxProofBytes = 8_192;

/** The proofs of a home. */
export class ProofStore {
  readonly #proofs: SealedMap<StoredProof>;
  readonly #marks: SealedMap<SealedMark>;

  constructor(database: Database, sealer: Sealer) {
    this.#proofs = new SealedMap(database, sealer, {
      table: 'proof',
      tagColumn: 'proof_tag',
      tagKind: 'proof',
      column: sealer.column('proof', proofType, maxProofBytes),
      keyOf: ({ peer, messageId }) => keyOf(peer, messageId),
      maxRows: MAX_INBOX_MESSAGES,
    });
    this.#marks = new SealedMap(database, sealer, {
      table: 'checkpoint',
      tagColumn: 'peer_tag',
      tagKind: 'peer',
      column: sealer.column('checkpoint', markType, 512),
      keyOf: ({ peer }) => peer,
      maxRows: MAX_CONTACTS,
    });
  }

  /** @throws HomeError `LIMIT_REACHED` */
  put(proof: StoredProof): void {
    this.#proofs.put(proof);
  }

  get(peer: string, messageId: Uint8Array): StoredProof | undefined {
    return this.#proofs.get(keyOf(peer, messageId));
  }

  /** How far the checkpoints that we have sent to a peer reach. */
  mark(peer: string): CheckpointMark {
    const { sent = 0n, received = 0n } = this.#marks.get(peer) ?? {};
    return { peer, sent: Number(sent), received: Number(received) };
  }

  setMark({ peer, sent, received }: CheckpointMark): void {
    this.#marks.put({ peer, sent: BigInt(sent), received: BigInt(received) });
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.#proofs.list();
    this.#marks.list();
  }
}

function keyOf(peer: string, messageId: Uint8Array): string {
  return `${peer} ${messageId.toHex()}`;
}
