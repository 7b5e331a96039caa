/** The official module parser, in WASM: what our decoder is compared with, and the assembler of hostile modules. */
import { deserialize, serialize } from '@mysten/move-bytecode-template';

/** An instruction: its name, or its name with its immediates. */
export type OracleInstruction = string | Readonly<Record<string, unknown>>;

export interface OracleCode {
  locals: number;
  code: OracleInstruction[];
  jump_tables: { head_enum: number; jump_table: { Full: number[] } }[];
}

/** What the tests use of a module. */
export interface OracleModule {
  version: number;
  identifiers: string[];
  address_identifiers: string[];
  module_handles: { address: number; name: number }[];
  datatype_handles: { module: number; name: number; abilities: number; type_parameters: unknown[] }[];
  function_handles: {
    module: number;
    name: number;
    parameters: number;
    return_: number;
    type_parameters: number[];
  }[];
  signatures: unknown[][];
  constant_pool: { type_: unknown; data: number[] }[];
  struct_defs: { struct_handle: number; field_information: unknown }[];
  function_defs: { function: number; visibility: string; is_entry: boolean; code?: OracleCode }[];
  friend_decls: { address: number; name: number }[];
  metadata: unknown[];
  [other: string]: unknown;
}

export function parseModule(bytes: Uint8Array): OracleModule {
  return deserialize(bytes) as OracleModule;
}

export function assembleModule(module: OracleModule): Uint8Array {
  return Uint8Array.from(serialize(module) as Uint8Array);
}

/** The definition of function `name`. */
export function functionNamed(
  module: OracleModule,
  name: string,
): OracleModule['function_defs'][number] & { code: OracleCode } {
  const found = module.function_defs.find(
    (def) => module.identifiers[module.function_handles[def.function]?.name ?? -1] === name,
  );
  if (found?.code === undefined) throw new Error(`no function ${name} with code`);
  return { ...found, code: found.code };
}

export function instructionName(instruction: OracleInstruction): string {
  return typeof instruction === 'string' ? instruction : (Object.keys(instruction)[0] as string);
}
