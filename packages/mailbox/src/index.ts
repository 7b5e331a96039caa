/**
 * Typed client of the contract `wotid::mailbox`: publish it, read mailboxes, write to them. Payloads are opaque here.
 * @module
 */
export {
  abortNames,
  mailboxTypes,
  maxArgumentBytes,
  maxPayloadBytes,
  maxPrekeysBytes,
  retirementEpochs,
  type MailboxAbort,
  type MailboxTypes,
} from './contract.ts';
export { contractDirectory } from './contract-directory.ts';
export {
  parseDeployRecord,
  readDeployRecord,
  withDeployRecord,
  writeDeployRecord,
  type DeployRecord,
} from './deploy-record.ts';
export { MailboxError, type MailboxErrorCode } from './errors.ts';
export { parseExecutionFailure, type ExecutionFailure, type MoveAbort } from './execution-failure.ts';
export { formatIota, type GasUsed, type ObjectRef } from './gas.ts';
export {
  MailboxClient,
  type Claimed,
  type MailboxClientInit,
  type OwnedMailbox,
  type Receipt,
  type SentMessages,
} from './mailbox-client.ts';
export {
  MailboxReader,
  type MailboxMessage,
  type MailboxReaderInit,
  type MailboxState,
  type PublishedPrekeys,
  type StoredMessage,
  type WaitingList,
} from './mailbox-reader.ts';
export { type ChainObject } from './objects.ts';
export { publishMailboxPackage, type PublishInit, type PublishedPackage } from './publish.ts';
export { createIotaClient, resolveNetwork, type IotaNetwork } from './rpc.ts';
export { type OutgoingMessage } from './send-plan.ts';
export {
  TransactionQueue,
  type BuildTransaction,
  type ExecutedTransaction,
  type TransactionQueueInit,
} from './transaction-queue.ts';
