/**
 * Getting messages to people: online when they are there, into their mailbox when they are not or do not acknowledge in
 * time. A message keeps its id on every route, is on disk from the first call on, and is tried again until it has
 * arrived.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { errorText, isWotError, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  encodeText,
  MAX_PAYLOAD_BYTES,
  messageTypes,
  newMessageId,
  requiresSignature,
  type OutgoingMessage,
  type OwnIdentity,
  type SecurityPolicy,
  type SeqRange,
} from '@wotid/session';
import type { Contacts } from './contacts.ts';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import type { OutboxEntry } from './home/outbox-store.ts';
import type { Inbox } from './inbox.ts';
import type { Links } from './links.ts';
import type { MailboxPost } from './mailbox-post.ts';
import { acknowledgedMeanwhile, MailboxRoute, type RouteOutcome } from './mailbox-route.ts';
import { OnlineRoute } from './online-route.ts';
import { bytesType, messageTypeName, messageTypeNumber } from './message-type-names.ts';
import type { PeerPrekeys } from './peer-prekeys.ts';
import type { Reach } from './reach.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { Standing } from './standing.ts';
import type { Delivery, SendContent, SendOptions, SigningMode } from './types.ts';

export interface DeliveriesInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly ours: OwnIdentity;
  readonly credential: () => Uint8Array | null;
  readonly keeper: SessionKeeper;
  readonly inbox: Inbox;
  readonly contacts: Contacts;
  readonly post: MailboxPost;
  readonly prekeys: PeerPrekeys;
  readonly policy: () => SecurityPolicy;
  readonly standing: Standing;
  readonly links: Links;
  readonly reach: Reach;
  readonly signingMode: () => SigningMode;
  readonly ackTimeoutMs: number;
  readonly onDelivery: (delivery: Delivery) => void;
}

/** Unclaimed messages that one session may have on chain: half of what the ratchet can skip (1024), so that loss is survived. */
const maxUnclaimedPerPeer = 512;
/** First and longest pause before a message that could not be delivered is tried again. */
const retryMs = { first: 30_000, most: 3_600_000 };
/** What one look at the outbox takes on. */
const retryBatch = 64;
/** Messages that go to one peer at once when it becomes reachable: enough to fill the line, few enough to hold in memory. */
const flushWindow = 16;
/** Closing waits this long for what is under way; what does not end by then is sent again later. */
const closeWaitMs = 5_000;

