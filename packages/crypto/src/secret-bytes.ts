/**
 * Overwrites secrets with zeros; `null` and `undefined` are skipped. Best effort: the engine may have moved or copied
 * the bytes before.
 */
export function wipe(...secrets: readonly (Uint8Array | null | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}
