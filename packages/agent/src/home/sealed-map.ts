/** Tables that are one sealed value per lookup tag: contacts, issuers, settings, objects, accepted first messages. */
import { blob, type Database, type Row } from './database.ts';
import { corrupt, HomeError } from './home-error.ts';
import type { SealedColumn, Sealer } from './sealer.ts';

/** Settings of a {@link SealedMap}. Names are SQL identifiers of ours, never input. */
export interface SealedMapInit<T> {
  readonly table: string;
  readonly tagColumn: string;
  /** Kind of the tag, see `Sealer.tag`. */
  readonly tagKind: string;
  readonly column: SealedColumn<T>;
  /** The key that is inside a value; it must be the one that the row's tag stands for. */
  readonly keyOf: (value: T) => string | Uint8Array;
  readonly maxRows: number;
  /** Clear columns beside tag and cell, and where their values are in the value. */
  readonly clear?: Readonly<Record<string, (value: T) => number>>;
}

/** A map from keys that do not appear on disk to sealed values. */
export class SealedMap<T> {
  readonly #database: Database;
  readonly #sealer: Sealer;
  readonly #init: SealedMapInit<T>;

  constructor(database: Database, sealer: Sealer, init: SealedMapInit<T>) {
    this.#database = database;
    this.#sealer = sealer;
    this.#init = init;
  }

  get(key: string | Uint8Array): T | undefined {
    const { table, tagColumn } = this.#init;
    const row = this.#database.get(`SELECT * FROM ${table} WHERE ${tagColumn} = ?`, this.#tag(key));
    return row === undefined ? undefined : this.#read(row);
  }

  /** Stores a value under the key inside it. @throws HomeError `LIMIT_REACHED` */
  put(value: T): void {
    const { table, tagColumn, column, clear = {}, maxRows } = this.#init;
    const tag = this.#tag(this.#init.keyOf(value));
    const names = [tagColumn, ...Object.keys(clear), 'sealed'];
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => '?').join()})
         ON CONFLICT DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join()}`,
        tag,
        ...Object.values(clear).map((read) => read(value)),
        column.seal(value, tag),
      );
      if (this.count() > maxRows) {
        throw new HomeError('LIMIT_REACHED', `a home holds ${maxRows} rows of ${table}`, {
          data: { limit: maxRows },
        });
      }
    });
  }

  /** True when there was one. */
  delete(key: string | Uint8Array): boolean {
    const { table, tagColumn } = this.#init;
    return this.#database.run(`DELETE FROM ${table} WHERE ${tagColumn} = ?`, this.#tag(key)).changes > 0;
  }

  /** All values, in no meaningful order. */
  list(): T[] {
    return this.#database.all(`SELECT * FROM ${this.#init.table}`).map((row) => this.#read(row));
  }

  count(): number {
    return this.#database.count(`SELECT count(*) FROM ${this.#init.table}`);
  }

  #tag(key: string | Uint8Array): Uint8Array {
    return this.#sealer.tag(this.#init.tagKind, key);
  }

  #read(row: Row): T {
    const { table, tagColumn, column, keyOf, clear = {} } = this.#init;
    const tag = blob(row[tagColumn]);
    const value = column.open(row['sealed'], tag);
    if (Buffer.compare(this.#tag(keyOf(value)), tag) !== 0) throw corrupt(`a row of ${table}`);
    for (const [name, read] of Object.entries(clear)) {
      if (row[name] !== BigInt(read(value))) throw corrupt(`a row of ${table}`);
    }
    return value;
  }
}
