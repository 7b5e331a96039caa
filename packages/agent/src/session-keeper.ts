/**
 * The sessions of an agent: which of them sends, what is sealed and opened in them, when they end. Every change is on
 * disk before its ciphertext leaves or its plaintext is shown. Nothing here waits: a step cannot be interleaved with
 * another.
 */
import { equalBytes, isWotError, type Clock } from '@wotid/core';
import type { CryptoProvider, IdentityBlock } from '@wotid/crypto';
import {
  activeSession,
  addSession,
  isSessionExpired,
  openEnvelope,
  rekeyNeed,
  removeSession,
  sealMessage,
  SessionError,
  sessionBook,
  sessionOf,
  supersedes,
  updateSession,
  wipeReplaced,
  type IncomingMessage,
  type OutgoingMessage,
  type OwnIdentity,
  type SealInit,
  type Route as PaddingRoute,
  type SecurityPolicy,
  type Session,
  type SessionFacts,
} from '@wotid/session';
import type { Home } from './home/home.ts';
import { SessionShelf } from './session-shelf.ts';

export interface SessionKeeperInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly ours: OwnIdentity;
  /** Sessions below its minimum level are erased; says whether Falcon counts. */
  readonly policy: () => SecurityPolicy;
  /** The block of a peer by DID and fingerprint, or `null`: whether its Falcon key makes signatures short. */
  readonly blockOf: (did: string, idFp: Uint8Array) => IdentityBlock | null;
  readonly onNotice: (notice: SessionNotice) => void;
}

/** What a session's user should know. */
export interface SessionNotice {
  readonly peer: string;
  /** 16 bytes in hex. */
  readonly sessionId: string;
  /**
   * `new-identity`: the peer has come with other keys than before; `rekey-overdue`: for too long nobody has proven an
   * identity in this session; `keys-disagree`: the two ends have lost each other, or somebody sits between them. After
   * the last two a new session takes over with the next connection.
   */
  readonly kind: 'new-identity' | 'rekey-overdue' | 'keys-disagree';
}

/** What a session answers that can send no more. */
const needsHandshake: ReadonlySet<string> = new Set(['SESSION_EXHAUSTED', 'REKEY_OVERDUE']);

/** How a message is sealed beside its route. */
export interface SealOptions extends Pick<SealInit, 'rekey'> {
  readonly sign?: boolean;
  /** Runs in the transaction that stores the session. */
  readonly alongside?: () => void;
}

/** Sessions of one peer that are on hold: a peer that ends every gate after M5 must not fill the home with them. */
const maxHeldPerPeer = 4;

export class SessionKeeper {
  readonly #init: SessionKeeperInit;
  /** Sessions whose user has been told. */
  readonly #noticed = new Set<string>();
  readonly #shelf: SessionShelf;
  #starts = 0;

  /** Loads every stored session; erases those whose time has come. @throws SessionError `RECORD_INVALID` */
  constructor(init: SessionKeeperInit) {
    this.#init = init;
    const { home, provider, clock } = init;
    this.#shelf = new SessionShelf({ home, provider, clock, isOver: (session) => this.#isOver(session) });
  }

  get count(): number {
    return this.#shelf.count;
  }

  /** Grows with every session that begins: what nobody could open before may open now. */
  get starts(): number {
    return this.#starts;
  }