export class Deliveries {
  readonly #init: DeliveriesInit;
  readonly #log: Logger;
  readonly #underWay = new Map<string, Promise<Delivery>>();
  readonly #online: OnlineRoute;
  readonly #mailbox: MailboxRoute;
  /** What each peer's last acknowledgement covered. */
  readonly #ackedUpTo = new Map<string, number>();
  #retryTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(init: DeliveriesInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
    const { home, provider, clock, ours, credential, keeper, contacts, post, prekeys, policy, standing } =
      init;
    const outgoing = (entry: OutboxEntry): OutgoingMessage => this.#outgoing(entry);
    this.#online = new OnlineRoute({ ...init, outgoing });
    this.#mailbox = new MailboxRoute({
      home,
      provider,
      clock,
      ours,
      credential,
      keeper,
      contacts,
      post,
      prekeys,
      policy,
      onBadPair: (peer) => this.#log.warn('prekeys.bad-pair', { peer }),
      standing,
      outgoing,
      onPostedBefore: (messageId, outcome) => {
        const to = home.outbox.get(messageId)?.peer ?? '';
        init.onDelivery({ messageId: messageId.toHex(), to, ms: 0, ...outcome });
      },
    });
  }

  /**
   * Sends a message, and resolves when the peer has acknowledged it or it lies in the peer's mailbox.
   * @throws AgentError `CLOSED`, `NO_CONTACT`, `BAD_REQUEST`, `PAYLOAD_TOO_LARGE`, `OUTBOX_FULL`, HomeError
   *   `LIMIT_REACHED` (nothing was queued); `NOT_DELIVERED` with the reason when it reached neither: it stays in the
   *   outbox and is tried again
   */
  async send(to: string, content: SendContent, options: SendOptions = {}): Promise<Delivery> {
    return this.post(
      to,
      content.type === 'text'
        ? { type: messageTypes.text, payload: encodeText(content.text) }
        : { type: bytesType, payload: content.bytes },
      options,
    );
  }

  /** The same for a message of any type. */
  async post(
    to: string,
    { type, payload }: { readonly type: number; readonly payload: Uint8Array },
    options: SendOptions = {},
  ): Promise<Delivery> {
    const { home, provider, clock, contacts, signingMode } = this.#init;
    if (this.#isClosed) throw closed();
    const peer = contacts.resolve(to);
    const replyTo = messageIdOf(options.replyTo);
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw new AgentError(
        'PAYLOAD_TOO_LARGE',
        `a message of ${payload.length} bytes is above ${MAX_PAYLOAD_BYTES}`,
        {
          hint: 'Send it in parts.',
        },
      );
    }
    await this.#assertRoom(peer);
    const entry = home.transaction(() =>
      home.outbox.add(
        {
          messageId: newMessageId(provider.random),
          peer,
          seq: home.peers.takeSeq(peer),
          type: messageTypeName(type),
          payload,
          sentAtMs: clock.nowMs(),
          replyTo,
          isSigned: requiresSignature(type) || (options.sign ?? signingMode() === 'always'),
          toUnverified: options.toUnverified === true,
        },
        clock.nowMs(),
      ),
    );
    try {
      return await this.#deliver(entry);
    } catch (error) {
      throw notDelivered(error, entry);
    }
  }

  /** The peer has everything up to `ackSeq` and in `ranges`. */
  acknowledge(peer: string, ackSeq: number | null, ranges: readonly SeqRange[]): void {
    const { home, clock } = this.#init;
    if (ranges.length === 0 && (ackSeq ?? 0) <= (this.#ackedUpTo.get(peer) ?? 0)) return;
    if (ackSeq !== null) this.#renumber(peer, ackSeq);
    const isCovered = ({ seq }: { readonly seq: bigint }): boolean => {
      const number = Number(seq);
      return number <= (ackSeq ?? 0) || ranges.some(({ first, last }) => first <= number && number <= last);
    };
    // What was never sealed cannot have arrived, whatever its number. A peer that acknowledges without end costs a look at
    // what it was sent, not at everybody's messages.
    const settled = home.outbox
      .ofPeerIn(peer, ['sent', 'mailbox'], 4 * maxUnclaimedPerPeer)
      .filter(isCovered);
    if (settled.length > 0) {
      home.transaction(() => {
        for (const { messageId } of settled)
          home.outbox.update(messageId, { state: 'acked', updatedMs: clock.nowMs() });
      });
    }
    // Only now: what could not be stored is told again by the peer.
    if (ackSeq !== null) this.#ackedUpTo.set(peer, Math.max(ackSeq, this.#ackedUpTo.get(peer) ?? 0));
    for (const { messageId } of settled) this.#online.acknowledge(messageId);
  }

  /**
   * A peer that acknowledges a number which we have not used yet knows more of us than we do: our home was restored from
   * a copy. It would take messages with the numbers up to there for old ones, so those get others.
   */
  #renumber(peer: string, ackSeq: number): void {
    const { home } = this.#init;
    home.transaction(() => {
      if (!home.peers.raiseNext(peer, BigInt(ackSeq) + 1n)) return;
      for (const { messageId } of home.outbox.pendingFor(peer))
        home.outbox.renumber(messageId, home.peers.takeSeq(peer));
    });
  }

  /** A peer has become reachable: sends what waits for them, in the order in which it was written. */
  flush(peer: string): void {
    this.#guarded(() => {
      void this.#inOrder(this.#init.home.outbox.pendingFor(peer).map(({ messageId }) => messageId));
    });
  }

  /** Tries again what is due, now and from time to time. */
  resume(): void {
    if (this.#isClosed) return;
    const { home, clock } = this.#init;
    this.#guarded(() => {
      for (const entry of home.outbox.due(clock.nowMs(), retryBatch)) this.#inBackground(entry);
    });
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.resume(), retryMs.first).unref();
  }

  /** Begins nothing new: what is under way ends by itself, or when its link does. */
  stop(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
  }

  /** Waits for what is under way, for a while. Never rejects. */
  async idle(): Promise<void> {
    const timer = new AbortController();
    const tooLong = pause(closeWaitMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([Promise.allSettled(this.#underWay.values()), tooLong]);
    timer.abort();
  }

  async #inOrder(messageIds: readonly Uint8Array[]): Promise<void> {
    for (let start = 0; start < messageIds.length && !this.#isClosed; start += flushWindow) {
      const begun: Promise<unknown>[] = [];
      this.#guarded(() => {
        for (const messageId of messageIds.slice(start, start + flushWindow)) {
          const entry = this.#init.home.outbox.get(messageId);
          if (entry !== undefined && isPending(entry)) begun.push(this.#inBackground(entry));
        }
      });
      await Promise.all(begun);
    }
  }

  /** Resolves when the message has been delivered or has failed again. */
  async #inBackground(entry: OutboxEntry): Promise<void> {
    const key = entry.messageId.toHex();
    try {
      await (this.#underWay.get(key) ?? this.#deliver(entry));
    } catch (error) {
      this.#log.info('delivery.failed', { messageId: key, reason: errorText(error) });
    }
  }

  /** A timer or an event must not end the process because the disk is full. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#log.error('delivery.outbox', { reason: errorText(error) });
    }
  }

  #deliver(entry: OutboxEntry): Promise<Delivery> {
    const key = entry.messageId.toHex();
    const delivery = this.#deliverNow(entry).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, delivery);
    return delivery;
  }

  async #deliverNow(entry: OutboxEntry): Promise<Delivery> {
    const { home, clock } = this.#init;
    const startedAt = performance.now();
    home.outbox.update(entry.messageId, {
      attempts: entry.attempts + 1,
      dueMs: clock.nowMs() + Math.min(retryMs.most, retryMs.first * 2 ** Math.min(entry.attempts, 10)),
      updatedMs: clock.nowMs(),
    });
    let outcome: RouteOutcome | null = await this.#online.deliver(entry);
    if (outcome === null) {
      if (this.#isClosed) throw closed();
      outcome = await this.#mailbox.deliver(entry);
    }
    const delivery: Delivery = {
      messageId: entry.messageId.toHex(),
      to: entry.peer,
      ms: Math.round((performance.now() - startedAt) * 10) / 10,
      ...(outcome ?? acknowledgedMeanwhile),
    };
    this.#init.onDelivery(delivery);
    return delivery;
  }

  #outgoing(entry: OutboxEntry): OutgoingMessage {
    return {
      type: messageTypeNumber(entry.type),
      payload: entry.payload,
      messageId: entry.messageId,
      seq: Number((this.#init.home.outbox.get(entry.messageId) ?? entry).seq),
      sentAtMs: entry.sentAtMs,
      replyTo: entry.replyTo,
      ackSeq: this.#init.inbox.ackSeq(entry.peer),
    };
  }

  /** @throws AgentError `OUTBOX_FULL` when too many messages wait in the peer's mailbox already */
  async #assertRoom(peer: string): Promise<void> {
    const { home, contacts, post, clock } = this.#init;
    if (home.outbox.count('mailbox') < maxUnclaimedPerPeer) return;
    const onChain = home.outbox.ofPeerIn(peer, ['mailbox'], 4 * maxUnclaimedPerPeer);
    if (onChain.length < maxUnclaimedPerPeer) return;
    const mailbox = contacts.place(peer)?.mailbox;
    const waiting = mailbox == null ? new Set<string>() : await post.waitingIn(mailbox);
    const claimed = onChain.filter(({ objectId }) => !waiting.has(objectId));
    home.transaction(() => {
      for (const { messageId } of claimed)
        home.outbox.update(messageId, { state: 'acked', updatedMs: clock.nowMs() });
    });
    if (onChain.length - claimed.length < maxUnclaimedPerPeer) return;
    throw new AgentError('OUTBOX_FULL', `${maxUnclaimedPerPeer} messages wait in their mailbox already`, {
      hint: 'Wait until they have been online.',
    });
  }
}

function isPending({ state }: OutboxEntry): boolean {
  return state === 'queued' || state === 'sent';
}

function closed(): AgentError {
  return new AgentError('CLOSED', 'the agent has been closed', { hint: 'Open it again.' });
}

/** 16 bytes of a message id in hex. @throws AgentError `BAD_REQUEST` */
function messageIdOf(text: string | undefined): Uint8Array | null {
  if (text === undefined) return null;
  if (!/^[0-9a-f]{32}$/i.test(text)) {
    throw new AgentError('BAD_REQUEST', 'the message that this one answers is named by 32 hex digits');
  }
  return Uint8Array.fromHex(text);
}

function notDelivered(cause: unknown, entry: OutboxEntry): AgentError {
  const advice = isWotError(cause) && cause.hint !== '' ? `${cause.hint.replace(/\.$/, '')}. ` : '';
  return new AgentError('NOT_DELIVERED', `not delivered yet: ${errorText(cause)}`, {
    hint: `${advice}The message is kept and tried again while your agent runs.`,
    data: { messageId: entry.messageId.toHex(), reason: isWotError(cause) ? cause.code : 'UNEXPECTED' },
    cause,
  });
}
