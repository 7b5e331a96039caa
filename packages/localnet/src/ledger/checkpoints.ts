/**
 * The chain of checkpoints: one for each transaction, at once. A summary's digest is H("CheckpointSummary::" || BCS)
 * of a summary as in `iota-types`: messages_checkpoint, without version specific data.
 */
import { bcs } from '@iota/iota-sdk/bcs';
import { u64Type } from '@wotid/core';
import { NO_GAS, type GasSummary } from './gas-charger.ts';
import { typedDigest } from './hashing.ts';
import { digestType } from './object-bcs.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import type { Checkpoint, Digest } from './types.ts';

const contentsType = bcs.enum('CheckpointContents', {
  V1: bcs.struct('CheckpointContentsV1', {
    transactions: bcs.vector(
      bcs.struct('ExecutionDigests', { transaction: digestType, effects: digestType }),
    ),
    userSignatures: bcs.vector(bcs.vector(bcs.byteVector())),
  }),
});

const summaryType = bcs.struct('CheckpointSummary', {
  epoch: u64Type,
  sequenceNumber: u64Type,
  networkTotalTransactions: u64Type,
  contentDigest: digestType,
  previousDigest: bcs.option(digestType),
  gas: bcs.struct('GasCostSummary', {
    computationCost: u64Type,
    computationCostBurned: u64Type,
    storageCost: u64Type,
    storageRebate: u64Type,
    nonRefundableStorageFee: u64Type,
  }),
  timestampMs: u64Type,
  commitments: bcs.vector(bcs.u8()),
  endOfEpochData: bcs.option(
    bcs.struct('EndOfEpochData', {
      // No committee and no commitments here: both lists are empty.
      nextEpochCommittee: bcs.vector(bcs.u8()),
      nextEpochProtocolVersion: u64Type,
      epochCommitments: bcs.vector(bcs.u8()),
      /** An i64 in two's complement. */
      epochSupplyChange: u64Type,
    }),
  ),
  versionSpecificData: bcs.vector(bcs.u8()),
});

export interface CheckpointedTransaction {
  readonly digest: Digest;
  readonly effectsDigest: Digest;
  readonly signatures: readonly Uint8Array[];
}

export interface CheckpointInit {
  readonly previous: Checkpoint | undefined;
  readonly epoch: bigint;
  readonly timestampMs: bigint;
  readonly transactions: readonly CheckpointedTransaction[];
  readonly gas: GasSummary;
  readonly endsEpoch: boolean;
}

/** The next checkpoint after `previous`; gas is summed over the epoch. */
export function nextCheckpoint(init: CheckpointInit): Checkpoint {
  const { previous, epoch, timestampMs, transactions } = init;
  const contents = contentsType
    .serialize({
      V1: {
        transactions: transactions.map(({ digest, effectsDigest }) => ({
          transaction: digest,
          effects: effectsDigest,
        })),
        userSignatures: transactions.map(({ signatures }) => signatures),
      },
    })
    .toBytes();
  const before = previous === undefined || previous.endsEpoch ? NO_GAS : previous.gas;
  const gas = {
    computation: before.computation + init.gas.computation,
    storage: before.storage + init.gas.storage,
    rebate: before.rebate + init.gas.rebate,
  };
  const sequence = previous === undefined ? 0n : previous.sequence + 1n;
  const networkTotalTransactions = (previous?.networkTotalTransactions ?? 0n) + BigInt(transactions.length);
  const previousDigest = previous?.digest ?? null;
  const summary = summaryType.serialize({
    epoch,
    sequenceNumber: sequence,
    networkTotalTransactions,
    contentDigest: typedDigest('CheckpointContents', contents),
    previousDigest,
    gas: {
      computationCost: gas.computation,
      computationCostBurned: gas.computation,
      storageCost: gas.storage,
      storageRebate: gas.rebate,
      nonRefundableStorageFee: 0n,
    },
    timestampMs,
    commitments: [],
    endOfEpochData: init.endsEpoch
      ? {
          nextEpochCommittee: [],
          nextEpochProtocolVersion: PROTOCOL_VERSION,
          epochCommitments: [],
          epochSupplyChange: BigInt.asUintN(64, -gas.computation),
        }
      : null,
    versionSpecificData: [],
  });
  return {
    sequence,
    digest: typedDigest('CheckpointSummary', summary.toBytes()),
    previousDigest,
    epoch,
    timestampMs,
    transactions: transactions.map(({ digest }) => digest),
    networkTotalTransactions,
    gas,
    endsEpoch: init.endsEpoch,
  };
}
