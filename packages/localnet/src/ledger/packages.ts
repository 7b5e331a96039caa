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
  const infos = modules.map((bytes) => ({ bytes, info: moduleInfo(bytes) }));
  const typeOrigins = infos.flatMap(({ info }) =>
    [...info.structs, ...info.enums].map(({ name }) => ({ module: info.name, datatype: name, package: id })),
  );
  const byName = infos
    .map(({ bytes, info }) => [info.name, bytes] as const)
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return {
    kind: 'package',
    id,
    version: 1n,
    originalId: id,
    modules: new Map(byName),
    typeOrigins,
    linkage,
  };
}
