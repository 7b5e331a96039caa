/**
 * An issuer's keys in the database, so that they can be rotated while the service runs: all instances on one database
 * sign with the same ones, and learn of a rotation before they sign the next time. The private keys lie there sealed with
 * a key of the service's secret, which is not in the database. Former sets stay by their public keys alone.
 */
import { utf8, type Clock } from '@wotid/core';
import {
  createLocalSigner,
  issueKeySuccession,
  maxFormerKeySets,
  type CredentialSigner,
  type SignerHistory,
  type SignerKey,
} from '@wotid/credential';
import { wipe, type CryptoProvider, type SigningKey, type StorageKey } from '@wotid/crypto';
import type { Database, SqlRunner } from '../database/database.ts';
import { migrate } from '../database/migrate.ts';
import { ProblemError } from '../http/problem.ts';
import { KeyFileError } from './key-file.ts';
import { issuerKeysStorage } from './service-secret.ts';

/** Keys change one change at a time; the number is arbitrary, and its own among our advisory locks. */
const keysLock = 0x77_6f_74_06;
const seedBytes = 32;

/** A set of keys, for operators. */
export interface KeySet {
  readonly number: number;
  /** `present` signs, `former` still counts, `retired` counts no longer. */
  readonly state: 'present' | 'former' | 'retired';
  readonly createdAtMs: number;
  readonly retiredAtMs: number | null;
}

/** Notes a change in the transaction that makes it. */
export type NoteChange = (sql: SqlRunner, setNumber: number) => Promise<void>;

interface SetRow extends Record<string, unknown> {
  readonly number: number;
  readonly did: string;
  readonly ed25519: Uint8Array;
  readonly ml_dsa_87: Uint8Array;
  readonly sealed_seeds: Uint8Array | null;
  readonly created_at_ms: bigint;
  readonly retired_at_ms: bigint | null;
}

/**
 * True when the issuer's keys are in the database. Brings it to this version's schema.
 * @throws DatabaseError
 */
export async function hasIssuerKeys(database: Database): Promise<boolean> {
  await migrate(database);
  return (await database.query('SELECT 1 FROM issuer_key_set LIMIT 1')).length > 0;
}

/** A set whose private keys are in memory. */
interface PresentSet extends Disposable {
  readonly signer: CredentialSigner;
}

interface State {
  readonly present: PresentSet;
  readonly formerKeys: readonly (readonly SignerKey[])[];
  readonly succession: number;
}

export interface KeyringInit {
  readonly provider: CryptoProvider;
  /** Borrowed. */
  readonly database: Database;
  /** The service's secret, 32 bytes; copied. */
  readonly secret: Uint8Array;
  /** A DID whose document its owner serves, such as a did:web. */
  readonly did: string;
  readonly clock: Clock;
}

export class IssuerKeyring implements CredentialSigner, Disposable {
  readonly did: string;
  readonly #init: Omit<KeyringInit, 'secret'>;
  readonly #storage: StorageKey;
  #state: State | undefined;
  #refreshing: Promise<void> | undefined;

  private constructor({ secret, ...init }: KeyringInit) {
    this.did = init.did;
    this.#init = init;
    this.#storage = issuerKeysStorage(init.provider, secret);
  }

