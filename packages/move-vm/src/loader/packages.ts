import type { NativeFunction, PackageResolver, PackageView, Visibility } from '../api.ts';
import { decodeModule } from '../binary/decode.ts';
import type { CompiledModule, FunctionDef, FunctionHandle } from '../binary/format.ts';
import { VmHalt } from '../errors.ts';
import type { Executable } from '../interpreter/executable.ts';
import type { FunctionInstance } from '../interpreter/instance.ts';
import type { AbilitySet, Address, Datatype, Type } from '../types.ts';

/** Linked functions kept for one package from one session to the next. */
const maxInstances = 16_384;

/** A package with what was made of its modules so far. Nothing in it depends on a transaction. */
export class LoadedPackage {
  readonly view: PackageView;
  readonly datatypes: Map<string, Datatype> = new Map();
  /** Functions linked with this package as the root of the linkage, by function and type arguments. */
  readonly instances: Map<string, FunctionInstance> = new Map();
  /** Bytes of all modules. */
  readonly size: number;
  readonly #modules = new Map<string, LoadedModule>();

  constructor(view: PackageView) {
    this.view = view;
    this.size = view.modules.values().reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * Forgets linked functions when there are too many. A session calls it before it uses the package and never after,
   * so that what it linked, and paid, stays linked to its end.
   */
  forgetSurplus(): void {
    if (this.instances.size > maxInstances) this.instances.clear();
  }

  /** The module, decoded when first asked for. @throws VmHalt when its bytes are bad; undefined when there is none */
  module(name: string): LoadedModule | undefined {
    const known = this.#modules.get(name);
    if (known !== undefined) return known;
    const bytes = this.view.modules.get(name);
    if (bytes === undefined) return undefined;
    const module = new LoadedModule(this, decodeModule(bytes));
    if (module.name !== name || module.address !== this.view.originalId) {
      throw new VmHalt(
        'LINKER_ERROR',
        `the module stored as ${name} names itself ${module.address}::${module.name}`,
      );
    }
    this.#modules.set(name, module);
    return module;
  }
}

/** A decoded module with its types resolved as far as they were needed. */
export class LoadedModule {
  readonly package: LoadedPackage;
  readonly compiled: CompiledModule;
  readonly address: Address;
  readonly name: string;
  /** Resolved signatures by index. */
  readonly signatures: (readonly Type[] | undefined)[] = [];
  /** Resolved datatypes by index of their handle. */
  readonly datatypes: (Datatype | undefined)[] = [];
  readonly functions: readonly FunctionCode[];
  readonly #functionsByName: ReadonlyMap<string, FunctionCode>;

  constructor(owner: LoadedPackage, compiled: CompiledModule) {
    this.package = owner;
    this.compiled = compiled;
    const self = compiled.moduleHandles[compiled.self];
    this.address = self?.address ?? '';
    this.name = self?.name ?? '';
    this.functions = compiled.functionDefs.map((def, index) => new FunctionCode(this, def, index));
    this.#functionsByName = new Map(this.functions.map((code) => [code.name, code]));
  }

  functionNamed(name: string): FunctionCode | undefined {
    return this.#functionsByName.get(name);
  }
}

/** A function definition. */
export class FunctionCode {
  readonly module: LoadedModule;
  readonly index: number;
  readonly def: FunctionDef;
  readonly handle: FunctionHandle;
  readonly name: string;
  readonly visibility: Visibility;
  readonly typeParameters: readonly AbilitySet[];
  /** `<original id>::module::function`: its name in a table of natives. */
  readonly key: string;
  /** Type-checked instructions, made when the function first runs. */
  executable: Executable | undefined;
  /** The native of the table that was asked last, and that table. */
  native: { readonly table: unknown; readonly run: NativeFunction } | undefined;

  constructor(module: LoadedModule, def: FunctionDef, index: number) {
    this.module = module;
    this.index = index;
    this.def = def;
    this.handle = module.compiled.functionHandles[def.handle] as FunctionHandle;
    this.name = this.handle.name;
    this.visibility = def.visibility;
    this.typeParameters = this.handle.typeParameters;
    this.key = `${module.address}::${module.name}::${this.name}`;
  }
}

/** Parsed packages, kept from one transaction to the next; the least recently used is dropped first. */
export class PackageCache {
  readonly #max: number;
  readonly #packages = new Map<Address, LoadedPackage>();

  constructor(max: number) {
    this.#max = max;
  }

  get(id: Address, resolver: PackageResolver): LoadedPackage | undefined {
    const known = this.#packages.get(id);
    if (known !== undefined) {
      this.#packages.delete(id);
      this.#packages.set(id, known);
      return known;
    }
    const view = resolver.getPackage(id);
    if (view === undefined) return undefined;
    const loaded = new LoadedPackage(view);
    this.#packages.set(id, loaded);
    if (this.#packages.size > this.#max) {
      for (const oldest of this.#packages.keys()) {
        this.#packages.delete(oldest);
        break;
      }
    }
    return loaded;
  }
}
