/**
 * Who a peer is, in keys: the identity block binds a DID to an X25519 key, an Ed25519 key and an ML-DSA-87 key. Its
 * fingerprint stands for all of them in credentials and signed bodies. The Diffie-Hellman key and the signing keys are
 * separate; only the fingerprint ties them.
 *
 * Identity block (BCS): version u8 = 1 | DID (u8 length, UTF-8) | ik 32 | ed25519 32 | mldsa87 2592 | Option<falcon
 * 1793>, absent in this version.
 */
import {
  bcs,
  concatBytes,
  decodeStrict,
  fixedBytesType,
  optionType,
  shortTextType,
  utf8,
  type BcsType,
} from '@wotid/core';
import { CryptoError } from './crypto-error.ts';
import type { HybridSigningKeys, HybridVerifyingKeys } from './hybrid-signature.ts';
import { assertX25519PublicKey } from './input-checks.ts';
import type { CryptoProvider, SigningKey, X25519KeyPair } from './provider.ts';
import { wipe } from './secret-bytes.ts';
import { signaturePublicKeyBytes, signatureSeedBytes, x25519Bytes } from './sizes.ts';

const blockVersion = 1;
const seedsVersion = 1;
const falconPublicKeyBytes = 1793;

/** Version 1, a DID of 255 bytes, all keys, no Falcon key: 2914 bytes. */
export const identityBlockMaxBytes: number =
  1 + 256 + x25519Bytes + signaturePublicKeyBytes.ed25519 + signaturePublicKeyBytes['ml-dsa-87'] + 1;

/** Version, then three 32-byte secrets. */
export const identitySeedsBytes: number = 1 + x25519Bytes + 2 * signatureSeedBytes;

/** DID syntax of W3C DID Core 1.0, section 3.1 (percent escapes are not looked into). */
const didPattern = /^did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._%-]$/;

/**
 * The canonical u-coordinates of small order on Curve25519 and its twist: 0, 1, two of order 8, and p - 1. Nobody can
 * agree on a key with them (RFC 7748, section 6.1), so an issuer must not bind one and a contact must not be one.
 */
const smallOrderKeys: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
]);

/** The public keys of one person or service, bound to their DID. */
export interface IdentityBlock {
  /** At most 255 bytes of ASCII. */
  readonly did: string;
  /** X25519 identity key, 32 bytes. */
  readonly ik: Uint8Array;
  /** Ed25519 verification key, 32 bytes. */
  readonly ed25519: Uint8Array;
  /** ML-DSA-87 verification key, 2592 bytes. */
  readonly mlDsa87: Uint8Array;
}

/** BCS of an {@link IdentityBlock}; {@link parseIdentityBlock} also checks the fields. */
export const identityBlockType: BcsType<IdentityBlock, IdentityBlock> = bcs
  .struct('identity block', {
    version: bcs.u8(),
    did: shortTextType,
    ik: fixedBytesType(x25519Bytes),
    ed25519: fixedBytesType(signaturePublicKeyBytes.ed25519),
    mlDsa87: fixedBytesType(signaturePublicKeyBytes['ml-dsa-87']),
    falcon: optionType(fixedBytesType(falconPublicKeyBytes)),
  })
  .transform({
    input: (block: IdentityBlock) => ({ ...block, version: blockVersion, falcon: null }),
    // A version or a Falcon key of later days does not survive re-encoding, so strict decoding refuses it.
    output: ({ did, ik, ed25519, mlDsa87 }): IdentityBlock => ({ did, ik, ed25519, mlDsa87 }),
  });

/** The block's one encoding, 2659 bytes + DID. @throws CryptoError `BAD_IDENTITY`, `BAD_PUBLIC_KEY` */
export function encodeIdentityBlock(block: IdentityBlock): Uint8Array<ArrayBuffer> {
  assertIdentityBlock(block);
  return new Uint8Array(identityBlockType.serialize(block).toBytes());
}

/**
 * Reads a stranger's identity block.
 * @throws DecodeError when it is not exactly one block of version 1 without a Falcon key
 * @throws CryptoError `BAD_IDENTITY` for a DID that is none, `BAD_PUBLIC_KEY` for a non-canonical X25519 key
 */
