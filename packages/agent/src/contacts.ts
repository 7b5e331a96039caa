/**
 * People this agent knows: from contact cards, from gates they passed and from first messages they left. A contact is
 * verified when its credential has passed our own check; the time of that check is kept.
 */
import { equalBytes, fromUtf8, utf8, type Clock } from '@wotid/core';
import {
  encodeIdentityBlock,
  parseIdentityBlock,
  type CryptoProvider,
  type IdentityBlock,
} from '@wotid/crypto';
import { DirectoryError, verifyContactRecord, type ContactPlace, type ContactRecord } from '@wotid/directory';
import { isSecurityLevel, peerIdentity, type PeerIdentity, type SecurityLevel } from '@wotid/session';
import type { Admission, AdmissionVerdict } from './admission.ts';
import { parseCard } from './card.ts';
import { AgentError } from './errors.ts';
import type { NewKeys } from './types.ts';
import type { Contact } from './home/contact-store.ts';
import type { Home } from './home/home.ts';

/** What a user sees of a contact. */
export interface ContactFacts {
  /** What the user calls them; empty when they have no name here. */
  readonly alias: string;
  readonly did: string;
  /** Of the identity block that counts for them here, 32 bytes in hex; empty when there is none. */
  readonly fingerprint: string;
  readonly verified: boolean;
  /** Why the credential did not pass; `null` when it did, or was never seen. */
  readonly reason: string | null;
  readonly mailboxId: string | null;
  readonly addresses: readonly string[];
  readonly cardIssuedAt: string | null;
  /** The security level reached with them, 1 to 3; a lower one is refused. `null` before the first handshake. */
  readonly level: number | null;
}

/** Where a contact is, by their card or by a directory's record of them. */
interface KnownPlace extends ContactPlace {
  readonly issuedAtMs: number;
  /** Of a record; `null` of a card. */
  readonly seq: bigint | null;
}

export interface ContactsInit {
  readonly home: Home;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly admission: Admission;
  /** Nobody is their own contact. */
  readonly ours: PeerIdentity;
  /** A contact whose credential had passed has shown other keys, with a credential that passes. */
  readonly onNewKeys: (change: NewKeys) => void;
  /** What is kept of a contact's keys and credential has changed. */
  readonly onChanged: (did: string) => void;
}

/** Shortest part of a DID that may stand for it: anything shorter is more likely a slip. */
const minReferenceLength = 6;

/** What no record begins with: as a length it would be a DID of 45 bytes, which begins with d. */
const armorStart = utf8('-----BEGIN ');

/** Letters of any script; nothing that could be taken for a DID or upset a terminal. */
const aliasPattern = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;

export class Contacts {
  readonly #init: ContactsInit;

  constructor(init: ContactsInit) {
    this.#init = init;
  }

