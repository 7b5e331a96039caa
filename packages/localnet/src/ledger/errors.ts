import { WotError } from '@wotid/core';

/**
 * Codes of {@link LedgerError}.
 * - `MALFORMED_TRANSACTION`: the bytes are not BCS of TransactionData (or of a TransactionKind).
 * - `USER_INPUT`: the transaction or its inputs break a rule; the message is the node's own sentence.
 * - `INVALID_SIGNATURE`: a signature is missing, superfluous or wrong; the message is the node's own sentence.
 * - `OBJECTS_LOCKED`: an owned object version is locked by conflicting transactions.
 * - `TYPE_NOT_FOUND`, `UNSUPPORTED`, `FAUCET_EMPTY`, `GENESIS_INVALID`, `UNKNOWN_SNAPSHOT`, `BAD_ARGUMENT`, `CLOSED`:
 *   as they say.
 * - `CONSERVATION_VIOLATED`, `INTERNAL`: a bug of ours was caught; the transaction was refused and nothing changed.
 */
export type LedgerErrorCode =
  | 'MALFORMED_TRANSACTION'
  | 'USER_INPUT'
  | 'INVALID_SIGNATURE'
  | 'OBJECTS_LOCKED'
  | 'TYPE_NOT_FOUND'
  | 'FAUCET_EMPTY'
  | 'GENESIS_INVALID'
  | 'UNKNOWN_SNAPSHOT'
  | 'BAD_ARGUMENT'
  | 'CLOSED'
  | 'CONSERVATION_VIOLATED'
  | 'INTERNAL';

/** The ledger refused something; nothing changed. */
export class LedgerError extends WotError<LedgerErrorCode> {}

/** A refusal with the node's sentence for a broken rule. */
export function userInput(message: string, hint = ''): LedgerError {
  return new LedgerError('USER_INPUT', message, { hint });
}
