/**
 * Sealing of database cells under the master key. Each table has its own key; a cell is bound to its table, column and
 * row, so that cells cannot be swapped. Peers are looked up by a keyed hash: who reads the database without the master
 * key sees how many peers and messages there are and when, not whose or what.
 */
import { createHmac } from 'node:crypto';
import { concatBytes, DecodeError, decodeStrict, u32le, utf8, type BcsType } from '@wotid/core';
import { CryptoError, StorageKey, wipe, type CryptoProvider } from '@wotid/crypto';
import { corrupt } from './home-error.ts';

/** Length of a lookup tag: 2^64 entries until two are expected to meet. */
export const TAG_BYTES = 16;

/** Keys of one home. */
export class Sealer implements Disposable {
  readonly #key: StorageKey;
  readonly #tagKey: Uint8Array;
  readonly #columnKeys: StorageKey[] = [];

  /** @param masterKey 32 bytes; copied */
  constructor(provider: CryptoProvider, masterKey: Uint8Array) {
    this.#key = new StorageKey(provider, masterKey);
    this.#tagKey = provider.hkdfSha512(masterKey, new Uint8Array(0), utf8('wot.id/v1/home/tag'), 32);
  }

  /** The sealing of one column of one table, holding values of `type` of at most `maxBytes` bytes. */
  column<T>(name: string, type: BcsType<T, T>, maxBytes: number): SealedColumn<T> {
    const key = this.#key.derive(`home/${name}`);
    this.#columnKeys.push(key);
    return new SealedColumn(key, name, type, maxBytes);
  }

  /** 16 bytes that stand for `value` in an index: HMAC-SHA-256 under a key of its own, cut. */
  tag(kind: string, value: string | Uint8Array): Uint8Array<ArrayBuffer> {
    const bytes = typeof value === 'string' ? utf8(value) : value;
    const mac = createHmac('sha256', this.#tagKey).update(utf8(kind)).update(Uint8Array.of(0)).update(bytes);
    return new Uint8Array(mac.digest().subarray(0, TAG_BYTES));
  }

  /** Wipes the keys, also those of the columns made from it. */
  [Symbol.dispose](): void {
    for (const key of this.#columnKeys) key[Symbol.dispose]();
    this.#key[Symbol.dispose]();
    wipe(this.#tagKey);
  }
}

/** Seals and opens the cells of one column. */
export class SealedColumn<T> {
  readonly #key: StorageKey;
  readonly #name: string;
  readonly #type: BcsType<T, T>;
  readonly #maxBytes: number;

  constructor(key: StorageKey, name: string, type: BcsType<T, T>, maxBytes: number) {
    this.#key = key;
    this.#name = name;
    this.#type = type;
    this.#maxBytes = maxBytes;
  }

  /** @param row what identifies the row and its version; needed again to open it */
  seal(value: T, ...row: readonly Uint8Array[]): Uint8Array {
    const plaintext = this.#type.serialize(value, { maxSize: this.#maxBytes + 1_024 }).toBytes();
    try {
      return this.#key.seal(plaintext, rowAad(row));
    } finally {
      wipe(plaintext);
    }
  }

  /** @throws HomeError `HOME_CORRUPT` */
  open(sealed: unknown, ...row: readonly Uint8Array[]): T {
    if (!(sealed instanceof Uint8Array)) throw corrupt(`a ${this.#name} row`);
    let plaintext: Uint8Array | undefined;
    try {
      plaintext = this.#key.open(sealed, rowAad(row));
      return decodeStrict(this.#type, plaintext, { what: this.#name, maxBytes: this.#maxBytes + 1_024 });
    } catch (error) {
      const isDamaged =
        error instanceof DecodeError || (error instanceof CryptoError && error.code === 'CORRUPT');
      throw isDamaged ? corrupt(`a ${this.#name} row`, error) : error;
    } finally {
      if (plaintext !== undefined) wipe(plaintext);
    }
  }
}

function rowAad(row: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...row.flatMap((part) => [u32le(part.length), part]));
}
