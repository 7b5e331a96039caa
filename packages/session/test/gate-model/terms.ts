/**
 * Symbolic messages: cryptography is perfect, equal terms are equal bytes. A term is a number that stands for a tag and
 * its parts; the same tag and parts always give the same number.
 */

/** A term. */
export type Term = number;
type Part = Term | string;

/** All terms of one search. */
export class Terms {
  readonly #ids: Map<string, Term> = new Map();
  readonly #nodes: (readonly Part[])[] = [];

  /** The term of `tag` and `parts`. */
  make(tag: string, ...parts: readonly Part[]): Term {
    const text = `${tag}(${parts.join(',')})`;
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#nodes.push([tag, ...parts]);
    this.#ids.set(text, this.#nodes.length - 1);
    return this.#nodes.length - 1;
  }

  tag(term: Term): string {
    return String(this.#nodes[term]?.[0]);
  }

  /** The parts of a term. */
  parts(term: Term): readonly Part[] {
    return (this.#nodes[term] ?? []).slice(1);
  }
}
