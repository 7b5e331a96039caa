import type { CompiledModule, FieldDef, Token } from '../binary/format.ts';
import { VmHalt } from '../errors.ts';

// Limits of the chain's verifier. Source: `max_*` of `crates/iota-protocol-config/src/lib.rs` of IOTA.
const maxParameters = 128;
const maxTypeParameters = 32;
const maxTypeSize = 256;
const maxFields = 32;
const maxDatatypes = 200;
const maxVariants = 127;
const maxConstantElements = 262_144;

/** What a datatype or a type parameter weighs in a type; everything else weighs 1. */
const namedTypeSize = 4;

/**
 * Checks the sizes that the protocol bounds and the binary format does not.
 * Source of how they are counted: `move-bytecode-verifier/src/limits.rs` of IOTA.
 * @throws VmHalt of verification
 */
export function checkLimits(module: CompiledModule): void {
  for (const { type, data } of module.constants) {
    if (type.kind === 'vector' && elementCount(data) > maxConstantElements) {
      throw new VmHalt(
        'TOO_MANY_VECTOR_ELEMENTS',
        `a constant vector has over ${maxConstantElements} elements`,
      );
    }
  }
  for (const { parameters, typeParameters } of module.functionHandles) {
    checkTypeParameters(typeParameters.length);
    if ((module.signatures[parameters]?.length ?? 0) > maxParameters) {
      throw new VmHalt('TOO_MANY_PARAMETERS', `a function has over ${maxParameters} parameters`);
    }
  }
  for (const { typeParameters } of module.datatypeHandles) checkTypeParameters(typeParameters.length);
  const structFields = module.structDefs.map(({ fields }) => fields ?? []);
  const enumFields = module.enumDefs.map(({ variants }) => variants.flatMap(({ fields }) => fields));
  for (const token of [
    ...module.signatures.flat(),
    ...module.constants.map(({ type }) => type),
    ...[...structFields, ...enumFields].flatMap((fields) => fields.map(({ type }) => type)),
  ]) {
    if (sizeOf(token) > maxTypeSize)
      throw new VmHalt('TOO_MANY_TYPE_NODES', `a type is larger than ${maxTypeSize}`);
  }
  if (module.structDefs.length + module.enumDefs.length > maxDatatypes) {
    throw new VmHalt('MAX_STRUCT_DEFINITIONS_REACHED', `over ${maxDatatypes} structs and enums`);
  }
  for (const { variants } of module.enumDefs) {
    if (variants.length > maxVariants)
      throw new VmHalt('MAX_VARIANTS_REACHED', `an enum has over ${maxVariants} variants`);
  }
  // The fields of an enum count together, whatever variant they are in.
  for (const fields of [...structFields, ...enumFields]) checkFields(fields);
}

function checkTypeParameters(count: number): void {
  if (count > maxTypeParameters)
    throw new VmHalt('TOO_MANY_TYPE_PARAMETERS', `over ${maxTypeParameters} type parameters`);
}

function checkFields(fields: readonly FieldDef[]): void {
  if (fields.length > maxFields)
    throw new VmHalt('MAX_FIELD_DEFINITIONS_REACHED', `over ${maxFields} fields`);
}

function sizeOf(token: Token): number {
  switch (token.kind) {
    case 'vector':
      return 1 + sizeOf(token.element);
    case 'reference':
      return 1 + sizeOf(token.to);
    case 'datatype':
      return token.typeArgs.reduce((sum, arg) => sum + sizeOf(arg), namedTypeSize);
    case 'typeParameter':
      return namedTypeSize;
    default:
      return 1;
  }
}

/** The ULEB length that a BCS vector starts with; whether the rest is right is checked elsewhere. */
function elementCount(data: Uint8Array): number {
  let count = 0;
  for (const [index, byte] of data.subarray(0, 5).entries()) {
    count += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) break;
  }
  return count;
}
