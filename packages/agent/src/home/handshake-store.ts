/**
 * What handshakes with a peer have shown and must not be forgotten: the security level that was reached, and the KEM key
 * that the peer has published.
 */
import {
  bcs,
  equalBytes,
  fixedBytesType,
  optionType,
  shortTextType,
  u64Type,
  type BcsType,
} from '@wotid/core';
import type { Database } from './database.ts';
import { badValue, corrupt } from './home-error.ts';
import { MAX_CONTACTS } from './home-limits.ts';
import { SealedMap } from './sealed-map.ts';
import type { Sealer } from './sealer.ts';

/** The last-resort KEM prekey of a publication that was verified. */
export interface PublishedKem {
  /** Whose publication it was: the peer's identity fingerprint, 32 bytes. */
  readonly idFp: Uint8Array;
  /** The publication's number in its mailbox. */
  readonly number: number;
  /** ML-KEM-1024, 1568 bytes. */
  readonly kem: Uint8Array;
  /** When the publication ends, in milliseconds since the Unix epoch. */
  readonly notAfterMs: number;
}

interface SealedHandshakes {
  readonly peer: string;
  /** 0 before the first handshake. */
  readonly level: number;
  readonly published: {
    readonly idFp: Uint8Array;
    readonly number: bigint;
    readonly kem: Uint8Array;
    readonly notAfterMs: bigint;
  } | null;
}

const sealedType = bcs.struct('handshakes', {
  peer: shortTextType,
  level: bcs.u8(),
  published: optionType(
    bcs.struct('published KEM prekey', {
      idFp: fixedBytesType(32),
      number: u64Type,
      kem: fixedBytesType(1_568),
      notAfterMs: u64Type,
    }),
  ),
}) as unknown as BcsType<SealedHandshakes, SealedHandshakes>;

/** The handshake facts of a home, by peer. */
export class HandshakeStore {
  readonly #database: Database;
  readonly #map: SealedMap<SealedHandshakes>;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#map = new SealedMap(database, sealer, {
      table: 'handshake',
      tagColumn: 'peer_tag',
      tagKind: 'peer',
      column: sealer.column('handshake', sealedType, 2_048),
      keyOf: ({ peer }) => peer,
      maxRows: MAX_CONTACTS,
    });
  }

  /** The highest level that a handshake with this DID has reached, or the one that the user has allowed since; `null` before the first. */
  reachedLevel(peer: string): number | null {
    return this.#get(peer).level || null;
  }

  /** Notes a level; a lower one than before changes nothing. Call it in the transaction that stores the session. */
  noteLevel(peer: string, level: number): void {
    this.#database.transaction(() => {
      const known = this.#get(peer);
      if (level > known.level) this.#put({ ...known, level });
    });
  }

  /** Lowers what is asked of a peer, because the user says so. @throws HomeError `BAD_VALUE` above what was reached */
  allowLevel(peer: string, level: number): void {
    this.#database.transaction(() => {
      const known = this.#get(peer);
      if (level > known.level)
        throw badValue('an allowed level', `is at most the one reached, ${known.level}`);
      this.#put({ ...known, level });
    });
  }

  /** The KEM prekey that this identity was last seen to publish, or `null`. */
  publishedKem(peer: string, idFp: Uint8Array): PublishedKem | null {
    const { published } = this.#get(peer);
    if (published === null || !equalBytes(published.idFp, idFp)) return null;
    return {
      ...published,
      number: Number(published.number),
      notAfterMs: Number(published.notAfterMs),
    };
  }

  /** Notes a verified publication; an older one of the same identity changes nothing. */
  notePublishedKem(peer: string, { idFp, number, kem, notAfterMs }: PublishedKem): void {
    this.#database.transaction(() => {
      const known = this.publishedKem(peer, idFp);
      if (known !== null && known.notAfterMs >= notAfterMs) return;
      const published = { idFp, number: BigInt(number), kem, notAfterMs: BigInt(notAfterMs) };
      this.#put({ ...this.#get(peer), published });
    });
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.#map.list();
  }

  #get(peer: string): SealedHandshakes {
    const known = this.#map.get(peer) ?? { peer, level: 0, published: null };
    if (known.level > 3) throw corrupt('a row of handshake');
    return known;
  }

  #put(value: SealedHandshakes): void {
    this.#map.put(value);
  }
}
