/**
 * The directory of wot.id: contact records, and a client that believes nothing it is told.
 * @module
 */
export { DirectoryClient, type DirectoryClientInit, type Claimed, type PairsLeft } from './client.ts';
export {
  contactCredentialHash,
  signContactRecord,
  verifyContactRecord,
  type ContactPlace,
  type ContactRecord,
  type ContactRecordInit,
  type MailboxLocation,
} from './contact-record.ts';
export { DirectoryError, type DirectoryErrorCode } from './errors.ts';
export * from './limits.ts';
export { directoryAudience } from './statement.ts';
