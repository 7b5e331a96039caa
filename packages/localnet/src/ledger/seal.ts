/** Puts executed transactions into the checkpoint that commits them. */
import { nextCheckpoint } from './checkpoints.ts';
import type { EngineResult } from './engine.ts';
import { NO_GAS } from './gas-charger.ts';
import type { CommittedTransaction } from './store.ts';
import type { Checkpoint, Digest, ExecutedTransaction } from './types.ts';

/** A transaction that has run: all that the log keeps of it. */
export interface Executable extends Pick<EngineResult, 'outcome' | 'errorText' | 'received' | 'gas'> {
  readonly digest: Digest;
  readonly dataBytes: Uint8Array;
  readonly data: ExecutedTransaction['data'];
  readonly signatures: readonly Uint8Array[];
}

export interface SealInit {
  readonly previous: Checkpoint | undefined;
  readonly epoch: bigint;
  readonly timestampMs: bigint;
  /** Position of the first transaction in the log. */
  readonly firstSequence: bigint;
  /** True for the last checkpoint of an epoch. */
  readonly endsEpoch: boolean;
}

/** The checkpoint and its transactions, ready for the store. */
export function sealCheckpoint(
  executables: readonly Executable[],
  { previous, epoch, timestampMs, firstSequence, endsEpoch }: SealInit,
): { readonly transactions: readonly CommittedTransaction[]; readonly checkpoint: Checkpoint } {
  const checkpoint = nextCheckpoint({
    previous,
    epoch,
    timestampMs,
    transactions: executables.map(({ digest, outcome, signatures }) => ({
      digest,
      effectsDigest: outcome.effectsDigest,
      signatures,
    })),
    // System transactions pay nothing, so that the last one's gas is everybody's.
    gas: executables.at(-1)?.gas ?? NO_GAS,
    endsEpoch,
  });
  const transactions = executables.map((executable, index): CommittedTransaction => {
    const { digest, dataBytes, data, signatures, errorText, received, outcome } = executable;
    const { effects, effectsBytes, events, written, replaced, tombstones } = outcome;
    return {
      transaction: {
        digest,
        sequence: firstSequence + BigInt(index),
        dataBytes,
        data,
        signatures,
        effectsBytes,
        effects,
        errorText,
        events,
        timestampMs,
        checkpoint: checkpoint.sequence,
        written,
        replaced,
      },
      tombstones,
      received,
    };
  });
  return { transactions, checkpoint };
}
