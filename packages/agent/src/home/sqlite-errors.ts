import { ioError } from './files.ts';
import { corrupt, HomeError } from './home-error.ts';

/** Primary result codes (sqlite.org/rescode.html). */
const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** True when another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** True when the file is damaged, or no database. Our SQL is fixed, so an error in it means a file it does not fit. */
export function isCorrupt(error: unknown): boolean {
  const code = primaryCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB || code === SQLITE_ERROR;
}

/** An error of SQLite as one of ours; anything else comes back as it is. */
export function databaseError(error: unknown): unknown {
  if (error instanceof HomeError || primaryCode(error) === undefined) return error;
  return isCorrupt(error) ? corrupt('the database', error) : ioError('the database failed', error);
}

function primaryCode(error: unknown): number | undefined {
  const code = (error as { readonly errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}
