/**
 * One process at a time in a folder: an exclusive SQLite lock on an empty file. It is a lock of the operating system on
 * an open file, so it dies with its process. PGlite has none of its own, and two processes would ruin the data.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseError } from './database.ts';

const lockFile = 'lock';

/** A held lock. */
export interface FolderLock {
  release(): void;
}

/** @throws DatabaseError `DATABASE_IN_USE`, `DATABASE_UNAVAILABLE` when the folder is not writable */
export function lockFolder(folder: string): FolderLock {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(folder, lockFile), { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const held = database;
    return { release: () => held.close() };
  } catch (error) {
    database?.close();
    const { errcode } = error as { readonly errcode?: number };
    // SQLITE_BUSY is 5 (sqlite.org/rescode.html).
    if (errcode === 5) {
      throw new DatabaseError('DATABASE_IN_USE', `another process uses the database in ${folder}`, {
        hint: 'stop that process, or ask the running service through its admin API',
        cause: error,
      });
    }
    throw new DatabaseError('DATABASE_UNAVAILABLE', `the database folder ${folder} cannot be used`, {
      hint: 'check that it exists and is writable',
      cause: error,
    });
  }
}
