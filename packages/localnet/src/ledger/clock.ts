/** The Clock object and the system transaction that moves it (`iota-adapter`: execution_engine, setup_consensus_commit). */
import { concludeTransaction, type Outcome } from './effects.ts';
import { LedgerError } from './errors.ts';
import { GasCharger } from './gas-charger.ts';
import { clockContents } from './genesis.ts';
import type { ObjectSource } from './input-check.ts';
import { CLOCK_ID, ZERO_ADDRESS } from './protocol.ts';
import { prologueTransaction, type SystemTransaction } from './system-transactions.ts';
import { TransactionState, toMoveDraft } from './tx-state.ts';
import type { MoveObject } from './types.ts';

/** The Clock may lag this much behind transactions that do not read it. */
const CLOCK_LAG_MS = 1_000n;

export interface ClockUpdate {
  readonly transaction: SystemTransaction;
  readonly outcome: Outcome;
  readonly clock: MoveObject;
}

/**
 * What has to happen to the Clock before a transaction at `nowMs`; undefined when nothing has. The new time is written
 * as `0x2::clock::consensus_commit_prologue` does, without running it: the Clock's layout is part of the protocol.
 * @param round number of the checkpoint that the transaction will be in
 */
export function clockUpdate(
  source: ObjectSource,
  init: { readonly nowMs: bigint; readonly isRead: boolean; readonly epoch: bigint; readonly round: bigint },
): ClockUpdate | undefined {
  const clock = source.get(CLOCK_ID);
  if (clock?.kind !== 'move') throw new LedgerError('INTERNAL', 'the ledger has no Clock');
  const lag = init.nowMs - clockTime(clock);
  if (lag <= 0n || (!init.isRead && lag < CLOCK_LAG_MS)) return undefined;
  const transaction = prologueTransaction(init.epoch, init.round, init.nowMs);
  const state = new TransactionState({
    objects: new Map([[CLOCK_ID, clock]]),
    mutable: new Map([[CLOCK_ID, clock]]),
    readOnlyShared: [],
    deletedShared: [],
    receiving: [],
    gasCoins: [],
  });
  state.write({ ...toMoveDraft(clock), contents: clockContents(init.nowMs) });
  const charger = new GasCharger(0n, 1n, []);
  charger.settle(state, undefined);
  const outcome = concludeTransaction(state, {
    digest: transaction.digest,
    sender: ZERO_ADDRESS,
    epoch: init.epoch,
    timestampMs: init.nowMs,
    gas: charger.summary,
    gasCoin: undefined,
    failure: undefined,
  });
  const [written] = outcome.written;
  if (written?.kind !== 'move') throw new LedgerError('INTERNAL', 'the Clock was not written');
  return { transaction, outcome, clock: written };
}

/** Milliseconds since the Unix epoch in a Clock. */
export function clockTime(clock: MoveObject): bigint {
  const { contents } = clock;
  return new DataView(contents.buffer, contents.byteOffset, contents.length).getBigUint64(32, true);
}
