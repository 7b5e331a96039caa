/**
 * Where the sessions of an agent lie: those in use in memory, the others on disk alone until they are needed again. Every
 * session that is kept has its record on disk; what a session means to its user is not known here.
 */
import { setImmediate as othersFirst } from 'node:timers/promises';
import type { Clock } from '@wotid/core';
import { wipe, type CryptoProvider } from '@wotid/crypto';
import {
  decodeSession,
  encodeSession,
  findSession,
  recognizes,
  removeSession,
  SESSION_IDLE_MS,
  sessionBook,
  updateSession,
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
  /** When a session came back into memory, by sid: it stays for as long as one that was used then. */
  readonly #wokenAtMs = new Map<string, number>();
  /** Sessions in which nothing more is sent, by sid. */
  readonly #abandoned = new Set<string>();
  /** The sessions in memory; replaced as a whole by who has stored a change. */
  book: SessionBook;

  /** Reads every stored session, and keeps those in memory that were used a moment ago. @throws SessionError `RECORD_INVALID` */
  constructor(init: SessionShelfInit) {
    this.#init = init;
    const { home, isOver } = init;
    const sessions: Session[] = [];
    for (const sid of home.sessions.ids().toReversed()) {
      const session = this.#load(sid);
      if (session === null) continue;
      if (!isOver(session) && !this.#isIdle(session)) {
        sessions.push(session);
        continue;
      }
      if (isOver(session)) this.forget(sid);
      else this.#resting.set(sid.toHex(), factsOf(session));
      wipeReplaced(session, null);
    }
    this.book = sessionBook(sessions);
  }

  get count(): number {
    return this.book.sessions.size + this.#resting.size;
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
        state: this.#stateOf(session),
        lastUsedMs: session.lastUsedMs,
        record,
      });
    } finally {
      wipe(record);
    }
  }

  /** Nothing more is sent in this session, over restarts too. */
  abandon(sid: Uint8Array): void {
    const session = this.find(sid);
    if (session === null || this.isAbandoned(sid)) return;
    this.#abandoned.add(sid.toHex());
    const abandoned = { ...session, stateVersion: session.stateVersion + 1 };
    this.store(abandoned);
    this.book = updateSession(this.book, abandoned);
  }

  isAbandoned(sid: Uint8Array): boolean {
    return this.#abandoned.has(sid.toHex());
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
    this.#wokenAtMs.delete(session.sid.toHex());
    this.#abandoned.delete(session.sid.toHex());
    wipeReplaced(session, null);
  }

  /** Drops from memory what was not used for 30 minutes; the records stay. */
  rest(): void {
    for (const session of this.book.sessions.values()) {
      if (!this.#isIdle(session)) continue;
      this.book = removeSession(this.book, session.sid);
      this.#wokenAtMs.delete(session.sid.toHex());
      this.#resting.set(session.sid.toHex(), factsOf(session));
      wipeReplaced(session, null);
    }
  }

  /**
   * Loads the sessions that any of these envelopes belongs to. Anybody can leave envelopes in a mailbox, so what they
   * belong to is found out with one record in memory at a time, wiped when none is in it, and everything else goes on
   * after each: 10,000 records and 250 envelopes are the most, 40 us for each envelope and record. The one place here that
   * waits; what has come or gone meanwhile is left alone.
   */
  async wakeFor(envelopes: readonly Uint8Array[]): Promise<void> {
    let homeless = envelopes;
    const resting = [...this.#resting.values()].toSorted((one, other) => other.lastUsedMs - one.lastUsedMs);
    for (const { sid } of resting) {
      if (homeless.length === 0) return;
      await othersFirst();
      if (!this.#resting.has(sid.toHex())) continue;
      const session = this.#load(sid);
      if (session === null) continue;
      const strange = homeless.filter((one) => !recognizes(this.#init.provider, session.ratchet, one));
      if (strange.length === homeless.length) wipeReplaced(session, null);
      else this.#shelve(session);
      homeless = strange;
    }
  }

  wakeAll(): void {
    for (const { sid } of this.#resting.values()) this.#wake(sid);
  }

  wakePeer(peerDid: string): void {
    for (const { peerDid: of, sid } of this.#resting.values()) if (of === peerDid) this.#wake(sid);
  }

  #wake(sid: Uint8Array): void {
    const session = this.#load(sid);
    if (session === null) this.#resting.delete(sid.toHex());
    else this.#shelve(session);
  }

  #shelve(session: Session): void {
    const key = session.sid.toHex();
    this.#resting.delete(key);
    this.#wokenAtMs.set(key, this.#init.clock.nowMs());
    this.book = { sessions: new Map(this.book.sessions).set(key, session) };
  }

  #isIdle({ sid, lastUsedMs }: SessionFacts): boolean {
    const since = Math.max(lastUsedMs, this.#wokenAtMs.get(sid.toHex()) ?? 0);
    return this.#init.clock.nowMs() - since >= SESSION_IDLE_MS;
  }

  #stateOf(session: Session): SessionState {
    if (session.replacedAtMs !== null) return 'receive-only';
    if (this.isAbandoned(session.sid)) return 'abandoned';
    return session.isConfirmed ? 'active' : 'pending';
  }

  #load(sid: Uint8Array): Session | null {
    const { home, provider } = this.#init;
    const stored = home.sessions.get(sid);
    if (stored === undefined) return null;
    if (stored.state === 'abandoned') this.#abandoned.add(sid.toHex());
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
