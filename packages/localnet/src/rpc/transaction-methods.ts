/** Methods that read transactions and checkpoints. Source: iota-json-rpc, read_api and indexer_api. */
import type { Checkpoint, ExecutedTransaction, LedgerReader } from '../ledger/types.ts';
import { PROTOCOL_VERSION } from '../ledger/protocol.ts';
import type { Methods } from './context.ts';
import { classifyEffects } from './effects-json.ts';
import { transactionNotFound } from './event-methods.ts';
import type { JsonObject } from './json.ts';
import { maxCheckpointPage, maxPageItems } from './limits.ts';
import { firstSequence, transactions } from './log.ts';
import { parseVariant } from './object-filter.ts';
import {
  parseAddress,
  parseArray,
  parseBoolean,
  parseCappedLimit,
  parseCheckedLimit,
  parseDigest,
  parseObject,
  parseText,
  parseU64,
  takePage,
} from './params.ts';
import { invalidParams, invalidRequest } from './rpc-error.ts';
import { noTransactionOptions, parseTransactionOptions, transactionJson } from './transaction-json.ts';

type TransactionFilter = (transaction: ExecutedTransaction) => boolean;

function parseTransactionFilter(value: unknown, name: string): TransactionFilter {
  const [variant, content] = parseVariant(value, name);
  const where = `${name}.${variant}`;
  switch (variant) {
    case 'Checkpoint': {
      const sequence = parseU64(content, where);
      return ({ checkpoint }) => checkpoint === sequence;
    }
    case 'FromAddress': {
      const address = parseAddress(content, where);
      return ({ data }) => data.V1.sender === address;
    }
    case 'ToAddress': {
      const address = parseAddress(content, where);
      return ({ effects }) => {
        const { created, mutated, unwrapped } = classifyEffects(effects);
        return [...created, ...mutated, ...unwrapped].some(
          ({ owner }) => owner.kind === 'address' && owner.address === address,
        );
      };
    }
    case 'MoveFunction': {
      const wanted = parseObject(content, where);
      const packageId = parseAddress(wanted['package'], `${where}.package`);
      const module = optionalText(wanted['module'], `${where}.module`);
      const fn = optionalText(wanted['function'], `${where}.function`);
      if (fn !== undefined && module === undefined) {
        throw invalidRequest(
          'Query transactions with move function input error: Cannot supply function without supplying module',
        );
      }
      return ({ data }) =>
        (data.V1.kind.ProgrammableTransaction?.commands ?? []).some(
          ({ MoveCall: call }) =>
            call !== undefined &&
            call.package === packageId &&
            (module === undefined || call.module === module) &&
            (fn === undefined || call.function === fn),
        );
    }
    case 'InputObject':
    case 'ChangedObject':
    case 'WrappedOrDeletedObject':
    case 'FromAndToAddress':
    case 'FromOrToAddress':
    case 'TransactionKind':
    case 'TransactionKindIn':
      throw invalidRequest(`Feature is not supported: Some(${variant})`);
    default:
      throw invalidParams(`${name}: unknown filter ${JSON.stringify(variant.slice(0, 40))}`);
  }
}

function optionalText(value: unknown, name: string): string | undefined {
  return value === undefined || value === null ? undefined : parseText(value, name);
}

function* matching(
  ledger: LedgerReader,
  filter: TransactionFilter | undefined,
  cursor: string | undefined,
  descending: boolean,
): Generator<ExecutedTransaction> {
  let start = firstSequence(ledger, descending);
  if (cursor !== undefined) {
    const at = ledger.getTransaction(cursor);
    if (at === undefined) throw transactionNotFound(cursor);
    start = at.sequence + (descending ? -1n : 1n);
  }
  for (const transaction of transactions(ledger, start, descending)) {
    if (filter === undefined || filter(transaction)) yield transaction;
  }
}

/** The compressed point at infinity of BLS12-381 G1: the aggregate of no signatures. There are no validators here. */
const noSignature = `wAAA${'A'.repeat(60)}`;

function checkpointJson(checkpoint: Checkpoint): JsonObject {
  const { computation, storage, rebate } = checkpoint.gas;
  return {
    epoch: checkpoint.epoch.toString(),
    sequenceNumber: checkpoint.sequence.toString(),
    digest: checkpoint.digest,
    networkTotalTransactions: checkpoint.networkTotalTransactions.toString(),
    previousDigest: checkpoint.previousDigest ?? undefined,
    epochRollingGasCostSummary: {
      computationCost: computation.toString(),
      computationCostBurned: computation.toString(),
      storageCost: storage.toString(),
      storageRebate: rebate.toString(),
      nonRefundableStorageFee: '0',
    },
    timestampMs: checkpoint.timestampMs.toString(),
    transactions: [...checkpoint.transactions],
    checkpointCommitments: [],
    ...(checkpoint.endsEpoch && {
      endOfEpochData: {
        nextEpochCommittee: [],
        nextEpochProtocolVersion: PROTOCOL_VERSION.toString(),
        epochCommitments: [],
        epochSupplyChange: -Number(computation),
      },
    }),
    validatorSignature: noSignature,
  };
}

