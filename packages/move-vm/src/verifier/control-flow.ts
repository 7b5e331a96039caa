import { op, type Code } from '../binary/format.ts';
import { VmHalt } from '../errors.ts';

/** Blocks a function may have. */
const maxBlocks = 1024;

/** Instructions from `start` to `end` (not included) that run one after the other. */
export interface Block {
  readonly start: number;
  readonly end: number;
  /** Indexes of the blocks that may run next. */
  readonly successors: readonly number[];
}

/**
 * Cuts a function into blocks.
 * @throws VmHalt INVALID_FALL_THROUGH when control can leave the end, TOO_MANY_BASIC_BLOCKS
 */
export function blocksOf(code: Code): Block[] {
  const { ops, operands, jumpTables } = code;
  const targetsOf = (pc: number): readonly number[] => {
    switch (ops[pc]) {
      case op.Branch:
        return [operands[pc] as number];
      case op.BrTrue:
      case op.BrFalse:
        return [operands[pc] as number, pc + 1];
      case op.VariantSwitch:
        return jumpTables[operands[pc] as number]?.offsets ?? [];
      case op.Ret:
      case op.Abort:
        return [];
      default:
        return [pc + 1];
    }
  };
  const endsBlock = (pc: number): boolean => {
    const opcode = ops[pc];
    return (
      opcode === op.Branch ||
      opcode === op.BrTrue ||
      opcode === op.BrFalse ||
      opcode === op.VariantSwitch ||
      opcode === op.Ret ||
      opcode === op.Abort
    );
  };
  const isStart = new Uint8Array(ops.length + 1);
  isStart[0] = 1;
  for (let pc = 0; pc < ops.length; pc++) {
    if (!endsBlock(pc)) continue;
    isStart[pc + 1] = 1;
    for (const target of targetsOf(pc)) isStart[target] = 1;
  }
  const last = ops.length - 1;
  if (!endsBlock(last) || ops[last] === op.BrTrue || ops[last] === op.BrFalse) {
    throw new VmHalt('INVALID_FALL_THROUGH', 'control can run past the last instruction');
  }
  const starts: number[] = [];
  const blockAt = new Map<number, number>();
  for (let pc = 0; pc < ops.length; pc++) {
    if (isStart[pc] === 1) blockAt.set(pc, starts.push(pc) - 1);
  }
  if (starts.length > maxBlocks) throw new VmHalt('TOO_MANY_BASIC_BLOCKS', `${starts.length} blocks`);
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? ops.length;
    const successors = [...new Set(targetsOf(end - 1))].map((target) => blockAt.get(target) as number);
    return { start, end, successors };
  });
}
