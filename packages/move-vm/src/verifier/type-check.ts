/**
 * Checks a function's stack, types, abilities and locals, and translates it for the interpreter on the way. Bytecode
 * that passes cannot mix up kinds of values at run time, duplicate what cannot be copied or lose what cannot be
 * dropped. It does not know who calls the function; how long references live is checked after it, in `references`.
 * Source of the rules: `move-bytecode-verifier/src/{stack_usage,type_safety,locals_safety}` of IOTA.
 */
import { immediateOf, op, opName, type Code, type CompiledModule } from '../binary/format.ts';
import { VmHalt, type VmStatus } from '../errors.ts';
import { integers, run, type Aux, type Executable } from '../interpreter/executable.ts';
import { abilitiesOf, checkConstraints } from '../loader/abilities.ts';
import { substitute } from '../loader/instantiate.ts';
import type { Loader } from '../loader/loader.ts';
import type { FunctionCode } from '../loader/packages.ts';
import {
  ability,
  equalTypes,
  primitiveType,
  referenceType,
  vectorType,
  type AbilitySet,
  type Type,
} from '../types.ts';
import { decodeValue } from '../values/bcs.ts';
import type { Value } from '../values/value.ts';
import { blocksOf } from './control-flow.ts';
import { arithmetic, casts, comparisons, loads, small } from './integer-instructions.ts';
import { availability, localsAtStart } from './locals.ts';
import { checkLoops } from './loops.ts';
import { fieldsOf, Operands } from './operands.ts';
import { checkReferences } from './references.ts';

/** Values that one block may have pushed in all. */
const maxPushes = 10_000;
/** Values on the stack of one function. */
const maxStack = 1024;

type ReferenceType = Type & { readonly kind: 'reference' };

/** A halt in the function that is checked, with the instruction it is about. */
export class CheckHalt extends VmHalt {
  readonly instruction: number;

  constructor(halt: VmHalt, instruction: number) {
    super(halt.status, halt.message, halt.subStatus);
    this.instruction = instruction;
  }
}

/** @throws CheckHalt with a status of verification */
export function typeCheck(loader: Loader, fn: FunctionCode): Executable {
  const code = fn.def.code;
  if (code === null) throw new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'a native has no instructions');
  const checker = new Checker(loader, fn, code);
  try {
    const executable = checker.check();
    checkReferences(loader, fn, code, executable, (pc) => {
      checker.pc = pc;
    });
    return executable;
  } catch (error) {
    throw error instanceof VmHalt ? new CheckHalt(error, checker.pc) : error;
  }
}

class Checker {
  pc = 0;
  readonly #loader: Loader;
  readonly #operands: Operands;
  readonly #fn: FunctionCode;
  readonly #module: CompiledModule;
  readonly #code: Code;
  readonly #constraints: readonly AbilitySet[];
  readonly #locals: readonly Type[];
  readonly #parameterCount: number;
  readonly #returns: readonly Type[];
  readonly #ops: Uint8Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #aux: Aux[];
  #stack: Type[] = [];
  #available = new Uint8Array();
  #pushes = 0;

  constructor(loader: Loader, fn: FunctionCode, code: Code) {
    this.#loader = loader;
    this.#operands = new Operands(loader, fn);
    this.#fn = fn;
    this.#module = fn.module.compiled;
    this.#code = code;
    this.#constraints = fn.typeParameters;
    const parameters = loader.signature(fn.module, fn.handle.parameters);
    this.#parameterCount = parameters.length;
    this.#locals = [...parameters, ...loader.signature(fn.module, code.locals)];
    this.#returns = loader.signature(fn.module, fn.handle.returns);
    this.#ops = new Uint8Array(code.ops.length);
    this.#first = new Float64Array(code.ops.length);
    this.#second = new Float64Array(code.ops.length);
    this.#aux = Array.from<Aux>({ length: code.ops.length });
  }

