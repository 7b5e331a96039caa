/** Transactions as JSON: input, effects and what follows from them. Source: iota-json-rpc-types, iota_transaction. */
import { bcs } from '@iota/iota-sdk/bcs';
import { toBase58 } from '@iota/iota-sdk/utils';
import { concatBytes } from '@wotid/core';
import type { SignatureType } from '@wotid/move-vm';
import { readEpochChange } from '../ledger/system-transactions.ts';
import type { ArgumentValue, CallArgValue, CommandValue } from '../ledger/transaction-data.ts';
import type {
  Address,
  ExecutedTransaction,
  LedgerEvent,
  SimulatedTransaction,
  TransactionDataValue,
  TypeTag,
} from '../ledger/types.ts';
import { balanceChangesJson, objectChangesJson } from './changes-json.ts';
import { effectsJson } from './effects-json.ts';
import { eventJson } from './event-json.ts';
import type { Json, JsonObject } from './json.ts';
import { moveJson, type LayoutOf } from './move-json.ts';
import type { FunctionInfo } from './normalized.ts';
import { objectRefJson } from './object-json.ts';
import { parseOptions } from './params.ts';
import { isDatatype, parseTypeTag, shortTypeText, typeText } from './type-text.ts';

const transactionOptionNames = [
  'showInput',
  'showRawInput',
  'showEffects',
  'showRawEffects',
  'showEvents',
  'showObjectChanges',
  'showBalanceChanges',
] as const;
export type TransactionOptions = Readonly<Record<(typeof transactionOptionNames)[number], boolean>>;
export const parseTransactionOptions: (value: unknown, name: string) => TransactionOptions =
  parseOptions(transactionOptionNames);
/** The digest alone. */
export const noTransactionOptions: TransactionOptions = parseTransactionOptions({}, 'options');

/** Looks up a function's signature; undefined when it does not exist. */
export type FunctionOf = (packageId: Address, module: string, name: string) => FunctionInfo | undefined;
export interface TransactionSource {
  readonly layoutOf: LayoutOf;
  readonly functionOf: FunctionOf;
}

/** A transaction response of the reading methods: with checkpoint and time. */
export function transactionJson(
  transaction: ExecutedTransaction,
  options: TransactionOptions,
  source: TransactionSource,
): JsonObject {
  return {
    ...transactionBodyJson(transaction, options, source),
    timestampMs: transaction.timestampMs.toString(),
    checkpoint: transaction.checkpoint.toString(),
  };
}

/** A transaction response of the executing method: nodes give neither checkpoint nor time there. */
export function executedJson(
  transaction: ExecutedTransaction,
  options: TransactionOptions,
  source: TransactionSource,
): JsonObject {
  return { ...transactionBodyJson(transaction, options, source), confirmedLocalExecution: true };
}

function transactionBodyJson(
  transaction: ExecutedTransaction,
  options: TransactionOptions,
  source: TransactionSource,
): JsonObject {
  return {
    digest: transaction.digest,
    ...(options.showInput && {
      transaction: {
        data: transactionDataJson(transaction, source),
        txSignatures: transaction.signatures.map((signature) => signature.toBase64()),
      },
    }),
    ...(options.showRawInput && { rawTransaction: rawTransaction(transaction).toBase64() }),
    ...(options.showEffects && { effects: effectsJson(transaction.effects, transaction.errorText) }),
    ...(options.showEvents && { events: eventsJson(transaction.events, source.layoutOf) }),
    ...(options.showObjectChanges && { objectChanges: objectChangesJson(transaction) }),
    ...(options.showBalanceChanges && { balanceChanges: balanceChangesJson(transaction) }),
    ...(options.showRawEffects && { rawEffects: Array.from(transaction.effectsBytes) }),
  };
}

export function eventsJson(events: readonly LedgerEvent[], layoutOf: LayoutOf): JsonObject[] {
  return events.map((event) => eventJson(event, layoutOf, false));
}

/** BCS of SenderSignedData: a vector of one {intent 00 00 00, data, vector of signatures}. */
export function rawTransaction(transaction: ExecutedTransaction): Uint8Array {
  const uleb = (value: number): Uint8Array => bcs.uleb128().serialize(value).toBytes();
  return concatBytes(
    Uint8Array.of(1, 0, 0, 0),
    transaction.dataBytes,
    uleb(transaction.signatures.length),
    ...transaction.signatures.flatMap((signature) => [uleb(signature.length), signature]),
  );
}

