/** Files that survive a crash at any moment, with the modes of a private directory. */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorText } from '@wotid/core';
import { corrupt, HomeError } from './home-error.ts';

/** Only the owner may enter the home and read its files. */
export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

const temporaryMark = '.tmp-';

/** Wraps a failure of the file system. */
export function ioError(what: string, cause: unknown): HomeError {
  return new HomeError('HOME_IO', `${what}: ${errorText(cause)}`, {
    hint: 'check the free space of the disk and who owns the home directory',
    cause,
  });
}

/** Makes `dir` if it is missing and takes away everybody else's access. @throws HomeError `HOME_IO` */
export function preparePrivateDirectory(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: DIRECTORY_MODE });
    if ((statSync(dir).mode & 0o777) !== DIRECTORY_MODE) chmodSync(dir, DIRECTORY_MODE);
  } catch (error) {
    throw ioError(`cannot use the directory ${dir}`, error);
  }
}

/**
 * Replaces `path` by `bytes` such that a crash leaves either the old or the new file: temporary file, fsync, rename,
 * fsync of the directory.
 * @throws HomeError `HOME_IO`; the old file is untouched then
 */
export function writeFileAtomic(path: string, bytes: Uint8Array): void {
  const temporary = `${path}${temporaryMark}${process.pid}`;
  try {
    const fd = openSync(temporary, 'w', FILE_MODE);
    try {
      for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    chmodSync(temporary, FILE_MODE);
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw ioError(`cannot write ${basename(path)}`, error);
  }
}

/** Makes a new empty file readable by its owner only. @throws HomeError `HOME_IO` when it exists or cannot be made */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
    syncDirectory(dirname(path));
  } catch (error) {
    throw ioError(`cannot make ${basename(path)}`, error);
  }
}

/**
 * The bytes of a regular file of at most `maxBytes`, or `undefined` when there is none.
 * @throws HomeError `HOME_CORRUPT` when it is longer or no regular file, `HOME_IO`
 */
export function readSmallFile(path: string, maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw ioError(`cannot read ${basename(path)}`, error);
  }
  try {
    const facts = fstatSync(fd);
    if (!facts.isFile() || facts.size > maxBytes) throw corrupt(basename(path));
    const bytes = new Uint8Array(facts.size);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(fd, bytes, length, bytes.length - length, length);
      if (read === 0) throw corrupt(basename(path));
      length += read;
    }
    return bytes;
  } catch (error) {
    throw error instanceof HomeError ? error : ioError(`cannot read ${basename(path)}`, error);
  } finally {
    closeSync(fd);
  }
}

/** The first `length` bytes of a file, fewer when it is shorter; `undefined` when there is none. @throws HomeError `HOME_IO` */
export function readPrefix(path: string, length: number): Uint8Array | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw ioError(`cannot read ${basename(path)}`, error);
  }
}

/** Removes what a crash inside {@link writeFileAtomic} left. The caller holds the home's lock. */
export function removeLeftovers(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (name.includes(temporaryMark)) rmSync(join(dir, name), { force: true });
  }
}

function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
