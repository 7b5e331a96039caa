/** Status lists: an entry for each credential, and the signed lists that say which are revoked. */
import type { Clock } from '@wotid/core';
import {
  issueStatusList,
  minStatusEntries,
  randomStatusIndex,
  StatusBits,
  type CredentialSigner,
  type StatusEntry,
  type StatusListForm,
} from '@wotid/credential';
import { nodeRandom } from '@wotid/crypto';
import { LRUCache } from 'lru-cache';
import type { Database, SqlRunner } from '../database/database.ts';
import { maxStatusListFill, statusListLifetimeMs } from '../issuer/limits.ts';

/** Lists whose signed form is in memory; one has about 20 KB unless much is revoked. */
const maxSignedLists = 256;
/** New lists are opened one at a time; the number is arbitrary, and its own among our advisory locks. */
const listLock = 0x77_6f_74_02;

export interface StatusListsInit {
  readonly database: Database;
  readonly signer: CredentialSigner;
  readonly clock: Clock;
  readonly ttlMs: number;
  /** The service's URL, which a list's URL begins with. */
  readonly publicUrl: () => string;
}

/** The signed forms of a list, and until when they may be handed out. */
interface SignedList {
  readonly version: bigint;
  readonly forms: Readonly<Partial<Record<StatusListForm, string>>>;
  readonly signedAtMs: number;
}

export class StatusLists {
  readonly #init: StatusListsInit;
  readonly #signed = new LRUCache<number, Promise<SignedList>>({ max: maxSignedLists });

  constructor(init: StatusListsInit) {
    this.#init = init;
  }

  /** How long a verifier may go without asking again, milliseconds. */
  get ttlMs(): number {
    return this.#init.ttlMs;
  }

  /** What a credential says about its entry. */
  entry(list: number, index: number): StatusEntry {
    return { statusListCredential: `${this.#init.publicUrl()}/status/${list}`, statusListIndex: index };
  }

  /** Takes a free random entry of a list with room; a new list is opened when there is none. */
  async allocate(sql: SqlRunner): Promise<{ readonly list: number; readonly index: number }> {
    const { id: list, entries } = (await roomyList(sql)) ?? (await openList(sql));
    for (;;) {
      const index = randomStatusIndex(nodeRandom, entries);
      const rows = await sql.query(
        'INSERT INTO status_entry (list, index) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING index',
        [list, index],
      );
      if (rows.length === 0) continue;
      await sql.query('UPDATE status_list SET used = used + 1 WHERE id = $1', [list]);
      return { list, index };
    }
  }

  /** Revokes an entry for good. @returns false when it was revoked before */
  async revoke(sql: SqlRunner, list: number, index: number): Promise<boolean> {
    const rows = await sql.query(
      `UPDATE status_entry SET revoked_at_ms = $3 WHERE list = $1 AND index = $2 AND revoked_at_ms IS NULL
        RETURNING index`,
      [list, index, this.#init.clock.nowMs()],
    );
    if (rows.length === 0) return false;
    await sql.query('UPDATE status_list SET version = version + 1 WHERE id = $1', [list]);
    return true;
  }

  /** A list in its signed forms, with every revocation that is in the database now; `null` when there is no such list. */
  async signed(list: number): Promise<SignedList['forms'] | null> {
    const [row] = await this.#init.database.query<{ version: bigint; entries: number }>(
      'SELECT version, entries FROM status_list WHERE id = $1',
      [list],
    );
    if (row === undefined) return null;
    const nowMs = this.#init.clock.nowMs();
    const known = await this.#signed.get(list)?.catch(() => undefined);
    // Signed anew with each ttl, so that its date tells a verifier that the service still stands behind it.
    if (known?.version === row.version && nowMs < known.signedAtMs + this.#init.ttlMs) return known.forms;
    const signing = this.#sign(list, row.entries, nowMs);
    this.#signed.set(list, signing);
    return (await signing).forms;
  }

  async #sign(list: number, entries: number, nowMs: number): Promise<SignedList> {
    const { database, signer, ttlMs } = this.#init;
    // Version first: a revocation in between makes the list newer than its version, and it is signed once more.
    const { version, revoked } = await database.transaction(async (sql) => {
      const [row] = await sql.query<{ version: bigint }>('SELECT version FROM status_list WHERE id = $1', [
        list,
      ]);
      const rows = await sql.query<{ index: number }>(
        'SELECT index FROM status_entry WHERE list = $1 AND revoked_at_ms IS NOT NULL',
        [list],
      );
      return { version: row?.version ?? 0n, revoked: rows.map(({ index }) => index) };
    });
    const bits = StatusBits.create(entries);
    for (const index of revoked) bits.set(index, true);
    const { statusListCredential: url } = this.entry(list, 0);
    const forms = await issueStatusList(signer, {
      url,
      bits,
      nowMs,
      ttlMs,
      validForMs: statusListLifetimeMs,
    });
    return { version, forms, signedAtMs: nowMs };
  }
}

interface ListRow extends Record<string, unknown> {
  readonly id: number;
  readonly entries: number;
}

async function roomyList(sql: SqlRunner): Promise<ListRow | undefined> {
  const [row] = await sql.query<ListRow>(
    'SELECT id, entries FROM status_list WHERE used < entries * $1::float8 ORDER BY id LIMIT 1',
    [maxStatusListFill],
  );
  return row;
}

async function openList(sql: SqlRunner): Promise<ListRow> {
  await sql.query('SELECT pg_advisory_xact_lock($1)', [listLock]);
  const opened = await roomyList(sql);
  if (opened !== undefined) return opened;
  const [row] = await sql.query<ListRow>(
    'INSERT INTO status_list (entries) VALUES ($1) RETURNING id, entries',
    [minStatusEntries],
  );
  return row as ListRow;
}
