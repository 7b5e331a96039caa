/**
 * People this agent knows: from contact cards, from gates they passed and from first messages they left. A contact is
 * verified when its credential has passed our own check; the time of that check is kept.
 */
import { equalBytes, utf8, type Clock } from '@wotid/core';
import {
  encodeIdentityBlock,
  parseIdentityBlock,
  type CryptoProvider,
  type IdentityBlock,
} from '@wotid/crypto';
import { DirectoryError, type ContactPlace, type ContactRecord } from '@wotid/directory';
import { isSecurityLevel, peerIdentity, type PeerIdentity, type SecurityLevel } from '@wotid/session';
import type { Admission, AdmissionVerdict } from './admission.ts';
import { parseCard, type ContactCard } from './card.ts';
import { AgentError } from './errors.ts';
import type { RecordSeen } from './home/contact-note-store.ts';
import type { Contact } from './home/contact-store.ts';
import type { Home } from './home/home.ts';
import { knownPlace as knownPlaceOf, placeOfRecord, type KnownPlace } from './known-place.ts';
import type { NewKeys } from './types.ts';

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
  /** Other keys than those that the user knows, until they are acknowledged: fingerprints in hex. */
  readonly newKeys: { readonly before: string; readonly after: string; readonly noticedAt: string } | null;
}

