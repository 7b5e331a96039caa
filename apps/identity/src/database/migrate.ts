/**
 * Brings a database to the schema of this version: plain SQL files of `migrations/`, in the order of their names, each
 * once and in one transaction. Several instances may start at the same time; one of them does it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseError, type Database, type SqlRunner } from './database.ts';

/** Holder of this lock migrates; the number is arbitrary, and its own among our advisory locks. */
const migrationLock = 0x77_6f_74_01;

interface Migration {
  readonly name: string;
  readonly text: string;
  /** Hex SHA-256 of `text`. */
  readonly hash: string;
}

/**
 * @returns names of the migrations that this call has applied
 * @throws DatabaseError `SCHEMA_MISMATCH` when the database has migrations that this version does not have, or others
 *   under the same name
 */
export async function migrate(
  database: Database,
  folder: URL = new URL('../../migrations/', import.meta.url),
): Promise<readonly string[]> {
  const known = readMigrations(folder);
  return database.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
    await sql.query(
      `CREATE TABLE IF NOT EXISTS migration (
        name text PRIMARY KEY, hash text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const applied = await appliedOf(sql);
    for (const [name, hash] of applied) {
      const same = known.find((one) => one.name === name);
      if (same === undefined)
        throw mismatch(`it has the migration ${name}, which this version does not know`);
      if (same.hash !== hash) throw mismatch(`its migration ${name} is another one than this version's`);
    }
    const missing = known.filter(({ name }) => !applied.has(name));
    for (const { name, text, hash } of missing) {
      for (const statement of statementsOf(text)) await sql.query(statement);
      await sql.query('INSERT INTO migration (name, hash) VALUES ($1, $2)', [name, hash]);
    }
    return missing.map(({ name }) => name);
  });
}

async function appliedOf(sql: SqlRunner): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.query<{ name: string; hash: string }>('SELECT name, hash FROM migration');
  return new Map(rows.map(({ name, hash }) => [name, hash]));
}

function readMigrations(folder: URL): readonly Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      return { name, text, hash: createHash('sha256').update(text).digest('hex') };
    });
}

/** Our files end each statement with a semicolon at the end of a line, and have none elsewhere at a line's end. */
function statementsOf(text: string): readonly string[] {
  return text
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/--.*$/gm, '').trim() !== '');
}

function mismatch(reason: string): DatabaseError {
  return new DatabaseError('SCHEMA_MISMATCH', `the database does not fit this version: ${reason}`, {
    hint: 'run the version that made it or a later one; an older one never runs on it',
  });
}
