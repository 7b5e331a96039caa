/**
 * Messages of ours, from `send` until they are known to have arrived. They are kept as plaintext under seal, because a
 * message that goes the other way is encrypted anew.
 */
import {
  bcs,
  bytesType,
  optionType,
  fixedBytesType,
  shortTextType,
  u64Type,
  utf8,
  type BcsType,
} from '@wotid/core';
import { blob, safeInteger, type Database, type Row } from './database.ts';
import { assertMaxBytes, badValue, corrupt, HomeError } from './home-error.ts';
import { MAX_CONTENT_BYTES, MAX_PENDING_MESSAGES, MAX_PENDING_PER_PEER } from './home-limits.ts';
import type { SealedColumn, Sealer } from './sealer.ts';

/**
 * `queued`: not sent; `sent`: given to the stream, not acknowledged; `mailbox`: lies on chain; `acked`: the peer has
 * it; `failed`: given up.
 */
export type OutboxState = 'queued' | 'sent' | 'mailbox' | 'acked' | 'failed';

/** What is fixed when a message is queued. */
export interface OutboxMessage {
  /** 16 random bytes. */
  readonly messageId: Uint8Array;
  /** DID of the receiver. */
  readonly peer: string;
  readonly seq: bigint;
  readonly type: string;
  readonly payload: Uint8Array;
  readonly sentAtMs: number;
  readonly replyTo: Uint8Array | null;
  /** Goes with a signature that the receiver can show to others. */
  readonly isSigned: boolean;
  /** May start a session with somebody whose credential has not passed our check. */
  readonly toUnverified: boolean;
}

/** What changes on its way. */
export interface OutboxStatus {
  readonly state: OutboxState;
  readonly attempts: number;
  /** When to look at it again, in milliseconds since the Unix epoch. */
  readonly dueMs: number;
  readonly updatedMs: number;
  /** Transaction and object of the mailbox route, and why it failed; empty when there is none. */
  readonly digest: string;
  readonly objectId: string;
  readonly failure: string;
}

/** A message of ours with its status. */
export type OutboxEntry = OutboxMessage & OutboxStatus & { readonly position: number };

interface SealedMessage {
  readonly peer: string;
  readonly seq: bigint;
  readonly type: string;
  readonly payload: Uint8Array;
  readonly sentAtMs: bigint;
  readonly replyTo: Uint8Array | null;
  readonly isSigned: boolean;
  readonly toUnverified: boolean;
}
interface SealedStatus {
  readonly state: string;
  readonly attempts: number;
  readonly dueMs: bigint;
  readonly updatedMs: bigint;
  readonly digest: string;
  readonly objectId: string;
  readonly failure: string;
}

const states: readonly string[] = ['queued', 'sent', 'mailbox', 'acked', 'failed'];
const pendingStates = "('queued', 'sent')";
const messageType = bcs.struct('outbox message', {
  peer: shortTextType,
  seq: u64Type,
  type: shortTextType,
  payload: bytesType,
  sentAtMs: u64Type,
  replyTo: optionType(fixedBytesType(16)),
  isSigned: bcs.bool(),
  toUnverified: bcs.bool(),
}) as unknown as BcsType<SealedMessage, SealedMessage>;
const statusType = bcs.struct('outbox status', {
  state: shortTextType,
  attempts: bcs.u32(),
  dueMs: u64Type,
  updatedMs: u64Type,
  digest: shortTextType,
  objectId: shortTextType,
  failure: shortTextType,
}) as unknown as BcsType<SealedStatus, SealedStatus>;

