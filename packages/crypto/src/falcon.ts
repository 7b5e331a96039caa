/**
 * Falcon-1024, padded, as submitted to round 3 of NIST's competition (specification 1.2, 2020-10-01), from
 * `@noble/post-quantum`; all providers share it, for OpenSSL has none.
 *
 * What it is not: FIPS 206 (FN-DSA), which will not be compatible; constant-time (signing samples in floating point);
 * in wide use. Hence it is opt-in, and never the only post-quantum key of an identity block.
 *
 * Two signatures made with the same nonce and sampler seed on machines that round differently can reveal the key, so
 * signing always draws from the operating system, never from a provider's injected randomness.
 */
import { falcon1024padded } from '@noble/post-quantum/falcon.js';
import type { Random } from '@wotid/core';
import { CryptoError } from './crypto-error.ts';
import { assertVerifyingKeyLength } from './input-checks.ts';
import { PublicKeyHandle, SigningHandle, VerifyingHandle } from './key-handle.ts';
import type { SigningKey, VerifyingKey } from './provider.ts';
import { wipe } from './secret-bytes.ts';

const algorithm = 'falcon-1024';
/** Key generation expands this much randomness with SHAKE256. */
const keygenSeedBytes = 48;

/** Marks the handles: every provider can use them. */
const owner = {};

/** A fresh key pair. About 0.3 s of computing in the calling thread, a few times that with bad luck. */
export function generateFalconKey(random: Random): SigningKey {
  const seed = random.bytes(keygenSeedBytes);
  try {
    const { secretKey, publicKey } = falcon1024padded.keygen(seed);
    return signingHandle(secretKey as Uint8Array<ArrayBuffer>, publicKey);
  } finally {
    wipe(seed);
  }
}

/**
 * The key pair of a secret key in the submission's encoding, 2305 bytes (header, f, g, F); copied. The key itself is
 * stored and not a seed: regenerating it would take 0.3 s each time and depend on floating point.
 * @throws CryptoError `BAD_SEED` when the bytes are no such key
 */
export function falconKeyFromSecret(secret: Uint8Array): SigningKey {
  const copy = new Uint8Array(secret);
  try {
    return signingHandle(copy, falcon1024padded.getPublicKey(copy));
  } catch {
    // Without the cause: the library's message quotes a byte of the key.
    wipe(copy);
    throw new CryptoError('BAD_SEED', 'the falcon-1024 secret key does not decode', {
      hint: 'the stored key is damaged: restore it from a backup',
    });
  }
}

/** @throws CryptoError `BAD_PUBLIC_KEY` on a wrong length; a key that is none verifies nothing */
export function importFalconKey(publicKey: Uint8Array): VerifyingKey {
  assertVerifyingKeyLength(algorithm, publicKey);
  const copy = new Uint8Array(publicKey);
  return new VerifyingHandle<Uint8Array>({ owner, algorithm, publicKey: copy, material: copy });
}

/** 1280 bytes; 4 to 20 ms. */
export function signFalcon(key: SigningKey, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const secret = PublicKeyHandle.materialOf<Uint8Array>(key, owner, algorithm);
  return new Uint8Array(falcon1024padded.sign(message, secret));
}

/** False for every invalid signature. */
export function verifyFalcon(key: VerifyingKey, message: Uint8Array, signature: Uint8Array): boolean {
  // Ours and not disposed of; its material is no public key when it can sign as well.
  PublicKeyHandle.materialOf(key, owner, algorithm);
  return falcon1024padded.verify(signature, message, key.publicKey);
}

function signingHandle(secretKey: Uint8Array<ArrayBuffer>, publicKey: Uint8Array): SigningKey {
  return new SigningHandle<Uint8Array<ArrayBuffer>>({
    owner,
    algorithm,
    publicKey,
    material: secretKey,
    wipe,
    exportSecret: (secret) => new Uint8Array(secret),
  });
}
