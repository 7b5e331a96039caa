/** Private keys of prekey publications, opaque here, until the day they are to be erased. */
import { bcs, bytesType, u32le, u64Type, type BcsType } from '@wotid/core';
import { blob, safeInteger, type Database, type Row } from './database.ts';
import { assertMaxBytes, badValue, corrupt, HomeError } from './home-error.ts';
import { MAX_PREKEY_RECORD_BYTES, MAX_PREKEY_RECORDS } from './home-limits.ts';
import type { SealedColumn, Sealer } from './sealer.ts';

/** The private keys of one publication. */
export interface StoredPrekeys {
  /** Number of the publication, u32. */
  readonly number: number;
  /** When they are erased, in milliseconds since the Unix epoch. */
  readonly eraseAtMs: number;
  readonly record: Uint8Array;
}

interface Sealed {
  readonly eraseAtMs: bigint;
  readonly record: Uint8Array;
}

const sealedType = bcs.struct('prekeys', {
  eraseAtMs: u64Type,
  record: bytesType,
}) as unknown as BcsType<Sealed, Sealed>;

/** The private prekeys of a home. */
export class PrekeyStore {
  readonly #database: Database;
  readonly #column: SealedColumn<Sealed>;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#column = sealer.column('prekey', sealedType, MAX_PREKEY_RECORD_BYTES);
  }

  /** Stores the keys of a publication; those of the same number are replaced. @throws HomeError `LIMIT_REACHED`, `BAD_VALUE` */
  put({ number, eraseAtMs, record }: StoredPrekeys): void {
    if (!Number.isInteger(number) || number < 0 || number >= 2 ** 32)
      throw badValue('a prekey number', 'is a u32');
    assertMaxBytes('the prekey record', record, MAX_PREKEY_RECORD_BYTES);
    this.#database.transaction(() => {
      const sealed = this.#column.seal({ eraseAtMs: BigInt(eraseAtMs), record }, u32le(number));
      this.#database.run(
        `INSERT INTO prekey (number, erase_at_ms, sealed) VALUES (?, ?, ?)
         ON CONFLICT (number) DO UPDATE SET erase_at_ms = excluded.erase_at_ms, sealed = excluded.sealed`,
        number,
        eraseAtMs,
        sealed,
      );
      if (this.#database.count('SELECT count(*) FROM prekey') > MAX_PREKEY_RECORDS) {
        throw new HomeError('LIMIT_REACHED', `a home holds ${MAX_PREKEY_RECORDS} prekey publications`, {
          data: { limit: MAX_PREKEY_RECORDS },
        });
      }
    });
  }

  get(number: number): StoredPrekeys | undefined {
    const row = this.#database.get('SELECT * FROM prekey WHERE number = ?', number);
    return row === undefined ? undefined : this.#read(row);
  }

  /** All of them, newest number first. */
  list(): StoredPrekeys[] {
    return this.#database.all('SELECT * FROM prekey ORDER BY number DESC').map((row) => this.#read(row));
  }

  /** Erases those whose day has come. Returns how many. */
  prune(nowMs: number): number {
    return this.#database.run('DELETE FROM prekey WHERE erase_at_ms <= ?', nowMs).changes;
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.list();
  }

  #read(row: Row): StoredPrekeys {
    const number = safeInteger(row['number']);
    if (number < 0 || number >= 2 ** 32) throw corrupt('a prekey row');
    const { eraseAtMs, record } = this.#column.open(blob(row['sealed']), u32le(number));
    if (Number(eraseAtMs) !== safeInteger(row['erase_at_ms'])) throw corrupt('a prekey row');
    return { number, eraseAtMs: Number(eraseAtMs), record };
  }
}
