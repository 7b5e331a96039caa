/** Packages as objects and as the VM sees them. */
import { moduleInfo, type PackageView } from '@wotid/move-vm';
import type { PackageDraft } from './tx-state.ts';
import type { Address, PackageObject } from './types.ts';

type PackageParts = Pick<PackageObject, 'id' | 'originalId' | 'modules' | 'typeOrigins' | 'linkage'>;

const views = new WeakMap<object, PackageView>();

/** The VM's view of a package, made once for each. */
export function packageView(object: PackageParts): PackageView {
  let view = views.get(object);
  if (view === undefined) {
    view = {
      id: object.id,
      originalId: object.originalId,
      modules: object.modules,
      linkage: new Map([...object.linkage].map(([original, { id }]) => [original, id])),
      typeOrigins: new Map(
        object.typeOrigins.map((origin) => [`${origin.module}::${origin.datatype}`, origin.package]),
      ),
    };
    views.set(object, view);
  }
  return view;
}

/** The first version of a package: all its types originate in it. Modules must name themselves by `id` already. */
export function initialPackage(
  id: Address,
  modules: readonly Uint8Array[],
  linkage: PackageObject['linkage'],
): PackageDraft {
  const { byName, typeOrigins } = contentsOf(modules, () => id);
  return { kind: 'package', id, version: 1n, originalId: id, modules: byName, typeOrigins, linkage };
}

/**
 * The next version of a package: types that are there keep their origin, others originate in it. Modules must name
 * themselves by the original id already.
 * @returns undefined when a type of the current version is missing
 */
export function upgradedPackage(
  id: Address,
  current: PackageObject,
  modules: readonly Uint8Array[],
  linkage: PackageObject['linkage'],
): PackageDraft | undefined {
  const known = new Map(
    current.typeOrigins.map((origin) => [`${origin.module}::${origin.datatype}`, origin]),
  );
  const { byName, typeOrigins } = contentsOf(modules, (name) => {
    const origin = known.get(name)?.package ?? id;
    known.delete(name);
    return origin;
  });
  if (known.size > 0) return undefined;
  const { originalId, version } = current;
  return { kind: 'package', id, version: version + 1n, originalId, modules: byName, typeOrigins, linkage };
}

function contentsOf(
  modules: readonly Uint8Array[],
  originOf: (name: string) => Address,
): { byName: Map<string, Uint8Array>; typeOrigins: PackageObject['typeOrigins'] } {
  const infos = modules.map((bytes) => ({ bytes, info: moduleInfo(bytes) }));
  const typeOrigins = infos.flatMap(({ info }) =>
    [...info.structs, ...info.enums].map(({ name }) => ({
      module: info.name,
      datatype: name,
      package: originOf(`${info.name}::${name}`),
    })),
  );
  const byName = infos
    .map(({ bytes, info }) => [info.name, bytes] as const)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return { byName: new Map(byName), typeOrigins };
}
