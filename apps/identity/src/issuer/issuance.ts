/**
 * From an offer and a proven holder to a credential. In three steps, so that no lock is held while keys sign, which may
 * be far away: take the nonce and a status entry; sign; note what was issued and revoke what it replaces. A failure
 * before the last step has issued nothing, and the wallet tries again with a new nonce.
 */
import type { Clock } from '@wotid/core';
import { CredentialError, type CredentialFormat, type Issuer, type ProvenHolder } from '@wotid/credential';
import type { Database, SqlRunner } from '../database/database.ts';
import { sha256 } from '../hash.ts';
import { OauthError } from '../http/oauth-error.ts';
import type { IssuingPolicy } from '../policy/policy.ts';
import type { StatusLists } from '../status/lists.ts';
import type { Nonces } from './nonces.ts';
import type { Offer } from './offers.ts';

export interface IssuanceInit {
  readonly database: Database;
  readonly issuer: () => Issuer;
  readonly nonces: Nonces;
  readonly statusLists: StatusLists;
  readonly policies: readonly IssuingPolicy[];
  readonly clock: Clock;
}

/** What was issued, and how many credentials it has replaced. */
export interface Issued {
  readonly credential: string | object;
  readonly credentialId: string;
  readonly replaced: number;
}

interface OfferState extends Record<string, unknown> {
  readonly state: Offer['state'];
  readonly subject_did: string | null;
  readonly status_list: number | null;
  readonly status_index: number | null;
}

/** Entry of a status list. */
interface Place {
  readonly list: number;
  readonly index: number;
}

export class Issuance {
  readonly #init: IssuanceInit;

  constructor(init: IssuanceInit) {
    this.#init = init;
  }

  /**
   * Issues the credential of an offer to a holder.
   * @throws OauthError `invalid_nonce`, `invalid_proof`, `credential_request_denied`
   */
  async issue(offer: Offer, format: CredentialFormat, holder: ProvenHolder): Promise<Issued> {
    if (format === 'wotid_hybrid' && holder.identity === null) {
      throw new OauthError(
        'invalid_proof',
        'this format binds a whole wot.id identity: its block and its second signature are missing in the proof',
      );
    }
    const { database, issuer, statusLists, clock } = this.#init;
    const place = await database.transaction((sql) => this.#reserve(sql, offer, format, holder));
    const nowMs = clock.nowMs();
    const { credential, credentialId } = await signedBy(issuer(), format, {
      subjectDid: holder.did,
      ...(holder.identity === null ? { holderJwk: holder.holderJwk } : { idFp: holder.identity.idFp }),
      // A key-binding presentation needs the key itself, whoever the holder is.
      ...(format === 'dc+sd-jwt' && { holderJwk: holder.holderJwk }),
      nowMs,
      validForMs: offer.validForMs,
      evidence: offer.evidence,
      status: statusLists.entry(place.list, place.index),
    });
    const replaced = await database.transaction(async (sql) => {
      await this.#assertAllowed(sql, offer, holder.did);
      const rows = await sql.query(
        `INSERT INTO credential (id, offer_id, format, human_hash, subject_did, status_list, status_index,
            issued_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
          ON CONFLICT (offer_id, format) DO NOTHING RETURNING id`,
        [
          credentialId,
          offer.id,
          format,
          offer.humanHash,
          holder.did,
          place.list,
          place.index,
          nowMs,
          nowMs + offer.validForMs,
        ],
      );
      if (rows.length === 0) throw collected();
      await sql.query('UPDATE offer SET subject_did = $2 WHERE id = $1', [offer.id, holder.did]);
      return this.#revokeOthers(sql, offer);
    });
    return { credential, credentialId, replaced };
  }

  /** The nonce is used up, and the offer has its status entry. */
  async #reserve(
    sql: SqlRunner,
    offer: Offer,
    format: CredentialFormat,
    holder: ProvenHolder,
  ): Promise<Place> {
    await this.#init.nonces.use(sql, holder.nonce);
    const state = await lockOffer(sql, offer.id);
    const issued = await sql.query('SELECT 1 FROM credential WHERE offer_id = $1 AND format = $2', [
      offer.id,
      format,
    ]);
    if (issued.length > 0) throw collected();
    if (state.status_list !== null && state.status_index !== null) {
      return { list: state.status_list, index: state.status_index };
    }
    const place = await this.#init.statusLists.allocate(sql);
    await sql.query('UPDATE offer SET status_list = $2, status_index = $3 WHERE id = $1', [
      offer.id,
      place.list,
      place.index,
    ]);
    return place;
  }

