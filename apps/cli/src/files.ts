/** Reading what a person names on the command line, bounded, and writing results without surprising anyone. */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { errorText } from '@wotid/core';
import { UsageError } from './usage-error.ts';

const chunkBytes = 65_536;

/**
 * The text of `file`; `-` is standard input.
 * @throws UsageError when it cannot be read or is longer than `maxBytes`
 */
export function readInput(file: string, maxBytes: number): string {
  return Buffer.from(readInputBytes(file, maxBytes)).toString('utf8');
}

/** The bytes of `file`; `-` is standard input. @throws UsageError as {@link readInput} */
export function readInputBytes(file: string, maxBytes: number): Uint8Array {
  let handle: number | undefined;
  try {
    handle = file === '-' ? 0 : openSync(file, 'r');
    // A size is known before reading for real files only; a pipe or a device is read until it is too long.
    const chunks: Uint8Array[] = [];
    for (let total = 0; ;) {
      const chunk = Buffer.alloc(Math.min(maxBytes + 1, chunkBytes));
      const size = readSync(handle, chunk);
      if (size === 0) return Buffer.concat(chunks);
      total += size;
      if (total > maxBytes) throw tooLong(file, maxBytes);
      chunks.push(chunk.subarray(0, size));
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${errorText(error)}`);
  } finally {
    if (handle !== undefined && handle !== 0) closeSync(handle);
  }
}

/**
 * Writes a new file; an existing one is never overwritten.
 * @param mode 0o600 for what only the owner may read
 * @throws UsageError when it exists or cannot be written
 */
export function writeOutput(file: string, text: string, mode = 0o644): void {
  try {
    writeFileSync(file, text.endsWith('\n') ? text : `${text}\n`, { flag: 'wx', mode });
  } catch (error) {
    throw new UsageError(
      (error as NodeJS.ErrnoException).code === 'EEXIST'
        ? `${file} exists already: name another file or remove it`
        : `cannot write ${file}: ${errorText(error)}`,
    );
  }
}

function tooLong(file: string, maxBytes: number): UsageError {
  return new UsageError(`${file} is larger than ${maxBytes} bytes`);
}
