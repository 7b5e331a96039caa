/**
 * From an offer and a proven holder to a credential. In three steps, so that no lock is held while keys sign, which may
 * be far away: take the nonce and a status entry; sign; note what was issued and revoke what it replaces. A failure
 * before the last step has issued nothing, and the wallet tries again with a new nonce. Whoever asks again after it, with
 * the same token and the same keys, gets the same credential: the first answer may have been lost.
 */
import type { Clock } from '@wotid/core';
import { timingSafeEqual } from '@wotid/crypto';
import { CredentialError, type CredentialFormat, type Issuer, type ProvenHolder } from '@wotid/credential';
import type { Database, SqlRunner } from '../database/database.ts';
import { lockOn } from '../database/lock-on.ts';
import { sha256 } from '../hash.ts';
import { OauthError } from '../http/oauth-error.ts';
import type { ServiceSecret } from '../keys/service-secret.ts';
import type { IssuingPolicy } from '../policy/policy.ts';
import type { StatusLists } from '../status/lists.ts';
import type { Nonces } from './nonces.ts';
import { badToken, type Authorized, type Offer } from './offers.ts';

export interface IssuanceInit {
  readonly database: Database;
  /** Seals what waits to be fetched again. */
  readonly secret: ServiceSecret;
  readonly issuer: () => Issuer;
  readonly nonces: Nonces;
  readonly statusLists: StatusLists;
  readonly policies: readonly IssuingPolicy[];
  readonly clock: Clock;
}

/** What was issued. */
export interface Issued {
  readonly credential: string | object;
  /** False when it was issued before, and is given once more. */
  readonly isNew: boolean;
  /** How many earlier credentials of the human it has replaced. */
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
   * Issues the credential of an offer to a holder, or gives them once more what this token has got them in this format.
   * @throws OauthError `invalid_nonce`, `invalid_proof`, `invalid_token`, `credential_request_denied`
   */
  async issue(authorized: Authorized, format: CredentialFormat, holder: ProvenHolder): Promise<Issued> {
    if (format === 'wotid_hybrid' && holder.identity === null) {
      throw new OauthError(
        'invalid_proof',
        'this format binds a whole wot.id identity: its block and its second signature are missing in the proof',
      );
    }
    const { database, issuer, statusLists, clock } = this.#init;
    const { offer } = authorized;
    const place = await database.transaction((sql) => this.#reserve(sql, offer, format, holder));
    if (place === null) {
      return database.transaction(async (sql) => {
        await this.#assertAllowed(sql, authorized, holder.did);
        return this.#issuedBefore(sql, authorized, format, holder);
      });
    }
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
    return database.transaction(async (sql) => {
      await this.#assertAllowed(sql, authorized, holder.did);
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
      // Another request was faster; what was signed here goes to nobody.
      if (rows.length === 0) return this.#issuedBefore(sql, authorized, format, holder);
      await sql.query('UPDATE offer SET subject_did = $2 WHERE id = $1', [offer.id, holder.did]);
      await sql.query(
        'INSERT INTO credential_copy (credential_id, token_hash, holder_hash, sealed) VALUES ($1, $2, $3, $4)',
        [
          credentialId,
          authorized.tokenHash,
          holderHash(holder),
          this.#init.secret.seal(JSON.stringify(credential), placeOf(credentialId)),
        ],
      );
      return { credential, isNew: true, replaced: await this.#revokeOthers(sql, offer) };
    });
  }

  /** The nonce is used up, and the offer has its status entry. @returns `null` when this format was issued before */
  async #reserve(
    sql: SqlRunner,
    offer: Offer,
    format: CredentialFormat,
    holder: ProvenHolder,
  ): Promise<Place | null> {
    await this.#init.nonces.use(sql, holder.nonce);
    const state = await lockOffer(sql, offer.id);
    const issued = await sql.query('SELECT 1 FROM credential WHERE offer_id = $1 AND format = $2', [
      offer.id,
      format,
    ]);
    if (issued.length > 0) return null;
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

  /** What this token and these keys got in this format. @throws OauthError `credential_request_denied` when they did not */
  async #issuedBefore(
    sql: SqlRunner,
    { offer, tokenHash }: Authorized,
    format: CredentialFormat,
    holder: ProvenHolder,
  ): Promise<Issued> {
    const [row] = await sql.query<{ id: string; holder_hash: Uint8Array; sealed: Uint8Array }>(
      `SELECT id, holder_hash, sealed FROM credential JOIN credential_copy ON credential_id = id
        WHERE offer_id = $1 AND format = $2 AND token_hash = $3`,
      [offer.id, format, tokenHash],
    );
    if (row === undefined || !timingSafeEqual(row.holder_hash, holderHash(holder))) {
      throw denied('this offer was collected in this format already, by other keys');
    }
    const text = this.#init.secret.open(row.sealed, placeOf(row.id));
    return { credential: JSON.parse(text) as string | object, isNew: false, replaced: 0 };
  }

  /** The token counts still, one offer is for one DID, one DID is one human's, and the policy has no objection. */
  async #assertAllowed(sql: SqlRunner, { offer, tokenHash }: Authorized, did: string): Promise<void> {
    const { policies, clock } = this.#init;
    // Human before DID, always: two that wait for each other cannot come about.
    await lockOn(sql, offer.humanHash);
    await lockOn(sql, sha256(did));
    const { subject_did: subjectDid } = await lockOffer(sql, offer.id);
    // It may have been taken back meanwhile, and must not be before this ends.
    const tokens = await sql.query('SELECT 1 FROM access_token WHERE token_hash = $1 FOR KEY SHARE', [
      tokenHash,
    ]);
    if (tokens.length === 0) throw badToken();
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

/** What a credential is bound to: the DID and the very keys that were proven. */
function holderHash({ did, holderJwk, identity }: ProvenHolder): Uint8Array {
  return sha256(JSON.stringify([did, holderJwk, identity?.idFp.toHex() ?? null]));
}

/** What a sealed copy is bound to. */
function placeOf(credentialId: string): string {
  return `credential ${credentialId}`;
}

function denied(reason: string): OauthError {
  return new OauthError('credential_request_denied', reason);
}