  /** One offer is for one DID, one DID is one human's, and the policy has no objection. */
  async #assertAllowed(sql: SqlRunner, offer: Offer, did: string): Promise<void> {
    const { policies, clock } = this.#init;
    // Human before DID, always: two that wait for each other cannot come about.
    await lockOn(sql, offer.humanHash);
    await lockOn(sql, sha256(did));
    const { subject_did: subjectDid } = await lockOffer(sql, offer.id);
    if (subjectDid !== null && subjectDid !== did) throw denied('this offer was collected by another DID');
    const others = await sql.query(
      `SELECT 1 FROM credential WHERE subject_did = $1 AND human_hash <> $2
        AND revoked_at_ms IS NULL AND expires_at_ms > $3 LIMIT 1`,
      [did, offer.humanHash, clock.nowMs()],
    );
    if (others.length > 0) throw denied('this DID belongs to another human');
    const revoked = await sql.query(
      'SELECT 1 FROM credential WHERE offer_id = $1 AND revoked_at_ms IS NOT NULL LIMIT 1',
      [offer.id],
    );
    if (revoked.length > 0) throw denied('the credential of this offer is revoked');
    const policy = policies.find(({ name }) => name === offer.policy);
    const objection =
      policy === undefined ? 'its policy is not in force any more' : await policy.objection(sql, offer);
    if (objection !== null) throw denied(objection);
  }

  /** One human, one credential: what earlier offers gave is revoked. */
  async #revokeOthers(sql: SqlRunner, offer: Offer): Promise<number> {
    const rows = await sql.query<{ status_list: number; status_index: number }>(
      `UPDATE credential SET revoked_at_ms = $3, revocation_reason = 'replaced'
        WHERE human_hash = $1 AND offer_id <> $2 AND revoked_at_ms IS NULL RETURNING status_list, status_index`,
      [offer.humanHash, offer.id, this.#init.clock.nowMs()],
    );
    let replaced = 0;
    for (const { status_list: list, status_index: index } of rows) {
      if (await this.#init.statusLists.revoke(sql, list, index)) replaced++;
    }
    return replaced;
  }
}

/** What a credential cannot say is the wallet's fault; what the signer cannot do is ours. */
async function signedBy(
  issuer: Issuer,
  format: CredentialFormat,
  init: Parameters<Issuer['issueCredential']>[1],
): ReturnType<Issuer['issueCredential']> {
  try {
    return await issuer.issueCredential(format, init);
  } catch (error) {
    if (error instanceof CredentialError && error.code === 'BAD_ISSUE_REQUEST') throw denied(error.message);
    throw error;
  }
}

async function lockOffer(sql: SqlRunner, offerId: string): Promise<OfferState> {
  const [row] = await sql.query<OfferState>(
    'SELECT state, subject_did, status_list, status_index FROM offer WHERE id = $1 FOR UPDATE',
    [offerId],
  );
  if (row === undefined || row.state === 'withdrawn') throw denied('the offer was withdrawn');
  return row;
}

/** Waits until nobody else in a transaction works on what these bytes stand for. */
async function lockOn(sql: SqlRunner, hash: Uint8Array): Promise<void> {
  const key = new DataView(hash.buffer, hash.byteOffset).getBigInt64(0);
  await sql.query('SELECT pg_advisory_xact_lock($1)', [key]);
}

function denied(reason: string): OauthError {
  return new OauthError('credential_request_denied', reason);
}

function collected(): OauthError {
  return denied('this offer was collected in this format already');
}
