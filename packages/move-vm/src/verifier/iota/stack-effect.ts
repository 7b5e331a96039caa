import { op, type Code, type CompiledModule } from '../../binary/format.ts';
import type { FunctionCode } from '../../loader/packages.ts';

/** Values an instruction takes from the stack and puts on it. */
export interface StackEffect {
  readonly pops: number;
  readonly pushes: number;
}

const byCount: readonly (readonly [pops: number, pushes: number, opcodes: readonly number[]])[] = [
  [0, 0, [op.Branch, op.Nop]],
  [1, 0, [op.Pop, op.StLoc, op.BrTrue, op.BrFalse, op.Abort, op.VariantSwitch]],
  [0, 1, [op.LdTrue, op.LdFalse, op.LdU8, op.LdU16, op.LdU32, op.LdU64, op.LdU128, op.LdU256, op.LdConst]],
  [0, 1, [op.CopyLoc, op.MoveLoc, op.MutBorrowLoc, op.ImmBorrowLoc]],
  [1, 1, [op.FreezeRef, op.ReadRef, op.Not, op.VecLen, op.VecPopBack]],
  [1, 1, [op.CastU8, op.CastU16, op.CastU32, op.CastU64, op.CastU128, op.CastU256]],
  [1, 1, [op.MutBorrowField, op.MutBorrowFieldGeneric, op.ImmBorrowField, op.ImmBorrowFieldGeneric]],
  [
    2,
    1,
    [op.Add, op.Sub, op.Mul, op.Mod, op.Div, op.BitOr, op.BitAnd, op.Xor, op.Shl, op.Shr, op.Or, op.And],
  ],
  [2, 1, [op.Eq, op.Neq, op.Lt, op.Gt, op.Le, op.Ge, op.VecImmBorrow, op.VecMutBorrow]],
  [2, 0, [op.WriteRef, op.VecPushBack]],
  [3, 0, [op.VecSwap]],
];

const fixed: readonly (StackEffect | undefined)[] = (() => {
  const effects = Array.from<StackEffect | undefined>({ length: 256 });
  for (const [pops, pushes, opcodes] of byCount)
    for (const opcode of opcodes) effects[opcode] = { pops, pushes };
  return effects;
})();

/** What the instruction at `pc` does to the height of the stack; the code has passed the type check. */
export function stackEffect(module: CompiledModule, fn: FunctionCode, code: Code, pc: number): StackEffect {
  const opcode = code.ops[pc] as number;
  const operand = code.operands[pc] as number;
  const known = fixed[opcode];
  if (known !== undefined) return known;
  const length = (signature: number | undefined): number => module.signatures[signature ?? -1]?.length ?? 0;
  const called = (handle: number | undefined): StackEffect => {
    const callee = module.functionHandles[handle ?? -1];
    return { pops: length(callee?.parameters), pushes: length(callee?.returns) };
  };
  const fieldsOfStruct = (def: number | undefined): number =>
    module.structDefs[def ?? -1]?.fields?.length ?? 0;
  const fieldsOfVariant = (def: number | undefined, tag: number | undefined): number =>
    module.enumDefs[def ?? -1]?.variants[tag ?? -1]?.fields.length ?? 0;
  const variant = module.variantHandles[operand];
  const variantInst = module.variantInsts[operand];
  const generic = (): number =>
    fieldsOfVariant(module.enumInsts[variantInst?.of ?? -1]?.of, variantInst?.member);
  switch (opcode) {
    case op.Call:
      return called(operand);
    case op.CallGeneric:
      return called(module.functionInsts[operand]?.of);
    case op.Ret:
      return { pops: length(fn.handle.returns), pushes: 0 };
    case op.Pack:
      return { pops: fieldsOfStruct(operand), pushes: 1 };
    case op.PackGeneric:
      return { pops: fieldsOfStruct(module.structInsts[operand]?.of), pushes: 1 };
    case op.Unpack:
      return { pops: 1, pushes: fieldsOfStruct(operand) };
    case op.UnpackGeneric:
      return { pops: 1, pushes: fieldsOfStruct(module.structInsts[operand]?.of) };
    case op.VecPack:
      return { pops: Number(code.wide.get(pc) ?? 0n), pushes: 1 };
    case op.VecUnpack:
      return { pops: 1, pushes: Number(code.wide.get(pc) ?? 0n) };
    case op.PackVariant:
      return { pops: fieldsOfVariant(variant?.of, variant?.member), pushes: 1 };
    case op.PackVariantGeneric:
      return { pops: generic(), pushes: 1 };
    case op.UnpackVariantGeneric:
    case op.UnpackVariantGenericImmRef:
    case op.UnpackVariantGenericMutRef:
      return { pops: 1, pushes: generic() };
    default:
      return { pops: 1, pushes: fieldsOfVariant(variant?.of, variant?.member) };
  }
}
