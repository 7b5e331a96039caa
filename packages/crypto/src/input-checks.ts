/** Checks shared by all providers, so that they accept and refuse exactly the same inputs. */
import { CryptoError } from './crypto-error.ts';
import type { SignatureAlgorithm } from './provider.ts';
import {
  aeadKeyBytes,
  aeadNonceBytes,
  hkdfMaxBytes,
  hkdfMaxInfoBytes,
  kemCiphertextBytes,
  kemPublicKeyBytes,
  signatureContextMaxBytes,
  signaturePublicKeyBytes,
  x25519Bytes,
} from './sizes.ts';

/** @throws RangeError on a wrong key or nonce length */
export function assertAeadInputs(key: Uint8Array, nonce: Uint8Array): void {
  if (key.length !== aeadKeyBytes)
    throw new RangeError(`an AEAD key has ${aeadKeyBytes} bytes, not ${key.length}`);
  if (nonce.length !== aeadNonceBytes) {
    throw new RangeError(`an AEAD nonce has ${aeadNonceBytes} bytes, not ${nonce.length}`);
  }
}

/** @throws RangeError when RFC 5869 or OpenSSL cannot serve the lengths */
export function assertHkdfInputs(info: Uint8Array, length: number): void {
  if (!Number.isInteger(length) || length < 1 || length > hkdfMaxBytes) {
    throw new RangeError(`HKDF-SHA-512 gives 1 to ${hkdfMaxBytes} bytes, not ${length}`);
  }
  if (info.length > hkdfMaxInfoBytes) {
    throw new RangeError(`HKDF info has at most ${hkdfMaxInfoBytes} bytes, not ${info.length}`);
  }
}

/** @throws CryptoError `BAD_SEED` */
export function assertSeed(what: string, seed: Uint8Array, length: number): void {
  if (seed.length !== length) {
    throw new CryptoError('BAD_SEED', `${what} secret has ${seed.length} bytes instead of ${length}`, {
      hint: 'the stored key is damaged: restore it from a backup',
    });
  }
}

/** The one error for public keys that no implementation accepts. */
export function badPublicKey(what: string, why: string): CryptoError {
  return new CryptoError('BAD_PUBLIC_KEY', `${what} public key ${why}`, { data: { algorithm: what } });
}

/**
 * Accepts the one encoding of each u-coordinate. RFC 7748 section 5 tells implementations to mask the top bit and to
 * accept u >= p; both would give one key several encodings and so several fingerprints.
 * @throws CryptoError `BAD_PUBLIC_KEY`
 */
export function assertX25519PublicKey(publicKey: Uint8Array): void {
  if (publicKey.length !== x25519Bytes) {
    throw badPublicKey('x25519', `has ${publicKey.length} bytes instead of ${x25519Bytes}`);
  }
  const top = publicKey[31] as number;
  if (top > 0x7f) throw badPublicKey('x25519', 'is not canonical');
  // p = 2^255 - 19 = ed ff … ff 7f, little-endian. Public data: an early return reveals nothing.
  if (top !== 0x7f || (publicKey[0] as number) < 0xed) return;
  for (let i = 1; i < 31; i++) if (publicKey[i] !== 0xff) return;
  throw badPublicKey('x25519', 'is not canonical');
}

/** @throws CryptoError `BAD_PUBLIC_KEY` */
export function assertKemPublicKeyLength(publicKey: Uint8Array): void {
  if (publicKey.length !== kemPublicKeyBytes) {
    throw badPublicKey('ml-kem-1024', `has ${publicKey.length} bytes instead of ${kemPublicKeyBytes}`);
  }
}

/** @throws CryptoError `BAD_CIPHERTEXT` */
export function assertKemCiphertext(ciphertext: Uint8Array): void {
  if (ciphertext.length !== kemCiphertextBytes) {
    throw new CryptoError(
      'BAD_CIPHERTEXT',
      `ml-kem-1024 ciphertext has ${ciphertext.length} bytes instead of ${kemCiphertextBytes}`,
    );
  }
}

/**
 * Ed25519 keys that are no curve point or of small order pass here and verify nothing: deciding that early would cost
 * a point decompression that OpenSSL does not offer apart from verification.
 * @throws CryptoError `BAD_PUBLIC_KEY`
 */
export function assertVerifyingKeyLength(algorithm: SignatureAlgorithm, publicKey: Uint8Array): void {
  const expected = signaturePublicKeyBytes[algorithm];
  if (publicKey.length !== expected) {
    throw badPublicKey(algorithm, `has ${publicKey.length} bytes instead of ${expected}`);
  }
}

/**
 * Ed25519 takes no context here: OpenSSL would silently switch to Ed25519ctx (RFC 8032 section 5.1), another scheme.
 * Falcon of round 3 has none.
 * @throws RangeError
 */
export function assertContext(algorithm: SignatureAlgorithm, context: Uint8Array | undefined): void {
  if (context === undefined) return;
  if (algorithm !== 'ml-dsa-87') throw new RangeError(`${algorithm} takes no context`);
  if (context.length > signatureContextMaxBytes) {
    throw new RangeError(`a context has at most ${signatureContextMaxBytes} bytes, not ${context.length}`);
  }
}
