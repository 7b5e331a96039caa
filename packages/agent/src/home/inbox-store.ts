/** Messages for us, in the order they were received, and what keeps a message from being shown twice. */
import {
  bcs,
  bytesType,
  concatBytes,
  fixedBytesType,
  optionType,
  shortTextType,
  u64le,
  u64Type,
  type BcsType,
} from '@wotid/core';
import { blob, safeInteger, type Database, type Row } from './database.ts';
import { assertMaxBytes, badValue, corrupt, HomeError } from './home-error.ts';
import {
  MAX_CONTENT_BYTES,
  MAX_INBOX_MESSAGES,
  MAX_SEEN,
  MAX_SEEN_PER_PEER,
  SEEN_TTL_MS,
} from './home-limits.ts';
import type { PeerStore } from './peer-store.ts';
import type { SealedColumn, Sealer } from './sealer.ts';

/** A message as it came out of its session. */
export interface ReceivedMessage {
  /** 16 bytes, chosen by the sender. */
  readonly messageId: Uint8Array;
  /** DID of the sender. */
  readonly peer: string;
  readonly seq: bigint;
  readonly type: string;
  readonly payload: Uint8Array;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly route: 'p2p' | 'mailbox';
  readonly replyTo: Uint8Array | null;
}

/** A message in the inbox. */
export type InboxEntry = ReceivedMessage & {
  /** Grows; never used again. */
  readonly position: number;
};

interface SealedMessage {
  readonly peer: string;
  readonly seq: bigint;
  readonly type: string;
  readonly payload: Uint8Array;
  readonly sentAtMs: bigint;
  readonly receivedAtMs: bigint;
  readonly byMailbox: boolean;
  readonly replyTo: Uint8Array | null;
}

const messageType = bcs.struct('inbox message', {
  peer: shortTextType,
  seq: u64Type,
  type: shortTextType,
  payload: bytesType,
  sentAtMs: u64Type,
  receivedAtMs: u64Type,
  byMailbox: bcs.bool(),
  replyTo: optionType(fixedBytesType(16)),
}) as unknown as BcsType<SealedMessage, SealedMessage>;

/** The inbox of a home. */
export class InboxStore {
  readonly #database: Database;
  readonly #sealer: Sealer;
  readonly #peers: PeerStore;
  readonly #message: SealedColumn<SealedMessage>;

  constructor(database: Database, sealer: Sealer, peers: PeerStore) {
    this.#database = database;
    this.#sealer = sealer;
    this.#peers = peers;
    this.#message = sealer.column('inbox', messageType, MAX_CONTENT_BYTES);
  }

  /**
   * Whether a message was received before, by any route: its id is remembered for this peer, or all messages up to its
   * number have been received.
   */
  isDuplicate(peer: string, messageId: Uint8Array, seq: bigint): boolean {
    return this.isKnownId(peer, messageId) || seq <= this.#peers.get(peer).contiguousSeq;
  }

  /** Whether a message id of this peer is remembered. */
  isKnownId(peer: string, messageId: Uint8Array): boolean {
    const tag = this.#sealer.tag('peer', peer);
    return ['seen', 'inbox'].some((table) => {
      const sql = `SELECT 1 FROM ${table} WHERE peer_tag = ? AND message_id = ?`;
      return this.#database.get(sql, tag, messageId) !== undefined;
    });
  }

