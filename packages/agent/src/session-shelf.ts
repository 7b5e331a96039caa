/**
 * Where the sessions of an agent lie: those in use in memory, the others on disk alone until they are needed again. Every
 * session that is kept has its record on disk; what a session means to its user is not known here.
 */
import type { Clock } from '@wotid/core';
import { wipe, type CryptoProvider } from '@wotid/crypto';
import {
  decodeSession,
  encodeSession,
  findSession,
  removeSession,
  sessionBook,
  sessionPolicy,
  wipeReplaced,
  type Session,
  type SessionBook,
  type SessionFacts,
} from '@wotid/session';
import type { Home } from './home/home.ts';
import type { SessionState } from './home/session-store.ts';

export interface SessionShelfInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  /** Whether a session's time has come: it is erased instead of loaded. */
  readonly isOver: (session: SessionFacts) => boolean;
}

export class SessionShelf {
  readonly #init: SessionShelfInit;
  /** Sessions that are on disk alone, by sid. */
  readonly #resting = new Map<string, SessionFacts>();
  /** The sessions in memory; replaced as a whole by who has stored a change. */
  book: SessionBook;

  /** Loads every stored session. @throws SessionError `RECORD_INVALID` */
  constructor(init: SessionShelfInit) {
    this.#init = init;
    const { home, isOver } = init;
    const sessions: Session[] = [];
    for (const sid of home.sessions.ids().toReversed()) {
      const session = this.#load(sid);
      if (session === null) continue;
      if (isOver(session)) {
        this.forget(sid);
        wipeReplaced(session, null);
      } else sessions.push(session);
    }
    this.book = sessionBook(sessions);
  }

  get count(): number {
    return this.book.sessions.size + this.#resting.size;
  }

  get hasResting(): boolean {
    return this.#resting.size > 0;
  }

  /** Facts of all sessions, most recently used first. */
  facts(): SessionFacts[] {
    const awake = [...this.book.sessions.values()].map(factsOf);
    return [...awake, ...this.#resting.values()].toSorted(
      (left, right) => right.lastUsedMs - left.lastUsedMs,
    );
  }

  find(sid: Uint8Array): Session | null {
    if (this.#resting.has(sid.toHex())) this.#wake(sid);
    return findSession(this.book, sid);
  }

  /** Stores a session's record. Runs in a transaction of the caller's, if there is one. */
  store(session: Session): void {
    const record = encodeSession(session);
    try {
      this.#init.home.sessions.put({
        sid: session.sid,
        peer: session.peerDid,
        version: BigInt(session.stateVersion),
        state: stateOf(session),
        lastUsedMs: session.lastUsedMs,
        record,
      });
    } finally {
      wipe(record);
    }
  }

  /** Erases a session's record. Runs in a transaction of the caller's, if there is one. */
  forget(sid: Uint8Array): void {
    const { home } = this.#init;
    home.transaction(() => {
      home.sessions.delete(sid);
      home.firstMessages.delete(sid);
    });
  }

  /** Erases a session, its record and its secrets. */
  erase(session: Session): void {
    this.forget(session.sid);
    this.book = removeSession(this.book, session.sid);
    wipeReplaced(session, null);
  }

  /** Drops from memory what was not used for 30 minutes; the records stay. */
  rest(): void {
    for (const session of sessionPolicy(this.book, this.#init.clock.nowMs()).idle) {
      this.book = removeSession(this.book, session.sid);
      this.#resting.set(session.sid.toHex(), factsOf(session));
      wipeReplaced(session, null);
    }
  }

  wakeAll(): void {
    for (const { sid } of this.#resting.values()) this.#wake(sid);
  }

  wakePeer(peerDid: string): void {
    for (const { peerDid: of, sid } of this.#resting.values()) if (of === peerDid) this.#wake(sid);
  }

  #wake(sid: Uint8Array): void {
    this.#resting.delete(sid.toHex());
    const session = this.#load(sid);
    if (session === null) return;
    this.book = { sessions: new Map(this.book.sessions).set(sid.toHex(), session) };
  }

  #load(sid: Uint8Array): Session | null {
    const { home, provider } = this.#init;
    const stored = home.sessions.get(sid);
    if (stored === undefined) return null;
    try {
      return decodeSession(provider, stored.record);
    } finally {
      wipe(stored.record);
    }
  }
}

/** A session without its secrets. */
function factsOf(session: Session): SessionFacts {
  const { ratchet, ...facts } = session;
  void ratchet;
  return facts;
}

function stateOf(session: Session): SessionState {
  if (session.replacedAtMs !== null) return 'receive-only';
  return session.isConfirmed ? 'active' : 'pending';
}
