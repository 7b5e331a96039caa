/**
 * Cryptography of wot.id: providers, hybrid signatures, identity keys and sealing at rest. No protocol lives here.
 * @module
 */
export { CheckedProvider, type CheckedProviderInit } from './checked-provider.ts';
export { NodeProvider, nodeRandom, type NodeProviderInit } from './node-provider.ts';
export * from './portable.ts';
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
export { timingSafeEqual } from './timing-safe-equal.ts';
