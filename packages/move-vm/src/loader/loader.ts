import type { PackageResolver, PackageView } from '../api.ts';
import type { FieldDef, Token } from '../binary/format.ts';
import { VmHalt } from '../errors.ts';
import type { Address, Datatype, Type, TypeTag } from '../types.ts';
import { checkConstraints } from './abilities.ts';
import { freeWork, workOf, type WorkMeter } from '../gas/work-meter.ts';
import type { FunctionInstance } from '../interpreter/instance.ts';
import { LoadedPackage, type FunctionCode, type LoadedModule, type PackageCache } from './packages.ts';

/** Nodes of a type tag that is accepted, as of a type that is instantiated at run time. */
export const maxTypeNodes = 128;

let sessions = 0;

/**
 * Finds packages, modules, types and functions for one transaction. Types are found through the linkage of the package
 * that names them: the defining id of a datatype is the same in every version that has it. Functions are found through
 * the linkage of the package that the transaction called.
 */
export class Loader {
  readonly #cache: PackageCache;
  readonly #resolver: PackageResolver;
  /** Packages of this session: what is linked once stays, whatever the cache drops, so that it is paid once. */
  readonly #packages = new Map<Address, LoadedPackage>();
  readonly #paid = new Set<LoadedPackage>();
  readonly work: WorkMeter;
  /** No other loader has this number. */
  readonly session: number = ++sessions;

  constructor(cache: PackageCache, resolver: PackageResolver, work: WorkMeter = freeWork) {
    this.#cache = cache;
    this.#resolver = resolver;
    this.work = work;
  }

  addPackage(view: PackageView): LoadedPackage {
    const added = new LoadedPackage(view);
    this.#packages.set(view.id, added);
    return added;
  }

  findPackage(storageId: Address): LoadedPackage | undefined {
    const known = this.#packages.get(storageId);
    if (known !== undefined) return known;
    const found = this.#cache.get(storageId, this.#resolver);
    if (found !== undefined) {
      found.forgetSurplus();
      this.#packages.set(storageId, found);
    }
    return found;
  }

