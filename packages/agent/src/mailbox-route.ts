/**
 * The way through the mailbox: in the session with the peer, or as the first message of a new one. One message to one
 * peer at a time, so that they lie on chain in the order in which they were written, and a first message before those
 * that rely on the session it starts.
 */
import { isWotError, type Clock } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  createInit,
  SessionError,
  type CreateInitInit,
  type OutgoingMessage,
  type OwnIdentity,
  type SecurityPolicy,
  type Session,
} from '@wotid/session';
import type { MailboxLocation } from '@wotid/directory';
import type { Contacts } from './contacts.ts';
import { AgentError } from './errors.ts';
import type { FirstMessage } from './home/first-message-store.ts';
import type { Home } from './home/home.ts';
import type { OutboxEntry } from './home/outbox-store.ts';
import type { MailboxPost } from './mailbox-post.ts';
import type { PeerPrekeys } from './peer-prekeys.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { Standing } from './standing.ts';
import type { Delivery } from './types.ts';

export interface MailboxRouteInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly ours: OwnIdentity;
  readonly credential: () => Uint8Array | null;
  readonly keeper: SessionKeeper;
  readonly contacts: Contacts;
  readonly post: MailboxPost;
  readonly prekeys: PeerPrekeys;
  readonly policy: () => SecurityPolicy;
  readonly standing: Standing;
  readonly outgoing: (entry: OutboxEntry) => OutgoingMessage;
  /** The directory has given a pair that is not its owner's. */
  readonly onBadPair: (peer: string) => void;
  /** A first message of an earlier try has been posted, because the message under way needs its session. */
  readonly onPostedBefore: (messageId: Uint8Array, outcome: RouteOutcome) => void;
}

/** How a message went. */
export type RouteOutcome = Omit<Delivery, 'messageId' | 'to' | 'ms'>;

/** Nothing had to be sent. */
export const acknowledgedMeanwhile: RouteOutcome = { route: 'p2p', payloadBytes: 0 };

/**
 * A first message is posted unchanged for this long: the recipient keeps the keys for it 30 days beyond the 14 that its
 * prekeys are valid (session layer). Later a new one is made.
 */
const firstMessageLifetimeMs = 14 * 86_400_000;

export class MailboxRoute {
  readonly #init: MailboxRouteInit;
  /** The last turn of each peer that has one. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(init: MailboxRouteInit) {
    this.#init = init;
  }

  /**
   * Leaves a message in the mailbox of its receiver, after those that came before.
   * @returns `null` when it has been acknowledged meanwhile
   * @throws AgentError `NO_ROUTE`, `WRONG_CHAIN`, `BAD_NETWORK`, `NO_CREDENTIAL`, `UNVERIFIED_PEER`, `NO_PREKEYS`,
   *   `PREKEYS_REFUSED`; MailboxError
   */
  deliver(entry: OutboxEntry): Promise<RouteOutcome | null> {
    const { peer } = entry;
    const turn = (this.#turns.get(peer) ?? Promise.resolve()).then(() => this.#inTurn(entry));
    const over = turn
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        if (this.#turns.get(peer) === over) this.#turns.delete(peer);
      });
    this.#turns.set(peer, over);
    return turn;
  }

