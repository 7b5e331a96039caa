/** Publish: linking, checking, `init`, UpgradeCap (`iota-adapter`: execution; `iota-types`: move_package). */
import { StructValue } from '@wotid/move-vm';
import { initialPackage, packageView } from '../packages.ts';
import type { CommandValue } from '../transaction-data.ts';
import { UPGRADE_CAP_TYPE } from '../type-tags.ts';
import type { PtbContext } from './context.ts';
import { moveCall } from './move-call.ts';
import {
  checkPackageSize,
  fetchPackages,
  linkageOf,
  readModules,
  renameModules,
  type PackageStore,
} from './package-code.ts';
import { typedValue, uidValue, type PtbValue } from './values.ts';

/** Upgrade policy of a fresh cap: anything compatible. */
const COMPATIBLE = 0;

export function publish(
  context: PtbContext,
  store: PackageStore,
  command: NonNullable<CommandValue['Publish']>,
): PtbValue[] {
  const bytes = command.modules.map((text) => Uint8Array.fromBase64(text));
  context.charger.chargePublish(bytes.reduce((sum, { length }) => sum + length, 0));
  const code = readModules(bytes);
  const id = context.freshId(false);
  const modules = renameModules(code, id);
  const draft = initialPackage(
    id,
    modules,
    linkageOf(fetchPackages(store, command.dependencies), code.infos),
  );
  checkPackageSize(draft);
  const view = packageView(draft);
  const facts = context.vm.checkPublish(view, context.resolver);
  context.session.addPackage(view);
  context.packages.push(draft);
  const inits = new Map(facts.modules.map(({ name, init }) => [name, init]));
  for (const { name } of code.infos) {
    const init = inits.get(name);
    if (init === null || init === undefined) continue;
    moveCall(context, context.session.loadFunction(id, name, 'init', []), [], init);
  }
  const type = context.session.typeOf({ struct: UPGRADE_CAP_TYPE });
  const cap = new StructValue([uidValue(context.freshId()), new StructValue([id]), 1n, COMPATIBLE]);
  return [typedValue(type, context.session.abilitiesOf(type), cap, false)];
}
