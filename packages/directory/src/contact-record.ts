/**
 * Contact records: where one person can be reached, signed by the identity that they name. A directory serves them; a
 * contact card is one with a credential beside it.
 *
 * Record (BCS), all integers little-endian:
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 1 | version | 01; 02 when a credential is named |
 * | 1 + n | did | u8 length + UTF-8 |
 * | 32 | idFp | identity fingerprint |
 * | 1 + n | peerId | libp2p PeerId, base58 |
 * | 1 + … | addresses | at most 8 multiaddrs, each u8 length + text; none for who takes mailbox messages only |
 * | 1 + … | mailbox | Option: chainId (u8 length + text), packageId 32, mailboxId 32 |
 * | 8 | seq | grows with each record of a DID; below 2^63 |
 * | 8 + 8 | issuedAt, expiresAt | milliseconds since the Unix epoch, at most 90 days apart |
 * | 32 | credentialHash | version 02 alone: SHA-256 of the credential that its owner has left beside the record |
 *
 * Published form, at most 12,288 bytes: identity block, record (ULEB128 length), hybrid signature of purpose
 * `contact-record` over the record's bytes.
 */
import {
  bcs,
  bytesType,
  decodeStrict,
  equalBytes,
  fixedBytesType,
  optionType,
  shortTextType,
  u64Type,
  type BcsType,
} from '@wotid/core';
import {
  assertIdentityBlock,
  hybridSignatureType,
  identityBlockType,
  identityFingerprint,
  importIdentityVerifyingKeys,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type CryptoProvider,
  type HybridSigningKeys,
  type IdentityBlock,
} from '@wotid/crypto';
import { DirectoryError } from './errors.ts';
import {
  maxAddresses,
  maxContactRecordBytes,
  maxContactRecordLifetimeMs,
  statementSkewMs,
} from './limits.ts';

/** Where a mailbox is. */
export interface MailboxLocation {
  /** The chain's identifier as its nodes report it: 8 hex digits. */
  readonly chainId: string;
  /** `0x` and 64 hex digits. */
  readonly packageId: string;
  readonly mailboxId: string;
}

/** What a record says beside whose it is. */
export interface ContactPlace {
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly mailbox: MailboxLocation | null;
}

/** A record whose signature was verified. */
export interface ContactRecord extends ContactPlace {
  readonly block: IdentityBlock;
  /** Fingerprint of `block`, 32 bytes. */
  readonly idFp: Uint8Array;
  readonly seq: bigint;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** SHA-256 of the credential that its owner has left beside it, 32 bytes; `null` when they have left none. */
  readonly credentialHash: Uint8Array | null;
  /** SHA-256 of what is signed, 32 bytes: two records of one seq say the same when it is the same. */
  readonly digest: Uint8Array;
}

interface RecordFields {
  readonly version: number;
  readonly did: string;
  readonly idFp: Uint8Array;
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly mailbox: {
    readonly chainId: string;
    readonly packageId: Uint8Array;
    readonly mailboxId: Uint8Array;
  } | null;
  readonly seq: bigint;
  readonly issuedAtMs: bigint;
  readonly expiresAtMs: bigint;
  readonly credentialHash?: Uint8Array;
}

/** Versions of a record without and with a credential. */
const [plainVersion, credentialVersion] = [1, 2];
/** Databases count in signed 64 bits. */
const maxSeq = 2n ** 63n;

const plainFields = {
  version: bcs.u8(),
  did: shortTextType,
  idFp: fixedBytesType(32),
  peerId: shortTextType,
  addresses: bcs.vector(shortTextType),
  mailbox: optionType(
    bcs.struct('mailbox location', {
      chainId: shortTextType,
      packageId: fixedBytesType(32),
      mailboxId: fixedBytesType(32),
    }),
  ),
  seq: u64Type,
  issuedAtMs: u64Type,
  expiresAtMs: u64Type,
};
const plainType = bcs.struct('contact record', plainFields) as unknown as BcsType<RecordFields, RecordFields>;
const credentialRecordType = bcs.struct('contact record with a credential', {
  ...plainFields,
  credentialHash: fixedBytesType(32),
}) as unknown as BcsType<RecordFields, RecordFields>;
const publishedType = bcs.struct('published contact record', {
  block: identityBlockType,
  record: bytesType,
  signature: hybridSignatureType,
});

/** What {@link signContactRecord} signs. */
export interface ContactRecordInit extends ContactPlace {
  readonly block: IdentityBlock;
  readonly seq: bigint;
  /** Milliseconds since the Unix epoch. */
  readonly issuedAtMs: number;
  /** Default 90 days after it was issued. */
  readonly expiresAtMs?: number;
  /** The credential to be found beside the record; `null`, the default, when there is none. */
  readonly credential?: Uint8Array | null;
}

/** What a record says of a credential: SHA-256, 32 bytes. */
export function contactCredentialHash(provider: CryptoProvider, credential: Uint8Array): Uint8Array {
  return provider.sha256(credential);
}

