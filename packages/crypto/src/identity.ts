/**
 * Who a peer is, in keys: the identity block binds a DID to an X25519 key, an Ed25519 key and an ML-DSA-87 key. Its
 * fingerprint stands for all of them in credentials and signed bodies. The Diffie-Hellman key and the signing keys are
 * separate; only the fingerprint ties them.
 *
 * Identity block (BCS): version u8 = 1 | DID (u8 length, UTF-8) | ik 32 | ed25519 32 | mldsa87 2592 | Option<falcon
 * 1793>. A Falcon key stands beside the ML-DSA one, never in its place: owners ask for it to have shorter signatures
 * where their peers take them.
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
import { signaturePublicKeyBytes, signatureSecretBytes, x25519Bytes } from './sizes.ts';

const blockVersion = 1;

/** Version 1, a DID of 255 bytes, all keys with a Falcon key: 4707 bytes. */
export const identityBlockMaxBytes: number =
  1 +
  256 +
  x25519Bytes +
  signaturePublicKeyBytes.ed25519 +
  signaturePublicKeyBytes['ml-dsa-87'] +
  1 +
  signaturePublicKeyBytes['falcon-1024'];

/** Versions of stored secrets: three seeds of 32 bytes; the same and a Falcon-1024 secret key. */
const secretsVersions = { withoutFalcon: 1, withFalcon: 2 } as const;
const seedsEnd: number = 1 + x25519Bytes + signatureSecretBytes.ed25519 + signatureSecretBytes['ml-dsa-87'];
const secretsBytes: Readonly<Record<number, number>> = {
  [secretsVersions.withoutFalcon]: seedsEnd,
  [secretsVersions.withFalcon]: seedsEnd + signatureSecretBytes['falcon-1024'],
};

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
  /** Falcon-1024 verification key, 1793 bytes, or `null`. */
  readonly falcon1024: Uint8Array | null;
}

/** BCS of an {@link IdentityBlock}; {@link parseIdentityBlock} also checks the fields. */
export const identityBlockType: BcsType<IdentityBlock, IdentityBlock> = bcs
  .struct('identity block', {
    version: bcs.u8(),
    did: shortTextType,
    ik: fixedBytesType(x25519Bytes),
    ed25519: fixedBytesType(signaturePublicKeyBytes.ed25519),
    mlDsa87: fixedBytesType(signaturePublicKeyBytes['ml-dsa-87']),
    falcon1024: optionType(fixedBytesType(signaturePublicKeyBytes['falcon-1024'])),
  })
  .transform({
    input: (block: IdentityBlock) => ({ ...block, version: blockVersion }),
    // Another version does not survive re-encoding, so strict decoding refuses it.
    output: ({ version: _version, ...block }): IdentityBlock => block,
  });

/** The block's one encoding, 2659 bytes + DID, with a Falcon key 1793 more. @throws CryptoError `BAD_IDENTITY`, `BAD_PUBLIC_KEY` */
export function encodeIdentityBlock(block: IdentityBlock): Uint8Array<ArrayBuffer> {
  assertIdentityBlock(block);
  return new Uint8Array(identityBlockType.serialize(block).toBytes());
}

/**
 * Reads a stranger's identity block.
 * @throws DecodeError when it is not exactly one block of version 1
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

/**
 * The verification keys of a block, as {@link verifyHybrid} takes them; disposing of the result drops all of them.
 * @throws CryptoError `BAD_PUBLIC_KEY`
 */
export function importIdentityVerifyingKeys(
  provider: CryptoProvider,
  block: IdentityBlock,
): HybridVerifyingKeys & Disposable {
  const keys = {
    ed25519: provider.importVerifyingKey('ed25519', block.ed25519),
    mlDsa87: provider.importVerifyingKey('ml-dsa-87', block.mlDsa87),
    falcon1024:
      block.falcon1024 === null ? null : provider.importVerifyingKey('falcon-1024', block.falcon1024),
  };
  return {
    ...keys,
    [Symbol.dispose]() {
      for (const key of Object.values(keys)) key?.dispose();
    },
  };
}

/** How {@link IdentityKeys.generate} makes keys. */
export interface GenerateIdentityInit {
  /** Also makes a Falcon-1024 key (0.3 s). Default false. */
  readonly falcon?: boolean;
}

/** Names of the keys in an identity. */
export const identityKeyNames = ['x25519', 'ed25519', 'ml-dsa-87', 'falcon-1024'] as const;
export type IdentityKeyName = (typeof identityKeyNames)[number];

