/**
 * The part of this package that runs wherever JavaScript does: no `node:` module behind it. Bundlers that resolve for
 * browsers get it as `@wotid/crypto` itself; elsewhere it is `@wotid/crypto/portable`. Missing are the native provider,
 * the comparing one, and sealing at rest, whose Argon2id is the runtime's.
 * @module
 */
export { CryptoError, type CryptoErrorCode } from './crypto-error.ts';
export {
  decodeSigned,
  defaultAlgorithms,
  hybridAlgorithm,
  hybridSignatureBytes,
  hybridSignatureLength,
  hybridSignatureMaxBytes,
  hybridSignatureType,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type HybridAlgorithm,
  type HybridSigningKeys,
  type HybridVerifyingKeys,
  type SignaturePurpose,
  type SignedBytes,
} from './hybrid-signature.ts';
export {
  assertIdentityBlock,
  encodeIdentityBlock,
  identityBlockMaxBytes,
  identityBlockType,
  identityFingerprint,
  identityKeyNames,
  IdentityKeys,
  importIdentityVerifyingKeys,
  parseIdentityBlock,
  type GenerateIdentityInit,
  type IdentityBlock,
  type IdentityKeyName,
} from './identity.ts';
export { assertX25519PublicKey } from './input-checks.ts';
export { NobleProvider, webRandom, type NobleProviderInit } from './noble-provider.ts';
export type {
  AeadAlgorithm,
  CryptoProvider,
  KemKeyPair,
  KemPublicKey,
  KeyHandle,
  SignatureAlgorithm,
  SigningKey,
  VerifyingKey,
  X25519KeyPair,
} from './provider.ts';
export { wipe } from './secret-bytes.ts';
export * from './sizes.ts';
