/**
 * Contact cards: what one person hands to another so that they can talk. A card says who someone is (identity block and
 * credential), where their agent listens, and where their mailbox is; it is signed by the identity it names.
 *
 * | field | BCS | meaning |
 * |---|---|---|
 * | version | u8 | 1 |
 * | block | identity block | DID and public keys |
 * | credential | vector<u8> | Verified Human credential, two-leg form; empty when there is none yet |
 * | peerId | short text | libp2p PeerId, base58 |
 * | addresses | vector<short text> | multiaddrs, at most 8; empty when the person takes mailbox messages only |
 * | chainId | short text | 8 hex digits of the network the mailbox is on; empty without a mailbox |
 * | packageId | 32 | package of the mailbox contract; zeros without a mailbox |
 * | mailboxId | Option<32> | the mailbox object |
 * | issuedAtMs | u64 | of two cards of one DID the later one counts |
 * | signature | 4692 | hybrid signature, purpose `card`, over everything before |
 */
import { bcs, bytesType, fixedBytesType, optionType, shortTextType, u64Type } from '@wotid/core';
import {
  identityBlockType,
  signaturePurposes,
  type CryptoProvider,
  type HybridSigningKeys,
  type IdentityBlock,
} from '@wotid/crypto';
import { maxAddresses, type ContactPlace } from '@wotid/directory';
import { armorLabels } from './armor.ts';
import { AgentError } from './errors.ts';
import {
  assertNotFuture,
  encodeDocument,
  parseDocument,
  type DocumentFormat,
  type SignedFields,
} from './signed-document.ts';

/** What a card says. */
export interface ContactCard extends ContactPlace {
  readonly block: IdentityBlock;
  readonly credential: Uint8Array;
  readonly issuedAtMs: number;
}

interface CardFields extends SignedFields {
  readonly credential: Uint8Array;
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly chainId: string;
  readonly packageId: Uint8Array;
  readonly mailboxId: Uint8Array | null;
  readonly issuedAtMs: bigint;
}

const format: DocumentFormat<CardFields> = {
  label: armorLabels.card,
  purpose: signaturePurposes.card,
  // Identity block 2.9 KB, credential at most 24 KiB, addresses 2 KB.
  maxBodyBytes: 36_864,
  body: bcs.struct('contact card', {
    version: bcs.u8(),
    block: identityBlockType,
    credential: bytesType,
    peerId: shortTextType,
    addresses: bcs.vector(shortTextType),
    chainId: shortTextType,
    packageId: fixedBytesType(32),
    mailboxId: optionType(fixedBytesType(32)),
    issuedAtMs: u64Type,
  }) as unknown as DocumentFormat<CardFields>['body'],
  reject: (reason, cause) =>
    new AgentError('BAD_CARD', `this contact card cannot be used: ${reason}`, {
      hint: 'Ask its owner for a new one (wotid card export).',
      cause,
    }),
};

const toHexId = (bytes: Uint8Array): string => `0x${bytes.toHex()}`;
const fromHexId = (id: string): Uint8Array => Uint8Array.fromHex(id.slice(2));

/** A signed card as text. Addresses beyond the eighth are left out. */
export function encodeCard(provider: CryptoProvider, keys: HybridSigningKeys, card: ContactCard): string {
  const { mailbox } = card;
  return encodeDocument(provider, keys, format, {
    version: 1,
    block: card.block,
    credential: card.credential,
    peerId: card.peerId,
    addresses: card.addresses.slice(0, maxAddresses),
    chainId: mailbox?.chainId ?? '',
    packageId: mailbox === null ? new Uint8Array(32) : fromHexId(mailbox.packageId),
    mailboxId: mailbox === null ? null : fromHexId(mailbox.mailboxId),
    issuedAtMs: BigInt(card.issuedAtMs),
  });
}

/**
 * Reads a card and checks its signature. Whether its credential is one to trust is another question.
 * @throws AgentError `BAD_CARD`; ArmorError when the text holds no card
 */
export function parseCard(provider: CryptoProvider, text: string, nowMs: number): ContactCard {
  const fields = parseDocument(provider, format, text);
  assertNotFuture(format, fields.issuedAtMs, nowMs);
  if (fields.addresses.length > maxAddresses)
    throw format.reject(`it has more than ${maxAddresses} addresses`);
  const { mailboxId } = fields;
  if ((mailboxId === null) !== (fields.chainId === '')) throw format.reject('its mailbox is incomplete');
  return {
    block: fields.block,
    credential: fields.credential,
    peerId: fields.peerId,
    addresses: fields.addresses,
    mailbox:
      mailboxId === null
        ? null
        : { chainId: fields.chainId, packageId: toHexId(fields.packageId), mailboxId: toHexId(mailboxId) },
    issuedAtMs: Number(fields.issuedAtMs),
  };
}
