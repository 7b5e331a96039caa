/**
 * `init` and the one-time witness, which IOTA adds to Move.
 * Source: `iota-execution/latest/iota-verifier/src/{entry_points_verifier,one_time_witness_verifier}.rs` of IOTA.
 */
import type { PublishedModule } from '../../api.ts';
import { op } from '../../binary/format.ts';
import type { VmHalt } from '../../errors.ts';
import type { Loader } from '../../loader/loader.ts';
import type { LoadedModule } from '../../loader/packages.ts';
import { ability } from '../../types.ts';
import { frameworkAddress, isTxContextReference, refusal } from './names.ts';

/**
 * Name of the module's one-time witness type: a struct called as the module in upper case, with one field, a bool;
 * null when there is none.
 * @throws VmHalt when it exists and is generic, has other abilities than drop, or is made by code
 */
export function oneTimeWitnessOf(loader: Loader, module: LoadedModule): string | null {
  const name = module.name.toUpperCase();
  const { compiled } = module;
  const defIndex = compiled.structDefs.findIndex(
    ({ handle }) => compiled.datatypeHandles[handle]?.name === name,
  );
  const def = compiled.structDefs[defIndex];
  if (def === undefined || def.fields?.length !== 1 || def.fields[0]?.type.kind !== 'bool') return null;
  // IOTA's own coin type is made at genesis.
  if (module.address === frameworkAddress && module.name === 'iota') return name;
  const { abilities, typeParameters } = loader.datatypeOfHandle(module, def.handle);
  const isPacked = compiled.functionDefs.some(({ code }) =>
    code?.ops.some((opcode, pc) => opcode === op.Pack && code.operands[pc] === defIndex),
  );
  if (abilities !== ability.drop || typeParameters.length > 0 || isPacked) {
    throw refusal(
      `the one-time witness ${name} must have drop only, no type parameters, and never be made by code`,
    );
  }
  return name;
}

/**
 * The module's `init`; null when there is none.
 * @throws VmHalt when it is not private, generic, returns something, has other parameters, or is called by code
 */
export function describeInit(
  loader: Loader,
  module: LoadedModule,
  oneTimeWitness: string | null,
): PublishedModule['init'] {
  const init = module.functionNamed('init');
  const wrong = (what: string): VmHalt => refusal(`${module.name}::init ${what}`);
  if (init === undefined) return null;
  const { compiled } = module;
  const parameters = loader.signature(module, init.handle.parameters);
  if (init.visibility !== 'private' || init.def.isEntry) throw wrong('must be private and not entry');
  if (init.typeParameters.length > 0) throw wrong('must not be generic');
  if ((compiled.signatures[init.handle.returns]?.length ?? 0) > 0) throw wrong('must return nothing');
  const last = parameters.at(-1);
  if (parameters.length < 1 || parameters.length > 2 || last === undefined || !isTxContextReference(last)) {
    throw wrong('takes the one-time witness, if there is one, and a reference to the TxContext');
  }
  const isCalled = compiled.functionDefs.some(({ code }) =>
    code?.ops.some((opcode, pc) => {
      if (opcode === op.Call) return code.operands[pc] === init.def.handle;
      return (
        opcode === op.CallGeneric &&
        compiled.functionInsts[code.operands[pc] as number]?.of === init.def.handle
      );
    }),
  );
  if (isCalled) throw wrong('must not be called by code');
  const first = parameters.length === 2 ? parameters[0] : undefined;
  const takesOneTimeWitness =
    first?.kind === 'datatype' &&
    first.datatype.originalId === module.address &&
    first.datatype.module === module.name &&
    first.datatype.name === oneTimeWitness;
  if ((first !== undefined || oneTimeWitness !== null) && !takesOneTimeWitness) {
    throw wrong('takes the one-time witness exactly when the module has one');
  }
  return { takesOneTimeWitness };
}
