/**
 * Checkpoints with a peer: signatures over the log of both directions since the last one. The log is what outbox and
 * inbox hold, so nothing is kept twice; who has erased messages can no longer speak of them. Compared is what both have
 * stored under a number: type, id, times, and the hash of the payload. A message keeps all of these on every route and
 * with every try, so what was lost on one way and came by another is the same entry at both ends.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { equalBytes, errorText, silentLogger, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  CHECKPOINT_MESSAGES,
  encodeCheckpoint,
  logHash,
  messageTypes,
  parseCheckpoint,
  type LogWindow,
  type OwnIdentity,
} from '@wotid/session';
import type { Contacts } from './contacts.ts';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import {
  receivedFrom,
  rowsAfter,
  rowsBetween,
  sentTo,
  windowsAfter,
  type LogPages,
  type LogRow,
  type LogRows,
  type LogSpan,
} from './log-rows.ts';
import { PeerQueue } from './peer-queue.ts';
import type { CheckpointReport, Delivery, InboxMessage, SentCheckpoints, SigningMode } from './types.ts';

export interface MessageLogInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly logger?: Logger;
  readonly contacts: Contacts;
  readonly ours: Pick<OwnIdentity, 'block'>;
  readonly mode: () => SigningMode;
  readonly send: (
    peer: string,
    message: { readonly type: number; readonly payload: Uint8Array },
  ) => Promise<Delivery>;
  readonly onCheckpoint: (report: CheckpointReport) => void;
}

/**
 * Checkpoints of one call: up to 16,384 messages a direction. Where a log has many gaps the next call goes on, because a
 * signature is 4.7 KB.
 */
const maxCheckpoints = 16;
/**
 * Checkpoints of peers that wait to be compared: one of each peer is at a time, and may be a look at 17,408 messages a
 * direction. One demand of a peer makes 16; what is above that is not compared by itself, but at the user's word.
 */
const waiting = { perPeer: maxCheckpoints, inTotal: 64 };
/** Closing waits this long for checkpoints to arrive. */
const closeWaitMs = 5_000;

export class MessageLog {
  readonly #init: MessageLogInit;
  readonly #underWay = new Map<string, Promise<SentCheckpoints>>();
  readonly #comparisons = new PeerQueue(waiting);
  /** Messages with a peer that no checkpoint of ours covers: at least as many as there are. */
  readonly #unsigned = new Map<string, number>();

  constructor(init: MessageLogInit) {
    this.#init = init;
  }

  /**
   * Notes a message to or from a peer that has arrived: after 256 of them a checkpoint goes out by itself, where the user
   * wants them. Never throws.
   */
  noteTraffic(peer: string): void {
    const { mode, logger = silentLogger } = this.#init;
    const failed = (error: unknown): void => {
      this.#unsigned.set(peer, 0);
      logger.info('checkpoint.failed', { reason: errorText(error) });
    };
    try {
      if (mode() !== 'checkpoint') {
        this.#unsigned.delete(peer);
        return;
      }
      // The next one counts them all. A peer that does not take this one could write without end meanwhile.
      if (this.#underWay.has(peer)) return;
      // Messages acknowledged together are noted one by one: when there seem to be enough, they are counted.
      let unsigned = (this.#unsigned.get(peer) ?? CHECKPOINT_MESSAGES) + 1;
      if (unsigned >= CHECKPOINT_MESSAGES) unsigned = this.#countUnsigned(peer);
      this.#unsigned.set(peer, unsigned);
      if (unsigned < CHECKPOINT_MESSAGES) return;
      this.checkpoint(peer).catch(failed);
    } catch (error) {
      failed(error);
    }
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
   * Signs what both have written since the last checkpoint and what has been delivered, and sends it: one checkpoint for
   * each 1,024 messages of a direction, and for what lies between messages that are not here any more.
   * @throws AgentError `NO_CONTACT`, `NOTHING_NEW`, and what sending throws
   */
  async checkpoint(to: string): Promise<SentCheckpoints> {
    const peer = this.#init.contacts.resolve(to);
    // What comes meanwhile is covered by the one after it.
    for (let before = this.#underWay.get(peer); before !== undefined; before = this.#underWay.get(peer)) {
      await before.catch(() => {});
    }
    const checkpoint = this.#checkpoint(peer).finally(() => {
      this.#underWay.delete(peer);
      this.#unsigned.delete(peer);
    });
    this.#underWay.set(peer, checkpoint);
    return checkpoint;
  }

  async #checkpoint(peer: string): Promise<SentCheckpoints> {
    const news = this.#news(peer);
    if (![...news.sent, ...news.received].some(({ hasMessages }) => hasMessages)) throw nothingNew();
    const count = Math.min(maxCheckpoints, Math.max(news.sent.length, news.received.length));
    const sent = news.sent.slice(0, count);
    const received = news.received.slice(0, count);
    let delivery: Delivery | undefined;
    for (let k = 0; k < count; k++) delivery = await this.#send(peer, news, sent[k], received[k]);
    if (delivery === undefined) throw nothingNew();
    const ranges = { sent: rangesOf(sent), received: rangesOf(received) };
    return { peer, messageId: delivery.messageId, verdict: 'sent', ...ranges, count, delivery };
  }

