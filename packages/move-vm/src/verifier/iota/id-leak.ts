import { immediateOf, op, type Code, type CompiledModule } from '../../binary/format.ts';
import { VmHalt } from '../../errors.ts';
import type { FunctionCode, LoadedModule } from '../../loader/packages.ts';
import { blocksOf, type Block } from '../control-flow.ts';
import { ability } from '../../types.ts';
import {
  bridgeAddress,
  datatypeName,
  frameworkAddress,
  functionName,
  refusal,
  systemAddress,
} from './names.ts';
import { stackEffect } from './stack-effect.ts';

/**
 * Instructions that are looked at in one function, each as often as its block is. Validators refuse to sign for a module
 * that costs them 16,000,000 ticks (`max_meter_ticks_per_module`), and an instruction is 15 of them.
 */
const maxSteps = 1_000_000;

/** Functions whose result is a UID that nobody had before. */
const freshIds: ReadonlySet<string> = new Set([
  `${frameworkAddress}::object::new`,
  `${frameworkAddress}::object::new_uid_from_hash`,
  `${frameworkAddress}::test_scenario::new_object`,
]);

/** Functions that make the network's own objects, under ids that are given. */
const exempt: ReadonlySet<string> = new Set([
  `${systemAddress}::iota_system::create`,
  `${frameworkAddress}::clock::create`,
  `${frameworkAddress}::authenticator_state::create`,
  `${frameworkAddress}::random::create`,
  `${frameworkAddress}::deny_list::create`,
  `${bridgeAddress}::bridge::create`,
]);

/**
 * Checks that objects are made with UIDs that are fresh: got from `object::new` in the same function, and moved into
 * the object without a detour through another value. Else an id could outlive its object and serve a second one.
 * Source: `iota-verifier/src/id_leak_verifier.rs` of IOTA.
 * @throws VmHalt IOTA_MOVE_VERIFICATION_ERROR
 */
export function checkIdLeaks(module: LoadedModule): void {
  for (const fn of module.functions) {
    if (fn.def.code !== null && !exempt.has(fn.key)) checkFunction(module.compiled, fn, fn.def.code);
  }
}

/** Which locals hold a fresh UID where a block starts: on every way that leads there. */
type Fresh = Uint8Array;

function checkFunction(module: CompiledModule, fn: FunctionCode, code: Code): void {
  // Without such instructions there is nothing that could go wrong.
  if (!code.ops.some((opcode, pc) => packedObject(module, opcode, code.operands[pc] ?? 0) !== undefined))
    return;
  const blocks = blocksOf(code);
  const locals =
    (module.signatures[fn.handle.parameters]?.length ?? 0) + (module.signatures[code.locals]?.length ?? 0);
  const starts: (Fresh | undefined)[] = Array.from({ length: blocks.length });
  starts[0] = new Uint8Array(locals);
  const pending = [0];
  let steps = 0;
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const block = blocks[index] as Block;
    steps += block.end - block.start;
    if (steps > maxSteps) {
      throw new VmHalt('PROGRAM_TOO_COMPLEX', `${fn.module.name}::${fn.name} takes too long to check`);
    }
    const state = (starts[index] as Fresh).slice();
    runBlock(module, fn, code, block, state);
    for (const successor of block.successors) {
      const known = starts[successor];
      if (known === undefined) starts[successor] = state.slice();
      else if (!narrow(known, state)) continue;
      pending.push(successor);
    }
  }
}

/** Keeps what is fresh in both; true when that changed `into`. Nothing becomes fresh again, so it ends. */
function narrow(into: Fresh, from: Fresh): boolean {
  let changed = false;
  for (const [local, fresh] of into.entries()) {
    if (fresh === 1 && from[local] === 0) {
      into[local] = 0;
      changed = true;
    }
  }
  return changed;
}

function runBlock(module: CompiledModule, fn: FunctionCode, code: Code, block: Block, locals: Fresh): void {
  const stack: boolean[] = [];
  for (let pc = block.start; pc < block.end; pc++) {
    const opcode = code.ops[pc] as number;
    const operand = code.operands[pc] as number;
    if (opcode === op.StLoc) {
      locals[operand] = stack.pop() === true ? 1 : 0;
      continue;
    }
    const { pops, pushes } = stackEffect(module, fn, code, pc);
    const [first] = pops > 0 ? stack.splice(-pops) : [];
    const object = packedObject(module, opcode, operand);
    if (object !== undefined && first !== true) {
      throw refusal(
        `${fn.module.name}::${fn.name} makes a ${object} with a UID that is not straight from object::new`,
      );
    }
    const isFresh =
      opcode === op.MoveLoc ? locals[operand] === 1 : freshIds.has(calledFunction(module, opcode, operand));
    if (opcode === op.MoveLoc) locals[operand] = 0;
    for (let i = 0; i < pushes; i++) stack.push(isFresh);
  }
}

/** The struct with `key` that an instruction makes; undefined when it makes none. */
function packedObject(module: CompiledModule, opcode: number, operand: number): string | undefined {
  if (opcode !== op.Pack && opcode !== op.PackGeneric) return undefined;
  const def = opcode === op.Pack ? operand : (module.structInsts[operand]?.of ?? -1);
  const handle = module.structDefs[def]?.handle ?? -1;
  const isObject = ((module.datatypeHandles[handle]?.abilities ?? 0) & ability.key) !== 0;
  return isObject ? datatypeName(module, handle) : undefined;
}

function calledFunction(module: CompiledModule, opcode: number, operand: number): string {
  switch (immediateOf[opcode]) {
    case 'functionHandles':
      return functionName(module, operand);
    case 'functionInsts':
      return functionName(module, module.functionInsts[operand]?.of ?? -1);
    default:
      return '';
  }
}
