import { timingSafeEqual as nodeTimingSafeEqual } from 'node:crypto';

/**
 * Compares two byte strings in time that depends on their lengths alone. Different lengths are unequal: a length is
 * taken to be public.
 */
export function timingSafeEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && nodeTimingSafeEqual(left, right);
}

/**
 * Overwrites secrets with zeros; `null` and `undefined` are skipped. Best effort: the engine may have moved or copied
 * the bytes before.
 */
export function wipe(...secrets: readonly (Uint8Array | null | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}
