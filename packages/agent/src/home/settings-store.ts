/** Settings by name: network, package and mailbox ids, the own credential. Names are in clear, values sealed. */
import { bytesType, fromUtf8, utf8 } from '@wotid/core';
import type { Database } from './database.ts';
import { assertMaxBytes, badValue, corrupt, HomeError } from './home-error.ts';
import { MAX_SETTING_BYTES, MAX_SETTINGS } from './home-limits.ts';
import type { SealedColumn, Sealer } from './sealer.ts';

const namePattern = /^[a-z][a-z0-9.-]{0,63}$/;

/** The settings of a home. */
export class SettingsStore {
  readonly #database: Database;
  readonly #column: SealedColumn<Uint8Array>;

  constructor(database: Database, sealer: Sealer) {
    this.#database = database;
    this.#column = sealer.column('setting', bytesType, MAX_SETTING_BYTES);
  }

  /** A text setting; `undefined` when it was never set. @throws HomeError `HOME_CORRUPT` also when it is no text */
  get(name: string): string | undefined {
    const bytes = this.getBytes(name);
    try {
      return bytes === undefined ? undefined : fromUtf8(bytes);
    } catch (error) {
      throw corrupt(`the setting ${name}`, error);
    }
  }

  getBytes(name: string): Uint8Array | undefined {
    const row = this.#database.get('SELECT sealed FROM setting WHERE name = ?', name);
    return row === undefined ? undefined : this.#column.open(row['sealed'], utf8(name));
  }

  /**
   * Sets several settings at once; `undefined` removes one.
   * @throws HomeError `BAD_VALUE`, `LIMIT_REACHED`; nothing has changed then
   */
  set(values: Readonly<Record<string, string | Uint8Array | undefined>>): void {
    this.#database.transaction(() => {
      for (const [name, value] of Object.entries(values)) this.#put(name, value);
    });
  }

  /** Names of all settings, sorted. */
  names(): string[] {
    return this.#database.all('SELECT name FROM setting ORDER BY name').map((row) => String(row['name']));
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    for (const name of this.names()) this.getBytes(name);
  }

  #put(name: string, value: string | Uint8Array | undefined): void {
    if (!namePattern.test(name))
      throw badValue('a setting name', 'has lower-case letters, digits, dots and hyphens');
    if (value === undefined) {
      this.#database.run('DELETE FROM setting WHERE name = ?', name);
      return;
    }
    const bytes = typeof value === 'string' ? utf8(value) : value;
    assertMaxBytes(`the setting ${name}`, bytes, MAX_SETTING_BYTES);
    this.#database.run(
      'INSERT INTO setting (name, sealed) VALUES (?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed',
      name,
      this.#column.seal(bytes, utf8(name)),
    );
    if (this.#database.count('SELECT count(*) FROM setting') > MAX_SETTINGS) {
      throw new HomeError('LIMIT_REACHED', `a home holds ${MAX_SETTINGS} settings`, {
        data: { limit: MAX_SETTINGS },
      });
    }
  }
}
