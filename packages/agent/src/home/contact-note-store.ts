/**
 * What is to be kept of a contact beside who and where they are: the latest record of theirs that a directory has served,
 * so that it cannot go back, and other keys of theirs that the user has not acknowledged yet.
 */
import { bcs, fixedBytesType, optionType, shortTextType, u64Type, type BcsType } from '@wotid/core';
import type { Database } from './database.ts';
import { MAX_CONTACTS } from './home-limits.ts';
import { SealedMap } from './sealed-map.ts';
import type { Sealer } from './sealer.ts';

/** A contact record that was seen. */
export interface RecordSeen {
  readonly seq: bigint;
  /** SHA-256 of what it says, 32 bytes. */
  readonly digest: Uint8Array;
}

/** A change of a contact's identity block. Fingerprints have 32 bytes. */
export interface KeysNoticed {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly noticedAtMs: number;
}

interface SealedNote {
  readonly did: string;
  readonly record: RecordSeen | null;
  readonly keys: (Omit<KeysNoticed, 'noticedAtMs'> & { readonly noticedAtMs: bigint }) | null;
}

const sealedType = bcs.struct('contact note', {
  did: shortTextType,
  record: optionType(bcs.struct('record seen', { seq: u64Type, digest: fixedBytesType(32) })),
  keys: optionType(
    bcs.struct('keys noticed', {
      before: fixedBytesType(32),
      after: fixedBytesType(32),
      noticedAtMs: u64Type,
    }),
  ),
}) as unknown as BcsType<SealedNote, SealedNote>;

/** The notes of a home, by contact. */
export class ContactNoteStore {
  readonly #database: Database;
  readonly #map: SealedMap<SealedNote>;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#map = new SealedMap(database, sealer, {
      table: 'contact_note',
      tagColumn: 'peer_tag',
      tagKind: 'peer',
      column: sealer.column('contact_note', sealedType, 512),
      keyOf: ({ did }) => did,
      maxRows: MAX_CONTACTS,
    });
  }

  /** The record with the highest seq that was seen of a contact, or `null`. */
  recordSeen(did: string): RecordSeen | null {
    return this.#get(did).record;
  }

  /** Notes a record; one with a lower seq than before changes nothing. */
  noteRecord(did: string, { seq, digest }: RecordSeen): void {
    this.#database.transaction(() => {
      const note = this.#get(did);
      if (note.record === null || seq > note.record.seq) this.#map.put({ ...note, record: { seq, digest } });
    });
  }

  /** The keys of a contact that the user has not acknowledged, or `null`. */
  keysNoticed(did: string): KeysNoticed | null {
    const { keys } = this.#get(did);
    return keys === null ? null : { ...keys, noticedAtMs: Number(keys.noticedAtMs) };
  }

  /** Notes other keys. Until they are acknowledged, `before` stays what the user knows. */
  noteKeys(did: string, { before, after, noticedAtMs }: KeysNoticed): void {
    this.#database.transaction(() => {
      const note = this.#get(did);
      const keys = { before: note.keys?.before ?? before, after, noticedAtMs: BigInt(noticedAtMs) };
      this.#map.put({ ...note, keys });
    });
  }

  /** The user has seen the other keys. */
  acknowledgeKeys(did: string): void {
    this.#database.transaction(() => {
      const note = this.#get(did);
      if (note.keys !== null) this.#map.put({ ...note, keys: null });
    });
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.#map.list();
  }

  #get(did: string): SealedNote {
    return this.#map.get(did) ?? { did, record: null, keys: null };
  }
}