  /**
   * A package that the transaction names, paid for with all it links, which may have to be decoded and checked.
   * @throws VmHalt MEMORY_LIMIT_EXCEEDED
   */
  enterPackage(storageId: Address): LoadedPackage | undefined {
    const entered = this.findPackage(storageId);
    if (entered === undefined || this.#paid.has(entered)) return entered;
    for (const id of [storageId, ...entered.view.linkage.values()]) {
      const linked = this.findPackage(id);
      if (linked === undefined || this.#paid.has(linked)) continue;
      this.#paid.add(linked);
      this.work.spend(workOf.moduleByte * linked.size);
    }
    return entered;
  }

  /** Pays for linking a function when this session calls it first. @throws VmHalt MEMORY_LIMIT_EXCEEDED */
  use(instance: FunctionInstance): void {
    if (instance.usedBy === this.session) return;
    instance.usedBy = this.session;
    this.work.spend(instance.linkWork);
  }

  /** The version of package `originalId` that `root` runs against. @throws VmHalt LINKER_ERROR */
  linkedPackage(root: LoadedPackage, originalId: Address): LoadedPackage {
    if (originalId === root.view.originalId) return root;
    const storageId = root.view.linkage.get(originalId);
    const linked = storageId === undefined ? undefined : this.findPackage(storageId);
    if (linked === undefined) {
      throw new VmHalt('LINKER_ERROR', `package ${root.view.id} has no dependency ${originalId}`);
    }
    return linked;
  }

  /** A module as `root` sees it. @throws VmHalt LINKER_ERROR */
  linkedModule(root: LoadedPackage, originalId: Address, name: string): LoadedModule {
    const module = this.linkedPackage(root, originalId).module(name);
    if (module === undefined) throw new VmHalt('LINKER_ERROR', `there is no module ${originalId}::${name}`);
    return module;
  }

  /** The function that a handle of `module` means where `root` was called. @throws VmHalt LINKER_ERROR */
  linkedFunction(root: LoadedPackage, module: LoadedModule, handleIndex: number): FunctionCode {
    const { compiled } = module;
    const handle = compiled.functionHandles[handleIndex];
    const target = compiled.moduleHandles[handle?.module ?? 0];
    if (handle === undefined || target === undefined)
      throw new VmHalt('LOOKUP_FAILED', 'no such function handle');
    const isOwn = target.address === module.address && target.name === module.name;
    const found = isOwn ? module : this.linkedModule(root, target.address, target.name);
    const code = found.functionNamed(handle.name);
    if (code === undefined) {
      throw new VmHalt(
        'LOOKUP_FAILED',
        `there is no function ${target.address}::${target.name}::${handle.name}`,
      );
    }
    return code;
  }

  /** Signature `index` of `module` with its datatypes resolved. @throws VmHalt */
  signature(module: LoadedModule, index: number): readonly Type[] {
    return (module.signatures[index] ??= (module.compiled.signatures[index] ?? []).map((token) =>
      this.typeOfToken(module, token),
    ));
  }

  typeOfToken(module: LoadedModule, token: Token): Type {
    switch (token.kind) {
      case 'vector':
        return { kind: 'vector', element: this.typeOfToken(module, token.element) };
      case 'reference':
        return { kind: 'reference', mutable: token.mutable, to: this.typeOfToken(module, token.to) };
      case 'datatype':
        return {
          kind: 'datatype',
          datatype: this.datatypeOfHandle(module, token.handle),
          typeArgs: token.typeArgs.map((arg) => this.typeOfToken(module, arg)),
        };
      default:
        return token;
    }
  }

  /** The datatype that a handle of `module` means. @throws VmHalt LINKER_ERROR, LOOKUP_FAILED, TYPE_MISMATCH */
  datatypeOfHandle(module: LoadedModule, index: number): Datatype {
    const known = module.datatypes[index];
    if (known !== undefined) return known;
    const { compiled } = module;
    const handle = compiled.datatypeHandles[index];
    const owner = compiled.moduleHandles[handle?.module ?? 0];
    if (handle === undefined || owner === undefined)
      throw new VmHalt('LOOKUP_FAILED', 'no such datatype handle');
    const linked = this.linkedPackage(module.package, owner.address);
    const origin = linked.view.typeOrigins.get(`${owner.name}::${handle.name}`);
    const datatype = origin === undefined ? undefined : this.#datatypeIn(origin, owner.name, handle.name);
    if (datatype === undefined) {
      throw new VmHalt('LOOKUP_FAILED', `there is no type ${owner.address}::${owner.name}::${handle.name}`);
    }
    const isCompatible =
      (handle.abilities & ~datatype.abilities) === 0 &&
      handle.typeParameters.length === datatype.typeParameters.length &&
      datatype.typeParameters.every(({ constraints, phantom }, at) => {
        const expected = handle.typeParameters[at];
        return (
          expected !== undefined &&
          (constraints & ~expected.constraints) === 0 &&
          (!expected.phantom || phantom)
        );
      });
    if (!isCompatible) throw new VmHalt('TYPE_MISMATCH', `${datatype.key} is declared otherwise`);
    module.datatypes[index] = datatype;
    return datatype;
  }

  /** The datatype that package version `definingId` introduced; undefined when it did not. @throws VmHalt */
  #datatypeIn(definingId: Address, moduleName: string, name: string): Datatype | undefined {
    const owner = this.findPackage(definingId);
    const key = `${moduleName}::${name}`;
    const known = owner?.datatypes.get(key);
    if (known !== undefined) return known;
    if (owner === undefined || owner.view.typeOrigins.get(key) !== definingId) return undefined;
    const module = owner.module(moduleName);
    if (module === undefined) return undefined;
    const { compiled } = module;
    const isNamed = ({ handle }: { readonly handle: number }): boolean =>
      compiled.datatypeHandles[handle]?.name === name;
    const structDef = compiled.structDefs.find(isNamed);
    const enumDef = structDef === undefined ? compiled.enumDefs.find(isNamed) : undefined;
    const def = structDef ?? enumDef;
    const handle = def === undefined ? undefined : compiled.datatypeHandles[def.handle];
    if (handle === undefined) return undefined;
    const variants: { name: string; fields: { name: string; type: Type }[] }[] = [];
    const datatype: Datatype = {
      key: `${definingId}::${key}`,
      definingId,
      originalId: owner.view.originalId,
      module: moduleName,
      name,
      isEnum: enumDef !== undefined,
      abilities: handle.abilities,
      typeParameters: handle.typeParameters,
      variants,
    };
    // Known before its fields are resolved, so that a malicious recursive type does not recurse here.
    owner.datatypes.set(key, datatype);
    const fieldsOf = (fields: readonly FieldDef[]): { name: string; type: Type }[] =>
      fields.map((field) => ({ name: field.name, type: this.typeOfToken(module, field.type) }));
    try {
      if (enumDef === undefined) variants.push({ name, fields: fieldsOf(structDef?.fields ?? []) });
      else
        for (const variant of enumDef.variants)
          variants.push({ name: variant.name, fields: fieldsOf(variant.fields) });
    } catch (error) {
      owner.datatypes.delete(key);
      throw error;
    }
    return datatype;
  }

  /**
   * The type of a tag, well-formed: it exists, and its arguments are as many and able as its parameters demand.
   * @throws VmHalt LINKER_ERROR, TYPE_RESOLUTION_FAILURE, CONSTRAINT_NOT_SATISFIED, NUMBER_OF_TYPE_ARGUMENTS_MISMATCH
   */
  typeOfTag(tag: TypeTag): Type {
    let nodes = 0;
    const resolve = (part: TypeTag): Type => {
      if (++nodes > maxTypeNodes)
        throw new VmHalt('TOO_MANY_TYPE_NODES', `a type has over ${maxTypeNodes} parts`);
      this.work.spend(workOf.typePart);
      if (typeof part === 'string') return { kind: part };
      if ('vector' in part) return { kind: 'vector', element: resolve(part.vector) };
      const { address, module, name, typeParams } = part.struct;
      const owner = this.enterPackage(address);
      if (owner?.module(module) === undefined) {
        throw new VmHalt('LINKER_ERROR', `there is no module ${address}::${module}`);
      }
      const origin = owner.view.typeOrigins.get(`${module}::${name}`);
      const datatype = origin === undefined ? undefined : this.#datatypeIn(origin, module, name);
      if (datatype === undefined) {
        throw new VmHalt('TYPE_RESOLUTION_FAILURE', `there is no type ${address}::${module}::${name}`);
      }
      const typeArgs = typeParams.map(resolve);
      checkConstraints(
        datatype.typeParameters.map((parameter) => parameter.constraints),
        typeArgs,
      );
      return { kind: 'datatype', datatype, typeArgs };
    };
    return resolve(tag);
  }
}