  /**
   * Stores a message, unless it is a duplicate: then `undefined` comes back and nothing changes.
   * @throws HomeError `LIMIT_REACHED`, `BAD_VALUE`
   */
  add(message: ReceivedMessage): InboxEntry | undefined {
    const { messageId, peer, seq, type, payload, sentAtMs, receivedAtMs, route, replyTo } = message;
    if (messageId.length !== 16) throw badValue('a message id', `has 16 bytes, not ${messageId.length}`);
    assertMaxBytes('the message', payload, MAX_CONTENT_BYTES);
    return this.#database.transaction(() => {
      if (this.isDuplicate(peer, messageId, seq)) return undefined;
      if (this.count() >= MAX_INBOX_MESSAGES) {
        throw new HomeError('LIMIT_REACHED', `the inbox holds ${MAX_INBOX_MESSAGES} messages`, {
          hint: 'delete some',
          data: { limit: MAX_INBOX_MESSAGES },
        });
      }
      const tag = this.#sealer.tag('peer', peer);
      const sealed = this.#message.seal(
        {
          peer,
          seq,
          type,
          payload,
          sentAtMs: BigInt(sentAtMs),
          receivedAtMs: BigInt(receivedAtMs),
          byMailbox: route === 'mailbox',
          replyTo,
        },
        messageId,
        tag,
      );
      const { lastRowid } = this.#database.run(
        'INSERT INTO inbox (peer_tag, message_id, received_ms, sealed) VALUES (?, ?, ?, ?)',
        tag,
        messageId,
        receivedAtMs,
        sealed,
      );
      this.#note(peer, tag, messageId, seq, receivedAtMs);
      return { ...message, position: Number(lastRowid) };
    });
  }

  /** Remembers a message that is not to be shown, such as an acknowledgement, against duplicates. */
  noteSeen(peer: string, messageId: Uint8Array, seq: bigint, nowMs: number): void {
    if (messageId.length !== 16) throw badValue('a message id', `has 16 bytes, not ${messageId.length}`);
    this.#database.transaction(() => {
      if (this.isDuplicate(peer, messageId, seq)) return;
      this.#note(peer, this.#sealer.tag('peer', peer), messageId, seq, nowMs);
    });
  }

  get(position: number): InboxEntry | undefined {
    const row = this.#database.get('SELECT * FROM inbox WHERE position = ?', position);
    return row === undefined ? undefined : this.#read(row);
  }

  /** Messages after a position, oldest first, at most `limit`; of one peer when `peer` is given. */
  list(query: { readonly after?: number; readonly limit: number; readonly peer?: string }): InboxEntry[] {
    const { after = 0, limit, peer } = query;
    const rows =
      peer === undefined
        ? this.#database.all('SELECT * FROM inbox WHERE position > ? ORDER BY position LIMIT ?', after, limit)
        : this.#database.all(
            'SELECT * FROM inbox WHERE position > ? AND peer_tag = ? ORDER BY position LIMIT ?',
            after,
            this.#sealer.tag('peer', peer),
            limit,
          );
    return rows.map((row) => this.#read(row));
  }

  /** A message by its id; of two senders with one id the latest. */
  find(messageId: Uint8Array): InboxEntry | undefined {
    const row = this.#database.get(
      'SELECT * FROM inbox WHERE message_id = ? ORDER BY position DESC LIMIT 1',
      messageId,
    );
    return row === undefined ? undefined : this.#read(row);
  }

  /** The latest messages of a peer, of those at positions below `before`: newest first, at most `limit`. */
  latestOf(peer: string, limit: number, before: number = Number.MAX_SAFE_INTEGER): InboxEntry[] {
    return this.#database
      .all(
        'SELECT * FROM inbox WHERE peer_tag = ? AND position < ? ORDER BY position DESC LIMIT ?',
        this.#sealer.tag('peer', peer),
        before,
        limit,
      )
      .map((row) => this.#read(row));
  }

  count(): number {
    return this.#database.count('SELECT count(*) FROM inbox');
  }

  /** Erases a message; its id stays remembered as long as any. True when there was one. */
  delete(position: number): boolean {
    return this.#database.run('DELETE FROM inbox WHERE position = ?', position).changes > 0;
  }

  /** Forgets de-duplication entries older than a day. Returns how many. Messages of the inbox stay protected. */
  pruneSeen(nowMs: number): number {
    return this.#database.run('DELETE FROM seen WHERE seen_ms < ?', nowMs - SEEN_TTL_MS).changes;
  }

  /** The peer counts anew: which numbers had come means nothing any more. Ids of messages in the inbox stay known. */
  forgetNumbers(peer: string): void {
    this.#database.run('DELETE FROM seen WHERE peer_tag = ?', this.#sealer.tag('peer', peer));
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    for (const row of this.#database.all('SELECT position FROM inbox'))
      this.get(safeInteger(row['position']));
  }

  #note(peer: string, tag: Uint8Array, messageId: Uint8Array, seq: bigint, nowMs: number): void {
    this.#database.run(
      'INSERT INTO seen (peer_tag, message_id, seq_tag, seen_ms) VALUES (?, ?, ?, ?)',
      tag,
      messageId,
      this.#seqTag(tag, seq),
      nowMs,
    );
    this.#advance(peer, tag);
    this.#evict('SELECT count(*) FROM seen WHERE peer_tag = ?', MAX_SEEN_PER_PEER, [tag]);
    this.#evict('SELECT count(*) FROM seen', MAX_SEEN, []);
  }

  /** Raises the contiguous mark over this message and over what had come early. */
  #advance(peer: string, tag: Uint8Array): void {
    const { contiguousSeq } = this.#peers.get(peer);
    let reached = contiguousSeq;
    while (
      this.#database.get('SELECT 1 FROM seen WHERE seq_tag = ?', this.#seqTag(tag, reached + 1n)) !==
      undefined
    ) {
      reached++;
    }
    if (reached > contiguousSeq) this.#peers.raiseContiguous(peer, reached);
  }

  #seqTag(tag: Uint8Array, seq: bigint): Uint8Array {
    return this.#sealer.tag('seq', concatBytes(tag, u64le(seq)));
  }

  #evict(countSql: string, most: number, values: readonly Uint8Array[]): void {
    const excess = this.#database.count(countSql, ...values) - most;
    if (excess <= 0) return;
    const where = values.length > 0 ? 'WHERE peer_tag = ?' : '';
    this.#database.run(
      `DELETE FROM seen WHERE (peer_tag, message_id) IN
         (SELECT peer_tag, message_id FROM seen ${where} ORDER BY seen_ms LIMIT ?)`,
      ...values,
      excess,
    );
  }

  #read(row: Row): InboxEntry {
    const messageId = blob(row['message_id']);
    const { byMailbox, ...message } = this.#message.open(row['sealed'], messageId, blob(row['peer_tag']));
    const receivedAtMs = Number(message.receivedAtMs);
    if (receivedAtMs !== safeInteger(row['received_ms'])) throw corrupt('an inbox row');
    return {
      ...message,
      messageId,
      position: safeInteger(row['position']),
      sentAtMs: Number(message.sentAtMs),
      receivedAtMs,
      route: byMailbox ? 'mailbox' : 'p2p',
    };
  }
}
