/** Methods about coins. Source: iota-json-rpc, coin_api; coin types are printed with short addresses there. */
import { coinBalance } from '../ledger/coins.ts';
import { isCoin, IOTA_TYPE } from '../ledger/type-tags.ts';
import type { Address, LedgerReader, MoveObject, StructTag, TypeTag } from '../ledger/types.ts';
import type { Methods, RpcContext } from './context.ts';
import type { Json, JsonObject } from './json.ts';
import { maxPageItems } from './limits.ts';
import { moveFields, splitFields } from './move-json.ts';
import { parseAddress, parseCappedLimit, parseText, takePage } from './params.ts';
import { invalidParams } from './rpc-error.ts';
import { totalSupply } from './system-methods.ts';
import { isDatatype, parseStructTag, sameType, shortTypeText } from './type-text.ts';

interface Coin {
  readonly object: MoveObject;
  readonly coinType: string;
}

const parseCoinType = (value: unknown, name: string): StructTag => parseStructTag(parseText(value, name));

/** The coins of an owner by type text, then by id: the order in which nodes page through them. */
function coinsOf(ledger: LedgerReader, owner: Address): Coin[] {
  const coins: Coin[] = [];
  for (const object of ledger.ownedBy(owner)) {
    const coinType = typeOfCoin(object);
    if (coinType !== undefined) coins.push({ object, coinType: shortTypeText(coinType) });
  }
  // The sort is stable, and ownedBy is by ascending id already.
  return coins.sort((left, right) =>
    left.coinType < right.coinType ? -1 : left.coinType > right.coinType ? 1 : 0,
  );
}

/** The coins of one type in ascending id, without looking at the others' order. */
function* coinsOfType(
  ledger: LedgerReader,
  owner: Address,
  type: StructTag,
  afterId: Address | undefined,
): Generator<Coin> {
  const coinType = shortTypeText(type);
  for (const object of ledger.ownedBy(owner, afterId)) {
    const found = typeOfCoin(object);
    if (found !== undefined && sameType(found, type)) yield { object, coinType };
  }
}

function typeOfCoin(object: MoveObject): TypeTag | undefined {
  return isCoin(object.type) ? object.type.typeParams[0] : undefined;
}

function coinPage(coins: Iterable<Coin>, limit: number): JsonObject {
  const page = takePage(coins, limit);
  return {
    data: page.data.map(({ object, coinType }) => ({
      coinType,
      coinObjectId: object.id,
      version: object.version.toString(),
      digest: object.digest,
      balance: coinBalance(object.contents).toString(),
      previousTransaction: object.previousTransaction,
    })),
    nextCursor: page.nextItem?.object.id ?? null,
    hasNextPage: page.hasNextPage,
  };
}

function balanceJson(coinType: string, coins: Iterable<Coin>): JsonObject {
  let coinObjectCount = 0;
  let totalBalance = 0n;
  for (const { object } of coins) {
    coinObjectCount++;
    totalBalance += coinBalance(object.contents);
  }
  return { coinType, coinObjectCount, totalBalance: totalBalance.toString() };
}

/**
 * The one object of type `0x2::coin::<name><coinType>` that the publication of the coin's package created and that is
 * still there: nodes look for metadata and treasury caps in the same place.
 */
function packageObject(context: RpcContext, coinType: StructTag, name: string): MoveObject | undefined {
  const { ledger } = context;
  const publication = ledger.getObject(coinType.address);
  if (publication?.kind !== 'package') return undefined;
  for (const { id } of ledger.getTransaction(publication.previousTransaction)?.written ?? []) {
    const object = ledger.getObject(id);
    const [parameter] = object?.kind === 'move' ? object.type.typeParams : [];
    if (
      object?.kind === 'move' &&
      parameter !== undefined &&
      isDatatype(object.type, '0x2', 'coin', name) &&
      sameType(parameter, coinType)
    ) {
      return object;
    }
  }
  return undefined;
}

/** One field of an object, as its own JSON or bytes. */
function fieldsOf(context: RpcContext, object: MoveObject): ReturnType<typeof splitFields> {
  return splitFields(object.type, object.contents, context.layoutOf);
}

export const coinMethods: Methods = {
  iotax_getCoins: {
    params: ['owner', 'coin_type', 'cursor', 'limit'],
    run(params, { ledger }) {
      const owner = params.required(0, 'owner', parseAddress);
      const type = params.optional(1, 'coin_type', parseCoinType) ?? IOTA_TYPE;
      const cursor = params.optional(2, 'cursor', parseAddress);
      const limit = params.optional(3, 'limit', parseCappedLimit) ?? maxPageItems;
      return coinPage(coinsOfType(ledger, owner, type, cursor), limit);
    },
  },
  iotax_getAllCoins: {
    params: ['owner', 'cursor', 'limit'],
    run(params, { ledger }) {
      const owner = params.required(0, 'owner', parseAddress);
      const cursor = params.optional(1, 'cursor', parseAddress);
      const limit = params.optional(2, 'limit', parseCappedLimit) ?? maxPageItems;
      const coins = coinsOf(ledger, owner);
      if (cursor === undefined) return coinPage(coins, limit);
      const object = ledger.getObject(cursor);
      if (object?.kind !== 'move') throw invalidParams('cursor not found');
      const type = typeOfCoin(object);
      if (type === undefined) throw invalidParams('cursor is not a coin');
      const after = shortTypeText(type);
      return coinPage(
        coins.filter((coin) => coin.coinType > after || (coin.coinType === after && coin.object.id > cursor)),
        limit,
      );
    },
  },
  iotax_getBalance: {
    params: ['owner', 'coin_type'],
    run(params, { ledger }) {
      const owner = params.required(0, 'owner', parseAddress);
      const type = params.optional(1, 'coin_type', parseCoinType) ?? IOTA_TYPE;
      return balanceJson(shortTypeText(type), coinsOfType(ledger, owner, type, undefined));
    },
  },
  iotax_getAllBalances: {
    params: ['owner'],
    run(params, { ledger }) {
      const coins = coinsOf(ledger, params.required(0, 'owner', parseAddress));
      return [...Map.groupBy(coins, ({ coinType }) => coinType)].map(([coinType, group]) =>
        balanceJson(coinType, group),
      );
    },
  },
  iotax_getCoinMetadata: {
    params: ['coin_type'],
    run(params, context) {
      const type = params.required(0, 'coin_type', parseCoinType);
      const object = packageObject(context, type, 'CoinMetadata');
      return object === undefined ? null : coinMetadataJson(context, object);
    },
  },
  iotax_getTotalSupply: {
    params: ['coin_type'],
    run(params, context) {
      const type = params.required(0, 'coin_type', parseCoinType);
      if (sameType(type, IOTA_TYPE)) return { value: totalSupply(context.ledger).toString() };
      const object = packageObject(context, type, 'TreasuryCap');
      const supply = object === undefined ? undefined : fieldsOf(context, object).get('total_supply');
      if (supply === undefined) {
        throw invalidParams(
          `Cannot find object [0x2::coin::TreasuryCap<${shortTypeText(type)}>] from [${type.address}] package event.`,
        );
      }
      // Supply<T> is one u64.
      return { value: new DataView(supply.bytes.slice().buffer).getBigUint64(0, true).toString() };
    },
  },
};

function coinMetadataJson(context: RpcContext, object: MoveObject): Json {
  const data = moveFields(object.type, object.contents, 'plain', context.layoutOf);
  return {
    decimals: data['decimals'],
    name: data['name'],
    symbol: data['symbol'],
    description: data['description'],
    iconUrl: data['icon_url'],
    id: object.id,
  };
}
