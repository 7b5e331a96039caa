/**
 * Checks that a function uses no reference to what is moved away, overwritten or mutably borrowed elsewhere. It runs
 * after the type check and relies on it: operands are there and of the right kind.
 * Source of the rules: `move-bytecode-verifier/src/reference_safety` of IOTA.
 */
import { op, type Code } from '../binary/format.ts';
import { VmHalt, type VmStatus } from '../errors.ts';
import type { Executable } from '../interpreter/executable.ts';
import type { Loader } from '../loader/loader.ts';
import type { FunctionCode } from '../loader/packages.ts';
import type { Type } from '../types.ts';
import { BorrowGraph, frameRoot } from './borrow-graph.ts';
import { blocksOf } from './control-flow.ts';

/** What is on the stack or in a local: the number of a reference, or null for anything else. */
type Slot = number | null;

interface State {
  readonly graph: BorrowGraph;
  readonly locals: Slot[];
}

/** Numbers of references in locals are the locals'; those made within a block follow. */
const firstTemporary = 256;

/** How many values plain instructions take and give; those with references are told apart below. */
const plainEffect: Readonly<Record<number, readonly [pops: number, pushes: number]>> = {
  ...Object.fromEntries(
    [op.LdU8, op.LdU16, op.LdU32, op.LdU64, op.LdU128, op.LdU256, op.LdConst, op.LdTrue, op.LdFalse].map(
      (code) => [code, [0, 1]],
    ),
  ),
  ...Object.fromEntries(
    [op.Add, op.Sub, op.Mul, op.Div, op.Mod, op.BitOr, op.BitAnd, op.Xor, op.Shl, op.Shr].map((code) => [
      code,
      [2, 1],
    ]),
  ),
  ...Object.fromEntries([op.Lt, op.Gt, op.Le, op.Ge, op.And, op.Or].map((code) => [code, [2, 1]])),
  ...Object.fromEntries([op.BrTrue, op.BrFalse, op.Abort].map((code) => [code, [1, 0]])),
  ...Object.fromEntries([op.Branch, op.Nop].map((code) => [code, [0, 0]])),
  ...Object.fromEntries(
    [op.Not, op.CastU8, op.CastU16, op.CastU32, op.CastU64, op.CastU128, op.CastU256].map((code) => [
      code,
      [1, 1],
    ]),
  ),
};

/** @throws VmHalt with a status of reference safety */
export function checkReferences(
  loader: Loader,
  fn: FunctionCode,
  code: Code,
  executable: Executable,
  at: (pc: number) => void,
): void {
  const parameters = loader.signature(fn.module, fn.handle.parameters);
  const blocks = blocksOf(code);
  const graph = new BorrowGraph();
  const locals = Array.from({ length: executable.localCount }, (_none, local): Slot => {
    const type = parameters[local];
    if (type?.kind !== 'reference') return null;
    graph.addReference(local, type.mutable);
    return local;
  });
  const states: (State | undefined)[] = [{ graph, locals }];
  const pending = new Set([0]);
  while (pending.size > 0) {
    // Blocks mostly follow what leads to them, so that the first that is pending has most of its ways in.
    const index = Math.min(...pending);
    pending.delete(index);
    const block = blocks[index];
    const start = states[index];
    if (block === undefined || start === undefined) continue;
    const analysis = new BlockAnalysis(loader, fn, code, executable, start);
    for (let pc = block.start; pc < block.end; pc++) {
      at(pc);
      analysis.instruction(pc);
    }
    const end = analysis.end();
    for (const successor of block.successors) {
      const known = states[successor];
      if (known === undefined) states[successor] = { graph: end.graph.copy(), locals: [...end.locals] };
      else if (!joinStates(known, end)) continue;
      pending.add(successor);
    }
  }
}

/** Widens `into` by `from`; true when that changed it. A reference that only one way has is gone. */
function joinStates(into: State, from: State): boolean {
  let changed = false;
  const other = from.graph.copy();
  for (const [local, slot] of into.locals.entries()) {
    const otherSlot = from.locals[local] ?? null;
    if (slot === otherSlot) continue;
    if (slot !== null) {
      into.graph.release(slot);
      into.locals[local] = null;
      changed = true;
    } else if (otherSlot !== null) {
      other.release(otherSlot);
    }
  }
  return into.graph.join(other) || changed;
}

class BlockAnalysis {
  readonly #loader: Loader;
  readonly #fn: FunctionCode;
  readonly #code: Code;
  readonly #executable: Executable;
  readonly #graph: BorrowGraph;
  readonly #locals: Slot[];
  readonly #stack: Slot[] = [];
  #next = firstTemporary;

  constructor(loader: Loader, fn: FunctionCode, code: Code, executable: Executable, start: State) {
    this.#loader = loader;
    this.#fn = fn;
    this.#code = code;
    this.#executable = executable;
    this.#graph = start.graph.copy();
    this.#locals = [...start.locals];
  }

