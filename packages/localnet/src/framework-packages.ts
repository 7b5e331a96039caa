/** Puts compiled packages in the order and form that genesis takes. */
import { errorText } from '@wotid/core';
import { moduleInfo, type ModuleInfo } from '@wotid/move-vm';
import { LedgerError } from './ledger/errors.ts';
import type { FrameworkFile } from './ledger/genesis.ts';
import type { Address } from './ledger/types.ts';

/** The modules of one package, in any order. */
export interface CompiledPackage {
  /** For messages. */
  readonly name: string;
  readonly modules: readonly Uint8Array[];
}

interface Described {
  readonly name: string;
  readonly id: Address;
  readonly modules: readonly (readonly [string, Uint8Array])[];
  /** Packages its modules refer to, itself not included. */
  readonly uses: ReadonlySet<Address>;
}

/**
 * A framework of packages that refer to each other and to no other.
 * @param origin where they are from, for messages
 * @throws LedgerError `GENESIS_INVALID` when a module does not decode, packages are missing, twice there or circular
 */
export function frameworkOf(packages: readonly CompiledPackage[], origin: string): FrameworkFile {
  const byId = new Map<Address, Described>();
  for (const compiled of packages) {
    const described = describe(compiled, origin);
    const other = byId.get(described.id);
    if (other !== undefined) {
      throw unusable(origin, `${described.name} and ${other.name} are both package ${described.id}`);
    }
    byId.set(described.id, described);
  }
  const ordered = new Map<Address, readonly Address[]>();
  for (const id of byId.keys()) order(id, byId, ordered, [], origin);
  return {
    packages: [...ordered].map(([id, dependencies]) => {
      const { name, modules } = byId.get(id) as Described;
      return {
        id,
        name,
        modules: Object.fromEntries(modules.map(([module, bytes]) => [module, bytes.toBase64()])),
        dependencies,
      };
    }),
  };
}

function describe({ name, modules }: CompiledPackage, origin: string): Described {
  const infos = modules.map((bytes, index): readonly [ModuleInfo, Uint8Array] => {
    try {
      return [moduleInfo(bytes), bytes];
    } catch (cause) {
      throw unusable(origin, `module ${index} of ${name} does not decode: ${errorText(cause)}`, cause);
    }
  });
  const id = infos[0]?.[0].address;
  if (id === undefined) throw unusable(origin, `${name} has no modules`);
  const uses = new Set(infos.flatMap(([{ dependencies }]) => dependencies.map(({ address }) => address)));
  uses.delete(id);
  return { name, id, modules: infos.map(([info, bytes]) => [info.name, bytes] as const), uses };
}

/** Adds a package behind those it uses, with all that it needs directly or indirectly. */
function order(
  id: Address,
  byId: ReadonlyMap<Address, Described>,
  ordered: Map<Address, readonly Address[]>,
  path: readonly Address[],
  origin: string,
): readonly Address[] {
  const done = ordered.get(id);
  if (done !== undefined) return done;
  if (path.includes(id)) throw unusable(origin, `package ${id} needs itself`);
  const described = byId.get(id);
  if (described === undefined) {
    throw unusable(origin, `package ${id}, which ${path.at(-1) ?? 'genesis'} needs, is missing`);
  }
  const needed = new Set<Address>();
  for (const used of [...described.uses].sort()) {
    for (const indirect of order(used, byId, ordered, [...path, id], origin)) needed.add(indirect);
    needed.add(used);
  }
  const dependencies = [...needed];
  ordered.set(id, dependencies);
  return dependencies;
}

function unusable(origin: string, message: string, cause?: unknown): LedgerError {
  return new LedgerError('GENESIS_INVALID', `the framework of ${origin} is unusable: ${message}`, {
    hint: 'Take all packages from one release or one network.',
    cause,
  });
}