/** Our own identity keys. */
export class IdentityKeys implements HybridSigningKeys, Disposable {
  /** X25519, for session starts alone. */
  readonly ik: X25519KeyPair;
  readonly ed25519: SigningKey;
  readonly mlDsa87: SigningKey;
  /** `null` unless the owner asked for one. */
  readonly falcon1024: SigningKey | null;

  private constructor(
    ik: X25519KeyPair,
    ed25519: SigningKey,
    mlDsa87: SigningKey,
    falcon1024: SigningKey | null,
  ) {
    this.ik = ik;
    this.ed25519 = ed25519;
    this.mlDsa87 = mlDsa87;
    this.falcon1024 = falcon1024;
  }

  /** Fresh keys from the provider's randomness. */
  static generate(provider: CryptoProvider, init: GenerateIdentityInit = {}): IdentityKeys {
    return new IdentityKeys(
      provider.x25519Generate(),
      provider.signGenerate('ed25519'),
      provider.signGenerate('ml-dsa-87'),
      init.falcon === true ? provider.signGenerate('falcon-1024') : null,
    );
  }

  /**
   * Keys of which those named are fresh and the others are copies of these; both are disposed of on their own.
   * @throws CryptoError `BAD_IDENTITY` for a Falcon key where there is none
   */
  withFresh(provider: CryptoProvider, names: readonly IdentityKeyName[]): IdentityKeys {
    const { falcon1024 } = this;
    if (falcon1024 === null && names.includes('falcon-1024')) {
      throw new CryptoError('BAD_IDENTITY', 'this identity has no Falcon-1024 key');
    }
    const signing = (name: Exclude<IdentityKeyName, 'x25519'>, key: SigningKey): SigningKey =>
      names.includes(name)
        ? provider.signGenerate(name)
        : copyOf(key.exportSecret(), (secret) => provider.signFromSecret(name, secret));
    return new IdentityKeys(
      names.includes('x25519')
        ? provider.x25519Generate()
        : copyOf(this.ik.exportSecret(), (secret) => provider.x25519FromSecret(secret)),
      signing('ed25519', this.ed25519),
      signing('ml-dsa-87', this.mlDsa87),
      falcon1024 === null ? null : signing('falcon-1024', falcon1024),
    );
  }

  /**
   * Keys from {@link exportSecrets}' bytes, which stay the caller's to wipe.
   * @throws CryptoError `BAD_SEED` on a wrong length or version
   */
  static fromSecrets(provider: CryptoProvider, secrets: Uint8Array): IdentityKeys {
    const version = secrets[0] ?? 0;
    if (secrets.length !== secretsBytes[version]) {
      throw new CryptoError('BAD_SEED', 'the stored identity keys have an unknown form', {
        hint: 'restore them from a backup, or update wot.id',
        data: { bytes: secrets.length },
      });
    }
    const at = (index: number): Uint8Array => secrets.subarray(1 + 32 * index, 33 + 32 * index);
    return new IdentityKeys(
      provider.x25519FromSecret(at(0)),
      provider.signFromSecret('ed25519', at(1)),
      provider.signFromSecret('ml-dsa-87', at(2)),
      version === secretsVersions.withFalcon
        ? provider.signFromSecret('falcon-1024', secrets.subarray(seedsEnd))
        : null,
    );
  }

  /**
   * Secret bytes for sealed storage, the caller's to wipe: version u8, X25519 secret, Ed25519 and ML-DSA-87 seed of 32
   * bytes each (version 1, 97 bytes); with a Falcon key its 2305 bytes behind them (version 2, 2402 bytes).
   */
  exportSecrets(): Uint8Array<ArrayBuffer> {
    const { ik, ed25519, mlDsa87, falcon1024 } = this;
    const parts = [ik.exportSecret(), ed25519.exportSecret(), mlDsa87.exportSecret()];
    if (falcon1024 !== null) parts.push(falcon1024.exportSecret());
    const version = falcon1024 === null ? secretsVersions.withoutFalcon : secretsVersions.withFalcon;
    const secrets = concatBytes(Uint8Array.of(version), ...parts);
    wipe(...parts);
    return secrets;
  }

  /** The public side under `did`. */
  block(did: string): IdentityBlock {
    return {
      did,
      ik: this.ik.publicKey,
      ed25519: this.ed25519.publicKey,
      mlDsa87: this.mlDsa87.publicKey,
      falcon1024: this.falcon1024?.publicKey ?? null,
    };
  }

  [Symbol.dispose](): void {
    this.ik.dispose();
    this.ed25519.dispose();
    this.mlDsa87.dispose();
    this.falcon1024?.dispose();
  }
}

function copyOf<Key>(secret: Uint8Array, load: (secret: Uint8Array) => Key): Key {
  try {
    return load(secret);
  } finally {
    wipe(secret);
  }
}
