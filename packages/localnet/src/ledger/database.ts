/**
 * The ledger's state in a SQLite file: one row for each checkpoint, written in one transaction with a write-ahead log,
 * so that after any end of the process the file has either all of a checkpoint or nothing of it. The process that has
 * it open holds SQLite's exclusive lock, which ends with the process.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { decodeIotaPrivateKey } from '@iota/iota-sdk/cryptography';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { errorText, WotError, type Random } from '@wotid/core';
import { decodeCheckpoint, encodeCheckpoint } from './saved-checkpoint.ts';
import type { CommittedTransaction, Journal, Store } from './store.ts';
import type { Checkpoint } from './types.ts';

/**
 * Codes of {@link DatabaseError}.
 * - `IN_USE`: another process has the database open.
 * - `CORRUPT`: the file is damaged: what it holds contradicts its own digests.
 * - `FOREIGN`: the file is another program's database, or the database is another network's than the seed makes.
 * - `TOO_NEW`: a newer version of this package wrote it.
 * - `CANNOT_OPEN`, `CANNOT_WRITE`: the file system refused; nothing changed.
 */
export type DatabaseErrorCode = 'IN_USE' | 'CORRUPT' | 'FOREIGN' | 'TOO_NEW' | 'CANNOT_OPEN' | 'CANNOT_WRITE';

/** The ledger's database cannot be used. */
export class DatabaseError extends WotError<DatabaseErrorCode> {}

/** Name of the file in the directory that {@link openDatabase} is given. */
export const DATABASE_FILE = 'localnet.sqlite';
/** Marks SQLite files as this package's: "WOTL". */
const APPLICATION_ID = 0x57_4f_54_4c;
/** Version of what the tables hold. */
const SCHEMA_VERSION = 1;

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

export interface LedgerDatabase extends Journal {
  /**
   * Fills an empty store with everything the database has, after checking it.
   * @param random if given, must be the one that the network was begun with
   * @returns the faucet's key, or undefined when the database is empty
   * @throws DatabaseError `CORRUPT`, `FOREIGN`
   */
  load(store: Store, random: Random | undefined): Ed25519Keypair | undefined;
  /** Makes the tables, which become real together with the first checkpoint. */
  create(faucetKey: Ed25519Keypair): void;
}

/**
 * Opens the database in a directory, which is made if it is missing, readable by this user alone.
 * @throws DatabaseError `IN_USE`, `CORRUPT`, `FOREIGN`, `TOO_NEW`, `CANNOT_OPEN`
 */
export function openDatabase(directory: string): LedgerDatabase {
  const file = join(directory, DATABASE_FILE);
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file, { timeout: 0 });
    chmodSync(file, 0o600);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    // Reading alone would not take the lock.
    database.exec('BEGIN IMMEDIATE');
    const isEmpty = checkHeader(database, file);
    database.exec('COMMIT');
    return new SqliteJournal(database, file, isEmpty);
  } catch (error) {
    database?.close();
    throw asDatabaseError(error, file, 'CANNOT_OPEN');
  }
}

/** @returns true when the file has nothing yet */
function checkHeader(database: DatabaseSync, file: string): boolean {
  const application = numberOf(database, 'SELECT application_id AS n FROM pragma_application_id');
  const version = numberOf(database, 'SELECT user_version AS n FROM pragma_user_version');
  const tables = numberOf(database, 'SELECT count(*) AS n FROM sqlite_schema');
  if (application === 0 && version === 0 && tables === 0) return true;
  if (application !== APPLICATION_ID) {
    throw new DatabaseError('FOREIGN', `${file} is the database of another program`, {
      hint: 'Choose another directory.',
    });
  }
  if (version > SCHEMA_VERSION) {
    throw new DatabaseError('TOO_NEW', `${file} has version ${version}, known are up to ${SCHEMA_VERSION}`, {
      hint: 'Use a newer version of this package, or another directory.',
      data: { version, known: SCHEMA_VERSION },
    });
  }
  return false;
}

function numberOf(database: DatabaseSync, query: string): number {
  return Number(database.prepare(query).get()?.['n']);
}

class SqliteJournal implements LedgerDatabase {
  readonly #database: DatabaseSync;
  readonly #file: string;
  #isEmpty: boolean;
  #faucetKey: Ed25519Keypair | undefined;
  #insert: StatementSync | undefined;
  #isClosed = false;

  constructor(database: DatabaseSync, file: string, isEmpty: boolean) {
    this.#database = database;
    this.#file = file;
    this.#isEmpty = isEmpty;
  }

