/**
 * The live sessions of an agent: the book in memory and its records in the home move together. Every change is on disk
 * before its ciphertext leaves or its plaintext is shown. Nothing here waits: a step cannot be interleaved with another.
 */
import { equalBytes, type Clock } from '@wotid/core';
import { wipe, type CryptoProvider, type IdentityBlock } from '@wotid/crypto';
import {
  activeSession,
  addSession,
  decodeSession,
  encodeSession,
  findSession,
  isSessionExpired,
  openEnvelope,
  rekeyNeed,
  removeSession,
  sealMessage,
  sessionBook,
  sessionOf,
  supersedes,
  updateSession,
  wipeReplaced,
  type IncomingMessage,
  type OutgoingMessage,
  type OwnIdentity,
  type Route as PaddingRoute,
  type SecurityPolicy,
  type Session,
  type SessionBook,
} from '@wotid/session';
import type { Home } from './home/home.ts';
import type { SessionState } from './home/session-store.ts';

export interface SessionKeeperInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly ours: OwnIdentity;
  /** Sessions below its minimum level are erased. */
  readonly policy: () => SecurityPolicy;
  /** A peer has come with other keys than before: its user may want to know. */
  readonly onNewIdentity: (peerDid: string) => void;
}

/** Sessions of one peer that are on hold: a peer that ends every gate after M5 must not fill the home with them. */
const maxHeldPerPeer = 4;

export class SessionKeeper {
  readonly #init: SessionKeeperInit;
  readonly #abandoned = new Set<string>();
  #book: SessionBook;
  #starts = 0;

  /** Loads every stored session; erases those whose time has come. @throws SessionError `RECORD_INVALID` */
  constructor(init: SessionKeeperInit) {
    this.#init = init;
    const { home, provider } = init;
    const sessions: Session[] = [];
    for (const sid of home.sessions.ids().toReversed()) {
      const stored = home.sessions.get(sid);
      if (stored === undefined) continue;
      const session = decodeSession(provider, stored.record);
      wipe(stored.record);
      if (this.#isOver(session)) {
        home.sessions.delete(sid);
        home.firstMessages.delete(sid);
      } else sessions.push(session);
    }
    this.#book = sessionBook(sessions);
  }

  get count(): number {
    return this.#book.sessions.size;
  }

  /** Grows with every session that begins: what nobody could open before may open now. */
  get starts(): number {
    return this.#starts;
  }

