/**
 * Transactions that the network makes itself. Their BCS is the protocol's (`iota-types`: transaction,
 * messages_consensus), which the SDK's types know by name only: `data` then has the kind without its content.
 */
import { bcs } from '@iota/iota-sdk/bcs';
import { concatBytes, u64le } from '@wotid/core';
import { addressBytes, typedDigest } from './hashing.ts';
import type { GasSummary } from './gas-charger.ts';
import { encodeObjectData, ownerType } from './object-bcs.ts';
import { PROTOCOL_VERSION, ZERO_ADDRESS } from './protocol.ts';
import type { Digest, TransactionDataValue } from './types.ts';

export interface SystemTransaction {
  readonly digest: Digest;
  readonly dataBytes: Uint8Array;
  readonly data: TransactionDataValue;
}

const GENESIS = 1;
const CONSENSUS_COMMIT_PROLOGUE_V1 = 2;
const END_OF_EPOCH = 4;

/** The SDK's names of the kinds; it knows the end of an epoch by the name of its only content. */
type SystemKind = 'Genesis' | 'ConsensusCommitPrologue' | 'ChangeEpoch';
const kindNames: ReadonlyMap<number | undefined, SystemKind> = new Map([
  [GENESIS, 'Genesis'],
  [CONSENSUS_COMMIT_PROLOGUE_V1, 'ConsensusCommitPrologue'],
  [END_OF_EPOCH, 'ChangeEpoch'],
]);

/** The SDK's value of a transaction that this module made; undefined when the bytes are a user's. */
export function systemTransactionData(dataBytes: Uint8Array): TransactionDataValue | undefined {
  const kind = kindNames.get(dataBytes[1]);
  return kind === undefined ? undefined : dataOf(kind);
}

function systemTransaction(kind: SystemKind, kindBytes: Uint8Array): SystemTransaction {
  const zeroDigest = concatBytes(Uint8Array.of(32), new Uint8Array(32));
  const zeroId = addressBytes(ZERO_ADDRESS);
  const payment = concatBytes(Uint8Array.of(1), zeroId, u64le(0n), zeroDigest);
  // Version 1, kind, sender 0x0; gas: payment, owner 0x0, price 1, budget 0; no expiration.
  const dataBytes = concatBytes(
    Uint8Array.of(0),
    kindBytes,
    zeroId,
    payment,
    zeroId,
    u64le(1n),
    u64le(0n),
    Uint8Array.of(0),
  );
  return { digest: typedDigest('TransactionData', dataBytes), dataBytes, data: dataOf(kind) };
}

function dataOf(kind: SystemKind): TransactionDataValue {
  return bcs.TransactionData.parse(
    bcs.TransactionData.serialize({
      V1: {
        kind: { [kind]: true } as never,
        sender: ZERO_ADDRESS,
        gasData: {
          payment: [{ objectId: ZERO_ADDRESS, version: 0, digest: '1'.repeat(32) }],
          owner: ZERO_ADDRESS,
          price: 1,
          budget: 0,
        },
        expiration: { None: true },
      },
    }).toBytes(),
  );
}

/** The transaction that makes the first objects. */
export function genesisTransaction(
  objects: readonly Parameters<typeof encodeObjectData>[0][],
): SystemTransaction {
  const parts: Uint8Array[] = [Uint8Array.of(GENESIS), bcs.ULEB128.serialize(objects.length).toBytes()];
  for (const object of objects) {
    parts.push(Uint8Array.of(0), encodeObjectData(object), ownerType.serialize(object.owner).toBytes());
  }
  return systemTransaction('Genesis', concatBytes(...parts, Uint8Array.of(0)));
}

/** The transaction that moves the clock, as each consensus commit begins with. */
export function prologueTransaction(epoch: bigint, round: bigint, timestampMs: bigint): SystemTransaction {
  return systemTransaction(
    'ConsensusCommitPrologue',
    concatBytes(
      Uint8Array.of(CONSENSUS_COMMIT_PROLOGUE_V1),
      u64le(epoch),
      u64le(round),
      // No sub-DAG index; then time, the digest of a commit that never was, and no cancelled transactions.
      Uint8Array.of(0),
      u64le(timestampMs),
      Uint8Array.of(32),
      new Uint8Array(32),
      Uint8Array.of(0, 0),
    ),
  );
}

/** What the transaction that ends an epoch says. */
export interface EpochChange {
  /** The epoch that begins. */
  readonly epoch: bigint;
  readonly gas: GasSummary;
  readonly timestampMs: bigint;
}

/** The transaction that ends an epoch; it upgrades no system package. */
export function epochChangeTransaction({ epoch, gas, timestampMs }: EpochChange): SystemTransaction {
  return systemTransaction(
    'ChangeEpoch',
    concatBytes(
      // One thing to do, which is to change the epoch.
      Uint8Array.of(END_OF_EPOCH, 1, 0),
      u64le(epoch),
      u64le(PROTOCOL_VERSION),
      u64le(gas.storage),
      u64le(gas.computation),
      u64le(gas.rebate),
      u64le(0n),
      u64le(timestampMs),
      Uint8Array.of(0),
    ),
  );
}

/** Reads back what {@link epochChangeTransaction} wrote. */
export function readEpochChange(dataBytes: Uint8Array): EpochChange {
  const view = new DataView(dataBytes.buffer, dataBytes.byteOffset, dataBytes.byteLength);
  const field = (index: number): bigint => view.getBigUint64(4 + 8 * index, true);
  return {
    epoch: field(0),
    gas: { storage: field(2), computation: field(3), rebate: field(4) },
    timestampMs: field(6),
  };
}
