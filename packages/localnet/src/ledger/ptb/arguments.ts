/**
 * The inputs, the gas coin and the results of earlier commands, and the rules by which a command may use them
 * (`iota-adapter`: programmable_transactions/context).
 */
import { copyValue, equalTypes, type Session, type Type, type Value } from '@wotid/move-vm';
import { coinBalance } from '../coins.ts';
import { argumentFailure, ExecutionFailure, type ArgumentProblem } from '../failure.ts';
import type { ArgumentValue } from '../transaction-data.ts';
import type { MoveObject } from '../types.ts';
import { decodePure, mayBePure } from './pure.ts';
import {
  balanceOf,
  isCopyable,
  receivingValue,
  typedValue,
  type ObjectValue,
  type PtbValue,
} from './values.ts';

export type Usage = 'ref' | 'mutRef' | 'value';

/** A place that holds a value until a command takes it. */
export interface Slot {
  value: PtbValue | undefined;
  lastUsage: Usage | undefined;
  /** Set for input objects. */
  readonly input: { readonly object: MoveObject; readonly mutable: boolean } | undefined;
}

export function newSlot(value: PtbValue | undefined, input: Slot['input'] = undefined): Slot {
  return { value, lastUsage: undefined, input };
}

export class Arguments {
  readonly #session: Session;
  readonly #arbitraryValues: boolean;
  readonly #gasBudget: bigint;
  readonly inputs: readonly Slot[];
  readonly gas: Slot;
  readonly results: Slot[][] = [];
  /** By argument, not by place: `Result(0)` and `NestedResult(0, 0)` are borrowed apart. */
  readonly #borrowed: Map<string, 'ref' | 'mutRef'> = new Map();

  /**
   * @param gasBudget NANOS that the gas coin shows less while commands run
   * @param arbitraryValues dev inspect: bytes may become any type
   */
  constructor(
    session: Session,
    inputs: readonly Slot[],
    gas: Slot,
    gasBudget: bigint,
    arbitraryValues: boolean,
  ) {
    this.#session = session;
    this.inputs = inputs;
    this.gas = gas;
    this.#gasBudget = gasBudget;
    this.#arbitraryValues = arbitraryValues;
  }

