/** Secrets as bytes: made, and overwritten. */
import type { Random } from '@wotid/core';

/**
 * Overwrites secrets with zeros; `null` and `undefined` are skipped. Best effort: the engine may have moved or copied
 * the bytes before.
 */
export function wipe(...secrets: readonly (Uint8Array | null | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

/** What `make` makes of `length` fresh random bytes, which are wiped then: it has to copy what it keeps. */
export function fromRandom<Result>(
  random: Random,
  length: number,
  make: (bytes: Uint8Array) => Result,
): Result {
  const bytes = random.bytes(length);
  try {
    return make(bytes);
  } finally {
    wipe(bytes);
  }
}
