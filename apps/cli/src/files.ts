/** Reading what a person names on the command line, bounded, and writing results without surprising anyone. */
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { errorText } from '@wotid/core';
import { UsageError } from './usage-error.ts';

/**
 * The text of `file`; `-` is standard input.
 * @throws UsageError when it cannot be read or is longer than `maxBytes`
 */
export function readInput(file: string, maxBytes: number): string {
  return Buffer.from(readInputBytes(file, maxBytes)).toString('utf8');
}

/** The bytes of `file`; `-` is standard input. @throws UsageError as {@link readInput} */
export function readInputBytes(file: string, maxBytes: number): Uint8Array {
  let bytes: Uint8Array;
  try {
    const handle = file === '-' ? 0 : openSync(file, 'r');
    try {
      // A size is known before reading for real files only; a pipe is checked afterwards.
      const facts = fstatSync(handle);
      if (facts.isFile() && facts.size > maxBytes) throw tooLong(file, maxBytes);
      bytes = readFileSync(handle);
    } finally {
      if (handle !== 0) closeSync(handle);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${errorText(error)}`);
  }
  if (bytes.length > maxBytes) throw tooLong(file, maxBytes);
  return bytes;
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
