/** Databases for tests: each one empty and its own, in this process and, where there is one, on a PostgreSQL server. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { describe } from 'vitest';
import type { Database } from '../src/database/database.ts';
import { openEmbeddedDatabase } from '../src/database/embedded.ts';
import { openServerDatabase } from '../src/database/server.ts';

/** URL of the server that tests may create databases on; see scripts/with-postgres.sh. */
const serverUrl = process.env['WOTID_TEST_POSTGRES'];

/** One database, opened as often as a test wants: several service instances on the same data. */
export interface TestDatabase extends AsyncDisposable {
  readonly kind: Database['kind'];
  /** Opens it once more. An embedded database has one connection, which all share. */
  open(): Promise<Database>;
}

/** Runs `suite` on each kind of database; without a server its part shows as skipped. */
export function describeDatabases(name: string, suite: (create: () => Promise<TestDatabase>) => void): void {
  describe(`${name} (embedded)`, () => suite(createEmbedded));
  describe.skipIf(serverUrl === undefined)(`${name} (PostgreSQL server)`, () => suite(createOnServer));
}

/** An embedded database in memory. */
export async function createEmbedded(): Promise<TestDatabase> {
  const database = await openEmbeddedDatabase({ image: await emptyImage() });
  return {
    kind: 'embedded',
    open: async () => ({
      kind: 'embedded',
      query: (text, values) => database.query(text, values),
      transaction: (work) => database.transaction(work),
      nowMs: () => database.nowMs(),
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }),
    [Symbol.asyncDispose]: () => database.close(),
  };
}

async function createOnServer(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const admin = await openServerDatabase(serverUrl as string);
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl as string);
  url.pathname = `/${name}`;
  const opened: Database[] = [];
  return {
    kind: 'server',
    open: async () => {
      const database = await openServerDatabase(url.href);
      opened.push(database);
      return database;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.close();
    },
  };
}

/** PGlite's data folder after initdb, which takes seconds and always gives the same: made once per installation. */
async function emptyImage(): Promise<Blob> {
  const folder = new URL('../../../node_modules/.cache/wotid/', import.meta.url);
  const { version } = JSON.parse(
    readFileSync(
      fileURLToPath(import.meta.resolve('@electric-sql/pglite')).replace(/dist.*$/, 'package.json'),
      'utf8',
    ),
  ) as { version: string };
  const file = new URL(`pglite-${version}.tar`, folder);
  try {
    return new Blob([readFileSync(file)]);
  } catch {
    const pglite = await PGlite.create();
    const image = await pglite.dumpDataDir('none');
    await pglite.close();
    mkdirSync(folder, { recursive: true });
    const part = new URL(`${file.href}.${process.pid}`);
    writeFileSync(part, new Uint8Array(await image.arrayBuffer()));
    renameSync(part, file);
    return image;
  }
}
