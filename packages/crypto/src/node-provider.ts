/** The provider on node:crypto (OpenSSL 3.5 and later), which has all that this package needs but Falcon. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hash,
  hkdfSync,
  randomFillSync,
  sign,
  verify,
  type CipherGCMTypes,
  type KeyObject,
} from 'node:crypto';
import { equalBytes, type Random } from '@wotid/core';
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

/**
 * PKCS#8 DER up to the seed (RFC 5958 with the seed forms of RFC 9935 for ML-KEM and RFC 9881 for ML-DSA). OpenSSL
 * imports an ML-KEM seed from DER in less than half the time that it needs for the raw form.
 */
const kemPkcs8Prefix = Uint8Array.fromHex('3054020100300b060960864801650304040304428040');
const mlDsaPkcs8Prefix = Uint8Array.fromHex('3034020100300b060960864801650304031304228020');

/** The operating system's generator, through OpenSSL. */
export const nodeRandom: Random = { bytes: (length) => randomFillSync(new Uint8Array(length)) };

/** Marks the handles of this implementation: every instance can use them. */
const owner = {};

/** Settings of a {@link NodeProvider}. */
export interface NodeProviderInit {
  /** Source of key seeds and nonces. Encapsulation and ML-DSA hedging take OpenSSL's own regardless. */
  readonly random?: Random;
}

/** `CryptoProvider` on node:crypto, all calls synchronous. Private keys live in `KeyObject`s (Falcon's in bytes). */
export class NodeProvider implements CryptoProvider {
  readonly name = 'node';
  readonly random: Random;
  /** Checking a KEM key is importing it (21 us), and who has checked one encapsulates to it next. */
  #lastKem: { readonly publicKey: Uint8Array; readonly material: KeyObject } | undefined;

  constructor(init: NodeProviderInit = {}) {
    this.random = init.random ?? nodeRandom;
  }

  sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
    return plainBytes(hash('sha256', data, 'buffer'));
  }

  sha512(data: Uint8Array): Uint8Array<ArrayBuffer> {
    return plainBytes(hash('sha512', data, 'buffer'));
  }

  hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
    return plainBytes(createHmac('sha512', key).update(data).digest());
  }

  hkdfSha512(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
    assertHkdfInputs(info, length);
    return new Uint8Array(hkdfSync('sha512', ikm, salt, info, length));
  }

  seal(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    assertAeadInputs(key, nonce);
    // The types know GCM alone; the three modes share its calls.
    const cipher = createCipheriv(algorithm as CipherGCMTypes, key, nonce, { authTagLength: aeadTagBytes });
    cipher.setAAD(aad);
    const body = cipher.update(plaintext);
    cipher.final();
    const sealed = new Uint8Array(plaintext.length + aeadTagBytes);
    sealed.set(body);
    sealed.set(cipher.getAuthTag(), body.length);
    return sealed;
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
    const tagAt = sealed.length - aeadTagBytes;
    const decipher = createDecipheriv(algorithm as CipherGCMTypes, key, nonce, {
      authTagLength: aeadTagBytes,
    });
    decipher.setAuthTag(sealed.subarray(tagAt));
    decipher.setAAD(aad);
    let plaintext: Buffer | undefined;
    try {
      // GCM-SIV checks the tag here already, the other two in `final`.
      plaintext = decipher.update(sealed.subarray(0, tagAt));
      decipher.final();
      return plainBytes(plaintext);
    } catch {
      wipe(plaintext);
      return null;
    }
  }

  x25519Generate(): X25519KeyPair {
    // OpenSSL draws a secret and computes its public key in one call, from the same generator. So for ML-KEM.
    return this.random === nodeRandom
      ? x25519Handle(generateKeyPairSync('x25519').privateKey)
      : fromRandom(this.random, x25519Bytes, (secret) => this.x25519FromSecret(secret));
  }

  x25519FromSecret(secret: Uint8Array): X25519KeyPair {
    assertSeed('x25519', secret, x25519Bytes);
    return x25519Handle(
      createPrivateKey({ key: secret, format: 'raw-private', asymmetricKeyType: 'x25519' }),
    );
  }

  x25519(ours: X25519KeyPair, theirs: Uint8Array): Uint8Array<ArrayBuffer> {
    const privateKey = PublicKeyHandle.materialOf<KeyObject>(ours, owner, 'x25519');
    assertX25519PublicKey(theirs);
    const publicKey = createPublicKey({ key: theirs, format: 'raw-public', asymmetricKeyType: 'x25519' });
    try {
      return plainBytes(diffieHellman({ privateKey, publicKey }));
    } catch {
      throw badPublicKey('x25519', 'has low order');
    }
  }

  kemGenerate(): KemKeyPair {
    return this.random === nodeRandom
      ? kemHandle(generateKeyPairSync('ml-kem-1024').privateKey)
      : fromRandom(this.random, kemSeedBytes, (seed) => this.kemFromSeed(seed));
  }

  kemFromSeed(seed: Uint8Array): KemKeyPair {
    assertSeed('ml-kem-1024', seed, kemSeedBytes);
    return kemHandle(privateKeyFromDer(kemPkcs8Prefix, seed));
  }

  kemImportPublic(publicKey: Uint8Array): KemPublicKey {
    assertKemPublicKeyLength(publicKey);
    if (this.#lastKem === undefined || !equalBytes(this.#lastKem.publicKey, publicKey)) {
      this.#lastKem = { publicKey: new Uint8Array(publicKey), material: importKem(publicKey) };
    }
    return new PublicKeyHandle<KeyObject>({
      owner,
      algorithm: 'ml-kem-1024 public',
      publicKey: new Uint8Array(publicKey),
      material: this.#lastKem.material,
    });
  }

  kemEncapsulate(theirs: KemPublicKey): {
    ciphertext: Uint8Array<ArrayBuffer>;
    sharedSecret: Uint8Array<ArrayBuffer>;
  } {
    const { ciphertext, sharedKey } = encapsulate(
      PublicKeyHandle.materialOf<KeyObject>(theirs, owner, 'ml-kem-1024 public'),
    );
    return { ciphertext: plainBytes(ciphertext), sharedSecret: plainBytes(sharedKey) };
  }

  kemDecapsulate(ours: KemKeyPair, ciphertext: Uint8Array): Uint8Array<ArrayBuffer> {
    const privateKey = PublicKeyHandle.materialOf<KeyObject>(ours, owner, 'ml-kem-1024');
    assertKemCiphertext(ciphertext);
    return plainBytes(decapsulate(privateKey, ciphertext));
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
    const isEd25519 = algorithm === 'ed25519';
    const material = isEd25519
      ? createPrivateKey({ key: seed, format: 'raw-private', asymmetricKeyType: 'ed25519' })
      : privateKeyFromDer(mlDsaPkcs8Prefix, seed);
    return new SigningHandle<KeyObject>({
      owner,
      algorithm,
      publicKey: rawPublicKey(material),
      material,
      exportSecret: isEd25519 ? (key) => plainBytes(key.export({ format: 'raw-private' })) : exportRawSeed,
    });
  }

  importVerifyingKey(algorithm: SignatureAlgorithm, publicKey: Uint8Array): VerifyingKey {
    if (algorithm === 'falcon-1024') return importFalconKey(publicKey);
    assertVerifyingKeyLength(algorithm, publicKey);
    return new VerifyingHandle<KeyObject>({
      owner,
      algorithm,
      publicKey: new Uint8Array(publicKey),
      material: createPublicKey({ key: publicKey, format: 'raw-public', asymmetricKeyType: algorithm }),
    });
  }

  sign(key: SigningKey, message: Uint8Array, context?: Uint8Array): Uint8Array<ArrayBuffer> {
    assertContext(key.algorithm, context);
    if (key.algorithm === 'falcon-1024') return signFalcon(key, message);
    const material = PublicKeyHandle.materialOf<KeyObject>(key, owner, key.algorithm);
    return plainBytes(sign(null, message, context === undefined ? material : { key: material, context }));
  }

  verify(key: VerifyingKey, message: Uint8Array, signature: Uint8Array, context?: Uint8Array): boolean {
    assertContext(key.algorithm, context);
    if (key.algorithm === 'falcon-1024') return verifyFalcon(key, message, signature);
    const material = PublicKeyHandle.materialOf<KeyObject>(key, owner, key.algorithm);
    if (signature.length !== signatureBytes[key.algorithm]) return false;
    return verify(null, message, context === undefined ? material : { key: material, context }, signature);
  }
}

