/** The checks of publication. They assume nothing about who made the modules: what passes may be stored and run. */
import type { NativeTable, PackageView, PublishedModule, PublishFacts } from '../api.ts';
import type { Token } from '../binary/format.ts';
import { locateHalt, VmHalt } from '../errors.ts';
import { locationOf } from '../interpreter/interpreter.ts';
import { abilitiesOf, checkConstraints, requiredOfParts } from '../loader/abilities.ts';
import { depthFormula } from '../loader/instantiate.ts';
import { linkCall } from '../loader/link.ts';
import type { Loader } from '../loader/loader.ts';
import type { LoadedModule, LoadedPackage } from '../loader/packages.ts';
import type { Datatype, Type } from '../types.ts';
import { decodeValue } from '../values/bcs.ts';
import { checkInstantiationLoops } from './instantiation-loops.ts';
import { checkIotaRules } from './iota/rules.ts';
import { checkLimits } from './limits.ts';
import { CheckHalt, typeCheck } from './type-check.ts';

/** Modules of a package that may depend on each other in a row: `max_dependency_depth` of the protocol's configuration. */
const maxDependencyDepth = 100;

/**
 * Checks a package with its dependencies in reach.
 * @throws MoveVmError
 */
export function checkPackage(
  loader: Loader,
  view: PackageView,
  natives: NativeTable = new Map(),
): PublishFacts {
  let current: string = view.id;
  try {
    const loaded = loader.addPackage(view);
    const modules: LoadedModule[] = [];
    for (const name of view.modules.keys()) {
      current = `${view.id}::${name}`;
      modules.push(loaded.module(name) as LoadedModule);
    }
    if (modules.length === 0) throw new VmHalt('NO_MODULE_HANDLES', 'a package has at least one module');
    checkCycles(modules);
    for (const module of modules) {
      current = `${view.id}::${module.name}`;
      checkModule(loader, loaded, module, natives);
    }
    // IOTA's own passes come when all of the package is good Move.
    const published: PublishedModule[] = [];
    for (const module of modules) {
      current = `${view.id}::${module.name}`;
      published.push(checkIotaRules(loader, module));
    }
    const dependencies = modules.flatMap(({ compiled }) =>
      compiled.moduleHandles.map(({ address }) => address),
    );
    return {
      modules: published,
      dependencies: [...new Set(dependencies)].filter((address) => address !== view.originalId).toSorted(),
    };
  } catch (error) {
    if (!(error instanceof VmHalt)) throw error;
    throw locateHalt(new VmHalt(error.status, `${error.message} (in ${current})`, error.subStatus), null);
  }
}

function checkModule(loader: Loader, root: LoadedPackage, module: LoadedModule, natives: NativeTable): void {
  const { compiled } = module;
  checkLimits(compiled);
  for (const { address, name } of compiled.moduleHandles) {
    if (address !== module.address || name !== module.name) loader.linkedModule(root, address, name);
  }
  const datatypes = compiled.datatypeHandles.map((_handle, index) => loader.datatypeOfHandle(module, index));
  for (const { handle } of [...compiled.structDefs, ...compiled.enumDefs])
    checkDatatype(datatypes[handle] as Datatype);
  for (const { fields } of compiled.structDefs) {
    if (fields === null) throw new VmHalt('TYPE_MISMATCH', 'a struct is native');
  }
  for (const handle of compiled.functionHandles) {
    for (const index of [handle.parameters, handle.returns]) {
      for (const type of loader.signature(module, index)) checkType(type, handle.typeParameters, true);
    }
  }
  for (const { type, data } of compiled.constants) {
    if (!isConstantType(type)) throw new VmHalt('INVALID_CONSTANT_TYPE', 'a constant is of no constant type');
    if (decodeValue(loader.typeOfToken(module, type), data) === undefined) {
      throw new VmHalt('MALFORMED_CONSTANT_DATA', 'a constant is not a value of its type');
    }
  }
  checkInstantiationLoops(compiled);
  for (const [index] of compiled.functionHandles.entries()) linkCall(loader, root, module, index);
  for (const code of module.functions) {
    if (code.def.acquires > 0) throw new VmHalt('UNKNOWN_OPCODE', `${code.name} acquires global storage`);
    if (code.def.code === null) {
      if (!natives.has(code.key))
        throw new VmHalt('MISSING_DEPENDENCY', `the native ${code.key} does not exist`);
      continue;
    }
    for (const type of loader.signature(module, code.def.code.locals)) {
      checkType(type, code.typeParameters, true);
    }
    try {
      code.executable ??= typeCheck(loader, code);
    } catch (error) {
      throw error instanceof CheckHalt ? locateHalt(error, locationOf(code, error.instruction)) : error;
    }
  }
}

