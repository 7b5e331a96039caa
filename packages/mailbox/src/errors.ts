/** Failures of the mailbox client. */
import { WotError } from '@wotid/core';

/** Codes of {@link MailboxError}. */
export type MailboxErrorCode =
  /** The address cannot pay; `data` has `address`, `neededNanos` and `balanceNanos`. */
  | 'NO_GAS'
  /** The node did not answer in time or at all; with `outcome: 'unknown'` a transaction may still execute. */
  | 'RPC_UNREACHABLE'
  /** The node answered with an error that says nothing about our objects. */
  | 'RPC_REFUSED'
  /** The object does not exist, or is something else than a mailbox. */
  | 'NOT_A_MAILBOX'
  /** The mailbox takes no more messages. */
  | 'RETIRED'
  /** The object is a mailbox of another package than the pinned one. */
  | 'WRONG_PACKAGE'
  /** The capability is of another mailbox, or is not ours. */
  | 'CAP_MISMATCH'
  /** Objects changed under the transaction more often than it was rebuilt. */
  | 'OBJECT_RACE'
  /** The transaction aborted; `data` has `abortCode` and `abortName` when the mailbox contract did it. */
  | 'EXECUTION_FAILED'
  | 'PAYLOAD_TOO_LARGE'
  /** There is no such message, prekey publication or object in this mailbox. */
  | 'NOT_FOUND'
  | 'BAD_ARGUMENT'
  | 'UNKNOWN_NETWORK'
  | 'BAD_DEPLOY_RECORD';

/** What this package throws on purpose. Nothing on chain has changed unless the code is `EXECUTION_FAILED` (gas). */
export class MailboxError extends WotError<MailboxErrorCode> {}
