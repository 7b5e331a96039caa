import type { ModuleInfo } from '../api.ts';
import { decodeModule } from '../binary/decode.ts';
import { moduleInfo } from '../binary/inspect.ts';
import { withoutLocation } from '../errors.ts';
import type { AbilitySet } from '../types.ts';
import { normalizedCode } from './normalize.ts';

/**
 * What an upgrade may change. `compatible`: everything but layouts and what is public; `additive`: nothing that is
 * there; `dependencies`: nothing at all, in the modules that are there.
 */
export type UpgradeRule = 'compatible' | 'additive' | 'dependencies';

type FunctionInfo = ModuleInfo['functions'][number];
type StructInfo = ModuleInfo['structs'][number];
type EnumInfo = ModuleInfo['enums'][number];

/**
 * Says what an upgrade breaks, or undefined when it breaks nothing. Modules that are new may be anything.
 * Sources: `move-binary-format/src/{compatibility,normalized}.rs` and `check_compatibility` of the adapter of IOTA.
 * @param current modules by name, of the version that is upgraded
 * @param next the same of the new version, naming themselves by the same address
 * @throws MoveVmError VM_VERIFICATION_OR_DESERIALIZATION_ERROR when bytes are no modules
 */
export function upgradeProblem(
  current: ReadonlyMap<string, Uint8Array>,
  next: ReadonlyMap<string, Uint8Array>,
  rule: UpgradeRule,
): string | undefined {
  for (const [name, oldBytes] of current) {
    const newBytes = next.get(name);
    if (newBytes === undefined) return `module ${name} is gone`;
    const [before, after] = [moduleInfo(oldBytes), moduleInfo(newBytes)];
    const problem =
      rule === 'compatible'
        ? compatibilityProblem(before, after)
        : inclusionProblem(before, after, codeOf(oldBytes), codeOf(newBytes), rule);
    if (problem !== undefined) return `${problem} in module ${name}`;
  }
  return undefined;
}

function compatibilityProblem(before: ModuleInfo, after: ModuleInfo): string | undefined {
  const structs = byName(after.structs);
  for (const old of before.structs) {
    const now = structs.get(old.name);
    if (now === undefined) return `struct ${old.name} is gone`;
    if (!sameDeclaration(old, now)) return `the abilities or type parameters of ${old.name} changed`;
    if (!same(old.fields, now.fields)) return `the fields of ${old.name} changed`;
  }
  const enums = byName(after.enums);
  for (const old of before.enums) {
    const now = enums.get(old.name);
    if (now === undefined) return `enum ${old.name} is gone`;
    if (!sameDeclaration(old, now)) return `the abilities or type parameters of ${old.name} changed`;
    if (!same(old.variants, now.variants)) return `the variants of ${old.name} changed`;
  }
  const functions = byName(after.functions);
  for (const old of before.functions) {
    if (old.visibility !== 'public') continue;
    const now = functions.get(old.name);
    if (now?.visibility !== 'public') return `function ${old.name} is no longer public`;
    if (!sameSignature(old, now)) return `the signature of ${old.name} changed`;
  }
  return undefined;
}

function inclusionProblem(
  before: ModuleInfo,
  after: ModuleInfo,
  oldCode: ReadonlyMap<string, readonly string[]>,
  newCode: ReadonlyMap<string, readonly string[]>,
  rule: UpgradeRule,
): string | undefined {
  if (before.version > after.version) return 'the bytecode version went down';
  const counts = (module: ModuleInfo): number[] => [
    module.structs.length,
    module.enums.length,
    module.functions.length,
    module.friends.length,
  ];
  if (rule === 'dependencies' && !same(counts(before), counts(after))) return 'something was added';
  const [structs, enums] = [byName(after.structs), byName(after.enums)];
  for (const old of before.structs) {
    if (!same(old, structs.get(old.name))) return `struct ${old.name} changed`;
  }
  for (const old of before.enums) if (!same(old, enums.get(old.name))) return `enum ${old.name} changed`;
  const functions = byName(after.functions);
  for (const old of before.functions) {
    const isSame =
      same(declarationOf(old), declarationOf(functions.get(old.name))) &&
      same(oldCode.get(old.name), newCode.get(old.name));
    if (!isSame) return `function ${old.name} changed`;
  }
  return undefined;
}

/** A native and a function without instructions are the same here, as on a node. */
function declarationOf(fn: FunctionInfo | undefined): unknown {
  if (fn === undefined) return null;
  const { visibility, isEntry, typeParameters, parameters, returns } = fn;
  return { visibility, isEntry, typeParameters, parameters, returns };
}

function sameDeclaration(before: StructInfo | EnumInfo, after: StructInfo | EnumInfo): boolean {
  return before.abilities === after.abilities && same(before.typeParameters, after.typeParameters);
}

/** A public function may ask less of its type arguments than before. */
function sameSignature(before: FunctionInfo, after: FunctionInfo): boolean {
  const isSubset = (part: AbilitySet, whole: AbilitySet): boolean => (part & ~whole) === 0;
  return (
    same(before.parameters, after.parameters) &&
    same(before.returns, after.returns) &&
    before.typeParameters.length === after.typeParameters.length &&
    before.typeParameters.every((old, index) => isSubset(after.typeParameters[index] ?? 0, old))
  );
}

function codeOf(bytes: Uint8Array): ReadonlyMap<string, readonly string[]> {
  const module = withoutLocation(() => decodeModule(bytes));
  return new Map(
    module.functionDefs.map(({ handle, code }) => [
      module.functionHandles[handle]?.name ?? '',
      code === null ? [] : normalizedCode(module, code),
    ]),
  );
}

function byName<T extends { readonly name: string }>(entries: readonly T[]): Map<string, T> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** Declarations are plain data whose keys always come in the same order. */
function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
