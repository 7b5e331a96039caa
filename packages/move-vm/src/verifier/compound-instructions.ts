/** The instructions about structs, enums, vectors and calls: what they take from the stack and what they leave on it. */
import { immediateOf, op } from '../binary/format.ts';
import { run } from '../interpreter/executable.ts';
import { checkConstraints } from '../loader/abilities.ts';
import { substitute } from '../loader/instantiate.ts';
import { equalTypes, primitiveType, referenceType, vectorType, type Type } from '../types.ts';
import { maxStack, type CheckedFunction } from './checked-function.ts';
import { fieldsOf } from './operands.ts';

/** Packing and unpacking structs, borrowing their fields. */
export function checkStruct(at: CheckedFunction, opcode: number, operand: number): void {
  if (opcode === op.Pack || opcode === op.PackGeneric) {
    const type = at.operands.struct(operand, opcode === op.PackGeneric);
    const fields = fieldsOf(type, 0);
    for (const field of fields.toReversed()) at.popAs(field, 'PACK_TYPE_MISMATCH_ERROR');
    at.push(type);
    return at.emit(run.Pack, fields.length, 0, { type });
  }
  if (opcode === op.Unpack || opcode === op.UnpackGeneric) {
    const type = at.operands.struct(operand, opcode === op.UnpackGeneric);
    at.popAs(type, 'UNPACK_TYPE_MISMATCH_ERROR');
    const fields = fieldsOf(type, 0);
    for (const field of fields) at.push(field);
    return at.emit(run.Unpack, fields.length);
  }
  const isMutable = opcode === op.MutBorrowField || opcode === op.MutBorrowFieldGeneric;
  const isGeneric = opcode === op.MutBorrowFieldGeneric || opcode === op.ImmBorrowFieldGeneric;
  const [type, member] = at.operands.field(operand, isGeneric);
  const reference = at.popReference(isMutable, 'BORROWFIELD_TYPE_MISMATCH_ERROR');
  const field = fieldsOf(type, 0)[member];
  if (field === undefined || !equalTypes(reference.to, type)) {
    return at.fail('BORROWFIELD_TYPE_MISMATCH_ERROR', 'is about another struct');
  }
  at.push(referenceType(field, isMutable));
  at.emit(run.BorrowField, member);
}

/** Enums: the same for variants, and switching on them. */
export function checkVariant(at: CheckedFunction, opcode: number, operand: number): void {
  if (opcode === op.VariantSwitch) {
    const jumpTable = at.code.jumpTables[operand];
    const def = at.module.enumDefs[jumpTable?.enumDef ?? 0];
    const { to } = at.popReference(false, 'ENUM_TYPE_MISMATCH');
    if (jumpTable === undefined || def === undefined || to.kind !== 'datatype') {
      return at.fail('ENUM_TYPE_MISMATCH', 'expects a reference to an enum');
    }
    if (at.loader.datatypeOfHandle(at.fn.module, def.handle).key !== to.datatype.key) {
      return at.fail('ENUM_TYPE_MISMATCH', 'is about another enum');
    }
    if (jumpTable.offsets.length !== def.variants.length) {
      return at.fail('INVALID_ENUM_SWITCH', 'does not cover all variants');
    }
    return at.emit(run.VariantSwitch, 0, 0, { offsets: jumpTable.offsets });
  }
  const isGeneric = immediateOf[opcode] === 'variantInsts';
  const [type, tag] = at.operands.variant(operand, isGeneric);
  const fields = fieldsOf(type, tag);
  switch (opcode) {
    case op.PackVariant:
    case op.PackVariantGeneric:
      for (const field of fields.toReversed()) at.popAs(field, 'PACK_TYPE_MISMATCH_ERROR');
      at.push(type);
      return at.emit(run.PackVariant, fields.length, tag, { type });
    case op.UnpackVariant:
    case op.UnpackVariantGeneric:
      at.popAs(type, 'UNPACK_TYPE_MISMATCH_ERROR');
      for (const field of fields) at.push(field);
      return at.emit(run.UnpackVariant, fields.length, tag);
    default: {
      const isMutable = opcode === op.UnpackVariantMutRef || opcode === op.UnpackVariantGenericMutRef;
      const reference = at.popReference(isMutable, 'UNPACK_TYPE_MISMATCH_ERROR');
      if (!equalTypes(reference.to, type)) at.fail('UNPACK_TYPE_MISMATCH_ERROR', 'is about another enum');
      for (const field of fields) at.push(referenceType(field, isMutable));
      return at.emit(run.UnpackVariantRef, fields.length, tag);
    }
  }
}

