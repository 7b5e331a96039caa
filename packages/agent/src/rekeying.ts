/**
 * Rekeys over a live link. They ride on messages by themselves; what is done here is to send something when the peer
 * waits for it, and to rekey at a user's word. A rekey has no stream of its own: the one message stream carries envelopes
 * both ways at any time, so an Offer in one and the Answer in the next take the same round trip.
 */
import type { Clock } from '@wotid/core';
import { hasRekeyToSend, levelFacts, type Session } from '@wotid/session';
import type { Contacts } from './contacts.ts';
import { AgentError } from './errors.ts';
import type { LiveLink } from './live-link.ts';
import type { Receipts } from './receipts.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { RekeyReport } from './types.ts';

export interface RekeyingInit {
  readonly clock: Clock;
  readonly contacts: Contacts;
  readonly keeper: SessionKeeper;
  readonly receipts: Receipts;
  /** A live link, made if need be. @throws AgentError `NO_ROUTE` and others */
  readonly linkTo: (peerDid: string) => Promise<LiveLink>;
}

/** A peer that is there answers an Offer within this time. */
const replyMs = 5_000;

export class Rekeying {
  readonly #init: RekeyingInit;
  /** Who waits for a session to move on, by its sid. */
  readonly #waiting = new Map<string, () => void>();
  /** Rekeys at a user's word, by peer. */
  readonly #underWay = new Map<string, Promise<RekeyReport>>();

  constructor(init: RekeyingInit) {
    this.#init = init;
  }

  /** Notes that a message of `before` has been opened: a rekey that has moved on is answered at once. */
  follow(link: LiveLink, before: Session): void {
    const after = this.#init.keeper.find(before.sid);
    if (after === null) return;
    if (hasRekeyToSend(after) || after.rekeySequence !== before.rekeySequence)
      this.#init.receipts.answer(link);
    this.#waiting.get(before.sid.toHex())?.();
  }

  /**
   * Renews the post-quantum keys of the session with a contact, with the signatures of both ends. An unsigned rekey that
   * is under way is finished first: what was offered without a signature cannot be answered with one. Calls for one
   * contact at the same time share a rekey.
   * @returns `isComplete` false when the peer has not answered within 5 s: the rekey goes on with the next messages
   * @throws AgentError `NO_CONTACT`, `NO_ROUTE`, `NO_SESSION`, `BAD_REQUEST` below level 3, and what connecting throws
   */
  async rekey(to: string): Promise<RekeyReport> {
    const peer = this.#init.contacts.resolve(to);
    let rekey = this.#underWay.get(peer);
    if (rekey === undefined) {
      rekey = this.#rekey(peer).finally(() => this.#underWay.delete(peer));
      this.#underWay.set(peer, rekey);
    }
    return rekey;
  }

  async #rekey(peer: string): Promise<RekeyReport> {
    const { keeper, linkTo, receipts } = this.#init;
    let link = await linkTo(peer);
    let session = keeper.active(peer);
    if (session !== null && keeper.isSpent(session)) {
      // Nothing is sent in it any more; a new gate agrees on a new session.
      await link.close();
      link = await linkTo(peer);
      session = keeper.active(peer);
    }
    if (session === null) throw noSession();
    if (!levelFacts(session.level).isPostQuantum) {
      throw new AgentError(
        'BAD_REQUEST',
        `a session of level ${session.level} has no keys that can be renewed`,
        {
          hint: 'Raise the level with wotid security set; a new connection then makes a new session.',
        },
      );
    }
    const { sid, authenticatedCount } = session;
    const key = sid.toHex();
    const done = Promise.withResolvers<void>();
    const isDone = (): boolean => (keeper.find(sid)?.authenticatedCount ?? 0) > authenticatedCount;
    this.#waiting.set(key, () => {
      if (isDone()) done.resolve();
      // The unsigned one is over.
      else if (keeper.find(sid)?.isRekeying === false) receipts.sendNow(link, 'signed');
    });
    const timer = setTimeout(done.resolve, replyMs);
    const stopWatching = link.onEnd(() => done.resolve());
    try {
      receipts.sendNow(link, session.isRekeying ? 'again' : 'signed');
      await done.promise;
    } finally {
      clearTimeout(timer);
      stopWatching();
      this.#waiting.delete(key);
    }
    const now = keeper.find(sid);
    if (now === null) throw noSession();
    return { peer, sessionId: key, rekeySequence: now.rekeySequence, isComplete: isDone() };
  }
}

function noSession(): AgentError {
  return new AgentError('NO_SESSION', 'there is no session with this contact', {
    hint: 'Send them a message, or connect.',
  });
}