/** `transaction.data`, and `input` of a dry run. */
export function transactionDataJson(
  transaction: SimulatedTransaction,
  source: TransactionSource,
): JsonObject {
  const { kind, sender, gasData } = transaction.data.V1;
  return {
    messageVersion: 'v1',
    transaction: kindJson(kind, transaction, source),
    sender,
    gasData: {
      payment: gasData.payment.map((ref) => objectRefJson(ref.objectId, ref.version, ref.digest)),
      owner: gasData.owner,
      price: gasData.price,
      budget: gasData.budget,
    },
  };
}

function kindJson(
  kind: TransactionDataValue['V1']['kind'],
  transaction: SimulatedTransaction,
  source: TransactionSource,
): JsonObject {
  const programmable = kind.ProgrammableTransaction;
  if (kind.ConsensusCommitPrologue !== undefined) return prologueJson(transaction.dataBytes);
  if (kind.$kind === ('ChangeEpoch' as string)) return epochChangeJson(transaction.dataBytes);
  if (programmable === undefined) {
    return {
      kind: 'Genesis',
      objects: transaction.written.map(({ id }) => id),
      events: transaction.events.map(({ txDigest, eventSeq }) => ({
        txDigest,
        eventSeq: eventSeq.toString(),
      })),
    };
  }
  const types = inputTypes(programmable.inputs.length, programmable.commands, source.functionOf);
  return {
    kind: 'ProgrammableTransaction',
    inputs: programmable.inputs.map((input, index) => inputJson(input, types[index], source.layoutOf)),
    transactions: programmable.commands.map(commandJson),
  };
}

/** The BCS of a clock transaction: version 0, kind 2, u64 epoch, u64 round, no sub-DAG index, u64 milliseconds, digest. */
function prologueJson(dataBytes: Uint8Array): JsonObject {
  const view = new DataView(dataBytes.buffer, dataBytes.byteOffset, dataBytes.byteLength);
  return {
    kind: 'ConsensusCommitPrologueV1',
    epoch: view.getBigUint64(2, true).toString(),
    round: view.getBigUint64(10, true).toString(),
    sub_dag_index: null,
    commit_timestamp_ms: view.getBigUint64(19, true).toString(),
    consensus_commit_digest: toBase58(dataBytes.subarray(28, 60)),
    consensus_determined_version_assignments: { CancelledTransactions: [] },
  };
}

function epochChangeJson(dataBytes: Uint8Array): JsonObject {
  const { epoch, gas, timestampMs } = readEpochChange(dataBytes);
  const change = {
    epoch: epoch.toString(),
    storage_charge: gas.storage.toString(),
    computation_charge: gas.computation.toString(),
    storage_rebate: gas.rebate.toString(),
    epoch_start_timestamp_ms: timestampMs.toString(),
  };
  return { kind: 'EndOfEpochTransaction', transactions: [{ ChangeEpoch: change }] };
}

/** The type each pure input is used at, where a command tells. */
function inputTypes(
  count: number,
  commands: readonly CommandValue[],
  functionOf: FunctionOf,
): (TypeTag | undefined)[] {
  const types = Array.from({ length: count }, (): TypeTag | undefined => undefined);
  const use = (argument: ArgumentValue, type: TypeTag | undefined): void => {
    if (argument.Input !== undefined && argument.Input < count && type !== undefined)
      types[argument.Input] = type;
  };
  for (const command of commands) {
    if (command.MoveCall !== undefined) {
      const { package: packageId, module, function: name } = command.MoveCall;
      const parameters = functionOf(packageId, module, name)?.parameters ?? [];
      command.MoveCall.arguments.forEach((argument, index) => {
        const parameter = parameters[index];
        if (parameter !== undefined) use(argument, pureType(parameter));
      });
    } else if (command.SplitCoins !== undefined) {
      for (const amount of command.SplitCoins.amounts) use(amount, 'u64');
    } else if (command.TransferObjects !== undefined) {
      use(command.TransferObjects.address, 'address');
    }
  }
  return types;
}

