/**
 * The sessions of one identity: which one sends to a peer, which ones still receive, and when they go. An immutable
 * value; knows no storage and no clock.
 */
import { compareBytes } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import {
  GLARE_WINDOW_MS,
  MAX_SESSIONS,
  MAX_SESSIONS_PER_PEER,
  RECEIVE_ONLY_MS,
  SESSION_IDLE_MS,
  SESSION_UNUSED_MS,
} from '../limits.ts';
import { splitInit } from '../pqxdh/public-part.ts';
import { recognizes } from '../ratchet/ratchet.ts';
import type { Session, SessionFacts } from '../session.ts';

/** Sessions by the hexadecimal text of their sid, in the order in which they were added. */
export interface SessionBook {
  readonly sessions: ReadonlyMap<string, Session>;
}

/** A book with `sessions`, as they come from storage. */
export function sessionBook(sessions: Iterable<Session> = []): SessionBook {
  return { sessions: new Map(Array.from(sessions, (session) => [session.sid.toHex(), session])) };
}

/** What {@link addSession} has changed. */
export interface AddedSession {
  readonly book: SessionBook;
  /** The new session as it now is: active, or receive-only when it lost against the present one. */
  readonly added: Session;
  /** The session that was active before and only receives from now on; `null` when there was none or it stays. */
  readonly replaced: Session | null;
  /** The peer's identity is another one than in the replaced session: tell the user. */
  readonly isNewIdentity: boolean;
  /** Replaced sessions that had to go because there were too many: erase their records. */
  readonly erased: readonly Session[];
}

/**
 * Adds a session of a verified handshake. A session of the gate, where both ends were present, always becomes the active
 * one. One that began offline does when it {@link supersedes} the active one; both sides decide alike, also when they
 * initiated at the same time.
 * @throws SessionError `RECORD_INVALID` at 10,000 sessions
 */
export function addSession(book: SessionBook, session: Session, nowMs: number): AddedSession {
  const active = activeSession(book, session.peerDid);
  if (book.sessions.size >= MAX_SESSIONS) {
    throw new SessionError('RECORD_INVALID', `the book has ${MAX_SESSIONS} sessions already`, {
      hint: 'erase unused sessions',
    });
  }
  const wins = active === null || supersedes(session, active);
  const added = wins ? session : replacedSession(session, nowMs);
  const replaced = wins && active !== null ? replacedSession(active, nowMs) : null;
  const sessions = new Map(book.sessions);
  if (replaced !== null) sessions.set(replaced.sid.toHex(), replaced);
  sessions.set(added.sid.toHex(), added);
  const erased = excessSessions(sessions, session.peerDid);
  for (const gone of erased) sessions.delete(gone.sid.toHex());
  return {
    book: { sessions },
    added,
    replaced,
    isNewIdentity: replaced !== null && compareBytes(replaced.peerIdFp, added.peerIdFp) !== 0,
    erased,
  };
}

/**
 * True when `candidate` takes over from `active`. At the gate both ends knew what the other had, so its newer session
 * always does. Otherwise the later initiation by the signed times wins, which lets a peer who has lost its state start
 * again; within ten minutes, where clocks cannot tell, a gate's session stays and of two offline ones the smaller H256
 * of the public part wins. Both sides have the same facts.
 */
export function supersedes(candidate: SessionFacts, active: SessionFacts): boolean {
  if (candidate.origin === 'gate') return true;
  const lead = candidate.initiatedAtMs - active.initiatedAtMs;
  if (Math.abs(lead) > GLARE_WINDOW_MS) return lead > 0;
  if (active.origin === 'gate') return false;
  return compareBytes(candidate.initHash, active.initHash) < 0;
}

/** The book with the new value of a session. @throws SessionError `SESSION_UNKNOWN` */
export function updateSession(book: SessionBook, session: Session): SessionBook {
  const key = session.sid.toHex();
  if (!book.sessions.has(key)) throw new SessionError('SESSION_UNKNOWN', 'the book has no such session');
  return { sessions: new Map(book.sessions).set(key, session) };
}

/** The book without a session. */
export function removeSession(book: SessionBook, sid: Uint8Array): SessionBook {
  const sessions = new Map(book.sessions);
  sessions.delete(sid.toHex());
  return { sessions };
}

/** The session that sends to `peerDid`, or `null`. */
export function activeSession(book: SessionBook, peerDid: string): Session | null {
  for (const session of book.sessions.values()) {
    if (session.peerDid === peerDid && session.replacedAtMs === null) return session;
  }
  return null;
}

/** A session by its sid, or `null`. */
export function findSession(book: SessionBook, sid: Uint8Array): Session | null {
  return book.sessions.get(sid.toHex()) ?? null;
}

/**
 * The session that an envelope belongs to: the one whose header key opens its header (kind 01), or the one that an
 * initial message has started (kind 02); `null` when there is none. Costs 5 us a session and header key natively; the
 * most recently used are tried first.
 */
export function sessionOf(provider: CryptoProvider, book: SessionBook, envelope: Uint8Array): Session | null {
  const init = splitInit(envelope);
  if (init !== null) {
    const initHash = provider.sha256(init.publicBytes);
    for (const session of book.sessions.values()) {
      if (compareBytes(session.initHash, initHash) === 0) return session;
    }
    return null;
  }
  const recent = [...book.sessions.values()].sort((left, right) => right.lastUsedMs - left.lastUsedMs);
  return recent.find((session) => recognizes(provider, session.ratchet, envelope)) ?? null;
}

/** What is due in a book. */
export interface SessionPolicy {
  /** Replaced for 7 days, or unused for 90: erase their records. */
  readonly toErase: readonly Session[];
  /** Unused for 30 minutes: may leave memory. */
  readonly idle: readonly Session[];
}

/** What is due at `nowMs`. */
export function sessionPolicy(book: SessionBook, nowMs: number): SessionPolicy {
  const toErase: Session[] = [];
  const idle: Session[] = [];
  for (const session of book.sessions.values()) {
    if (isSessionExpired(session, nowMs)) toErase.push(session);
    else if (nowMs - session.lastUsedMs >= SESSION_IDLE_MS) idle.push(session);
  }
  return { toErase, idle };
}

/** True when a session has been replaced for 7 days or unused for 90. */
export function isSessionExpired(
  session: Pick<SessionFacts, 'replacedAtMs' | 'lastUsedMs'>,
  nowMs: number,
): boolean {
  if (session.replacedAtMs !== null && nowMs - session.replacedAtMs >= RECEIVE_ONLY_MS) return true;
  return nowMs - session.lastUsedMs >= SESSION_UNUSED_MS;
}

function replacedSession(session: Session, nowMs: number): Session {
  return { ...session, replacedAtMs: nowMs, stateVersion: session.stateVersion + 1 };
}

function excessSessions(sessions: ReadonlyMap<string, Session>, peerDid: string): Session[] {
  const ofPeer = [...sessions.values()].filter((session) => session.peerDid === peerDid);
  const replaced = ofPeer
    .filter((session) => session.replacedAtMs !== null)
    .toSorted((left, right) => (left.replacedAtMs ?? 0) - (right.replacedAtMs ?? 0));
  return replaced.slice(0, Math.max(0, ofPeer.length - MAX_SESSIONS_PER_PEER));
}
