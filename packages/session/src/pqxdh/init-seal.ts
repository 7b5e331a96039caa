/**
 * The sealed part of an offline initial message: who the sender is, hidden from everybody but the recipient.
 *
 * Plaintext (BCS, then padding 80 00… to a multiple of 256 bytes, so that neither the DID's method nor the size of the
 * credential shows):
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 1 or 1 + ~2.8 K | identityBlock | Option; present on first contact |
 * | 1 or 3 + n | credential | Option of a vector; present on first contact |
 * | 1 + n | did | u8 length + UTF-8 |
 * | 32 | idFp | the sender's identity fingerprint |
 * | 32 | credentialHash | H256 of the credential bytes |
 * | 8 | sentAt | milliseconds since the Unix epoch, little-endian |
 * | 4692 | signature | hybrid, purpose `init` |
 *
 * AES-256-GCM under the init-seal key, AAD = the public part.
 */
import { bcs, bytesType, decodeStrict, fixedBytesType, optionType, shortTextType } from '@wotid/core';
import {
  hybridSignatureType,
  identityBlockType,
  wipe,
  type CryptoProvider,
  type IdentityBlock,
} from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import type { OneTimeKey } from '../kdf.ts';
import { MAX_CREDENTIAL_BYTES, MAX_INIT_SEALED_BYTES, SESSION_AD_BYTES, TAG_BYTES } from '../limits.ts';
import { safeU64Type, timeType } from '../wire/codec.ts';
import { pad, unpad } from '../wire/padding.ts';
import type { PrekeyIds } from './encoding.ts';

const PADDING_MULTIPLE = 256;
const MAX_PLAIN_BYTES = MAX_INIT_SEALED_BYTES - TAG_BYTES;

/** What the sealed part says. */
export interface InitClaims {
  /** The sender's block, or `null` when the recipient knows it. */
  readonly identityBlock: IdentityBlock | null;
  /** The sender's credential, opaque here, or `null` when the recipient knows it. */
  readonly credential: Uint8Array | null;
  readonly did: string;
  readonly idFp: Uint8Array;
  readonly credentialHash: Uint8Array;
  readonly sentAtMs: number;
  readonly signature: Uint8Array;
}

const claimsType = bcs.struct('sealed part', {
  identityBlock: optionType(identityBlockType),
  credential: optionType(bytesType),
  did: shortTextType,
  idFp: fixedBytesType(32),
  credentialHash: fixedBytesType(32),
  sentAtMs: timeType,
  signature: hybridSignatureType,
});

/**
 * The padded plaintext of a sealed part, whose length is known before the signature exists: the public part carries it.
 * @throws SessionError `PAYLOAD_TOO_LARGE` for a credential above 24,576 bytes
 */
export function encodeInitClaims(claims: InitClaims): Uint8Array<ArrayBuffer> {
  if (claims.credential !== null && claims.credential.length > MAX_CREDENTIAL_BYTES) {
    throw new SessionError(
      'PAYLOAD_TOO_LARGE',
      `a credential of ${claims.credential.length} bytes is above the limit`,
      { data: { bytes: claims.credential.length, maxBytes: MAX_CREDENTIAL_BYTES } },
    );
  }
  const bytes = claimsType.serialize(claims, { maxSize: MAX_PLAIN_BYTES }).toBytes();
  return pad(bytes, Math.ceil((bytes.length + 1) / PADDING_MULTIPLE) * PADDING_MULTIPLE);
}

/** Seals the plaintext of {@link encodeInitClaims}; 16 bytes longer. Wipes the key. */
export function sealInitClaims(
  provider: CryptoProvider,
  key: OneTimeKey,
  plaintext: Uint8Array,
  publicPart: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const sealed = provider.seal('aes-256-gcm', key.key, key.nonce, plaintext, publicPart);
  wipe(key.key, key.nonce);
  return sealed;
}

/** Opens a sealed part; `null` for a wrong tag or anything but the one encoding. Wipes the key. */
export function openInitClaims(
  provider: CryptoProvider,
  key: OneTimeKey,
  sealed: Uint8Array,
  publicPart: Uint8Array,
): InitClaims | null {
  const plaintext = provider.open('aes-256-gcm', key.key, key.nonce, sealed, publicPart);
  wipe(key.key, key.nonce);
  const bytes = plaintext === null ? null : unpad(plaintext);
  if (bytes === null) return null;
  try {
    return decodeStrict(claimsType, bytes, { what: 'sealed part', maxBytes: MAX_PLAIN_BYTES });
  } catch {
    return null;
  }
}

const signedInitType = bcs.struct('signed init', {
  sessionAd: fixedBytesType(SESSION_AD_BYTES),
  spkId: bcs.u32(),
  opkId: bcs.u32(),
  kemId: bcs.u32(),
  sentAtMs: safeU64Type,
  credentialHash: fixedBytesType(32),
});

/**
 * What the initiator signs for purpose `init`, 116 bytes: sessionAd 64 (which covers both identities and all keys),
 * spkId, opkId, kemId (u32 each), sentAt u64, credentialHash 32.
 */
export function signedInitBody(
  sessionAd: Uint8Array,
  ids: PrekeyIds,
  sentAtMs: number,
  credentialHash: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { spkId, opkId, kemId } = ids;
  return new Uint8Array(
    signedInitType.serialize({ sessionAd, spkId, opkId, kemId, sentAtMs, credentialHash }).toBytes(),
  );
}
