import { VmHalt } from '../errors.ts';
import { countTypeNodes, type Datatype, type Type } from '../types.ts';
import { maxTypeNodes } from './loader.ts';

/** Nesting of a value that may be made. */
export const maxValueDepth = 128;

/** `type` with its type parameters replaced. @throws VmHalt TOO_MANY_TYPE_NODES */
export function substitute(type: Type, typeArgs: readonly Type[]): Type {
  if (typeArgs.length === 0) return type;
  const replaced = replace(type, typeArgs);
  if (replaced !== type && countTypeNodes(replaced) > maxTypeNodes) {
    throw new VmHalt('TOO_MANY_TYPE_NODES', `a type grew over ${maxTypeNodes} parts`);
  }
  return replaced;
}

function replace(type: Type, typeArgs: readonly Type[]): Type {
  switch (type.kind) {
    case 'typeParameter': {
      const arg = typeArgs[type.index];
      if (arg === undefined)
        throw new VmHalt('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'a type argument is missing');
      return arg;
    }
    case 'vector':
      return { kind: 'vector', element: replace(type.element, typeArgs) };
    case 'reference':
      return { kind: 'reference', mutable: type.mutable, to: replace(type.to, typeArgs) };
    case 'datatype':
      return type.typeArgs.length === 0
        ? type
        : { ...type, typeArgs: type.typeArgs.map((arg) => replace(arg, typeArgs)) };
    default:
      return type;
  }
}

/** Text that is the same exactly for equal closed types. */
export function typeKey(type: Type): string {
  switch (type.kind) {
    case 'vector':
      return `[${typeKey(type.element)}]`;
    case 'reference':
      return `${type.mutable ? '&!' : '&'}${typeKey(type.to)}`;
    case 'datatype':
      return `${type.datatype.key}<${type.typeArgs.map(typeKey).join()}>`;
    case 'typeParameter':
      return `#${type.index}`;
    default:
      return type.kind;
  }
}

/** Depth of a datatype's values: the largest of `constant` and of each type argument's depth plus its term. */
interface DepthFormula {
  readonly constant: number;
  readonly terms: ReadonlyMap<number, number>;
}

const formulas = new WeakMap<Datatype, DepthFormula>();

/**
 * Depth of a type's values: 1 for primitives, 1 more for each vector, struct or enum around.
 * @throws VmHalt RECURSIVE_DATATYPE_DEFINITION, VM_MAX_VALUE_DEPTH_REACHED beyond {@link maxValueDepth}
 */
export function checkDepth(type: Type): number {
  const depth = depthOf(type);
  if (depth > maxValueDepth) {
    throw new VmHalt('VM_MAX_VALUE_DEPTH_REACHED', `values would be nested ${depth} deep`);
  }
  return depth;
}

function depthOf(type: Type): number {
  switch (type.kind) {
    case 'vector':
      return 1 + checkDepth(type.element);
    case 'reference':
      return 1 + checkDepth(type.to);
    case 'datatype': {
      const { constant, terms } = depthFormula(type.datatype, new Set());
      const depths = type.typeArgs.map(checkDepth);
      let depth = constant;
      for (const [index, added] of terms) depth = Math.max(depth, added + (depths[index] ?? 0));
      return depth;
    }
    default:
      return 1;
  }
}

/** @throws VmHalt RECURSIVE_DATATYPE_DEFINITION when the datatype contains itself */
export function depthFormula(datatype: Datatype, open: Set<Datatype>): DepthFormula {
  const known = formulas.get(datatype);
  if (known !== undefined) return known;
  if (open.has(datatype)) {
    throw new VmHalt('RECURSIVE_DATATYPE_DEFINITION', `${datatype.key} contains itself`);
  }
  open.add(datatype);
  let constant = 0;
  const terms = new Map<number, number>();
  const include = (part: DepthFormula, added: number): void => {
    if (part.constant > 0) constant = Math.max(constant, part.constant + added);
    for (const [index, term] of part.terms) terms.set(index, Math.max(terms.get(index) ?? 0, term + added));
  };
  for (const { fields } of datatype.variants)
    for (const { type } of fields) include(formulaOf(type, open), 1);
  open.delete(datatype);
  const formula = { constant, terms };
  formulas.set(datatype, formula);
  return formula;
}

function formulaOf(type: Type, open: Set<Datatype>): DepthFormula {
  switch (type.kind) {
    case 'typeParameter':
      return { constant: 0, terms: new Map([[type.index, 0]]) };
    case 'vector':
      return deeper(formulaOf(type.element, open), 1);
    case 'reference':
      return deeper(formulaOf(type.to, open), 1);
    case 'datatype': {
      const own = depthFormula(type.datatype, open);
      let constant = own.constant;
      const terms = new Map<number, number>();
      // Type arguments are walked even where they are phantom: a cycle through them is one too.
      const args = type.typeArgs.map((arg) => formulaOf(arg, open));
      for (const [parameter, added] of own.terms) {
        const arg = deeper(args[parameter] ?? { constant: 1, terms: new Map() }, added);
        constant = Math.max(constant, arg.constant);
        for (const [index, term] of arg.terms) terms.set(index, Math.max(terms.get(index) ?? 0, term));
      }
      return { constant, terms };
    }
    default:
      return { constant: 1, terms: new Map() };
  }
}

function deeper(formula: DepthFormula, added: number): DepthFormula {
  return {
    constant: formula.constant === 0 ? 0 : formula.constant + added,
    terms: new Map([...formula.terms].map(([index, term]) => [index, term + added])),
  };
}
