/**
 * Prekeys: publications as they stand on chain, and the one-time pairs that they sign. A publication is not taken from
 * whoever asks but read from its mailbox, so that the directory has no other head than the chain.
 */
import { errorText, isWotError, type Clock } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { verifyOneTimePair, verifyPrekeys, type PrekeyPublication } from '@wotid/session';
import type { Database, SqlRow, SqlRunner } from '../database/database.ts';
import { ProblemError } from '../http/problem.ts';
import type { Requester } from './tokens.ts';

/** The chain as the directory needs it. */
export interface PrekeyAnchor {
  /** Identifier of the chain: publications of another one are refused. */
  readonly chainId: string;
  /**
   * What stands in a mailbox now, or `null` before its first publication.
   * @param mailboxId `0x` and 64 hex digits
   * @throws WotError `NOT_A_MAILBOX`, `WRONG_PACKAGE` when there is no such mailbox of the expected contract; anything
   *   else when the chain cannot be read
   */
  readPrekeys(mailboxId: string): Promise<{ readonly number: bigint; readonly bytes: Uint8Array } | null>;
}

export interface DirectoryPrekeysInit {
  readonly provider: CryptoProvider;
  readonly database: Database;
  readonly clock: Clock;
  readonly anchor: PrekeyAnchor;
}

/** What is here of somebody's pairs. */
export interface PairsLeft {
  readonly number: number | null;
  readonly left: number;
}

interface PrekeysRow extends SqlRow {
  readonly mailbox_id: string;
  readonly number: bigint;
  readonly ot_count: number;
  readonly ot_root: Uint8Array;
}

export class DirectoryPrekeys {
  readonly #init: DirectoryPrekeysInit;

  constructor(init: DirectoryPrekeysInit) {
    this.#init = init;
  }

  /**
   * Reads the owner's publication from their mailbox and keeps it in place of an older one, whose pairs go.
   * @throws ProblemError `NOT_A_MAILBOX`, `WRONG_PACKAGE`, `NO_PREKEYS`, `PREKEYS_REFUSED`, `PREKEYS_OUTDATED`,
   *   `CHAIN_UNAVAILABLE`
   */
  async publish(owner: Requester, mailboxId: string): Promise<PairsLeft> {
    const { publication, bytes } = await this.#read(owner, mailboxId);
    const { number, notBeforeMs, notAfterMs, otCount, otRoot } = publication;
    return this.#init.database.transaction(async (sql) => {
      // Numbers count within one mailbox; a new mailbox begins anew, and its owner's own dates tell which came later.
      const rows = await sql.query(
        `INSERT INTO directory_prekeys AS known
            (did, mailbox_id, number, prekeys, ot_count, ot_root, not_before_ms, not_after_ms)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
          ON CONFLICT (did) DO UPDATE SET mailbox_id = $2, number = $3, prekeys = $4, ot_count = $5, ot_root = $6,
              not_before_ms = $7, not_after_ms = $8
            WHERE CASE WHEN known.mailbox_id <> $2 THEN known.not_before_ms < $7
              ELSE known.number < $3 OR known.prekeys = $4 END
          RETURNING did`,
        [owner.did, mailboxId, number, bytes, otCount, otRoot, notBeforeMs, notAfterMs],
      );
      if (rows.length === 0) {
        throw new ProblemError({
          status: 409,
          code: 'PREKEYS_OUTDATED',
          detail: 'a later publication is here already',
          hint: 'publish prekeys once more in the mailbox that you use',
        });
      }
      await sql.query('DELETE FROM directory_pair WHERE did = $1 AND (mailbox_id <> $2 OR number <> $3)', [
        owner.did,
        mailboxId,
        number,
      ]);
      return leftOf(sql, owner.did);
    });
  }

  /** The publication of a DID, or `null`. */
  async find(did: string): Promise<{ readonly number: number; readonly prekeys: Uint8Array } | null> {
    const [row] = await this.#init.database.query<{ number: bigint; prekeys: Uint8Array }>(
      'SELECT number, prekeys FROM directory_prekeys WHERE did = $1 AND not_after_ms > $2',
      [did, this.#init.clock.nowMs()],
    );
    return row === undefined ? null : { number: Number(row.number), prekeys: row.prekeys };
  }

  /**
   * Keeps pairs that the publication with this number has signed. Those that are or were here change nothing.
   * @throws ProblemError `NO_PREKEYS`, `PREKEYS_OUTDATED`, `BAD_PAIR`: none of them is kept then
   */
  async upload(owner: Requester, number: number, pairs: readonly Uint8Array[]): Promise<PairsLeft> {
    const { provider, database } = this.#init;
    const row = await currentOf(database, owner.did, '');
    const tree = assertCurrent(row, number);
    const places = pairs.map((bytes) => {
      try {
        return { index: verifyOneTimePair(provider, tree, bytes).index, bytes };
      } catch (error) {
        throw new ProblemError({ status: 400, code: 'BAD_PAIR', detail: errorText(error) });
      }
    });
    return database.transaction(async (sql) => {
      // Nobody replaces the publication meanwhile; others may take pairs.
      const current = await currentOf(sql, owner.did, 'FOR SHARE');
      assertCurrent(current, number);
      if (current?.mailbox_id !== row?.mailbox_id) throw outdated(number);
      for (const { index, bytes } of places) {
        await sql.query(
          `INSERT INTO directory_pair (did, mailbox_id, number, index, pair) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING`,
          [owner.did, current?.mailbox_id ?? '', number, index, bytes],
        );
      }
      return leftOf(sql, owner.did);
    });
  }

  /** How many pairs of a DID nobody has got yet. */
  left(did: string): Promise<PairsLeft> {
    return leftOf(this.#init.database, did);
  }

  async #read(
    owner: Requester,
    mailboxId: string,
  ): Promise<{ readonly publication: PrekeyPublication; readonly bytes: Uint8Array }> {
    const { provider, clock, anchor } = this.#init;
    let anchored;
    try {
      anchored = await anchor.readPrekeys(mailboxId);
    } catch (error) {
      throw unreadable(error);
    }
    if (anchored === null) throw noPrekeys();
    try {
      const { publication } = verifyPrekeys(provider, anchored.bytes, {
        nowMs: clock.nowMs(),
        chainId: anchor.chainId,
        mailboxId: Uint8Array.fromHex(mailboxId.slice(2)),
        did: owner.did,
        idFp: owner.idFp,
      });
      if (BigInt(publication.number) !== anchored.number) throw new Error('its number is not the contract’s');
      return { publication, bytes: anchored.bytes };
    } catch (error) {
      throw new ProblemError({
        status: 403,
        code: 'PREKEYS_REFUSED',
        detail: `what stands in this mailbox is not yours or not current: ${errorText(error)}`,
      });
    }
  }
}

