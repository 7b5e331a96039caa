/**
 * How often the database was committed, kept beside it. A write-ahead log that lost its end looks to SQLite like one
 * that never had it: the database silently falls back to an earlier commit, and a ratchet would use keys again. The
 * mark is written after each commit, so it is never ahead of what was made durable; a database behind its mark was
 * rolled back.
 *
 * It is flushed when the database is opened and not with every commit: after a power cut it may be behind, which hides
 * nothing that the flushed database has lost.
 * Restoring a whole home, mark included, cannot be noticed from inside it.
 */
import { closeSync, fchmodSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { FILE_MODE, ioError, writeFileAtomic } from './files.ts';

/** 8 bytes of count, then its complement, little-endian. */
const markBytes = 16;
const allOnes = (1n << 64n) - 1n;

/** The open mark of one home. */
export class CommitMark {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens or, when it is missing, makes the file. @throws HomeError `HOME_IO` */
  static open(path: string): CommitMark {
    try {
      try {
        return new CommitMark(openSync(path, 'r+'));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        writeFileAtomic(path, new Uint8Array(0));
        const fd = openSync(path, 'r+');
        fchmodSync(fd, FILE_MODE);
        return new CommitMark(fd);
      }
    } catch (error) {
      throw ioError('cannot open the commit mark', error);
    }
  }

  /** The noted count; `undefined` when the file is new, cut or damaged. */
  read(): bigint | undefined {
    const bytes = new Uint8Array(markBytes + 1);
    if (readSync(this.#fd, bytes, 0, bytes.length, 0) !== markBytes) return undefined;
    const view = new DataView(bytes.buffer);
    const commits = view.getBigUint64(0, true);
    return (commits ^ allOnes) === view.getBigUint64(8, true) ? commits : undefined;
  }

  /** Notes a count, and waits for the disk when `flush` is set. @throws HomeError `HOME_IO` */
  write(commits: bigint, flush: boolean): void {
    const bytes = new Uint8Array(markBytes);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, commits, true);
    view.setBigUint64(8, commits ^ allOnes, true);
    try {
      writeSync(this.#fd, bytes, 0, markBytes, 0);
      if (flush) fsyncSync(this.#fd);
    } catch (error) {
      throw ioError('cannot write the commit mark', error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
