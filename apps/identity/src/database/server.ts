/** A PostgreSQL server through `pg`: a bounded pool, and timeouts on both sides so that nothing waits for ever. */
import pg from 'pg';
import {
  databaseErrorOf,
  DatabaseError,
  retrying,
  type Database,
  type SqlRow,
  type SqlRunner,
  type SqlValue,
} from './database.ts';

/** Half of what a fresh PostgreSQL allows is 50; two instances with a pool each and their operator fit. */
const maxPoolConnections = 20;
/** A server that does not answer in this time is down for the one who asks. */
const connectTimeoutMs = 5_000;
/** Our longest statement touches a few rows by key. */
const statementTimeoutMs = 10_000;
/** A holder of a row lock works for milliseconds. */
const lockTimeoutMs = 5_000;
/** A transaction that was left open, by a bug or a lost machine, must not block the others. */
const idleInTransactionTimeoutMs = 10_000;
const idleTimeoutMs = 30_000;

/** Values as the port promises them; everything else as `pg` has it. */
const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: (id, format) => {
    if (id === pg.types.builtins.INT8) return (text: string) => BigInt(text);
    const parse = pg.types.getTypeParser(id, format) as (text: string) => unknown;
    if (id !== pg.types.builtins.BYTEA) return parse;
    return (text: string) => new Uint8Array(parse(text) as Buffer);
  },
};

/**
 * Opens a pool on the server and makes sure that it answers.
 * @param url `postgres://user:password@host:port/database`, with what `pg` understands after `?`
 * @throws DatabaseError `BAD_DATABASE_URL`, `DATABASE_UNAVAILABLE`
 */
export async function openServerDatabase(url: string): Promise<Database> {
  let pool: pg.Pool;
  try {
    pool = new pg.Pool({
      connectionString: url,
      application_name: 'wotid-identity',
      max: maxPoolConnections,
      connectionTimeoutMillis: connectTimeoutMs,
      idleTimeoutMillis: idleTimeoutMs,
      statement_timeout: statementTimeoutMs,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      types: typeParsers,
    });
  } catch (error) {
    throw badUrl(error);
  }
  // A pooled connection that breaks while idle is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => {});
  const database = new ServerDatabase(pool);
  try {
    await database.query('SELECT 1');
    return database;
  } catch (error) {
    await database.close();
    // 28 wrong credentials, 3D no such database: no waiting helps.
    const { sqlState } = error as DatabaseError;
    throw sqlState !== undefined && /^(?:28|3D)/.test(sqlState) ? badUrl(error) : error;
  }
}

/** The URL holds a password, so no part of it is repeated. */
function badUrl(cause: unknown): DatabaseError {
  return new DatabaseError('BAD_DATABASE_URL', 'the database URL cannot be used', {
    hint: 'it looks like postgres://user:password@host:5432/name, and user, password and database must exist',
    cause,
  });
}

class ServerDatabase implements Database {
  readonly kind = 'server';
  readonly #pool: pg.Pool;
  #closing: Promise<void> | undefined;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  query<Row extends SqlRow>(text: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return runOn<Row>(this.#pool, text, values);
  }

  transaction<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T> {
    return retrying(() => this.#once(work));
  }

  async nowMs(): Promise<number> {
    const [row] = await this.query<{ now: bigint }>(
      'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
    );
    return Number(row?.now);
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #once<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw databaseErrorOf(error);
    }
    // A connection whose fate is unknown is not used again.
    let isSound = false;
    // Without a listener a connection that breaks between two statements would end the process.
    const onError = (): void => {};
    client.on('error', onError);
    try {
      await runOn(client, 'BEGIN', []);
      try {
        const result = await work({ query: (text, values = []) => runOn(client, text, values) });
        await runOn(client, 'COMMIT', []);
        isSound = true;
        return result;
      } catch (error) {
        await runOn(client, 'ROLLBACK', []);
        isSound = true;
        throw error;
      }
    } finally {
      client.off('error', onError);
      client.release(!isSound);
    }
  }
}

async function runOn<Row extends SqlRow>(
  runs: pg.Pool | pg.PoolClient,
  text: string,
  values: readonly SqlValue[],
): Promise<readonly Row[]> {
  try {
    const result = await runs.query(text, values.map(toParameter));
    return result.rows as readonly Row[];
  } catch (error) {
    throw databaseErrorOf(error);
  }
}

/** `pg` knows buffers, and would write another view as JSON. */
function toParameter(value: SqlValue): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
