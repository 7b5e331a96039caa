/** Dry run and dev inspection: executions that are never committed. */
import { bcs } from '@iota/iota-sdk/bcs';
import type { EngineResult } from './engine.ts';
import { coinContents } from './coins.ts';
import { addressText, blake2b256, digestBytes, ZERO_DIGEST } from './hashing.ts';
import type { ObjectSource } from './input-check.ts';
import { withDigest } from './object-bcs.ts';
import { GENESIS_VERSION, MAX_GAS_BUDGET } from './protocol.ts';
import {
  decodeTransaction,
  type DecodedTransaction,
  type ObjectRef,
  type TransactionKindValue,
} from './transaction-data.ts';
import { GAS_COIN_TYPE } from './type-tags.ts';
import type { Address, DryRun, MoveObject, SimulatedTransaction } from './types.ts';

/** NANOS in the made-up coin that pays for a dry run without payment. */
export const DRY_RUN_COIN_NANOS: bigint = 10n ** 18n;
/** NANOS in the made-up coin of a dev inspection. */
const INSPECTION_COIN_NANOS = 10n ** 12n;

/** A coin that exists for one simulation only; its id follows from the transaction. */
function madeUpCoin(owner: Address, balance: bigint, seed: Uint8Array): MoveObject {
  const id = addressText(blake2b256(seed));
  return withDigest({
    kind: 'move',
    id,
    version: GENESIS_VERSION,
    owner: { kind: 'address', address: owner },
    previousTransaction: ZERO_DIGEST,
    storageRebate: 0n,
    type: GAS_COIN_TYPE,
    contents: coinContents(id, balance),
  });
}

export interface Simulation {
  readonly transaction: DecodedTransaction;
  readonly payment: readonly ObjectRef[];
  readonly source: ObjectSource;
}

/** Gives a transaction without payment a coin to pay with. */
export function withMadeUpPayment(transaction: DecodedTransaction, source: ObjectSource): Simulation {
  if (transaction.payment.length > 0) return { transaction, payment: transaction.payment, source };
  const coin = madeUpCoin(transaction.gasOwner, DRY_RUN_COIN_NANOS, digestBytes(transaction.digest));
  return { transaction, payment: [refOf(coin)], source: withObject(source, coin) };
}

/** A transaction of a kind alone, paid by a made-up coin of the sender. */
export function inspectedTransaction(
  kind: TransactionKindValue,
  sender: Address,
  gasPrice: bigint,
  source: ObjectSource,
): Simulation {
  const kindBytes = bcs.TransactionKind.serialize(kind).toBytes();
  const coin = madeUpCoin(sender, INSPECTION_COIN_NANOS, kindBytes);
  const bytes = bcs.TransactionData.serialize(
    {
      V1: {
        kind,
        sender,
        gasData: {
          payment: [{ objectId: coin.id, version: coin.version, digest: coin.digest }],
          owner: sender,
          price: gasPrice,
          budget: MAX_GAS_BUDGET,
        },
        expiration: { None: true },
      },
    },
    { initialSize: kindBytes.length + 512 },
  ).toBytes();
  return {
    transaction: decodeTransaction(bytes),
    payment: [refOf(coin)],
    source: withObject(source, coin),
  };
}

function refOf({ id, version, digest }: MoveObject): ObjectRef {
  return { id, version, digest };
}

/** A view of `source` in which `object` stands as given. */
export function withObject(source: ObjectSource, object: MoveObject): ObjectSource {
  return {
    get: (id) => (id === object.id ? object : source.get(id)),
    wasReceived: (id, version) => source.wasReceived(id, version),
  };
}

export function simulated(
  transaction: DecodedTransaction,
  { outcome, errorText, errorSource }: EngineResult,
  timestampMs: bigint,
): SimulatedTransaction & Pick<DryRun, 'errorSource'> {
  const { effects, effectsBytes, events, written, replaced } = outcome;
  return {
    digest: transaction.digest,
    dataBytes: transaction.bytes,
    data: transaction.data,
    effectsBytes,
    effects,
    errorText,
    errorSource,
    events,
    timestampMs,
    written,
    replaced,
  };
}
