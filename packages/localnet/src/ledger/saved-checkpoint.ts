/**
 * One checkpoint as the database keeps it, in BCS. What follows from other parts is not kept but computed again when
 * it is read, and the checkpoint's digest, which covers every transaction, effect, object, event, time and signature,
 * tells whether all of it is as it was written.
 */
import { bcs, type BcsType } from '@iota/iota-sdk/bcs';
import { bytesType, decodeStrict, u64Type } from '@wotid/core';
import { eventsDigest, eventsType } from './effects.ts';
import { NO_GAS } from './gas-charger.ts';
import { typedDigest } from './hashing.ts';
import { addressType, decodeObject, digestType, encodeObject } from './object-bcs.ts';
import { sealCheckpoint } from './seal.ts';
import { isLive, receivedBy, type CommittedTransaction, type Entry } from './store.ts';
import { systemTransactionData } from './system-transactions.ts';
import type {
  Address,
  Checkpoint,
  Digest,
  ExecutedTransaction,
  LedgerObject,
  TransactionDataValue,
  TransactionEffectsValue,
} from './types.ts';

const tombstoneType = bcs.struct('Tombstone', { id: addressType, version: u64Type, isWrapped: bcs.bool() });

const transactionType = bcs.struct('Transaction', {
  data: bytesType,
  signatures: bcs.vector(bytesType),
  effects: bytesType,
  errorText: bcs.option(bcs.string()),
  events: bytesType,
  written: bcs.vector(bytesType),
  tombstones: bcs.vector(tombstoneType),
});

const checkpointType = bcs.struct('Checkpoint', {
  digest: digestType,
  epoch: u64Type,
  timestampMs: u64Type,
  endsEpoch: bcs.bool(),
  transactions: bcs.vector(transactionType),
});

type SavedTransaction = ReturnType<typeof transactionType.parse>;

/** Far above what one transaction may write (5 MB of objects, 64 MB of events). */
const MAX_SAVED_BYTES = 1 << 28;

export function encodeCheckpoint(
  transactions: readonly CommittedTransaction[],
  { digest, epoch, timestampMs, endsEpoch }: Checkpoint,
): Uint8Array {
  const saved = transactions.map(({ transaction, tombstones }) => ({
    data: transaction.dataBytes,
    signatures: [...transaction.signatures],
    effects: transaction.effectsBytes,
    errorText: transaction.errorText,
    events: eventsType.serialize(transaction.events).toBytes(),
    written: transaction.written.map(encodeObject),
    tombstones: tombstones.map(({ id, version, kind }) => ({ id, version, isWrapped: kind === 'wrapped' })),
  }));
  return checkpointType
    .serialize({ digest, epoch, timestampMs, endsEpoch, transactions: saved }, { initialSize: 8_192 })
    .toBytes();
}

/** What the reader has read before. */
export interface Before {
  readonly previous: Checkpoint | undefined;
  readonly transactionCount: bigint;
  getAt(id: Address, version: bigint): Entry | undefined;
}

/** Reads a checkpoint back and proves it. @throws anything that it finds wrong */
export function decodeCheckpoint(
  bytes: Uint8Array,
  before: Before,
): { readonly transactions: readonly CommittedTransaction[]; readonly checkpoint: Checkpoint } {
  const saved = decodeStrict(checkpointType, bytes, { what: 'checkpoint', maxBytes: MAX_SAVED_BYTES });
  // A transaction may replace what an earlier one of the same checkpoint has written.
  const fresh = new Map<string, LedgerObject>();
  const find = (id: Address, version: bigint): Entry | undefined =>
    fresh.get(`${id} ${version}`) ?? before.getAt(id, version);
  const executables = saved.transactions.map((one) => {
    const executable = readTransaction(one, saved.timestampMs, find);
    for (const object of executable.outcome.written) fresh.set(`${object.id} ${object.version}`, object);
    return executable;
  });
  const sealed = sealCheckpoint(executables, {
    previous: before.previous,
    epoch: saved.epoch,
    timestampMs: saved.timestampMs,
    firstSequence: before.transactionCount,
    endsEpoch: saved.endsEpoch,
  });
  if (sealed.checkpoint.digest !== saved.digest) throw new TypeError('its digest is another one');
  return sealed;
}

function readTransaction(
  saved: SavedTransaction,
  timestampMs: bigint,
  find: (id: Address, version: bigint) => Entry | undefined,
): Parameters<typeof sealCheckpoint>[0][number] {
  const digest = typedDigest('TransactionData', saved.data);
  const data = systemTransactionData(saved.data) ?? parse(bcs.TransactionData, saved.data);
  const effects = parse(bcs.TransactionEffects, saved.effects);
  const written = saved.written.map(decodeObject);
  const replaced: LedgerObject[] = [];
  const digests = new Map<Address, Digest>();
  for (const [id, change] of effects.V1.changedObjects) {
    const { ObjectWrite: object, PackageWrite: code } = change.outputState;
    const after = object?.[0] ?? code?.[1];
    if (after !== undefined) digests.set(id, after);
    const existing = change.inputState.Exist;
    if (existing === undefined) continue;
    const entry = find(id, BigInt(existing[0][0]));
    if (!isLive(entry)) throw new TypeError(`it replaces object ${id}, which is not there`);
    replaced.push(entry);
  }
  if (written.length !== digests.size || written.some((object) => digests.get(object.id) !== object.digest)) {
    throw new TypeError('its objects are not those of its effects');
  }
  return {
    digest,
    dataBytes: saved.data,
    data,
    signatures: saved.signatures,
    errorText: saved.errorText,
    received: receivedBy({ data, effects }),
    gas: gasOf(data, effects),
    outcome: {
      effects,
      effectsBytes: saved.effects,
      effectsDigest: typedDigest('TransactionEffects', saved.effects),
      written,
      replaced,
      tombstones: saved.tombstones.map(({ id, version, isWrapped }) => ({
        kind: isWrapped ? 'wrapped' : 'deleted',
        id,
        version,
        transaction: digest,
      })),
      events: readEvents(saved, digest, data, effects, timestampMs),
    },
  };
}

function readEvents(
  saved: SavedTransaction,
  txDigest: Digest,
  data: TransactionDataValue,
  effects: TransactionEffectsValue,
  timestampMs: bigint,
): ExecutedTransaction['events'] {
  const events = parse(eventsType, saved.events);
  const digest = events.length === 0 ? null : eventsDigest(events);
  if (digest !== effects.V1.eventsDigest || events.some(({ sender }) => sender !== data.V1.sender)) {
    throw new TypeError('its events are not those of its effects');
  }
  return events.map((event, eventSeq) => ({ ...event, txDigest, eventSeq, timestampMs }));
}

function gasOf(data: TransactionDataValue, effects: TransactionEffectsValue): typeof NO_GAS {
  if (data.V1.kind.ProgrammableTransaction === undefined) return NO_GAS;
  const { computationCost, storageCost, storageRebate } = effects.V1.gasUsed;
  return {
    computation: BigInt(computationCost),
    storage: BigInt(storageCost),
    rebate: BigInt(storageRebate),
  };
}

function parse<T, Input>(schema: BcsType<T, Input>, bytes: Uint8Array): T {
  return decodeStrict(schema, bytes, { what: schema.name, maxBytes: MAX_SAVED_BYTES });
}