  load(store: Store, random: Random | undefined): Ed25519Keypair | undefined {
    if (this.#isEmpty) return undefined;
    try {
      const secret = this.#database.prepare('SELECT secret FROM faucet').get()?.['secret'];
      if (!(secret instanceof Uint8Array)) throw this.#corrupt('the faucet has no key');
      const key = Ed25519Keypair.fromSecretKey(secret);
      if (random !== undefined && Buffer.compare(random.bytes(32), secret) !== 0) {
        throw new DatabaseError('FOREIGN', `${this.#file} was begun with another seed`, {
          hint: 'Give the seed it was begun with, none at all, or another directory.',
        });
      }
      const rows = this.#database.prepare('SELECT sequence, body FROM checkpoints ORDER BY sequence');
      for (const { sequence, body } of rows.iterate()) this.#restore(store, sequence, body);
      if (store.checkpointCount === 0n) throw this.#corrupt('it has no checkpoints');
      return key;
    } catch (error) {
      throw asDatabaseError(error, this.#file, 'CORRUPT');
    }
  }

  #restore(store: Store, sequence: unknown, body: unknown): void {
    const expected = store.checkpointCount;
    if (sequence !== Number(expected) || !(body instanceof Uint8Array)) {
      throw this.#corrupt(`checkpoint ${expected} is missing`);
    }
    try {
      const { transactions, checkpoint } = decodeCheckpoint(body, {
        previous: expected === 0n ? undefined : store.getCheckpoint(expected - 1n),
        transactionCount: store.transactionCount,
        getAt: (id, version) => store.getAt(id, version),
      });
      store.commit(transactions, checkpoint);
    } catch (cause) {
      throw this.#corrupt(`checkpoint ${expected} is damaged: ${errorText(cause)}`, cause);
    }
  }

  #corrupt(what: string, cause?: unknown): DatabaseError {
    return new DatabaseError('CORRUPT', `${this.#file}: ${what}`, {
      hint: 'Delete the directory to begin a new network, or restore it from a copy.',
      cause,
    });
  }

  create(faucetKey: Ed25519Keypair): void {
    this.#faucetKey = faucetKey;
  }

  append(transactions: readonly CommittedTransaction[], checkpoint: Checkpoint): void {
    const body = encodeCheckpoint(transactions, checkpoint);
    if (this.#isEmpty) {
      this.#atomically(() => {
        this.#createTables();
        this.#write(checkpoint, body);
      });
      this.#isEmpty = false;
    } else {
      this.#atomically(() => this.#write(checkpoint, body));
    }
  }

  #write({ sequence }: Checkpoint, body: Uint8Array): void {
    this.#insert ??= this.#database.prepare('INSERT INTO checkpoints (sequence, body) VALUES (?, ?)');
    this.#insert.run(sequence, body);
  }

  #createTables(): void {
    this.#database.exec(`
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${SCHEMA_VERSION};
      CREATE TABLE faucet (secret BLOB NOT NULL) STRICT;
      CREATE TABLE checkpoints (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    `);
    if (this.#faucetKey === undefined) throw new TypeError('the faucet has no key');
    const { secretKey } = decodeIotaPrivateKey(this.#faucetKey.getSecretKey());
    this.#database.prepare('INSERT INTO faucet (secret) VALUES (?)').run(secretKey);
  }

  truncate(checkpoints: bigint): void {
    this.#atomically(() =>
      this.#database.prepare('DELETE FROM checkpoints WHERE sequence >= ?').run(checkpoints),
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#database.close();
  }

  #atomically(work: () => void): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw asDatabaseError(error, this.#file, 'CANNOT_WRITE');
    }
  }
}

function asDatabaseError(error: unknown, file: string, otherwise: DatabaseErrorCode): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { errcode } = error as { readonly errcode?: unknown };
  const primary = typeof errcode === 'number' ? errcode & 0xff : undefined;
  if (primary === SQLITE_BUSY) {
    return new DatabaseError('IN_USE', `${file} is in use by another process`, {
      hint: 'Stop that network, or choose another directory.',
      cause: error,
    });
  }
  const code = primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB ? 'CORRUPT' : otherwise;
  return new DatabaseError(code, `${file}: ${errorText(error)}`, {
    hint:
      code === 'CORRUPT'
        ? 'Delete the directory to begin a new network, or restore it from a copy.'
        : 'Check that the directory can be written and that the disk has room.',
    cause: error,
  });
}
