/** Envelopes that come over a live link: opened, stored and acknowledged, as long as their sender is believed. */
import type { Logger } from '@wotid/core';
import { SessionError } from '@wotid/session';
import type { AgentEventSource } from './agent-events.ts';
import type { Conversation } from './conversation.ts';
import type { Inbox } from './inbox.ts';
import type { Links } from './links.ts';
import type { LiveLink } from './live-link.ts';
import type { Receipts } from './receipts.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { Distrust, Standing } from './standing.ts';

export interface ReceptionInit {
  readonly logger: Logger;
  readonly events: AgentEventSource;
  readonly links: Links;
  readonly keeper: SessionKeeper;
  readonly inbox: Inbox;
  readonly receipts: Receipts;
  readonly conversation: Conversation;
  readonly standing: Standing;
}

export class Reception {
  readonly #init: ReceptionInit;

  constructor(init: ReceptionInit) {
    this.#init = init;
  }

  /**
   * Takes an envelope. Nobody's words are taken in who is believed no longer; what they sent is not acknowledged.
   * @throws SessionError, HomeError: nothing has changed then
   */
  async receive(link: LiveLink, envelope: Uint8Array): Promise<void> {
    const { standing } = this.#init;
    const { did } = link.peer.block;
    const distrust = standing.isBelieved(did, link.peer.idFp)
      ? null
      : await standing.distrust(did, link.peer.idFp);
    if (distrust === null) this.#open(link, envelope);
    else await this.cut(did, distrust);
  }

  /** Ends the links with a peer who is believed no longer. */
  async cut(did: string, { name, reason }: Distrust): Promise<void> {
    const { links, logger, events } = this.#init;
    if (!links.dids().includes(did)) return;
    logger.info('agent.distrusted', { did, name, reason });
    events.emit('distrusted', { did, name, reason });
    await links.cut(did);
  }

  #open(link: LiveLink, envelope: Uint8Array): void {
    const { keeper, inbox, receipts, conversation } = this.#init;
    const session = keeper.ofPeer(link.peer.block.did, envelope);
    if (session === null) {
      throw new SessionError('DECRYPT_FAILED', 'the envelope belongs to no session with this peer');
    }
    const stored = keeper.open(session, envelope, link.peer.block, 'online', (message) =>
      inbox.store(message, 'p2p'),
    );
    stored.afterCommit();
    if (stored.seq !== null) receipts.note(link, stored.seq);
    conversation.follow(link, session);
  }
}