  /** The state after the block, with references in locals numbered as those. */
  end(): State {
    const names = new Map<number, number>();
    for (const [local, slot] of this.#locals.entries()) if (slot !== null) names.set(slot, local);
    return {
      graph: this.#graph.renamed(names),
      locals: this.#locals.map((slot, local) => (slot === null ? null : local)),
    };
  }

  #reference(isMutable: boolean): number {
    const id = this.#next++;
    this.#graph.addReference(id, isMutable);
    return id;
  }

  #pop(): Slot {
    return this.#stack.pop() ?? null;
  }

  #popReference(): number {
    const slot = this.#pop();
    if (slot === null) throw new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'a reference is missing');
    return slot;
  }

  #require(isSafe: boolean, status: VmStatus, message: string): void {
    if (!isSafe) throw new VmHalt(status, message);
  }

  #isWritable(id: number): boolean {
    return !this.#graph.isBorrowed(id);
  }

  #isReadable(id: number, label?: string): boolean {
    return !this.#graph.isMutable(id) || !this.#graph.isBorrowed(id, label, true);
  }

  instruction(pc: number): void {
    const opcode = this.#code.ops[pc] as number;
    const operand = this.#code.operands[pc] as number;
    const count = this.#executable.first[pc] as number;
    const effect = plainEffect[opcode];
    if (effect !== undefined) return this.#replace(...effect);
    switch (opcode) {
      case op.Pop:
        return this.#release(this.#pop());
      case op.Ret:
        return this.#return();
      case op.CopyLoc:
      case op.MoveLoc:
      case op.StLoc:
      case op.MutBorrowLoc:
      case op.ImmBorrowLoc:
        return this.#local(opcode, operand);
      case op.Pack:
      case op.PackGeneric:
      case op.PackVariant:
      case op.PackVariantGeneric:
      case op.VecPack:
        return this.#replace(count, 1);
      case op.Unpack:
      case op.UnpackGeneric:
      case op.UnpackVariant:
      case op.UnpackVariantGeneric:
      case op.VecUnpack:
        return this.#replace(1, count);
      case op.MutBorrowField:
      case op.MutBorrowFieldGeneric:
        return this.#borrowParts([`/${count}`], true, `/${count}`);
      case op.ImmBorrowField:
      case op.ImmBorrowFieldGeneric:
        return this.#borrowParts([`/${count}`], false, `/${count}`);
      case op.UnpackVariantMutRef:
      case op.UnpackVariantGenericMutRef:
      case op.UnpackVariantImmRef:
      case op.UnpackVariantGenericImmRef: {
        const tag = this.#executable.second[pc] as number;
        const isMutable = opcode === op.UnpackVariantMutRef || opcode === op.UnpackVariantGenericMutRef;
        return this.#borrowParts(
          Array.from({ length: count }, (_none, field) => `/${tag}.${field}`),
          isMutable,
        );
      }
      case op.Call:
      case op.CallGeneric:
        return this.#call(pc, count);
      default:
        return this.#throughReference(opcode);
    }
  }

  #replace(pops: number, pushes: number): void {
    for (let i = 0; i < pops; i++) this.#pop();
    for (let i = 0; i < pushes; i++) this.#stack.push(null);
  }

  #release(slot: Slot): void {
    if (slot !== null) this.#graph.release(slot);
  }

  #local(opcode: number, local: number): void {
    const slot = this.#locals[local] ?? null;
    const label = `/${local}`;
    switch (opcode) {
      case op.CopyLoc: {
        const isFree = slot !== null || !this.#graph.isBorrowed(frameRoot, label, true);
        this.#require(isFree, 'COPYLOC_EXISTS_BORROW_ERROR', `local ${local} is mutably borrowed`);
        if (slot === null) return this.#replace(0, 1);
        const copied = this.#reference(this.#graph.isMutable(slot));
        this.#graph.borrowStrongly(slot, '', copied);
        this.#stack.push(copied);
        return;
      }
      case op.MoveLoc: {
        const isFree = slot !== null || !this.#graph.isBorrowed(frameRoot, label);
        this.#require(isFree, 'MOVELOC_EXISTS_BORROW_ERROR', `local ${local} is borrowed`);
        this.#locals[local] = null;
        this.#stack.push(slot);
        return;
      }
      case op.StLoc: {
        this.#locals[local] = this.#pop();
        if (slot !== null) return this.#graph.release(slot);
        const isFree = !this.#graph.isBorrowed(frameRoot, label);
        return this.#require(isFree, 'STLOC_UNSAFE_TO_DESTROY_ERROR', `local ${local} is borrowed`);
      }
      default: {
        const isMutable = opcode === op.MutBorrowLoc;
        const isFree = isMutable || !this.#graph.isBorrowed(frameRoot, label, true);
        this.#require(isFree, 'BORROWLOC_EXISTS_BORROW_ERROR', `local ${local} is mutably borrowed`);
        const borrowed = this.#reference(isMutable);
        this.#graph.borrowStrongly(frameRoot, label, borrowed);
        this.#stack.push(borrowed);
      }
    }
  }

  /** @param label the part that is read when it is one; undefined when the whole is */
  #borrowParts(paths: readonly string[], isMutable: boolean, label?: string): void {
    const owner = this.#popReference();
    const isFree = isMutable ? !this.#graph.isFullyBorrowed(owner) : this.#isReadable(owner, label);
    this.#require(isFree, 'FIELD_EXISTS_MUTABLE_BORROW_ERROR', 'what is looked into is mutably borrowed');
    for (const path of paths) {
      const part = this.#reference(isMutable);
      this.#graph.borrowStrongly(owner, path, part);
      this.#stack.push(part);
    }
    this.#graph.release(owner);
  }

  #throughReference(opcode: number): void {
    switch (opcode) {
      case op.ReadRef: {
        const id = this.#popReference();
        this.#require(
          this.#isReadable(id),
          'READREF_EXISTS_MUTABLE_BORROW_ERROR',
          'what is read is mutably borrowed',
        );
        this.#graph.release(id);
        return this.#replace(0, 1);
      }
      case op.WriteRef: {
        const id = this.#popReference();
        this.#require(
          this.#isWritable(id),
          'WRITEREF_EXISTS_BORROW_ERROR',
          'what is overwritten is borrowed',
        );
        this.#graph.release(id);
        return this.#replace(1, 0);
      }
      case op.FreezeRef: {
        const id = this.#popReference();
        const isFree = !this.#graph.isBorrowed(id, undefined, true);
        this.#require(isFree, 'FREEZEREF_EXISTS_MUTABLE_BORROW_ERROR', 'what is frozen is mutably borrowed');
        const frozen = this.#reference(false);
        this.#graph.borrowStrongly(id, '', frozen);
        this.#graph.release(id);
        this.#stack.push(frozen);
        return;
      }
      case op.Eq:
      case op.Neq: {
        const slots = [this.#pop(), this.#pop()];
        const isFree = slots.every((slot) => slot === null || this.#isReadable(slot));
        this.#require(isFree, 'READREF_EXISTS_MUTABLE_BORROW_ERROR', 'what is compared is mutably borrowed');
        for (const slot of slots) this.#release(slot);
        return this.#replace(0, 1);
      }
      case op.VariantSwitch:
        return this.#release(this.#pop());
      default:
        return this.#vector(opcode);
    }
  }

  #vector(opcode: number): void {
    const isBorrow = opcode === op.VecImmBorrow || opcode === op.VecMutBorrow;
    const isMutable = opcode !== op.VecLen && opcode !== op.VecImmBorrow;
    this.#replace(opcode === op.VecSwap ? 2 : isBorrow || opcode === op.VecPushBack ? 1 : 0, 0);
    const vector = this.#popReference();
    this.#require(
      !isMutable || this.#isWritable(vector),
      isBorrow ? 'VEC_BORROW_ELEMENT_EXISTS_MUTABLE_BORROW_ERROR' : 'VEC_UPDATE_EXISTS_MUTABLE_BORROW_ERROR',
      'the vector or an element of it is borrowed',
    );
    if (isBorrow) {
      const element = this.#reference(isMutable);
      this.#graph.borrowWeakly(vector, element);
      this.#stack.push(element);
    } else if (opcode !== op.VecPushBack && opcode !== op.VecSwap) {
      this.#stack.push(null);
    }
    this.#graph.release(vector);
  }

  #call(pc: number, count: number): void {
    const passed = this.#stack.splice(this.#stack.length - count, count).filter((slot) => slot !== null);
    for (const id of passed) {
      const isFree = !this.#graph.isMutable(id) || this.#isWritable(id);
      this.#require(
        isFree,
        'CALL_BORROWED_MUTABLE_REFERENCE_ERROR',
        'a mutable reference is passed while borrowed',
      );
    }
    const { handle } = this.#executable.aux[pc] as { readonly handle: number };
    const returns = this.#fn.module.compiled.functionHandles[handle]?.returns ?? 0;
    for (const type of this.#loader.signature(this.#fn.module, returns)) {
      this.#stack.push(type.kind === 'reference' ? this.#returned(type, passed) : null);
    }
    for (const id of passed) this.#graph.release(id);
  }

  /** A reference that a call returned may be into anything that was passed to it, mutable only into what was mutable. */
  #returned(type: Type & { readonly kind: 'reference' }, passed: readonly number[]): number {
    const id = this.#reference(type.mutable);
    for (const parent of passed) {
      if (!type.mutable || this.#graph.isMutable(parent)) this.#graph.borrowWeakly(parent, id);
    }
    return id;
  }

  #return(): void {
    for (const [local, slot] of this.#locals.entries()) {
      this.#release(slot);
      this.#locals[local] = null;
    }
    for (const slot of this.#stack) {
      const isFree = slot === null || !this.#graph.isMutable(slot) || this.#isWritable(slot);
      this.#require(
        isFree,
        'RET_BORROWED_MUTABLE_REFERENCE_ERROR',
        'a mutable reference is returned while borrowed',
      );
    }
    this.#require(
      !this.#graph.isBorrowed(frameRoot),
      'UNSAFE_RET_LOCAL_OR_RESOURCE_STILL_BORROWED',
      'a reference to a local is returned',
    );
    this.#stack.length = 0;
  }
}
