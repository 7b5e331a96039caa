import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../src/database/database.ts';
import { migrate } from '../src/database/migrate.ts';
import { openDatabase } from '../src/database/open.ts';
import { describeDatabases, type TestDatabase } from './databases.ts';

describeDatabases('database', (create) => {
  let place: TestDatabase;
  let one: Database;
  let other: Database;
  beforeAll(async () => {
    place = await create();
    one = await place.open();
    other = await place.open();
    await one.query('CREATE TABLE counter (name text PRIMARY KEY, value bigint NOT NULL)');
  });
  afterAll(() => place[Symbol.asyncDispose]());
  afterEach(async () => void (await one.query('DELETE FROM counter')));

  it('gives the same values whichever driver', async () => {
    const [row] = await one.query(
      `SELECT $1::bigint AS big, $2::int AS small, $3::bytea AS bytes, $4::jsonb AS json, $5::text[] AS list,
        $6::boolean AS flag, $7::text AS nothing, $8::text AS text`,
      [
        2n ** 53n + 1n,
        7,
        Uint8Array.of(0, 255, 7).subarray(1),
        { a: [1, { b: null }] },
        ['x', 'y'],
        true,
        null,
        "o'x",
      ],
    );
    expect(row).toStrictEqual({
      big: 2n ** 53n + 1n,
      small: 7,
      bytes: Uint8Array.of(255, 7),
      json: { a: [1, { b: null }] },
      list: ['x', 'y'],
      flag: true,
      nothing: null,
      text: "o'x",
    });
  });

  it('does all of a transaction or nothing', async () => {
    const boom = new Error('boom');
    await expect(
      one.transaction(async (sql) => {
        await sql.query('INSERT INTO counter VALUES ($1, 1)', ['a']);
        throw boom;
      }),
    ).rejects.toBe(boom);
    expect(await one.query('SELECT * FROM counter')).toEqual([]);
    expect(
      await one.transaction(async (sql) => {
        await sql.query('INSERT INTO counter VALUES ($1, 1)', ['a']);
        return sql.query('SELECT value FROM counter');
      }),
    ).toEqual([{ value: 1n }]);
    expect(await other.query('SELECT value FROM counter')).toEqual([{ value: 1n }]);
  });

  it('loses no update when two instances add at the same time', async () => {
    await one.query('INSERT INTO counter VALUES ($1, 0)', ['a']);
    const add = (database: Database): Promise<void> =>
      database.transaction(async (sql) => {
        const [row] = await sql.query<{ value: bigint }>(
          'SELECT value FROM counter WHERE name = $1 FOR UPDATE',
          ['a'],
        );
        await sql.query('UPDATE counter SET value = $2 WHERE name = $1', ['a', (row?.value ?? 0n) + 1n]);
      });
    await Promise.all(Array.from({ length: 40 }, (_, index) => add(index % 2 === 0 ? one : other)));
    expect(await one.query('SELECT value FROM counter')).toEqual([{ value: 40n }]);
  });

  it('runs a transaction again that was given up for another', async () => {
    await one.query("INSERT INTO counter VALUES ('a', 0), ('b', 0)");
    let attempts = 0;
    const bothHoldOne = Promise.withResolvers<void>();
    const add = (database: Database, names: readonly [string, string]): Promise<void> =>
      database.transaction(async (sql) => {
        const raise = (name: string): Promise<unknown> =>
          sql.query('UPDATE counter SET value = value + 1 WHERE name = $1', [name]);
        await raise(names[0]);
        if (++attempts === 2) bothHoldOne.resolve();
        // Locks in opposite orders deadlock on a server; in one connection there is one transaction at a time.
        if (database.kind === 'server') await bothHoldOne.promise;
        await raise(names[1]);
      });
    await Promise.all([add(one, ['a', 'b']), add(other, ['b', 'a'])]);
    expect(await one.query('SELECT value FROM counter')).toEqual([{ value: 2n }, { value: 2n }]);
    expect(attempts).toBe(one.kind === 'server' ? 3 : 2);
  });

  it('tells failures apart, and says nothing of the values', async () => {
    await one.query('INSERT INTO counter VALUES ($1, 0)', ['secret-name']);
    const error = await one
      .query('INSERT INTO counter VALUES ($1, 0)', ['secret-name'])
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DUPLICATE', sqlState: '23505' });
    expect(String(error)).not.toContain('secret-name');
    await expect(one.query('SELECT * FROM nowhere')).rejects.toMatchObject({ code: 'BAD_STATEMENT' });
  });

  it('is brought to the schema once, by whoever comes first', async () => {
    const applied = await Promise.all([migrate(one), migrate(other), migrate(one)]);
    const names = applied.flat();
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
    expect(await migrate(other)).toEqual([]);
  });

  it('of a later or a changed version is not touched', async () => {
    await migrate(one);
    await one.query("INSERT INTO migration VALUES ('9999-future.sql', 'ff')");
    await expect(migrate(one)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    await one.query("DELETE FROM migration WHERE name = '9999-future.sql'");
    const [first] = await one.query<{ name: string; hash: string }>(
      'SELECT name, hash FROM migration ORDER BY name LIMIT 1',
    );
    await one.query("UPDATE migration SET hash = 'changed' WHERE name = $1", [first?.name ?? '']);
    await expect(migrate(one)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    await one.query('UPDATE migration SET hash = $2 WHERE name = $1', [first?.name ?? '', first?.hash ?? '']);
  });

  it('applies a whole migration or nothing of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wotid-migrations-'));
    writeFileSync(
      join(folder, '0001-a.sql'),
      'CREATE TABLE fresh (id int);\n-- then\nCREATE TABLE counter (id int);\n',
    );
    try {
      const empty = await create();
      const database = await empty.open();
      await database.query('CREATE TABLE counter (id int)');
      await expect(migrate(database, pathToFileURL(`${folder}/`))).rejects.toMatchObject({
        code: 'BAD_STATEMENT',
      });
      await expect(database.query('SELECT * FROM fresh')).rejects.toMatchObject({ sqlState: '42P01' });
      await empty[Symbol.asyncDispose]();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps its audit log', async () => {
    await migrate(one);
    await one.query(
      "INSERT INTO audit (number, at_ms, operator, action, subject, facts) VALUES (1, 1, 'x', 'y', 'z', '{}')",
    );
    for (const change of ["UPDATE audit SET action = 'other'", 'DELETE FROM audit', 'TRUNCATE audit']) {
      await expect(one.query(change)).rejects.toMatchObject({ sqlState: 'P0001' });
    }
  });
});

describe('database URL', () => {
  it('that leads nowhere is refused, without its password', async () => {
    for (const [url, code] of [
      ['mysql://u:pw-secret@localhost/x', 'BAD_DATABASE_URL'],
      ['postgres://u:pw-secret@127.0.0.1:1/x', 'DATABASE_UNAVAILABLE'],
    ] as const) {
      const error = await openDatabase(url).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code });
      expect(JSON.stringify(error) + String(error)).not.toContain('pw-secret');
    }
  });
});
