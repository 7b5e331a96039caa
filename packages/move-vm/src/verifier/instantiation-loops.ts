import { op, type CompiledModule, type Token } from '../binary/format.ts';
import { VmHalt } from '../errors.ts';

/** A type argument of a call: where the caller's type parameter goes, and whether it is wrapped in another type. */
interface Edge {
  readonly to: string;
  readonly grows: boolean;
}

/**
 * Checks that generic functions do not call each other with ever larger types: following type parameters from callers
 * to callees, no circle may wrap a parameter in another type. Other modules cannot take part in such a circle, because
 * modules do not depend on each other in circles.
 * Source: `move-bytecode-verifier/src/instantiation_loops.rs` of IOTA.
 * @throws VmHalt LOOP_IN_INSTANTIATION_GRAPH
 */
export function checkInstantiationLoops(module: CompiledModule): void {
  const edges = edgesOf(module);
  const components = componentsOf(edges);
  for (const [from, targets] of edges) {
    for (const { to, grows } of targets) {
      if (grows && components.get(from) === components.get(to)) {
        throw new VmHalt(
          'LOOP_IN_INSTANTIATION_GRAPH',
          'generic functions instantiate each other without end',
        );
      }
    }
  }
}

/** Type parameters as `function definition#parameter`, with what they are passed on to. */
function edgesOf(module: CompiledModule): Map<string, Edge[]> {
  const definitions = new Map(module.functionDefs.map(({ handle }, index) => [handle, index]));
  const edges = new Map<string, Edge[]>();
  for (const [caller, { code }] of module.functionDefs.entries()) {
    // A call that stands in the code many times adds nothing to what it adds once.
    const seen = new Set<number>();
    for (const [pc, opcode] of code?.ops.entries() ?? []) {
      const operand = code?.operands[pc];
      if (opcode !== op.CallGeneric || operand === undefined || seen.has(operand)) continue;
      seen.add(operand);
      const inst = module.functionInsts[operand];
      const callee = inst === undefined ? undefined : definitions.get(inst.of);
      if (inst === undefined || callee === undefined) continue;
      for (const [formal, type] of (module.signatures[inst.typeArgs] ?? []).entries()) {
        for (const index of parametersIn(type)) {
          const from = `${caller}#${index}`;
          const edge = { to: `${callee}#${formal}`, grows: type.kind !== 'typeParameter' };
          const known = edges.get(from);
          if (known === undefined) edges.set(from, [edge]);
          else known.push(edge);
        }
      }
    }
  }
  return edges;
}

function parametersIn(type: Token, found: Set<number> = new Set()): Set<number> {
  if (type.kind === 'typeParameter') found.add(type.index);
  if (type.kind === 'vector') parametersIn(type.element, found);
  if (type.kind === 'reference') parametersIn(type.to, found);
  if (type.kind === 'datatype') for (const arg of type.typeArgs) parametersIn(arg, found);
  return found;
}

/** Strongly connected components by Tarjan's algorithm, without recursion: node to the number of its component. */
function componentsOf(edges: ReadonlyMap<string, readonly Edge[]>): Map<string, number> {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const component = new Map<string, number>();
  const open: string[] = [];
  for (const root of edges.keys()) {
    if (order.has(root)) continue;
    const visits: { readonly node: string; next: number }[] = [];
    const enter = (node: string): void => {
      order.set(node, order.size);
      low.set(node, order.get(node) as number);
      open.push(node);
      visits.push({ node, next: 0 });
    };
    enter(root);
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const { node } = visit;
      const edge = edges.get(node)?.[visit.next++];
      if (edge !== undefined) {
        if (!order.has(edge.to)) enter(edge.to);
        else if (!component.has(edge.to)) lower(low, node, order.get(edge.to) as number);
        continue;
      }
      visits.pop();
      const parent = visits.at(-1);
      if (parent !== undefined) lower(low, parent.node, low.get(node) as number);
      if (low.get(node) !== order.get(node)) continue;
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        component.set(member, order.get(node) as number);
        if (member === node) break;
      }
    }
  }
  return component;
}

function lower(low: Map<string, number>, node: string, value: number): void {
  low.set(node, Math.min(low.get(node) as number, value));
}
