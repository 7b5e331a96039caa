/** Contact records: the latest of each DID. */
import { equalBytes, errorText, type Clock } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { verifyContactRecord, type ContactRecord } from '@wotid/directory';
import type { Database } from '../database/database.ts';
import { ProblemError } from '../http/problem.ts';
import type { Requester } from './tokens.ts';

export interface ContactRecordsInit {
  readonly provider: CryptoProvider;
  readonly database: Database;
  readonly clock: Clock;
}

export class ContactRecords {
  readonly #init: ContactRecordsInit;

  constructor(init: ContactRecordsInit) {
    this.#init = init;
  }

  /**
   * Keeps a record in place of an older one; the same one again changes nothing.
   * @throws ProblemError `BAD_CONTACT_RECORD`, `NOT_YOURS`, `SEQ_CONFLICT`
   */
  async publish(owner: Requester, published: Uint8Array): Promise<void> {
    const { provider, database, clock } = this.#init;
    let record: ContactRecord;
    try {
      record = verifyContactRecord(provider, published, clock.nowMs());
    } catch (error) {
      throw new ProblemError({ status: 400, code: 'BAD_CONTACT_RECORD', detail: errorText(error) });
    }
    if (record.block.did !== owner.did || !equalBytes(record.idFp, owner.idFp)) {
      throw new ProblemError({
        status: 403,
        code: 'NOT_YOURS',
        detail: 'the record is of another identity than the one that asked for the token',
      });
    }
    const rows = await database.query(
      `INSERT INTO directory_contact AS known (did, seq, record, expires_at_ms) VALUES ($1, $2, $3, $4)
        ON CONFLICT (did) DO UPDATE SET seq = $2, record = $3, expires_at_ms = $4
          WHERE known.seq < $2 OR (known.seq = $2 AND known.record = $3) RETURNING did`,
      [owner.did, record.seq, published, record.expiresAtMs],
    );
    if (rows.length > 0) return;
    throw new ProblemError({
      status: 409,
      code: 'SEQ_CONFLICT',
      detail: 'a record with this or a higher seq is here already',
      hint: 'read it, and sign a record with a higher seq',
    });
  }

  /** The latest record of a DID in its published form, or `null`. */
  async find(did: string): Promise<Uint8Array | null> {
    const [row] = await this.#init.database.query<{ record: Uint8Array }>(
      'SELECT record FROM directory_contact WHERE did = $1 AND expires_at_ms > $2',
      [did, this.#init.clock.nowMs()],
    );
    return row?.record ?? null;
  }
}
