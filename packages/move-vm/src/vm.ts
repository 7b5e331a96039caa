import type {
  DatatypeLayout,
  LoadedFunction,
  MoveVm,
  NamedLayout,
  NativeTable,
  PackageResolver,
  PackageView,
  PublishFacts,
  Session,
  SessionInit,
} from './api.ts';
import { locateHalt, MoveVmError, VmHalt, withoutLocation, type VmFailure } from './errors.ts';
import type { GasMeter } from './gas/gas-meter.ts';
import type { FunctionInstance } from './interpreter/instance.ts';
import { interpret } from './interpreter/interpreter.ts';
import { abilitiesOf, checkConstraints } from './loader/abilities.ts';
import { instantiate } from './loader/link.ts';
import { Loader } from './loader/loader.ts';
import { PackageCache } from './loader/packages.ts';
import type { AbilitySet, Address, Field, StructTag, Type, TypeTag } from './types.ts';
import { checkLayout, decodeValue, encodeValue } from './values/bcs.ts';
import { substitute } from './loader/instantiate.ts';
import type { Value } from './values/value.ts';
import { maxWork, WorkHalt, WorkMeter } from './gas/work-meter.ts';
import { WriteLog } from './values/write-log.ts';
import { checkPackage } from './verifier/check-package.ts';

/** Parsed packages that are kept by default: those of a busy development network. */
const defaultMaxPackages = 512;

/**
 * A VM.
 * @param init.maxPackages how many parsed packages are kept, least recently used dropped first; default 512
 */
export function createMoveVm(init: { readonly maxPackages?: number } = {}): MoveVm {
  const cache = new PackageCache(init.maxPackages ?? defaultMaxPackages);
  return {
    openSession: (sessionInit) => new VmSession(cache, sessionInit),
    checkPublish: (view: PackageView, resolver: PackageResolver, natives?: NativeTable): PublishFacts =>
      checkPackage(new Loader(cache, resolver), view, natives),
  };
}

/** What a host gets is the linked instance with a description, so that it can be called without a second search. */
class Linked implements LoadedFunction {
  readonly instance: FunctionInstance;
  readonly storageId: Address;
  readonly originalId: Address;
  readonly module: string;
  readonly name: string;
  readonly index: number;
  readonly visibility: LoadedFunction['visibility'];
  readonly isEntry: boolean;
  readonly isNative: boolean;
  readonly typeParameters: readonly AbilitySet[];
  readonly typeArgs: readonly Type[];
  readonly parameters: readonly Type[];
  readonly returns: readonly Type[];

  constructor(instance: FunctionInstance) {
    const { code } = instance;
    this.instance = instance;
    this.storageId = code.module.package.view.id;
    this.originalId = code.module.address;
    this.module = code.module.name;
    this.name = code.name;
    this.index = code.index;
    this.visibility = code.visibility;
    this.isEntry = code.def.isEntry;
    this.isNative = code.def.code === null;
    this.typeParameters = code.typeParameters;
    this.typeArgs = instance.typeArgs;
    this.parameters = instance.parameters;
    this.returns = instance.returns;
  }
}

class VmSession implements Session {
  readonly gas: GasMeter;
  readonly work: WorkMeter;
  readonly #loader: Loader;
  readonly #init: SessionInit;
  readonly #writes: WriteLog = new WriteLog();

  constructor(cache: PackageCache, init: SessionInit) {
    this.gas = init.gas;
    this.#init = init;
    this.work = init.work ?? new WorkMeter(init.gas.remaining === Infinity ? Infinity : maxWork);
    this.#loader = new Loader(cache, init.resolver, this.work);
  }

  addPackage(view: PackageView): void {
    this.#loader.addPackage(view);
  }

