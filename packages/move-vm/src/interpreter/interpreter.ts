import type { NativeTable, Session } from '../api.ts';
import { locateHalt, MoveVmError, VmHalt, type MoveLocation } from '../errors.ts';
import type { GasMeter } from '../gas/gas-meter.ts';
import { workOf } from '../gas/work-meter.ts';
import { checkConstraints } from '../loader/abilities.ts';
import { checkDepth, substitute } from '../loader/instantiate.ts';
import { instantiate, linkCall } from '../loader/link.ts';
import { maxTypeNodes, type Loader } from '../loader/loader.ts';
import type { FunctionCode } from '../loader/packages.ts';
import { countTypeNodes, type Type } from '../types.ts';
import {
  borrowItem,
  ByteVector,
  copyValue,
  elementBytesOf,
  ElementVector,
  equalValues,
  memorySize,
  peekRef,
  StructValue,
  VariantValue,
  vectorLength,
  writeRef,
  type Value,
} from '../values/value.ts';
import type { WriteLog } from '../values/write-log.ts';
import {
  arithmeticError,
  castBig,
  castSmall,
  fitBig,
  fitSmall,
  shiftLeftBig,
  shiftLeftSmall,
  shiftRightBig,
  shiftRightSmall,
} from './arithmetic.ts';
import { run, type Aux, type Executable } from './executable.ts';
import type { FunctionInstance } from './instance.ts';
import { callNative } from './native-call.ts';
import { borrowElement, popElement, pushElement, swapElements, unpackElements } from './vectors.ts';

/** Values on the stack of all running functions together. */
const maxStack = 1024;
/** Functions waiting for a call to return. */
const maxCalls = 1024;

/** Locals of a frame that take no longer to make than the call itself. */
const fewLocals = 16;

/** A function that waits for its callee. */
interface Frame {
  readonly instance: FunctionInstance;
  readonly locals: (Value | undefined)[];
  readonly pc: number;
}

/** What running code can reach. */
export interface Machine {
  readonly loader: Loader;
  readonly gas: GasMeter;
  readonly session: Session;
  readonly natives: NativeTable;
  readonly extensions: unknown;
  readonly writes: WriteLog;
}

/** Where `pc` of a function is. */
export function locationOf(code: FunctionCode, pc: number): MoveLocation {
  return {
    storageId: code.module.package.view.id,
    originalId: code.module.address,
    module: code.module.name,
    functionIndex: code.index,
    instruction: pc,
    functionName: code.name,
  };
}

/**
 * Runs a function to its end.
 * @param args of the parameters' types; taken over
 * @throws MoveVmError
 */
export function interpret(machine: Machine, entry: FunctionInstance, args: readonly Value[]): Value[] {
  if (args.length !== entry.parameters.length) {
    throw locateHalt(
      new VmHalt(
        'NUMBER_OF_ARGUMENTS_MISMATCH',
        `${entry.code.key} takes ${entry.parameters.length} arguments`,
      ),
      null,
    );
  }
  const execution = new Execution(machine, entry);
  try {
    machine.loader.use(entry);
    return entry.executable === undefined
      ? [...callNative(entry, args, machine.session, machine.natives, machine.extensions)]
      : execution.run(args);
  } catch (error) {
    throw execution.located(error);
  }
}

class Execution {
  readonly #machine: Machine;
  #instance: FunctionInstance;
  #pc = 0;

  constructor(machine: Machine, entry: FunctionInstance) {
    this.#machine = machine;
    this.#instance = entry;
  }

