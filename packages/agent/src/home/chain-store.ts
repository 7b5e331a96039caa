/** What must be remembered about the chain: mailbox objects dealt with, and first messages accepted. */
import { bcs, fixedBytesType, shortTextType, u64Type, type BcsType } from '@wotid/core';
import type { Database } from './database.ts';
import { badValue, corrupt } from './home-error.ts';
import { MAX_REMEMBERED_OBJECTS, MAX_REPLAY_ENTRIES } from './home-limits.ts';
import { SealedMap } from './sealed-map.ts';
import type { Sealer } from './sealer.ts';

/** What came of a mailbox object: shown, known before, refused, or not for any key of ours. */
export type ObjectOutcome = 'opened' | 'duplicate' | 'refused' | 'unreadable';

/** A mailbox object that was dealt with and may still be on chain. */
export interface RememberedObject {
  /** 32 bytes. */
  readonly objectId: Uint8Array;
  readonly outcome: ObjectOutcome;
  /** When it was dealt with, in milliseconds since the Unix epoch. */
  readonly notedMs: number;
}

interface SealedObject {
  readonly objectId: Uint8Array;
  readonly outcome: string;
  readonly notedMs: bigint;
}

const outcomes: readonly string[] = ['opened', 'duplicate', 'refused', 'unreadable'];
const objectType = bcs.struct('object', {
  objectId: fixedBytesType(32),
  outcome: shortTextType,
  notedMs: u64Type,
}) as unknown as BcsType<SealedObject, SealedObject>;

/** Mailbox objects dealt with: never opened twice, deleted until they are gone. */
export class ObjectStore {
  readonly #map: SealedMap<SealedObject>;

  constructor(database: Database, sealer: Sealer) {
    this.#map = new SealedMap(database, sealer, {
      table: 'object',
      tagColumn: 'object_tag',
      tagKind: 'object',
      column: sealer.column('object', objectType, 256),
      keyOf: (object) => object.objectId,
      maxRows: MAX_REMEMBERED_OBJECTS,
      clear: { noted_ms: (object) => Number(object.notedMs) },
    });
  }

  /** Remembers an object; call it in the transaction that stores its message. @throws HomeError `LIMIT_REACHED`, `BAD_VALUE` */
  remember({ objectId, outcome, notedMs }: RememberedObject): void {
    if (objectId.length !== 32) throw badValue('an object id', `has 32 bytes, not ${objectId.length}`);
    this.#map.put({ objectId, outcome, notedMs: BigInt(notedMs) });
  }

  get(objectId: Uint8Array): RememberedObject | undefined {
    const object = this.#map.get(objectId);
    return object === undefined ? undefined : remembered(object);
  }

  list(): RememberedObject[] {
    return this.#map.list().map(remembered);
  }

  /** Makes the next look decide anew about what was refused. */
  forgetRefused(): void {
    for (const { objectId, outcome } of this.list()) if (outcome === 'refused') this.forget(objectId);
  }

  /** The object is gone from the chain. True when it was remembered. */
  forget(objectId: Uint8Array): boolean {
    return this.#map.delete(objectId);
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.list();
  }
}

/** An accepted first message. */
export interface AcceptedInit {
  /** H256 of its public part, 32 bytes. */
  readonly hash: Uint8Array;
  /** The session that it opened, 16 bytes. */
  readonly sid: Uint8Array;
  /** When the prekeys it was made for are erased, in milliseconds since the Unix epoch. */
  readonly eraseAtMs: number;
}

interface SealedInit {
  readonly hash: Uint8Array;
  readonly sid: Uint8Array;
  readonly eraseAtMs: bigint;
}

const initType = bcs.struct('accepted first message', {
  hash: fixedBytesType(32),
  sid: fixedBytesType(16),
  eraseAtMs: u64Type,
}) as unknown as BcsType<SealedInit, SealedInit>;

/** First messages accepted under last-resort prekeys: a copy may only reach the session it opened. */
export class ReplayStore {
  readonly #database: Database;
  readonly #map: SealedMap<SealedInit>;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#map = new SealedMap(database, sealer, {
      table: 'replay',
      tagColumn: 'init_tag',
      tagKind: 'init',
      column: sealer.column('replay', initType, 256),
      keyOf: (init) => init.hash,
      maxRows: MAX_REPLAY_ENTRIES,
      clear: { erase_at_ms: (init) => Number(init.eraseAtMs) },
    });
  }

  /**
   * Notes a first message; call it in the transaction that stores its session.
   * @throws HomeError `LIMIT_REACHED`: entries are never evicted early, the message must be refused
   */
  add({ hash, sid, eraseAtMs }: AcceptedInit): void {
    if (hash.length !== 32 || sid.length !== 16)
      throw badValue('an accepted first message', 'has wrong lengths');
    this.#map.put({ hash, sid, eraseAtMs: BigInt(eraseAtMs) });
  }

  /** The session that this first message opened; `undefined` when it is new. */
  sessionOf(hash: Uint8Array): Uint8Array | undefined {
    return this.#map.get(hash)?.sid;
  }

  count(): number {
    return this.#map.count();
  }

  /** Forgets those whose prekeys are erased. Returns how many. */
  prune(nowMs: number): number {
    return this.#database.run('DELETE FROM replay WHERE erase_at_ms <= ?', nowMs).changes;
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.#map.list();
  }
}

function remembered({ objectId, outcome, notedMs }: SealedObject): RememberedObject {
  if (!outcomes.includes(outcome)) throw corrupt('a row of object');
  return { objectId, outcome: outcome as ObjectOutcome, notedMs: Number(notedMs) };
}
