/**
 * Natives of `0x2::tx_context`. Networks from protocol version 23 on have a framework that asks the network for what
 * `TxContext` says; earlier frameworks, and ours, read its fields and use `derive_id` alone.
 * Prices: `iota-protocol-config` of IOTA, version 23.
 */
import {
  ByteVector,
  StructValue,
  makeVector,
  type NativeContext,
  type NativeFunction,
  type Value,
} from '@wotid/move-vm';
import { deriveId } from '../hashing.ts';
import { runtimeOf, type TransactionFacts } from '../object-runtime.ts';
import { REFERENCE_GAS_PRICE } from '../protocol.ts';
import { COST } from './costs.ts';

/** What telling one fact costs. */
const FACT_COST = 30;

/** Fields of `TxContext`. */
const SENDER = 0;
const DIGEST = 1;
const EPOCH = 2;
const EPOCH_START = 3;
const IDS_CREATED = 4;

function factsOf(context: NativeContext): TransactionFacts {
  const facts = runtimeOf(context).transaction;
  if (facts === undefined) {
    return context.fail('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'no transaction in this session');
  }
  return facts;
}

function fieldsOf({ txContext }: TransactionFacts): Value[] {
  return (txContext.peek() as StructValue).fields;
}

/** A native without parameters that tells something of the transaction. */
function telling(tell: (facts: TransactionFacts) => Value): NativeFunction {
  return (context) => {
    context.charge(FACT_COST);
    return [tell(factsOf(context))];
  };
}

/** `derive_id(tx_hash: vector<u8>, ids_created: u64): address` */
const deriveIdNative: NativeFunction = (context, _types, [hash, count]) => {
  context.charge(COST.base);
  if (!(hash instanceof ByteVector) || hash.length !== 32) {
    return context.fail('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'a transaction digest has 32 bytes');
  }
  const id = deriveId(hash.bytes, count as bigint);
  runtimeOf(context).newId(id);
  return [id];
};

/** `fresh_id(): address`: the next id of the transaction, by the same counter as ever. */
const freshId: NativeFunction = (context) => {
  context.charge(COST.base);
  const fields = fieldsOf(factsOf(context));
  const count = fields[IDS_CREATED] as bigint;
  fields[IDS_CREATED] = count + 1n;
  const id = deriveId((fields[DIGEST] as ByteVector).bytes, count);
  runtimeOf(context).newId(id);
  return [id];
};

export const txContextNatives: Readonly<Record<string, NativeFunction>> = {
  'tx_context::derive_id': deriveIdNative,
  'tx_context::fresh_id': freshId,
  'tx_context::native_sender': telling((facts) => fieldsOf(facts)[SENDER] as Value),
  'tx_context::native_epoch': telling((facts) => fieldsOf(facts)[EPOCH] as Value),
  'tx_context::native_epoch_timestamp_ms': telling((facts) => fieldsOf(facts)[EPOCH_START] as Value),
  'tx_context::native_ids_created': telling((facts) => fieldsOf(facts)[IDS_CREATED] as Value),
  'tx_context::native_sponsor': telling(({ sponsor }) =>
    makeVector({ kind: 'address' }, sponsor === undefined ? [] : [sponsor]),
  ),
  'tx_context::native_rgp': telling(() => REFERENCE_GAS_PRICE),
  'tx_context::native_gas_price': telling(({ gasPrice }) => gasPrice),
  'tx_context::native_gas_budget': telling(({ gasBudget }) => gasBudget),
};
