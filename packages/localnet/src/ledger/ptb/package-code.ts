/** What Publish and Upgrade share: the modules of a command, and the packages that they run against. */
import { moduleInfo, substituteSelfAddress, VmHalt, type ModuleInfo } from '@wotid/move-vm';
import { ExecutionFailure } from '../failure.ts';
import { packageSize } from '../object-bcs.ts';
import { MAX_PACKAGE_BYTES, ZERO_ADDRESS } from '../protocol.ts';
import type { PackageDraft } from '../tx-state.ts';
import type { Address, PackageObject } from '../types.ts';

export interface PackageStore {
  /** The package object with this id. */
  getPackageObject(id: Address): PackageObject | undefined;
}

export interface PackageCode {
  readonly bytes: readonly Uint8Array[];
  readonly infos: readonly ModuleInfo[];
}

/** @throws MoveVmError when they are no modules; VmHalt when two have one name */
export function readModules(bytes: readonly Uint8Array[]): PackageCode {
  const infos = bytes.map((module) => moduleInfo(module));
  if (new Set(infos.map(({ name }) => name)).size < infos.length) {
    throw new VmHalt('DUPLICATE_MODULE_NAME', 'two modules of the package have the same name');
  }
  return { bytes, infos };
}

/** The modules, naming themselves by `id`. @throws ExecutionFailure `PublishErrorNonZeroAddress` */
export function renameModules({ bytes, infos }: PackageCode, id: Address): Uint8Array[] {
  return bytes.map((module, index) => {
    if (infos[index]?.address !== ZERO_ADDRESS) throw new ExecutionFailure('PublishErrorNonZeroAddress');
    return substituteSelfAddress(module, id);
  });
}

/** @throws ExecutionFailure `MovePackageTooBig` */
export function checkPackageSize(draft: PackageDraft): void {
  const objectSize = packageSize(draft);
  if (objectSize <= MAX_PACKAGE_BYTES) return;
  throw new ExecutionFailure({ MovePackageTooBig: { objectSize, maxObjectSize: MAX_PACKAGE_BYTES } });
}

/** Fetches packages by id, each once. @throws ExecutionFailure `PublishUpgradeMissingDependency` */
export function fetchPackages(store: PackageStore, ids: readonly Address[]): PackageObject[] {
  return [...new Set(ids)].sort().map((id) => {
    const found = store.getPackageObject(id);
    if (found !== undefined) return found;
    throw new ExecutionFailure('PublishUpgradeMissingDependency', `Missing dependencies: ${id}`);
  });
}

/**
 * The version of every dependency, direct or not, that a package runs against.
 * @param dependencies the packages that the command names
 * @throws ExecutionFailure `PublishUpgradeMissingDependency`, `PublishUpgradeDependencyDowngrade`
 */
export function linkageOf(
  dependencies: readonly PackageObject[],
  infos: readonly ModuleInfo[],
): PackageObject['linkage'] {
  const needed = new Set(infos.flatMap((info) => info.dependencies.map(({ address }) => address)));
  needed.delete(ZERO_ADDRESS);
  const linkage = new Map<Address, { readonly id: Address; readonly version: bigint }>();
  const direct: PackageObject[] = [];
  for (const found of dependencies) {
    linkage.set(found.originalId, { id: found.id, version: found.version });
    if (needed.delete(found.originalId)) direct.push(found);
  }
  if (needed.size > 0) {
    throw new ExecutionFailure('PublishUpgradeMissingDependency', [...needed].join(', '));
  }
  for (const dependency of direct) {
    for (const [original, theirs] of dependency.linkage) {
      const ours = linkage.get(original);
      if (ours === undefined) throw new ExecutionFailure('PublishUpgradeMissingDependency', original);
      if (ours.version < theirs.version)
        throw new ExecutionFailure('PublishUpgradeDependencyDowngrade', original);
    }
  }
  return new Map([...linkage].sort(([left], [right]) => (left < right ? -1 : 1)));
}