export function checkCall(at: CheckedFunction, operand: number, isGeneric: boolean): void {
  const inst = isGeneric ? at.module.functionInsts[operand] : undefined;
  const handleIndex = isGeneric ? (inst?.of ?? 0) : operand;
  const handle = at.module.functionHandles[handleIndex];
  if (handle === undefined) return at.fail('INDEX_OUT_OF_BOUNDS', 'names no function');
  const typeArgs = inst === undefined ? [] : at.operands.signature(inst.typeArgs);
  checkConstraints(handle.typeParameters, typeArgs, at.constraints);
  const parameters = at.operands.signature(handle.parameters);
  for (const parameter of parameters.toReversed()) {
    at.popAs(substitute(parameter, typeArgs), 'CALL_TYPE_MISMATCH_ERROR');
  }
  for (const type of at.operands.signature(handle.returns)) at.push(substitute(type, typeArgs));
  at.emit(isGeneric ? run.CallGeneric : run.Call, parameters.length, 0, {
    handle: handleIndex,
    typeArgs,
  });
}

export function checkVector(at: CheckedFunction, opcode: number, operand: number): void {
  const element = at.operands.signature(operand)[0] as Type;
  if (element.kind === 'reference') at.fail('INVALID_SIGNATURE_TOKEN', 'has references as elements');
  const vector = vectorType(element);
  const borrowed = (mutable: boolean): void => {
    const { to } = at.popReference(mutable, 'TYPE_MISMATCH');
    if (!equalTypes(to, vector)) at.fail('TYPE_MISMATCH', 'is about another vector');
  };
  const index = (): void => at.popAs(primitiveType.u64, 'TYPE_MISMATCH');
  const count = Number(at.code.wide.get(at.pc) ?? 0n);
  switch (opcode) {
    case op.VecPack:
      if (count > at.stack.length) at.fail('NEGATIVE_STACK_SIZE_WITHIN_BLOCK', 'takes too many values');
      for (let i = 0; i < count; i++) at.popAs(element, 'TYPE_MISMATCH');
      at.push(vector);
      return at.emit(run.VecPack, count, 0, { type: element });
    case op.VecUnpack:
      at.popAs(vector, 'TYPE_MISMATCH');
      if (count > maxStack) at.fail('VALUE_STACK_OVERFLOW', 'gives too many values');
      for (let i = 0; i < count; i++) at.push(element);
      return at.emit(run.VecUnpack, count);
    case op.VecLen:
      borrowed(false);
      at.push(primitiveType.u64);
      return at.emit(run.VecLen);
    case op.VecImmBorrow:
    case op.VecMutBorrow:
      index();
      borrowed(opcode === op.VecMutBorrow);
      at.push(referenceType(element, opcode === op.VecMutBorrow));
      return at.emit(run.VecBorrow);
    case op.VecPushBack:
      at.popAs(element, 'TYPE_MISMATCH');
      borrowed(true);
      return at.emit(run.VecPushBack);
    case op.VecPopBack:
      borrowed(true);
      at.push(element);
      return at.emit(run.VecPopBack);
    default:
      index();
      index();
      borrowed(true);
      return at.emit(run.VecSwap);
  }
}