  /**
   * Opens the keys in the database, and makes the first set where there is none.
   * @throws KeyFileError `ISSUER_CHANGED` when the database belongs to another issuer; CryptoError `CORRUPT` when the keys
   *   were sealed under another secret; DatabaseError
   */
  static async open(init: KeyringInit): Promise<IssuerKeyring> {
    await migrate(init.database);
    const keyring = new IssuerKeyring(init);
    try {
      await init.database.transaction((sql) => keyring.#assertOurs(sql));
      await keyring.refresh();
    } catch (error) {
      keyring[Symbol.dispose]();
      throw error;
    }
    return keyring;
  }

  get keys(): readonly SignerKey[] {
    return this.#now.present.signer.keys;
  }

  get history(): SignerHistory {
    const { formerKeys, succession } = this.#now;
    return { formerKeys, succession, statement: (number) => this.#statement(number) };
  }

  /** Another instance may have rotated: one cheap question, and the keys themselves only when something has changed. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#load().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  sign(key: SignerKey, bytes: Uint8Array): Promise<Uint8Array> {
    const { signer } = this.#now.present;
    if (signer.keys.some(({ kid }) => kid === key.kid)) return signer.sign(key, bytes);
    return Promise.reject(new RangeError(`the key ${key.kid} signs no more`));
  }

  /**
   * Makes a new set, which signs from now on; the private keys of the one before are dropped, what it has signed stays
   * good.
   * @returns number of the new set
   * @throws ProblemError `KEY_SETS_FULL`; DatabaseError
   */
  async rotate(note: NoteChange): Promise<number> {
    const { database, did, clock } = this.#init;
    const made = await database.transaction(async (sql) => {
      const { present, former, succession } = await this.#lock(sql);
      if (former.length >= maxFormerKeySets) {
        throw new ProblemError({
          status: 409,
          code: 'KEY_SETS_FULL',
          detail: `${maxFormerKeySets} former sets of keys still count, which is as many as can`,
          hint: 'retire the oldest once what it has signed has expired: wotid identity keys retire',
        });
      }
      const number = succession + 1;
      const nowMs = clock.nowMs();
      const next = this.#newSet(number);
      using old = this.#open(present);
      const statement = await issueKeySuccession(old.signer, { number, nowMs, next });
      await sql.query('UPDATE issuer_key_set SET sealed_seeds = NULL WHERE number = $1', [present.number]);
      await insertSet(sql, { number, did, nowMs, ...next });
      await insertStatement(sql, number, statement);
      await note(sql, number);
      return number;
    });
    await this.#refreshAfterChange();
    return made;
  }

  /**
   * Ends a former set: what it has signed is not believed any more.
   * @throws ProblemError `NO_KEY_SET`, `KEY_SET_PRESENT`; DatabaseError
   */
  async retire(number: number, note: NoteChange): Promise<void> {
    const { database, clock } = this.#init;
    await database.transaction(async (sql) => {
      const { present, former, succession } = await this.#lock(sql);
      if (number === present.number) {
        throw new ProblemError({
          status: 409,
          code: 'KEY_SET_PRESENT',
          detail: 'this set of keys is the one that signs',
          hint: 'make another one first: wotid identity keys rotate',
        });
      }
      const retiring = former.find((set) => set.number === number);
      if (retiring === undefined) {
        throw new ProblemError({
          status: 404,
          code: 'NO_KEY_SET',
          detail: 'there is no such set of keys, or it is retired already',
        });
      }
      const nowMs = clock.nowMs();
      using by = this.#open(present);
      const statement = await issueKeySuccession(by.signer, {
        number: succession + 1,
        nowMs,
        retired: [retiring.ed25519],
      });
      await sql.query('UPDATE issuer_key_set SET retired_at_ms = $2 WHERE number = $1', [number, nowMs]);
      // Tokens rest on credentials that were verified while the set counted: whoever has another one asks again.
      await sql.query('DELETE FROM directory_token');
      await insertStatement(sql, succession + 1, statement);
      await note(sql, number);
    });
    await this.#refreshAfterChange();
  }

  /** All sets, newest first. */
  async sets(): Promise<readonly KeySet[]> {
    const rows = await this.#init.database.query<SetRow>('SELECT * FROM issuer_key_set ORDER BY number DESC');
    return rows.map((row) => ({
      number: row.number,
      state: row.retired_at_ms !== null ? 'retired' : row.sealed_seeds === null ? 'former' : 'present',
      createdAtMs: Number(row.created_at_ms),
      retiredAtMs: row.retired_at_ms === null ? null : Number(row.retired_at_ms),
    }));
  }

  [Symbol.dispose](): void {
    this.#state?.present[Symbol.dispose]();
    this.#state = undefined;
    this.#storage[Symbol.dispose]();
  }

  /** What is being loaded already may be from before the change. */
  async #refreshAfterChange(): Promise<void> {
    await this.#refreshing;
    await this.refresh();
  }

  get #now(): State {
    if (this.#state === undefined) throw new TypeError('the keyring is closed');
    return this.#state;
  }

  async #load(): Promise<void> {
    const { database } = this.#init;
    const known = this.#state?.succession;
    const [latest] = await database.query<{ succession: number }>(
      'SELECT COALESCE(max(number), 1) AS succession FROM key_succession',
    );
    if (latest?.succession === known) return;
    // One statement sees one moment.
    const rows = await database.query<SetRow & { readonly succession: number }>(
      `SELECT *, (SELECT COALESCE(max(number), 1) FROM key_succession) AS succession
        FROM issuer_key_set WHERE retired_at_ms IS NULL ORDER BY number DESC`,
    );
    const [present, ...former] = rows;
    if (present === undefined) throw changed('it has no keys of an issuer any more');
    const state: State = {
      present: this.#open(present),
      formerKeys: former.map((row) => this.#publicKeys(row)),
      succession: present.succession,
    };
    this.#state?.present[Symbol.dispose]();
    this.#state = state;
  }

  /** The sets that count, which nobody else changes until the transaction ends. */
  async #lock(
    sql: SqlRunner,
  ): Promise<{ readonly present: SetRow; readonly former: readonly SetRow[]; readonly succession: number }> {
    await sql.query('SELECT pg_advisory_xact_lock($1)', [keysLock]);
    const rows = await sql.query<SetRow>(
      'SELECT * FROM issuer_key_set WHERE retired_at_ms IS NULL ORDER BY number DESC',
    );
    const [latest] = await sql.query<{ succession: number }>(
      'SELECT COALESCE(max(number), 1) AS succession FROM key_succession',
    );
    const [present, ...former] = rows;
    if (present === undefined || latest === undefined) throw changed('it has no keys of an issuer any more');
    return { present, former, succession: latest.succession };
  }

