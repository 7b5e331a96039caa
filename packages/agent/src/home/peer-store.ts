/**
 * Numbers that must not go back: one sequence per peer and direction, over all sessions and routes, and the latest prekey
 * publication that was seen of a peer.
 */
import {
  bcs,
  equalBytes,
  fixedBytesType,
  optionType,
  shortTextType,
  u64Type,
  type BcsType,
} from '@wotid/core';
import { blob, type Database } from './database.ts';
import { badValue, corrupt } from './home-error.ts';
import type { SealedColumn, Sealer } from './sealer.ts';

/** Where both directions with a peer stand. */
export interface PeerSequence {
  readonly peer: string;
  /** The number that our next message to the peer gets; starts at 1. */
  readonly nextSeq: bigint;
  /** All messages of the peer up to this number have been received; 0 at first. */
  readonly contiguousSeq: bigint;
  /** Mailbox, 32 bytes, and number of the peer's latest prekey publication that was seen; `null` before the first. */
  readonly prekeys: { readonly mailboxId: Uint8Array; readonly number: bigint } | null;
}

const sealedType = bcs.struct('peer', {
  peer: shortTextType,
  nextSeq: u64Type,
  contiguousSeq: u64Type,
  prekeys: optionType(bcs.struct('prekeys seen', { mailboxId: fixedBytesType(32), number: u64Type })),
}) as unknown as BcsType<PeerSequence, PeerSequence>;

/** The sequence numbers of a home. */
export class PeerStore {
  readonly #database: Database;
  readonly #sealer: Sealer;
  readonly #column: SealedColumn<PeerSequence>;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#sealer = sealer;
    this.#column = sealer.column('peer', sealedType, 512);
  }

  /** Where we stand with a peer; the start for a new one. */
  get(peer: string): PeerSequence {
    const tag = this.#sealer.tag('peer', peer);
    const row = this.#database.get('SELECT sealed FROM peer WHERE peer_tag = ?', tag);
    return row === undefined
      ? { peer, nextSeq: 1n, contiguousSeq: 0n, prekeys: null }
      : this.#column.open(row['sealed'], tag);
  }

  /** Takes the next number for a message to `peer`; call it in the transaction that stores the message. */
  takeSeq(peer: string): bigint {
    return this.#database.transaction(() => {
      const sequence = this.get(peer);
      this.#put({ ...sequence, nextSeq: sequence.nextSeq + 1n });
      return sequence.nextSeq;
    });
  }

  /** Raises the mark below which everything was received; never lowers it. */
  raiseContiguous(peer: string, contiguousSeq: bigint): void {
    this.#database.transaction(() => {
      const sequence = this.get(peer);
      if (contiguousSeq > sequence.contiguousSeq) this.#put({ ...sequence, contiguousSeq });
    });
  }

  /**
   * Makes our next number at least `nextSeq`; never lowers it, and leaves it when so few would remain that only a hostile
   * peer can mean it. True when it was raised.
   */
  raiseNext(peer: string, nextSeq: bigint): boolean {
    return this.#database.transaction(() => {
      const sequence = this.get(peer);
      if (nextSeq <= sequence.nextSeq || nextSeq >= 1n << 31n) return false;
      this.#put({ ...sequence, nextSeq });
      return true;
    });
  }

  /** Number of the latest publication in this mailbox that was seen; 0 before the first. */
  prekeysSeen(peer: string, mailboxId: Uint8Array): number {
    const { prekeys } = this.get(peer);
    return prekeys !== null && equalBytes(prekeys.mailboxId, mailboxId) ? Number(prekeys.number) : 0;
  }

  /** Notes a publication; an older one of the same mailbox changes nothing. A new mailbox counts from its own 1. */
  notePrekeys(peer: string, mailboxId: Uint8Array, number: number): void {
    this.#database.transaction(() => {
      if (number <= this.prekeysSeen(peer, mailboxId)) return;
      this.#put({ ...this.get(peer), prekeys: { mailboxId, number: BigInt(number) } });
    });
  }

  /** Starts the peer's direction anew: their home is new and counts from 1. Ours goes on. */
  resetContiguous(peer: string): void {
    this.#database.transaction(() => this.#put({ ...this.get(peer), contiguousSeq: 0n }));
  }

  /** Leaves out `gap` numbers towards every peer: after a rollback those may have been used. */
  skipSeqs(gap: bigint): void {
    this.#database.transaction(() => {
      for (const sequence of this.#list()) this.#put({ ...sequence, nextSeq: sequence.nextSeq + gap });
    });
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.#list();
  }

  #list(): PeerSequence[] {
    return this.#database.all('SELECT * FROM peer').map((row) => {
      const tag = blob(row['peer_tag']);
      const sequence = this.#column.open(row['sealed'], tag);
      if (Buffer.compare(this.#sealer.tag('peer', sequence.peer), tag) !== 0) throw corrupt('a peer row');
      return sequence;
    });
  }

  #put(sequence: PeerSequence): void {
    if (sequence.nextSeq >= 1n << 32n || sequence.contiguousSeq >= 1n << 32n) {
      throw badValue('a sequence number', 'is below 2^32');
    }
    const tag = this.#sealer.tag('peer', sequence.peer);
    this.#database.run(
      'INSERT INTO peer (peer_tag, sealed) VALUES (?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed',
      tag,
      this.#column.seal(sequence, tag),
    );
  }
}