  async #inTurn(entry: OutboxEntry): Promise<RouteOutcome | null> {
    const { home, contacts, post } = this.#init;
    const mailbox = contacts.place(entry.peer)?.mailbox ?? null;
    if (mailbox === null) {
      throw new AgentError('NO_ROUTE', 'they are not reachable, and no mailbox of theirs is known', {
        hint: 'It is sent when they connect; with their contact card (wotid card add) it could wait in their mailbox.',
      });
    }
    post.assertReachable(mailbox);
    await this.#assertBelieved(entry);
    const waiting = this.#firstMessageTo(entry.peer);
    if (waiting !== undefined) {
      const outcome = await this.#postFirst(mailbox, waiting);
      if (Buffer.compare(waiting.messageId, entry.messageId) === 0) return outcome;
      this.#init.onPostedBefore(waiting.messageId, outcome);
    }
    const now = home.outbox.get(entry.messageId);
    if (now?.state === 'acked') return null;
    if (now?.state === 'mailbox') {
      return { route: 'mailbox', payloadBytes: 0, digest: now.digest, objectId: now.objectId };
    }
    if (this.#usableSession(entry.peer) !== null) {
      // A sealed message uses up a number of the ratchet, of which the peer can miss 1024 in a row.
      await post.assertReady(mailbox, entry.payload.length);
      if (home.outbox.get(entry.messageId)?.state === 'acked') return null;
    }
    // Only now: messages that came meanwhile have moved the session on.
    const session = this.#usableSession(entry.peer);
    if (session !== null) {
      try {
        return await this.#post(mailbox, entry, this.#seal(session, entry));
      } catch (error) {
        // It is abandoned now.
        if (!isWotError(error) || error.code !== 'SESSION_EXHAUSTED') throw error;
      }
    }
    const made = await this.#start(entry, mailbox);
    if (made instanceof Uint8Array) return this.#post(mailbox, entry, made);
    return this.#postFirst(mailbox, made);
  }

  /** @throws AgentError `UNVERIFIED_PEER` when the credential that a session rests on does not pass any more */
  async #assertBelieved({ peer, toUnverified }: OutboxEntry): Promise<void> {
    const session = this.#init.keeper.active(peer);
    if (session === null || !session.isPeerVerified || toUnverified) return;
    const distrust = await this.#init.standing.distrust(peer, session.peerIdFp);
    if (distrust === null) return;
    throw new AgentError(
      'UNVERIFIED_PEER',
      `this contact is no verified human for you any more: ${distrust.reason}`,
      {
        hint: 'It goes once they have shown another credential; or send with --to-unverified.',
        data: { name: distrust.name },
      },
    );
  }

  /** The first message of the session with a peer, while nobody can have read it. */
  #firstMessageTo(peer: string): FirstMessage | undefined {
    const { home, keeper, clock } = this.#init;
    const session = keeper.active(peer);
    const first = session === null ? undefined : home.firstMessages.get(session.sid);
    if (session === null || first === undefined) return undefined;
    if (session.isConfirmed) {
      home.firstMessages.delete(session.sid);
      return undefined;
    }
    return clock.nowMs() - first.madeAtMs < firstMessageLifetimeMs ? first : undefined;
  }

  /** The session to send in; `null` when there is none, or one whose first message has become too old to be posted. */
  #usableSession(peer: string): Session | null {
    const { home, keeper } = this.#init;
    const session = keeper.active(peer);
    if (session === null || keeper.isAbandoned(session)) return null;
    return home.firstMessages.get(session.sid) === undefined ? session : null;
  }

  #seal(session: Session, entry: OutboxEntry): Uint8Array {
    const { home, keeper, outgoing, clock } = this.#init;
    return keeper.seal(session, outgoing(entry), 'mailbox', {
      sign: entry.isSigned,
      alongside: () => home.outbox.update(entry.messageId, { state: 'sent', updatedMs: clock.nowMs() }),
    });
  }

  /** Starts a session with its first message; an envelope when another one has started meanwhile. */
  async #start(entry: OutboxEntry, mailbox: MailboxLocation): Promise<FirstMessage | Uint8Array> {
    const { home, ours, clock, contacts, keeper } = this.#init;
    this.#requireCredential();
    const { peer, verdict } = await contacts.check(entry.peer);
    if (verdict?.ok !== true && !entry.toUnverified) {
      const reason = verdict === null ? 'no credential of theirs is known' : verdict.reason;
      const isUntrusted = verdict !== null && !verdict.ok && verdict.name === 'ISSUER';
      throw new AgentError('UNVERIFIED_PEER', `this contact is not a verified human for you: ${reason}`, {
        hint: isUntrusted
          ? 'Trust its issuer with wotid trust add, or send with --to-unverified.'
          : 'Connect while they are online, add their card, or look them up once they leave their credential with the directory; or send with --to-unverified.',
      });
    }
    const prekeys = await this.#init.prekeys.read(peer, mailbox);
    const oneTimePair = await this.#init.prekeys.oneTimePair(prekeys);
    const reachedLevel = contacts.reachedLevel(entry.peer);
    const before = keeper.active(entry.peer);
    const usable = this.#usableSession(entry.peer);
    if (usable !== null) return this.#seal(usable, entry);
    // Keys and credential as they are now: both may have been replaced meanwhile.
    const credential = this.#requireCredential();
    const { session, envelope } = this.#create({
      ours,
      prekeys,
      policy: this.#init.policy(),
      ...(oneTimePair === null ? {} : { oneTimePair }),
      ...(reachedLevel === null ? {} : { reachedLevel }),
      credential,
      isFirstContact: true,
      isPeerVerified: verdict?.ok === true,
      message: this.#init.outgoing(entry),
      signMessage: entry.isSigned,
      nowMs: clock.nowMs(),
    });
    const first = { sid: session.sid, messageId: entry.messageId, madeAtMs: clock.nowMs(), envelope };
    keeper.add(session, () => {
      if (before !== null) home.firstMessages.delete(before.sid);
      home.firstMessages.put(first);
      home.handshakes.noteLevel(entry.peer, session.level);
      home.outbox.update(entry.messageId, { state: 'sent', updatedMs: clock.nowMs() });
    });
    return first;
  }

  /** @throws AgentError `NO_CREDENTIAL` */
  #requireCredential(): Uint8Array {
    const credential = this.#init.credential();
    if (credential !== null) return credential;
    throw new AgentError('NO_CREDENTIAL', 'a first message needs your Verified Human credential', {
      hint: 'Get one: wotid credential request OFFER.',
    });
  }

  /** With the last-resort prekey when the directory's pair is not what the publication has signed. */
  #create(init: CreateInitInit): ReturnType<typeof createInit> {
    const { provider } = this.#init;
    try {
      return createInit(provider, init);
    } catch (error) {
      if (!(error instanceof SessionError) || error.code !== 'PAIR_INVALID') throw error;
      this.#init.onBadPair(init.prekeys.owner.block.did);
      const { oneTimePair: _, ...lastResort } = init;
      return createInit(provider, lastResort);
    }
  }

  async #postFirst(mailbox: MailboxLocation, first: FirstMessage): Promise<RouteOutcome> {
    const { home, post } = this.#init;
    const posted = await post.post(mailbox, first.envelope);
    home.transaction(() => {
      home.firstMessages.delete(first.sid);
      this.#noteOnChain(first.messageId, posted);
    });
    return { route: 'mailbox', payloadBytes: first.envelope.length, ...posted };
  }

  async #post(mailbox: MailboxLocation, entry: OutboxEntry, envelope: Uint8Array): Promise<RouteOutcome> {
    const posted = await this.#init.post.post(mailbox, envelope);
    this.#noteOnChain(entry.messageId, posted);
    return { route: 'mailbox', payloadBytes: envelope.length, ...posted };
  }

  #noteOnChain(messageId: Uint8Array, { digest, objectId }: { digest: string; objectId: string }): void {
    const { home, clock } = this.#init;
    const state = home.outbox.get(messageId)?.state;
    if (state === undefined) return;
    // An acknowledgement may have come while it was being posted.
    const next = state === 'acked' ? {} : ({ state: 'mailbox' } as const);
    home.outbox.update(messageId, { ...next, digest, objectId, updatedMs: clock.nowMs() });
  }
}
