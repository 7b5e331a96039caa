/** Locks on what has no row of its own to lock. */
import type { SqlRunner } from './database.ts';

/**
 * Waits until nobody else in a transaction works on what these bytes stand for, and holds it until the own one ends.
 * @param hash a hash of it, 8 bytes or more; two that share the first 8 wait for each other, nothing more
 */
export async function lockOn(sql: SqlRunner, hash: Uint8Array): Promise<void> {
  const key = new DataView(hash.buffer, hash.byteOffset).getBigInt64(0);
  await sql.query('SELECT pg_advisory_xact_lock($1)', [key]);
}
