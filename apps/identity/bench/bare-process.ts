/**
 * What handing out a one-time pair costs at the least: a bare route that takes whoever asks at their word, and one statement
 * with `FOR UPDATE SKIP LOCKED`, on a database of the same kind. The first line on stdin is its {@link BareOptions}; it
 * prints its URL, and ends when stdin does.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Hono } from 'hono';
import { encodeBase64Url } from '@wotid/credential';
import { silentLogger } from '@wotid/core';
import { listen } from '@wotid/listener';
import { listenerBounds } from '../src/http/limits.ts';
import { openDatabase } from '../src/index.ts';

export interface BareOptions {
  /** As `openDatabase` takes it. */
  readonly databaseUrl: string;
  readonly owners: number;
  readonly pairsPerOwner: number;
  /** Bytes of one pair. */
  readonly pairBytes: number;
}

const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string];
const { databaseUrl, owners, pairsPerOwner, pairBytes } = JSON.parse(line) as BareOptions;
const database = await openDatabase(databaseUrl);
await database.query(
  'CREATE TABLE bare_pair (owner integer, index integer, pair bytea, PRIMARY KEY (owner, index))',
);
await database.query('CREATE INDEX bare_pair_left ON bare_pair (owner, index) WHERE pair IS NOT NULL');
for (let owner = 0; owner < owners; owner++) {
  await database.query(
    `INSERT INTO bare_pair SELECT $1, index, decode(repeat(md5(random()::text), $3), 'hex')
      FROM generate_series(1, $2::integer) AS index`,
    [owner, pairsPerOwner, Math.ceil(pairBytes / 16)],
  );
}
const app = new Hono();
app.post('/claims', async (context) => {
  const { owner } = await context.req.json<{ owner: number }>();
  const [taken] = await database.query<{ pair: Uint8Array }>(
    `WITH picked AS MATERIALIZED (
        SELECT owner, index, pair FROM bare_pair WHERE owner = $1 AND pair IS NOT NULL
          ORDER BY index LIMIT 1 FOR UPDATE SKIP LOCKED)
      UPDATE bare_pair AS row SET pair = NULL FROM picked
        WHERE row.owner = picked.owner AND row.index = picked.index RETURNING picked.pair`,
    [owner],
  );
  return context.json({ pair: taken === undefined ? null : encodeBase64Url(taken.pair) });
});
const listener = await listen({
  host: '127.0.0.1',
  port: 0,
  fetch: (request) => app.fetch(request),
  logger: silentLogger,
  bounds: listenerBounds,
});
console.log(JSON.stringify({ url: listener.url }));
process.stdin.resume().on('end', () => {
  void listener
    .close()
    .then(() => database.close())
    .then(() => process.exit());
});
