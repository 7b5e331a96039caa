/** Values between the commands of a programmable transaction (`iota-adapter`: execution_value). */
import { ability, StructValue, type AbilitySet, type Type, type Value } from '@wotid/move-vm';
import type { Address, MoveObject } from '../types.ts';

export type PtbValue =
  /** Bytes of a pure input; they take a type from each use. */
  | { readonly kind: 'pure'; readonly bytes: Uint8Array }
  /** An input object that no command has looked at yet. */
  | { readonly kind: 'stored'; readonly object: MoveObject }
  | ObjectValue
  | RawValue
  | {
      readonly kind: 'receiving';
      readonly id: Address;
      readonly version: bigint;
      /** Set by the first borrow. */
      readonly type: Type | undefined;
    };

/** A value with `key`. */
export interface ObjectValue {
  readonly kind: 'object';
  readonly type: Type;
  readonly abilities: AbilitySet;
  /** It went through a function that is not `entry`; private entry functions refuse it then. */
  readonly touched: boolean;
  readonly value: Value;
}

/** A typed value without `key`. */
export interface RawValue {
  readonly kind: 'raw';
  readonly type: Type;
  readonly abilities: AbilitySet;
  readonly touched: boolean;
  readonly value: Value;
}

export function typedValue(
  type: Type,
  abilities: AbilitySet,
  value: Value,
  touched: boolean,
): ObjectValue | RawValue {
  return { kind: has(abilities, 'key') ? 'object' : 'raw', type, abilities, touched, value };
}

export function has(abilities: AbilitySet, name: keyof typeof ability): boolean {
  return (abilities & ability[name]) !== 0;
}

export function isCopyable(value: PtbValue): boolean {
  return value.kind === 'pure' || (value.kind === 'raw' && has(value.abilities, 'copy'));
}

export function wasTouched(value: PtbValue): boolean {
  return (value.kind === 'object' || value.kind === 'raw') && value.touched;
}

/** `Receiving<T> { id: ID, version: u64 }` */
export function receivingValue(id: Address, version: bigint): Value {
  return new StructValue([new StructValue([id]), version]);
}

/** `UID { id: ID { bytes } }` */
export function uidValue(id: Address): Value {
  return new StructValue([new StructValue([id])]);
}

/** `Coin<T> { id: UID, balance: Balance { value: u64 } }` */
export function coinValue(id: Address, balance: bigint): Value {
  return new StructValue([uidValue(id), new StructValue([balance])]);
}

/** The balance inside a coin value, to read and to set. */
export function balanceOf(coin: Value): StructValue {
  const balance = coin instanceof StructValue ? coin.fields[1] : undefined;
  if (!(balance instanceof StructValue) || typeof balance.fields[0] !== 'bigint') {
    throw new TypeError('not a coin');
  }
  return balance;
}
