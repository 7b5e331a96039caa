import { VmHalt } from '../errors.ts';
import { ability, type AbilitySet, type Type } from '../types.ts';

const all = ability.copy | ability.drop | ability.store | ability.key;
const primitive = ability.copy | ability.drop | ability.store;

/**
 * What a type is able to. A container can copy, drop or store when its type arguments can; it has key when it declares
 * it and its arguments can store. Phantom arguments do not count.
 * @param parameters constraints of the type parameters that `type` may speak of
 */
export function abilitiesOf(type: Type, parameters: readonly AbilitySet[] = []): AbilitySet {
  switch (type.kind) {
    case 'signer':
      return ability.drop;
    case 'reference':
      return ability.copy | ability.drop;
    case 'typeParameter':
      return parameters[type.index] ?? 0;
    case 'vector':
      return primitive & abilitiesOf(type.element, parameters);
    case 'datatype': {
      let abilities = type.datatype.abilities;
      for (const [index, arg] of type.typeArgs.entries()) {
        if (type.datatype.typeParameters[index]?.phantom !== true) {
          abilities &= allowedBy(abilitiesOf(arg, parameters));
        }
      }
      return abilities;
    }
    default:
      return primitive;
  }
}

/** Abilities a container may have when one of its parts has `part`. */
function allowedBy(part: AbilitySet): AbilitySet {
  return (part & primitive) | ((part & ability.store) === 0 ? 0 : ability.key);
}

/** What each part of something with these abilities must be able to. */
export function requiredOfParts(abilities: AbilitySet): AbilitySet {
  return (abilities & primitive) | ((abilities & ability.key) === 0 ? 0 : ability.store);
}

/**
 * Checks type arguments against the constraints of the parameters; references are never type arguments.
 * @throws VmHalt NUMBER_OF_TYPE_ARGUMENTS_MISMATCH, CONSTRAINT_NOT_SATISFIED
 */
export function checkConstraints(
  constraints: readonly AbilitySet[],
  typeArgs: readonly Type[],
  parameters: readonly AbilitySet[] = [],
): void {
  if (constraints.length !== typeArgs.length) {
    throw new VmHalt(
      'NUMBER_OF_TYPE_ARGUMENTS_MISMATCH',
      `${typeArgs.length} type arguments instead of ${constraints.length}`,
    );
  }
  for (const [index, arg] of typeArgs.entries()) {
    const missing = (constraints[index] ?? all) & ~abilitiesOf(arg, parameters);
    if (missing !== 0 || arg.kind === 'reference') {
      throw new VmHalt('CONSTRAINT_NOT_SATISFIED', `type argument ${index} lacks an ability`, BigInt(index));
    }
  }
}
