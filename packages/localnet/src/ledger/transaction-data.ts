/** From bytes to a transaction the ledger can work with: decoding, digests, and what it refers to. */
import { bcs, type BcsType } from '@iota/iota-sdk/bcs';
import { decodeStrict, errorText } from '@wotid/core';
import { LedgerError, userInput } from './errors.ts';
import { typedDigest } from './hashing.ts';
import { MAX_TX_BYTES } from './protocol.ts';
import type { Address, Digest, TransactionDataValue } from './types.ts';

export type TransactionKindValue = TransactionDataValue['V1']['kind'];
export type ProgrammableValue = NonNullable<TransactionKindValue['ProgrammableTransaction']>;
export type CallArgValue = ProgrammableValue['inputs'][number];
export type CommandValue = ProgrammableValue['commands'][number];
export type ArgumentValue = ReturnType<typeof bcs.Argument.parse>;
export type GasDataValue = TransactionDataValue['V1']['gasData'];

export interface ObjectRef {
  readonly id: Address;
  readonly version: bigint;
  readonly digest: Digest;
}

export interface DecodedTransaction {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly data: TransactionDataValue;
  readonly sender: Address;
  readonly gasOwner: Address;
  readonly gasPrice: bigint;
  readonly gasBudget: bigint;
  readonly payment: readonly ObjectRef[];
  readonly programmable: ProgrammableValue;
}

/** Decodes TransactionData strictly. @throws LedgerError `MALFORMED_TRANSACTION`, `USER_INPUT` */
export function decodeTransaction(bytes: Uint8Array): DecodedTransaction {
  const data = decode('transaction data', bcs.TransactionData, bytes);
  const { kind, sender, gasData } = data.V1;
  return {
    digest: typedDigest('TransactionData', bytes),
    bytes,
    data,
    sender,
    gasOwner: gasData.owner,
    gasPrice: BigInt(gasData.price),
    gasBudget: BigInt(gasData.budget),
    payment: gasData.payment.map(objectRef),
    programmable: programmableOf(kind),
  };
}

/** Decodes a TransactionKind strictly. @throws LedgerError `MALFORMED_TRANSACTION`, `USER_INPUT` */
export function decodeKind(bytes: Uint8Array): TransactionKindValue {
  const kind = decode('transaction kind', bcs.TransactionKind, bytes);
  programmableOf(kind);
  return kind;
}

function programmableOf(kind: TransactionKindValue): ProgrammableValue {
  if (kind.ProgrammableTransaction === undefined) {
    throw new LedgerError(
      'USER_INPUT',
      'Feature is not supported: SenderSignedData must not contain system transaction',
      { hint: 'Send a programmable transaction.' },
    );
  }
  return kind.ProgrammableTransaction;
}

function decode<T, Input>(what: string, schema: BcsType<T, Input>, bytes: Uint8Array): T {
  if (bytes.length > MAX_TX_BYTES) {
    throw userInput(
      `Size limit exceeded: serialized transaction size exceeded maximum of ${MAX_TX_BYTES} is ${bytes.length}`,
    );
  }
  try {
    return decodeStrict(schema, bytes, { what, maxBytes: MAX_TX_BYTES });
  } catch (error) {
    throw new LedgerError('MALFORMED_TRANSACTION', errorText(error), {
      hint: 'Build the transaction with the IOTA SDK.',
      cause: error,
    });
  }
}

export function objectRef(ref: {
  readonly objectId: string;
  readonly version: string | number;
  readonly digest: string;
}): ObjectRef {
  return { id: ref.objectId, version: BigInt(ref.version), digest: ref.digest };
}

/** What one input of a programmable transaction names. */
export type InputSource =
  | { readonly kind: 'pure'; readonly bytes: Uint8Array }
  | { readonly kind: 'owned'; readonly ref: ObjectRef }
  | {
      readonly kind: 'shared';
      readonly id: Address;
      readonly initialVersion: bigint;
      readonly mutable: boolean;
    }
  | { readonly kind: 'receiving'; readonly ref: ObjectRef };

export function inputSource(arg: CallArgValue): InputSource {
  if (arg.Pure !== undefined) return { kind: 'pure', bytes: Uint8Array.fromBase64(arg.Pure.bytes) };
  const object = arg.Object;
  if (object.ImmOrOwnedObject !== undefined)
    return { kind: 'owned', ref: objectRef(object.ImmOrOwnedObject) };
  if (object.Receiving !== undefined) return { kind: 'receiving', ref: objectRef(object.Receiving) };
  const { objectId, initialSharedVersion, mutable } = object.SharedObject;
  return { kind: 'shared', id: objectId, initialVersion: BigInt(initialSharedVersion), mutable };
}