  /**
   * Checks a card and keeps it. An older card than the known one is refused: it may lead to an address or a mailbox that
   * its owner has given up. So is one with other keys than those of a verified contact, unless its own credential passes.
   * @param alias what to call them from now on, 1 to 64 characters; default what they were called before
   * @throws AgentError `BAD_CARD`, `BAD_ALIAS`
   */
  async add(text: string, alias?: string): Promise<ContactFacts> {
    const { home, provider, clock } = this.#init;
    const nowMs = clock.nowMs();
    const card = parseCard(provider, text, nowMs);
    const { did } = card.block;
    if (alias !== undefined) this.#assertAlias(alias, did);
    if (did === this.#init.ours.block.did) throw new AgentError('BAD_CARD', 'this is your own card');
    const peer = peerIdentity(provider, card.block);
    const key = await this.#init.admission.checkKey(peer);
    if (!key.ok) {
      throw new AgentError('BAD_CARD', `this card is not of the DID that it names: ${key.reason}`, {
        hint: 'Somebody else made it: do not use it.',
        data: { did },
      });
    }
    const verdict = await this.#verdict(peer, card.credential);
    const identityBlock = encodeIdentityBlock(card.block);
    const known = home.contacts.get(did);
    const verified = known !== undefined && known.verifiedAtMs > 0 ? known : undefined;
    if (
      verified !== undefined &&
      verdict?.ok !== true &&
      !equalBytes(verified.identityBlock, identityBlock)
    ) {
      throw new AgentError('BAD_CARD', 'this card names other keys than those that you have verified', {
        hint: 'Ask its owner for a card with a credential that you accept.',
        data: { did },
      });
    }
    const knownCard = known === undefined ? null : this.#placeOf(known);
    if (knownCard !== null && knownCard.issuedAtMs > card.issuedAtMs) {
      throw new AgentError('BAD_CARD', 'a later card of this contact is known already', {
        hint: 'Ask its owner for a new one (wotid card export).',
        data: { did, known: new Date(knownCard.issuedAtMs).toISOString() },
      });
    }
    // A card that was written before its owner had this credential takes nothing back that was verified since.
    const isVerifiedBefore = verified !== undefined && verdict === null;
    home.contacts.put({
      did,
      alias: alias ?? known?.alias ?? '',
      card: utf8(text),
      identityBlock,
      credential: isVerifiedBefore ? verified.credential : card.credential,
      verifiedAtMs: isVerifiedBefore ? verified.verifiedAtMs : verdict?.ok === true ? nowMs : 0,
      addedAtMs: known?.addedAtMs ?? nowMs,
    });
    if (verdict?.ok === true) home.objects.forgetRefused();
    this.#init.onChanged(did);
    if (verified !== undefined) this.#noticeKeys(verified, peer);
    return this.#facts(did, { ...card, seq: null }, isVerifiedBefore ? { ok: true } : verdict);
  }

  /**
   * Keeps a record that a directory has served, in the place of a card. Keys and credential that were verified before
   * stay; what it says of a person is theirs, that they are a verified human is not said.
   * @param published its signed bytes
   * @throws AgentError `BAD_CARD` when its DID or a verified contact has other keys, `BAD_ALIAS`; DirectoryError
   *   `ROLLED_BACK` when it is older than what is known
   */
  async addRecord(published: Uint8Array, record: ContactRecord, alias?: string): Promise<ContactFacts> {
    const { home, provider, clock, admission, ours } = this.#init;
    const { did } = record.block;
    if (alias !== undefined) this.#assertAlias(alias, did);
    if (did === ours.block.did) throw new AgentError('BAD_CARD', 'this is your own DID');
    const key = await admission.checkKey(peerIdentity(provider, record.block));
    if (!key.ok) {
      throw new AgentError('BAD_CARD', `this record is not of the DID that it names: ${key.reason}`, {
        hint: 'Somebody else made it: do not use it.',
        data: { did },
      });
    }
    const known = home.contacts.get(did);
    const identityBlock = encodeIdentityBlock(record.block);
    const isSameBlock = known !== undefined && equalBytes(known.identityBlock, identityBlock);
    if (known !== undefined && known.verifiedAtMs > 0 && !isSameBlock) {
      throw new AgentError('BAD_CARD', 'this record names other keys than those that you have verified', {
        hint: 'Ask its owner for a card with a credential that you accept.',
        data: { did },
      });
    }
    const place = known === undefined ? null : this.#placeOf(known);
    const isOther = known !== undefined && !equalBytes(known.card, published);
    const isOlder =
      place !== null &&
      isOther &&
      (place.seq === null ? record.issuedAtMs < place.issuedAtMs : record.seq <= place.seq);
    if (isOlder) {
      throw new DirectoryError('ROLLED_BACK', 'the directory serves an older record than was seen before', {
        hint: 'Do not use this directory for this contact: exchange contact cards.',
        data: { did, known: new Date(place.issuedAtMs).toISOString() },
      });
    }
    home.contacts.put({
      did,
      alias: alias ?? known?.alias ?? '',
      card: published,
      identityBlock,
      credential: isSameBlock ? known.credential : new Uint8Array(),
      verifiedAtMs: isSameBlock ? known.verifiedAtMs : 0,
      addedAtMs: known?.addedAtMs ?? clock.nowMs(),
    });
    this.#init.onChanged(did);
    return this.factsOf(did);
  }

  /**
   * Keeps what a gate or a first message has proven about a peer, and the security level it was proven at; call it in the
   * transaction that stores the session.
   */
  remember(peer: PeerIdentity, credential: Uint8Array, level: SecurityLevel): void {
    const { home, clock } = this.#init;
    const { did } = peer.block;
    const known = home.contacts.get(did);
    const identityBlock = encodeIdentityBlock(peer.block);
    // A card of other keys of this DID was never more than a claim, its addresses and mailbox not the peer's, unless
    // these were the peer's keys before.
    const isTheirCard =
      known !== undefined && (known.verifiedAtMs > 0 || equalBytes(known.identityBlock, identityBlock));
    home.handshakes.noteLevel(did, level);
    // What they left while they were not believed may be read now.
    const isSame = known !== undefined && equalBytes(known.credential, credential);
    if (known?.verifiedAtMs === 0 || !isSame) home.objects.forgetRefused();
    home.contacts.put({
      did,
      alias: known?.alias ?? '',
      card: isTheirCard ? known.card : new Uint8Array(),
      identityBlock,
      credential,
      verifiedAtMs: clock.nowMs(),
      addedAtMs: known?.addedAtMs ?? clock.nowMs(),
    });
    this.#init.onChanged(did);
    if (known !== undefined && known.verifiedAtMs > 0) this.#noticeKeys(known, peer);
  }

  #noticeKeys(before: Contact, peer: PeerIdentity): void {
    const former = this.#fingerprintOf(before);
    const after = peer.idFp.toHex();
    if (former === '' || former === after) return;
    this.#init.onNewKeys({ did: peer.block.did, alias: before.alias, before: former, after });
  }

