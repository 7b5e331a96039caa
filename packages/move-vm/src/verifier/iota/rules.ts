/**
 * What IOTA asks of a module besides being good Move. All passes assume that the Move verifier's have passed.
 * Source: `iota-execution/latest/iota-verifier/src` of IOTA, in the order of `verifier.rs`; a pass about global storage
 * has nothing to do here, because the decoder knows no such instruction.
 */
import type { PublishedModule } from '../../api.ts';
import type { CompiledModule } from '../../binary/format.ts';
import type { Loader } from '../../loader/loader.ts';
import type { LoadedModule } from '../../loader/packages.ts';
import { ability } from '../../types.ts';
import { checkEntryPoints } from './entry-points.ts';
import { checkIdLeaks } from './id-leak.ts';
import { describeInit, oneTimeWitnessOf } from './init.ts';
import { datatypeName, frameworkAddress, refusal } from './names.ts';
import { checkPrivateGenerics } from './private-generics.ts';

/** @throws VmHalt IOTA_MOVE_VERIFICATION_ERROR */
export function checkIotaRules(loader: Loader, module: LoadedModule): PublishedModule {
  checkObjects(module.compiled);
  checkIdLeaks(module);
  checkPrivateGenerics(module);
  checkEntryPoints(loader, module);
  const oneTimeWitness = oneTimeWitnessOf(loader, module);
  return { name: module.name, init: describeInit(loader, module, oneTimeWitness), oneTimeWitness };
}

/** A struct with `key` starts with `id: UID`; enums are no objects. */
function checkObjects(module: CompiledModule): void {
  const hasKey = (handle: number): boolean =>
    ((module.datatypeHandles[handle]?.abilities ?? 0) & ability.key) !== 0;
  for (const { handle, fields } of module.structDefs) {
    if (!hasKey(handle)) continue;
    const first = fields?.[0];
    const isUid =
      first?.name === 'id' &&
      first.type.kind === 'datatype' &&
      datatypeName(module, first.type.handle) === `${frameworkAddress}::object::UID`;
    if (!isUid) {
      throw refusal(
        `the first field of struct ${datatypeName(module, handle)} must be id: 0x2::object::UID, because it has key`,
      );
    }
  }
  for (const { handle } of module.enumDefs) {
    if (hasKey(handle)) throw refusal(`enum ${datatypeName(module, handle)} cannot have key`);
  }
}
