/** PostgreSQL in this process (PGlite), in memory or in a folder. One connection: statements and transactions queue. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite, types, type PGliteOptions } from '@electric-sql/pglite';
import { systemClock } from '@wotid/core';
import {
  databaseErrorOf,
  DatabaseError,
  retrying,
  type Database,
  type SqlRow,
  type SqlRunner,
  type SqlValue,
} from './database.ts';
import { lockFolder } from './folder-lock.ts';

/** Settings of {@link openEmbeddedDatabase}. */
export interface EmbeddedDatabaseInit {
  /** Folder that keeps it, made if it is missing; default: in memory. */
  readonly folder?: string;
  /** A copy of a data folder to start from instead of an empty database, for tests. */
  readonly image?: Blob;
}

const parsers = { [types.INT8]: (text: string): bigint => BigInt(text) };

/**
 * Opens an embedded database. It survives the death of its process at any point. PGlite does not wait for the disk
 * itself: after a power cut the last moments may be missing, and who cannot have that uses a PostgreSQL server.
 * @throws DatabaseError `DATABASE_IN_USE` when another process has the folder, `DATABASE_UNAVAILABLE`
 */
export async function openEmbeddedDatabase(init: EmbeddedDatabaseInit = {}): Promise<Database> {
  const { folder, image } = init;
  if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = folder === undefined ? undefined : lockFolder(folder);
  const options: PGliteOptions = { parsers };
  if (folder !== undefined) options.dataDir = join(folder, 'pgdata');
  if (image !== undefined) options.loadDataDir = image;
  try {
    return new EmbeddedDatabase(await PGlite.create(options), () => lock?.release());
  } catch (error) {
    lock?.release();
    throw new DatabaseError('DATABASE_UNAVAILABLE', 'the embedded database does not start', {
      hint: 'its folder may be damaged, full or not writable: see the cause, restore a backup',
      cause: error,
    });
  }
}

type Runs = Pick<PGlite, 'query'>;

class EmbeddedDatabase implements Database {
  readonly kind = 'embedded';
  readonly #pglite: PGlite;
  readonly #onClosed: () => void;
  #closing: Promise<void> | undefined;

  constructor(pglite: PGlite, onClosed: () => void) {
    this.#pglite = pglite;
    this.#onClosed = onClosed;
  }

  query<Row extends SqlRow>(text: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return runOn<Row>(this.#pglite, text, values);
  }

  transaction<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T> {
    return retrying(() =>
      this.#guarded(() =>
        this.#pglite.transaction((transaction) =>
          work({ query: (text, values = []) => runOn(transaction, text, values) }),
        ),
      ),
    );
  }

  /** It lives in this process, and has its clock. */
  async nowMs(): Promise<number> {
    return systemClock.nowMs();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** PGlite answers calls after its end with plain errors. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw databaseErrorOf(new Error('the database is closed'));
    return work();
  }

  async #close(): Promise<void> {
    try {
      // Closing does not wait for what is queued; one more transaction does.
      await this.#pglite.transaction(async () => {});
      await this.#pglite.close();
    } finally {
      this.#onClosed();
    }
  }
}

async function runOn<Row extends SqlRow>(
  runs: Runs,
  text: string,
  values: readonly SqlValue[],
): Promise<readonly Row[]> {
  try {
    const { rows } = await runs.query<Row>(text, [...values]);
    return rows;
  } catch (error) {
    throw databaseErrorOf(error);
  }
}