  /** The database is this issuer's, or becomes it: credentials that name another one would lose their status lists. */
  async #assertOurs(sql: SqlRunner): Promise<void> {
    const { did, clock } = this.#init;
    await sql.query('SELECT pg_advisory_xact_lock($1)', [keysLock]);
    const [row] = await sql.query<{ did: string }>('SELECT did FROM issuer_key_set LIMIT 1');
    if (row === undefined) {
      const issued = await sql.query('SELECT 1 FROM credential LIMIT 1');
      if (issued.length > 0) throw changed('it has credentials of an issuer whose keys are not in it');
      await insertSet(sql, { number: 1, did, nowMs: clock.nowMs(), ...this.#newSet(1) });
    } else if (row.did !== did) {
      throw changed(`it belongs to ${row.did}, and this would be ${did}`);
    }
  }

  #newSet(number: number): { ed25519: Uint8Array; mlDsa87: Uint8Array; sealedSeeds: Uint8Array } {
    const { provider } = this.#init;
    const seeds = provider.random.bytes(2 * seedBytes);
    try {
      using ed25519 = provider.signFromSecret('ed25519', seeds.subarray(0, seedBytes));
      using mlDsa87 = provider.signFromSecret('ml-dsa-87', seeds.subarray(seedBytes));
      return {
        ed25519: Uint8Array.from(ed25519.publicKey),
        mlDsa87: Uint8Array.from(mlDsa87.publicKey),
        sealedSeeds: this.#storage.seal(seeds, this.#place(number)),
      };
    } finally {
      wipe(seeds);
    }
  }

  #open(row: SetRow): PresentSet {
    const { provider, did } = this.#init;
    if (row.sealed_seeds === null) throw changed('no set of keys in it can sign');
    const seeds = this.#storage.open(row.sealed_seeds, this.#place(row.number));
    let ed25519: SigningKey;
    let mlDsa87: SigningKey;
    try {
      ed25519 = provider.signFromSecret('ed25519', seeds.subarray(0, seedBytes));
      mlDsa87 = provider.signFromSecret('ml-dsa-87', seeds.subarray(seedBytes));
    } finally {
      wipe(seeds);
    }
    const [ed25519KeyId, mlDsa87KeyId] = keyIdsOf(did, row.number);
    return {
      signer: createLocalSigner({ provider, ed25519, mlDsa87, did, ed25519KeyId, mlDsa87KeyId }),
      [Symbol.dispose]: () => {
        ed25519.dispose();
        mlDsa87.dispose();
      },
    };
  }

  #publicKeys(row: SetRow): readonly SignerKey[] {
    const [ed25519KeyId, mlDsa87KeyId] = keyIdsOf(this.did, row.number);
    return [
      { alg: 'EdDSA', kid: ed25519KeyId, publicKey: row.ed25519 },
      { alg: 'ML-DSA-87', kid: mlDsa87KeyId, publicKey: row.ml_dsa_87 },
    ];
  }

  async #statement(number: number): Promise<string | null> {
    const [row] = await this.#init.database.query<{ statement: string }>(
      'SELECT statement FROM key_succession WHERE number = $1',
      [number],
    );
    return row?.statement ?? null;
  }

  /** What sealed seeds are and whose: a set put in another's place does not open. */
  #place(number: number): Uint8Array {
    return utf8(`issuer-keys ${number} ${this.did}`);
  }
}

function keyIdsOf(did: string, number: number): readonly [string, string] {
  return [`${did}#ed25519-${number}`, `${did}#ml-dsa-87-${number}`];
}

async function insertSet(
  sql: SqlRunner,
  set: {
    readonly number: number;
    readonly did: string;
    readonly ed25519: Uint8Array;
    readonly mlDsa87: Uint8Array;
    readonly sealedSeeds: Uint8Array;
    readonly nowMs: number;
  },
): Promise<void> {
  await sql.query(
    `INSERT INTO issuer_key_set (number, did, ed25519, ml_dsa_87, sealed_seeds, created_at_ms)
      VALUES ($1, $2, $3, $4, $5, $6)`,
    [set.number, set.did, set.ed25519, set.mlDsa87, set.sealedSeeds, set.nowMs],
  );
}

async function insertStatement(sql: SqlRunner, number: number, statement: string): Promise<void> {
  await sql.query('INSERT INTO key_succession (number, statement) VALUES ($1, $2)', [number, statement]);
}

function changed(reason: string): KeyFileError {
  return new KeyFileError('ISSUER_CHANGED', `the database is another issuer's: ${reason}`, {
    hint: 'start the service with the --issuer-did and --public-url it had, or with a new database',
  });
}