  /** The session that sends to `peerDid`, or `null`. */
  active(peerDid: string): Session | null {
    this.#shelf.wakePeer(peerDid);
    return activeSession(this.#shelf.book, peerDid);
  }

  find(sid: Uint8Array): Session | null {
    return this.#shelf.find(sid);
  }

  /** The session in memory that an envelope belongs to, or `null`: see {@link wakeFor}. */
  of(envelope: Uint8Array): Session | null {
    return sessionOf(this.#init.provider, this.#shelf.book, envelope);
  }

  /** Brings into memory the sessions that envelopes from the mailbox belong to. */
  wakeFor(envelopes: readonly Uint8Array[]): Promise<void> {
    return this.#shelf.wakeFor(envelopes.filter((envelope) => this.of(envelope) === null));
  }

  /** The session with `peerDid` that an envelope belongs to: a peer's garbage is not tried on everybody's sessions. */
  ofPeer(peerDid: string, envelope: Uint8Array): Session | null {
    this.#shelf.wakePeer(peerDid);
    const theirs = [...this.#shelf.book.sessions.values()].filter((session) => session.peerDid === peerDid);
    return sessionOf(this.#init.provider, sessionBook(theirs), envelope);
  }

  /** Facts of all sessions, most recently used first. */
  facts(): SessionFacts[] {
    return this.#shelf.facts();
  }

  /** Nothing more is begun in this session: the two ends have lost each other, or it has no messages left. */
  abandon(sid: Uint8Array): void {
    this.#shelf.abandon(sid);
  }

  /** True for a session in which nothing more can be sent; a new one has to take over. */
  isAbandoned(session: SessionFacts): boolean {
    return this.#shelf.isAbandoned(session.sid);
  }

  /**
   * True for a session that must not be used online any more: abandoned, or without a proof of identity for too long, of
   * which the user is told.
   */
  isSpent(session: Session): boolean {
    if (this.isAbandoned(session)) return true;
    const { isOverdue } = rekeyNeed(session, 'online', this.#init.clock.nowMs());
    if (isOverdue) this.#notice(session, 'rekey-overdue');
    return isOverdue;
  }

  /** The active session with exactly this identity, as far as a gate may go on with it. */
  resumable(peerDid: string, peerIdFp: Uint8Array): Session | null {
    const session = this.active(peerDid);
    if (session === null || this.isSpent(session)) return null;
    return equalBytes(session.peerIdFp, peerIdFp) ? session : null;
  }

  /**
   * Takes a new session into the book, stores it and what it replaces, and runs `alongside` in the same transaction.
   * @returns what `alongside` returns
   */
  add<T>(session: Session, alongside: () => T): T {
    const { home, clock } = this.#init;
    this.#shelf.wakePeer(session.peerDid);
    const { book, added, replaced, isNewIdentity, erased } = addSession(
      this.#shelf.book,
      session,
      clock.nowMs(),
    );
    const result = home.transaction(() => {
      this.#shelf.store(added);
      if (replaced !== null) this.#shelf.store(replaced);
      for (const gone of erased) this.#shelf.forget(gone.sid);
      if (replaced !== null) home.firstMessages.delete(replaced.sid);
      return alongside();
    });
    this.#shelf.book = book;
    this.#starts++;
    for (const gone of erased) wipeReplaced(gone, null);
    if (isNewIdentity) this.#notice(added, 'new-identity');
    return result;
  }

  /**
   * Stores a session of the gate that the peer may or may not have, without making it the active one: it receives, so
   * that nothing sent in it is lost. {@link activate} or the first message received in it makes it active. The oldest of
   * more than 4 goes.
   */
  hold(session: Session): Session {
    this.#shelf.wakePeer(session.peerDid);
    const held = {
      ...session,
      replacedAtMs: this.#init.clock.nowMs(),
      stateVersion: session.stateVersion + 1,
    };
    const others = [...this.#shelf.book.sessions.values()].filter(
      (other) => other.peerDid === held.peerDid && isOnHold(other),
    );
    const excess = others
      .toSorted((left, right) => left.createdAtMs - right.createdAtMs)
      .slice(0, Math.max(0, others.length + 1 - maxHeldPerPeer));
    for (const gone of excess) this.erase(gone);
    this.#init.home.transaction(() => this.#shelf.store(held));
    this.#shelf.book = { sessions: new Map(this.#shelf.book.sessions).set(held.sid.toHex(), held) };
    this.#starts++;
    return held;
  }

  /** Makes a session that was on hold the active one; `alongside` runs in the same transaction. */
  activate<T>(held: Session, alongside: () => T): T {
    // What wakes now must not be forgotten where the book goes back.
    this.#shelf.wakePeer(held.peerDid);
    const before = this.#shelf.book;
    const former = this.find(held.sid);
    const active = { ...held, replacedAtMs: null, stateVersion: held.stateVersion + 1 };
    this.#shelf.book = removeSession(this.#shelf.book, held.sid);
    let result: T;
    try {
      result = this.add(active, alongside);
    } catch (error) {
      this.#shelf.book = before;
      throw error;
    }
    if (former !== null) wipeReplaced(former, active);
    return result;
  }

  /**
   * Seals a message, and stores the session (with `alongside`) before the envelope is returned.
   * @throws SessionError as `sealMessage` does; a session that can send no more is abandoned, and `SESSION_EXHAUSTED`
   *   from then on
   */
  seal(
    session: Session,
    message: OutgoingMessage,
    route: PaddingRoute,
    options: SealOptions = {},
  ): Uint8Array<ArrayBuffer> {
    const { provider, clock, ours, blockOf } = this.#init;
    // Whoever seals may have waited for something since they looked: in a gate, or for an issuer's answer.
    if (this.isAbandoned(session)) {
      throw new SessionError('SESSION_EXHAUSTED', 'nothing is sent in this session any more', {
        hint: 'connect or send again: that starts a new one',
      });
    }
    const { falcon } = this.#init.policy();
    const { sign, rekey, alongside = () => {} } = options;
    const isShort = route === 'mailbox' && falcon && ours.block.falcon1024 !== null;
    const peer = isShort ? blockOf(session.peerDid, session.peerIdFp) : null;
    try {
      const sealed = sealMessage(provider, session, message, {
        route,
        nowMs: clock.nowMs(),
        rekeyWith: ours,
        ...(sign === true ? { signWith: ours } : {}),
        ...(rekey === undefined ? {} : { rekey }),
        ...(peer === null ? {} : { peer, falcon }),
      });
      this.#replace(session, sealed.session, alongside);
      return sealed.envelope;
    } catch (error) {
      if (isWotError(error) && needsHandshake.has(error.code)) {
        this.abandon(session.sid);
        if (error.code === 'REKEY_OVERDUE') this.#notice(session, 'rekey-overdue');
      }
      throw error;
    }
  }

  /**
   * Opens an envelope that came by `route` in `session`; `store` gets the message and runs in the transaction that stores the session.
   * @returns what `store` returns
   * @throws SessionError `DECRYPT_FAILED`, `PQ_CONFLICT` (the session is abandoned, if it was not replaced), and whatever `store` throws; nothing
   *   has changed then
   */
  open<T>(
    session: Session,
    envelope: Uint8Array,
    peer: IdentityBlock,
    route: PaddingRoute,
    store: (message: IncomingMessage) => T,
  ): T {
    const opened = this.#opened(session, envelope, peer, route);
    if (isOnHold(session) && this.#takesOver(session)) {
      return this.activate(opened.session, () => store(opened.message));
    }
    return this.#replace(session, opened.session, () => store(opened.message));
  }

  #opened(
    session: Session,
    envelope: Uint8Array,
    peer: IdentityBlock,
    route: PaddingRoute,
  ): ReturnType<typeof openEnvelope> {
    const { provider, clock, ours } = this.#init;
    const { falcon } = this.#init.policy();
    try {
      return openEnvelope(provider, session, envelope, {
        nowMs: clock.nowMs(),
        peer,
        route,
        ours: ours.block,
        falcon,
      });
    } catch (error) {
      // Nothing is sent in one that was replaced, so nothing is given up: who has stolen its keys must not end the next.
      if (isWotError(error) && error.code === 'PQ_CONFLICT' && session.replacedAtMs === null) {
        this.abandon(session.sid);
        this.#notice(session, 'keys-disagree');
      }
      throw error;
    }
  }

  /**
   * Whether a session on hold, now that the peer has shown to have it, becomes the active one: when the peer has decided
   * so, who took it at the gate and compares later ones with it. Nothing is sent any more in one of keys that have been
   * replaced since.
   */
  #takesOver(held: Session): boolean {
    if (!equalBytes(held.ourIdFp, this.#init.ours.idFp)) return false;
    const active = this.active(held.peerDid);
    if (active === null) return true;
    return active.origin === 'gate' ? held.initiatedAtMs > active.initiatedAtMs : !supersedes(active, held);
  }

  /** Erases a session, its record and its secrets. */
  erase(session: Session): void {
    this.#shelf.erase(session);
  }

  /**
   * Our keys have changed: every session only receives from now on, so that what is on its way can still be read, and
   * what is sent next begins a new one. Runs in a transaction of the caller's, if there is one.
   */
  retireAll(): void {
    this.#shelf.wakeAll();
    const nowMs = this.#init.clock.nowMs();
    const all = [...this.#shelf.book.sessions.values()];
    const kept = all.filter((session) => session.replacedAtMs !== null);
    const retired = all
      .filter((session) => session.replacedAtMs === null)
      .map((session) => ({ ...session, replacedAtMs: nowMs, stateVersion: session.stateVersion + 1 }));
    this.#init.home.transaction(() => {
      for (const session of retired) this.#shelf.store(session);
    });
    this.#shelf.book = sessionBook([...kept, ...retired]);
  }

  /**
   * Erases what was replaced 7 days ago or not used for 90, and what is below the level that is now the minimum; tells of
   * what is overdue for a signed rekey.
   */
  prune(): void {
    const nowMs = this.#init.clock.nowMs();
    for (const facts of this.facts()) {
      if (this.#isOver(facts)) {
        const session = this.find(facts.sid);
        if (session !== null) this.erase(session);
      } else if (facts.replacedAtMs === null && rekeyNeed(facts, 'online', nowMs).isOverdue) {
        this.#notice(facts, 'rekey-overdue');
      }
    }
  }

  /** Drops from memory what was not used for 30 minutes; the records stay. */
  rest(): void {
    this.#shelf.rest();
  }

  #notice(session: SessionFacts, kind: SessionNotice['kind']): void {
    const key = `${kind} ${session.sid.toHex()}`;
    if (this.#noticed.has(key)) return;
    this.#noticed.add(key);
    this.#init.onNotice({ peer: session.peerDid, sessionId: session.sid.toHex(), kind });
  }

  #isOver(session: SessionFacts): boolean {
    const { clock, policy } = this.#init;
    return isSessionExpired(session, clock.nowMs()) || session.level < policy().minLevel;
  }

  #replace<T>(old: Session, next: Session, alongside: () => T): T {
    const result = this.#init.home.transaction(() => {
      this.#shelf.store(next);
      return alongside();
    });
    this.#shelf.book = updateSession(this.#shelf.book, next);
    wipeReplaced(old, next);
    return result;
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
