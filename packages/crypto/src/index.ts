/**
 * Cryptography of wot.id: providers, hybrid signatures, identity keys and sealing at rest. No protocol lives here.
 * @module
 */
export { CheckedProvider, type CheckedProviderInit } from './checked-provider.ts';
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
  IdentityKeys,
  importIdentityVerifyingKeys,
  parseIdentityBlock,
  type GenerateIdentityInit,
  type IdentityBlock,
} from './identity.ts';
export { assertX25519PublicKey } from './input-checks.ts';
export { NobleProvider, webRandom, type NobleProviderInit } from './noble-provider.ts';
export { NodeProvider, nodeRandom, type NodeProviderInit } from './node-provider.ts';
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
export {
  createStorageKey,
  defaultPassphraseCost,
  maxPassphraseCost,
  openRecord,
  openStorageKey,
  openWithPassphrase,
  recordOverheadBytes,
  sealRecord,
  sealWithPassphrase,
  storageHeaderBytes,
  StorageKey,
  type PassphraseCost,
  type SealingInit,
} from './sealing.ts';
export { timingSafeEqual, wipe } from './secret-bytes.ts';
export * from './sizes.ts';