export function parseIdentityBlock(bytes: Uint8Array): IdentityBlock {
  const block = decodeStrict(identityBlockType, bytes, {
    what: 'identity block',
    maxBytes: identityBlockMaxBytes,
  });
  assertIdentityBlock(block);
  return block;
}

/**
 * Checks the fields of a block that came inside a larger message.
 * @throws CryptoError `BAD_IDENTITY`, `BAD_PUBLIC_KEY`
 */
export function assertIdentityBlock(block: IdentityBlock): void {
  if (block.did.length > 255 || !didPattern.test(block.did)) {
    throw new CryptoError('BAD_IDENTITY', 'the identity block names no DID', {
      hint: 'a DID looks like did:method:identifier and has at most 255 bytes',
    });
  }
  assertX25519PublicKey(block.ik);
  if (smallOrderKeys.has(block.ik.toHex())) {
    throw new CryptoError('BAD_PUBLIC_KEY', 'the x25519 public key of the identity block is of small order');
  }
}

/** SHA-256("wot.id/v1/identity" + block): 32 bytes that stand for the DID and all its keys. */
export function identityFingerprint(provider: CryptoProvider, block: IdentityBlock): Uint8Array<ArrayBuffer> {
  return provider.sha256(concatBytes(utf8('wot.id/v1/identity'), encodeIdentityBlock(block)));
}

/** The verification keys of a block, as {@link verifyHybrid} takes them. @throws CryptoError `BAD_PUBLIC_KEY` */
export function importIdentityVerifyingKeys(
  provider: CryptoProvider,
  block: IdentityBlock,
): HybridVerifyingKeys {
  return {
    ed25519: provider.importVerifyingKey('ed25519', block.ed25519),
    mlDsa87: provider.importVerifyingKey('ml-dsa-87', block.mlDsa87),
  };
}

/** Our own identity keys. */
export class IdentityKeys implements HybridSigningKeys, Disposable {
  /** X25519, for session starts alone. */
  readonly ik: X25519KeyPair;
  readonly ed25519: SigningKey;
  readonly mlDsa87: SigningKey;

  private constructor(ik: X25519KeyPair, ed25519: SigningKey, mlDsa87: SigningKey) {
    this.ik = ik;
    this.ed25519 = ed25519;
    this.mlDsa87 = mlDsa87;
  }

  /** Fresh keys from the provider's randomness. */
  static generate(provider: CryptoProvider): IdentityKeys {
    return new IdentityKeys(
      provider.x25519Generate(),
      provider.signGenerate('ed25519'),
      provider.signGenerate('ml-dsa-87'),
    );
  }

  /**
   * Keys from {@link exportSeeds}' bytes, which stay the caller's to wipe.
   * @throws CryptoError `BAD_SEED` on a wrong length or version
   */
  static fromSeeds(provider: CryptoProvider, seeds: Uint8Array): IdentityKeys {
    if (seeds.length !== identitySeedsBytes || seeds[0] !== seedsVersion) {
      throw new CryptoError('BAD_SEED', 'the stored identity keys have an unknown form', {
        hint: 'restore them from a backup, or update wot.id',
        data: { bytes: seeds.length },
      });
    }
    const at = (index: number): Uint8Array => seeds.subarray(1 + 32 * index, 33 + 32 * index);
    return new IdentityKeys(
      provider.x25519FromSecret(at(0)),
      provider.signFromSeed('ed25519', at(1)),
      provider.signFromSeed('ml-dsa-87', at(2)),
    );
  }

  /** 97 secret bytes for sealed storage: version, X25519, Ed25519 and ML-DSA-87 seed. The caller wipes them. */
  exportSeeds(): Uint8Array<ArrayBuffer> {
    const parts = [this.ik.exportSecret(), this.ed25519.exportSeed(), this.mlDsa87.exportSeed()];
    const seeds = concatBytes(Uint8Array.of(seedsVersion), ...parts);
    wipe(...parts);
    return seeds;
  }

  /** The public side under `did`. */
  block(did: string): IdentityBlock {
    return {
      did,
      ik: this.ik.publicKey,
      ed25519: this.ed25519.publicKey,
      mlDsa87: this.mlDsa87.publicKey,
    };
  }

  [Symbol.dispose](): void {
    this.ik.dispose();
    this.ed25519.dispose();
    this.mlDsa87.dispose();
  }
}
