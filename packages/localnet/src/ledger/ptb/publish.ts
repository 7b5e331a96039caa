/** Publish: linking, checking, `init`, UpgradeCap (`iota-adapter`: execution; `iota-types`: move_package). */
import { moduleInfo, StructValue, substituteSelfAddress } from '@wotid/move-vm';
import { ExecutionFailure } from '../failure.ts';
import { packageSize } from '../object-bcs.ts';
import { initialPackage, packageView } from '../packages.ts';
import { MAX_PACKAGE_BYTES, ZERO_ADDRESS } from '../protocol.ts';
import type { CommandValue } from '../transaction-data.ts';
import { UPGRADE_CAP_TYPE } from '../type-tags.ts';
import type { Address, PackageObject } from '../types.ts';
import type { PtbContext } from './context.ts';
import { moveCall } from './move-call.ts';
import { typedValue, uidValue, type PtbValue } from './values.ts';

/** Upgrade policy of a fresh cap: anything compatible. */
const COMPATIBLE = 0;

export interface PackageStore {
  /** The package object with this id. */
  getPackageObject(id: Address): PackageObject | undefined;
}

export function publish(
  context: PtbContext,
  store: PackageStore,
  command: NonNullable<CommandValue['Publish']>,
): PtbValue[] {
  const code = command.modules.map((text) => Uint8Array.fromBase64(text));
  context.charger.chargePublish(code.reduce((sum, bytes) => sum + bytes.length, 0));
  const infos = code.map((bytes) => moduleInfo(bytes));
  const id = context.freshId(false);
  const modules = code.map((bytes, index) => {
    if (infos[index]?.address !== ZERO_ADDRESS) throw new ExecutionFailure('PublishErrorNonZeroAddress');
    return substituteSelfAddress(bytes, id);
  });
  const needed = new Set(infos.flatMap(({ dependencies }) => dependencies.map(({ address }) => address)));
  needed.delete(ZERO_ADDRESS);
  const draft = initialPackage(id, modules, linkageOf(store, command.dependencies, needed));
  const size = packageSize(draft);
  if (size > MAX_PACKAGE_BYTES) {
    throw new ExecutionFailure({ MovePackageTooBig: { objectSize: size, maxObjectSize: MAX_PACKAGE_BYTES } });
  }
  const view = packageView(draft);
  const facts = context.vm.checkPublish(view, context.resolver);
  context.session.addPackage(view);
  context.packages.push(draft);
  const inits = new Map(facts.modules.map(({ name, init }) => [name, init]));
  for (const { name } of infos) {
    const init = inits.get(name);
    if (init === null || init === undefined) continue;
    moveCall(context, context.session.loadFunction(id, name, 'init', []), [], init);
  }
  const type = context.session.typeOf({ struct: UPGRADE_CAP_TYPE });
  const cap = new StructValue([uidValue(context.freshId()), new StructValue([id]), 1n, COMPATIBLE]);
  return [typedValue(type, context.session.abilitiesOf(type), cap, false)];
}

/**
 * The version of every dependency, direct or not, that a package runs against.
 * @throws ExecutionFailure `PublishUpgradeMissingDependency`, `PublishUpgradeDependencyDowngrade`
 */
function linkageOf(
  store: PackageStore,
  dependencies: readonly Address[],
  needed: Set<Address>,
): PackageObject['linkage'] {
  const linkage = new Map<Address, { readonly id: Address; readonly version: bigint }>();
  const direct: PackageObject[] = [];
  for (const id of [...new Set(dependencies)].sort()) {
    const found = store.getPackageObject(id);
    if (found === undefined) {
      throw new ExecutionFailure('PublishUpgradeMissingDependency', `Missing dependencies: ${id}`);
    }
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
