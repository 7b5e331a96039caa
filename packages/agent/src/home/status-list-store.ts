/**
 * The last signed answer of each status list: what was newest is known after a restart, and who has no network can
 * still tell for a while who is revoked.
 */
import { bcs, bytesType, fromUtf8, u64Type, utf8, type BcsType } from '@wotid/core';
import type { StatusListStore, StoredStatusList } from '@wotid/credential';
import type { Database } from './database.ts';
import { MAX_STATUS_LIST_BYTES, MAX_STATUS_LISTS } from './home-limits.ts';
import { SealedMap } from './sealed-map.ts';
import type { Sealer } from './sealer.ts';

interface SealedList {
  readonly url: Uint8Array;
  readonly text: Uint8Array;
  readonly fetchedAtMs: bigint;
}

const sealedType = bcs.struct('status list', {
  url: bytesType,
  text: bytesType,
  fetchedAtMs: u64Type,
}) as unknown as BcsType<SealedList, SealedList>;

/** The status lists of a home, by URL. */
export class StatusListCache implements StatusListStore {
  readonly #map: SealedMap<SealedList>;

  constructor(database: Database, sealer: Sealer) {
    this.#map = new SealedMap(database, sealer, {
      table: 'status_list',
      tagColumn: 'list_tag',
      tagKind: 'status-list',
      column: sealer.column('status-list', sealedType, MAX_STATUS_LIST_BYTES),
      keyOf: ({ url }) => url,
      maxRows: MAX_STATUS_LISTS,
    });
  }

  get(url: string): StoredStatusList | undefined {
    const found = this.#map.get(utf8(url));
    return found === undefined
      ? undefined
      : { text: fromUtf8(found.text), fetchedAtMs: Number(found.fetchedAtMs) };
  }

  /** Keeps an answer; the oldest of too many goes, and one that is too large is not kept. */
  put(url: string, { text, fetchedAtMs }: StoredStatusList): void {
    const key = utf8(url);
    const list = { url: key, text: utf8(text), fetchedAtMs: BigInt(fetchedAtMs) };
    if (list.text.length + key.length + 64 > MAX_STATUS_LIST_BYTES) {
      this.#map.delete(key);
      return;
    }
    if (this.#map.get(key) === undefined && this.#map.count() >= MAX_STATUS_LISTS) {
      const oldest = this.#map.list().toSorted((a, b) => Number(a.fetchedAtMs - b.fetchedAtMs))[0];
      if (oldest !== undefined) this.#map.delete(oldest.url);
    }
    this.#map.put(list);
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.#map.list();
  }
}
