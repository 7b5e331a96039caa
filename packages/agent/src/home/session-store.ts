/** Session records: the serialized ratchet states, opaque here. Knows their versions, not their insides. */
import { bcs, bytesType, shortTextType, u64le, u64Type, utf8, type BcsType } from '@wotid/core';
import { blob, integer, safeInteger, type Database, type Row } from './database.ts';
import { assertMaxBytes, badValue, corrupt, HomeError } from './home-error.ts';
import { MAX_SESSION_RECORD_BYTES, MAX_STORED_SESSIONS } from './home-limits.ts';
import type { SealedColumn, Sealer } from './sealer.ts';

/**
 * `receive-only`: replaced by a newer session, kept for messages under way. `abandoned`: nothing is sent in it any more,
 * though no newer one has replaced it yet.
 */
export type SessionState = 'pending' | 'active' | 'receive-only' | 'abandoned';

/** A stored session. */
export interface StoredSession {
  /** Session id, 16 bytes. */
  readonly sid: Uint8Array;
  /** DID of the peer. */
  readonly peer: string;
  /** Grows with every stored change. */
  readonly version: bigint;
  readonly state: SessionState;
  readonly lastUsedMs: number;
  /** The session record, as the session package serialized it. */
  readonly record: Uint8Array;
}

interface Sealed {
  readonly peer: string;
  readonly lastUsedMs: bigint;
  readonly record: Uint8Array;
}

const states: readonly string[] = ['pending', 'active', 'receive-only', 'abandoned'];
const sealedType = bcs.struct('session', {
  peer: shortTextType,
  lastUsedMs: u64Type,
  record: bytesType,
}) as unknown as BcsType<Sealed, Sealed>;

/** The sessions of a home. */
export class SessionStore {
  readonly #database: Database;
  readonly #sealer: Sealer;
  readonly #column: SealedColumn<Sealed>;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#sealer = sealer;
    this.#column = sealer.column('session', sealedType, MAX_SESSION_RECORD_BYTES);
  }

  /**
   * Stores a new session, or a newer state of a known one. The peer of a session never changes.
   * @throws HomeError `STALE_RECORD` when the version is not above the stored one, `LIMIT_REACHED`, `BAD_VALUE`
   */
  put(session: StoredSession): void {
    const { sid, peer, version, state, lastUsedMs, record } = session;
    if (sid.length !== 16) throw badValue('a session id', `has 16 bytes, not ${sid.length}`);
    if (version < 0n || version >= 1n << 63n) throw badValue('a session version', 'is below 2^63');
    assertMaxBytes('the session record', record, MAX_SESSION_RECORD_BYTES);
    this.#database.transaction(() => {
      const known = this.#database.get('SELECT version, peer_tag FROM session WHERE sid = ?', sid);
      const peerTag = this.#sealer.tag('peer', peer);
      if (known === undefined) {
        if (this.count() >= MAX_STORED_SESSIONS) {
          throw new HomeError('LIMIT_REACHED', `a home holds ${MAX_STORED_SESSIONS} sessions`, {
            data: { limit: MAX_STORED_SESSIONS },
          });
        }
      } else if (version <= integer(known['version'])) {
        throw new HomeError('STALE_RECORD', 'the session record is not newer than the stored one', {
          hint: 'two parts of the program work on one session',
          data: { version, stored: integer(known['version']) },
        });
      } else if (Buffer.compare(blob(known['peer_tag']), peerTag) !== 0) {
        throw badValue('the peer of a session', 'cannot change');
      }
      const sealed = this.#column.seal(
        { peer, lastUsedMs: BigInt(lastUsedMs), record },
        ...rowOf(sid, peerTag, version, state),
      );
      this.#database.run(
        `INSERT INTO session (sid, peer_tag, version, state, last_used_ms, sealed) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (sid) DO UPDATE SET version = excluded.version, state = excluded.state,
           last_used_ms = excluded.last_used_ms, sealed = excluded.sealed`,
        sid,
        peerTag,
        version,
        state,
        lastUsedMs,
        sealed,
      );
    });
  }

  /** @throws HomeError `HOME_CORRUPT` */
  get(sid: Uint8Array): StoredSession | undefined {
    const row = this.#database.get('SELECT * FROM session WHERE sid = ?', sid);
    return row === undefined ? undefined : this.#read(row);
  }

  /** Sessions with one peer, most recently used first. */
  ofPeer(peer: string): StoredSession[] {
    return this.#database
      .all(
        'SELECT * FROM session WHERE peer_tag = ? ORDER BY last_used_ms DESC, sid',
        this.#sealer.tag('peer', peer),
      )
      .map((row) => this.#read(row));
  }

  /** Ids of all sessions, most recently used first: the order in which to try an unknown envelope. */
  ids(): Uint8Array[] {
    return this.#database
      .all('SELECT sid FROM session ORDER BY last_used_ms DESC, sid')
      .map((row) => blob(row['sid']));
  }

  count(): number {
    return this.#database.count('SELECT count(*) FROM session');
  }

  /** Erases a session. True when there was one. */
  delete(sid: Uint8Array): boolean {
    return this.#database.run('DELETE FROM session WHERE sid = ?', sid).changes > 0;
  }

  /** Erases all sessions: after a rollback none may be used again. Returns how many there were. */
  deleteAll(): number {
    return this.#database.run('DELETE FROM session').changes;
  }

  /** Erases sessions last used before `beforeMs` (milliseconds since the Unix epoch). Returns how many. */
  pruneUnused(beforeMs: number): number {
    return this.#database.run('DELETE FROM session WHERE last_used_ms < ?', beforeMs).changes;
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    for (const sid of this.ids()) this.get(sid);
  }

  #read(row: Row): StoredSession {
    const state = row['state'];
    if (typeof state !== 'string' || !states.includes(state)) throw corrupt('a session row');
    const sid = blob(row['sid']);
    const version = integer(row['version']);
    const { peer, lastUsedMs, record } = this.#column.open(
      row['sealed'],
      ...rowOf(sid, blob(row['peer_tag']), version, state),
    );
    if (Number(lastUsedMs) !== safeInteger(row['last_used_ms'])) throw corrupt('a session row');
    return { sid, peer, version, state: state as SessionState, lastUsedMs: Number(lastUsedMs), record };
  }
}

const rowOf = (sid: Uint8Array, peerTag: Uint8Array, version: bigint, state: string): Uint8Array[] => [
  sid,
  peerTag,
  u64le(version),
  utf8(state),
];
