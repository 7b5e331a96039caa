/**
 * Reads compiled modules with the Move project's own parser, as a second implementation beside our virtual machine.
 */
import { deserialize } from '@mysten/move-bytecode-template';

type Token =
  | string
  | { readonly Vector: Token }
  | { readonly TypeParameter: number }
  | { readonly Datatype: number }
  | { readonly DatatypeInstantiation: readonly [number, readonly Token[]] };

interface Tables {
  readonly version: number;
  readonly self_module_handle_idx: number;
  readonly module_handles: readonly { readonly address: number; readonly name: number }[];
  readonly datatype_handles: readonly {
    readonly module: number;
    readonly name: number;
    readonly abilities: number;
    readonly type_parameters: readonly { readonly constraints: number; readonly is_phantom: boolean }[];
  }[];
  readonly function_handles: readonly { readonly name: number }[];
  readonly function_defs: readonly { readonly function: number; readonly visibility: string }[];
  readonly identifiers: readonly string[];
  readonly address_identifiers: readonly string[];
  readonly metadata: readonly unknown[];
  readonly struct_defs: readonly {
    readonly struct_handle: number;
    readonly field_information: {
      readonly Declared: readonly { readonly name: number; readonly signature: Token }[];
    };
  }[];
}

/** What the tests look at in a module. */
export interface ModuleFacts {
  readonly id: string;
  readonly version: number;
  readonly metadata: number;
  /** Ids of the modules that it names, itself included. */
  readonly uses: readonly string[];
  /** Struct to `abilities | parameters | fields`. */
  readonly structs: Readonly<Record<string, string>>;
  /** Names of public functions. */
  readonly functions: readonly string[];
}

// Binary format of Move: copy 1, drop 2, store 4, key 8.
const abilityNames = ['copy', 'drop', 'store', 'key'];

/** Parses base64 bytecode. */
export function moduleFacts(base64: string): ModuleFacts {
  const tables = deserialize(Uint8Array.fromBase64(base64)) as Tables;
  const name = (index: number): string => tables.identifiers[index]!;
  const moduleId = (index: number): string => {
    const handle = tables.module_handles[index]!;
    return `0x${tables.address_identifiers[handle.address]!.replace(/^0+(?=.)/, '')}::${name(handle.name)}`;
  };
  const abilities = (bits: number): string =>
    abilityNames.filter((_, bit) => (bits & (1 << bit)) !== 0).join(' ');
  const datatype = (index: number): string => {
    const handle = tables.datatype_handles[index]!;
    return `${moduleId(handle.module)}::${name(handle.name)}`;
  };
  const token = (type: Token): string => {
    if (typeof type === 'string') return type.toLowerCase();
    if ('Vector' in type) return `vector<${token(type.Vector)}>`;
    if ('TypeParameter' in type) return `T${type.TypeParameter}`;
    if ('Datatype' in type) return datatype(type.Datatype);
    const [index, args] = type.DatatypeInstantiation;
    return `${datatype(index)}<${args.map(token).join(', ')}>`;
  };
  return {
    id: moduleId(tables.self_module_handle_idx),
    version: tables.version,
    metadata: tables.metadata.length,
    uses: tables.module_handles.map((_, index) => moduleId(index)),
    structs: Object.fromEntries(
      tables.struct_defs.map((definition) => {
        const handle = tables.datatype_handles[definition.struct_handle]!;
        const parameters = handle.type_parameters.map(
          (parameter, index) =>
            `${parameter.is_phantom ? 'phantom ' : ''}T${index}: ${abilities(parameter.constraints)}`,
        );
        const fields = definition.field_information.Declared.map(
          (field) => `${name(field.name)}: ${token(field.signature)}`,
        );
        return [
          name(handle.name),
          [abilities(handle.abilities), parameters.join(', '), fields.join(', ')].join(' | '),
        ];
      }),
    ),
    functions: tables.function_defs
      .filter((definition) => definition.visibility === 'Public')
      .map((definition) => name(tables.function_handles[definition.function]!.name)),
  };
}