  /** The error of anything thrown while running: a halt here, or a bug, which must not pass as a result. */
  located(error: unknown): MoveVmError {
    if (error instanceof MoveVmError) return error;
    const location = locationOf(this.#instance.code, this.#pc);
    if (error instanceof VmHalt) return locateHalt(error, location);
    const located = locateHalt(
      new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', error instanceof Error ? error.message : String(error)),
      location,
    );
    located.cause = error;
    return located;
  }

  /**
   * The loop. Gas is charged where the Move VM charges it: mostly before an instruction does anything that can fail,
   * with the numbers of the table in `crates/iota-types/src/gas_model/tables.rs` of IOTA.
   */
  run(args: readonly Value[]): Value[] {
    const { gas, writes, loader } = this.#machine;
    const { work } = loader;
    const stack: Value[] = [];
    const frames: Frame[] = [];
    let instance = this.#instance;
    let { ops, first, second, aux, localCount } = instance.executable as Executable;
    let locals: (Value | undefined)[] = [...args];
    for (let i = args.length; i < localCount; i++) locals.push(undefined);
    let pc = 0;
    try {
      for (;;) {
        switch (ops[pc]) {
          case run.Pop:
            gas.step(1, 0, 1, 0);
            stack.pop();
            break;
          case run.Ret: {
            gas.step(1, 0, 0, 0);
            const caller = frames.pop();
            if (caller === undefined) return stack;
            ({ instance, locals, pc } = caller);
            ({ ops, first, second, aux } = instance.executable as Executable);
            break;
          }
          case run.BrTrue:
            gas.step(1, 0, 1, 0);
            if (stack.pop() === true) {
              pc = first[pc] as number;
              continue;
            }
            break;
          case run.BrFalse:
            gas.step(1, 0, 1, 0);
            if (stack.pop() === false) {
              pc = first[pc] as number;
              continue;
            }
            break;
          case run.Branch:
            gas.step(1, 0, 0, 0);
            pc = first[pc] as number;
            continue;
          case run.Load:
            gas.step(1, 1, 0, 1);
            push(stack, (aux[pc] as { value: Value }).value);
            break;
          case run.LoadConst:
            gas.step(1, 1, 0, second[pc] as number);
            push(stack, copyValue((aux[pc] as { value: Value }).value, work));
            break;
          case run.CopyLoc: {
            const value = locals[first[pc] as number] as Value;
            gas.step(1, 1, 0, memorySize(value));
            push(stack, copyValue(value, work));
            break;
          }
          case run.CopyRefLoc:
            gas.step(1, 1, 0, 8);
            push(stack, locals[first[pc] as number] as Value);
            break;
          case run.MoveLoc: {
            const local = first[pc] as number;
            const value = locals[local] as Value;
            gas.step(1, 1, 0, memorySize(value));
            locals[local] = undefined;
            push(stack, value);
            break;
          }
          case run.MoveRefLoc: {
            const local = first[pc] as number;
            gas.step(1, 1, 0, 8);
            push(stack, locals[local] as Value);
            locals[local] = undefined;
            break;
          }
          case run.StLoc:
            gas.step(1, 0, 1, 0);
            locals[first[pc] as number] = stack.pop();
            break;
          case run.BorrowLoc:
            gas.step(1, 1, 0, 8);
            push(stack, borrowItem(locals, first[pc] as number));
            break;
          case run.BorrowField: {
            gas.step(1, 1, 1, 8);
            const owner = stack.pop() as StructValue;
            stack.push(borrowItem(owner.fields, first[pc] as number));
            break;
          }
          case run.Call:
          case run.CallGeneric: {
            const callee = instance.callees[pc] ?? this.#link(instance, pc, aux[pc]);
            const count = first[pc] as number;
            gas.step(1, 0, count, 0);
            if (callee.usedBy !== loader.session) loader.use(callee);
            const passed: (Value | undefined)[] = stack.splice(stack.length - count, count);
            if (callee.executable === undefined) {
              // A native has no frame; what it throws is located in its own definition.
              const callerPc = pc;
              this.#instance = callee;
              const caller = instance;
              instance = callee;
              pc = 0;
              const { session, natives, extensions } = this.#machine;
              for (const value of callNative(callee, passed as Value[], session, natives, extensions)) {
                push(stack, value);
              }
              instance = caller;
              pc = callerPc;
              break;
            }
            if (frames.length >= maxCalls)
              throw new VmHalt('CALL_STACK_OVERFLOW', `over ${maxCalls} nested calls`);
            frames.push({ instance, locals, pc });
            instance = callee;
            ({ ops, first, second, aux, localCount } = callee.executable);
            locals = passed;
            if (localCount > fewLocals) work.spend(workOf.byte * localCount);
            for (let i = count; i < localCount; i++) locals.push(undefined);
            pc = 0;
            continue;
          }
          case run.Pack: {
            if (instance.checked[pc] === undefined) this.#checkMade(instance, pc, aux[pc]);
            const count = first[pc] as number;
            gas.step(1, 1, count, 2);
            stack.push(new StructValue(stack.splice(stack.length - count, count)));
            break;
          }
          case run.Unpack: {
            const { fields } = stack.pop() as StructValue;
            gas.step(1, fields.length, 1, 0);
            for (const field of fields) push(stack, field);
            break;
          }
          case run.ReadRef: {
            const value = peekRef(stack.pop() as Value);
            gas.step(1, 1, 1, memorySize(value));
            stack.push(copyValue(value, work));
            break;
          }
          case run.WriteRef: {
            const reference = stack.pop() as Value;
            const value = stack.pop() as Value;
            gas.step(1, 1, 2, memorySize(value));
            writeRef(reference, value);
            if (writes.isOn) writes.record(reference);
            break;
          }
          case run.AddSmall: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as number;
            stack.push(fitSmall((stack.pop() as number) + right, first[pc] as number));
            break;
          }
          case run.AddBig: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push(fitBig((stack.pop() as bigint) + right, second[pc] as number));
            break;
          }
          case run.SubSmall: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as number;
            stack.push(fitSmall((stack.pop() as number) - right, first[pc] as number));
            break;
          }
          case run.SubBig: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push(fitBig((stack.pop() as bigint) - right, second[pc] as number));
            break;
          }
          case run.MulSmall: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as number;
            // The product of two 32-bit numbers may be rounded, but never across 2^32.
            stack.push(fitSmall((stack.pop() as number) * right, first[pc] as number));
            break;
          }
          case run.MulBig: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push(fitBig((stack.pop() as bigint) * right, second[pc] as number));
            break;
          }
          case run.DivSmall: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as number;
            if (right === 0) throw arithmeticError('division by zero');
            stack.push(Math.floor((stack.pop() as number) / right));
            break;
          }
          case run.DivBig: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            if (right === 0n) throw arithmeticError('division by zero');
            stack.push((stack.pop() as bigint) / right);
            break;
          }
          case run.ModSmall: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as number;
            if (right === 0) throw arithmeticError('division by zero');
            stack.push((stack.pop() as number) % right);
            break;
          }
          case run.ModBig: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            if (right === 0n) throw arithmeticError('division by zero');
            stack.push((stack.pop() as bigint) % right);
            break;
          }
          case run.OrSmall: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as number;
            stack.push(((stack.pop() as number) | right) >>> 0);
            break;
          }
          case run.OrBig: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push((stack.pop() as bigint) | right);
            break;
          }
          case run.AndSmall: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as number;
            stack.push(((stack.pop() as number) & right) >>> 0);
            break;
          }
          case run.AndBig: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push((stack.pop() as bigint) & right);
            break;
          }
          case run.XorSmall: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as number;
            stack.push(((stack.pop() as number) ^ right) >>> 0);
            break;
          }
          case run.XorBig: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push((stack.pop() as bigint) ^ right);
            break;
          }
          case run.ShlSmall: {
            gas.step(1, 1, 2, 1);
            const by = stack.pop() as number;
            stack.push(shiftLeftSmall(stack.pop() as number, by, second[pc] as number));
            break;
          }
          case run.ShlBig: {
            gas.step(1, 1, 2, 1);
            const by = stack.pop() as number;
            stack.push(shiftLeftBig(stack.pop() as bigint, by, second[pc] as number));
            break;
          }
          case run.ShrSmall: {
            gas.step(1, 1, 2, 1);
            const by = stack.pop() as number;
            stack.push(shiftRightSmall(stack.pop() as number, by, second[pc] as number));
            break;
          }
          case run.ShrBig: {
            gas.step(1, 1, 2, 1);
            const by = stack.pop() as number;
            stack.push(shiftRightBig(stack.pop() as bigint, by, second[pc] as number));
            break;
          }
          case run.Or: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() === true;
            stack.push(stack.pop() === true || right);
            break;
          }
          case run.And: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() === true;
            stack.push(stack.pop() === true && right);
            break;
          }
          case run.Not:
            gas.step(1, 1, 1, 1);
            stack.push(stack.pop() === false);
            break;
          case run.EqPrimitive: {
            gas.step(1, 1, 2, 33);
            const right = stack.pop();
            stack.push(stack.pop() === right);
            break;
          }
          case run.Eq: {
            const right = stack.pop() as Value;
            const left = stack.pop() as Value;
            gas.step(1, 1, 2, 1 + memorySize(left) + memorySize(right));
            stack.push(equalValues(left, right, work));
            break;
          }
          case run.EqRef: {
            gas.step(1, 1, 2, 17);
            const right = stack.pop() as Value;
            stack.push(equalValues(stack.pop() as Value, right, work));
            break;
          }
          case run.Neq: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as Value;
            stack.push(!equalValues(stack.pop() as Value, right, work));
            break;
          }
          case run.Lt: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push((stack.pop() as bigint) < right);
            break;
          }
          case run.Gt: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push((stack.pop() as bigint) > right);
            break;
          }
          case run.Le: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push((stack.pop() as bigint) <= right);
            break;
          }
          case run.Ge: {
            gas.step(1, 1, 2, 1);
            const right = stack.pop() as bigint;
            stack.push((stack.pop() as bigint) >= right);
            break;
          }
          case run.CastSmall:
            gas.step(1, 1, 1, 1);
            stack.push(castSmall(stack.pop() as number | bigint, first[pc] as number));
            break;
          case run.CastBig:
            gas.step(1, 1, 1, 1);
            stack.push(castBig(stack.pop() as number | bigint, first[pc] as number));
            break;
          case run.Abort: {
            gas.step(1, 0, 1, 0);
            const code = stack.pop() as bigint;
            throw new VmHalt('ABORTED', `abort ${code}`, code);
          }
          case run.Nop:
            gas.step(1, 0, 0, 0);
            break;
          case run.FreezeRef:
            gas.step(1, 1, 1, 8);
            break;
          case run.VecPack: {
            const elementBytes = instance.checked[pc] ?? this.#checkMade(instance, pc, aux[pc]);
            const count = first[pc] as number;
            gas.step(1, 1, count, 8);
            const items = stack.splice(stack.length - count, count);
            // Only u8 has its own representation; its size is told apart from bool's by a negative sign.
            push(
              stack,
              elementBytes < 0
                ? new ByteVector(Uint8Array.from(items as number[]))
                : new ElementVector(items, elementBytes),
            );
            break;
          }
          case run.VecLen: {
            gas.step(1, 1, 1, 1);
            stack.push(BigInt(vectorLength(stack.pop() as ByteVector | ElementVector)));
            break;
          }
          case run.VecBorrow: {
            gas.step(1, 1, 2, 8);
            const index = stack.pop() as bigint;
            stack.push(borrowElement(stack.pop() as ByteVector | ElementVector, index));
            break;
          }
          case run.VecPushBack: {
            gas.step(1, 0, 2, 0);
            const value = stack.pop() as Value;
            const vector = stack.pop() as ByteVector | ElementVector;
            pushElement(vector, value);
            if (writes.isOn) writes.record(vector);
            break;
          }
          case run.VecPopBack: {
            gas.step(1, 1, 1, 0);
            const vector = stack.pop() as ByteVector | ElementVector;
            stack.push(popElement(vector));
            if (writes.isOn) writes.record(vector);
            break;
          }
          case run.VecUnpack: {
            const count = first[pc] as number;
            gas.step(1, count, 1, 0);
            for (const item of unpackElements(stack.pop() as ByteVector | ElementVector, count))
              push(stack, item);
            break;
          }
          case run.VecSwap: {
            gas.step(1, 1, 1, 0);
            const right = stack.pop() as bigint;
            const left = stack.pop() as bigint;
            const vector = stack.pop() as ByteVector | ElementVector;
            swapElements(vector, left, right);
            if (writes.isOn) writes.record(vector);
            break;
          }
          case run.PackVariant: {
            if (instance.checked[pc] === undefined) this.#checkMade(instance, pc, aux[pc]);
            const count = first[pc] as number;
            gas.step(1, 1, count, 2);
            push(stack, new VariantValue(second[pc] as number, stack.splice(stack.length - count, count)));
            break;
          }
          case run.UnpackVariant: {
            const value = stack.pop() as VariantValue;
            gas.step(1, value.fields.length, 1, 0);
            checkTag(value, second[pc] as number);
            for (const field of value.fields) push(stack, field);
            break;
          }
          case run.UnpackVariantRef: {
            const value = stack.pop() as VariantValue;
            checkTag(value, second[pc] as number);
            const count = first[pc] as number;
            gas.step(1, count, 1, 0);
            for (let i = 0; i < count; i++) push(stack, borrowItem(value.fields, i));
            break;
          }
          case run.VariantSwitch: {
            gas.step(1, 0, 1, 0);
            const { tag } = stack.pop() as VariantValue;
            pc = (aux[pc] as { offsets: readonly number[] }).offsets[tag] as number;
            continue;
          }
          default:
            throw new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'an instruction that nothing leads to');
        }
        pc++;
      }
    } catch (error) {
      this.#instance = instance;
      this.#pc = pc;
      throw error;
    }
  }

  #link(instance: FunctionInstance, pc: number, aux: Aux): FunctionInstance {
    const { handle, typeArgs } = aux as { handle: number; typeArgs: readonly Type[] };
    const { loader } = this.#machine;
    const closed = typeArgs.map((type) => substitute(type, instance.typeArgs));
    if (closed.length > 0) {
      let nodes = 1;
      for (const type of [...instance.typeArgs, ...closed]) nodes += countTypeNodes(type);
      if (nodes > maxTypeNodes)
        throw new VmHalt('TOO_MANY_TYPE_NODES', 'the type arguments have too many parts');
    }
    const code = linkCall(loader, instance.root, instance.code.module, handle);
    checkConstraints(code.typeParameters, closed);
    return (instance.callees[pc] = instantiate(loader, instance.root, code, closed));
  }

  /** Checks the depth of a type that is made here; the element size for vectors, 0 for the others. */
  #checkMade(instance: FunctionInstance, pc: number, aux: Aux): number {
    const type = substitute((aux as { type: Type }).type, instance.typeArgs);
    checkDepth(type);
    return (instance.checked[pc] = type.kind === 'u8' ? -1 : elementBytesOf(type));
  }
}

function push(stack: Value[], value: Value): void {
  if (stack.push(value) > maxStack)
    throw new VmHalt('EXECUTION_STACK_OVERFLOW', `over ${maxStack} values on the stack`);
}

function checkTag(value: VariantValue, tag: number): void {
  if (value.tag !== tag)
    throw new VmHalt('VARIANT_TAG_MISMATCH', `the value is of variant ${value.tag}, not ${tag}`);
}
