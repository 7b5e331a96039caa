import type { CompiledModule } from '../binary/format.ts';
import { VmHalt } from '../errors.ts';
import { checkConstraints } from '../loader/abilities.ts';
import { substitute } from '../loader/instantiate.ts';
import type { Loader } from '../loader/loader.ts';
import type { FunctionCode } from '../loader/packages.ts';
import type { Type } from '../types.ts';

/** A struct or an enum with its type arguments. */
export type DatatypeType = Type & { readonly kind: 'datatype' };

/** Types of a variant's fields, or of a struct's with tag 0, with the type arguments put in. */
export function fieldsOf(type: DatatypeType, tag: number): readonly Type[] {
  return (type.datatype.variants[tag]?.fields ?? []).map((field) => substitute(field.type, type.typeArgs));
}

/** What the operands of a function's instructions mean: indexes into the tables of its module. */
export class Operands {
  readonly #loader: Loader;
  readonly #fn: FunctionCode;
  readonly #module: CompiledModule;

  constructor(loader: Loader, fn: FunctionCode) {
    this.#loader = loader;
    this.#fn = fn;
    this.#module = fn.module.compiled;
  }

  /** Types of a signature. */
  signature(index: number): readonly Type[] {
    return this.#loader.signature(this.#fn.module, index);
  }

  /** The struct of Pack, Unpack and their generic forms. @throws VmHalt of verification */
  struct(operand: number, isGeneric: boolean): DatatypeType {
    const inst = isGeneric ? this.#module.structInsts[operand] : undefined;
    return this.#structDef(isGeneric ? inst?.of : operand, inst?.typeArgs);
  }

  /** The struct of BorrowField and its other forms, and which field. @throws VmHalt of verification */
  field(operand: number, isGeneric: boolean): [DatatypeType, number] {
    const inst = isGeneric ? this.#module.fieldInsts[operand] : undefined;
    const handle = this.#module.fieldHandles[(isGeneric ? inst?.of : operand) ?? -1];
    return [this.#structDef(handle?.of, inst?.typeArgs), handle?.member ?? -1];
  }

  /** The enum of a variant instruction, and the tag. @throws VmHalt of verification */
  variant(operand: number, isGeneric: boolean): [DatatypeType, number] {
    const member = (isGeneric ? this.#module.variantInsts : this.#module.variantHandles)[operand];
    const inst = isGeneric ? this.#module.enumInsts[member?.of ?? -1] : undefined;
    const def = this.#module.enumDefs[(isGeneric ? inst?.of : member?.of) ?? -1];
    return [this.#datatype(def?.handle, inst?.typeArgs), member?.member ?? -1];
  }

  #structDef(index: number | undefined, typeArgs: number | undefined): DatatypeType {
    const def = this.#module.structDefs[index ?? -1];
    if (def?.fields === null) throw new VmHalt('TYPE_MISMATCH', 'an instruction is about a native struct');
    return this.#datatype(def?.handle, typeArgs);
  }

  #datatype(handle: number | undefined, signature: number | undefined): DatatypeType {
    if (handle === undefined) throw new VmHalt('INDEX_OUT_OF_BOUNDS', 'an operand names nothing');
    const datatype = this.#loader.datatypeOfHandle(this.#fn.module, handle);
    const typeArgs = signature === undefined ? [] : this.signature(signature);
    checkConstraints(
      datatype.typeParameters.map((parameter) => parameter.constraints),
      typeArgs,
      this.#fn.typeParameters,
    );
    return { kind: 'datatype', datatype, typeArgs };
  }
}
