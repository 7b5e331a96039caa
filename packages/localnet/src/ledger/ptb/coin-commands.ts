/** TransferObjects, SplitCoins, MergeCoins, MakeMoveVec. */
import { equalTypes, makeVector, primitiveType, vectorType, type Type, type Value } from '@wotid/move-vm';
import { MAX_COIN_BALANCE } from '../coins.ts';
import { argumentFailure, ExecutionFailure } from '../failure.ts';
import { objectIdOf } from '../object-runtime.ts';
import type { CommandValue } from '../transaction-data.ts';
import { isCoin } from '../type-tags.ts';
import { parseType } from '../validity.ts';
import type { PtbContext } from './context.ts';
import {
  balanceOf,
  coinValue,
  has,
  typedValue,
  wasTouched,
  type ObjectValue,
  type PtbValue,
} from './values.ts';

type Of<Name extends keyof CommandValue> = NonNullable<CommandValue[Name]>;

export function transferObjects(context: PtbContext, command: Of<'TransferObjects'>): PtbValue[] {
  const { arguments: args } = context;
  const objects = command.objects.map((argument, index) =>
    args.asObject(args.byValue(argument, index, true), index),
  );
  const index = objects.length;
  const recipient = args.asPrimitive(
    args.byValue(command.address, index, true),
    index,
    primitiveType.address,
  ) as string;
  for (const object of objects) {
    if (!has(object.abilities, 'store')) throw new ExecutionFailure('InvalidTransferObject');
    context.transfers.push({ recipient, object });
  }
  return [];
}

function borrowCoin(context: PtbContext, argument: Of<'SplitCoins'>['coin']): ObjectValue {
  const coin = context.arguments.asObject(context.arguments.borrowMut(argument, 0), 0);
  const tag = context.session.tagOf(coin.type);
  if (typeof tag === 'string' || !('struct' in tag) || !isCoin(tag.struct)) {
    throw argumentFailure(0, 'TypeMismatch', 'Expected a coin but got an non coin object');
  }
  return coin;
}

export function splitCoins(context: PtbContext, command: Of<'SplitCoins'>): PtbValue[] {
  const { arguments: args } = context;
  const coin = borrowCoin(context, command.coin);
  const balance = balanceOf(coin.value);
  const parts = command.amounts.map((argument): PtbValue => {
    const amount = args.asPrimitive(args.byValue(argument, 1), 1, primitiveType.u64) as bigint;
    const id = context.freshId();
    const left = (balance.fields[0] as bigint) - amount;
    if (left < 0n) throw new ExecutionFailure('InsufficientCoinBalance');
    balance.fields[0] = left;
    return { ...coin, touched: false, value: coinValue(id, amount) };
  });
  context.restore(command.coin, coin);
  return parts;
}

export function mergeCoins(context: PtbContext, command: Of<'MergeCoins'>): PtbValue[] {
  const { arguments: args } = context;
  const target = borrowCoin(context, command.destination);
  const coins = command.sources.map((argument, index) =>
    args.asObject(args.byValue(argument, index + 1), index + 1),
  );
  const balance = balanceOf(target.value);
  for (const [index, coin] of coins.entries()) {
    if (!equalTypes(coin.type, target.type)) throw argumentFailure(index + 1, 'TypeMismatch');
    context.runtime.deleteId(objectIdOf(coin.value));
    const sum = (balance.fields[0] as bigint) + (balanceOf(coin.value).fields[0] as bigint);
    if (sum > MAX_COIN_BALANCE) throw new ExecutionFailure('CoinBalanceOverflow');
    balance.fields[0] = sum;
  }
  context.restore(command.destination, target);
  return [];
}

export function makeMoveVec(context: PtbContext, command: Of<'MakeMoveVec'>): PtbValue[] {
  const { arguments: args, session } = context;
  let element: Type | undefined = command.type === null ? undefined : session.typeOf(parseType(command.type));
  let touched = false;
  const items: Value[] = [];
  for (const [index, argument] of command.elements.entries()) {
    const value = args.byValue(argument, index);
    element ??= args.asObject(value, index).type;
    items.push(args.asType(value, index, element));
    touched ||= wasTouched(value);
  }
  if (element === undefined) throw new ExecutionFailure('InvariantViolation', 'an empty vector without type');
  const type = vectorType(element);
  return [typedValue(type, session.abilitiesOf(type), makeVector(element, items), touched)];
}
