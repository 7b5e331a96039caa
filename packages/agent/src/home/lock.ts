/**
 * One process at a time: an exclusive SQLite lock on an empty file. It is a lock of the operating system on an open
 * file, so it dies with its process and a stale file means nothing. (Not for network file systems without locks.)
 */
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorText } from '@wotid/core';
import { FILE_MODE, ioError } from './files.ts';
import { HomeError } from './home-error.ts';
import { isBusy, isCorrupt } from './sqlite-errors.ts';

const lockFile = 'home.lock';
const holderFile = 'home.pid';

/** A held lock. */
export interface HomeLock {
  /** Lets others open the home. Idempotent. */
  release(): void;
}

/**
 * Locks a home directory for this process.
 * @throws HomeError `HOME_LOCKED` with `data.pid` when it is known, `HOME_IO`
 */
export function acquireLock(dir: string): HomeLock {
  const path = join(dir, lockFile);
  const holder = join(dir, holderFile);
  let database: DatabaseSync;
  try {
    writeFileSync(path, '', { flag: 'a', mode: FILE_MODE });
    try {
      database = lock(path);
    } catch (error) {
      // SQLite looks into the file only after it could have been locked: nobody holds it, and it should be empty.
      if (!isCorrupt(error)) throw error;
      truncateSync(path, 0);
      database = lock(path);
    }
  } catch (error) {
    if (!isBusy(error)) throw ioError('cannot lock the home', error);
    const pid = readHolder(holder);
    throw new HomeError(
      'HOME_LOCKED',
      `the home ${dir} is in use${pid === undefined ? '' : ` by process ${pid}`}`,
      { hint: 'stop that process, or use its control socket', data: pid === undefined ? {} : { pid } },
    );
  }
  try {
    writeFileSync(holder, `${process.pid}\n`, { mode: FILE_MODE });
  } catch (error) {
    database.close();
    throw ioError(`cannot write ${holderFile}: ${errorText(error)}`, error);
  }
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      rmSync(holder, { force: true });
      database.close();
    },
  };
}

function lock(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Never committed: the lock lasts as long as the transaction.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function readHolder(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
