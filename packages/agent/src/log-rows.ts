/** The log of one direction with a peer, as outbox and inbox hold it: which messages are there, and windows of them. */
import { setImmediate as othersFirst } from 'node:timers/promises';
import { MAX_CHECKPOINT_MESSAGES, type LoggedMessage } from '@wotid/session';
import type { Home } from './home/home.ts';
import type { InboxEntry } from './home/inbox-store.ts';
import type { OutboxEntry } from './home/outbox-store.ts';
import { messageTypeNumber } from './message-type-names.ts';

/** A message that is there. Its content stays on disk until it is read. */
export interface LogRow {
  readonly isCheckpoint: boolean;
  /** False for one of ours that is under way. */
  readonly isDelivered: boolean;
  /** The message as it is now; `undefined` when it was erased meanwhile. */
  readonly read: () => LoggedMessage | undefined;
}

/** By number. */
export type LogRows = ReadonlyMap<number, LogRow>;

/** Messages `first`..`last`, all of them there. */
export interface LogSpan {
  readonly first: number;
  readonly last: number;
  /** Something else than checkpoints. */
  readonly hasMessages: boolean;
}

/** Messages of one direction below a position, newest first, at most `limit`. */
export type LogPages = (
  limit: number,
  before: number,
) => readonly (LogRow & { readonly seq: number; readonly position: number })[];

/** Rows that are read at a time. Messages that come out of order are not further apart: a ratchet takes no more. */
const pageRows = 1_024;
/** Rows that are looked through for messages to sign, about a second: what lies further back is not signed any more. */
const maxSignedRows = 65_536;
/** Rows that are looked through for one checkpoint of a peer, who says where: those of one demand and a page more. */
const maxComparedRows = 17 * pageRows;

/** What we have sent to a peer. */
export function sentTo({ outbox }: Home, peer: string): LogPages {
  return (limit, before) =>
    outbox.ofPeer(peer, limit, before).map(({ messageId, position, seq, type, state }) => ({
      position,
      seq: Number(seq),
      isCheckpoint: type === 'checkpoint',
      isDelivered: state === 'acked' || state === 'mailbox',
      read: () => logged(outbox.get(messageId)),
    }));
}

/** What we have received from a peer. */
export function receivedFrom({ inbox }: Home, peer: string): LogPages {
  return (limit, before) =>
    inbox.latestOf(peer, limit, before).map(({ position, seq, type }) => ({
      position,
      seq: Number(seq),
      isCheckpoint: type === 'checkpoint',
      isDelivered: true,
      read: () => logged(inbox.get(position)),
    }));
}

/** The rows with numbers after `since`. */
export function rowsAfter(pages: LogPages, since: number): LogRows {
  const look = newestRows(pages, since + 1, Infinity, maxSignedRows);
  for (;;) {
    const step = look.next();
    if (step.done === true) return step.value;
  }
}

/**
 * The rows with numbers `first`..`last`, as far as they are there. A peer says how far to look, so everything else goes
 * on after each page.
 */
export async function rowsBetween(pages: LogPages, first: number, last: number): Promise<LogRows> {
  const look = newestRows(pages, first, last, maxComparedRows);
  for (;;) {
    const step = look.next();
    if (step.done === true) return step.value;
    await othersFirst();
  }
}

/** Pauses after each page. Of two rows with one number the newer counts: the older is of a home that was lost. */
function* newestRows(
  pages: LogPages,
  first: number,
  last: number,
  maxRows: number,
): Generator<void, LogRows> {
  const rows = new Map<number, LogRow>();
  let before = Number.MAX_SAFE_INTEGER;
  for (let looked = 0; looked < maxRows; looked += pageRows) {
    const page = pages(pageRows, before);
    for (const row of page) {
      if (row.seq >= first && row.seq <= last && !rows.has(row.seq)) rows.set(row.seq, row);
    }
    before = page.at(-1)?.position ?? 0;
    const isAll = rows.size === last - first + 1;
    if (isAll || page.length < pageRows || page.every(({ seq }) => seq < first)) break;
    yield;
  }
  return rows;
}

/**
 * Windows of at most 1,024 messages after `since` up to `upTo`, in order: one ends where a message is missing for good,
 * and nothing is taken after a message that is still under way.
 */
export function windowsAfter(rows: LogRows, since: number, upTo: number): LogSpan[] {
  const spans: { first: number; last: number; hasMessages: boolean }[] = [];
  for (const seq of [...rows.keys()].toSorted((left, right) => left - right)) {
    const row = rows.get(seq);
    if (row === undefined || seq <= since || seq > upTo) continue;
    if (!row.isDelivered) break;
    const span = spans.at(-1);
    if (span === undefined || span.last + 1 !== seq || seq - span.first >= MAX_CHECKPOINT_MESSAGES) {
      spans.push({ first: seq, last: seq, hasMessages: !row.isCheckpoint });
    } else {
      span.last = seq;
      span.hasMessages ||= !row.isCheckpoint;
    }
  }
  return spans;
}

function logged(entry: OutboxEntry | InboxEntry | undefined): LoggedMessage | undefined {
  if (entry === undefined) return undefined;
  const { type, messageId, seq, sentAtMs, replyTo, payload } = entry;
  return { type: messageTypeNumber(type), messageId, seq: Number(seq), sentAtMs, replyTo, payload };
}
