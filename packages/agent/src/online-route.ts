/** The way over a live link: made if need be, in the session with the peer, until the peer has acknowledged. */
import { errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { OutgoingMessage } from '@wotid/session';
import type { Contacts } from './contacts.ts';
import type { Home } from './home/home.ts';
import type { OutboxEntry } from './home/outbox-store.ts';
import type { Links } from './links.ts';
import type { LiveLink } from './live-link.ts';
import { acknowledgedMeanwhile, type RouteOutcome } from './mailbox-route.ts';
import type { Reach } from './reach.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { Standing } from './standing.ts';

export interface OnlineRouteInit {
  readonly home: Home;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly keeper: SessionKeeper;
  readonly contacts: Contacts;
  readonly standing: Standing;
  readonly links: Links;
  readonly reach: Reach;
  readonly ackTimeoutMs: number;
  readonly outgoing: (entry: OutboxEntry) => OutgoingMessage;
}

export class OnlineRoute {
  readonly #init: OnlineRouteInit;
  readonly #log: Logger;
  /** Resolves when the peer has acknowledged; by message id. */
  readonly #awaited = new Map<string, () => void>();

  constructor(init: OnlineRouteInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
  }

  /** The peer has acknowledged a message. */
  acknowledge(messageId: Uint8Array): void {
    this.#awaited.get(messageId.toHex())?.();
  }

  /** Over a live link; `null` when there is none to be had, or no acknowledgement comes in time. */
  async deliver(entry: OutboxEntry): Promise<RouteOutcome | null> {
    const link = await this.#linkTo(entry.peer);
    const { home, keeper, clock, outgoing } = this.#init;
    // Receipts that came with a new connection may have told that it has arrived.
    if (home.outbox.get(entry.messageId)?.state === 'acked') return acknowledgedMeanwhile;
    if (link === null || !(await this.#isBelieved(link))) return null;
    const session = keeper.active(entry.peer);
    if (session === null) return null;
    const acknowledged = Promise.withResolvers<boolean>();
    const key = entry.messageId.toHex();
    this.#awaited.set(key, () => acknowledged.resolve(true));
    const timer = setTimeout(() => acknowledged.resolve(false), this.#init.ackTimeoutMs);
    const stopWatching = link.onEnd(() => acknowledged.resolve(false));
    try {
      const envelope = keeper.seal(session, outgoing(entry), 'online', {
        sign: entry.isSigned,
        alongside: () => home.outbox.update(entry.messageId, { state: 'sent', updatedMs: clock.nowMs() }),
      });
      await link.send(envelope);
      const isAcknowledged = await acknowledged.promise;
      return isAcknowledged ? { route: 'p2p', payloadBytes: envelope.length } : null;
    } catch (error) {
      this.#log.info('delivery.online-failed', { reason: errorText(error) });
      // The next gate agrees on a new session.
      if (keeper.isAbandoned(session)) await link.close();
      return null;
    } finally {
      this.#awaited.delete(key);
      clearTimeout(timer);
      stopWatching();
    }
  }

  /** False when the peer is believed no longer: the link has ended then. */
  async #isBelieved({ peer }: LiveLink): Promise<boolean> {
    const { standing, links } = this.#init;
    const { did } = peer.block;
    if (standing.isBelieved(did, peer.idFp)) return true;
    if ((await standing.distrust(did, peer.idFp)) === null) return true;
    await links.cut(did);
    return false;
  }

  async #linkTo(peer: string): Promise<LiveLink | null> {
    const { keeper, links, contacts, reach } = this.#init;
    const open = links.get(peer);
    const session = keeper.active(peer);
    if (open !== undefined && (session === null || !keeper.isSpent(session))) return open;
    // A new gate agrees on a new session.
    await open?.close();
    if (contacts.place(peer) === null) return null;
    try {
      await reach.connect(peer);
      return links.get(peer) ?? null;
    } catch (error) {
      this.#log.info('delivery.not-reachable', { reason: errorText(error) });
      return null;
    }
  }
}