async function currentOf(
  sql: SqlRunner,
  did: string,
  lock: '' | 'FOR SHARE',
): Promise<PrekeysRow | undefined> {
  const [row] = await sql.query<PrekeysRow>(
    `SELECT mailbox_id, number, ot_count, ot_root FROM directory_prekeys WHERE did = $1 ${lock}`,
    [did],
  );
  return row;
}

async function leftOf(sql: SqlRunner, did: string): Promise<PairsLeft> {
  const [row] = await sql.query<{ number: bigint; left: bigint }>(
    `SELECT number, (SELECT count(*) FROM directory_pair WHERE did = $1 AND pair IS NOT NULL) AS left
      FROM directory_prekeys WHERE did = $1`,
    [did],
  );
  return row === undefined
    ? { number: null, left: 0 }
    : { number: Number(row.number), left: Number(row.left) };
}

/** @throws ProblemError `NO_PREKEYS`, `PREKEYS_OUTDATED` when another publication is here */
function assertCurrent(
  row: PrekeysRow | undefined,
  number: number,
): { readonly otCount: number; readonly otRoot: Uint8Array } {
  if (row === undefined) throw noPrekeys();
  if (Number(row.number) !== number) throw outdated(Number(row.number));
  return { otCount: row.ot_count, otRoot: row.ot_root };
}

/** What the requester named wrongly is theirs to mend; what a node or the way to it says may name machines of ours. */
function unreadable(error: unknown): ProblemError {
  if (isWotError(error) && (error.code === 'NOT_A_MAILBOX' || error.code === 'WRONG_PACKAGE')) {
    return new ProblemError({
      status: 400,
      code: error.code,
      detail: error.message.slice(0, 300),
      hint: 'name the mailbox in which you publish prekeys, of the contract and on the network of this service',
    });
  }
  return new ProblemError({
    status: 502,
    code: 'CHAIN_UNAVAILABLE',
    detail: 'the mailbox could not be read: no node gave a usable answer',
    hint: 'try again later',
  });
}

/** Nothing is published, by whoever the request is about. */
export function noPrekeys(): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'NO_PREKEYS',
    detail: 'no prekeys of this DID are here',
    hint: 'their owner publishes them on chain first, then here',
  });
}

function outdated(number: number): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'PREKEYS_OUTDATED',
    detail: `the publication here has number ${number}`,
    hint: 'publish the prekeys of your mailbox first, then their pairs',
  });
}
