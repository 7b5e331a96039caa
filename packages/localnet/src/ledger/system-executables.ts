/** Runs the transactions that the network makes itself: they pay nothing and cannot fail. */
import type { ClockUpdate } from './clock.ts';
import { concludeTransaction } from './effects.ts';
import { NO_GAS } from './gas-charger.ts';
import type { Genesis } from './genesis.ts';
import { ZERO_ADDRESS } from './protocol.ts';
import type { Executable } from './seal.ts';
import { epochChangeTransaction, type SystemTransaction } from './system-transactions.ts';
import { TransactionState } from './tx-state.ts';
import type { Checkpoint } from './types.ts';

const free = { signatures: [], errorText: null, received: [], gas: NO_GAS } as const;

const noInputs: ConstructorParameters<typeof TransactionState>[0] = {
  objects: new Map(),
  mutable: new Map(),
  readOnlyShared: [],
  deletedShared: [],
  receiving: [],
  gasCoins: [],
};

function conclude(
  state: TransactionState,
  transaction: SystemTransaction,
  epoch: bigint,
  timestampMs: bigint,
): Executable {
  const outcome = concludeTransaction(state, {
    digest: transaction.digest,
    sender: ZERO_ADDRESS,
    epoch,
    timestampMs,
    gas: NO_GAS,
    gasCoin: undefined,
    failure: undefined,
  });
  return { ...transaction, ...free, outcome };
}

/** The transaction that writes the first objects. */
export function genesisExecutable(genesis: Genesis, timestampMs: bigint): Executable {
  const state = new TransactionState(noInputs);
  state.record({
    written: new Map(genesis.drafts.map((draft) => [draft.id, draft])),
    created: new Set(genesis.drafts.map(({ id }) => id)),
    modified: new Set(),
    deleted: new Set(),
    events: [],
  });
  return conclude(state, genesis.transaction, 0n, timestampMs);
}

/** The transaction that ends an epoch. Without validators and stake it changes no object. */
export function epochChangeExecutable(epoch: bigint, last: Checkpoint, timestampMs: bigint): Executable {
  const gas = last.endsEpoch ? NO_GAS : last.gas;
  const transaction = epochChangeTransaction({ epoch: epoch + 1n, gas, timestampMs });
  return conclude(new TransactionState(noInputs), transaction, epoch, timestampMs);
}

/** The transaction that has set the Clock. */
export function clockExecutable(update: ClockUpdate): Executable {
  return { ...update.transaction, ...free, outcome: update.outcome };
}