/** What somebody says of themselves, before it is kept. */
interface Introduction {
  readonly what: 'card' | 'record';
  /** Card or record as it is stored. */
  readonly bytes: Uint8Array;
  readonly block: IdentityBlock;
  /** Empty when there is none. */
  readonly credential: Uint8Array;
  readonly place: KnownPlace;
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
    const { provider, clock } = this.#init;
    const card = parseCard(provider, text, clock.nowMs());
    const { block, credential } = card;
    return this.#introduce(
      { what: 'card', bytes: utf8(text), block, credential, place: asPlace(card) },
      alias,
    );
  }

  /**
   * Keeps a record that a directory has served, in the place of a card unless that is later. Keys and credential that were
   * verified before stay.
   * @param published its signed bytes
   * @param credential what its owner has left beside it, and it names; empty when there is none
   * @throws AgentError `BAD_CARD` when its DID or a verified contact has other keys, `BAD_ALIAS`; DirectoryError
   *   `ROLLED_BACK` when its seq is lower than one seen before, `EQUIVOCATION` when it says something else under the same
   */
  addRecord(
    published: Uint8Array,
    record: ContactRecord,
    credential: Uint8Array,
    alias?: string,
  ): Promise<ContactFacts> {
    const { block } = record;
    return this.#introduce(
      { what: 'record', bytes: published, block, credential, place: placeOfRecord(record) },
      alias,
    );
  }

  /** Keeps what somebody says of themselves, once it is checked. */
  async #introduce(introduction: Introduction, alias: string | undefined): Promise<ContactFacts> {
    const { home, provider, clock, admission, ours } = this.#init;
    const { what, bytes, block, credential, place } = introduction;
    const { did } = block;
    if (alias !== undefined) this.#assertAlias(alias, did);
    if (did === ours.block.did) throw new AgentError('BAD_CARD', `this is your own ${what}`);
    const peer = peerIdentity(provider, block);
    const key = await admission.checkKey(peer);
    if (!key.ok) {
      throw new AgentError('BAD_CARD', `this ${what} is not of the DID that it names: ${key.reason}`, {
        hint: 'Somebody else made it: do not use it.',
        data: { did },
      });
    }
    const verdict = await this.#verdict(peer, credential);
    const passes = verdict?.ok === true;
    const known = home.contacts.get(did);
    const identityBlock = encodeIdentityBlock(block);
    const isSameBlock = known !== undefined && equalBytes(known.identityBlock, identityBlock);
    const verified = known !== undefined && known.verifiedAtMs > 0 ? known : undefined;
    if (verified !== undefined && !isSameBlock && !passes) {
      throw new AgentError('BAD_CARD', `this ${what} names other keys than those that you have verified`, {
        hint: 'Ask its owner for a card with a credential that you accept.',
        data: { did },
      });
    }
    const knownPlace = known === undefined ? null : this.#placeOf(known);
    if (place.record !== null) this.#assertNotBack(did, place.record, knownPlace);
    // Of a record and a card the later one says where they are, whichever came first to us; of two records the number
    // decides, also when their owner's clock has gone back.
    const isEarlier =
      knownPlace !== null &&
      (place.record === null || knownPlace.record === null) &&
      place.issuedAtMs < knownPlace.issuedAtMs;
    const isOutdated = isEarlier && (!isSameBlock || (what === 'card' && knownPlace.record === null));
    if (isOutdated) {
      throw new AgentError('BAD_CARD', `a later card or record of this contact is known already`, {
        hint: 'Ask its owner for a new one (wotid card export).',
        data: { did, known: new Date(knownPlace.issuedAtMs).toISOString() },
      });
    }
    // What was written before its owner had this credential takes nothing back that was verified since.
    const keepsCredential = isSameBlock && !passes && (verified !== undefined || credential.length === 0);
    home.transaction(() => {
      home.contacts.put({
        did,
        alias: alias ?? known?.alias ?? '',
        card: isEarlier ? (known?.card ?? bytes) : bytes,
        identityBlock,
        credential: keepsCredential ? known.credential : credential,
        verifiedAtMs: keepsCredential ? known.verifiedAtMs : passes ? clock.nowMs() : 0,
        addedAtMs: known?.addedAtMs ?? clock.nowMs(),
      });
      if (place.record !== null) home.contactNotes.noteRecord(did, place.record);
      if (passes) home.objects.forgetRefused();
      if (verified !== undefined) this.#noteKeys(verified, peer);
    });
    this.#init.onChanged(did);
    if (verified !== undefined) this.#noticeKeys(verified, peer);
    const facts = this.factsOf(did);
    if (verdict === null || verdict.ok) return facts;
    // What was introduced did not pass. That says nothing of another credential of theirs that is kept.
    const isOfKept = !facts.verified || (known !== undefined && equalBytes(known.credential, credential));
    return isOfKept ? { ...facts, verified: false, reason: verdict.reason } : facts;
  }

  /** A card says nothing about the number of a record, whatever its date. @throws DirectoryError `ROLLED_BACK`, `EQUIVOCATION` */
  #assertNotBack(did: string, record: RecordSeen, known: KnownPlace | null): void {
    const seen = this.#init.home.contactNotes.recordSeen(did) ?? known?.record ?? null;
    if (seen === null || record.seq > seen.seq) return;
    if (record.seq === seen.seq && equalBytes(record.digest, seen.digest)) return;
    const facts = { did, seq: record.seq.toString(), seen: seen.seq.toString() };
    const hint = 'Do not use this directory for this contact: exchange contact cards.';
    if (record.seq < seen.seq) {
      throw new DirectoryError('ROLLED_BACK', 'the directory serves an older record than was seen before', {
        hint,
        data: facts,
      });
    }
    throw new DirectoryError('EQUIVOCATION', 'there are two records of this contact under one number', {
      hint: `${hint.replace(/\.$/, '')}, and tell them.`,
      data: facts,
    });
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
    if (known !== undefined && known.verifiedAtMs > 0) this.#noteKeys(known, peer);
    this.#init.onChanged(did);
    if (known !== undefined && known.verifiedAtMs > 0) this.#noticeKeys(known, peer);
  }

  /** Keeps for the user that a contact has other keys; call it in the transaction that stores them. */
  #noteKeys(before: Contact, { block, idFp }: PeerIdentity): void {
    const { home, clock } = this.#init;
    const former = this.#fingerprintOf(before);
    if (former === '' || former === idFp.toHex()) return;
    home.contactNotes.noteKeys(block.did, {
      before: Uint8Array.fromHex(former),
      after: idFp,
      noticedAtMs: clock.nowMs(),
    });
  }

  #noticeKeys(before: Contact, peer: PeerIdentity): void {
    const former = this.#fingerprintOf(before);
    const after = peer.idFp.toHex();
    if (former === '' || former === after) return;
    this.#init.onNewKeys({ did: peer.block.did, alias: before.alias, before: former, after });
  }

  /** The user has seen that a contact has other keys. @throws AgentError `NO_CONTACT` */
  acknowledgeKeys(did: string): ContactFacts {
    this.#init.home.contactNotes.acknowledgeKeys(did);
    return this.factsOf(did);
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

  /** True for somebody who was met, looked up, or whose card was added. */
  isKnown(did: string): boolean {
    return this.#init.home.contacts.get(did) !== undefined;
  }

  /** The credential of theirs that is kept, verified or not; `null` when there is none. */
  credential(did: string): Uint8Array | null {
    const kept = this.#init.home.contacts.get(did)?.credential;
    return kept === undefined || kept.length === 0 ? null : kept;
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
    return knownPlaceOf(this.#init.provider, card);
  }

  #stored(contact: Contact): ContactFacts {
    const { did, alias, verifiedAtMs } = contact;
    const place = this.#placeOf(contact);
    const keys = this.#init.home.contactNotes.keysNoticed(did);
    return {
      alias,
      did,
      fingerprint: this.#fingerprintOf(contact),
      verified: verifiedAtMs > 0,
      reason: null,
      mailboxId: place?.mailbox?.mailboxId ?? null,
      addresses: place?.addresses ?? [],
      cardIssuedAt: place === null ? null : new Date(place.issuedAtMs).toISOString(),
      level: this.reachedLevel(did),
      newKeys:
        keys === null
          ? null
          : {
              before: keys.before.toHex(),
              after: keys.after.toHex(),
              noticedAt: new Date(keys.noticedAtMs).toISOString(),
            },
    };
  }
}

function asPlace({ peerId, addresses, mailbox, issuedAtMs }: ContactCard): KnownPlace {
  return { peerId, addresses, mailbox, issuedAtMs, record: null };
}