/** The outbox of a home. */
export class OutboxStore {
  readonly #database: Database;
  readonly #sealer: Sealer;
  readonly #message: SealedColumn<SealedMessage>;
  readonly #status: SealedColumn<SealedStatus>;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#sealer = sealer;
    this.#message = sealer.column('outbox', messageType, MAX_CONTENT_BYTES);
    this.#status = sealer.column('outbox-status', statusType, 2_048);
  }

  /**
   * Queues a message, due at `nowMs`.
   * @throws HomeError `LIMIT_REACHED` when too many wait for this peer or for all, `BAD_VALUE` (also for a message id
   *   that is known)
   */
  add(message: OutboxMessage, nowMs: number): OutboxEntry {
    const { messageId, peer } = message;
    if (messageId.length !== 16) throw badValue('a message id', `has 16 bytes, not ${messageId.length}`);
    assertMaxBytes('the message', message.payload, MAX_CONTENT_BYTES);
    return this.#database.transaction(() => {
      const peerTag = this.#sealer.tag('peer', peer);
      this.#assertRoom(peerTag);
      if (this.get(messageId) !== undefined) throw badValue('the message id', 'is in use');
      const { seq, type, payload, sentAtMs, replyTo, isSigned, toUnverified } = message;
      const status: OutboxStatus = {
        state: 'queued',
        attempts: 0,
        dueMs: nowMs,
        updatedMs: nowMs,
        digest: '',
        objectId: '',
        failure: '',
      };
      const { lastRowid } = this.#database.run(
        `INSERT INTO outbox (message_id, peer_tag, state, due_ms, updated_ms, sealed, sealed_status)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        messageId,
        peerTag,
        status.state,
        status.dueMs,
        status.updatedMs,
        this.#message.seal(
          { peer, seq, type, payload, sentAtMs: BigInt(sentAtMs), replyTo, isSigned, toUnverified },
          messageId,
          peerTag,
        ),
        this.#sealStatus(status, messageId),
      );
      return { ...message, ...status, position: Number(lastRowid) };
    });
  }

  get(messageId: Uint8Array): OutboxEntry | undefined {
    const row = this.#database.get('SELECT * FROM outbox WHERE message_id = ?', messageId);
    return row === undefined ? undefined : this.#read(row);
  }

  /**
   * Changes the status of a message; what is left out stays.
   * @returns the message as it is now
   * @throws HomeError `BAD_VALUE` for an unknown message id
   */
  update(messageId: Uint8Array, change: Partial<OutboxStatus> & { readonly updatedMs: number }): OutboxEntry {
    return this.#database.transaction(() => {
      const entry = this.get(messageId);
      if (entry === undefined) throw badValue('the message id', 'is unknown');
      const next = { ...entry, ...change };
      this.#database.run(
        'UPDATE outbox SET state = ?, due_ms = ?, updated_ms = ?, sealed_status = ? WHERE message_id = ?',
        next.state,
        next.dueMs,
        next.updatedMs,
        this.#sealStatus(next, messageId),
        messageId,
      );
      return next;
    });
  }

  /** Gives a message another sequence number. @throws HomeError `BAD_VALUE` for an unknown message id */
  renumber(messageId: Uint8Array, seq: bigint): void {
    this.#database.transaction(() => {
      const entry = this.get(messageId);
      if (entry === undefined) throw badValue('the message id', 'is unknown');
      this.#database.run(
        'UPDATE outbox SET sealed = ? WHERE message_id = ?',
        this.#message.seal(
          { ...entry, seq, sentAtMs: BigInt(entry.sentAtMs) },
          messageId,
          this.#sealer.tag('peer', entry.peer),
        ),
        messageId,
      );
    });
  }

  /** Queued and sent messages whose time has come, in the order they were queued, at most `limit`. */
  due(nowMs: number, limit: number): OutboxEntry[] {
    return this.#database
      .all(
        `SELECT * FROM outbox WHERE state IN ${pendingStates} AND due_ms <= ? ORDER BY position LIMIT ?`,
        nowMs,
        limit,
      )
      .map((row) => this.#read(row));
  }

  /** When the next queued or sent message is due; `undefined` when none waits. */
  nextDueMs(): number | undefined {
    const row = this.#database.get(`SELECT min(due_ms) AS due FROM outbox WHERE state IN ${pendingStates}`);
    return row?.['due'] == null ? undefined : safeInteger(row['due']);
  }

  /** Queued and sent messages for one peer, in the order they were queued. */
  pendingFor(peer: string): OutboxEntry[] {
    return this.#database
      .all(
        `SELECT * FROM outbox WHERE peer_tag = ? AND state IN ${pendingStates} ORDER BY position`,
        this.#sealer.tag('peer', peer),
      )
      .map((row) => this.#read(row));
  }

  /** The latest messages to one peer in any state, of those at positions below `before`: newest first, at most `limit`. */
  ofPeer(peer: string, limit: number, before: number = Number.MAX_SAFE_INTEGER): OutboxEntry[] {
    return this.#database
      .all(
        'SELECT * FROM outbox WHERE peer_tag = ? AND position < ? ORDER BY position DESC LIMIT ?',
        this.#sealer.tag('peer', peer),
        before,
        limit,
      )
      .map((row) => this.#read(row));
  }

  /** Messages to one peer in any of `wanted`, oldest first, at most `limit`. */
  ofPeerIn(peer: string, wanted: readonly OutboxState[], limit: number): OutboxEntry[] {
    return this.#database
      .all(
        `SELECT * FROM outbox WHERE peer_tag = ? AND state IN (${wanted.map(() => '?').join()})
         ORDER BY position LIMIT ?`,
        this.#sealer.tag('peer', peer),
        ...wanted,
        limit,
      )
      .map((row) => this.#read(row));
  }

  /** Messages in any of `wanted`, newest first, at most `limit`. */
  list(wanted: readonly OutboxState[], limit: number): OutboxEntry[] {
    return this.#database
      .all(
        `SELECT * FROM outbox WHERE state IN (${wanted.map(() => '?').join()}) ORDER BY position DESC LIMIT ?`,
        ...wanted,
        limit,
      )
      .map((row) => this.#read(row));
  }

  /** How many messages are in a state. */
  count(state: OutboxState): number {
    return this.#database.count('SELECT count(*) FROM outbox WHERE state = ?', state);
  }

  /** Erases messages that have arrived, or failed, before `beforeMs`. Returns how many. */
  prune(beforeMs: number): number {
    return this.#database.run(
      "DELETE FROM outbox WHERE state IN ('acked', 'mailbox', 'failed') AND updated_ms < ?",
      beforeMs,
    ).changes;
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    for (const row of this.#database.all('SELECT message_id FROM outbox')) this.get(blob(row['message_id']));
  }

  #assertRoom(peerTag: Uint8Array): void {
    const counts: readonly [number, number][] = [
      [
        this.#database.count(
          `SELECT count(*) FROM outbox WHERE peer_tag = ? AND state IN ${pendingStates}`,
          peerTag,
        ),
        MAX_PENDING_PER_PEER,
      ],
      [
        this.#database.count(`SELECT count(*) FROM outbox WHERE state IN ${pendingStates}`),
        MAX_PENDING_MESSAGES,
      ],
    ];
    for (const [count, limit] of counts) {
      if (count >= limit) {
        throw new HomeError('LIMIT_REACHED', `${count} messages wait to be sent already`, {
          hint: 'wait until some have been delivered',
          data: { limit },
        });
      }
    }
  }

  #sealStatus(status: OutboxStatus, messageId: Uint8Array): Uint8Array {
    const { state, attempts, dueMs, updatedMs, digest, objectId, failure } = status;
    return this.#status.seal(
      {
        state,
        attempts,
        dueMs: BigInt(dueMs),
        updatedMs: BigInt(updatedMs),
        digest,
        objectId,
        failure: cutText(failure),
      },
      messageId,
    );
  }

  #read(row: Row): OutboxEntry {
    const messageId = blob(row['message_id']);
    const message = this.#message.open(row['sealed'], messageId, blob(row['peer_tag']));
    const status = this.#status.open(row['sealed_status'], messageId);
    if (
      !states.includes(status.state) ||
      status.state !== row['state'] ||
      Number(status.dueMs) !== safeInteger(row['due_ms']) ||
      Number(status.updatedMs) !== safeInteger(row['updated_ms'])
    ) {
      throw corrupt('an outbox row');
    }
    return {
      ...message,
      ...status,
      messageId,
      position: safeInteger(row['position']),
      state: status.state as OutboxState,
      sentAtMs: Number(message.sentAtMs),
      dueMs: Number(status.dueMs),
      updatedMs: Number(status.updatedMs),
    };
  }
}

/** At most 255 bytes of UTF-8, cut between characters. */
function cutText(text: string): string {
  let out = text.slice(0, 255);
  while (utf8(out).length > 255) out = out.slice(0, -1);
  return out.toWellFormed();
}
