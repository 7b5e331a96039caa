/**
 * Finding people in the directory: where a DID says that it is. Nothing is taken on the directory's word: the record is
 * signed by the keys that the DID names, none is older than what was seen, and its prekeys are those on chain.
 */
import { isDeepStrictEqual } from 'node:util';
import { errorText, isWotError, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { DirectoryError, verifyContactRecord, type MailboxLocation } from '@wotid/directory';
import { peerIdentity, SessionError, verifyPrekeys, type PeerIdentity } from '@wotid/session';
import type { ContactFacts, Contacts } from './contacts.ts';
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
}

/**
 * The directory's prekeys of somebody against the chain's. `behind`: an older publication, as between a publication and
 * the directory's next look. `unchecked`: the chain could not be read.
 */
export type DirectoryHead = 'as on chain' | 'behind' | 'none' | 'unchecked';

/** What a lookup has found. */
export interface LookupFacts extends ContactFacts {
  readonly prekeys: DirectoryHead;
}

export class DirectoryLookup {
  readonly #init: DirectoryLookupInit;

  constructor(init: DirectoryLookupInit) {
    this.#init = init;
  }

  /**
   * Looks a DID up and keeps it as a contact. Whether its owner is a verified human shows when they connect.
   * @param alias what to call them from now on; default what they were called before
   * @throws AgentError `NO_DIRECTORY`, `NO_DID`, `NO_CONTACT` when the directory has none, `BAD_CARD`, `BAD_ALIAS`;
   *   DirectoryError `BAD_CONTACT_RECORD`, `ROLLED_BACK`, `EQUIVOCATION`, `DIRECTORY_UNREACHABLE`, `DIRECTORY_REFUSED`
   */
  async lookup(did: string, alias?: string): Promise<LookupFacts> {
    const { provider, clock, access, contacts } = this.#init;
    const client = access.requireClient();
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
    const peer = peerIdentity(provider, record.block);
    const head = record.mailbox === null ? 'none' : await this.#headOf(peer, record.mailbox);
    return { ...(await contacts.addRecord(published, record, alias)), prekeys: head };
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

function equivocation(did: string, reason: string, cause?: unknown): DirectoryError {
  return new DirectoryError(
    'EQUIVOCATION',
    `the directory serves other prekeys than those on chain: ${reason.slice(0, 300)}`,
    { hint: 'Do not use this directory for this contact: exchange contact cards.', data: { did }, cause },
  );
}
