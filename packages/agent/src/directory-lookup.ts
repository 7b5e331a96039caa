/**
 * Finding people in the directory: where a DID says that it is. Nothing is taken on the directory's word: the record is
 * signed by the keys that the DID names, none is older than what was seen, its mailbox is the one of the DID document and
 * its prekeys are those on chain; the credential beside it is the one that it names, and is verified as a card's is.
 */
import { isDeepStrictEqual } from 'node:util';
import { equalBytes, errorText, isWotError, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { isDid } from '@wotid/credential';
import { mailboxOf } from '@wotid/did-iota';
import {
  contactCredentialHash,
  DirectoryError,
  verifyContactRecord,
  type ContactRecord,
  type DirectoryClient,
  type MailboxLocation,
} from '@wotid/directory';
import { peerIdentity, SessionError, verifyPrekeys, type PeerIdentity } from '@wotid/session';
import type { ContactFacts, Contacts } from './contacts.ts';
import type { AgentDidResolver } from './did-resolver.ts';
import type { DirectoryAccess } from './directory-access.ts';
import { AgentError } from './errors.ts';
import { idBytes } from './own-mailbox.ts';
import type { PeerPrekeys } from './peer-prekeys.ts';

export interface DirectoryLookupInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly access: DirectoryAccess;
  readonly contacts: Contacts;
  readonly prekeys: PeerPrekeys;
  readonly resolver: AgentDidResolver;
}

/**
 * The directory's prekeys of somebody against the chain's. `behind`: an older publication, as between a publication and
 * the directory's next look. `unchecked`: the chain could not be read.
 */
export type DirectoryHead = 'as on chain' | 'behind' | 'none' | 'unchecked';

/**
 * The credential beside a record: `left` by its owner, `none` left, or `withheld`: the record names one that the directory
 * does not give, because of its quota or without a reason.
 */
export type CredentialLeft = 'left' | 'none' | 'withheld';

/** What a lookup has found. */
export interface LookupFacts extends ContactFacts {
  readonly prekeys: DirectoryHead;
  /** Whether it passed is `verified`; why not is `reason`. */
  readonly credential: CredentialLeft;
}

/** A record, and what lies beside it. */
interface Found {
  readonly published: Uint8Array;
  readonly record: ContactRecord;
  readonly credential: Uint8Array | null;
}

export class DirectoryLookup {
  readonly #init: DirectoryLookupInit;

  constructor(init: DirectoryLookupInit) {
    this.#init = init;
  }

  /**
   * Looks a DID up and keeps it as a contact. Where its owner has left no credential, whether they are a verified human
   * shows when they connect.
   * @param alias what to call them from now on; default what they were called before
   * @throws AgentError `BAD_REQUEST` for what is no DID, `NO_DIRECTORY`, `NO_DID`, `NO_CONTACT` when the directory has none, `BAD_CARD`, `BAD_ALIAS`,
   *   `MAILBOX_MISMATCH`; DirectoryError `BAD_CONTACT_RECORD`, `CREDENTIAL_SWAPPED`, `ROLLED_BACK`, `EQUIVOCATION`,
   *   `DIRECTORY_UNREACHABLE`, `DIRECTORY_REFUSED`
   */
  async lookup(did: string, alias?: string): Promise<LookupFacts> {
    const { provider, access, contacts } = this.#init;
    if (!isDid(did)) {
      throw new AgentError('BAD_REQUEST', `${JSON.stringify(did.slice(0, 80))} is no DID`, {
        hint: 'Give the whole DID, such as did:iota:…; wotid contact show NAME is for those whom you know.',
      });
    }
    const client = access.requireClient();
    const { published, record, credential } =
      (await this.#read(client, did)) ?? (await this.#read(client, did)) ?? swapped(did);
    await this.#assertMailbox(did, record.mailbox);
    const peer = peerIdentity(provider, record.block);
    const head = record.mailbox === null ? 'none' : await this.#headOf(peer, record.mailbox);
    const facts = await contacts.addRecord(published, record, credential ?? new Uint8Array(), alias);
    const left = record.credentialHash === null ? 'none' : credential === null ? 'withheld' : 'left';
    return { ...facts, prekeys: head, credential: left };
  }

  /** `null` when record and credential do not belong together: their owner may have published between the two answers. */
  async #read(client: DirectoryClient, did: string): Promise<Found | null> {
    const { provider, clock } = this.#init;
    const published = await client.contact(did);
    if (published === null) {
      throw new AgentError('NO_CONTACT', `the directory knows no ${did}`, {
        hint: 'Ask them for their contact card, or to publish with wotid directory set.',
      });
    }
    const record = verifyContactRecord(provider, published, clock.nowMs());
    if (record.block.did !== did) {
      throw new DirectoryError('BAD_CONTACT_RECORD', 'the directory has answered with another DID’s record', {
        hint: 'Do not use this directory.',
      });
    }
    if (record.credentialHash === null) return { published, record, credential: null };
    const credential = await this.#credentialOf(client, did, record.credentialHash);
    if (credential === null) return { published, record, credential };
    const isNamed = equalBytes(contactCredentialHash(provider, credential), record.credentialHash);
    return isNamed ? { published, record, credential } : null;
  }