function x25519Handle(material: KeyObject): X25519Handle<KeyObject> {
  return new X25519Handle<KeyObject>({
    owner,
    algorithm: 'x25519',
    publicKey: rawPublicKey(material),
    material,
    exportSecret: (key) => plainBytes(key.export({ format: 'raw-private' })),
    // A KeyObject does not change; OpenSSL frees the key when the last one is gone.
    copyMaterial: (key) => key,
  });
}

function kemHandle(material: KeyObject): KemHandle<KeyObject> {
  return new KemHandle<KeyObject>({
    owner,
    algorithm: 'ml-kem-1024',
    publicKey: rawPublicKey(material),
    material,
    exportSecret: exportRawSeed,
  });
}

/** @throws CryptoError `BAD_PUBLIC_KEY` */
function importKem(publicKey: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: publicKey, format: 'raw-public', asymmetricKeyType: 'ml-kem-1024' });
  } catch {
    throw badPublicKey('ml-kem-1024', 'has a coefficient outside the field');
  }
}

function privateKeyFromDer(prefix: Uint8Array, seed: Uint8Array): KeyObject {
  const der = new Uint8Array(prefix.length + seed.length);
  der.set(prefix);
  der.set(seed, prefix.length);
  try {
    return createPrivateKey({ key: der as Buffer, format: 'der', type: 'pkcs8' });
  } finally {
    wipe(der);
  }
}

function rawPublicKey(privateKey: KeyObject): Uint8Array<ArrayBuffer> {
  return plainBytes(createPublicKey(privateKey).export({ format: 'raw-public' }));
}

function exportRawSeed(privateKey: KeyObject): Uint8Array<ArrayBuffer> {
  return plainBytes(privateKey.export({ format: 'raw-seed' }));
}

/** A `Uint8Array` over the whole of a `Buffer` that has its memory for itself, otherwise a copy of it. */
function plainBytes(buffer: Buffer): Uint8Array<ArrayBuffer> {
  const memory = buffer.buffer;
  if (memory instanceof ArrayBuffer && memory.byteLength === buffer.length) return new Uint8Array(memory);
  return new Uint8Array(buffer);
}
