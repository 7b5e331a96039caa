import { op, type CompiledModule, type Token } from '../../binary/format.ts';
import type { LoadedModule } from '../../loader/packages.ts';
import { frameworkAddress, functionName, refusal, tokenText } from './names.ts';

const transferModule = `${frameworkAddress}::transfer::`;
const eventModule = `${frameworkAddress}::event::`;

/** Transfer functions that ask for `store` instead. */
const openTransfers: ReadonlySet<string> = new Set([
  'public_transfer',
  'public_freeze_object',
  'public_share_object',
  'public_receive',
  'receiving_object_id',
]);
const privateTransfers: ReadonlySet<string> = new Set([
  'transfer',
  'freeze_object',
  'share_object',
  'receive',
]);
/** For unit tests only, and without an argument of the type. */
const openEvents: ReadonlySet<string> = new Set(['events_by_type']);
const privateEvents: ReadonlySet<string> = new Set(['emit']);

/**
 * Checks that only a type's own module decides who gets its objects and emits its events.
 * Source: `iota-verifier/src/private_generics.rs` of IOTA.
 * @throws VmHalt IOTA_MOVE_VERIFICATION_ERROR
 */
export function checkPrivateGenerics(module: LoadedModule): void {
  const { compiled } = module;
  const isFramework = module.address === frameworkAddress;
  if (isFramework && (module.name === 'test_scenario' || module.name === 'transfer')) return;
  for (const { name, def } of module.functions) {
    for (const [pc, opcode] of def.code?.ops.entries() ?? []) {
      if (opcode !== op.CallGeneric) continue;
      const inst = compiled.functionInsts[def.code?.operands[pc] ?? -1];
      if (inst === undefined) continue;
      const callee = functionName(compiled, inst.of);
      const type = compiled.signatures[inst.typeArgs]?.[0];
      const problem = problemOf(compiled, callee, type);
      if (problem !== undefined) throw refusal(`${module.name}::${name} calls ${callee} ${problem}`);
    }
  }
}

function problemOf(module: CompiledModule, callee: string, type: Token | undefined): string | undefined {
  const isTransfer = callee.startsWith(transferModule);
  if (!isTransfer && !callee.startsWith(eventModule)) return undefined;
  const name = callee.slice(callee.lastIndexOf(':') + 1);
  if ((isTransfer ? openTransfers : openEvents).has(name)) return undefined;
  if (!(isTransfer ? privateTransfers : privateEvents).has(name)) return 'which modules may not call';
  const isOwn = type?.kind === 'datatype' && module.datatypeHandles[type.handle]?.module === module.self;
  if (isOwn) return undefined;
  const text = type === undefined ? 'no type' : tokenText(module, type);
  return isTransfer
    ? `with ${text}, which another module declares; public_${name} is for those with store`
    : `with ${text}, which another module declares`;
}