  list(): ContactFacts[] {
    return this.#init.home.contacts.list().map((contact) => this.#stored(contact));
  }

  /** What is known of one contact. @throws AgentError `NO_CONTACT` */
  factsOf(did: string): ContactFacts {
    const contact = this.#init.home.contacts.get(did);
    if (contact === undefined) throw new AgentError('NO_CONTACT', `nobody here is known as ${did}`);
    return this.#stored(contact);
  }

  /**
   * The DID that `reference` means: a DID, an alias, or a part of a DID that fits a single contact.
   * @throws AgentError `NO_CONTACT`
   */
  resolve(reference: string): string {
    const { contacts } = this.#init.home;
    if (contacts.get(reference) !== undefined) return reference;
    const named = contacts.list().find(({ alias }) => alias !== '' && alias === reference);
    if (named !== undefined) return named.did;
    const long = reference.length >= minReferenceLength;
    const fitting = long ? contacts.list().filter(({ did }) => did.includes(reference)) : [];
    const [only, second] = fitting;
    if (only !== undefined && second === undefined) return only.did;
    throw new AgentError(
      'NO_CONTACT',
      fitting.length > 1
        ? `${fitting.length} contacts fit ${reference}`
        : `nobody here is known as ${reference}`,
      { hint: 'Add their card with wotid card add FILE; wotid card list shows whom you know.' },
    );
  }

  /** Where a contact is; `null` when they were met without a card and not looked up. */
  place(did: string): ContactPlace | null {
    const contact = this.#init.home.contacts.get(did);
    return contact === undefined ? null : this.#placeOf(contact);
  }

  /** The security level that was reached with this DID, or that the user has allowed since; `null` before the first. */
  reachedLevel(did: string): SecurityLevel | null {
    const level = this.#init.home.handshakes.reachedLevel(did);
    return level !== null && isSecurityLevel(level) ? level : null;
  }

