/** What a node's refusal of a transaction means: inputs that changed, inputs that are locked, or a definite no. */
import { JsonRpcError } from '@iota/iota-sdk/client';
import { errorText } from '@wotid/core';
import { MailboxError } from './errors.ts';

/** Errors of a node about inputs that are not as they were when we read them. Wording: IOTA's `UserInputError`. */
const racePattern =
  /is not available for consumption|Could not find the referenced object|because of locked objects|Invalid Object digest/i;
/** Equivocation: validators have signed another transaction with one of the inputs. */
export const lockPattern: RegExp = /because of locked objects/i;

/** The error for a transaction that was rebuilt in vain. */
export function lostRace(error: unknown, attempts: number, locked: boolean): MailboxError {
  return new MailboxError(
    'OBJECT_RACE',
    locked
      ? 'an object of this transaction is locked by another transaction'
      : `the objects of this transaction changed ${attempts} times in a row: ${errorText(error)}`,
    {
      hint: locked
        ? 'something else signs with this key; stop it. The lock ends with the epoch'
        : 'something else uses this address or this mailbox; stop it and try again',
      cause: error,
    },
  );
}

/** True when the node says that an input has changed or is locked. */
export function isObjectRace(error: unknown): boolean {
  return error instanceof JsonRpcError && racePattern.test(error.message);
}

/**
 * A node's definite no: nothing was executed. -32050 is "transient", and -32603 and -32000 say nothing about the
 * transaction, so they are as good as no answer. So is a race on sending bytes again: they may have executed.
 */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof JsonRpcError && (error.code === -32002 || error.code === -32602 || error.code === -32600)
  );
}