  /** The session that sends to `peerDid`, or `null`. */
  active(peerDid: string): Session | null {
    return activeSession(this.#book, peerDid);
  }

  find(sid: Uint8Array): Session | null {
    return findSession(this.#book, sid);
  }

  /** The session that an envelope belongs to, or `null`. */
  of(envelope: Uint8Array): Session | null {
    return sessionOf(this.#init.provider, this.#book, envelope);
  }

  /** The session with `peerDid` that an envelope belongs to: a peer's garbage is not tried on everybody's sessions. */
  ofPeer(peerDid: string, envelope: Uint8Array): Session | null {
    const theirs = [...this.#book.sessions.values()].filter((session) => session.peerDid === peerDid);
    return sessionOf(this.#init.provider, sessionBook(theirs), envelope);
  }

  /** Nothing more is begun in this session: the two ends have lost each other, or it has no messages left. */
  abandon(sid: Uint8Array): void {
    this.#abandoned.add(sid.toHex());
  }

  /** True for a session in which nothing more can be sent; a new one has to take over. */
  isAbandoned(session: Session): boolean {
    return this.#abandoned.has(session.sid.toHex());
  }

  /** The active session with exactly this identity, as far as a gate may go on with it. */
  resumable(peerDid: string, peerIdFp: Uint8Array): Session | null {
    const session = this.active(peerDid);
    if (session === null || this.isAbandoned(session)) return null;
    // Nobody has proven an identity in it for too long: the gate, where both do, starts a new one.
    if (rekeyNeed(session, 'online', this.#init.clock.nowMs()).isOverdue) return null;
    return equalBytes(session.peerIdFp, peerIdFp) ? session : null;
  }

  /**
   * Takes a new session into the book, stores it and what it replaces, and runs `alongside` in the same transaction.
   * @returns what `alongside` returns
   */
  add<T>(session: Session, alongside: () => T): T {
    const { home, clock } = this.#init;
    const { book, added, replaced, isNewIdentity, erased } = addSession(this.#book, session, clock.nowMs());
    const result = home.transaction(() => {
      this.#store(added);
      if (replaced !== null) this.#store(replaced);
      for (const gone of erased) {
        home.sessions.delete(gone.sid);
        home.firstMessages.delete(gone.sid);
      }
      if (replaced !== null) home.firstMessages.delete(replaced.sid);
      return alongside();
    });
    this.#book = book;
    this.#starts++;
    for (const gone of erased) wipeReplaced(gone, null);
    if (isNewIdentity) this.#init.onNewIdentity(added.peerDid);
    return result;
  }

  /**
   * Stores a session of the gate that the peer may or may not have, without making it the active one: it receives, so
   * that nothing sent in it is lost. {@link activate} or the first message received in it makes it active. The oldest of
   * more than 4 goes.
   */
  hold(session: Session): Session {
    const held = {
      ...session,
      replacedAtMs: this.#init.clock.nowMs(),
      stateVersion: session.stateVersion + 1,
    };
    const others = [...this.#book.sessions.values()].filter(
      (other) => other.peerDid === held.peerDid && isOnHold(other),
    );
    const excess = others
      .toSorted((left, right) => left.createdAtMs - right.createdAtMs)
      .slice(0, Math.max(0, others.length + 1 - maxHeldPerPeer));
    for (const gone of excess) this.erase(gone);
    this.#init.home.transaction(() => this.#store(held));
    this.#book = { sessions: new Map(this.#book.sessions).set(held.sid.toHex(), held) };
    this.#starts++;
    return held;
  }

  /** Makes a session that was on hold the active one; `alongside` runs in the same transaction. */
  activate<T>(held: Session, alongside: () => T): T {
    const before = this.#book;
    this.#book = removeSession(this.#book, held.sid);
    try {
      return this.add({ ...held, replacedAtMs: null, stateVersion: held.stateVersion + 1 }, alongside);
    } catch (error) {
      this.#book = before;
      throw error;
    }
  }

  /** Seals a message, and stores the session (with `alongside`) before the envelope is returned. */
  seal(
    session: Session,
    message: OutgoingMessage,
    route: PaddingRoute,
    options: { readonly sign?: boolean; readonly alongside?: () => void } = {},
  ): Uint8Array<ArrayBuffer> {
    const { provider, clock, ours } = this.#init;
    const sealed = sealMessage(provider, session, message, {
      route,
      nowMs: clock.nowMs(),
      rekeyWith: ours,
      ...(options.sign === true ? { signWith: ours } : {}),
    });
    this.#replace(session, sealed.session, options.alongside ?? (() => {}));
    return sealed.envelope;
  }

  /**
   * Opens an envelope in `session`; `store` gets the message and runs in the transaction that stores the session.
   * @returns what `store` returns
   * @throws SessionError `DECRYPT_FAILED`, and whatever `store` throws; nothing has changed then
   */
  open<T>(
    session: Session,
    envelope: Uint8Array,
    peer: IdentityBlock,
    store: (message: IncomingMessage) => T,
  ): T {
    const { provider, clock } = this.#init;
    const opened = openEnvelope(provider, session, envelope, { nowMs: clock.nowMs(), peer });
    if (isOnHold(session) && this.#takesOver(session)) {
      return this.activate(opened.session, () => store(opened.message));
    }
    return this.#replace(session, opened.session, () => store(opened.message));
  }

  /**
   * Whether a session on hold, now that the peer has shown to have it, becomes the active one: when the peer has decided
   * so, who took it at the gate and compares later ones with it.
   */
  #takesOver(held: Session): boolean {
    const active = this.active(held.peerDid);
    if (active === null) return true;
    return active.origin === 'gate' ? held.initiatedAtMs > active.initiatedAtMs : !supersedes(active, held);
  }

  /** Erases a session, its record and its secrets. */
  erase(session: Session): void {
    const { home } = this.#init;
    home.transaction(() => {
      home.sessions.delete(session.sid);
      home.firstMessages.delete(session.sid);
    });
    this.#book = removeSession(this.#book, session.sid);
    wipeReplaced(session, null);
  }

  /**
   * Our keys have changed: every session only receives from now on, so that what is on its way can still be read, and
   * what is sent next begins a new one. Runs in a transaction of the caller's, if there is one.
   */
  retireAll(): void {
    const nowMs = this.#init.clock.nowMs();
    const retired = Array.from(this.#book.sessions.values(), (session) =>
      session.replacedAtMs === null
        ? { ...session, replacedAtMs: nowMs, stateVersion: session.stateVersion + 1 }
        : session,
    );
    this.#init.home.transaction(() => {
      for (const session of retired) if (session.replacedAtMs === nowMs) this.#store(session);
    });
    this.#book = sessionBook(retired);
  }

  /** Erases what was replaced 7 days ago or not used for 90, and what is below the level that is now the minimum. */
  prune(): void {
    for (const session of this.#book.sessions.values()) {
      if (this.#isOver(session)) this.erase(session);
    }
  }

  #isOver(session: Session): boolean {
    const { clock, policy } = this.#init;
    return isSessionExpired(session, clock.nowMs()) || session.level < policy().minLevel;
  }

  #replace<T>(old: Session, next: Session, alongside: () => T): T {
    const result = this.#init.home.transaction(() => {
      this.#store(next);
      return alongside();
    });
    this.#book = updateSession(this.#book, next);
    wipeReplaced(old, next);
    return result;
  }

  #store(session: Session): void {
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
}

/** A session that we have started at the gate and whose M6 has not come. */
function isOnHold(session: Session): boolean {
  return (
    session.origin === 'gate' &&
    session.role === 'initiator' &&
    !session.isConfirmed &&
    session.replacedAtMs !== null
  );
}

function stateOf(session: Session): SessionState {
  if (session.replacedAtMs !== null) return 'receive-only';
  return session.isConfirmed ? 'active' : 'pending';
}
