/** Compiles the programs of this folder and runs them in the VM, next to the framework of the embedded network. */
import { readFileSync } from 'node:fs';
import { buildMovePackage } from '@wotid/move-build';
import {
  createMoveVm,
  GasMeter,
  moduleInfo,
  MoveVmError,
  standardNatives,
  substituteSelfAddress,
  ValueSlot,
  type Address,
  type MoveVm,
  type NativeTable,
  type PackageResolver,
  type PackageView,
  type Session,
  type TypeTag,
  type Value,
} from '../src/index.ts';

export const std: Address = `0x${'1'.padStart(64, '0')}`;
export const framework: Address = `0x${'2'.padStart(64, '0')}`;
/** Where the programs are published. */
export const programs: Address = `0x${'a11ce'.padStart(64, '0')}`;

/** A package of modules that already name themselves by `originalId`. */
export function viewOf(
  id: Address,
  originalId: Address,
  modules: readonly Uint8Array[],
  dependencies: Iterable<Address>,
): PackageView {
  const infos = modules.map(moduleInfo);
  return {
    id,
    originalId,
    modules: new Map(infos.map((info, index) => [info.name, modules[index] as Uint8Array])),
    linkage: new Map([...dependencies].map((address) => [address, address])),
    typeOrigins: new Map(
      infos.flatMap((info) =>
        [...info.structs, ...info.enums].map(({ name }) => [`${info.name}::${name}`, id]),
      ),
    ),
  };
}

/** The framework as the embedded network has it. */
export function frameworkViews(): PackageView[] {
  const file = new URL('../../localnet/genesis/framework.json', import.meta.url);
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as {
    packages: { id: string; modules: Record<string, string> }[];
  };
  const known: Address[] = [];
  return packages.map(({ id, modules }) => {
    const address = `0x${id.slice(2).padStart(64, '0')}`;
    const bytes = Object.values(modules).map((base64) => Uint8Array.fromBase64(base64));
    const view = viewOf(address, address, bytes, known);
    known.push(address);
    return view;
  });
}

let compiled: Promise<readonly Uint8Array[]> | undefined;

/** The modules of `programs`, as the compiler made them: their own address is 0x0. */
export function compiledPrograms(): Promise<readonly Uint8Array[]> {
  compiled ??= buildMovePackage(new URL('programs', import.meta.url).pathname).then(({ modules }) =>
    modules.map((base64) => Uint8Array.fromBase64(base64)),
  );
  return compiled;
}

/** Natives that the framework declares and that need a ledger: known, so that they link, and never called here. */
export const anyNative: NativeTable = new Proxy(new Map(standardNatives), {
  get(target, property) {
    if (property === 'has') return () => true;
    const value: unknown = Reflect.get(target, property);
    return typeof value === 'function' ? value.bind(target) : value;
  },
});

/** A VM with the framework and the programs in it. */
export class Bench {
  readonly vm: MoveVm = createMoveVm();
  readonly packages: Map<Address, PackageView>;
  readonly resolver: PackageResolver = { getPackage: (id) => this.packages.get(id) };

  constructor(views: readonly PackageView[]) {
    this.packages = new Map(views.map((view) => [view.id, view]));
  }

  static async open(): Promise<Bench> {
    const modules = (await compiledPrograms()).map((bytes) => substituteSelfAddress(bytes, programs));
    return new Bench([...frameworkViews(), viewOf(programs, programs, modules, [std, framework])]);
  }

  session(gas: GasMeter = new GasMeter(5_000_000_000)): Session {
    return this.vm.openSession({ resolver: this.resolver, natives: standardNatives, gas });
  }

  /** Calls `module::name` of the programs; the results as plain data, see {@link plain}. */
  call(target: string, args: readonly Value[] = [], typeArgs: readonly TypeTag[] = []): unknown[] {
    return this.callIn(this.session(), target, args, typeArgs).map(plain);
  }

  callIn(
    session: Session,
    target: string,
    args: readonly Value[],
    typeArgs: readonly TypeTag[] = [],
  ): Value[] {
    const [module = '', name = ''] = target.split('::');
    return session.call(session.loadFunction(programs, module, name, typeArgs), args);
  }

  /** The error that calling ends in. */
  failure(target: string, args: readonly Value[] = [], gas?: GasMeter): MoveVmError {
    try {
      this.callIn(this.session(gas), target, args);
    } catch (error) {
      if (error instanceof MoveVmError) return error;
      throw error;
    }
    throw new Error(`${target} did not fail`);
  }
}

/** A value as plain data: structs are arrays of fields, variants `{tag, fields}`, `vector<u8>` is hex text. */
export function plain(value: Value): unknown {
  if (typeof value !== 'object') return value;
  if ('bytes' in value) return `hex:${value.bytes.toHex()}`;
  if ('tag' in value) return { tag: value.tag, fields: value.fields.map(plain) };
  if ('fields' in value) return value.fields.map(plain);
  if ('elementBytes' in value) return value.items.map(plain);
  return new ValueSlot(value).peek();
}

/** Hex text of {@link plain} for UTF-8 text. */
export function text(content: string): string {
  return `hex:${new TextEncoder().encode(content).toHex()}`;
}
