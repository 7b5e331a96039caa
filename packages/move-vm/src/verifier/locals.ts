import { op, type Code } from '../binary/format.ts';
import type { Block } from './control-flow.ts';

/** Whether a local holds a value: on no way here, on some, on every. */
export const availability = { no: 0, maybe: 1, yes: 2 } as const;

/**
 * What each local holds at the start of each block, from a fixed point over the control flow.
 * @param parameterCount locals that are filled at the start
 * @returns by block; undefined for blocks that are never reached
 */
export function localsAtStart(
  code: Code,
  blocks: readonly Block[],
  parameterCount: number,
  localCount: number,
): readonly (Uint8Array | undefined)[] {
  const states: (Uint8Array | undefined)[] = Array.from({ length: blocks.length });
  states[0] = new Uint8Array(localCount).fill(availability.yes, 0, parameterCount);
  const pending = [0];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const block = blocks[index] as Block;
    const state = (states[index] as Uint8Array).slice();
    for (let pc = block.start; pc < block.end; pc++) {
      if (code.ops[pc] === op.MoveLoc) state[code.operands[pc] as number] = availability.no;
      else if (code.ops[pc] === op.StLoc) state[code.operands[pc] as number] = availability.yes;
    }
    for (const successor of block.successors) {
      const known = states[successor];
      if (known === undefined) {
        states[successor] = state.slice();
        pending.push(successor);
      } else if (join(known, state)) {
        pending.push(successor);
      }
    }
  }
  return states;
}

/** Widens `into` by `from`; true when that changed it. A local can only go from yes or no to maybe, so it ends. */
function join(into: Uint8Array, from: Uint8Array): boolean {
  let changed = false;
  for (let i = 0; i < into.length; i++) {
    if (into[i] !== from[i] && into[i] !== availability.maybe) {
      into[i] = availability.maybe;
      changed = true;
    }
  }
  return changed;
}
