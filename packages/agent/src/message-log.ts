/**
 * Checkpoints with a peer: a signature over the log of both directions since the last one. The log is what outbox and
 * inbox hold, so nothing is kept twice; who has erased messages can no longer speak of them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { equalBytes, errorText, silentLogger, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  CHECKPOINT_MESSAGES,
  encodeCheckpoint,
  logHash,
  MAX_CHECKPOINT_MESSAGES,
  messageTypes,
  parseCheckpoint,
  type LoggedMessage,
  type LogWindow,
} from '@wotid/session';
import type { Contacts } from './contacts.ts';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import { messageTypeNumber } from './message-type-names.ts';
import type { CheckpointReport, Delivery, InboxMessage, SigningMode } from './types.ts';

export interface MessageLogInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly logger?: Logger;
  readonly contacts: Contacts;
  readonly ourDid: string;
  readonly mode: () => SigningMode;
  readonly send: (
    peer: string,
    message: { readonly type: number; readonly payload: Uint8Array },
  ) => Promise<Delivery>;
  readonly onCheckpoint: (report: CheckpointReport) => void;
}

/** Rows of a peer that are looked through for one window: as many as may be under way twice over. */
const maxRows = 4 * MAX_CHECKPOINT_MESSAGES;
/** Closing waits this long for checkpoints to arrive. */
const closeWaitMs = 5_000;

export class MessageLog {
  readonly #init: MessageLogInit;
  readonly #underWay = new Set<string>();

  constructor(init: MessageLogInit) {
    this.#init = init;
  }

  /** Notes traffic with a peer: after 256 messages a checkpoint goes out by itself, where the user wants them. */
  noteTraffic(peer: string): void {
    const { home, mode, logger = silentLogger } = this.#init;
    if (mode() !== 'checkpoint' || this.#underWay.has(peer)) return;
    const { nextSeq, contiguousSeq } = home.peers.get(peer);
    const mark = home.proofs.mark(peer);
    if (Number(nextSeq) - 1 - mark.sent + Number(contiguousSeq) - mark.received < CHECKPOINT_MESSAGES) return;
    this.checkpoint(peer).catch((error: unknown) =>
      logger.info('checkpoint.failed', { reason: errorText(error) }),
    );
  }

  /** Signs and sends what was exchanged with these peers since the last checkpoint, as far as they take it in time. */
  async checkpointAll(peers: readonly string[]): Promise<void> {
    if (this.#init.mode() !== 'checkpoint') return;
    const timer = new AbortController();
    const tooLong = pause(closeWaitMs, undefined, { signal: timer.signal }).catch(() => {});
    // Nothing new, or nobody there: the next one covers it.
    await Promise.race([Promise.allSettled(peers.map((peer) => this.checkpoint(peer))), tooLong]);
    timer.abort();
  }

  /**
   * Signs what both have written since the last checkpoint, and sends it.
   * @throws AgentError `NO_CONTACT`, `NOTHING_NEW`, and what sending throws
   */
  async checkpoint(to: string): Promise<CheckpointReport & { readonly delivery: Delivery }> {
    const { home, contacts, send } = this.#init;
    const peer = contacts.resolve(to);
    if (this.#underWay.has(peer)) throw nothingNew();
    const mark = home.proofs.mark(peer);
    const { contiguousSeq } = home.peers.get(peer);
    const sent = this.#window(this.#sentTo(peer), mark.sent, Infinity, [this.#init.ourDid, peer]);
    // Numbers start anew when the peer's home does.
    const since = mark.received > Number(contiguousSeq) ? 0 : mark.received;
    const received = this.#window(this.#receivedFrom(peer), since, Number(contiguousSeq), [
      peer,
      this.#init.ourDid,
    ]);
    if (sent === null && received === null) throw nothingNew();
    const noteMark = (messageId: string): void => {
      const number = Number(home.outbox.get(Uint8Array.fromHex(messageId))?.seq ?? 0);
      const sentUpTo = sent?.last ?? mark.sent;
      home.proofs.setMark({
        peer,
        // A checkpoint is a message itself, and needs no other one.
        sent: number === sentUpTo + 1 ? number : sentUpTo,
        received: received?.last ?? mark.received,
      });
    };
    this.#underWay.add(peer);
    try {
      const payload = encodeCheckpoint({ sent, received });
      const delivery = await send(peer, { type: messageTypes.checkpoint, payload });
      noteMark(delivery.messageId);
      return { peer, messageId: delivery.messageId, verdict: 'sent', ...rangesOf(sent, received), delivery };
    } catch (error) {
      // It waits in the outbox and goes by itself: another one for the same messages would only wait beside it.
      const waiting =
        error instanceof AgentError && error.code === 'NOT_DELIVERED' ? error.data['messageId'] : null;
      if (typeof waiting === 'string') noteMark(waiting);
      throw error;
    } finally {
      this.#underWay.delete(peer);
    }
  }

  /** Compares a checkpoint of a peer with what we have. @throws AgentError `BAD_REQUEST` for bytes that are none */
  verify(message: Pick<InboxMessage, 'from' | 'messageId' | 'payload'>): CheckpointReport {
    const { from: peer, messageId } = message;
    const { sent, received } = parsed(message.payload);
    const verdicts = [
      sent === null ? 'agrees' : this.#compare(sent, this.#receivedFrom(peer), [peer, this.#init.ourDid]),
      received === null ? 'agrees' : this.#compare(received, this.#sentTo(peer), [this.#init.ourDid, peer]),
    ] as const;
    const verdict =
      verdicts.find((one) => one === 'differs') ?? verdicts.find((one) => one !== 'agrees') ?? 'agrees';
    return { peer, messageId, verdict, ...rangesOf(received, sent) };
  }

  /** A checkpoint has come. Never throws: its message is stored, and has to be acknowledged whatever it says. */
  receive(message: InboxMessage): void {
    const { logger = silentLogger, onCheckpoint } = this.#init;
    try {
      onCheckpoint(this.verify(message));
    } catch (error) {
      logger.warn('checkpoint.unchecked', { reason: errorText(error) });
    }
  }

  #compare(
    window: LogWindow,
    log: ReadonlyMap<number, LoggedMessage>,
    ends: readonly [string, string],
  ): 'agrees' | 'differs' | 'incomplete' {
    const ours = this.#hash(log, window.first, window.last, ends);
    if (ours === null) return 'incomplete';
    return equalBytes(ours.hash, window.hash) ? 'agrees' : 'differs';
  }

