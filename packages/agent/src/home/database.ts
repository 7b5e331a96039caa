/**
 * The database file of a home: opening with checks, migrations, transactions. Knows tables by SQL text alone.
 *
 * Write-ahead log with `synchronous = FULL`: when a transaction returns, it survives a power cut. The locking mode is
 * exclusive, so there is no shared-memory file; one process at a time is made sure of by the home's lock.
 */
import { basename } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { CommitMark } from './commit-mark.ts';
import { createPrivateFile, readPrefix } from './files.ts';
import { corrupt, HomeError } from './home-error.ts';
import { APPLICATION_ID, migrations } from './schema.ts';
import { databaseError } from './sqlite-errors.ts';
import { tooNew } from './vault.ts';

const MAGIC = 'SQLite format 3\0';

/** A row: integers are `bigint`, blobs `Uint8Array`. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** What ties a database to its vault. */
export interface DatabaseBinding {
  /** The sealed cell of a new database. */
  seal(): Uint8Array;
  /** @throws HomeError `HOME_CORRUPT` when the cell is not of this home */
  check(sealed: unknown): void;
}

/** Runs in the transaction that makes a rolled-back database the present one. */
export type RollbackRepair = (database: Database) => void;

/** An open database. */
export class Database {
  readonly #sqlite: DatabaseSync;
  readonly #mark: CommitMark;
  readonly #statements = new Map<string, StatementSync>();
  #commits = 0n;
  #depth = 0;
  #changed = false;

  private constructor(sqlite: DatabaseSync, mark: CommitMark) {
    this.#sqlite = sqlite;
    this.#mark = mark;
  }

