import { VmHalt } from '../errors.ts';
import type { Block } from './control-flow.ts';

/** Loops inside each other: `max_loop_depth` of the protocol's configuration. */
const maxLoopDepth = 5;

/**
 * Checks that control flow is made of nested loops, each entered only at its head, and not too many of them inside each
 * other. By R. E. Tarjan, "Testing Flow Graph Reducibility" (1974): inner loops are found first and then count as their
 * head; what jumps into a loop from outside of the head's subtree makes the graph irreducible.
 * Source of the limits: `move-bytecode-verifier/src/control_flow.rs` of IOTA.
 * @throws VmHalt INVALID_LOOP_SPLIT, LOOP_MAX_DEPTH_REACHED
 */
export function checkLoops(blocks: readonly Block[]): void {
  const { preorder, last, back, predecessors } = walk(blocks);
  const headOf = preorder.map((_block, node) => node);
  const depthOf = preorder.map(() => 0);
  const loopOf = (node: number): number => {
    let head = node;
    while (headOf[head] !== head) head = headOf[head] as number;
    headOf[node] = head;
    return head;
  };
  for (let head = preorder.length - 1; head >= 0; head--) {
    const sources = back[head] ?? [];
    if (sources.length === 0) continue;
    const body = new Set(sources.map(loopOf));
    body.delete(head);
    const frontier = [...body];
    for (let node = frontier.pop(); node !== undefined; node = frontier.pop()) {
      for (const from of predecessors[node] ?? []) {
        const outer = loopOf(from);
        if (outer < head || outer > (last[head] as number)) {
          throw new VmHalt('INVALID_LOOP_SPLIT', 'a loop is entered past its head');
        }
        if (outer !== head && !body.has(outer)) {
          body.add(outer);
          frontier.push(outer);
        }
      }
    }
    let depth = depthOf[head] as number;
    for (const node of body) {
      headOf[node] = head;
      depth = Math.max(depth, depthOf[node] as number);
    }
    depthOf[head] = ++depth;
    if (depth > maxLoopDepth) {
      throw new VmHalt('LOOP_MAX_DEPTH_REACHED', `over ${maxLoopDepth} loops inside each other`);
    }
  }
}

interface Walk {
  /** Blocks that are reached, in the order of a depth-first walk; nodes are indexes into it. */
  readonly preorder: readonly number[];
  /** The last node of each node's subtree. */
  readonly last: readonly number[];
  /** By node, those in its subtree that jump to it. */
  readonly back: readonly (readonly number[] | undefined)[];
  /** By node, all others that jump to it. */
  readonly predecessors: readonly (readonly number[] | undefined)[];
}

function walk(blocks: readonly Block[]): Walk {
  const nodeOf = new Map<number, number>();
  const preorder: number[] = [];
  const last: number[] = [];
  const back: number[][] = [];
  const predecessors: number[][] = [];
  const isOpen: boolean[] = [];
  const visits: { readonly node: number; next: number }[] = [];
  const enter = (block: number): number => {
    const node = preorder.push(block) - 1;
    nodeOf.set(block, node);
    isOpen[node] = true;
    visits.push({ node, next: 0 });
    return node;
  };
  enter(0);
  for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
    const { node } = visit;
    const target = blocks[preorder[node] as number]?.successors[visit.next++];
    if (target === undefined) {
      last[node] = preorder.length - 1;
      isOpen[node] = false;
      visits.pop();
      continue;
    }
    const known = nodeOf.get(target);
    if (known !== undefined && isOpen[known] === true) (back[known] ??= []).push(node);
    else (predecessors[known ?? enter(target)] ??= []).push(node);
  }
  return { preorder, last, back, predecessors };
}
