/** MoveCall: who may call what, with which arguments (`iota-adapter`: programmable_transactions/execution). */
import {
  readRef,
  StructValue,
  ValueSlot,
  type AbilitySet,
  type LoadedFunction,
  type Type,
  type Value,
} from '@wotid/move-vm';
import { argumentFailure, ExecutionFailure } from '../failure.ts';
import { FRAMEWORK_ADDRESS } from '../protocol.ts';
import type { ArgumentValue } from '../transaction-data.ts';
import type { PtbContext } from './context.ts';
import { typedValue, wasTouched, type PtbValue } from './values.ts';

type CallKind = 'private entry' | 'public entry' | 'not entry' | 'init';

/** Transfer functions that only a type's own module may call. */
const privateTransfers: ReadonlySet<string> = new Set([
  'transfer',
  'freeze_object',
  'share_object',
  'receive',
]);

/** Calls a function and returns its results as values of the transaction. */
export function moveCall(
  context: PtbContext,
  fn: LoadedFunction,
  args: readonly ArgumentValue[],
  init: { readonly takesOneTimeWitness: boolean } | undefined,
): PtbValue[] {
  const kind = init === undefined ? callKind(context, fn) : 'init';
  const returns = returnTypes(context, fn);
  checkPrivateFunctions(fn);
  const { session } = context;
  const takesContext = isTxContext(fn.parameters.at(-1));
  const witness = init?.takesOneTimeWitness === true;
  const given = args.length + (witness ? 1 : 0) + (takesContext ? 1 : 0);
  if (given !== fn.parameters.length) {
    throw new ExecutionFailure('ArityMismatch', `${fn.name} takes ${fn.parameters.length}, given ${given}`);
  }
  const values: Value[] = witness ? [new StructValue([true])] : [];
  const mutated: { argument: ArgumentValue; type: Type; abilities: AbilitySet; slot: ValueSlot }[] = [];
  const aliased = aliasedResults(args);
  for (const [index, argument] of args.entries()) {
    const parameter = fn.parameters[index] as Type;
    const isReference = parameter.kind === 'reference';
    const type = isReference ? parameter.to : parameter;
    const source = !isReference
      ? context.arguments.byValue(argument, index)
      : parameter.mutable
        ? context.arguments.borrowMut(argument, index)
        : context.arguments.borrow(argument, index, type);
    if ((kind === 'private entry' || kind === 'init') && wasTouched(source)) {
      throw argumentFailure(index, 'InvalidArgumentToPrivateEntryFunction');
    }
    const value = context.arguments.asType(source, index, type);
    if (!isReference) {
      values.push(value);
      continue;
    }
    const slot = new ValueSlot(value);
    if (parameter.mutable) mutated.push({ argument, type, abilities: session.abilitiesOf(type), slot });
    values.push(
      aliased && !parameter.mutable ? new ValueSlot(slot.copy(session.work)).borrow() : slot.borrow(),
    );
  }
  if (takesContext) values.push(context.txContext.borrow());
  const results = session.call(fn, values);
  context.takeEvents(fn);
  // A node encodes what comes out of a call, also when nobody uses it.
  for (const { type } of [...mutated, ...returns]) session.checkLayout(type);
  const touched = kind === 'not entry';
  for (const { argument, type, abilities, slot } of mutated) {
    context.restore(argument, typedValue(type, abilities, slot.take(), touched));
  }
  return results.map((result, index) => {
    const { type, isReference } = returns[index] as ReturnType;
    const value = isReference ? readRef(result, session.work) : result;
    return typedValue(type, session.abilitiesOf(type), value, true);
  });
}

function callKind(context: PtbContext, fn: LoadedFunction): CallKind {
  if (fn.name === 'init') throw new ExecutionFailure('NonEntryFunctionInvoked', "Cannot call 'init'");
  if (fn.visibility === 'public') return fn.isEntry ? 'public entry' : 'not entry';
  if (fn.isEntry) return 'private entry';
  if (context.isInspection) return 'not entry';
  throw new ExecutionFailure('NonEntryFunctionInvoked', 'Can only call `entry` or `public` functions');
}

interface ReturnType {
  readonly type: Type;
  readonly isReference: boolean;
}

function returnTypes(context: PtbContext, fn: LoadedFunction): ReturnType[] {
  return fn.returns.map((type, idx) => {
    if (type.kind !== 'reference') return { type, isReference: false };
    if (!context.isInspection) throw new ExecutionFailure({ InvalidPublicFunctionReturnType: { idx } });
    return { type: type.to, isReference: true };
  });
}

function checkPrivateFunctions(fn: LoadedFunction): void {
  if (fn.originalId !== FRAMEWORK_ADDRESS) return;
  if (fn.module === 'event') {
    throw new ExecutionFailure('NonEntryFunctionInvoked', 'Cannot directly call functions in 0x2::event');
  }
  if (fn.module === 'transfer' && privateTransfers.has(fn.name)) {
    throw new ExecutionFailure(
      'NonEntryFunctionInvoked',
      `Cannot directly call 0x2::transfer::${fn.name}; use public_${fn.name}`,
    );
  }
}

function isTxContext(type: Type | undefined): boolean {
  if (type?.kind !== 'reference' || type.to.kind !== 'datatype') return false;
  const { definingId, module, name } = type.to.datatype;
  return definingId === FRAMEWORK_ADDRESS && module === 'tx_context' && name === 'TxContext';
}

/**
 * True when one result is named in both ways, `Result(i)` and `NestedResult(i, 0)`: only then a shared and a mutable
 * borrow can meet, and what is read must be a copy.
 */
function aliasedResults(args: readonly ArgumentValue[]): boolean {
  const whole = new Set(args.map((argument) => argument.Result).filter((index) => index !== undefined));
  return args.some((argument) => argument.NestedResult !== undefined && whole.has(argument.NestedResult[0]));
}