  /** What we have of them already, else what the directory gives. A contact without it is better than none. */
  async #credentialOf(client: DirectoryClient, did: string, hash: Uint8Array): Promise<Uint8Array | null> {
    const { provider, contacts, logger } = this.#init;
    const known = contacts.credential(did);
    if (known !== null && equalBytes(contactCredentialHash(provider, known), hash)) return known;
    try {
      return await client.credential(did);
    } catch (error) {
      if (!isWotError(error)) throw error;
      logger.warn('directory.credential-withheld', { did, reason: error.message });
      return null;
    }
  }

  /**
   * A did:iota names its mailbox on chain, where its owner alone writes: a record that names another is out of date, or
   * its document is.
   */
  async #assertMailbox(did: string, mailbox: MailboxLocation | null): Promise<void> {
    if (mailbox === null || !did.startsWith('did:iota:')) return;
    const { resolver } = this.#init;
    const isNamed = async (): Promise<boolean> => {
      const { didDocument, didDocumentMetadata } = await resolver.resolve(did);
      // That it cannot be resolved, or was taken away, is said by the check of its keys.
      if (didDocument === null || didDocumentMetadata.deactivated === true) return true;
      const named = mailboxOf(didDocument);
      return named?.mailboxId === mailbox.mailboxId && named.chainId === mailbox.chainId;
    };
    if ((await isNamed()) || (resolver.forget(did) && (await isNamed()))) return;
    throw new AgentError('MAILBOX_MISMATCH', 'their record names another mailbox than their DID document', {
      hint: 'Nothing was kept. Its owner puts that right: wotid did create, then wotid directory publish.',
      data: { did, mailboxId: mailbox.mailboxId },
    });
  }

  /** @throws DirectoryError `EQUIVOCATION` */
  async #headOf(peer: PeerIdentity, mailbox: MailboxLocation): Promise<DirectoryHead> {
    const { provider, access, prekeys, logger } = this.#init;
    const { did } = peer.block;
    const offered = await access.requireClient().prekeys(did);
    if (offered === null) return 'none';
    let onChain;
    try {
      onChain = (await prekeys.read(peer, mailbox)).publication;
    } catch (error) {
      if (!isWotError(error)) throw error;
      logger.warn('directory.unchecked', { did, reason: error.message });
      return 'unchecked';
    }
    let there;
    try {
      // By the chain's time: what is older than its publication may have expired since.
      there = verifyPrekeys(provider, offered, {
        nowMs: onChain.notBeforeMs,
        chainId: mailbox.chainId,
        mailboxId: idBytes(mailbox.mailboxId),
        did,
        idFp: peer.idFp,
      }).publication;
    } catch (error) {
      if (error instanceof SessionError && error.code === 'PREKEYS_EXPIRED') return 'behind';
      throw equivocation(did, errorText(error), error);
    }
    if (there.number < onChain.number) return 'behind';
    if (isDeepStrictEqual(there, onChain)) return 'as on chain';
    throw equivocation(did, `publication ${there.number} is not the chain’s ${onChain.number}`);
  }
}

function swapped(did: string): never {
  throw new DirectoryError(
    'CREDENTIAL_SWAPPED',
    'the credential beside their record is not the one it names',
    {
      hint: 'Do not use this directory for this contact: exchange contact cards.',
      data: { did },
    },
  );
}

function equivocation(did: string, reason: string, cause?: unknown): DirectoryError {
  return new DirectoryError(
    'EQUIVOCATION',
    `the directory serves other prekeys than those on chain: ${reason.slice(0, 300)}`,
    { hint: 'Do not use this directory for this contact: exchange contact cards.', data: { did }, cause },
  );
}
