/**
 * Acknowledging what arrived online: numbers are collected for a moment and told in one receipt, so that a burst costs one.
 * What a lost receipt would have said, the next connection's first message says. A receipt also is what carries an Offer
 * or Answer where nothing else is to be said.
 */
import { errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { encodeReceipt, messageTypes, newMessageId, type SeqRange } from '@wotid/session';
import type { Inbox } from './inbox.ts';
import type { LiveLink } from './live-link.ts';
import type { SealOptions, SessionKeeper } from './session-keeper.ts';

/** A sender waits for this; long enough for messages that were sent together to share a receipt. */
const collectMs = 10;
/** Numbers told in one receipt at the most; more than that come with the next. */
const maxPending = 256;

export interface ReceiptsInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly keeper: SessionKeeper;
  readonly inbox: Inbox;
}

export class Receipts {
  readonly #init: ReceiptsInit;
  readonly #log: Logger;
  readonly #pending = new WeakMap<LiveLink, Set<number>>();
  /** Links that have not taken the last receipt yet. */
  readonly #underWay = new WeakSet<LiveLink>();

  constructor(init: ReceiptsInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
  }

  /**
   * Notes that a message has arrived over `link` and is stored. A peer that sends and does not read what it is told has
   * one receipt waiting for it and one in the making: numbers beyond those are in the count of all that have come.
   */
  note(link: LiveLink, seq: number): void {
    const pending = this.#collecting(link);
    if (pending.size < maxPending) pending.add(seq);
    if (pending.size >= maxPending) this.#sendInTurn(link);
  }

  /** Sends a receipt in a moment, also when there is nothing to acknowledge. */
  answer(link: LiveLink): void {
    this.#collecting(link);
  }

  /** Sends a receipt with what has been collected. Never throws: the link may be gone. */
  sendNow(link: LiveLink, rekey?: SealOptions['rekey']): void {
    const pending = this.#pending.get(link) ?? new Set();
    this.#pending.delete(link);
    if (!link.isOpen) return;
    const { provider, clock, keeper, inbox } = this.#init;
    const { did } = link.peer.block;
    const session = keeper.active(did);
    if (session === null) return;
    try {
      const envelope = keeper.seal(
        session,
        {
          type: messageTypes.receipt,
          payload: encodeReceipt(rangesOf(pending)),
          messageId: newMessageId(provider.random),
          seq: 0,
          sentAtMs: clock.nowMs(),
          ackSeq: inbox.ackSeq(did),
        },
        'online',
        rekey === undefined ? {} : { rekey },
      );
      this.#underWay.add(link);
      void link
        .send(envelope)
        .catch((error: unknown) => this.#log.info('receipt.lost', { reason: errorText(error) }))
        .then(() => {
          this.#underWay.delete(link);
          if (this.#pending.has(link)) this.sendNow(link);
        });
    } catch (error) {
      this.#log.warn('receipt.failed', { reason: errorText(error) });
      // The next gate agrees on a new session.
      if (keeper.isAbandoned(session)) void link.close();
    }
  }

  /** The numbers that go with the next receipt, which is under way from now on. */
  #collecting(link: LiveLink): Set<number> {
    const pending = this.#pending.get(link);
    if (pending !== undefined) return pending;
    const fresh = new Set<number>();
    this.#pending.set(link, fresh);
    setTimeout(() => {
      if (this.#pending.get(link) === fresh) this.#sendInTurn(link);
    }, collectMs);
    return fresh;
  }

  /** Sends a receipt, or leaves it for the moment when the one before it has been taken. */
  #sendInTurn(link: LiveLink): void {
    if (!this.#underWay.has(link)) this.sendNow(link);
  }
}

/** Ascending ranges with gaps between them. */
export function rangesOf(numbers: Iterable<number>): SeqRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const number of [...numbers].toSorted((left, right) => left - right)) {
    const current = ranges.at(-1);
    if (current !== undefined && number <= current.last + 1) current.last = number;
    else ranges.push({ first: number, last: number });
  }
  return ranges;
}
