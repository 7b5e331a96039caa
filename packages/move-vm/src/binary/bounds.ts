import { VmHalt } from '../errors.ts';
import { immediateOf, opName, type Code, type CompiledModule, type Token } from './format.ts';

/**
 * Checks that every index of a module points to something and that type arguments are as many as parameters, so that
 * nothing after it has to.
 * @throws VmHalt INDEX_OUT_OF_BOUNDS, NUMBER_OF_TYPE_ARGUMENTS_MISMATCH and others of verification
 */
export function checkBounds(module: CompiledModule): void {
  const within = (index: number, entries: { readonly length: number }, what: string): void => {
    if (index >= entries.length) {
      throw new VmHalt('INDEX_OUT_OF_BOUNDS', `${what}: ${index} of ${entries.length}`);
    }
  };
  const checkToken = (token: Token, typeParameters: number): void => {
    switch (token.kind) {
      case 'vector':
        return checkToken(token.element, typeParameters);
      case 'reference':
        return checkToken(token.to, typeParameters);
      case 'typeParameter':
        if (token.index >= typeParameters) {
          throw new VmHalt('INDEX_OUT_OF_BOUNDS', `type parameter ${token.index} of ${typeParameters}`);
        }
        return;
      case 'datatype': {
        within(token.handle, module.datatypeHandles, 'datatype handles');
        const expected = module.datatypeHandles[token.handle]?.typeParameters.length;
        if (token.typeArgs.length !== expected) {
          throw new VmHalt(
            'NUMBER_OF_TYPE_ARGUMENTS_MISMATCH',
            `${token.typeArgs.length} type arguments instead of ${expected}`,
          );
        }
        for (const arg of token.typeArgs) checkToken(arg, typeParameters);
        return;
      }
      default:
    }
  };
  const checkCode = (code: Code, parameters: readonly Token[], typeParameters: number): void => {
    within(code.locals, module.signatures, 'signatures');
    const locals = module.signatures[code.locals] ?? [];
    for (const token of locals) checkToken(token, typeParameters);
    if (code.ops.length === 0) throw new VmHalt('EMPTY_CODE_UNIT', 'a function has no instructions');
    const localCount = parameters.length + locals.length;
    if (localCount > 255) throw new VmHalt('TOO_MANY_LOCALS', `${localCount} of at most 255 locals`);
    for (const { enumDef, offsets } of code.jumpTables) {
      within(enumDef, module.enumDefs, 'enum definitions');
      for (const offset of offsets) within(offset, code.ops, 'instructions');
    }
    for (let pc = 0; pc < code.ops.length; pc++) {
      const opcode = code.ops[pc] as number;
      const operand = code.operands[pc] as number;
      const immediate = immediateOf[opcode];
      switch (immediate) {
        case 'local':
          within(operand, { length: localCount }, 'locals');
          break;
        case 'offset':
          within(operand, code.ops, 'instructions');
          break;
        case 'jumpTable':
          within(operand, code.jumpTables, 'jump tables');
          break;
        case 'signature':
        case 'signatureAndCount': {
          within(operand, module.signatures, 'signatures');
          const tokens = module.signatures[operand] ?? [];
          if (tokens.length !== 1) {
            throw new VmHalt('INVALID_SIGNATURE_TOKEN', `${opName[opcode]} needs one element type`);
          }
          for (const token of tokens) checkToken(token, typeParameters);
          break;
        }
        case 'functionInsts':
        case 'structInsts':
        case 'fieldInsts': {
          within(operand, module[immediate], immediate);
          const typeArgs = module[immediate][operand]?.typeArgs ?? 0;
          for (const token of module.signatures[typeArgs] ?? []) checkToken(token, typeParameters);
          break;
        }
        case 'variantInsts': {
          within(operand, module.variantInsts, immediate);
          const enumInst = module.enumInsts[module.variantInsts[operand]?.of ?? 0];
          for (const token of module.signatures[enumInst?.typeArgs ?? 0] ?? []) {
            checkToken(token, typeParameters);
          }
          break;
        }
        case 'constants':
        case 'fieldHandles':
        case 'functionHandles':
        case 'structDefs':
        case 'variantHandles':
          within(operand, module[immediate], immediate);
          break;
        default:
      }
    }
  };

  within(module.self, module.moduleHandles, 'module handles');
  for (const handle of module.datatypeHandles) within(handle.module, module.moduleHandles, 'module handles');
  for (const handle of module.functionHandles) {
    within(handle.module, module.moduleHandles, 'module handles');
    within(handle.parameters, module.signatures, 'signatures');
    within(handle.returns, module.signatures, 'signatures');
    for (const token of [
      ...(module.signatures[handle.parameters] ?? []),
      ...(module.signatures[handle.returns] ?? []),
    ]) {
      checkToken(token, handle.typeParameters.length);
    }
  }
  for (const { type } of module.constants) checkToken(type, 0);
  for (const { handle, fields } of module.structDefs) {
    within(handle, module.datatypeHandles, 'datatype handles');
    const typeParameters = module.datatypeHandles[handle]?.typeParameters.length ?? 0;
    for (const { type } of fields ?? []) checkToken(type, typeParameters);
  }
  for (const { handle, variants } of module.enumDefs) {
    within(handle, module.datatypeHandles, 'datatype handles');
    const typeParameters = module.datatypeHandles[handle]?.typeParameters.length ?? 0;
    for (const { fields } of variants) for (const { type } of fields) checkToken(type, typeParameters);
  }
  const instantiations = [
    [module.functionInsts, module.functionHandles],
    [module.structInsts, module.structDefs],
    [module.fieldInsts, module.fieldHandles],
    [module.enumInsts, module.enumDefs],
  ] as const;
  for (const [insts, targets] of instantiations) {
    for (const { of, typeArgs } of insts) {
      within(of, targets, 'definitions');
      within(typeArgs, module.signatures, 'signatures');
    }
  }
  for (const { of, member } of module.fieldHandles) {
    within(of, module.structDefs, 'struct definitions');
    within(member, module.structDefs[of]?.fields ?? [], 'fields');
  }
  for (const { of, member } of module.variantHandles) {
    within(of, module.enumDefs, 'enum definitions');
    within(member, module.enumDefs[of]?.variants ?? [], 'variants');
  }
  for (const { of, member } of module.variantInsts) {
    within(of, module.enumInsts, 'enum instantiations');
    within(member, module.enumDefs[module.enumInsts[of]?.of ?? 0]?.variants ?? [], 'variants');
  }
  for (const { handle, code } of module.functionDefs) {
    within(handle, module.functionHandles, 'function handles');
    const { parameters, typeParameters } = module.functionHandles[handle] ?? {
      parameters: 0,
      typeParameters: [],
    };
    if (code !== null) checkCode(code, module.signatures[parameters] ?? [], typeParameters.length);
  }
}
