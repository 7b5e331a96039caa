/** The register of issued credentials, for operators: look up, revoke. */
import type { Clock } from '@wotid/core';
import type { Database } from '../database/database.ts';
import { lockOn } from '../database/lock-on.ts';
import { ProblemError } from '../http/problem.ts';
import type { StatusLists } from '../status/lists.ts';
import type { Admin } from './admin.ts';

/** Credentials of one page. */
export const credentialPageEntries = 100;

/** An issued credential as the register has it. */
export interface RegisteredCredential {
  readonly id: string;
  readonly format: string;
  readonly subject: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | null;
  readonly revocationReason: string | null;
}

interface CredentialRow extends Record<string, unknown> {
  readonly id: string;
  readonly format: string;
  readonly human_hash: Uint8Array;
  readonly subject_did: string;
  readonly status_list: number;
  readonly status_index: number;
  readonly issued_at_ms: bigint;
  readonly expires_at_ms: bigint;
  readonly revoked_at_ms: bigint | null;
  readonly revocation_reason: string | null;
}

export class CredentialRegister {
  readonly #database: Database;
  readonly #statusLists: StatusLists;
  readonly #admin: Admin;
  readonly #clock: Clock;

  constructor(init: {
    readonly database: Database;
    readonly statusLists: StatusLists;
    readonly admin: Admin;
    readonly clock: Clock;
  }) {
    this.#database = init.database;
    this.#statusLists = init.statusLists;
    this.#admin = init.admin;
    this.#clock = init.clock;
  }

  /**
   * Credentials, newest first.
   * @param filter `before`: issued earlier than this, milliseconds; or then, and after `beforeId` in the order of ids
   */
  async list(filter: {
    readonly subject?: string | undefined;
    readonly before?: number | undefined;
    readonly beforeId?: string | undefined;
  }): Promise<readonly RegisteredCredential[]> {
    const rows = await this.#database.query<CredentialRow>(
      `SELECT * FROM credential WHERE ($1::text IS NULL OR subject_did = $1)
          AND ($2::bigint IS NULL OR issued_at_ms < $2 OR (issued_at_ms = $2 AND id > $3::text))
        ORDER BY issued_at_ms DESC, id LIMIT $4`,
      [filter.subject ?? null, filter.before ?? null, filter.beforeId ?? null, credentialPageEntries],
    );
    return rows.map((row) => ({
      id: row.id,
      format: row.format,
      subject: row.subject_did,
      issuedAtMs: Number(row.issued_at_ms),
      expiresAtMs: Number(row.expires_at_ms),
      revokedAtMs: row.revoked_at_ms === null ? null : Number(row.revoked_at_ms),
      revocationReason: row.revocation_reason,
    }));
  }

  /**
   * Revokes a credential, and what was issued beside it in other formats from the same offer.
   * @returns how many were revoked
   * @throws ProblemError `NO_CREDENTIAL`, `REVOKED_ALREADY`
   */
  revoke(id: string, reason: string, operator: string): Promise<number> {
    return this.#database.transaction(async (sql) => {
      const [row] = await sql.query<CredentialRow>('SELECT * FROM credential WHERE id = $1', [id]);
      if (row === undefined) {
        throw new ProblemError({ status: 404, code: 'NO_CREDENTIAL', detail: 'there is no such credential' });
      }
      const { human_hash: human, status_list: list, status_index: index } = row;
      // Issuance of another format beside it ends before this, or sees it.
      await lockOn(sql, human);
      const revoked = await sql.query(
        `UPDATE credential SET revoked_at_ms = $3, revocation_reason = $4
          WHERE status_list = $1 AND status_index = $2 AND revoked_at_ms IS NULL RETURNING id`,
        [list, index, this.#clock.nowMs(), reason],
      );
      if (!(await this.#statusLists.revoke(sql, list, index))) {
        throw new ProblemError({ status: 409, code: 'REVOKED_ALREADY', detail: 'it is revoked already' });
      }
      await this.#admin.audit(sql, { operator, action: 'credential.revoke', subject: id, facts: { reason } });
      return revoked.length;
    });
  }
}