  check(): Executable {
    const blocks = blocksOf(this.#code);
    checkLoops(blocks);
    const starts = localsAtStart(this.#code, blocks, this.#parameterCount, this.#locals.length);
    for (const [index, { start, end }] of blocks.entries()) {
      const available = starts[index];
      // Instructions that nothing leads to stay `Unreachable`.
      if (available === undefined) continue;
      this.#available = available.slice();
      this.#stack = [];
      for (this.pc = start; this.pc < end; this.pc++) this.#instruction();
      this.pc = end - 1;
      if (this.#stack.length > 0 && this.#code.ops[this.pc] !== op.Abort) {
        throw new VmHalt(
          'POSITIVE_STACK_SIZE_AT_BLOCK_END',
          `${this.#stack.length} values are left on the stack`,
        );
      }
    }
    return {
      ops: this.#ops,
      first: this.#first,
      second: this.#second,
      aux: this.#aux,
      localCount: this.#locals.length,
      linkCount: this.#aux.filter((aux) => aux !== undefined && ('handle' in aux || 'type' in aux)).length,
    };
  }

  #emit(instruction: number, first = 0, second = 0, aux: Aux = undefined): void {
    this.#ops[this.pc] = instruction;
    this.#first[this.pc] = first;
    this.#second[this.pc] = second;
    this.#aux[this.pc] = aux;
  }

  #push(type: Type): void {
    if (++this.#pushes > maxPushes) throw new VmHalt('VALUE_STACK_PUSH_OVERFLOW', `over ${maxPushes} pushes`);
    if (this.#stack.push(type) > maxStack)
      throw new VmHalt('VALUE_STACK_OVERFLOW', 'the stack grows too high');
  }

  #pop(): Type {
    const type = this.#stack.pop();
    if (type === undefined) throw new VmHalt('NEGATIVE_STACK_SIZE_WITHIN_BLOCK', 'the stack is empty');
    return type;
  }

  #popAs(expected: Type, status: VmStatus): void {
    if (!equalTypes(this.#pop(), expected)) this.#fail(status, `expects ${expected.kind}`);
  }

  #popInteger(): Type & { readonly kind: keyof typeof integers } {
    const type = this.#pop();
    if (!(type.kind in integers)) return this.#fail('INTEGER_OP_TYPE_MISMATCH_ERROR', 'expects an integer');
    return type as Type & { readonly kind: keyof typeof integers };
  }

  #popReference(mutable: boolean, status: VmStatus): ReferenceType {
    const type = this.#pop();
    if (type.kind !== 'reference' || (mutable && !type.mutable)) {
      return this.#fail(status, mutable ? 'expects a mutable reference' : 'expects a reference');
    }
    return type;
  }

  #fail(status: VmStatus, message: string): never {
    const name = opName[this.#code.ops[this.pc] as number] ?? '';
    throw new VmHalt(status, `${name} ${message}`);
  }

  #can(type: Type, wanted: number): boolean {
    return (abilitiesOf(type, this.#constraints) & wanted) === wanted;
  }

  #requireAvailable(local: number, status: VmStatus): Type {
    if (this.#available[local] !== availability.yes) this.#fail(status, `finds local ${local} empty`);
    return this.#locals[local] as Type;
  }

  #instruction(): void {
    const opcode = this.#code.ops[this.pc] as number;
    const operand = this.#code.operands[this.pc] as number;
    switch (immediateOf[opcode]) {
      case 'local':
        return this.#local(opcode, operand);
      case 'structDefs':
      case 'structInsts':
      case 'fieldHandles':
      case 'fieldInsts':
        return this.#structInstruction(opcode, operand);
      case 'variantHandles':
      case 'variantInsts':
      case 'jumpTable':
        return this.#variantInstruction(opcode, operand);
      case 'functionHandles':
      case 'functionInsts':
        return this.#call(operand, opcode === op.CallGeneric);
      case 'signature':
      case 'signatureAndCount':
        return this.#vector(opcode, operand);
      case 'offset':
        return this.#branch(opcode, operand);
      case 'none':
        return this.#plain(opcode);
      default:
        return this.#load(opcode, operand);
    }
  }

  #load(opcode: number, operand: number): void {
    if (opcode === op.LdConst) {
      const constant = this.#module.constants[operand];
      const type =
        constant === undefined ? undefined : this.#loader.typeOfToken(this.#fn.module, constant.type);
      const value = type === undefined ? undefined : decodeValue(type, constant?.data ?? new Uint8Array());
      if (type === undefined || value === undefined)
        return this.#fail('MALFORMED_CONSTANT_DATA', 'has no value');
      this.#push(type);
      return this.#emit(run.LoadConst, 0, constant?.data.length ?? 0, { value });
    }
    const kind = loads[opcode] as keyof typeof integers;
    const value: Value = small.includes(kind) ? operand : (this.#code.wide.get(this.pc) as bigint);
    this.#push(primitiveType[kind]);
    this.#emit(run.Load, 0, 0, { value });
  }