/** A parameter's type when values of it travel as plain bytes: primitives, vectors, String, ID, Option. */
export function pureType(type: SignatureType): TypeTag | undefined {
  if (typeof type === 'string') return type === 'signer' ? undefined : type;
  if ('vector' in type) {
    const inner = pureType(type.vector);
    return inner === undefined ? undefined : { vector: inner };
  }
  if (!('datatype' in type)) return undefined;
  const { address, module, name, typeArgs } = type.datatype;
  const inner = typeArgs.map(pureType);
  if (inner.some((argument) => argument === undefined)) return undefined;
  const struct = { address, module, name, typeParams: inner as TypeTag[] };
  const pure =
    isDatatype(struct, '0x1', 'ascii', 'String') ||
    isDatatype(struct, '0x1', 'string', 'String') ||
    isDatatype(struct, '0x2', 'object', 'ID') ||
    isDatatype(struct, '0x1', 'option', 'Option');
  return pure ? { struct } : undefined;
}

function inputJson(input: CallArgValue, type: TypeTag | undefined, layoutOf: LayoutOf): JsonObject {
  if (input.Pure !== undefined) {
    const bytes = Uint8Array.fromBase64(input.Pure.bytes);
    return {
      type: 'pure',
      valueType: type === undefined ? null : typeText(type),
      value: type === undefined ? Array.from(bytes) : pureJson(type, bytes, layoutOf),
    };
  }
  const object = input.Object;
  if (object.SharedObject !== undefined) {
    const { objectId, initialSharedVersion, mutable } = object.SharedObject;
    return { type: 'object', objectType: 'sharedObject', objectId, initialSharedVersion, mutable };
  }
  const [objectType, ref] =
    object.Receiving === undefined
      ? (['immOrOwnedObject', object.ImmOrOwnedObject] as const)
      : (['receiving', object.Receiving] as const);
  return {
    type: 'object',
    objectType,
    objectId: ref?.objectId ?? null,
    version: ref?.version ?? null,
    digest: ref?.digest ?? null,
  };
}

/** A pure value: text where a byte vector is UTF-8, the bytes themselves where they are not of the type. */
function pureJson(type: TypeTag, bytes: Uint8Array, layoutOf: LayoutOf): Json {
  try {
    if (typeof type === 'object' && 'vector' in type && type.vector === 'u8') {
      return bcs.string().parse(bytes) satisfies string;
    }
    return moveJson(type, bytes, 'plain', layoutOf);
  } catch {
    return Array.from(bytes);
  }
}

export function argumentJson(argument: ArgumentValue): Json {
  if (argument.Input !== undefined) return { Input: argument.Input };
  if (argument.Result !== undefined) return { Result: argument.Result };
  if (argument.NestedResult !== undefined) return { NestedResult: argument.NestedResult };
  return 'GasCoin';
}

function commandJson(command: CommandValue): JsonObject {
  if (command.MoveCall !== undefined) {
    const { package: packageId, module, function: name, typeArguments } = command.MoveCall;
    const call = command.MoveCall.arguments;
    return {
      MoveCall: {
        package: packageId,
        module,
        function: name,
        ...(typeArguments.length > 0 && { type_arguments: typeArguments.map(shortText) }),
        ...(call.length > 0 && { arguments: call.map(argumentJson) }),
      },
    };
  }
  if (command.TransferObjects !== undefined) {
    const { objects, address } = command.TransferObjects;
    return { TransferObjects: [objects.map(argumentJson), argumentJson(address)] };
  }
  if (command.SplitCoins !== undefined) {
    const { coin, amounts } = command.SplitCoins;
    return { SplitCoins: [argumentJson(coin), amounts.map(argumentJson)] };
  }
  if (command.MergeCoins !== undefined) {
    const { destination, sources } = command.MergeCoins;
    return { MergeCoins: [argumentJson(destination), sources.map(argumentJson)] };
  }
  if (command.Publish !== undefined) return { Publish: command.Publish.dependencies };
  if (command.MakeMoveVec !== undefined) {
    const { type, elements } = command.MakeMoveVec;
    return { MakeMoveVec: [type === null ? null : shortText(type), elements.map(argumentJson)] };
  }
  const { dependencies, package: packageId, ticket } = command.Upgrade;
  return { Upgrade: [dependencies, packageId, argumentJson(ticket)] };
}

const shortText = (type: string): string => shortTypeText(parseTypeTag(type));