  /** Takes a value, or copies one that can be copied. */
  byValue(argument: ArgumentValue, index: number, isTransfer = false): PtbValue {
    const slot = this.#use(argument, index, 'value');
    const value = this.#open(slot);
    if (value === undefined) throw argumentFailure(index, 'InvalidValueUsage');
    const copyable = isCopyable(value);
    if (!copyable && this.#borrowed.has(keyOf(argument))) throw argumentFailure(index, 'InvalidValueUsage');
    if (argument.GasCoin !== undefined && !isTransfer) throw argumentFailure(index, 'InvalidGasCoinUsage');
    if (slot.input !== undefined && !slot.input.mutable) throw argumentFailure(index, 'InvalidObjectByValue');
    if (copyable) return this.#copyOf(value);
    slot.value = undefined;
    return value;
  }

  /** Takes a value out for `&mut`; {@link restore} puts it back. */
  borrowMut(argument: ArgumentValue, index: number): PtbValue {
    const key = keyOf(argument);
    if (this.#borrowed.has(key)) throw argumentFailure(index, 'InvalidValueUsage');
    this.#borrowed.set(key, 'mutRef');
    const slot = this.#use(argument, index, 'mutRef');
    const value = this.#open(slot);
    if (value === undefined) throw argumentFailure(index, 'InvalidValueUsage');
    if (slot.input !== undefined && !slot.input.mutable)
      throw argumentFailure(index, 'InvalidObjectByMutRef');
    if (isCopyable(value)) return this.#copyOf(value);
    slot.value = undefined;
    return value;
  }

  /** A value to read; nothing is copied, so that it must not be changed. */
  borrow(argument: ArgumentValue, index: number, type: Type): PtbValue {
    const key = keyOf(argument);
    if (this.#borrowed.get(key) === 'mutRef') throw argumentFailure(index, 'InvalidValueUsage');
    this.#borrowed.set(key, 'ref');
    const slot = this.#use(argument, index, 'ref');
    const value = this.#open(slot);
    if (value === undefined) throw argumentFailure(index, 'InvalidValueUsage');
    if (value.kind === 'receiving' && value.type === undefined) slot.value = { ...value, type };
    return slot.value ?? value;
  }

  /** Puts back what {@link borrowMut} took. */
  restore(argument: ArgumentValue, value: PtbValue): void {
    this.#borrowed.delete(keyOf(argument));
    const slot = this.#slot(argument);
    if ('problem' in slot) {
      throw new ExecutionFailure('InvariantViolation', 'a borrowed argument is gone');
    }
    slot.value = value;
  }

  /** Ends a command. */
  push(results: readonly PtbValue[]): void {
    this.#borrowed.clear();
    this.results.push(results.map((value) => newSlot(value)));
  }

  /** The object behind an argument's value. @throws ExecutionFailure `TypeMismatch` */
  asObject(value: PtbValue, index: number): ObjectValue {
    if (value.kind !== 'object') throw argumentFailure(index, 'TypeMismatch');
    return value;
  }

  /** A value as one of a primitive type, whose bytes are not checked against anything else. */
  asPrimitive(value: PtbValue, index: number, type: Type): Value {
    if (value.kind === 'pure') {
      const decoded = this.#session.decodeValue(type, value.bytes);
      if (decoded === undefined) throw argumentFailure(index, 'InvalidBCSBytes');
      return decoded;
    }
    if (value.kind !== 'raw' || !equalTypes(value.type, type)) throw argumentFailure(index, 'TypeMismatch');
    return value.value;
  }

  /** A value as one of exactly `type`. @throws ExecutionFailure as a node does */
  asType(value: PtbValue, index: number, type: Type): Value {
    switch (value.kind) {
      case 'pure':
        return this.#pureAs(value.bytes, index, type);
      case 'receiving':
        if (!isReceiving(type) || (value.type !== undefined && !equalTypes(value.type, type))) {
          throw argumentFailure(index, 'TypeMismatch');
        }
        return receivingValue(value.id, value.version);
      case 'stored':
        throw new ExecutionFailure('InvariantViolation', 'an input object was not opened');
      default:
        if (!equalTypes(value.type, type)) throw argumentFailure(index, 'TypeMismatch');
        return value.value;
    }
  }

  #pureAs(bytes: Uint8Array, index: number, type: Type): Value {
    if (!this.#arbitraryValues && !mayBePure(type)) throw argumentFailure(index, 'InvalidUsageOfPureArg');
    const value = mayBePure(type)
      ? decodePure(this.#session, type, bytes)
      : this.#session.decodeValue(type, bytes);
    if (value === undefined) throw argumentFailure(index, 'InvalidBCSBytes');
    return value;
  }

  #copyOf(value: PtbValue): PtbValue {
    return value.kind === 'raw' ? { ...value, value: copyValue(value.value, this.#session.work) } : value;
  }

  /** The value of a slot; an input object is decoded when it is first looked at. */
  #open(slot: Slot): PtbValue | undefined {
    const { value } = slot;
    if (value?.kind !== 'stored') return value;
    const { object } = value;
    const type = this.#session.typeOf({ struct: object.type });
    const decoded = this.#session.decodeValue(type, object.contents);
    if (decoded === undefined) {
      throw new ExecutionFailure('InvariantViolation', `object ${object.id} does not decode as its type`);
    }
    if (slot === this.gas) {
      const balance = balanceOf(decoded);
      balance.fields[0] = coinBalance(object.contents) - this.#gasBudget;
    }
    slot.value = typedValue(type, this.#session.abilitiesOf(type), decoded, false);
    return slot.value;
  }

  #use(argument: ArgumentValue, index: number, usage: Usage): Slot {
    const slot = this.#slot(argument);
    if ('problem' in slot) throw argumentFailure(index, slot.problem);
    slot.lastUsage = usage;
    return slot;
  }

  #slot(argument: ArgumentValue): Slot | { readonly problem: ArgumentProblem } {
    if (argument.GasCoin !== undefined) return this.gas;
    if (argument.Input !== undefined) {
      return this.inputs[argument.Input] ?? { problem: { IndexOutOfBounds: { idx: argument.Input } } };
    }
    const [resultIdx, secondaryIdx] =
      argument.Result === undefined ? argument.NestedResult : [argument.Result, undefined];
    const results = this.results[resultIdx];
    if (results === undefined) return { problem: { IndexOutOfBounds: { idx: resultIdx } } };
    if (secondaryIdx === undefined) {
      const [only] = results;
      if (only === undefined || results.length !== 1)
        return { problem: { InvalidResultArity: { resultIdx } } };
      return only;
    }
    return results[secondaryIdx] ?? { problem: { SecondaryIndexOutOfBounds: { resultIdx, secondaryIdx } } };
  }
}

function keyOf(argument: ArgumentValue): string {
  if (argument.GasCoin !== undefined) return 'gas';
  if (argument.Input !== undefined) return `input ${argument.Input}`;
  return argument.Result === undefined
    ? `nested ${argument.NestedResult.join(' ')}`
    : `result ${argument.Result}`;
}

function isReceiving(type: Type): boolean {
  return (
    type.kind === 'datatype' &&
    type.typeArgs.length === 1 &&
    /^0x0{63}2::transfer::Receiving$/.test(type.datatype.key)
  );
}
