/** People and issuers: who one talks to, and whose credentials one accepts. Cards and documents are opaque here. */
import { bcs, bytesType, shortTextType, u64Type, type BcsType } from '@wotid/core';
import type { Database } from './database.ts';
import { assertMaxBytes } from './home-error.ts';
import { MAX_CONTACT_BYTES, MAX_CONTACTS, MAX_ISSUER_BYTES, MAX_TRUSTED_ISSUERS } from './home-limits.ts';
import { SealedMap } from './sealed-map.ts';
import type { Sealer } from './sealer.ts';

/** A contact. Byte strings and texts are empty when there is nothing. */
export interface Contact {
  readonly did: string;
  /** What the user calls them. */
  readonly alias: string;
  /** The signed contact card, as it was handed over. */
  readonly card: Uint8Array;
  /** The identity block that was last verified. */
  readonly identityBlock: Uint8Array;
  /** The credential that was last verified. */
  readonly credential: Uint8Array;
  /** When the credential was last verified, in milliseconds since the Unix epoch; 0 never. */
  readonly verifiedAtMs: number;
  readonly addedAtMs: number;
}

type Timed<T> = Omit<T, 'verifiedAtMs' | 'addedAtMs'> & {
  readonly verifiedAtMs: bigint;
  readonly addedAtMs: bigint;
};

const contactType = bcs.struct('contact', {
  did: shortTextType,
  alias: shortTextType,
  card: bytesType,
  identityBlock: bytesType,
  credential: bytesType,
  verifiedAtMs: u64Type,
  addedAtMs: u64Type,
}) as unknown as BcsType<Timed<Contact>, Timed<Contact>>;

/** The contacts of a home. */
export class ContactStore {
  readonly #map: SealedMap<Timed<Contact>>;

  constructor(database: Database, sealer: Sealer) {
    this.#map = new SealedMap(database, sealer, {
      table: 'contact',
      tagColumn: 'peer_tag',
      tagKind: 'peer',
      column: sealer.column('contact', contactType, MAX_CONTACT_BYTES),
      keyOf: (contact) => contact.did,
      maxRows: MAX_CONTACTS,
    });
  }

  /** Stores a contact; the one of the same DID is replaced. @throws HomeError `BAD_VALUE`, `LIMIT_REACHED` */
  put(contact: Contact): void {
    const { did, alias, card, identityBlock, credential, verifiedAtMs, addedAtMs } = contact;
    const length = card.length + identityBlock.length + credential.length;
    assertMaxBytes('the contact', { length }, MAX_CONTACT_BYTES);
    this.#map.put({
      did,
      alias,
      card,
      identityBlock,
      credential,
      verifiedAtMs: BigInt(verifiedAtMs),
      addedAtMs: BigInt(addedAtMs),
    });
  }

  get(did: string): Contact | undefined {
    const contact = this.#map.get(did);
    return contact === undefined ? undefined : untimed(contact);
  }

  /** All contacts, by alias, then DID. */
  list(): Contact[] {
    const text = ({ alias, did }: Contact): string => `${alias}\0${did}`;
    return this.#map
      .list()
      .map(untimed)
      .toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
  }

  /** True when there was one. */
  delete(did: string): boolean {
    return this.#map.delete(did);
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.list();
  }
}

/** An issuer whose credentials are accepted. */
export interface PinnedIssuer {
  readonly did: string;
  /** The trusted-issuer document, as it was added. */
  readonly document: Uint8Array;
}

const issuerType = bcs.struct('issuer', {
  did: shortTextType,
  document: bytesType,
}) as unknown as BcsType<PinnedIssuer, PinnedIssuer>;

/** The trusted issuers of a home. */
export class IssuerStore {
  readonly #map: SealedMap<PinnedIssuer>;

  constructor(database: Database, sealer: Sealer) {
    this.#map = new SealedMap(database, sealer, {
      table: 'issuer',
      tagColumn: 'issuer_tag',
      tagKind: 'issuer',
      column: sealer.column('issuer', issuerType, MAX_ISSUER_BYTES),
      keyOf: (issuer) => issuer.did,
      maxRows: MAX_TRUSTED_ISSUERS,
    });
  }

  /** Pins an issuer; the one of the same DID is replaced. @throws HomeError `BAD_VALUE`, `LIMIT_REACHED` */
  put(issuer: PinnedIssuer): void {
    assertMaxBytes('the issuer document', issuer.document, MAX_ISSUER_BYTES);
    this.#map.put(issuer);
  }

  get(did: string): PinnedIssuer | undefined {
    return this.#map.get(did);
  }

  /** All issuers, by DID. */
  list(): PinnedIssuer[] {
    return this.#map.list().toSorted((a, b) => (a.did < b.did ? -1 : 1));
  }

  /** True when there was one. */
  delete(did: string): boolean {
    return this.#map.delete(did);
  }

  /** Opens every row. @throws HomeError `HOME_CORRUPT` */
  verify(): void {
    this.list();
  }
}

function untimed(contact: Timed<Contact>): Contact {
  return {
    ...contact,
    verifiedAtMs: Number(contact.verifiedAtMs),
    addedAtMs: Number(contact.addedAtMs),
  };
}