/** Fields are well-formed, able to what the datatype is, never of the datatype itself; phantom parameters stay phantom. */
function checkDatatype(datatype: Datatype): void {
  const constraints = datatype.typeParameters.map((parameter) => parameter.constraints);
  // The datatype's own abilities hold when its arguments have them, so that fields may assume that they do.
  const assumed = constraints.map(
    (constraint) => constraint | datatype.abilities | requiredOfParts(datatype.abilities),
  );
  const required = requiredOfParts(datatype.abilities);
  for (const { fields } of datatype.variants) {
    for (const { type, name } of fields) {
      checkType(type, constraints, false);
      if ((required & ~abilitiesOf(type, assumed)) !== 0) {
        throw new VmHalt('FIELD_MISSING_TYPE_ABILITY', `${datatype.key}.${name} lacks an ability`);
      }
      checkPhantom(type, datatype);
    }
  }
  depthFormula(datatype, new Set());
}

function checkPhantom(type: Type, owner: Datatype): void {
  if (type.kind === 'typeParameter' && owner.typeParameters[type.index]?.phantom === true) {
    throw new VmHalt('INVALID_PHANTOM_TYPE_PARAM_POSITION', `${owner.key} uses a phantom parameter`);
  }
  if (type.kind === 'vector') checkPhantom(type.element, owner);
  if (type.kind === 'datatype') {
    for (const [index, arg] of type.typeArgs.entries()) {
      const isPhantom = type.datatype.typeParameters[index]?.phantom === true;
      // In a phantom place a phantom parameter may stand by itself.
      if (!(isPhantom && arg.kind === 'typeParameter')) checkPhantom(arg, owner);
    }
  }
}

/** References only outermost, type arguments able to what is asked of them. */
function checkType(type: Type, constraints: readonly number[], mayBeReference: boolean): void {
  switch (type.kind) {
    case 'reference':
      if (!mayBeReference) throw new VmHalt('INVALID_SIGNATURE_TOKEN', 'a reference is inside another type');
      return checkType(type.to, constraints, false);
    case 'vector':
      return checkType(type.element, constraints, false);
    case 'datatype':
      for (const arg of type.typeArgs) checkType(arg, constraints, false);
      return checkConstraints(
        type.datatype.typeParameters.map((parameter) => parameter.constraints),
        type.typeArgs,
        constraints,
      );
    default:
  }
}

function isConstantType(token: Token): boolean {
  if (token.kind === 'vector') return isConstantType(token.element);
  return !['signer', 'reference', 'datatype', 'typeParameter'].includes(token.kind);
}

/** Modules of a package do not depend on each other in a circle, nor too deeply. */
function checkCycles(modules: readonly LoadedModule[]): void {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const depths = new Map<LoadedModule, number>();
  const visit = (module: LoadedModule, open: ReadonlySet<LoadedModule>): number => {
    const known = depths.get(module);
    if (known !== undefined) return known;
    if (open.has(module)) throw new VmHalt('CYCLIC_MODULE_DEPENDENCY', `${module.name} depends on itself`);
    if (open.size >= maxDependencyDepth) {
      throw new VmHalt('MAX_DEPENDENCY_DEPTH_REACHED', `modules depend over ${maxDependencyDepth} deep`);
    }
    let depth = 0;
    for (const { address, name } of module.compiled.moduleHandles) {
      const sibling = address === module.address && name !== module.name ? byName.get(name) : undefined;
      if (sibling !== undefined) depth = Math.max(depth, 1 + visit(sibling, new Set([...open, module])));
    }
    depths.set(module, depth);
    return depth;
  };
  for (const module of modules) visit(module, new Set());
}
