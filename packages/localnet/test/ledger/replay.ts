/** Runs a ledger's log again, from genesis, in a fresh one. */
import { createLedger, type Ledger, type LedgerInit } from '../../src/ledger/index.ts';

/** @param init as the original was made, less its clock */
export async function replay(log: Ledger, init: Omit<LedgerInit, 'clock' | 'database'>): Promise<Ledger> {
  let nowMs = 0n;
  const clock = { nowMs: () => Number(nowMs) };
  nowMs = log.getCheckpoint(0n)?.timestampMs ?? 0n;
  const again = createLedger({ ...init, clock });
  for (let sequence = 1n; sequence <= log.latestCheckpoint; sequence++) {
    const checkpoint = log.getCheckpoint(sequence);
    if (checkpoint === undefined) throw new Error(`checkpoint ${sequence} is missing`);
    nowMs = checkpoint.timestampMs;
    if (checkpoint.endsEpoch) again.advanceEpoch();
    for (const digest of checkpoint.transactions) {
      const transaction = log.getTransaction(digest);
      // The network makes its own transactions itself.
      if (transaction?.data.V1.kind.ProgrammableTransaction === undefined) continue;
      await again.execute(transaction.dataBytes, transaction.signatures);
    }
  }
  return again;
}

/** All that tells one ledger from another: every checkpoint covers all before it, the root covers every object. */
export function identity(ledger: Ledger): Record<string, unknown> {
  return {
    chainId: ledger.chainId,
    stateRoot: ledger.stateRoot(),
    checkpoint: ledger.getCheckpoint(ledger.latestCheckpoint)?.digest,
    transactions: ledger.transactionCount,
    epoch: ledger.epoch,
  };
}
