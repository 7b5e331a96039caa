/**
 * The port behind which all cryptography of wot.id happens. Implementations: `NodeProvider` (node:crypto, OpenSSL),
 * `NobleProvider` (portable, `@noble/*`) and `CheckedProvider` (both, compared; tests).
 *
 * Everything is synchronous: a state transition that awaits in the middle can be interleaved. Keys are opaque handles;
 * a handle never prints its secret and is dropped with {@link KeyHandle.dispose} or `using`.
 */
import type { Random } from '@wotid/core';

/** A key of some provider, only usable with providers of the same implementation. */
export interface KeyHandle extends Disposable {
  /** Drops the secret as far as the runtime lets us; using the handle afterwards throws. Idempotent. */
  dispose(): void;
}

/** X25519 key pair (RFC 7748). */
export interface X25519KeyPair extends KeyHandle {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The 32-byte private scalar as given to RFC 7748's X25519, newly allocated: the caller wipes it. */
  exportSecret(): Uint8Array<ArrayBuffer>;
  /** A second handle of this key, dropped by itself. Costs no import. */
  share(): X25519KeyPair;
}

/** ML-KEM-1024 decapsulation key (FIPS 203), held as its 64-byte seed d || z. */
export interface KemKeyPair extends KeyHandle {
  /** Encapsulation key, 1568 bytes. */
  readonly publicKey: Uint8Array;
  /** The 64-byte seed, newly allocated: the caller wipes it. */
  exportSeed(): Uint8Array<ArrayBuffer>;
}

/** ML-KEM-1024 encapsulation key, imported and checked (FIPS 203 section 7.2). */
export interface KemPublicKey extends KeyHandle {
  /** 1568 bytes. */
  readonly publicKey: Uint8Array;
}

/** Signature algorithms: Ed25519 (RFC 8032), ML-DSA-87 (FIPS 204), Falcon-1024 as of round 3 (see `falcon.ts`). */
export type SignatureAlgorithm = 'ed25519' | 'ml-dsa-87' | 'falcon-1024';

/** A signing key. */
export interface SigningKey extends KeyHandle {
  readonly algorithm: SignatureAlgorithm;
  /** Ed25519: 32 bytes; ML-DSA-87: 2592; Falcon-1024: 1793. */
  readonly publicKey: Uint8Array;
  /** The 32-byte seed; of Falcon-1024 the secret key, 2305 bytes. Newly allocated: the caller wipes it. */
  exportSecret(): Uint8Array<ArrayBuffer>;
}

/** A verification key, imported and checked. */
export interface VerifyingKey extends KeyHandle {
  readonly algorithm: SignatureAlgorithm;
  readonly publicKey: Uint8Array;
}

/** AEAD algorithms: key 32 bytes, nonce 12 bytes, tag 16 bytes appended to the ciphertext. */
export type AeadAlgorithm = 'aes-256-gcm' | 'aes-256-gcm-siv' | 'chacha20-poly1305';

/** The primitives. Inputs are neither kept nor changed; outputs are newly allocated and owned by the caller. */
export interface CryptoProvider {
  readonly name: string;
  /** Cryptographically secure randomness (a seeded one only in tests). */
  readonly random: Random;

  /** SHA-256, 32 bytes. */
  sha256(data: Uint8Array): Uint8Array<ArrayBuffer>;
  /** SHA-512, 64 bytes. */
  sha512(data: Uint8Array): Uint8Array<ArrayBuffer>;
  /** HMAC-SHA-512, 64 bytes. */
  hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer>;
  /** HKDF-SHA-512 (RFC 5869). `length` at most 255 * 64 bytes. */
  hkdfSha512(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array<ArrayBuffer>;

  /** Ciphertext then 16-byte tag. @throws RangeError on a wrong key or nonce length. */
  seal(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array<ArrayBuffer>;
  /** The plaintext, or `null` when the tag does not match (one answer for every such failure). */
  open(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array<ArrayBuffer> | null;

  x25519Generate(): X25519KeyPair;
  /** @param secret 32 bytes; copied. */
  x25519FromSecret(secret: Uint8Array): X25519KeyPair;
  /**
   * 32 bytes of shared secret.
   * @throws CryptoError `BAD_PUBLIC_KEY` when `theirs` is not 32 canonical bytes (u < 2^255 - 19, top bit clear) or
   *   the result is zero (low order).
   */
  x25519(ours: X25519KeyPair, theirs: Uint8Array): Uint8Array<ArrayBuffer>;

  kemGenerate(): KemKeyPair;
  /** @param seed 64 bytes d || z; copied. */
  kemFromSeed(seed: Uint8Array): KemKeyPair;
  /** @throws CryptoError `BAD_PUBLIC_KEY` on a wrong length or a coefficient >= q. */
  kemImportPublic(publicKey: Uint8Array): KemPublicKey;
  /** Ciphertext 1568 bytes, shared secret 32 bytes. */
  kemEncapsulate(theirs: KemPublicKey): {
    ciphertext: Uint8Array<ArrayBuffer>;
    sharedSecret: Uint8Array<ArrayBuffer>;
  };
  /**
   * 32 bytes; a wrong ciphertext of the right length gives another secret (implicit rejection).
   * @throws CryptoError `BAD_CIPHERTEXT` when it has not 1568 bytes.
   */
  kemDecapsulate(ours: KemKeyPair, ciphertext: Uint8Array): Uint8Array<ArrayBuffer>;

  /** Takes about 0.3 s of the calling thread for Falcon-1024, less than 2 ms for the others. */
  signGenerate(algorithm: SignatureAlgorithm): SigningKey;
  /**
   * @param secret what {@link SigningKey.exportSecret} gave; copied
   * @throws CryptoError `BAD_SEED`
   */
  signFromSecret(algorithm: SignatureAlgorithm, secret: Uint8Array): SigningKey;
  /** @throws CryptoError `BAD_PUBLIC_KEY` */
  importVerifyingKey(algorithm: SignatureAlgorithm, publicKey: Uint8Array): VerifyingKey;
  /**
   * Ed25519: 64 bytes, Falcon-1024: 1280 bytes, both without `context`; ML-DSA-87: 4627 bytes, hedged, `context` of
   * at most 255 bytes.
   */
  sign(key: SigningKey, message: Uint8Array, context?: Uint8Array): Uint8Array<ArrayBuffer>;
  /** False for every invalid signature, a wrong length included; never throws on bytes of a stranger. A signing key does too. */
  verify(key: VerifyingKey, message: Uint8Array, signature: Uint8Array, context?: Uint8Array): boolean;
}
