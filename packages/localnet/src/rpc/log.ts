/** Walks the transaction log in either direction; what the queries for transactions and events page over. */
import type { ExecutedTransaction, LedgerReader } from '../ledger/types.ts';

/** Transactions from `from` on (inclusive), up or down to the end of the log as it is now. */
export function* transactions(
  ledger: LedgerReader,
  from: bigint,
  descending: boolean,
): Generator<ExecutedTransaction> {
  const step = descending ? -1n : 1n;
  for (let sequence = from; sequence >= 0n && sequence < ledger.transactionCount; sequence += step) {
    const transaction = ledger.getTransactionAt(sequence);
    if (transaction !== undefined) yield transaction;
  }
}

/** Where a walk without cursor starts. */
export function firstSequence(ledger: LedgerReader, descending: boolean): bigint {
  return descending ? ledger.transactionCount - 1n : 0n;
}