/** A signed record. Addresses beyond the eighth are left out. */
export function signContactRecord(
  provider: CryptoProvider,
  keys: HybridSigningKeys,
  init: ContactRecordInit,
): Uint8Array<ArrayBuffer> {
  const { block, mailbox, seq, issuedAtMs, credential = null } = init;
  const record = (credential === null ? plainType : credentialRecordType)
    .serialize({
      version: credential === null ? plainVersion : credentialVersion,
      did: block.did,
      idFp: identityFingerprint(provider, block),
      peerId: init.peerId,
      addresses: init.addresses.slice(0, maxAddresses),
      mailbox:
        mailbox === null
          ? null
          : {
              chainId: mailbox.chainId,
              packageId: idBytes(mailbox.packageId),
              mailboxId: idBytes(mailbox.mailboxId),
            },
      seq,
      issuedAtMs: BigInt(issuedAtMs),
      expiresAtMs: BigInt(init.expiresAtMs ?? issuedAtMs + maxContactRecordLifetimeMs),
      ...(credential !== null && { credentialHash: contactCredentialHash(provider, credential) }),
    })
    .toBytes();
  const signature = signHybrid(provider, keys, signaturePurposes.contactRecord, record);
  return new Uint8Array(
    publishedType.serialize({ block, record, signature }, { maxSize: maxContactRecordBytes }).toBytes(),
  );
}

/**
 * Reads a record and checks that the identity it names has signed it. It does *not* say whose identity that is: whether
 * the DID names these keys, and who its owner is, are the caller's questions.
 * @param nowMs checks the dates, with 300 s for clocks; `null` for a record that was taken in before
 * @throws DirectoryError `BAD_CONTACT_RECORD`
 */
export function verifyContactRecord(
  provider: CryptoProvider,
  published: Uint8Array,
  nowMs: number | null,
): ContactRecord {
  let fields: RecordFields;
  let block: IdentityBlock;
  let isSigned: boolean;
  let idFp: Uint8Array;
  let digest: Uint8Array;
  try {
    const decoded = decodeStrict(publishedType, published, {
      what: 'published contact record',
      maxBytes: maxContactRecordBytes,
    });
    block = decoded.block;
    assertIdentityBlock(block);
    idFp = identityFingerprint(provider, block);
    fields = decodeStrict(typeOf(decoded.record), decoded.record, {
      what: 'contact record',
      maxBytes: maxContactRecordBytes,
    });
    digest = provider.sha256(decoded.record);
    using keys = importIdentityVerifyingKeys(provider, block);
    isSigned = verifyHybrid(
      provider,
      keys,
      signaturePurposes.contactRecord,
      decoded.record,
      decoded.signature,
    );
  } catch (error) {
    throw refused('it does not decode', error);
  }
  if (!isSigned) throw refused('its signature is wrong');
  const problem = problemWith(fields, block, idFp) ?? problemWithDates(fields, nowMs);
  if (problem !== null) throw refused(problem);
  const { mailbox } = fields;
  return {
    block,
    idFp,
    peerId: fields.peerId,
    addresses: fields.addresses,
    mailbox:
      mailbox === null
        ? null
        : {
            chainId: mailbox.chainId,
            packageId: hexId(mailbox.packageId),
            mailboxId: hexId(mailbox.mailboxId),
          },
    seq: fields.seq,
    issuedAtMs: Number(fields.issuedAtMs),
    expiresAtMs: Number(fields.expiresAtMs),
    credentialHash: fields.credentialHash ?? null,
    digest,
  };
}

/** The layout that a record's first byte names; what is none fails to decode, or by its version. */
function typeOf(record: Uint8Array): BcsType<RecordFields, RecordFields> {
  return record[0] === credentialVersion ? credentialRecordType : plainType;
}

function problemWith(fields: RecordFields, block: IdentityBlock, idFp: Uint8Array): string | null {
  if (fields.version !== plainVersion && fields.version !== credentialVersion) {
    return `it has version ${fields.version}, known are ${plainVersion} and ${credentialVersion}`;
  }
  if (fields.did !== block.did || !equalBytes(fields.idFp, idFp)) {
    return 'it names another identity than the block beside it';
  }
  if (fields.addresses.length > maxAddresses) return `it has more than ${maxAddresses} addresses`;
  if (fields.seq >= maxSeq) return 'its seq is 2^63 or more';
  return null;
}

function problemWithDates({ issuedAtMs, expiresAtMs }: RecordFields, nowMs: number | null): string | null {
  const lifetime = expiresAtMs - issuedAtMs;
  if (lifetime <= 0n || lifetime > BigInt(maxContactRecordLifetimeMs)) {
    return 'it is valid for more than 90 days, or never';
  }
  if (nowMs === null) return null;
  if (issuedAtMs > BigInt(nowMs + statementSkewMs)) {
    return 'it is from the future: one of the two clocks is wrong';
  }
  return BigInt(nowMs - statementSkewMs) >= expiresAtMs ? 'it has expired' : null;
}

function hexId(bytes: Uint8Array): string {
  return `0x${bytes.toHex()}`;
}

function idBytes(id: string): Uint8Array {
  return Uint8Array.fromHex(id.slice(2));
}

function refused(reason: string, cause?: unknown): DirectoryError {
  return new DirectoryError('BAD_CONTACT_RECORD', `this contact record cannot be used: ${reason}`, {
    hint: 'Ask its owner to publish a new one.',
    cause,
  });
}
