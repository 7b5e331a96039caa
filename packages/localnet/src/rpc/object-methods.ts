/** Methods that read objects: by id, by version, by owner. */
import type { Address, LedgerObject, MoveObject } from '../ledger/types.ts';
import type { Methods, RpcContext } from './context.ts';
import type { JsonObject } from './json.ts';
import { maxPageItems } from './limits.ts';
import { parseObjectFilter, type ObjectFilter } from './object-filter.ts';
import {
  noObjectOptions,
  objectDataJson,
  objectRefJson,
  objectResponseJson,
  parseObjectOptions,
  tombstoneDigest,
  versionNumber,
  type ObjectOptions,
} from './object-json.ts';
import { parseAddress, parseArray, parseCheckedLimit, parseObject, parseU64, takePage } from './params.ts';

/** Latest state of one object. */
export function objectResponse(id: Address, options: ObjectOptions, context: RpcContext): JsonObject {
  return objectResponseJson(id, context.ledger.getObject(id), options, context);
}

function pastObject(id: Address, version: bigint, options: ObjectOptions, context: RpcContext): JsonObject {
  const { ledger } = context;
  const latest = ledger.getObject(id);
  if (latest === undefined) return { status: 'ObjectNotExists', details: id };
  if (version > latest.version) {
    return {
      status: 'VersionTooHigh',
      details: {
        object_id: id,
        asked_version: versionNumber(version),
        latest_version: versionNumber(latest.version),
      },
    };
  }
  const entry = ledger.getObjectAt(id, version);
  if (entry?.kind === 'move' || entry?.kind === 'package') {
    return { status: 'VersionFound', details: objectDataJson(entry, options, context) };
  }
  if (entry !== undefined && entry.version === latest.version) {
    return { status: 'ObjectDeleted', details: objectRefJson(id, version, tombstoneDigest(entry)) };
  }
  return { status: 'VersionNotFound', details: [id, versionNumber(version)] };
}

function* filtered(objects: Iterable<MoveObject>, filter: ObjectFilter | undefined): Generator<MoveObject> {
  for (const object of objects) if (filter === undefined || filter(object)) yield object;
}

export const objectMethods: Methods = {
  iota_getObject: {
    params: ['object_id', 'options'],
    run(params, context) {
      const id = params.required(0, 'object_id', parseAddress);
      const options = params.optional(1, 'options', parseObjectOptions) ?? noObjectOptions;
      return objectResponse(id, options, context);
    },
  },
  iota_multiGetObjects: {
    params: ['object_ids', 'options'],
    run(params, context) {
      const ids = params.required(0, 'object_ids', parseArray(parseAddress, maxPageItems));
      const options = params.optional(1, 'options', parseObjectOptions) ?? noObjectOptions;
      return ids.map((id) => objectResponse(id, options, context));
    },
  },
  iota_tryGetPastObject: {
    params: ['object_id', 'version', 'options'],
    run(params, context) {
      const id = params.required(0, 'object_id', parseAddress);
      const version = params.required(1, 'version', parseU64);
      const options = params.optional(2, 'options', parseObjectOptions) ?? noObjectOptions;
      return pastObject(id, version, options, context);
    },
  },
  iota_tryMultiGetPastObjects: {
    params: ['past_objects', 'options'],
    run(params, context) {
      const requests = params.required(0, 'past_objects', parseArray(parsePastRequest, maxPageItems));
      const options = params.optional(1, 'options', parseObjectOptions) ?? noObjectOptions;
      return requests.map(({ id, version }) => pastObject(id, version, options, context));
    },
  },
  iotax_getOwnedObjects: {
    params: ['address', 'query', 'cursor', 'limit'],
    run(params, context) {
      const owner = params.required(0, 'address', parseAddress);
      const query = params.optional(1, 'query', parseObject) ?? {};
      const filter = query['filter'] ?? undefined;
      const options = query['options'] ?? undefined;
      const cursor = params.optional(2, 'cursor', parseAddress);
      const limit = params.optional(3, 'limit', parseCheckedLimit(maxPageItems)) ?? maxPageItems;
      const matches = filter === undefined ? undefined : parseObjectFilter(filter, 'query.filter');
      const shown = options === undefined ? noObjectOptions : parseObjectOptions(options, 'query.options');
      const page = takePage(filtered(context.ledger.ownedBy(owner, cursor), matches), limit);
      return {
        data: page.data.map((object: LedgerObject) => ({ data: objectDataJson(object, shown, context) })),
        nextCursor: page.nextItem?.id ?? cursor ?? null,
        hasNextPage: page.hasNextPage,
      };
    },
  },
};

function parsePastRequest(value: unknown, name: string): { id: Address; version: bigint } {
  const request = parseObject(value, name);
  return {
    id: parseAddress(request['objectId'], `${name}.objectId`),
    version: parseU64(request['version'], `${name}.version`),
  };
}
