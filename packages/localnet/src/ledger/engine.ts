/**
 * From checked inputs to a concluded transaction that is not committed yet. Everything it does stays in its own
 * state; the caller commits the outcome or drops it.
 */
import { concludeTransaction, type Outcome } from './effects.ts';
import { ExecutionFailure, statusText } from './failure.ts';
import { GasCharger, type GasSummary } from './gas-charger.ts';
import type { LoadedInputs } from './input-check.ts';
import { MAX_EFFECTS_BYTES, MAX_WRITTEN_BYTES } from './protocol.ts';
import { runProgrammable, type ExecutorInit } from './ptb/executor.ts';
import type { CommandValue, InputSource } from './transaction-data.ts';
import { TransactionState } from './tx-state.ts';
import type { Address, Digest, InspectedCommand } from './types.ts';

export interface EngineInit {
  readonly digest: Digest;
  readonly sender: Address;
  readonly epoch: bigint;
  readonly epochStartMs: bigint;
  readonly timestampMs: bigint;
  readonly inputs: readonly InputSource[];
  readonly commands: readonly CommandValue[];
  readonly loaded: LoadedInputs;
  readonly gasPrice: bigint;
  readonly gasBudget: bigint;
  readonly isInspection: boolean;
}

export interface EngineResult {
  readonly outcome: Outcome;
  readonly gas: GasSummary;
  readonly errorText: string | null;
  /** The failure's detail in words, which is not in the effects; null when there is none. */
  readonly errorSource: string | null;
  readonly inspected: readonly InspectedCommand[];
  /** Objects received, in the versions that can never be received again. */
  readonly received: readonly { readonly id: Address; readonly version: bigint }[];
}

/** Executes and settles; a failing transaction pays and changes nothing else. */
export function executeTransaction(host: ExecutorInit, init: EngineInit): EngineResult {
  const state = new TransactionState(init.loaded);
  const charger = new GasCharger(init.gasBudget, init.gasPrice, init.loaded.gasCoins);
  charger.smash(state);
  let failure: ExecutionFailure | undefined;
  let command: number | null = null;
  let inspected: readonly InspectedCommand[] = [];
  try {
    charger.chargeInputs(state);
    if (init.loaded.deletedShared.length > 0) throw new ExecutionFailure('InputObjectDeleted');
    const run = runProgrammable(host, { ...init, state, charger });
    ({ inspected } = run);
    if (run.failure !== undefined) {
      ({ command } = run.failure);
      throw run.failure.reason;
    }
    checkSizes(state);
  } catch (error) {
    if (!(error instanceof ExecutionFailure)) throw error;
    failure = error;
  }
  const settled = charger.settle(state, failure);
  if (settled !== failure) command = null;
  const outcome = concludeTransaction(state, {
    digest: init.digest,
    sender: init.sender,
    epoch: init.epoch,
    timestampMs: init.timestampMs,
    gas: charger.summary,
    gasCoin: charger.coinId,
    failure: settled === undefined ? undefined : { kind: settled.kind, command },
  });
  const received = init.loaded.receiving.filter(
    ({ id, version }) => state.modified.has(id) && state.loaded.get(id)?.version === version,
  );
  return {
    outcome,
    gas: charger.summary,
    errorText: settled === undefined ? null : statusText(settled.kind, command),
    errorSource: settled?.detail || null,
    inspected,
    received,
  };
}

/** Parts of the node's estimate of an effects' size (`iota-types`: effects), bytes. */
const EFFECTS_FIXED_BYTES = 120 + 10 + 50 + 40 + 1_000 + 1_000;
const EFFECTS_BYTES_PER_CHANGE = 48 + 80;
const EFFECTS_BYTES_PER_DEPENDENCY = 40;

function checkSizes(state: TransactionState): void {
  const currentSize =
    EFFECTS_FIXED_BYTES +
    EFFECTS_BYTES_PER_CHANGE * (state.written.size + state.modified.size) +
    EFFECTS_BYTES_PER_DEPENDENCY * state.inputs.objects.size;
  if (currentSize > MAX_EFFECTS_BYTES) {
    throw new ExecutionFailure({ EffectsTooLarge: { currentSize, maxSize: MAX_EFFECTS_BYTES } });
  }
  const writtenSize = state.writtenBytes();
  if (writtenSize > MAX_WRITTEN_BYTES) {
    throw new ExecutionFailure({
      WrittenObjectsTooLarge: { currentSize: writtenSize, maxSize: MAX_WRITTEN_BYTES },
    });
  }
}
