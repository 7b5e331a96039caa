import { immediateOf, opName, type Code, type CompiledModule, type Token } from '../binary/format.ts';

/**
 * What a function does, spelled without the indexes of its module's tables, so that two modules can be compared:
 * one text for each instruction. Locals are numbers; their types show in what is done to them.
 */
export function normalizedCode(module: CompiledModule, code: Code): readonly string[] {
  const names = new Names(module);
  return [...code.ops].map((opcode, pc) => {
    const operand = code.operands[pc] as number;
    const name = opName[opcode] ?? '';
    switch (immediateOf[opcode]) {
      case 'none':
        return name;
      case 'u64':
      case 'u128':
      case 'u256':
        return `${name} ${code.wide.get(pc)}`;
      case 'constants': {
        const constant = module.constants[operand];
        return constant === undefined
          ? name
          : `${name} ${names.type(constant.type)} ${constant.data.toHex()}`;
      }
      case 'signature':
        return `${name} ${names.types(operand)}`;
      case 'signatureAndCount':
        return `${name} ${names.types(operand)} ${code.wide.get(pc)}`;
      case 'fieldHandles':
        return `${name} ${names.field(operand)}`;
      case 'fieldInsts': {
        const inst = module.fieldInsts[operand];
        return `${name} ${names.field(inst?.of)} ${names.types(inst?.typeArgs)}`;
      }
      case 'functionHandles':
        return `${name} ${names.callee(operand)}`;
      case 'functionInsts': {
        const inst = module.functionInsts[operand];
        return `${name} ${names.callee(inst?.of)} ${names.types(inst?.typeArgs)}`;
      }
      case 'structDefs':
        return `${name} ${names.struct(operand)}`;
      case 'structInsts': {
        const inst = module.structInsts[operand];
        return `${name} ${names.struct(inst?.of)} ${names.types(inst?.typeArgs)}`;
      }
      case 'variantHandles': {
        const variant = module.variantHandles[operand];
        return `${name} ${names.enum(variant?.of)} ${variant?.member}`;
      }
      case 'variantInsts': {
        const variant = module.variantInsts[operand];
        const inst = module.enumInsts[variant?.of ?? -1];
        return `${name} ${names.enum(inst?.of)} ${names.types(inst?.typeArgs)} ${variant?.member}`;
      }
      case 'jumpTable': {
        const table = code.jumpTables[operand];
        return `${name} ${names.enum(table?.enumDef)} ${table?.offsets.join()}`;
      }
      default:
        return `${name} ${operand}`;
    }
  });
}

/** Spells what indexes of a module's tables stand for. Bytes that decode have no index without an entry. */
class Names {
  readonly #module: CompiledModule;

  constructor(module: CompiledModule) {
    this.#module = module;
  }

  types(signature: number | undefined): string {
    const types = this.#module.signatures[signature ?? -1] ?? [];
    return `<${types.map((type) => this.type(type)).join()}>`;
  }

  type(token: Token): string {
    switch (token.kind) {
      case 'vector':
        return `vector<${this.type(token.element)}>`;
      case 'reference':
        return `&${token.mutable ? 'mut ' : ''}${this.type(token.to)}`;
      case 'typeParameter':
        return `T${token.index}`;
      case 'datatype':
        return `${this.#datatype(token.handle)}<${token.typeArgs.map((arg) => this.type(arg)).join()}>`;
      default:
        return token.kind;
    }
  }

  callee(handle: number | undefined): string {
    const callee = this.#module.functionHandles[handle ?? -1];
    return `${this.#owner(callee?.module)}::${callee?.name}`;
  }

  struct(def: number | undefined): string {
    return this.#datatype(this.#module.structDefs[def ?? -1]?.handle);
  }

  enum(def: number | undefined): string {
    return this.#datatype(this.#module.enumDefs[def ?? -1]?.handle);
  }

  field(handle: number | undefined): string {
    const field = this.#module.fieldHandles[handle ?? -1];
    return `${this.struct(field?.of)}.${field?.member}`;
  }

  #datatype(handle: number | undefined): string {
    const datatype = this.#module.datatypeHandles[handle ?? -1];
    return `${this.#owner(datatype?.module)}::${datatype?.name}`;
  }

  #owner(handle: number | undefined): string {
    const owner = this.#module.moduleHandles[handle ?? -1];
    return `${owner?.address}::${owner?.name}`;
  }
}