  async #send(
    peer: string,
    { sentRows, receivedRows }: News,
    sent: LogSpan | undefined,
    received: LogSpan | undefined,
  ): Promise<Delivery> {
    const { home, send } = this.#init;
    const payload = encodeCheckpoint({
      sent: sent === undefined ? null : this.#hash(sentRows, sent, this.#outward(peer)),
      received: received === undefined ? null : this.#hash(receivedRows, received, this.#inward(peer)),
    });
    const noteMark = (): void => {
      const mark = home.proofs.mark(peer);
      home.proofs.setMark({
        peer,
        sent: sent?.last ?? mark.sent,
        received: received?.last ?? mark.received,
      });
    };
    try {
      const delivery = await send(peer, { type: messageTypes.checkpoint, payload });
      noteMark();
      return delivery;
    } catch (error) {
      // It waits in the outbox and goes by itself: another one for the same messages would only wait beside it.
      if (error instanceof AgentError && error.code === 'NOT_DELIVERED') noteMark();
      throw error;
    }
  }

  /** Compares a checkpoint of a peer with what we have. @throws AgentError `BAD_REQUEST` for a message that is none */
  async verify(
    message: Pick<InboxMessage, 'from' | 'messageId' | 'type' | 'payload'>,
  ): Promise<CheckpointReport> {
    const { home } = this.#init;
    const { from: peer, messageId, type } = message;
    if (type !== 'checkpoint') throw new AgentError('BAD_REQUEST', 'this message is no checkpoint');
    const { sent, received } = parsed(message.payload);
    const verdicts = [
      sent === null ? 'agrees' : await this.#compare(sent, receivedFrom(home, peer), this.#inward(peer)),
      received === null ? 'agrees' : await this.#compare(received, sentTo(home, peer), this.#outward(peer)),
    ] as const;
    const verdict =
      verdicts.find((one) => one === 'differs') ?? verdicts.find((one) => one !== 'agrees') ?? 'agrees';
    const spans = (window: LogWindow | null): string => rangesOf(window === null ? [] : [window]);
    return { peer, messageId, verdict, sent: spans(received), received: spans(sent) };
  }

  /**
   * A checkpoint has come: it is compared when those before it are. Never throws: its message is stored, and has to be
   * acknowledged whatever it says.
   */
  receive(message: InboxMessage): void {
    const { logger = silentLogger, onCheckpoint } = this.#init;
    this.#comparisons
      .run(message.from, () => this.verify(message))
      .then(onCheckpoint)
      .catch((error: unknown) => logger.warn('checkpoint.unchecked', { reason: errorText(error) }));
  }

  /** What no checkpoint of ours covers yet. */
  #news(peer: string): News {
    const { home } = this.#init;
    const mark = home.proofs.mark(peer);
    const contiguous = Number(home.peers.get(peer).contiguousSeq);
    const sentRows = rowsAfter(sentTo(home, peer), mark.sent);
    // A peer that leaves one number out and writes on gives nothing to sign, and is not read again and again.
    const hasNews = contiguous > mark.received;
    const receivedRows = hasNews
      ? rowsAfter(receivedFrom(home, peer), mark.received)
      : new Map<number, LogRow>();
    return {
      sentRows,
      receivedRows,
      sent: windowsAfter(sentRows, mark.sent, Infinity),
      received: windowsAfter(receivedRows, mark.received, contiguous),
    };
  }

  #countUnsigned(peer: string): number {
    const { sent, received } = this.#news(peer);
    return [...sent, ...received].reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  async #compare(
    window: LogWindow,
    log: LogPages,
    ends: readonly [string, string],
  ): Promise<'agrees' | 'differs' | 'incomplete'> {
    const rows = await rowsBetween(log, window.first, window.last);
    if (rows.size <= window.last - window.first) return 'incomplete';
    return equalBytes(this.#hash(rows, window, ends).hash, window.hash) ? 'agrees' : 'differs';
  }

  /** One message is in memory at a time: 1,024 of them may have 64 MiB. */
  #hash(
    rows: LogRows,
    { first, last }: Pick<LogSpan, 'first' | 'last'>,
    [from, to]: readonly [string, string],
  ): LogWindow {
    const messages = function* () {
      for (let seq = first; seq <= last; seq++) {
        const message = rows.get(seq)?.read();
        // Erased a moment ago, between the look at the log and this one.
        if (message === undefined) throw nothingNew();
        yield message;
      }
    };
    return logHash(this.#init.provider, from, to, messages());
  }

  #outward(peer: string): readonly [string, string] {
    return [this.#init.ours.block.did, peer];
  }

  #inward(peer: string): readonly [string, string] {
    return [peer, this.#init.ours.block.did];
  }
}

/** What is new in both directions. */
interface News {
  readonly sentRows: LogRows;
  readonly receivedRows: LogRows;
  readonly sent: readonly LogSpan[];
  readonly received: readonly LogSpan[];
}

function parsed(payload: Uint8Array): ReturnType<typeof parseCheckpoint> {
  try {
    return parseCheckpoint(payload);
  } catch (cause) {
    throw new AgentError('BAD_REQUEST', 'the checkpoint does not decode', { cause });
  }
}

/** Ranges such as `1-256`, those that touch as one; empty for none. */
function rangesOf(spans: readonly Pick<LogSpan, 'first' | 'last'>[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const { first, last } of spans) {
    const before = ranges.at(-1);
    if (before !== undefined && before.last + 1 === first) before.last = last;
    else ranges.push({ first, last });
  }
  return ranges.map(({ first, last }) => `${first}-${last}`).join(', ');
}

function nothingNew(): AgentError {
  return new AgentError('NOTHING_NEW', 'nothing was written since the last checkpoint', {
    hint: 'Send a message first.',
  });
}
