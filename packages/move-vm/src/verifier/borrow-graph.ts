import { VmHalt } from '../errors.ts';

/** The frame itself, from which references to locals are borrowed. */
export const frameRoot = -1;

/** Edges that one function's analysis may add: honest functions need some thousands, a hostile one is stopped. */
const maxWork = 500_000;

/**
 * Which references a function holds and what they were borrowed from. An edge from a reference to one borrowed from it
 * has a path: `''` for the same place, `/field` and so on for a part of it. A strong edge's path is all there is to say;
 * a weak one's reference may be anywhere below its path.
 *
 * Edges are text, `!` (strong) or `~` (weak) and the path, so that sets of them compare and copy easily.
 * Source of the idea: `move-borrow-graph` of IOTA; S. Blackshear et al., "The Move Borrow Checker", 2022.
 */
export class BorrowGraph {
  readonly #isMutable: Map<number, boolean>;
  /** Edges by parent, then by child. */
  readonly #edges: Map<number, Map<number, Set<string>>>;
  readonly #work: { left: number };

  constructor(work: { left: number } = { left: maxWork }) {
    this.#isMutable = new Map([[frameRoot, true]]);
    this.#edges = new Map();
    this.#work = work;
  }

  copy(): BorrowGraph {
    return this.renamed(new Map());
  }

  /** A copy in which references have other numbers. */
  renamed(names: ReadonlyMap<number, number>): BorrowGraph {
    const nameOf = (id: number): number => names.get(id) ?? id;
    const graph = new BorrowGraph(this.#work);
    for (const [id, isMutable] of this.#isMutable) graph.#isMutable.set(nameOf(id), isMutable);
    for (const [parent, children] of this.#edges) {
      for (const [child, edges] of children) {
        for (const edge of edges) graph.#add(nameOf(parent), nameOf(child), edge);
      }
    }
    return graph;
  }

  addReference(id: number, isMutable: boolean): void {
    this.#isMutable.set(id, isMutable);
  }

  isMutable(id: number): boolean {
    return this.#isMutable.get(id) === true;
  }

  /** `child` refers to exactly `path` of what `parent` refers to; what was borrowed from there is now the child's. */
  borrowStrongly(parent: number, path: string, child: number): void {
    for (const [other, edges] of this.#edges.get(parent) ?? []) {
      for (const edge of edges) {
        const rest = edge.slice(1);
        if (other === child || !isPrefix(path, rest)) continue;
        edges.delete(edge);
        this.#add(child, other, edge.charAt(0) + rest.slice(path.length));
      }
      if (edges.size === 0) this.#edges.get(parent)?.delete(other);
    }
    this.#add(parent, child, `!${path}`);
  }

  /** `child` refers to something within what `parent` refers to. */
  borrowWeakly(parent: number, child: number): void {
    this.#add(parent, child, '~');
  }

  /** The reference is gone; what was borrowed from it is borrowed from what it was borrowed from. */
  release(id: number): void {
    const children = this.#edges.get(id);
    for (const [parent, siblings] of this.#edges) {
      const edges = siblings.get(id);
      if (edges === undefined) continue;
      siblings.delete(id);
      for (const edge of edges) {
        for (const [child, childEdges] of children ?? []) {
          if (child === parent) continue;
          for (const childEdge of childEdges) {
            const isStrong = edge.startsWith('!');
            const path = isStrong ? edge.slice(1) + childEdge.slice(1) : edge.slice(1);
            this.#add(parent, child, (isStrong && childEdge.startsWith('!') ? '!' : '~') + path);
          }
        }
      }
    }
    this.#edges.delete(id);
    this.#isMutable.delete(id);
  }

  /**
   * True when a reference borrowed from `id` may refer to it or a part of it.
   * @param label the one part that matters; all when undefined
   * @param onlyMutable leaves immutable references out
   */
  isBorrowed(id: number, label?: string, onlyMutable = false): boolean {
    for (const [child, edges] of this.#edges.get(id) ?? []) {
      if (onlyMutable && !this.isMutable(child)) continue;
      for (const edge of edges) {
        if (label === undefined || edge.length === 1 || isPrefix(label, edge.slice(1))) return true;
      }
    }
    return false;
  }

  /** True when a reference borrowed from `id` may refer to the very same place. */
  isFullyBorrowed(id: number): boolean {
    for (const edges of this.#edges.get(id)?.values() ?? []) {
      for (const edge of edges) if (edge.length === 1) return true;
    }
    return false;
  }

  /** Takes in the edges of a graph of the same references; true when some were new. */
  join(other: BorrowGraph): boolean {
    let changed = false;
    for (const [parent, children] of other.#edges) {
      for (const [child, edges] of children) {
        for (const edge of edges) {
          if (this.#covers(parent, child, edge)) continue;
          this.#add(parent, child, edge);
          changed = true;
        }
      }
    }
    return changed;
  }

  #covers(parent: number, child: number, wanted: string): boolean {
    for (const edge of this.#edges.get(parent)?.get(child) ?? []) {
      if (edge === wanted || (edge.startsWith('~') && isPrefix(edge.slice(1), wanted.slice(1)))) return true;
    }
    return false;
  }

  #add(parent: number, child: number, edge: string): void {
    if (--this.#work.left < 0)
      throw new VmHalt('PROGRAM_TOO_COMPLEX', 'too many references borrow from each other');
    let children = this.#edges.get(parent);
    if (children === undefined) this.#edges.set(parent, (children = new Map<number, Set<string>>()));
    const edges = children.get(child);
    if (edges === undefined) children.set(child, new Set([edge]));
    else edges.add(edge);
  }
}

function isPrefix(path: string, of: string): boolean {
  return of.startsWith(path) && (of.length === path.length || path === '' || of.charAt(path.length) === '/');
}
