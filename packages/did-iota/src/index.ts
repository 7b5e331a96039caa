/**
 * The DID method did:iota through IOTA's own library: create, resolve, update, deactivate.
 * @module
 */
export { identityContractDirectory } from './contract-directory.ts';
export {
  DidController,
  type CreatedDid,
  type DidControllerInit,
  type DidReceipt,
  type IdentityTransactions,
} from './did-controller.ts';
export { didIotaMethod } from './did-method.ts';
export { DidReader, type DidReaderInit, type ResolvedDid } from './did-reader.ts';
export { didKeyIds, mailboxOf, type DidContent, type MailboxEntry } from './documents.ts';
export { DidIotaError, type DidIotaErrorCode } from './errors.ts';
export type { ControlledIdentity } from './library/operations.ts';
export { assertMayPublish, didNetworkOf, isOfficialNetwork, type DidNetwork } from './networks.ts';
