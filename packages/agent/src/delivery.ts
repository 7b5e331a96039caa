/**
 * Getting messages to people: online when they are there, into their mailbox when they are not or do not acknowledge in
 * time. A message keeps its id on every route, is on disk from the first call on, and is tried again until it has
 * arrived.
 */
import { errorText, isWotError, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  createInit,
  encodeText,
  MAX_PAYLOAD_BYTES,
  newMessageId,
  type OutgoingMessage,
  type OwnIdentity,
  type SeqRange,
} from '@wotid/session';
import type { Contacts } from './contacts.ts';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import type { OutboxEntry } from './home/outbox-store.ts';
import type { Inbox } from './inbox.ts';
import type { Links } from './links.ts';
import type { LiveLink } from './live-link.ts';
import type { MailboxPost, Posted } from './mailbox-post.ts';
import { bytesType, messageTypeName, messageTypeNumber } from './message-type-names.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { Delivery, SendContent, SendOptions } from './types.ts';

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
  /** Absent while the node has not started. */
  readonly links: () => Links;
  readonly ackTimeoutMs: number;
  readonly onDelivery: (delivery: Delivery) => void;
}

/** Unclaimed messages that one session may have on chain: half of what the ratchet can skip (1024), so that loss is survived. */
const maxUnclaimedPerPeer = 512;
/** First and longest pause before a message that could not be delivered is tried again. */
const retryMs = { first: 30_000, most: 3_600_000 };
/** What one look at the outbox takes on. */
const retryBatch = 64;

