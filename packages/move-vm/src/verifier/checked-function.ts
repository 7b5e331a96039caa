/**
 * A function while it is checked: the types on its stack, what its locals hold, and the instructions that come of it.
 * Which instruction does what is not known here.
 */
import { opName, type Code, type CompiledModule } from '../binary/format.ts';
import { VmHalt, type VmStatus } from '../errors.ts';
import { integers, type Aux, type Executable } from '../interpreter/executable.ts';
import { abilitiesOf } from '../loader/abilities.ts';
import type { Loader } from '../loader/loader.ts';
import type { FunctionCode } from '../loader/packages.ts';
import { equalTypes, type AbilitySet, type Type } from '../types.ts';
import { availability } from './locals.ts';
import { Operands } from './operands.ts';

/** Values that one block may have pushed in all. */
const maxPushes = 10_000;
/** Values on the stack of one function. */
export const maxStack = 1024;

type ReferenceType = Type & { readonly kind: 'reference' };

export class CheckedFunction {
  /** The instruction that is checked. */
  pc = 0;
  readonly loader: Loader;
  readonly operands: Operands;
  readonly fn: FunctionCode;
  readonly module: CompiledModule;
  readonly code: Code;
  readonly constraints: readonly AbilitySet[];
  readonly locals: readonly Type[];
  readonly parameterCount: number;
  readonly returns: readonly Type[];
  stack: Type[] = [];
  /** By local; of the present block. */
  available: Uint8Array = new Uint8Array();
  readonly #ops: Uint8Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #aux: Aux[];
  #pushes = 0;

  constructor(loader: Loader, fn: FunctionCode, code: Code) {
    this.loader = loader;
    this.operands = new Operands(loader, fn);
    this.fn = fn;
    this.module = fn.module.compiled;
    this.code = code;
    this.constraints = fn.typeParameters;
    const parameters = loader.signature(fn.module, fn.handle.parameters);
    this.parameterCount = parameters.length;
    this.locals = [...parameters, ...loader.signature(fn.module, code.locals)];
    this.returns = loader.signature(fn.module, fn.handle.returns);
    this.#ops = new Uint8Array(code.ops.length);
    this.#first = new Float64Array(code.ops.length);
    this.#second = new Float64Array(code.ops.length);
    this.#aux = Array.from<Aux>({ length: code.ops.length });
  }

  /** What the interpreter runs. Instructions that were not emitted stay `Unreachable`. */
  executable(): Executable {
    return {
      ops: this.#ops,
      first: this.#first,
      second: this.#second,
      aux: this.#aux,
      localCount: this.locals.length,
      linkCount: this.#aux.filter((aux) => aux !== undefined && ('handle' in aux || 'type' in aux)).length,
    };
  }

  emit(instruction: number, first = 0, second = 0, aux: Aux = undefined): void {
    this.#ops[this.pc] = instruction;
    this.#first[this.pc] = first;
    this.#second[this.pc] = second;
    this.#aux[this.pc] = aux;
  }

  push(type: Type): void {
    if (++this.#pushes > maxPushes) throw new VmHalt('VALUE_STACK_PUSH_OVERFLOW', `over ${maxPushes} pushes`);
    if (this.stack.push(type) > maxStack)
      throw new VmHalt('VALUE_STACK_OVERFLOW', 'the stack grows too high');
  }

  pop(): Type {
    const type = this.stack.pop();
    if (type === undefined) throw new VmHalt('NEGATIVE_STACK_SIZE_WITHIN_BLOCK', 'the stack is empty');
    return type;
  }

  popAs(expected: Type, status: VmStatus): void {
    if (!equalTypes(this.pop(), expected)) this.fail(status, `expects ${expected.kind}`);
  }

  popInteger(): Type & { readonly kind: keyof typeof integers } {
    const type = this.pop();
    if (!(type.kind in integers)) return this.fail('INTEGER_OP_TYPE_MISMATCH_ERROR', 'expects an integer');
    return type as Type & { readonly kind: keyof typeof integers };
  }

  popReference(mutable: boolean, status: VmStatus): ReferenceType {
    const type = this.pop();
    if (type.kind !== 'reference' || (mutable && !type.mutable)) {
      return this.fail(status, mutable ? 'expects a mutable reference' : 'expects a reference');
    }
    return type;
  }

  fail(status: VmStatus, message: string): never {
    const name = opName[this.code.ops[this.pc] as number] ?? '';
    throw new VmHalt(status, `${name} ${message}`);
  }

  can(type: Type, wanted: number): boolean {
    return (abilitiesOf(type, this.constraints) & wanted) === wanted;
  }

  requireAvailable(local: number, status: VmStatus): Type {
    if (this.available[local] !== availability.yes) this.fail(status, `finds local ${local} empty`);
    return this.locals[local] as Type;
  }
}
