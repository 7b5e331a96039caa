/**
 * The prekey publication: what a stranger needs to start a session with somebody who is away. It is signed once and
 * stands on chain beside its owner's identity block.
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 1 | version | 01 |
 * | 1 + n | chainId | u8 length + text: the chain whose mailbox this is |
 * | 32 | mailboxId | object id of the mailbox |
 * | 1 | suites | bitmap, bit n-1 = suite n |
 * | 1 | minLevel | lowest security level accepted |
 * | 1 + n | did | u8 length + UTF-8 |
 * | 32 | idFp | identity fingerprint |
 * | 4 | number | grows by one with each publication |
 * | 8 + 8 | notBefore, notAfter | milliseconds since the Unix epoch |
 * | 4 + 32 | spkId, spk | signed prekey (X25519) |
 * | 4 + 1568 | kemId, lastResortKem | last-resort KEM prekey (ML-KEM-1024) |
 * | 2 + 32 | otCount, otRoot | one-time pairs under a Merkle root (`one-time.ts`), at most 256; 0 and zeros where there are none |
 *
 * All integers are little-endian (BCS). Published form, at most 16,384 bytes: identity block, publication (ULEB128
 * length), hybrid signature of purpose `prekeys` over the publication's bytes.
 */
import {
  bcs,
  bytesType,
  decodeStrict,
  equalBytes,
  fixedBytesType,
  isWotError,
  shortTextType,
} from '@wotid/core';
import {
  assertIdentityBlock,
  assertX25519PublicKey,
  hybridSignatureType,
  identityBlockType,
  importIdentityVerifyingKeys,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type CryptoProvider,
} from '@wotid/crypto';
import { SessionError, type SessionErrorCode } from '../errors.ts';
import { peerIdentity, type OwnIdentity, type PeerIdentity } from '../identity.ts';
import {
  KEM_BYTES,
  KEY_BYTES,
  MAX_CLOCK_SKEW_MS,
  MAX_ONE_TIME_PAIRS,
  MAX_PUBLISHED_PREKEYS_BYTES,
  PREKEY_LIFETIME_MS,
} from '../limits.ts';
import { isSecurityLevel, levelFacts, type SecurityLevel } from '../levels.ts';
import { prekeyIds, type HandshakePrekeys } from '../pqxdh/encoding.ts';
import { suiteBitmap, type SecurityPolicy } from '../security-policy.ts';
import { SUITES } from '../suites.ts';
import { timeType } from '../wire/codec.ts';
import type { OneTimePair } from './one-time.ts';

const VERSION = 1;

/** Where prekeys are published: they are valid for this mailbox alone. */
export interface MailboxPlace {
  /** The chain's identifier as its nodes report it, at most 255 bytes. */
  readonly chainId: string;
  /** 32 bytes. */
  readonly mailboxId: Uint8Array;
}

/** The fields of a prekey publication. */
export interface PrekeyPublication extends MailboxPlace {
  readonly version: number;
  readonly suites: number;
  readonly minLevel: number;
  readonly did: string;
  readonly idFp: Uint8Array;
  /** u32 */
  readonly number: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly spkId: number;
  readonly spk: Uint8Array;
  readonly kemId: number;
  readonly lastResortKem: Uint8Array;
  readonly otCount: number;
  readonly otRoot: Uint8Array;
}

const publicationType = bcs.struct('prekey publication', {
  version: bcs.u8(),
  chainId: shortTextType,
  mailboxId: fixedBytesType(32),
  suites: bcs.u8(),
  minLevel: bcs.u8(),
  did: shortTextType,
  idFp: fixedBytesType(32),
  number: bcs.u32(),
  notBeforeMs: timeType,
  notAfterMs: timeType,
  spkId: bcs.u32(),
  spk: fixedBytesType(KEY_BYTES),
  kemId: bcs.u32(),
  lastResortKem: fixedBytesType(KEM_BYTES),
  otCount: bcs.u16(),
  otRoot: fixedBytesType(32),
});
const publishedType = bcs.struct('published prekeys', {
  identityBlock: identityBlockType,
  publication: bytesType,
  signature: hybridSignatureType,
});

