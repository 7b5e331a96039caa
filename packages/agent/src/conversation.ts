/**
 * What goes on between two who know each other, beside the messages themselves: renewed keys, signatures over what was
 * written, credentials shown, proofs kept.
 */
import { encodeIdentityBlock } from '@wotid/crypto';
import type { Session } from '@wotid/session';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import type { Inbox } from './inbox.ts';
import type { LiveLink } from './live-link.ts';
import { MessageLog, type MessageLogInit } from './message-log.ts';
import { Presentations, type PresentationsInit } from './presentations.ts';
import { Rekeying, type RekeyingInit } from './rekeying.ts';
import { Sessions } from './sessions.ts';
import { loadSigningMode } from './signing-mode.ts';
import type { Delivery, InboxMessage, MessageProof } from './types.ts';

export interface ConversationInit
  extends Omit<MessageLogInit, 'mode'>, Omit<PresentationsInit, 'send'>, RekeyingInit {
  readonly home: Home;
  readonly inbox: Inbox;
}

export class Conversation {
  readonly sessions: Sessions;
  readonly presentations: Presentations;
  readonly #init: ConversationInit;
  readonly #log: MessageLog;
  readonly #rekeying: Rekeying;

  constructor(init: ConversationInit) {
    const { home, clock, keeper } = init;
    this.#init = init;
    this.#rekeying = new Rekeying(init);
    this.#log = new MessageLog({ ...init, mode: () => loadSigningMode(home) });
    this.sessions = new Sessions({ home, clock, keeper, rekeying: this.#rekeying, log: this.#log });
    this.presentations = new Presentations(init);
  }

  /** A message of `session` has been opened, which is as it was before. */
  follow(link: LiveLink, session: Session): void {
    this.#rekeying.follow(link, session);
  }

  /** A message of ours has arrived, or lies in the peer's mailbox. Never throws. */
  noteDelivery({ to }: Pick<Delivery, 'to'>): void {
    this.#log.noteTraffic(to);
  }

  /** A message is stored and shown. */
  receive(message: InboxMessage): void {
    if (message.type === 'checkpoint') this.#log.receive(message);
    if (message.type === 'presentation') this.presentations.receive(message);
    this.#log.noteTraffic(message.from);
  }

  /** One received message. @throws AgentError `BAD_REQUEST` when there is none with this id */
  message(messageId: string): InboxMessage {
    const message = /^[0-9a-f]{32}$/i.test(messageId)
      ? this.#init.inbox.find(Uint8Array.fromHex(messageId))
      : undefined;
    if (message !== undefined) return message;
    throw new AgentError('BAD_REQUEST', 'no message with this id has been received', {
      hint: 'wotid inbox --json lists the ids, 32 hex digits.',
    });
  }

  /** What proves to others that a contact has sent a message. @throws AgentError `BAD_REQUEST` when it is not signed */
  proof(messageId: string): MessageProof {
    const { home, contacts } = this.#init;
    const { from, type, payload } = this.message(messageId);
    const proof = home.proofs.get(from, Uint8Array.fromHex(messageId));
    const block = proof === undefined ? null : contacts.blockOf(from, proof.signerIdFp);
    if (proof === undefined || block === null) {
      throw new AgentError('BAD_REQUEST', 'this message is not signed, or its sender is no contact any more');
    }
    const { body, signature } = proof;
    return { from, messageId, type, payload, body, signature, identityBlock: encodeIdentityBlock(block) };
  }

  /** The end of the day: what is to be signed with those who are there. Never rejects for them. */
  end(peers: readonly string[]): Promise<void> {
    return this.#log.checkpointAll(peers);
  }
}
