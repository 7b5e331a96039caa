/**
 * Prices of the object natives in internal gas units, and the abstract sizes they count by. Values from
 * `iota-protocol-config`; sizes from `move-core-types`: abstract_size_for_gas_metering.
 */
import type { StructTag, TypeTag } from '../types.ts';

export const COST: Readonly<
  Record<
    | 'base'
    | 'eventPerValueByte'
    | 'eventPerTagByte'
    | 'eventPerOutputByte'
    | 'fieldBase'
    | 'hashPerByte'
    | 'addPerByte'
    | 'borrowPerByte'
    | 'removePerByte'
    | 'hasPerByte'
    | 'witnessPerByte',
    number
  >
> = {
  /** Base of every native that has no price of its own. */
  base: 52,
  eventPerValueByte: 2,
  eventPerTagByte: 5,
  eventPerOutputByte: 10,
  fieldBase: 100,
  hashPerByte: 2,
  addPerByte: 10,
  borrowPerByte: 10,
  removePerByte: 2,
  hasPerByte: 2,
  witnessPerByte: 2,
};

/** A struct tag's abstract size: address, names, type parameters. */
export function structTagSize(tag: StructTag): number {
  let size = 32 + tag.module.length + tag.name.length;
  for (const parameter of tag.typeParams) size += typeTagSize(parameter);
  return size;
}

/** A type tag's abstract size: 24 and its content. */
export function typeTagSize(tag: TypeTag): number {
  if (typeof tag === 'string') return 24;
  return 24 + ('vector' in tag ? typeTagSize(tag.vector) : structTagSize(tag.struct));
}
