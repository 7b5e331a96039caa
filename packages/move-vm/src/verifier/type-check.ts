/**
 * Checks a function's stack, types, abilities and locals, and translates it for the interpreter on the way. Bytecode
 * that passes cannot mix up kinds of values at run time, duplicate what cannot be copied or lose what cannot be
 * dropped. It does not know who calls the function; how long references live is checked after it, in `references`.
 * Source of the rules: `move-bytecode-verifier/src/{stack_usage,type_safety,locals_safety}` of IOTA.
 */
import { immediateOf, op } from '../binary/format.ts';
import { VmHalt } from '../errors.ts';
import { integers, run, type Executable } from '../interpreter/executable.ts';
import type { Loader } from '../loader/loader.ts';
import type { FunctionCode } from '../loader/packages.ts';
import { ability, primitiveType, referenceType, type Type } from '../types.ts';
import { decodeValue } from '../values/bcs.ts';
import type { Value } from '../values/value.ts';
import { CheckedFunction } from './checked-function.ts';
import { checkCall, checkStruct, checkVariant, checkVector } from './compound-instructions.ts';
import { blocksOf } from './control-flow.ts';
import { arithmetic as arithmeticOf, casts, comparisons, loads, small } from './integer-instructions.ts';
import { availability, localsAtStart } from './locals.ts';
import { checkLoops } from './loops.ts';
import { checkReferences } from './references.ts';

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
  const at = new CheckedFunction(loader, fn, code);
  try {
    checkBlocks(at);
    const executable = at.executable();
    checkReferences(loader, fn, code, executable, (pc) => {
      at.pc = pc;
    });
    return executable;
  } catch (error) {
    throw error instanceof VmHalt ? new CheckHalt(error, at.pc) : error;
  }
}

function checkBlocks(at: CheckedFunction): void {
  const blocks = blocksOf(at.code);
  checkLoops(blocks);
  const starts = localsAtStart(at.code, blocks, at.parameterCount, at.locals.length);
  for (const [index, { start, end }] of blocks.entries()) {
    const available = starts[index];
    // Instructions that nothing leads to are not translated.
    if (available === undefined) continue;
    at.available = available.slice();
    at.stack = [];
    for (at.pc = start; at.pc < end; at.pc++) instruction(at);
    at.pc = end - 1;
    if (at.stack.length > 0 && at.code.ops[at.pc] !== op.Abort) {
      throw new VmHalt('POSITIVE_STACK_SIZE_AT_BLOCK_END', `${at.stack.length} values are left on the stack`);
    }
  }
}

function instruction(at: CheckedFunction): void {
  const opcode = at.code.ops[at.pc] as number;
  const operand = at.code.operands[at.pc] as number;
  switch (immediateOf[opcode]) {
    case 'local':
      return local(at, opcode, operand);
    case 'structDefs':
    case 'structInsts':
    case 'fieldHandles':
    case 'fieldInsts':
      return checkStruct(at, opcode, operand);
    case 'variantHandles':
    case 'variantInsts':
    case 'jumpTable':
      return checkVariant(at, opcode, operand);
    case 'functionHandles':
    case 'functionInsts':
      return checkCall(at, operand, opcode === op.CallGeneric);
    case 'signature':
    case 'signatureAndCount':
      return checkVector(at, opcode, operand);
    case 'offset':
      return branch(at, opcode, operand);
    case 'none':
      return plain(at, opcode);
    default:
      return load(at, opcode, operand);
  }
}

function load(at: CheckedFunction, opcode: number, operand: number): void {
  if (opcode === op.LdConst) {
    const constant = at.module.constants[operand];
    const type = constant === undefined ? undefined : at.loader.typeOfToken(at.fn.module, constant.type);
    const value = type === undefined ? undefined : decodeValue(type, constant?.data ?? new Uint8Array());
    if (type === undefined || value === undefined) return at.fail('MALFORMED_CONSTANT_DATA', 'has no value');
    at.push(type);
    return at.emit(run.LoadConst, 0, constant?.data.length ?? 0, { value });
  }
  const kind = loads[opcode] as keyof typeof integers;
  const value: Value = small.includes(kind) ? operand : (at.code.wide.get(at.pc) as bigint);
  at.push(primitiveType[kind]);
  at.emit(run.Load, 0, 0, { value });
}

function branch(at: CheckedFunction, opcode: number, operand: number): void {
  if (opcode !== op.Branch) at.popAs(primitiveType.bool, 'BR_TYPE_MISMATCH_ERROR');
  const instruction = opcode === op.Branch ? run.Branch : opcode === op.BrTrue ? run.BrTrue : run.BrFalse;
  at.emit(instruction, operand);
}

function local(at: CheckedFunction, opcode: number, local: number): void {
  const type = at.locals[local] as Type;
  const isReference = type.kind === 'reference';
  switch (opcode) {
    case op.CopyLoc:
      at.requireAvailable(local, 'COPYLOC_UNAVAILABLE_ERROR');
      if (!at.can(type, ability.copy)) at.fail('COPYLOC_WITHOUT_COPY_ABILITY', 'copies what cannot be');
      at.push(type);
      return at.emit(isReference ? run.CopyRefLoc : run.CopyLoc, local);
    case op.MoveLoc:
      at.requireAvailable(local, 'MOVELOC_UNAVAILABLE_ERROR');
      at.available[local] = availability.no;
      at.push(type);
      return at.emit(isReference ? run.MoveRefLoc : run.MoveLoc, local);
    case op.StLoc:
      at.popAs(type, 'STLOC_TYPE_MISMATCH_ERROR');
      if (at.available[local] !== availability.no && !at.can(type, ability.drop)) {
        at.fail('STLOC_UNSAFE_TO_DESTROY_ERROR', 'overwrites what cannot be dropped');
      }
      at.available[local] = availability.yes;
      return at.emit(run.StLoc, local);
    default:
      if (isReference) at.fail('BORROWLOC_REFERENCE_ERROR', 'borrows a reference');
      at.requireAvailable(local, 'BORROWLOC_UNAVAILABLE_ERROR');
      at.push(referenceType(type, opcode === op.MutBorrowLoc));
      return at.emit(run.BorrowLoc, local);
  }
}