  /** Accepts a lower level from a contact from now on. @throws AgentError `BAD_REQUEST` above what was reached */
  allowLevel(did: string, level: SecurityLevel): void {
    const reached = this.reachedLevel(did);
    if (reached === null || level > reached) {
      throw new AgentError('BAD_REQUEST', `the level reached with this contact is ${reached ?? 'none'}`, {
        hint: 'Only a lower one has to be allowed.',
      });
    }
    this.#init.home.handshakes.allowLevel(did, level);
  }

  /** The keys that we know of a DID, or `null`. */
  identity(did: string): PeerIdentity | null {
    const contact = this.#init.home.contacts.get(did);
    if (contact === undefined || contact.identityBlock.length === 0) return null;
    return peerIdentity(this.#init.provider, parseIdentityBlock(contact.identityBlock));
  }

  /** The verified identity block with this fingerprint, or `null`. */
  blockOf(did: string, idFp: Uint8Array): IdentityBlock | null {
    const known = this.identity(did);
    return known !== null && equalBytes(known.idFp, idFp) ? known.block : null;
  }

  /** Checks the credential of a contact's card anew, for sealing a first message to them. */
  async check(
    did: string,
  ): Promise<{ readonly peer: PeerIdentity; readonly verdict: AdmissionVerdict | null }> {
    const contact = this.#init.home.contacts.get(did);
    if (contact === undefined) throw new AgentError('NO_CONTACT', `nobody here is known as ${did}`);
    const peer = peerIdentity(this.#init.provider, parseIdentityBlock(contact.identityBlock));
    return { peer, verdict: await this.#verdict(peer, contact.credential) };
  }

  #assertAlias(alias: string, did: string): void {
    if (!aliasPattern.test(alias)) {
      throw new AgentError('BAD_ALIAS', `${JSON.stringify(alias.slice(0, 80))} is no name for a contact`, {
        hint: 'Use 1 to 64 letters, digits, dots, hyphens or underscores.',
      });
    }
    const other = this.#init.home.contacts.list().find((contact) => contact.alias === alias);
    if (other !== undefined && other.did !== did) {
      throw new AgentError('BAD_ALIAS', `another contact is called ${alias} already`, {
        hint: 'Use another name.',
      });
    }
  }

  #verdict(peer: PeerIdentity, credential: Uint8Array): Promise<AdmissionVerdict | null> {
    return credential.length === 0 ? Promise.resolve(null) : this.#init.admission.check(peer, credential);
  }

  #fingerprintOf({ identityBlock }: Contact): string {
    if (identityBlock.length === 0) return '';
    return peerIdentity(this.#init.provider, parseIdentityBlock(identityBlock)).idFp.toHex();
  }

  #placeOf({ card }: Contact): KnownPlace | null {
    const { provider } = this.#init;
    if (card.length === 0) return null;
    // A card is text in armor; a record begins with the length of a DID.
    if (equalBytes(card.subarray(0, armorStart.length), armorStart)) {
      return { ...parseCard(provider, fromUtf8(card), Number.MAX_SAFE_INTEGER), seq: null };
    }
    return verifyContactRecord(provider, card, null);
  }

  #stored(contact: Contact): ContactFacts {
    const verdict = contact.verifiedAtMs > 0 ? ({ ok: true } as const) : null;
    return this.#facts(contact.did, this.#placeOf(contact), verdict);
  }

  #facts(
    did: string,
    card: KnownPlace | null,
    verdict: AdmissionVerdict | { ok: true } | null,
  ): ContactFacts {
    const contact = this.#init.home.contacts.get(did);
    return {
      alias: contact?.alias ?? '',
      did,
      fingerprint: contact === undefined ? '' : this.#fingerprintOf(contact),
      verified: verdict?.ok === true,
      reason: verdict === null || verdict.ok ? null : verdict.reason,
      mailboxId: card?.mailbox?.mailboxId ?? null,
      addresses: card?.addresses ?? [],
      cardIssuedAt: card === null ? null : new Date(card.issuedAtMs).toISOString(),
      level: this.reachedLevel(did),
    };
  }
}