function findCheckpoint(ledger: LedgerReader, id: unknown, name: string): Checkpoint {
  if (typeof id === 'number' || (typeof id === 'string' && /^[0-9]{1,20}$/.test(id))) {
    const sequence = parseU64(id, name);
    const checkpoint = ledger.getCheckpoint(sequence);
    if (checkpoint !== undefined) return checkpoint;
    throw invalidParams(`Verified checkpoint not found for sequence number: ${sequence}`);
  }
  const digest = parseDigest(id, name);
  const checkpoint = ledger.getCheckpointByDigest(digest);
  if (checkpoint !== undefined) return checkpoint;
  throw invalidParams(`Verified checkpoint not found for digest: ${digest}`);
}

function* checkpoints(
  ledger: LedgerReader,
  cursor: bigint | undefined,
  descending: boolean,
): Generator<Checkpoint> {
  const step = descending ? -1n : 1n;
  const first = descending ? ledger.latestCheckpoint : 0n;
  for (let sequence = cursor === undefined ? first : cursor + step; sequence >= 0n; sequence += step) {
    const checkpoint = ledger.getCheckpoint(sequence);
    if (checkpoint === undefined) return;
    yield checkpoint;
  }
}

export const transactionMethods: Methods = {
  iota_getTransactionBlock: {
    params: ['digest', 'options'],
    run(params, context) {
      const digest = params.required(0, 'digest', parseDigest);
      const options = params.optional(1, 'options', parseTransactionOptions) ?? noTransactionOptions;
      const transaction = context.ledger.getTransaction(digest);
      if (transaction === undefined) throw transactionNotFound(digest);
      return transactionJson(transaction, options, context);
    },
  },
  iota_multiGetTransactionBlocks: {
    params: ['digests', 'options'],
    run(params, context) {
      const digests = params.required(0, 'digests', parseArray(parseDigest, maxPageItems));
      const options = params.optional(1, 'options', parseTransactionOptions) ?? noTransactionOptions;
      if (new Set(digests).size < digests.length) throw invalidParams('Input contains duplicates');
      return digests.map((digest) => {
        const transaction = context.ledger.getTransaction(digest);
        // A node answers an unknown digest of this method with the digest alone.
        return transaction === undefined ? { digest } : transactionJson(transaction, options, context);
      });
    },
  },
  iotax_queryTransactionBlocks: {
    params: ['query', 'cursor', 'limit', 'descending_order'],
    run(params, context) {
      const query = params.required(0, 'query', parseObject);
      const filter = query['filter'] ?? undefined;
      const options = query['options'] ?? undefined;
      const cursor = params.optional(1, 'cursor', parseDigest);
      const limit = params.optional(2, 'limit', parseCappedLimit) ?? maxPageItems;
      const descending = params.optional(3, 'descending_order', parseBoolean) ?? false;
      const matches = filter === undefined ? undefined : parseTransactionFilter(filter, 'query.filter');
      const shown =
        options === undefined ? noTransactionOptions : parseTransactionOptions(options, 'query.options');
      const digestOnly = !Object.values(shown).includes(true);
      const page = takePage(matching(context.ledger, matches, cursor, descending), limit);
      return {
        data: page.data.map((transaction) =>
          digestOnly ? { digest: transaction.digest } : transactionJson(transaction, shown, context),
        ),
        nextCursor: page.nextItem?.digest ?? cursor ?? null,
        hasNextPage: page.hasNextPage,
      };
    },
  },
  iota_isTransactionIndexedOnNode: {
    params: ['digest'],
    run(params, { ledger }) {
      return ledger.getTransaction(params.required(0, 'digest', parseDigest)) !== undefined;
    },
  },
  iota_getTotalTransactionBlocks: {
    params: [],
    run: (_params, { ledger }) => ledger.transactionCount.toString(),
  },
  iota_getLatestCheckpointSequenceNumber: {
    params: [],
    run: (_params, { ledger }) => ledger.latestCheckpoint.toString(),
  },
  iota_getCheckpoint: {
    params: ['id'],
    run(params, { ledger }) {
      return params.required(0, 'id', (id, name) => checkpointJson(findCheckpoint(ledger, id, name)));
    },
  },
  iota_getCheckpoints: {
    params: ['cursor', 'limit', 'descending_order'],
    run(params, { ledger }) {
      const cursor = params.optional(0, 'cursor', parseU64);
      const limit = params.optional(1, 'limit', parseCheckedLimit(maxCheckpointPage)) ?? maxCheckpointPage;
      const descending = params.optional(2, 'descending_order', parseBoolean) ?? false;
      const page = takePage(checkpoints(ledger, cursor, descending), limit);
      return {
        data: page.data.map(checkpointJson),
        nextCursor: page.hasNextPage ? (page.nextItem?.sequence.toString() ?? null) : null,
        hasNextPage: page.hasNextPage,
      };
    },
  },
};
