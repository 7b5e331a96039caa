/**
 * Byte lengths of every fixed-size value this package handles.
 * Sources: RFC 7748, RFC 8032, FIPS 203 table 3, FIPS 204 table 2, FIPS 180-4, Falcon
 * specification 1.2 section 3.11 (padded signatures: table 3.3).
 */
import type { SignatureAlgorithm } from './provider.ts';

export const sha256Bytes = 32;
export const sha512Bytes = 64;
/** RFC 5869 section 2.3: at most 255 blocks of output. */
export const hkdfMaxBytes: number = 255 * sha512Bytes;
/** OpenSSL refuses a longer `info`; the portable implementation follows, so that both accept the same calls. */
export const hkdfMaxInfoBytes = 1024;

export const aeadKeyBytes = 32;
export const aeadNonceBytes = 12;
export const aeadTagBytes = 16;

export const x25519Bytes = 32;
export const kemSeedBytes = 64;
export const kemPublicKeyBytes = 1568;
export const kemCiphertextBytes = 1568;
export const kemSharedSecretBytes = 32;

/** Of what is kept: the seed of FIPS 204 and RFC 8032, and Falcon's encoded secret key. */
export const signatureSecretBytes: Readonly<Record<SignatureAlgorithm, number>> = {
  ed25519: 32,
  'ml-dsa-87': 32,
  'falcon-1024': 2305,
};
/** FIPS 204 section 5.2: a context string has at most 255 bytes. */
export const signatureContextMaxBytes = 255;
export const signaturePublicKeyBytes: Readonly<Record<SignatureAlgorithm, number>> = {
  ed25519: 32,
  'ml-dsa-87': 2592,
  'falcon-1024': 1793,
};
export const signatureBytes: Readonly<Record<SignatureAlgorithm, number>> = {
  ed25519: 64,
  'ml-dsa-87': 4627,
  'falcon-1024': 1280,
};