  #branch(opcode: number, operand: number): void {
    if (opcode !== op.Branch) this.#popAs(primitiveType.bool, 'BR_TYPE_MISMATCH_ERROR');
    const instruction = opcode === op.Branch ? run.Branch : opcode === op.BrTrue ? run.BrTrue : run.BrFalse;
    this.#emit(instruction, operand);
  }

  #local(opcode: number, local: number): void {
    const type = this.#locals[local] as Type;
    const isReference = type.kind === 'reference';
    switch (opcode) {
      case op.CopyLoc:
        this.#requireAvailable(local, 'COPYLOC_UNAVAILABLE_ERROR');
        if (!this.#can(type, ability.copy))
          this.#fail('COPYLOC_WITHOUT_COPY_ABILITY', 'copies what cannot be');
        this.#push(type);
        return this.#emit(isReference ? run.CopyRefLoc : run.CopyLoc, local);
      case op.MoveLoc:
        this.#requireAvailable(local, 'MOVELOC_UNAVAILABLE_ERROR');
        this.#available[local] = availability.no;
        this.#push(type);
        return this.#emit(isReference ? run.MoveRefLoc : run.MoveLoc, local);
      case op.StLoc:
        this.#popAs(type, 'STLOC_TYPE_MISMATCH_ERROR');
        if (this.#available[local] !== availability.no && !this.#can(type, ability.drop)) {
          this.#fail('STLOC_UNSAFE_TO_DESTROY_ERROR', 'overwrites what cannot be dropped');
        }
        this.#available[local] = availability.yes;
        return this.#emit(run.StLoc, local);
      default:
        if (isReference) this.#fail('BORROWLOC_REFERENCE_ERROR', 'borrows a reference');
        this.#requireAvailable(local, 'BORROWLOC_UNAVAILABLE_ERROR');
        this.#push(referenceType(type, opcode === op.MutBorrowLoc));
        return this.#emit(run.BorrowLoc, local);
    }
  }

  #structInstruction(opcode: number, operand: number): void {
    if (opcode === op.Pack || opcode === op.PackGeneric) {
      const type = this.#operands.struct(operand, opcode === op.PackGeneric);
      const fields = fieldsOf(type, 0);
      for (const field of fields.toReversed()) this.#popAs(field, 'PACK_TYPE_MISMATCH_ERROR');
      this.#push(type);
      return this.#emit(run.Pack, fields.length, 0, { type });
    }
    if (opcode === op.Unpack || opcode === op.UnpackGeneric) {
      const type = this.#operands.struct(operand, opcode === op.UnpackGeneric);
      this.#popAs(type, 'UNPACK_TYPE_MISMATCH_ERROR');
      const fields = fieldsOf(type, 0);
      for (const field of fields) this.#push(field);
      return this.#emit(run.Unpack, fields.length);
    }
    const isMutable = opcode === op.MutBorrowField || opcode === op.MutBorrowFieldGeneric;
    const isGeneric = opcode === op.MutBorrowFieldGeneric || opcode === op.ImmBorrowFieldGeneric;
    const [type, member] = this.#operands.field(operand, isGeneric);
    const reference = this.#popReference(isMutable, 'BORROWFIELD_TYPE_MISMATCH_ERROR');
    const field = fieldsOf(type, 0)[member];
    if (field === undefined || !equalTypes(reference.to, type)) {
      return this.#fail('BORROWFIELD_TYPE_MISMATCH_ERROR', 'is about another struct');
    }
    this.#push(referenceType(field, isMutable));
    this.#emit(run.BorrowField, member);
  }

  #variantInstruction(opcode: number, operand: number): void {
    if (opcode === op.VariantSwitch) {
      const jumpTable = this.#code.jumpTables[operand];
      const def = this.#module.enumDefs[jumpTable?.enumDef ?? 0];
      const { to } = this.#popReference(false, 'ENUM_TYPE_MISMATCH');
      if (jumpTable === undefined || def === undefined || to.kind !== 'datatype') {
        return this.#fail('ENUM_TYPE_MISMATCH', 'expects a reference to an enum');
      }
      if (this.#loader.datatypeOfHandle(this.#fn.module, def.handle).key !== to.datatype.key) {
        return this.#fail('ENUM_TYPE_MISMATCH', 'is about another enum');
      }
      if (jumpTable.offsets.length !== def.variants.length) {
        return this.#fail('INVALID_ENUM_SWITCH', 'does not cover all variants');
      }
      return this.#emit(run.VariantSwitch, 0, 0, { offsets: jumpTable.offsets });
    }
    const isGeneric = immediateOf[opcode] === 'variantInsts';
    const [type, tag] = this.#operands.variant(operand, isGeneric);
    const fields = fieldsOf(type, tag);
    switch (opcode) {
      case op.PackVariant:
      case op.PackVariantGeneric:
        for (const field of fields.toReversed()) this.#popAs(field, 'PACK_TYPE_MISMATCH_ERROR');
        this.#push(type);
        return this.#emit(run.PackVariant, fields.length, tag, { type });
      case op.UnpackVariant:
      case op.UnpackVariantGeneric:
        this.#popAs(type, 'UNPACK_TYPE_MISMATCH_ERROR');
        for (const field of fields) this.#push(field);
        return this.#emit(run.UnpackVariant, fields.length, tag);
      default: {
        const isMutable = opcode === op.UnpackVariantMutRef || opcode === op.UnpackVariantGenericMutRef;
        const reference = this.#popReference(isMutable, 'UNPACK_TYPE_MISMATCH_ERROR');
        if (!equalTypes(reference.to, type))
          this.#fail('UNPACK_TYPE_MISMATCH_ERROR', 'is about another enum');
        for (const field of fields) this.#push(referenceType(field, isMutable));
        return this.#emit(run.UnpackVariantRef, fields.length, tag);
      }
    }
  }

  #call(operand: number, isGeneric: boolean): void {
    const inst = isGeneric ? this.#module.functionInsts[operand] : undefined;
    const handleIndex = isGeneric ? (inst?.of ?? 0) : operand;
    const handle = this.#module.functionHandles[handleIndex];
    if (handle === undefined) return this.#fail('INDEX_OUT_OF_BOUNDS', 'names no function');
    const typeArgs = inst === undefined ? [] : this.#operands.signature(inst.typeArgs);
    checkConstraints(handle.typeParameters, typeArgs, this.#constraints);
    const parameters = this.#operands.signature(handle.parameters);
    for (const parameter of parameters.toReversed()) {
      this.#popAs(substitute(parameter, typeArgs), 'CALL_TYPE_MISMATCH_ERROR');
    }
    for (const type of this.#operands.signature(handle.returns)) this.#push(substitute(type, typeArgs));
    this.#emit(isGeneric ? run.CallGeneric : run.Call, parameters.length, 0, {
      handle: handleIndex,
      typeArgs,
    });
  }

  #vector(opcode: number, operand: number): void {
    const element = this.#operands.signature(operand)[0] as Type;
    if (element.kind === 'reference') this.#fail('INVALID_SIGNATURE_TOKEN', 'has references as elements');
    const vector = vectorType(element);
    const borrowed = (mutable: boolean): void => {
      const { to } = this.#popReference(mutable, 'TYPE_MISMATCH');
      if (!equalTypes(to, vector)) this.#fail('TYPE_MISMATCH', 'is about another vector');
    };
    const index = (): void => this.#popAs(primitiveType.u64, 'TYPE_MISMATCH');
    const count = Number(this.#code.wide.get(this.pc) ?? 0n);
    switch (opcode) {
      case op.VecPack:
        if (count > this.#stack.length)
          this.#fail('NEGATIVE_STACK_SIZE_WITHIN_BLOCK', 'takes too many values');
        for (let i = 0; i < count; i++) this.#popAs(element, 'TYPE_MISMATCH');
        this.#push(vector);
        return this.#emit(run.VecPack, count, 0, { type: element });
      case op.VecUnpack:
        this.#popAs(vector, 'TYPE_MISMATCH');
        if (count > maxStack) this.#fail('VALUE_STACK_OVERFLOW', 'gives too many values');
        for (let i = 0; i < count; i++) this.#push(element);
        return this.#emit(run.VecUnpack, count);
      case op.VecLen:
        borrowed(false);
        this.#push(primitiveType.u64);
        return this.#emit(run.VecLen);
      case op.VecImmBorrow:
      case op.VecMutBorrow:
        index();
        borrowed(opcode === op.VecMutBorrow);
        this.#push(referenceType(element, opcode === op.VecMutBorrow));
        return this.#emit(run.VecBorrow);
      case op.VecPushBack:
        this.#popAs(element, 'TYPE_MISMATCH');
        borrowed(true);
        return this.#emit(run.VecPushBack);
      case op.VecPopBack:
        borrowed(true);
        this.#push(element);
        return this.#emit(run.VecPopBack);
      default:
        index();
        index();
        borrowed(true);
        return this.#emit(run.VecSwap);
    }
  }

  #plain(opcode: number): void {
    const pair = arithmetic[opcode];
    if (pair !== undefined) return this.#arithmetic(opcode, pair);
    const target = casts[opcode];
    if (target !== undefined) {
      this.#popInteger();
      this.#push(primitiveType[target]);
      return small.includes(target)
        ? this.#emit(run.CastSmall, Number(integers[target].max))
        : this.#emit(run.CastBig, integers[target].bits);
    }
    const comparison = comparisons[opcode];
    if (comparison !== undefined) {
      this.#popAs(this.#popInteger(), 'INTEGER_OP_TYPE_MISMATCH_ERROR');
      this.#push(primitiveType.bool);
      return this.#emit(comparison);
    }
    switch (opcode) {
      case op.Pop:
        if (!this.#can(this.#pop(), ability.drop)) this.#fail('POP_WITHOUT_DROP_ABILITY', 'loses a value');
        return this.#emit(run.Pop);
      case op.Ret:
        for (const type of this.#returns.toReversed()) this.#popAs(type, 'RET_TYPE_MISMATCH_ERROR');
        for (const [local, type] of this.#locals.entries()) {
          if (this.#available[local] !== availability.no && !this.#can(type, ability.drop)) {
            this.#fail('UNSAFE_RET_UNUSED_VALUES_WITHOUT_DROP', `loses local ${local}`);
          }
        }
        return this.#emit(run.Ret);
      case op.LdTrue:
      case op.LdFalse:
        this.#push(primitiveType.bool);
        return this.#emit(run.Load, 0, 0, { value: opcode === op.LdTrue });
      case op.ReadRef: {
        const { to } = this.#popReference(false, 'READREF_TYPE_MISMATCH_ERROR');
        if (!this.#can(to, ability.copy)) this.#fail('READREF_WITHOUT_COPY_ABILITY', 'copies what cannot be');
        this.#push(to);
        return this.#emit(run.ReadRef);
      }
      case op.WriteRef: {
        const { to } = this.#popReference(true, 'WRITEREF_NO_MUTABLE_REFERENCE_ERROR');
        if (!this.#can(to, ability.drop))
          this.#fail('WRITEREF_WITHOUT_DROP_ABILITY', 'overwrites what must stay');
        this.#popAs(to, 'WRITEREF_TYPE_MISMATCH_ERROR');
        return this.#emit(run.WriteRef);
      }
      case op.FreezeRef: {
        const { to } = this.#popReference(true, 'FREEZEREF_TYPE_MISMATCH_ERROR');
        this.#push(referenceType(to, false));
        return this.#emit(run.FreezeRef);
      }
      case op.And:
      case op.Or:
        this.#popAs(primitiveType.bool, 'BOOLEAN_OP_TYPE_MISMATCH_ERROR');
        this.#popAs(primitiveType.bool, 'BOOLEAN_OP_TYPE_MISMATCH_ERROR');
        this.#push(primitiveType.bool);
        return this.#emit(opcode === op.And ? run.And : run.Or);
      case op.Not:
        this.#popAs(primitiveType.bool, 'BOOLEAN_OP_TYPE_MISMATCH_ERROR');
        this.#push(primitiveType.bool);
        return this.#emit(run.Not);
      case op.Eq:
      case op.Neq:
        return this.#equality(opcode === op.Neq);
      case op.Abort:
        this.#popAs(primitiveType.u64, 'ABORT_TYPE_MISMATCH_ERROR');
        return this.#emit(run.Abort);
      default:
        return this.#emit(run.Nop);
    }
  }

  #equality(isNegated: boolean): void {
    const type = this.#pop();
    this.#popAs(type, 'EQUALITY_OP_TYPE_MISMATCH_ERROR');
    if (!this.#can(type, ability.drop))
      this.#fail('EQUALITY_OP_TYPE_MISMATCH_ERROR', 'compares what cannot be dropped');
    this.#push(primitiveType.bool);
    if (isNegated) return this.#emit(run.Neq);
    const isInteger = type.kind in integers || type.kind === 'bool';
    return this.#emit(type.kind === 'reference' ? run.EqRef : isInteger ? run.EqPrimitive : run.Eq);
  }

  #arithmetic(opcode: number, [smallOp, bigOp]: readonly [number, number]): void {
    const isShift = opcode === op.Shl || opcode === op.Shr;
    if (isShift) this.#popAs(primitiveType.u8, 'INTEGER_OP_TYPE_MISMATCH_ERROR');
    const type = this.#popInteger();
    if (!isShift) this.#popAs(type, 'INTEGER_OP_TYPE_MISMATCH_ERROR');
    this.#push(type);
    const { bits, max } = integers[type.kind];
    const isSmall = small.includes(type.kind);
    this.#emit(isSmall ? smallOp : bigOp, isSmall ? Number(max) : 0, bits);
  }
}
