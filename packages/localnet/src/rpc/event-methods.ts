/** Methods that read events. Source: iota-core, `query_events`: which filters a node supports. */
import type { LedgerEvent, LedgerReader } from '../ledger/types.ts';
import type { Methods } from './context.ts';
import { eventJson } from './event-json.ts';
import { maxPageItems } from './limits.ts';
import { firstSequence, transactions } from './log.ts';
import { parseModuleFilter, parseVariant } from './object-filter.ts';
import {
  parseAddress,
  parseBoolean,
  parseCappedLimit,
  parseDigest,
  parseObject,
  parseText,
  parseU64,
  takePage,
} from './params.ts';
import { invalidParams, invalidRequest, RpcError } from './rpc-error.ts';
import { eventsJson } from './transaction-json.ts';
import { parseStructTag, sameType } from './type-text.ts';

interface EventQuery {
  readonly matches: (event: LedgerEvent) => boolean;
  /** Set when only this transaction can match. */
  readonly digest?: string;
}

function parseEventFilter(value: unknown, name: string): EventQuery {
  const [variant, content] = parseVariant(value, name);
  const where = `${name}.${variant}`;
  switch (variant) {
    case 'All':
      if (!Array.isArray(content)) throw invalidParams(`${where}: expected an array`);
      if (content.length > 0)
        throw invalidRequest('This query type does not currently support filter combinations');
      return { matches: () => true };
    case 'Transaction':
      return { matches: () => true, digest: parseDigest(content, where) };
    case 'Sender': {
      const sender = parseAddress(content, where);
      return { matches: (event) => event.sender === sender };
    }
    case 'MoveModule': {
      const { packageId, module } = parseModuleFilter(content, where);
      return { matches: (event) => event.packageId === packageId && event.transactionModule === module };
    }
    case 'MoveEventModule': {
      const { packageId, module } = parseModuleFilter(content, where);
      return { matches: ({ type }) => type.address === packageId && type.module === module };
    }
    case 'MoveEventType': {
      const wanted = parseStructTag(parseText(content, where));
      return { matches: ({ type }) => sameType(type, wanted) };
    }
    case 'TimeRange': {
      const range = parseObject(content, where);
      const start = parseU64(range['startTime'], `${where}.startTime`);
      const end = parseU64(range['endTime'], `${where}.endTime`);
      return { matches: ({ timestampMs }) => timestampMs >= start && timestampMs < end };
    }
    case 'Package':
    case 'MoveEventField':
    case 'Any':
    case 'And':
    case 'Or':
      throw invalidRequest('This query type is not supported by the full node.');
    default:
      throw invalidParams(`${name}: unknown filter ${JSON.stringify(variant.slice(0, 40))}`);
  }
}

interface EventCursor {
  readonly digest: string;
  readonly eventSeq: bigint;
}

function parseEventCursor(value: unknown, name: string): EventCursor {
  const cursor = parseObject(value, name);
  return {
    digest: parseDigest(cursor['txDigest'], `${name}.txDigest`),
    eventSeq: parseU64(cursor['eventSeq'], `${name}.eventSeq`),
  };
}

/** Matching events after the cursor, oldest first or newest first. */
function* matchingEvents(
  ledger: LedgerReader,
  query: EventQuery,
  cursor: EventCursor | undefined,
  descending: boolean,
): Generator<LedgerEvent> {
  const at = cursor === undefined ? undefined : ledger.getTransaction(cursor.digest);
  if (cursor !== undefined && at === undefined) throw transactionNotFound(cursor.digest);
  const start = at?.sequence ?? firstSequence(ledger, descending);
  const only = query.digest === undefined ? undefined : ledger.getTransaction(query.digest);
  if (query.digest !== undefined && only === undefined) throw transactionNotFound(query.digest);

  for (const transaction of only === undefined ? transactions(ledger, start, descending) : [only]) {
    if (only !== undefined && (descending ? only.sequence > start : only.sequence < start)) return;
    const events = descending ? transaction.events.toReversed() : transaction.events;
    for (const event of events) {
      if (transaction === at && cursor !== undefined) {
        const seq = BigInt(event.eventSeq);
        if (descending ? seq >= cursor.eventSeq : seq <= cursor.eventSeq) continue;
      }
      if (query.matches(event)) yield event;
    }
  }
}

/** The sentence that the SDK and other clients look for. */
export function transactionNotFound(digest: string): RpcError {
  return invalidParams(`Could not find the referenced transaction [TransactionDigest(${digest})].`);
}

export const eventMethods: Methods = {
  iota_getEvents: {
    params: ['transaction_digest'],
    run(params, { ledger, layoutOf }) {
      const digest = params.required(0, 'transaction_digest', parseDigest);
      const transaction = ledger.getTransaction(digest);
      if (transaction === undefined) throw transactionNotFound(digest);
      return eventsJson(transaction.events, layoutOf);
    },
  },
  iotax_queryEvents: {
    params: ['query', 'cursor', 'limit', 'descending_order'],
    run(params, { ledger, layoutOf }) {
      const query = params.required(0, 'query', parseEventFilter);
      const cursor = params.optional(1, 'cursor', parseEventCursor);
      const limit = params.optional(2, 'limit', parseCappedLimit) ?? maxPageItems;
      const descending = params.optional(3, 'descending_order', parseBoolean) ?? false;
      const page = takePage(matchingEvents(ledger, query, cursor, descending), limit);
      const last = page.nextItem;
      const next =
        last === undefined
          ? cursor && { txDigest: cursor.digest, eventSeq: cursor.eventSeq.toString() }
          : { txDigest: last.txDigest, eventSeq: last.eventSeq.toString() };
      return {
        data: page.data.map((event) => eventJson(event, layoutOf, true)),
        nextCursor: next ?? null,
        hasNextPage: page.hasNextPage,
      };
    },
  },
};
