/** Opens the database that an operator names. */
import type { Database } from './database.ts';
import { DatabaseError } from './database.ts';

/**
 * @param place `postgres://…` for a server, `memory:` for one that is gone with the process, else a folder for an
 *   embedded one
 * @throws DatabaseError
 */
export async function openDatabase(place: string): Promise<Database> {
  if (/^postgres(?:ql)?:/i.test(place)) return (await import('./server.ts')).openServerDatabase(place);
  const { openEmbeddedDatabase } = await import('./embedded.ts');
  if (place === 'memory:') return openEmbeddedDatabase();
  if (/^[a-z][a-z0-9+.-]+:/i.test(place)) {
    throw new DatabaseError('BAD_DATABASE_URL', 'the database URL has a scheme that is not known', {
      hint: 'give postgres://…, memory: or a folder',
    });
  }
  return openEmbeddedDatabase({ folder: place });
}
