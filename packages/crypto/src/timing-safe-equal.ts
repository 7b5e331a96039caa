import { timingSafeEqual as nodeTimingSafeEqual } from 'node:crypto';

/**
 * Compares two byte strings in time that depends on their lengths alone. Different lengths are unequal: a length is
 * taken to be public.
 */
export function timingSafeEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && nodeTimingSafeEqual(left, right);
}