  /** Makes the file and its tables. @throws HomeError `HOME_IO` */
  static create(path: string, markPath: string, binding: DatabaseBinding): Database {
    createPrivateFile(path);
    const database = Database.#connect(path, markPath);
    database.#guard(() => {
      database.#sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      database.#migrate(0);
      database.run('INSERT INTO home (id, commits, sealed) VALUES (1, 0, ?)', binding.seal());
      database.#mark.write(database.#commits, true);
    });
    return database;
  }

  /**
   * Opens an existing file, checks it as a whole, and brings it to the present version.
   * @param repair called when the database is behind its mark, to change what must not be reused; without it such a
   *   database is refused
   * @throws HomeError `HOME_CORRUPT`, `HOME_TOO_NEW`, `ROLLED_BACK`, `HOME_IO`; the file is as it was then
   */
  static open(
    path: string,
    markPath: string,
    binding: DatabaseBinding,
    repair: RollbackRepair | undefined,
  ): Database {
    assertDatabaseFile(path);
    const database = Database.#connect(path, markPath);
    return database.#guard(() => {
      const version = database.#pragma('user_version');
      if (database.#pragma('application_id') !== BigInt(APPLICATION_ID) || version < 1n) {
        throw corrupt(basename(path));
      }
      if (version > BigInt(migrations.length)) throw tooNew('database');
      if (schemaOf(database.#sqlite) !== expectedSchema(Number(version))) throw corrupt(basename(path));
      const findings = database.all('PRAGMA integrity_check(1)');
      if (findings.length !== 1 || findings[0]?.['integrity_check'] !== 'ok') throw corrupt(basename(path));
      const home = database.get('SELECT commits, sealed FROM home WHERE id = 1');
      binding.check(home?.['sealed']);
      const commits = integer(home?.['commits']);
      const mark = database.#mark.read();
      const isBehind = mark === undefined || commits < mark;
      if (isBehind && repair === undefined) {
        throw new HomeError('ROLLED_BACK', 'the database is older than the last state of this home', {
          hint: 'its sessions must not be used again: open it with --accept-rollback (acceptRollback) to drop them and keep the rest',
          data: { commits, expected: mark ?? null },
        });
      }
      database.#migrate(Number(version));
      database.transaction(() => {
        if (isBehind) repair?.(database);
        database.#changed = true;
      });
      database.#mark.write(database.#commits, true);
      return database;
    });
  }

  /**
   * Runs `work` in one transaction: all of it is on disk when this returns, or nothing of it after a throw. Inside
   * another transaction it becomes part of that one. `work` is synchronous.
   * @throws whatever `work` throws; HomeError `HOME_IO`, `HOME_CORRUPT`
   */
  transaction<T>(work: () => T): T {
    const outermost = this.#depth === 0;
    const savepoint = `nested_${this.#depth}`;
    this.#exec(outermost ? 'BEGIN IMMEDIATE' : `SAVEPOINT ${savepoint}`);
    this.#depth++;
    if (outermost) this.#changed = false;
    try {
      const result = work();
      if (result instanceof Promise) {
        result.catch(() => {});
        throw new TypeError('a transaction cannot wait for a promise');
      }
      const commits = outermost && this.#changed ? this.#countCommit() : undefined;
      this.#exec(outermost ? 'COMMIT' : `RELEASE ${savepoint}`);
      if (commits !== undefined) this.#note(commits);
      return result;
    } catch (error) {
      // A failing disk may have ended the transaction already.
      if (this.#sqlite.isTransaction) {
        this.#exec(outermost ? 'ROLLBACK' : `ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
      }
      throw databaseError(error);
    } finally {
      this.#depth--;
    }
  }

  /** One changing statement; outside a transaction it is one. @returns the number of changed rows and the last rowid */
  run(
    sql: string,
    ...values: readonly SQLInputValue[]
  ): { readonly changes: number; readonly lastRowid: bigint } {
    if (this.#depth === 0) return this.transaction(() => this.run(sql, ...values));
    this.#changed = true;
    const { changes, lastInsertRowid } = this.#guarded(() => this.#statement(sql).run(...values));
    return { changes: Number(changes), lastRowid: BigInt(lastInsertRowid) };
  }

  /** The first row, or `undefined`. */
  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#guarded(() => this.#statement(sql).get(...values));
  }

  /** All rows. */
  all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#guarded(() => this.#statement(sql).all(...values));
  }

  /** The number that `SELECT count(*) …` gives. */
  count(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(integer(Object.values(this.get(sql, ...values) ?? {})[0]));
  }

  /** Writes the log into the file and closes both. Idempotent. */
  close(): void {
    if (!this.#sqlite.isOpen) return;
    this.#statements.clear();
    this.#sqlite.close();
    this.#mark.close();
  }

  static #connect(path: string, markPath: string): Database {
    let sqlite: DatabaseSync | undefined;
    try {
      sqlite = new DatabaseSync(path, { timeout: 0, readBigInts: true, defensive: true });
      // secure_delete overwrites erased prekeys and old session states in the file.
      sqlite.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA secure_delete = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA trusted_schema = OFF;
        PRAGMA cell_size_check = ON;
        PRAGMA foreign_keys = ON;
      `);
      return new Database(sqlite, CommitMark.open(markPath));
    } catch (error) {
      sqlite?.close();
      throw databaseError(error);
    }
  }

  /** Closes the database when `work` fails. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.close();
      throw databaseError(error);
    }
  }

  #migrate(from: number): void {
    for (const [version, sql] of migrations.entries()) {
      if (version < from) continue;
      this.#exec('BEGIN IMMEDIATE');
      try {
        this.#sqlite.exec(`${sql}; PRAGMA user_version = ${version + 1}`);
        this.#exec('COMMIT');
      } catch (error) {
        if (this.#sqlite.isTransaction) this.#exec('ROLLBACK');
        throw error;
      }
    }
  }

  #countCommit(): bigint {
    const row = this.get('UPDATE home SET commits = commits + 1 WHERE id = 1 RETURNING commits');
    return integer(row?.['commits']);
  }

  #note(commits: bigint): void {
    this.#commits = commits;
    try {
      this.#mark.write(commits, false);
    } catch {
      // The commit stands; a mark that is behind only notices less.
    }
  }

  #pragma(name: string): bigint {
    return integer(this.get(`PRAGMA ${name}`)?.[name]);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #exec(sql: string): void {
    this.#guarded(() => this.#sqlite.exec(sql));
  }

  #guarded<T>(work: () => T): T {
    if (!this.#sqlite.isOpen) throw new HomeError('HOME_CLOSED', 'the home is closed');
    try {
      return work();
    } catch (error) {
      throw databaseError(error);
    }
  }
}

/** All tables and indexes as text: a damaged or planted schema (a trigger) is no schema of ours. */
function schemaOf(sqlite: DatabaseSync): string {
  const rows = sqlite
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name')
    .all();
  return JSON.stringify(rows);
}

function expectedSchema(version: number): string {
  const sqlite = new DatabaseSync(':memory:');
  try {
    for (const sql of migrations.slice(0, version)) sqlite.exec(sql);
    return schemaOf(sqlite);
  } finally {
    sqlite.close();
  }
}

/**
 * Looks at the header before SQLite does, which would write one into an empty file and rewrite that of another mode
 * (sqlite.org/fileformat2.html section 1.3: magic, at 18 and 19 the versions, 2 = write-ahead log).
 */
function assertDatabaseFile(path: string): void {
  const header = readPrefix(path, 100);
  if (header === undefined) throw corrupt(`${basename(path)} (it is missing)`);
  const isWal = header[18] === 2 && header[19] === 2;
  if (header.length < 100 || Buffer.from(header.subarray(0, 16)).toString('latin1') !== MAGIC || !isWal) {
    throw corrupt(basename(path));
  }
}

/** An integer cell. @throws HomeError `HOME_CORRUPT` */
export function integer(value: unknown): bigint {
  if (typeof value !== 'bigint') throw corrupt('a number in the database');
  return value;
}

/** An integer cell as a number, such as a time in milliseconds. @throws HomeError `HOME_CORRUPT` */
export function safeInteger(value: unknown): number {
  const number = Number(integer(value));
  if (!Number.isSafeInteger(number)) throw corrupt('a number in the database');
  return number;
}

/** A blob cell. @throws HomeError `HOME_CORRUPT` */
export function blob(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw corrupt('a byte string in the database');
  return value;
}