export class Deliveries {
  readonly #init: DeliveriesInit;
  readonly #log: Logger;
  /** Resolves when the peer has acknowledged; by message id. */
  readonly #awaited = new Map<string, () => void>();
  readonly #underWay = new Set<string>();
  #retryTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(init: DeliveriesInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
  }

  /**
   * Sends a message, and resolves when the peer has acknowledged it or it lies in the peer's mailbox.
   * @throws AgentError `NO_CONTACT`, `PAYLOAD_TOO_LARGE`, `OUTBOX_FULL` (nothing was queued); `NOT_DELIVERED` with the
   *   reason when it reached neither: it stays in the outbox and is tried again
   */
  async send(to: string, content: SendContent, options: SendOptions = {}): Promise<Delivery> {
    const { home, provider, clock, contacts } = this.#init;
    const peer = contacts.resolve(to);
    const payload = content.type === 'text' ? encodeText(content.text) : content.bytes;
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
          type: content.type === 'text' ? 'text' : messageTypeName(bytesType),
          payload,
          sentAtMs: clock.nowMs(),
          replyTo: options.replyTo === undefined ? null : Uint8Array.fromHex(options.replyTo),
        },
        clock.nowMs(),
      ),
    );
    try {
      return await this.#deliver(entry, options);
    } catch (error) {
      throw notDelivered(error, entry);
    }
  }

  /** The peer has everything up to `ackSeq` and in `ranges`. */
  acknowledge(peer: string, ackSeq: number | null, ranges: readonly SeqRange[]): void {
    const { home, clock } = this.#init;
    const isCovered = ({ seq }: { readonly seq: bigint }): boolean => {
      const number = Number(seq);
      return number <= (ackSeq ?? 0) || ranges.some(({ first, last }) => first <= number && number <= last);
    };
    const onChain =
      home.outbox.count('mailbox') === 0 ? [] : home.outbox.list(['mailbox'], 4 * maxUnclaimedPerPeer);
    const settled = [
      ...home.outbox.pendingFor(peer),
      ...onChain.filter((entry) => entry.peer === peer),
    ].filter(isCovered);
    if (settled.length === 0) return;
    home.transaction(() => {
      for (const { messageId } of settled)
        home.outbox.update(messageId, { state: 'acked', updatedMs: clock.nowMs() });
    });
    for (const { messageId } of settled) this.#awaited.get(messageId.toHex())?.();
  }

  /** A peer has become reachable: sends what waits for them. */
  flush(peer: string): void {
    for (const entry of this.#init.home.outbox.pendingFor(peer)) {
      if (!this.#underWay.has(entry.messageId.toHex())) this.#inBackground(entry);
    }
  }

  /** Tries again what is due, now and from time to time. */
  resume(): void {
    if (this.#isClosed) return;
    const { home, clock } = this.#init;
    for (const entry of home.outbox.due(clock.nowMs(), retryBatch)) {
      if (!this.#underWay.has(entry.messageId.toHex())) this.#inBackground(entry);
    }
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.resume(), retryMs.first).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
  }

  #inBackground(entry: OutboxEntry): void {
    this.#deliver(entry, {}).catch((error: unknown) => {
      this.#log.info('delivery.failed', { messageId: entry.messageId.toHex(), reason: errorText(error) });
    });
  }

  async #deliver(entry: OutboxEntry, options: SendOptions): Promise<Delivery> {
    const key = entry.messageId.toHex();
    const startedAt = performance.now();
    this.#underWay.add(key);
    try {
      const { home, clock } = this.#init;
      home.outbox.update(entry.messageId, {
        attempts: entry.attempts + 1,
        dueMs: clock.nowMs() + Math.min(retryMs.most, retryMs.first * 2 ** Math.min(entry.attempts, 10)),
        updatedMs: clock.nowMs(),
      });
      const route = (await this.#online(entry, options)) ?? (await this.#byMailbox(entry, options));
      const delivery: Delivery = {
        messageId: key,
        to: entry.peer,
        ms: Math.round((performance.now() - startedAt) * 10) / 10,
        ...route,
      };
      this.#init.onDelivery(delivery);
      return delivery;
    } finally {
      this.#underWay.delete(key);
      this.#awaited.delete(key);
    }
  }

  /** Over a live link; `null` when there is none to be had, or no acknowledgement comes in time. */
  async #online(
    entry: OutboxEntry,
    options: SendOptions,
  ): Promise<Pick<Delivery, 'route' | 'payloadBytes'> | null> {
    const link = await this.#linkTo(entry.peer);
    if (link === null || !this.#isStillPending(entry)) return this.#alreadyThere(entry);
    const { home, keeper, clock } = this.#init;
    const session = keeper.active(entry.peer);
    if (session === null) return null;
    const acknowledged = Promise.withResolvers<boolean>();
    this.#awaited.set(entry.messageId.toHex(), () => acknowledged.resolve(true));
    const timer = setTimeout(() => acknowledged.resolve(false), this.#init.ackTimeoutMs);
    const onGone = link.closed.then(() => acknowledged.resolve(false));
    try {
      const envelope = keeper.seal(session, this.#outgoing(entry), 'online', {
        sign: options.sign === true,
        alongside: () => home.outbox.update(entry.messageId, { state: 'sent', updatedMs: clock.nowMs() }),
      });
      await link.send(envelope);
      const isAcknowledged = await acknowledged.promise;
      return isAcknowledged ? { route: 'p2p', payloadBytes: envelope.length } : null;
    } catch (error) {
      if (isWotError(error) && error.code === 'SESSION_EXHAUSTED') throw error;
      this.#log.info('delivery.online-failed', { reason: errorText(error) });
      return null;
    } finally {
      clearTimeout(timer);
      void onGone;
    }
  }

  /** Acknowledged meanwhile, by a receipt that came with a new connection. */
  #alreadyThere(entry: OutboxEntry): Pick<Delivery, 'route' | 'payloadBytes'> | null {
    return this.#isStillPending(entry) ? null : { route: 'p2p', payloadBytes: 0 };
  }

  #isStillPending(entry: OutboxEntry): boolean {
    return this.#init.home.outbox.get(entry.messageId)?.state !== 'acked';
  }

  async #linkTo(peer: string): Promise<LiveLink | null> {
    const links = this.#init.links();
    const open = links.get(peer);
    if (open !== undefined) return open;
    const card = this.#init.contacts.card(peer);
    if (card === null || card.addresses.length === 0) return null;
    try {
      await links.connect({ did: peer, peerId: card.peerId, addresses: card.addresses });
      return links.get(peer) ?? null;
    } catch (error) {
      this.#log.info('delivery.not-reachable', { reason: errorText(error) });
      return null;
    }
  }

  async #byMailbox(
    entry: OutboxEntry,
    options: SendOptions,
  ): Promise<Omit<Delivery, 'messageId' | 'to' | 'ms'>> {
    const { home, clock, contacts, post } = this.#init;
    const mailbox = contacts.card(entry.peer)?.mailbox ?? null;
    if (mailbox === null) {
      throw new AgentError('NO_ROUTE', 'they are not reachable, and no mailbox of theirs is known', {
        hint: 'It is sent when they connect; with their contact card (wotid card add) it could wait in their mailbox.',
      });
    }
    post.assertReachable(mailbox);
    const envelope = await this.#sealForMailbox(entry, options);
    if (envelope === null) return { route: 'p2p', payloadBytes: 0 };
    const posted: Posted = await post.post(mailbox, envelope);
    home.outbox.update(entry.messageId, {
      state: 'mailbox',
      digest: posted.digest,
      objectId: posted.objectId,
      updatedMs: clock.nowMs(),
    });
    return { route: 'mailbox', payloadBytes: envelope.length, ...posted };
  }

  /** In the session with the peer, or as the first message of a new one. */
  async #sealForMailbox(entry: OutboxEntry, options: SendOptions): Promise<Uint8Array | null> {
    const { keeper, post, provider, ours, clock, contacts } = this.#init;
    const session = keeper.active(entry.peer);
    if (session !== null) {
      if (!this.#isStillPending(entry)) return null;
      post.assertFits(entry.payload.length);
      return keeper.seal(session, this.#outgoing(entry), 'mailbox', { sign: options.sign === true });
    }
    const credential = this.#init.credential();
    if (credential === null) {
      throw new AgentError('NO_CREDENTIAL', 'a first message needs your Verified Human credential', {
        hint: 'Get one: wotid credential request, then wotid credential import.',
      });
    }
    const { peer, verdict } = await contacts.check(entry.peer);
    if (verdict?.ok !== true && options.toUnverified !== true) {
      const reason = verdict === null ? 'their card has no credential' : verdict.reason;
      throw new AgentError('UNVERIFIED_PEER', `this contact is not a verified human for you: ${reason}`, {
        hint: 'Trust its issuer with wotid trust add, or send with --to-unverified.',
      });
    }
    const mailbox = contacts.card(entry.peer)?.mailbox;
    if (mailbox == null) throw new AgentError('NO_ROUTE', 'no mailbox of theirs is known');
    const prekeys = await post.prekeysOf(peer, mailbox);
    // Another message may have started the session while we read the chain.
    const started = keeper.active(entry.peer);
    if (started !== null)
      return keeper.seal(started, this.#outgoing(entry), 'mailbox', { sign: options.sign === true });
    const init = createInit(provider, {
      ours,
      prekeys,
      credential,
      isFirstContact: true,
      isPeerVerified: verdict?.ok === true,
      message: this.#outgoing(entry),
      signMessage: options.sign === true,
      nowMs: clock.nowMs(),
    });
    post.assertFits(init.envelope.length);
    keeper.add(init.session, () => {});
    return init.envelope;
  }

  #outgoing(entry: OutboxEntry): OutgoingMessage {
    return {
      type: messageTypeNumber(entry.type),
      payload: entry.payload,
      messageId: entry.messageId,
      seq: Number(entry.seq),
      sentAtMs: entry.sentAtMs,
      replyTo: entry.replyTo,
      ackSeq: this.#init.inbox.ackSeq(entry.peer),
    };
  }

  /** @throws AgentError `OUTBOX_FULL` when too many messages wait in the peer's mailbox already */
  async #assertRoom(peer: string): Promise<void> {
    const { home, contacts, post, clock } = this.#init;
    if (home.outbox.count('mailbox') < maxUnclaimedPerPeer) return;
    const onChain = home.outbox
      .list(['mailbox'], 4 * maxUnclaimedPerPeer)
      .filter((entry) => entry.peer === peer);
    if (onChain.length < maxUnclaimedPerPeer) return;
    const mailbox = contacts.card(peer)?.mailbox;
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

function notDelivered(cause: unknown, entry: OutboxEntry): AgentError {
  const hint = isWotError(cause) ? cause.hint : '';
  return new AgentError('NOT_DELIVERED', `not delivered yet: ${errorText(cause)}`, {
    hint: `${hint} The message is kept and tried again while your agent runs.`.trim(),
    data: { messageId: entry.messageId.toHex(), reason: isWotError(cause) ? cause.code : 'UNEXPECTED' },
    cause,
  });
}
