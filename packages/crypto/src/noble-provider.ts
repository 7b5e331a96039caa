/**
 * The portable provider on `@noble/*`: for runtimes without OpenSSL 3.5, and the second implementation that tests
 * compare the native one with. It does not claim constant time (the libraries' own statement): prefer
 * `NodeProvider` for anything that holds long-lived secrets.
 */
import { gcm, gcmsiv } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem1024, type KEMPrepared } from '@noble/post-quantum/ml-kem.js';
import type { Random } from '@wotid/core';
import {
  falconKeyFromSecret,
  generateFalconKey,
  importFalconKey,
  signFalcon,
  verifyFalcon,
} from './falcon.ts';
import {
  assertAeadInputs,
  assertContext,
  assertHkdfInputs,
  assertKemCiphertext,
  assertKemPublicKeyLength,
  assertSeed,
  assertVerifyingKeyLength,
  assertX25519PublicKey,
  badPublicKey,
} from './input-checks.ts';
import { KemHandle, PublicKeyHandle, SigningHandle, VerifyingHandle, X25519Handle } from './key-handle.ts';
import type {
  AeadAlgorithm,
  CryptoProvider,
  KemKeyPair,
  KemPublicKey,
  SignatureAlgorithm,
  SigningKey,
  VerifyingKey,
  X25519KeyPair,
} from './provider.ts';
import { fromRandom, wipe } from './secret-bytes.ts';
import { aeadTagBytes, kemSeedBytes, signatureBytes, signatureSecretBytes, x25519Bytes } from './sizes.ts';

const ciphers = { 'aes-256-gcm': gcm, 'aes-256-gcm-siv': gcmsiv, 'chacha20-poly1305': chacha20poly1305 };

/** The seed, and the expanded key where computing with it is much faster. */
interface SeededSecret {
  readonly seed: Uint8Array<ArrayBuffer>;
  readonly expanded?: Uint8Array;
}

const wipeSeeded = (secret: SeededSecret): void => wipe(secret.seed, secret.expanded);
const copySeed = (secret: SeededSecret): Uint8Array<ArrayBuffer> => new Uint8Array(secret.seed);

/** The Web Crypto generator. */
export const webRandom: Random = {
  bytes: (length) => {
    const out = new Uint8Array(length);
    // Web Crypto fills at most 65,536 bytes per call.
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(out.subarray(at, at + 65_536));
    return out;
  },
};

/** Marks the handles of this implementation: every instance can use them. */
const owner = {};

/** Settings of a {@link NobleProvider}. */
export interface NobleProviderInit {
  /** Source of all randomness: seeds, encapsulation, hedged signing. A seeded one makes all but Falcon signing repeatable. */
  readonly random?: Random;
}

/** `CryptoProvider` on `@noble/*`. */
export class NobleProvider implements CryptoProvider {
  readonly name = 'noble';
  readonly random: Random;

  constructor(init: NobleProviderInit = {}) {
    this.random = init.random ?? webRandom;
  }

  sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
    return sha256(data);
  }

  sha512(data: Uint8Array): Uint8Array<ArrayBuffer> {
    return sha512(data);
  }

  hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
    return hmac(sha512, key, data);
  }

  hkdfSha512(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
    assertHkdfInputs(info, length);
    return hkdf(sha512, ikm, salt, info, length);
  }

  seal(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    assertAeadInputs(key, nonce);
    return new Uint8Array(ciphers[algorithm](key, nonce, aad).encrypt(plaintext));
  }

  open(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array<ArrayBuffer> | null {
    assertAeadInputs(key, nonce);
    if (sealed.length < aeadTagBytes) return null;
    try {
      return new Uint8Array(ciphers[algorithm](key, nonce, aad).decrypt(sealed));
    } catch {
      return null;
    }
  }

  x25519Generate(): X25519KeyPair {
    return fromRandom(this.random, x25519Bytes, (secret) => this.x25519FromSecret(secret));
  }

  x25519FromSecret(secret: Uint8Array): X25519KeyPair {
    assertSeed('x25519', secret, x25519Bytes);
    return new X25519Handle<SeededSecret>({
      owner,
      algorithm: 'x25519',
      publicKey: x25519.getPublicKey(secret),
      material: { seed: new Uint8Array(secret) },
      wipe: wipeSeeded,
      exportSecret: copySeed,
      copyMaterial: (shared) => ({ seed: copySeed(shared) }),
    });
  }

  x25519(ours: X25519KeyPair, theirs: Uint8Array): Uint8Array<ArrayBuffer> {
    const { seed } = PublicKeyHandle.materialOf<SeededSecret>(ours, owner, 'x25519');
    assertX25519PublicKey(theirs);
    try {
      return new Uint8Array(x25519.getSharedSecret(seed, theirs));
    } catch {
      throw badPublicKey('x25519', 'has low order');
    }
  }

  kemGenerate(): KemKeyPair {
    return fromRandom(this.random, kemSeedBytes, (seed) => this.kemFromSeed(seed));
  }

  kemFromSeed(seed: Uint8Array): KemKeyPair {
    assertSeed('ml-kem-1024', seed, kemSeedBytes);
    const { publicKey, secretKey } = ml_kem1024.keygen(seed);
    return new KemHandle<SeededSecret>({
      owner,
      algorithm: 'ml-kem-1024',
      publicKey,
      material: { seed: new Uint8Array(seed), expanded: secretKey },
      wipe: wipeSeeded,
      exportSecret: copySeed,
    });
  }

  kemImportPublic(publicKey: Uint8Array): KemPublicKey {
    assertKemPublicKeyLength(publicKey);
    let material: KEMPrepared;
    try {
      material = ml_kem1024.prepare(publicKey);
    } catch {
      throw badPublicKey('ml-kem-1024', 'has a coefficient outside the field');
    }
    return new PublicKeyHandle({
      owner,
      algorithm: 'ml-kem-1024 public',
      publicKey: new Uint8Array(publicKey),
      material,
    });
  }

  kemEncapsulate(theirs: KemPublicKey): {
    ciphertext: Uint8Array<ArrayBuffer>;
    sharedSecret: Uint8Array<ArrayBuffer>;
  } {
    const prepared = PublicKeyHandle.materialOf<KEMPrepared>(theirs, owner, 'ml-kem-1024 public');
    return fromRandom(this.random, 32, (message) => {
      const { cipherText, sharedSecret } = prepared.encapsulate(message);
      return { ciphertext: new Uint8Array(cipherText), sharedSecret: new Uint8Array(sharedSecret) };
    });
  }

  kemDecapsulate(ours: KemKeyPair, ciphertext: Uint8Array): Uint8Array<ArrayBuffer> {
    const { expanded } = PublicKeyHandle.materialOf<SeededSecret>(ours, owner, 'ml-kem-1024');
    assertKemCiphertext(ciphertext);
    return new Uint8Array(ml_kem1024.decapsulate(ciphertext, expanded as Uint8Array));
  }

  signGenerate(algorithm: SignatureAlgorithm): SigningKey {
    if (algorithm === 'falcon-1024') return generateFalconKey(this.random);
    return fromRandom(this.random, signatureSecretBytes[algorithm], (seed) =>
      this.signFromSecret(algorithm, seed),
    );
  }

  signFromSecret(algorithm: SignatureAlgorithm, seed: Uint8Array): SigningKey {
    assertSeed(algorithm, seed, signatureSecretBytes[algorithm]);
    if (algorithm === 'falcon-1024') return falconKeyFromSecret(seed);
    const common = { owner, algorithm, wipe: wipeSeeded, exportSecret: copySeed };
    const material = { seed: new Uint8Array(seed) };
    if (algorithm === 'ed25519') {
      return new SigningHandle<SeededSecret>({ ...common, publicKey: ed25519.getPublicKey(seed), material });
    }
    const { publicKey, secretKey } = ml_dsa87.keygen(seed);
    return new SigningHandle<SeededSecret>({
      ...common,
      publicKey,
      material: { ...material, expanded: secretKey },
    });
  }

  importVerifyingKey(algorithm: SignatureAlgorithm, publicKey: Uint8Array): VerifyingKey {
    if (algorithm === 'falcon-1024') return importFalconKey(publicKey);
    assertVerifyingKeyLength(algorithm, publicKey);
    const copy = new Uint8Array(publicKey);
    return new VerifyingHandle<Uint8Array>({ owner, algorithm, publicKey: copy, material: copy });
  }

  sign(key: SigningKey, message: Uint8Array, context?: Uint8Array): Uint8Array<ArrayBuffer> {
    assertContext(key.algorithm, context);
    if (key.algorithm === 'falcon-1024') return signFalcon(key, message);
    const secret = PublicKeyHandle.materialOf<SeededSecret>(key, owner, key.algorithm);
    if (key.algorithm === 'ed25519') return new Uint8Array(ed25519.sign(message, secret.seed));
    // FIPS 204 section 3.4: hedged with 32 fresh bytes.
    return fromRandom(
      this.random,
      32,
      (extraEntropy) =>
        new Uint8Array(
          ml_dsa87.sign(message, secret.expanded as Uint8Array, {
            extraEntropy,
            ...(context !== undefined && { context }),
          }),
        ),
    );
  }

  verify(key: VerifyingKey, message: Uint8Array, signature: Uint8Array, context?: Uint8Array): boolean {
    assertContext(key.algorithm, context);
    if (key.algorithm === 'falcon-1024') return verifyFalcon(key, message, signature);
    // Ours and not disposed of; its material is no public key when it can sign as well.
    PublicKeyHandle.materialOf(key, owner, key.algorithm);
    const { publicKey } = key;
    if (signature.length !== signatureBytes[key.algorithm]) return false;
    // noble's default is ZIP 215, which accepts small-order keys that OpenSSL and RFC 8032 readers reject.
    if (key.algorithm === 'ed25519') return ed25519.verify(signature, message, publicKey, { zip215: false });
    return ml_dsa87.verify(signature, message, publicKey, context === undefined ? {} : { context });
  }
}
