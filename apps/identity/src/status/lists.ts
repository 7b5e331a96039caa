/** Status lists: an entry for each credential, and the signed lists that say which are revoked. */
import type { Clock } from '@wotid/core';
import {
  defaultClockSkewMs,
  issueStatusList,
  minStatusEntries,
  randomStatusIndex,
  signerKey,
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
  /** Says when a revocation was; lists are dated by the database's. */
  readonly clock: Clock;
  readonly ttlMs: number;
  /** The service's URL, which a list's URL begins with. */
  readonly publicUrl: () => string;
}

/** A list's signed forms by name. */
type SignedForms = Readonly<Partial<Record<StatusListForm, string>>>;

/** A list without its bits, and the copy that was signed last. */
interface ListState extends Record<string, unknown> {
  readonly entries: number;
  readonly version: bigint;
  readonly signed_version: bigint | null;
  readonly signed_at_ms: bigint | null;
  readonly signed_kid: string | null;
}

export class StatusLists {
  readonly #init: StatusListsInit;
  /** Signed forms by list, version and time: a copy of what the database has. */
  readonly #forms = new LRUCache<string, SignedForms>({ max: maxSignedLists });
  readonly #signing = new Map<number, Promise<SignedForms>>();

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

  /**
   * A list in its signed forms, with every revocation that is in the database now; `null` when there is no such list.
   * Dated by the database's clock: an instance whose own clock is ahead would sign lists that verifiers refuse as coming
   * from the future, and all others would have to keep to its dates.
   */
  async signed(list: number): Promise<SignedForms | null> {
    const { database, signer } = this.#init;
    await signer.refresh?.();
    const [state, nowMs] = await Promise.all([this.#state(list), database.nowMs()]);
    if (state === undefined) return null;
    if (this.#isCurrent(state, nowMs)) return this.#stored(list, state);
    let signing = this.#signing.get(list);
    if (signing === undefined) {
      signing = this.#signAnew(list).finally(() => this.#signing.delete(list));
      this.#signing.set(list, signing);
    }
    return signing;
  }

  /**
   * Signed anew with each ttl, so that its date tells a verifier that the service still stands behind it, and as soon as
   * other keys sign.
   */
  #isCurrent(state: ListState, nowMs: number): boolean {
    const { version, signed_version: signedVersion, signed_at_ms: signedAtMs, signed_kid: kid } = state;
    if (kid !== this.#kid || signedVersion !== version || signedAtMs === null) return false;
    return nowMs < Number(signedAtMs) + this.#init.ttlMs && !isFromTheFuture(Number(signedAtMs), nowMs);
  }

  get #kid(): string {
    return signerKey(this.#init.signer, 'EdDSA').kid;
  }

  /** Until this instance or another has signed what the list says now, dated no earlier than any copy that is believed. */
  async #signAnew(list: number): Promise<SignedForms> {
    const { database, signer, ttlMs } = this.#init;
    for (;;) {
      await signer.refresh?.();
      const state = (await this.#state(list)) as ListState;
      const databaseMs = await database.nowMs();
      if (this.#isCurrent(state, databaseMs)) return this.#stored(list, state);
      const rows = await database.query<{ index: number }>(
        'SELECT index FROM status_entry WHERE list = $1 AND revoked_at_ms IS NOT NULL',
        [list],
      );
      const bits = StatusBits.create(state.entries);
      for (const { index } of rows) bits.set(index, true);
      const lastMs = Number(state.signed_at_ms ?? 0n);
      // A copy from the future, signed while the database's clock was wrong, was believed by nobody.
      const nowMs = isFromTheFuture(lastMs, databaseMs) ? databaseMs : Math.max(databaseMs, lastMs);
      const { statusListCredential: url } = this.entry(list, 0);
      const kid = this.#kid;
      const forms = await issueStatusList(signer, {
        url,
        bits,
        nowMs,
        ttlMs,
        validForMs: statusListLifetimeMs,
      });
      // The bits may be newer than the version that was read before them; then the list is signed once more, later.
      const kept = await database.query(
        `UPDATE status_list SET signed_version = $2, signed_at_ms = $3, signed_forms = $4::jsonb, signed_kid = $5
          WHERE id = $1 AND COALESCE(signed_version, 0) <= $2 AND (COALESCE(signed_at_ms, 0) <= $3 OR signed_at_ms = $6)
          RETURNING id`,
        [
          list,
          state.version,
          nowMs,
          JSON.stringify(forms),
          kid,
          isFromTheFuture(lastMs, databaseMs) ? lastMs : null,
        ],
      );
      if (kept.length > 0) return forms;
    }
  }

  async #state(list: number): Promise<ListState | undefined> {
    const [row] = await this.#init.database.query<ListState>(
      'SELECT entries, version, signed_version, signed_at_ms, signed_kid FROM status_list WHERE id = $1',
      [list],
    );
    return row;
  }

  async #stored(list: number, state: ListState): Promise<SignedForms> {
    const key = `${list} ${state.signed_version} ${state.signed_at_ms} ${state.signed_kid}`;
    const known = this.#forms.get(key);
    if (known !== undefined) return known;
    const [row] = await this.#init.database.query<{ signed_forms: SignedForms }>(
      'SELECT signed_forms FROM status_list WHERE id = $1',
      [list],
    );
    const forms = row?.signed_forms ?? {};
    this.#forms.set(key, forms);
    return forms;
  }
}

/** Verifiers refuse a list that is dated further ahead of them than clocks may differ. */
function isFromTheFuture(signedAtMs: number, nowMs: number): boolean {
  return signedAtMs > nowMs + defaultClockSkewMs;
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
