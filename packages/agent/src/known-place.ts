/** Where a contact is, as their card or a directory's record of them says: whichever their owner has signed later. */
import { equalBytes, fromUtf8, utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { verifyContactRecord, type ContactPlace, type ContactRecord } from '@wotid/directory';
import { parseCard } from './card.ts';
import type { RecordSeen } from './home/contact-note-store.ts';

/** A place, and where it comes from. */
export interface KnownPlace extends ContactPlace {
  readonly issuedAtMs: number;
  /** Of a record; `null` of a card. */
  readonly record: RecordSeen | null;
}

/** The place that a record names. */
export function placeOfRecord({ seq, digest, ...record }: ContactRecord): KnownPlace {
  const { peerId, addresses, mailbox, issuedAtMs } = record;
  return { peerId, addresses, mailbox, issuedAtMs, record: { seq, digest } };
}

/** What no record begins with: a record begins with its identity block, whose first byte is the version 1. */
const armorStart = utf8('-----BEGIN ');

/**
 * Reads a stored card or record; `null` for no bytes.
 * @throws AgentError `BAD_CARD`, DirectoryError `BAD_CONTACT_RECORD` when it is damaged
 */
export function knownPlace(provider: CryptoProvider, stored: Uint8Array): KnownPlace | null {
  if (stored.length === 0) return null;
  if (equalBytes(stored.subarray(0, armorStart.length), armorStart)) {
    return { ...parseCard(provider, fromUtf8(stored), Number.MAX_SAFE_INTEGER), record: null };
  }
  const record = verifyContactRecord(provider, stored, null);
  return placeOfRecord(record);
}
