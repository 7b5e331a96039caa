/** What the contract's aborts mean to a user. */
import { abortNameOf, type MailboxAbort } from './contract.ts';
import { MailboxError, type MailboxErrorCode } from './errors.ts';
import type { ExecutionFailure } from './execution-failure.ts';

const meanings: Readonly<
  Record<MailboxAbort, { readonly code: MailboxErrorCode; readonly message: string }>
> = {
  EWrongCap: { code: 'CAP_MISMATCH', message: 'the capability is of another mailbox' },
  EChunkTooLarge: { code: 'PAYLOAD_TOO_LARGE', message: 'a part of the message is too long' },
  EPayloadTooLarge: { code: 'PAYLOAD_TOO_LARGE', message: 'the message is too long' },
  EMessageNotStored: { code: 'NOT_FOUND', message: 'no message is stored under this number' },
  EPrekeysTooLarge: { code: 'PAYLOAD_TOO_LARGE', message: 'the prekeys are too long' },
  EPrekeysNumberNotNext: {
    code: 'EXECUTION_FAILED',
    message: 'the number of the prekeys is not the next one',
  },
  EMailboxRetired: { code: 'RETIRED', message: 'the mailbox is retired' },
  EMailboxNotRetired: { code: 'EXECUTION_FAILED', message: 'the mailbox is not retired' },
  ERetiredTooRecently: {
    code: 'EXECUTION_FAILED',
    message: 'the mailbox was retired less than 30 epochs ago',
  },
  EMessagesStored: { code: 'EXECUTION_FAILED', message: 'messages are stored in the mailbox' },
};

/**
 * Gives an abort of the contract of `packageId` its name, and those that have one their own code. Any other error comes
 * back as it is.
 */
export function namedAbort(error: unknown, packageId: string): unknown {
  if (!(error instanceof MailboxError) || error.code !== 'EXECUTION_FAILED') return error;
  const { abort } = error.data['failure'] as ExecutionFailure;
  const abortName = abort === null ? null : abortNameOf(packageId, abort);
  if (abort === null || abortName === null) return error;
  const { code, message } = meanings[abortName];
  return new MailboxError(code, `the mailbox contract refuses: ${message} (${abortName})`, {
    data: { ...error.data, abortName, abortCode: abort.code },
    cause: error,
  });
}