  loadFunction(
    storageId: Address,
    module: string,
    name: string,
    typeArgs: readonly TypeTag[],
  ): LoadedFunction {
    return withoutLocation(() => {
      // As a node does it: first the types that the host names, then the function, then whether they fit it.
      const types = typeArgs.map((tag, argument) => this.#typeArgument(tag, argument));
      const root = this.#loader.enterPackage(storageId);
      const code = root?.module(module)?.functionNamed(name);
      if (root === undefined || code === undefined) {
        throw new MoveVmError(
          { kind: 'FunctionNotFound' },
          'FUNCTION_RESOLUTION_FAILURE',
          `there is no function ${storageId}::${module}::${name}`,
        );
      }
      checkConstraints(code.typeParameters, types);
      return new Linked(instantiate(this.#loader, root, code, types));
    });
  }

  call(fn: LoadedFunction, args: readonly Value[]): Value[] {
    if (!(fn instanceof Linked)) throw new TypeError('only what loadFunction returned can be called');
    const machine = {
      loader: this.#loader,
      gas: this.gas,
      session: this,
      natives: this.#init.natives,
      extensions: this.#init.extensions,
      writes: this.#writes,
    };
    return interpret(machine, fn.instance, args);
  }

  trackWrites(): void {
    this.#writes.start();
  }

  wasWritten(value: Value): boolean {
    return this.#writes.touches(value);
  }

  typeOf(tag: TypeTag): Type {
    return withoutLocation(() => this.#loader.typeOfTag(tag));
  }

  checkLayout(type: Type): void {
    withoutLocation(() => checkLayout(type));
  }

  #typeArgument(tag: TypeTag, argument: number): Type {
    return asTypeArgument(argument, () => this.#loader.typeOfTag(tag));
  }

  tagOf(type: Type): TypeTag {
    return withoutLocation(() => tagOf(type, 'definingId'));
  }

  originalTagOf(type: Type): TypeTag {
    return withoutLocation(() => tagOf(type, 'originalId'));
  }

  abilitiesOf(type: Type): AbilitySet {
    return abilitiesOf(type);
  }

  encodeValue(type: Type, value: Value): Uint8Array<ArrayBuffer> {
    try {
      checkLayout(type);
      return encodeValue(type, value, this.work);
    } catch (error) {
      throw error instanceof VmHalt && !(error instanceof WorkHalt)
        ? new MoveVmError({ kind: 'VMInvariantViolation' }, error.status, error.message)
        : error;
    }
  }

  decodeValue(type: Type, bytes: Uint8Array): Value | undefined {
    withoutLocation(() => checkLayout(type));
    return decodeValue(type, bytes, this.work);
  }

  layoutOf(tag: StructTag): DatatypeLayout {
    return withoutLocation(() => {
      const type = this.#loader.typeOfTag({ struct: tag });
      if (type.kind !== 'datatype') throw new VmHalt('TYPE_RESOLUTION_FAILURE', 'the type has no fields');
      const { variants, isEnum } = type.datatype;
      const named = (fields: readonly Field[]): NamedLayout[] =>
        fields.map((field) => ({
          name: field.name,
          type: tagOf(substitute(field.type, type.typeArgs), 'definingId'),
        }));
      return isEnum
        ? {
            kind: 'enum',
            type: tag,
            variants: variants.map((variant) => ({ name: variant.name, fields: named(variant.fields) })),
          }
        : { kind: 'struct', type: tag, fields: named(variants[0]?.fields ?? []) };
    });
  }
}

function tagOf(type: Type, id: 'definingId' | 'originalId'): TypeTag {
  switch (type.kind) {
    case 'vector':
      return { vector: tagOf(type.element, id) };
    case 'datatype':
      return {
        struct: {
          address: type.datatype[id],
          module: type.datatype.module,
          name: type.datatype.name,
          typeParams: type.typeArgs.map((arg) => tagOf(arg, id)),
        },
      };
    case 'reference':
    case 'typeParameter':
      throw new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', `a ${type.kind} has no tag`);
    default:
      return type.kind;
  }
}

/** Turns what is wrong with a type that the host named into an error about its argument. */
function asTypeArgument<T>(argument: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof VmHalt)) throw error;
    const failure: VmFailure | undefined =
      error.status === 'TYPE_RESOLUTION_FAILURE'
        ? { kind: 'TypeArgumentError', argument, reason: 'TypeNotFound' }
        : error.status === 'CONSTRAINT_NOT_SATISFIED'
          ? { kind: 'TypeArgumentError', argument, reason: 'ConstraintNotSatisfied' }
          : error.status === 'NUMBER_OF_TYPE_ARGUMENTS_MISMATCH'
            ? { kind: 'TypeArityMismatch' }
            : undefined;
    throw failure === undefined
      ? locateHalt(error, null)
      : new MoveVmError(failure, error.status, error.message);
  }
}