  /** The longest window without gaps that ends with the newest message, after `since`. */
  #window(
    log: ReadonlyMap<number, LoggedMessage>,
    since: number,
    upTo: number,
    ends: readonly [string, string],
  ): LogWindow | null {
    const last = Math.max(...[...log.keys()].filter((seq) => seq <= upTo), 0);
    let first = last + 1;
    while (first - 1 > since && log.has(first - 1) && last - first + 1 < MAX_CHECKPOINT_MESSAGES) first--;
    return first > last ? null : this.#hash(log, first, last, ends);
  }

  #hash(
    log: ReadonlyMap<number, LoggedMessage>,
    first: number,
    last: number,
    [from, to]: readonly [string, string],
  ): LogWindow | null {
    const messages: LoggedMessage[] = [];
    for (let seq = first; seq <= last; seq++) {
      const message = log.get(seq);
      if (message === undefined) return null;
      messages.push(message);
    }
    return logHash(this.#init.provider, from, to, messages);
  }

  #sentTo(peer: string): ReadonlyMap<number, LoggedMessage> {
    return bySeq(this.#init.home.outbox.ofPeer(peer, maxRows));
  }

  #receivedFrom(peer: string): ReadonlyMap<number, LoggedMessage> {
    return bySeq(this.#init.home.inbox.latestOf(peer, maxRows));
  }
}

function bySeq(
  rows: readonly (Omit<LoggedMessage, 'seq' | 'type'> & { readonly seq: bigint; readonly type: string })[],
): ReadonlyMap<number, LoggedMessage> {
  return new Map(
    rows.map(({ type, messageId, seq, sentAtMs, replyTo, payload }) => [
      Number(seq),
      { type: messageTypeNumber(type), messageId, seq: Number(seq), sentAtMs, replyTo, payload },
    ]),
  );
}

function parsed(payload: Uint8Array): ReturnType<typeof parseCheckpoint> {
  try {
    return parseCheckpoint(payload);
  } catch (cause) {
    throw new AgentError('BAD_REQUEST', 'the checkpoint does not decode', { cause });
  }
}

function rangesOf(
  sent: LogWindow | null,
  received: LogWindow | null,
): Pick<CheckpointReport, 'sent' | 'received'> {
  const range = (window: LogWindow | null): string =>
    window === null ? '' : `${window.first}-${window.last}`;
  return { sent: range(sent), received: range(received) };
}

function nothingNew(): AgentError {
  return new AgentError('NOTHING_NEW', 'nothing was written since the last checkpoint', {
    hint: 'Send a message first.',
  });
}
