/** Operators, their tokens, and the log of what they did. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@wotid/core';
import { encodeBase64Url } from '@wotid/credential';
import { timingSafeEqual } from '@wotid/crypto';
import type { Database, SqlRunner } from '../database/database.ts';
import { sha256 } from '../hash.ts';
import { ProblemError } from '../http/problem.ts';

/** Who may administer. */
export interface Operator {
  readonly name: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
}

/** What an operator, or the command line, did. */
export interface AuditEntry {
  readonly operator: string;
  /** Such as `credential.revoke`. */
  readonly action: string;
  /** Id of what was acted on. */
  readonly subject: string;
  /** Never what identifies a human. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Tokens can be found in code and logs by their beginning. */
const tokenPrefix = 'wotid_';
/** One entry at a time, so that numbers have no gaps; arbitrary, and its own among our advisory locks. */
const auditLock = 0x77_6f_74_04;
/** Entries of one page of the log. */
export const auditPageEntries = 100;

interface OperatorRow extends Record<string, unknown> {
  readonly name: string;
  readonly token_hash: Uint8Array;
  readonly created_at_ms: bigint;
  readonly revoked_at_ms: bigint | null;
}

export class Admin {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /**
   * Makes an operator, and their token: 256 random bits that are stored as a hash alone.
   * @param by who makes it
   * @returns the token, shown this once
   * @throws ProblemError `OPERATOR_EXISTS`
   */
  async createOperator(name: string, by: string): Promise<string> {
    const token = tokenPrefix + encodeBase64Url(randomBytes(32));
    await this.#database.transaction(async (sql) => {
      const rows = await sql.query(
        `INSERT INTO operator (name, token_hash, created_at_ms) VALUES ($1, $2, $3)
          ON CONFLICT (name) DO NOTHING RETURNING name`,
        [name, sha256(token), this.#clock.nowMs()],
      );
      if (rows.length === 0) {
        throw new ProblemError({
          status: 409,
          code: 'OPERATOR_EXISTS',
          detail: 'there is, or was, an operator of this name',
          hint: 'choose another name: the log tells operators apart by it',
        });
      }
      await this.audit(sql, { operator: by, action: 'operator.create', subject: name });
    });
    return token;
  }

  /** Ends an operator's rights for good. @throws ProblemError `NO_OPERATOR` */
  async revokeOperator(name: string, by: string): Promise<void> {
    await this.#database.transaction(async (sql) => {
      const rows = await sql.query(
        'UPDATE operator SET revoked_at_ms = $2 WHERE name = $1 AND revoked_at_ms IS NULL RETURNING name',
        [name, this.#clock.nowMs()],
      );
      if (rows.length === 0) {
        throw new ProblemError({ status: 404, code: 'NO_OPERATOR', detail: 'there is no such operator' });
      }
      await this.audit(sql, { operator: by, action: 'operator.revoke', subject: name });
    });
  }

  async operators(): Promise<readonly Operator[]> {
    const rows = await this.#database.query<OperatorRow>('SELECT * FROM operator ORDER BY name');
    return rows.map((row) => ({
      name: row.name,
      createdAtMs: Number(row.created_at_ms),
      revokedAtMs: row.revoked_at_ms === null ? null : Number(row.revoked_at_ms),
    }));
  }

  /**
   * The operator whose token a request carries.
   * @param authorization the `Authorization` header
   * @throws ProblemError `UNAUTHORIZED`
   */
  async authenticate(authorization: string | undefined): Promise<string> {
    const token = /^Bearer (wotid_[\w-]{43})$/i.exec(authorization ?? '')?.[1];
    if (token !== undefined) {
      const hash = sha256(token);
      const [row] = await this.#database.query<OperatorRow>(
        'SELECT * FROM operator WHERE token_hash = $1 AND revoked_at_ms IS NULL',
        [hash],
      );
      if (row !== undefined && timingSafeEqual(row.token_hash, hash)) return row.name;
    }
    throw new ProblemError({
      status: 401,
      code: 'UNAUTHORIZED',
      detail: 'this needs an operator’s token, and the one given is missing, unknown or revoked',
      hint: 'send Authorization: Bearer …; wotid identity operator makes a token',
      headers: { 'www-authenticate': 'Bearer' },
    });
  }

  /** Notes what is done, in the transaction that does it. */
  async audit(sql: SqlRunner, { operator, action, subject, facts = {} }: AuditEntry): Promise<void> {
    await sql.query('SELECT pg_advisory_xact_lock($1)', [auditLock]);
    await sql.query(
      `INSERT INTO audit (number, at_ms, operator, action, subject, facts)
        SELECT COALESCE(max(number), 0) + 1, $1::bigint, $2::text, $3::text, $4::text, $5::jsonb FROM audit`,
      [this.#clock.nowMs(), operator, action, subject, JSON.stringify(facts)],
    );
  }

  /** A page of the log, oldest first. @param after number of the last entry that is known */
  async auditPage(after: number): Promise<readonly (AuditEntry & { number: number; atMs: number })[]> {
    const rows = await this.#database.query<{
      number: bigint;
      at_ms: bigint;
      operator: string;
      action: string;
      subject: string;
      facts: Record<string, unknown>;
    }>('SELECT * FROM audit WHERE number > $1 ORDER BY number LIMIT $2', [after, auditPageEntries]);
    return rows.map(({ number, at_ms: atMs, operator, action, subject, facts }) => ({
      number: Number(number),
      atMs: Number(atMs),
      operator,
      action,
      subject,
      facts,
    }));
  }
}