/** Internal: signs the public halves of one generation of prekeys. */
export function signPublication(
  provider: CryptoProvider,
  ours: OwnIdentity,
  fields: Pick<
    PrekeyPublication,
    'chainId' | 'mailboxId' | 'number' | 'notBeforeMs' | 'notAfterMs' | 'otCount' | 'otRoot'
  > & { readonly policy: SecurityPolicy },
  prekeys: { readonly spk: Uint8Array; readonly kem: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const { spkId, kemId } = prekeyIds(provider, { ...prekeys, opk: null });
  const { policy, ...signed } = fields;
  const publication = publicationType
    .serialize({
      ...signed,
      version: VERSION,
      suites: suiteBitmap(policy.suites),
      minLevel: policy.minLevel,
      did: ours.block.did,
      idFp: ours.idFp,
      spkId,
      spk: prekeys.spk,
      kemId,
      lastResortKem: prekeys.kem,
    })
    .toBytes();
  const signature = signHybrid(provider, ours.keys, signaturePurposes.prekeys, publication);
  const published = { identityBlock: ours.block, publication, signature };
  return new Uint8Array(
    publishedType.serialize(published, { maxSize: MAX_PUBLISHED_PREKEYS_BYTES }).toBytes(),
  );
}

/** What a publication must match. */
export interface VerifyPrekeysInit extends MailboxPlace {
  readonly nowMs: number;
  /** The DID whose prekeys they must be; absent when the mailbox is all we know. */
  readonly did?: string;
  /** The fingerprint that a credential or contact card vouches for, 32 bytes. */
  readonly idFp?: Uint8Array;
  /** The highest `number` seen for this identity: a lower one is a replay. */
  readonly lastNumber?: number;
}

/** A publication whose signature, dates and belonging were verified. */
export interface VerifiedPrekeys {
  readonly owner: PeerIdentity;
  readonly publication: PrekeyPublication;
}

/**
 * Verifies published prekeys: strict form, size, version, level and suite, ids, keys, both signatures, and that they
 * belong to the expected chain, mailbox, DID and identity, are current, and not older than one seen before.
 *
 * It does *not* say who the owner is: the DID is the owner's own claim until a credential or a contact card has
 * confirmed the fingerprint.
 * @throws SessionError `PREKEYS_INVALID`, `PREKEYS_MISMATCH`, `PREKEYS_EXPIRED`, `PREKEYS_OUTDATED`, `UNSUPPORTED`
 */
export function verifyPrekeys(
  provider: CryptoProvider,
  published: Uint8Array,
  init: VerifyPrekeysInit,
): VerifiedPrekeys {
  const {
    identityBlock,
    publication: bytes,
    signature,
  } = parsed(() =>
    decodeStrict(publishedType, published, {
      what: 'published prekeys',
      maxBytes: MAX_PUBLISHED_PREKEYS_BYTES,
    }),
  );
  if (bytes[0] !== VERSION) throw refused('UNSUPPORTED', 'is of an unknown version', 'update wot.id');
  const publication: PrekeyPublication = parsed(() =>
    decodeStrict(publicationType, bytes, {
      what: 'prekey publication',
      maxBytes: MAX_PUBLISHED_PREKEYS_BYTES,
    }),
  );
  const owner = parsed(() => {
    assertIdentityBlock(identityBlock);
    return peerIdentity(provider, identityBlock);
  });
  if (publication.did !== identityBlock.did || !equalBytes(publication.idFp, owner.idFp)) {
    throw refused('PREKEYS_INVALID', 'names another identity than the block beside it');
  }
  assertBelongs(publication, init);
  if ((publication.suites & suiteBitmap(SUITES)) === 0 || !isSecurityLevel(publication.minLevel)) {
    throw refused('UNSUPPORTED', 'offers no level and suite that we speak', 'update wot.id');
  }
  if (!hasSensibleTree(publication)) {
    throw refused('PREKEYS_INVALID', `has ${publication.otCount} one-time pairs, or a root without any`);
  }
  assertCurrent(publication, init.nowMs);
  if (publication.number < (init.lastNumber ?? 0)) {
    throw refused('PREKEYS_OUTDATED', `has number ${publication.number}, ${init.lastNumber} was seen before`);
  }
  const keys = importIdentityVerifyingKeys(provider, identityBlock);
  if (!verifyHybrid(provider, keys, signaturePurposes.prekeys, bytes, signature)) {
    throw refused('PREKEYS_INVALID', 'has a wrong signature');
  }
  parsed(() => {
    assertX25519PublicKey(publication.spk);
    provider.kemImportPublic(publication.lastResortKem).dispose();
  });
  const ids = prekeyIds(provider, {
    spk: publication.spk,
    opk: null,
    kem: publication.lastResortKem,
  });
  if (
    ids.spkId !== publication.spkId ||
    ids.kemId !== publication.kemId ||
    ids.spkId === 0 ||
    ids.kemId === 0
  ) {
    throw refused('PREKEYS_INVALID', 'has ids that are not those of its keys');
  }
  return { owner, publication };
}

/**
 * The prekeys of an offline handshake: those of a verified one-time pair, or the last-resort ones without it; at levels 1
 * and 2 without the KEM's.
 */
export function handshakePrekeys(
  publication: Pick<PrekeyPublication, 'spk' | 'lastResortKem'>,
  level: SecurityLevel,
  pair: OneTimePair | null,
): HandshakePrekeys {
  const kem = levelFacts(level).isPostQuantum ? (pair?.kem ?? publication.lastResortKem) : null;
  return { spk: publication.spk, opk: pair?.opk ?? null, kem };
}

function hasSensibleTree({ otCount, otRoot }: PrekeyPublication): boolean {
  return otCount <= MAX_ONE_TIME_PAIRS && (otCount > 0 || otRoot.every((byte) => byte === 0));
}

/** @throws SessionError `PREKEYS_EXPIRED` when the publication is not valid at `nowMs` */
export function assertCurrent(publication: PrekeyPublication, nowMs: number): void {
  const { notBeforeMs, notAfterMs } = publication;
  const lifetime = notAfterMs - notBeforeMs;
  if (lifetime <= 0 || lifetime > PREKEY_LIFETIME_MS) {
    throw refused('PREKEYS_INVALID', 'is valid for longer than 14 days, or never');
  }
  if (nowMs >= notAfterMs) {
    throw refused(
      'PREKEYS_EXPIRED',
      `expired at ${new Date(notAfterMs).toISOString()}`,
      'the recipient has to come online once',
    );
  }
  if (nowMs < notBeforeMs - MAX_CLOCK_SKEW_MS) {
    throw refused('PREKEYS_EXPIRED', 'is not valid yet', 'check the clock');
  }
}

function assertBelongs(publication: PrekeyPublication, init: VerifyPrekeysInit): void {
  const matches =
    publication.chainId === init.chainId &&
    equalBytes(publication.mailboxId, init.mailboxId) &&
    (init.did === undefined || publication.did === init.did) &&
    (init.idFp === undefined || equalBytes(publication.idFp, init.idFp));
  if (!matches) {
    throw refused(
      'PREKEYS_MISMATCH',
      'belongs to another chain, mailbox, DID or identity',
      'do not write to it',
    );
  }
}

function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isWotError(cause)) throw cause;
    throw refused('PREKEYS_INVALID', `does not decode: ${cause.message}`, '', cause);
  }
}

function refused(
  code: SessionErrorCode,
  what: string,
  hint = 'ask the recipient to publish new prekeys',
  cause?: unknown,
): SessionError {
  return new SessionError(code, `the prekey publication ${what}`, { hint, cause });
}
