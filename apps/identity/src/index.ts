/**
 * The identity service of wot.id, on Hono.
 * @module
 */
export { createLocalOperator, hasNoOperator } from './admin/first-operator.ts';
export {
  DatabaseError,
  type Database,
  type DatabaseErrorCode,
  type SqlRow,
  type SqlRunner,
  type SqlValue,
} from './database/database.ts';
export { migrate } from './database/migrate.ts';
export { openDatabase } from './database/open.ts';
export type { DirectoryServiceInit } from './directory/directory.ts';
export type { PrekeyAnchor } from './directory/prekeys.ts';
export { ListenError, type ListenErrorCode, type TlsFiles } from '@wotid/listener';
export type { IssuerServiceInit } from './issuer/issuer.ts';
export type { NewOffer, Offer, OfferInit, Offers } from './issuer/offers.ts';
export {
  createKeyFile,
  hasKeyFile,
  KeyFileError,
  openKeyFile,
  type KeyFileErrorCode,
  type ServiceKeys,
} from './keys/key-file.ts';
export { hasIssuerKeys, IssuerKeyring, type KeyringInit, type KeySet } from './keys/keyring.ts';
export { createApprovalQueue } from './policy/approval-queue.ts';
export { createInvitationPolicy } from './policy/invitation.ts';
export type { IssuingPolicy, PolicyServices } from './policy/policy.ts';
export {
  createIdentityService,
  defaultIdentityPort,
  type IdentityService,
  type IdentityServiceInit,
} from './service.ts';
