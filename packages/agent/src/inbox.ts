/**
 * What happens to an opened message: acknowledgements settle the outbox, everything else is stored once and shown. The
 * same for both routes. Storing runs inside the transaction that stores the session; showing comes after it.
 */
import { errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import { messageTypes, parseReceipt, type IncomingMessage, type SeqRange } from '@wotid/session';
import type { Home } from './home/home.ts';
import { messageTypeName } from './message-type-names.ts';
import type { InboxMessage, Route } from './types.ts';

export interface InboxInit {
  readonly home: Home;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** A message for the application, stored. */
  readonly onMessage: (message: InboxMessage) => void;
  /** The peer has everything up to `ackSeq` and what lies in `ranges`. */
  readonly onAcknowledged: (peer: string, ackSeq: number | null, ranges: readonly SeqRange[]) => void;
}

/** What became of an opened message. `afterCommit` shows it; call it once the transaction has returned. */
export interface Stored {
  readonly outcome: 'shown' | 'duplicate' | 'control';
  /** The number to acknowledge; `null` for control messages. */
  readonly seq: number | null;
  readonly afterCommit: () => void;
}

export class Inbox {
  readonly #init: InboxInit;
  readonly #log: Logger;

  constructor(init: InboxInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
  }

  /** Stores a message; call it inside the transaction that stores its session. */
  store(message: IncomingMessage, route: Route): Stored {
    const { from, messageId } = message;
    const acknowledge = this.#acknowledgement(message);
    if (message.type === messageTypes.receipt)
      return { outcome: 'control', seq: null, afterCommit: acknowledge };
    const { home, clock } = this.#init;
    const seq = BigInt(message.seq);
    this.#noticeNewHome(from, messageId, seq);
    const entry = home.inbox.add({
      messageId,
      peer: from,
      seq,
      type: messageTypeName(message.type),
      payload: message.payload,
      sentAtMs: message.sentAtMs,
      receivedAtMs: clock.nowMs(),
      route,
      replyTo: message.replyTo,
    });
    if (entry !== undefined && message.proof !== null) {
      const { body, signature } = message.proof;
      home.proofs.put({ peer: from, messageId, signerIdFp: message.fromIdFp, body, signature });
    }
    if (entry === undefined) return { outcome: 'duplicate', seq: message.seq, afterCommit: acknowledge };
    return {
      outcome: 'shown',
      seq: message.seq,
      afterCommit: () => {
        acknowledge();
        this.#init.onMessage(this.#toInboxMessage(entry));
      },
    };
  }

  /** Messages after a position, oldest first. */
  list(after: number, limit: number): InboxMessage[] {
    return this.#init.home.inbox.list({ after, limit }).map((entry) => this.#toInboxMessage(entry));
  }

  /** One message by its id, of whoever has sent it. */
  find(messageId: Uint8Array): InboxMessage | undefined {
    const entry = this.#init.home.inbox.find(messageId);
    return entry === undefined ? undefined : this.#toInboxMessage(entry);
  }

  /** Everything up to this number has arrived from `peer`; `null` when nothing has. */
  ackSeq(peer: string): number | null {
    const { contiguousSeq } = this.#init.home.peers.get(peer);
    return contiguousSeq === 0n ? null : Number(contiguousSeq);
  }

  /**
   * A peer's numbers start at 1 again when its home was made anew from a backup of its keys. Without this its messages
   * would look like old ones that we have had.
   */
  #noticeNewHome(peer: string, messageId: Uint8Array, seq: bigint): void {
    const { home } = this.#init;
    if (seq !== 1n || home.peers.get(peer).contiguousSeq === 0n || home.inbox.isKnownId(peer, messageId))
      return;
    home.peers.resetContiguous(peer);
    home.proofs.setMark({ ...home.proofs.mark(peer), received: 0 });
    home.inbox.forgetNumbers(peer);
    this.#log.info('inbox.peer-restarted');
  }

  #acknowledgement(message: IncomingMessage): () => void {
    let ranges: readonly SeqRange[] = [];
    if (message.type === messageTypes.receipt) {
      try {
        ranges = parseReceipt(message.payload);
      } catch (error) {
        this.#log.info('inbox.bad-receipt', { reason: errorText(error) });
      }
    }
    if (message.ackSeq === null && ranges.length === 0) return () => {};
    return () => this.#init.onAcknowledged(message.from, message.ackSeq, ranges);
  }

  #toInboxMessage(entry: ReturnType<Home['inbox']['list']>[number]): InboxMessage {
    return {
      position: entry.position,
      messageId: entry.messageId.toHex(),
      from: entry.peer,
      type: entry.type,
      payload: entry.payload,
      seq: Number(entry.seq),
      sentAtMs: entry.sentAtMs,
      receivedAtMs: entry.receivedAtMs,
      route: entry.route,
      replyTo: entry.replyTo === null ? null : entry.replyTo.toHex(),
      isSigned: this.#init.home.proofs.get(entry.peer, entry.messageId) !== undefined,
    };
  }
}