function plain(at: CheckedFunction, opcode: number): void {
  const pair = arithmeticOf[opcode];
  if (pair !== undefined) return arithmetic(at, opcode, pair);
  const target = casts[opcode];
  if (target !== undefined) {
    at.popInteger();
    at.push(primitiveType[target]);
    return small.includes(target)
      ? at.emit(run.CastSmall, Number(integers[target].max))
      : at.emit(run.CastBig, integers[target].bits);
  }
  const comparison = comparisons[opcode];
  if (comparison !== undefined) {
    at.popAs(at.popInteger(), 'INTEGER_OP_TYPE_MISMATCH_ERROR');
    at.push(primitiveType.bool);
    return at.emit(comparison);
  }
  switch (opcode) {
    case op.Pop:
      if (!at.can(at.pop(), ability.drop)) at.fail('POP_WITHOUT_DROP_ABILITY', 'loses a value');
      return at.emit(run.Pop);
    case op.Ret:
      for (const type of at.returns.toReversed()) at.popAs(type, 'RET_TYPE_MISMATCH_ERROR');
      for (const [local, type] of at.locals.entries()) {
        if (at.available[local] !== availability.no && !at.can(type, ability.drop)) {
          at.fail('UNSAFE_RET_UNUSED_VALUES_WITHOUT_DROP', `loses local ${local}`);
        }
      }
      return at.emit(run.Ret);
    case op.LdTrue:
    case op.LdFalse:
      at.push(primitiveType.bool);
      return at.emit(run.Load, 0, 0, { value: opcode === op.LdTrue });
    case op.ReadRef: {
      const { to } = at.popReference(false, 'READREF_TYPE_MISMATCH_ERROR');
      if (!at.can(to, ability.copy)) at.fail('READREF_WITHOUT_COPY_ABILITY', 'copies what cannot be');
      at.push(to);
      return at.emit(run.ReadRef);
    }
    case op.WriteRef: {
      const { to } = at.popReference(true, 'WRITEREF_NO_MUTABLE_REFERENCE_ERROR');
      if (!at.can(to, ability.drop)) at.fail('WRITEREF_WITHOUT_DROP_ABILITY', 'overwrites what must stay');
      at.popAs(to, 'WRITEREF_TYPE_MISMATCH_ERROR');
      return at.emit(run.WriteRef);
    }
    case op.FreezeRef: {
      const { to } = at.popReference(true, 'FREEZEREF_TYPE_MISMATCH_ERROR');
      at.push(referenceType(to, false));
      return at.emit(run.FreezeRef);
    }
    case op.And:
    case op.Or:
      at.popAs(primitiveType.bool, 'BOOLEAN_OP_TYPE_MISMATCH_ERROR');
      at.popAs(primitiveType.bool, 'BOOLEAN_OP_TYPE_MISMATCH_ERROR');
      at.push(primitiveType.bool);
      return at.emit(opcode === op.And ? run.And : run.Or);
    case op.Not:
      at.popAs(primitiveType.bool, 'BOOLEAN_OP_TYPE_MISMATCH_ERROR');
      at.push(primitiveType.bool);
      return at.emit(run.Not);
    case op.Eq:
    case op.Neq:
      return equality(at, opcode === op.Neq);
    case op.Abort:
      at.popAs(primitiveType.u64, 'ABORT_TYPE_MISMATCH_ERROR');
      return at.emit(run.Abort);
    default:
      return at.emit(run.Nop);
  }
}

function equality(at: CheckedFunction, isNegated: boolean): void {
  const type = at.pop();
  at.popAs(type, 'EQUALITY_OP_TYPE_MISMATCH_ERROR');
  if (!at.can(type, ability.drop))
    at.fail('EQUALITY_OP_TYPE_MISMATCH_ERROR', 'compares what cannot be dropped');
  at.push(primitiveType.bool);
  if (isNegated) return at.emit(run.Neq);
  const isInteger = type.kind in integers || type.kind === 'bool';
  return at.emit(type.kind === 'reference' ? run.EqRef : isInteger ? run.EqPrimitive : run.Eq);
}

function arithmetic(at: CheckedFunction, opcode: number, [smallOp, bigOp]: readonly [number, number]): void {
  const isShift = opcode === op.Shl || opcode === op.Shr;
  if (isShift) at.popAs(primitiveType.u8, 'INTEGER_OP_TYPE_MISMATCH_ERROR');
  const type = at.popInteger();
  if (!isShift) at.popAs(type, 'INTEGER_OP_TYPE_MISMATCH_ERROR');
  at.push(type);
  const { bits, max } = integers[type.kind];
  const isSmall = small.includes(type.kind);
  at.emit(isSmall ? smallOp : bigOp, isSmall ? Number(max) : 0, bits);
}
