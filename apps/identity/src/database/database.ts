/**
 * Storage behind one small port: parameterised SQL on PostgreSQL, embedded in this process or a server. Both drivers
 * give the same values: `int8` is `bigint`, `bytea` is `Uint8Array`, `jsonb` is parsed, the rest as JavaScript has it.
 * No domain lives here.
 */
import { setTimeout } from 'node:timers/promises';
import { WotError } from '@wotid/core';

/** What a statement takes. Objects go to `json` and `jsonb` parameters. */
export type SqlValue = null | boolean | number | bigint | string | Uint8Array | SqlArray | SqlObject;
type SqlArray = readonly SqlValue[];
type SqlObject = { readonly [member: string]: unknown };

/** One row by column name. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** Runs statements: on their own, or inside of a transaction. */
export interface SqlRunner {
  /**
   * Runs one statement with `$1`, `$2` … as its parameters.
   * @throws DatabaseError
   */
  query<Row extends SqlRow>(text: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
}

/** An open database. */
export interface Database extends SqlRunner, AsyncDisposable {
  /** `embedded` lives in this process alone; `server` may be shared by several instances. */
  readonly kind: 'embedded' | 'server';
  /**
   * Runs `work` in one transaction (read committed): all of it or nothing. When the database gives it up for another
   * one (deadlock, serialization), it runs again, up to {@link maxTransactionAttempts} times in all: `work` keeps no
   * state of its own and calls nobody outside.
   * @throws DatabaseError; whatever `work` throws, after rolling back
   */
  transaction<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T>;
  /**
   * The database's own clock, milliseconds since the Unix epoch: the one that all instances on it have in common.
   * @throws DatabaseError
   */
  nowMs(): Promise<number>;
  /** Lets work under way end. Idempotent. */
  close(): Promise<void>;
}

/** A deadlock's other side needs one turn; more than a few in a row are a bug or a drowning server. */
export const maxTransactionAttempts = 5;
/** Two that deadlocked must not meet again at once; longer than a transaction takes. */
const retryStepMs = 20;

/** Codes of {@link DatabaseError}. */
export type DatabaseErrorCode =
  /** The URL names no database that can be opened. */
  | 'BAD_DATABASE_URL'
  /** The folder of an embedded database is open in another process. */
  | 'DATABASE_IN_USE'
  /** No answer, or one too late: try again later. */
  | 'DATABASE_UNAVAILABLE'
  /** A row with the same key is there already. */
  | 'DUPLICATE'
  /** The database was made by a later or another version. */
  | 'SCHEMA_MISMATCH'
  /** A statement was refused for a reason that only a bug of ours explains. */
  | 'BAD_STATEMENT';

/** The database could not do what was asked; nothing of the transaction has happened. */
export class DatabaseError extends WotError<DatabaseErrorCode> {
  /** PostgreSQL's five-character SQLSTATE, when there is one. */
  readonly sqlState: string | undefined;

  constructor(
    code: DatabaseErrorCode,
    message: string,
    init: { readonly hint?: string; readonly cause?: unknown; readonly sqlState?: string | undefined } = {},
  ) {
    super(code, message, {
      ...(init.hint !== undefined && { hint: init.hint }),
      ...(init.cause !== undefined && { cause: init.cause }),
      ...(init.sqlState !== undefined && { data: { sqlState: init.sqlState } }),
    });
    this.sqlState = init.sqlState;
  }
}

/**
 * A driver's failure in our terms. What the statement said and what its values were stay out: both may name people.
 * Source of the classes: PostgreSQL documentation, appendix A.
 */
export function databaseErrorOf(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = (error as { readonly code?: unknown } | null)?.code;
  const sqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
  if (sqlState === '23505') return new DatabaseError('DUPLICATE', 'this is stored already', { sqlState });
  // 08 connection, 53 resources, 57 operator intervention (timeouts, shutdown), 55P03 lock, 40 gave way, 25006 read-only.
  const passes =
    sqlState === undefined ||
    /^(?:08|53|57|40)/.test(sqlState) ||
    sqlState === '55P03' ||
    sqlState === '25006';
  return passes
    ? new DatabaseError('DATABASE_UNAVAILABLE', 'the database does not answer', {
        hint: 'try again later; the operator sees the reason in the log',
        cause: error,
        sqlState,
      })
    : new DatabaseError('BAD_STATEMENT', `the database refused a statement (${sqlState})`, {
        hint: 'this is a defect of the service: please report it',
        cause: error,
        sqlState,
      });
}

/** True when PostgreSQL gave a transaction up for another one. */
export function gaveWay(error: unknown): boolean {
  return error instanceof DatabaseError && (error.sqlState === '40001' || error.sqlState === '40P01');
}

/** Runs `attempt` again while the database gives it up for others, each time a random moment later. */
export async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts >= maxTransactionAttempts || !gaveWay(error)) throw error;
      await setTimeout(Math.random() * attempts * retryStepMs);
    }
  }
}
