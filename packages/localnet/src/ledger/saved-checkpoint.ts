/**
 * One checkpoint as the database keeps it: BCS, then BLAKE2b-256 of that. What follows from other parts is not kept but
 * computed again when it is read, and the checkpoint's digest, which covers every transaction, effect, object, event,
 * time and signature, tells whether all of it is as it was.
 */
import { bcs, type BcsType } from '@iota/iota-sdk/bcs';
import { bytesType, concatBytes, decodeStrict, u64Type } from '@wotid/core';
import { eventsDigest, eventsType } from './effects.ts';
import { NO_GAS } from './gas-charger.ts';
import { blake2b256, typedDigest } from './hashing.ts';
import { decodeObject, digestType, encodeObject } from './object-bcs.ts';
import { sealCheckpoint } from './seal.ts';
import { isLive, receivedBy, type CommittedTransaction, type Entry } from './store.ts';
import { systemTransactionData } from './system-transactions.ts';
import type {
  Address,
  Checkpoint,
  Digest,
  ExecutedTransaction,
  LedgerObject,
  Tombstone,
  TransactionDataValue,
  TransactionEffectsValue,
} from './types.ts';

const transactionType = bcs.struct('Transaction', {
  data: bytesType,
  signatures: bcs.vector(bytesType),
  effects: bytesType,
  errorText: bcs.option(bcs.string()),
  events: bytesType,
  written: bcs.vector(bytesType),
});

const checkpointType = bcs.struct('Checkpoint', {
  digest: digestType,
  epoch: u64Type,
  timestampMs: u64Type,
  endsEpoch: bcs.bool(),
  transactions: bcs.vector(transactionType),
});

type SavedTransaction = ReturnType<typeof transactionType.parse>;

const CHECKSUM_BYTES = 32;
/** Far above what one transaction may write (5 MB of objects, 64 MB of events). */
const MAX_SAVED_BYTES = 1 << 28;

export function encodeCheckpoint(
  transactions: readonly CommittedTransaction[],
  { digest, epoch, timestampMs, endsEpoch }: Checkpoint,
): Uint8Array {
  const saved = transactions.map(({ transaction }) => ({
    data: transaction.dataBytes,
    signatures: [...transaction.signatures],
    effects: transaction.effectsBytes,
    errorText: transaction.errorText,
    events: eventsType.serialize(transaction.events).toBytes(),
    written: transaction.written.map(encodeObject),
  }));
  const body = checkpointType
    .serialize({ digest, epoch, timestampMs, endsEpoch, transactions: saved }, { initialSize: 8_192 })
    .toBytes();
  return concatBytes(body, blake2b256(body));
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
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (Buffer.compare(blake2b256(body), bytes.subarray(body.length)) !== 0) {
    throw new TypeError('its checksum is another one');
  }
  const saved = parse(checkpointType, body);
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
  const tombstones: Tombstone[] = [];
  const digests = new Map<Address, Digest>();
  for (const [id, change] of effects.V1.changedObjects) {
    const { ObjectWrite: object, PackageWrite: code } = change.outputState;
    const after = object?.[0] ?? code?.[1];
    if (after !== undefined) digests.set(id, after);
    const existing = change.inputState.Exist;
    const isDeleted = change.idOperation.Deleted !== undefined;
    if (after === undefined && (existing !== undefined || isDeleted)) {
      const version = BigInt(effects.V1.lamportVersion);
      tombstones.push({ kind: isDeleted ? 'deleted' : 'wrapped', id, version, transaction: digest });
    }
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
      tombstones,
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
