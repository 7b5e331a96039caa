import { describe, expect, it } from 'vitest';
import { decodeModule } from '../src/binary/decode.ts';
import { immediateOf, op, opName, table, type CompiledModule } from '../src/binary/format.ts';
import { moduleInfo, MoveVmError, substituteSelfAddress } from '../src/index.ts';
import { compiledPrograms, frameworkViews, programs } from './harness.ts';
import { assembleModule, parseModule, type OracleInstruction, type OracleModule } from './oracle.ts';

/** An instruction of ours as the official parser shows it, with integers as text. */
function shown(code: NonNullable<CompiledModule['functionDefs'][number]['code']>, pc: number): unknown {
  const opcode = code.ops[pc] as number;
  const name = opName[opcode] as string;
  switch (immediateOf[opcode]) {
    case 'none':
      return name;
    case 'signatureAndCount':
      return [name, String(code.operands[pc]), String(code.wide.get(pc))];
    default:
      return [name, String(code.wide.get(pc) ?? code.operands[pc])];
  }
}

function shownByOracle(instruction: OracleInstruction): unknown {
  if (typeof instruction === 'string') return instruction;
  const [[name, immediate] = []] = Object.entries(instruction);
  // It shows a u256 as its 32 little-endian bytes.
  if (name === 'LdU256') {
    return [
      name,
      String(
        BigInt(
          `0x${Uint8Array.from(immediate as number[])
            .toReversed()
            .toHex()}`,
        ),
      ),
    ];
  }
  return [name, ...(Array.isArray(immediate) ? immediate : [immediate]).map(String)];
}

function compare(bytes: Uint8Array): void {
  const ours = decodeModule(bytes);
  const theirs = parseModule(bytes);
  const handleName = (index: number): string => theirs.identifiers[index] as string;
  expect(ours.version).toBe(theirs.version);
  expect(ours.moduleHandles).toEqual(
    theirs.module_handles.map(({ address, name }) => ({
      address: `0x${theirs.address_identifiers[address]}`,
      name: handleName(name),
    })),
  );
  expect(ours.datatypeHandles.map(({ name, abilities }) => [name, abilities])).toEqual(
    theirs.datatype_handles.map(({ name, abilities }) => [handleName(name), abilities]),
  );
  expect(
    ours.functionHandles.map((handle) => [
      handle.module,
      handle.name,
      handle.parameters,
      handle.returns,
      handle.typeParameters,
    ]),
  ).toEqual(
    theirs.function_handles.map((handle) => [
      handle.module,
      handleName(handle.name),
      handle.parameters,
      handle.return_,
      handle.type_parameters,
    ]),
  );
  expect(ours.constants.map(({ data }) => [...data])).toEqual(theirs.constant_pool.map(({ data }) => data));
  expect(ours.signatures.map(({ length }) => length)).toEqual(theirs.signatures.map(({ length }) => length));
  expect(ours.functionDefs.map(({ visibility, isEntry }) => [visibility, isEntry])).toEqual(
    theirs.function_defs.map((def) => [def.visibility.toLowerCase(), def.is_entry]),
  );
  for (const [index, { code }] of ours.functionDefs.entries()) {
    const other = theirs.function_defs[index]?.code;
    expect(code === null).toBe(other === undefined || other === null);
    if (code === null || other === undefined) continue;
    expect(Array.from(code.ops, (_opcode, pc) => shown(code, pc))).toEqual(other.code.map(shownByOracle));
    expect(code.jumpTables).toEqual(
      other.jump_tables.map(({ head_enum, jump_table }) => ({
        enumDef: head_enum,
        offsets: jump_table.Full,
      })),
    );
  }
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof MoveVmError ? error.status : String(error);
  }
  return 'accepted';
};

describe('decoding', () => {
  it('agrees with the official parser on the framework and the programs', async () => {
    const modules = [
      ...frameworkViews().flatMap((view) => [...view.modules.values()]),
      ...(await compiledPrograms()),
    ];
    expect(modules.length).toBeGreaterThan(40);
    for (const bytes of modules) compare(bytes);
  });

  it('agrees on version 6', async () => {
    let checked = 0;
    for (const bytes of await compiledPrograms()) {
      const module = parseModule(bytes);
      if ((module['enum_defs'] as unknown[]).length > 0) continue;
      const old = assembleModule({ ...module, version: 6 });
      expect([...old.subarray(4, 8)]).toEqual([6, 0, 0, 0]);
      compare(old);
      checked++;
    }
    expect(checked).toBeGreaterThan(4);
  });

  it('meets every instruction but those that no compiler makes, which the assembled programs have', async () => {
    const modules = [
      ...frameworkViews().flatMap((view) => [...view.modules.values()]),
      ...(await compiledPrograms()),
    ];
    const met = new Set<number>();
    for (const bytes of modules) {
      for (const { code } of decodeModule(bytes).functionDefs)
        for (const opcode of code?.ops ?? []) met.add(opcode);
    }
    const missing = Object.entries(op).filter(([, opcode]) => !met.has(opcode));
    expect(missing.map(([name]) => name)).toEqual(['BrTrue', 'Or', 'And', 'Nop']);
  });

  it('accepts one form only', async () => {
    const bytes = (await compiledPrograms())[0] as Uint8Array;
    const module = parseModule(bytes);
    expect(codeOf(() => moduleInfo(bytes))).toBe('accepted');
    expect(codeOf(() => moduleInfo(Uint8Array.from([...bytes, 0])))).toBe('TRAILING_BYTES');
    expect(codeOf(() => moduleInfo(bytes.subarray(0, bytes.length - 1)))).not.toBe('accepted');
    expect(codeOf(() => moduleInfo(new Uint8Array()))).toBe('BAD_MAGIC');
    const withMetadata: OracleModule = { ...module, metadata: [{ key: [1], value: [2] }] };
    expect(codeOf(() => moduleInfo(assembleModule(withMetadata)))).toBe('MALFORMED');
    for (const [at, byte] of [
      [4, 5],
      [4, 8],
      [7, 0],
      [7, 4],
    ] as const) {
      const changed = bytes.slice();
      changed[at] = byte;
      expect(codeOf(() => moduleInfo(changed))).toBe('UNKNOWN_VERSION');
    }
    // The table count, then the first table's kind: the same number in a longer form, and a kind that does not exist.
    expect(
      codeOf(() =>
        moduleInfo(
          Uint8Array.from([...bytes.subarray(0, 8), (bytes[8] as number) | 0x80, 0, ...bytes.subarray(9)]),
        ),
      ),
    ).toBe('MALFORMED');
    const unknownTable = bytes.slice();
    unknownTable[9] = 0x30;
    expect(codeOf(() => moduleInfo(unknownTable))).toBe('UNKNOWN_TABLE_TYPE');
  });

  it('refuses the instructions of global storage', async () => {
    for (const opcode of [0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0, 0x57]) {
      expect([opcode, immediateOf[opcode]]).toEqual([opcode, undefined]);
    }
  });

  it('refuses tables that are too long', async () => {
    const module = parseModule((await compiledPrograms())[0] as Uint8Array);
    const identifiers = [...module.identifiers];
    for (let i = 0; i <= table.identifiers.max; i++) identifiers.push(`extra_${i}`);
    expect(codeOf(() => moduleInfo(assembleModule({ ...module, identifiers })))).toBe('MALFORMED');
    expect(
      codeOf(() =>
        moduleInfo(assembleModule({ ...module, identifiers: [...module.identifiers, 'a'.repeat(129)] })),
      ),
    ).toBe('IDENTIFIER_TOO_LONG');
  });

  it('renames a module and changes nothing else', async () => {
    for (const bytes of await compiledPrograms()) {
      const renamed = substituteSelfAddress(bytes, programs);
      expect(moduleInfo(bytes).address).toBe(`0x${'0'.repeat(64)}`);
      expect(moduleInfo(renamed).address).toBe(programs);
      expect(substituteSelfAddress(renamed, `0x${'0'.repeat(64)}`)).toEqual(bytes);
    }
  });

  it('describes what a module declares', async () => {
    const caller = (await compiledPrograms()).map(moduleInfo).find(({ name }) => name === 'caller');
    expect(caller?.functions).toEqual([
      expect.objectContaining({
        name: 'start',
        visibility: 'public',
        isEntry: false,
        parameters: ['address'],
        returns: ['address'],
      }),
      expect.objectContaining({ name: 'mint_and_burn', visibility: 'public', parameters: ['u64'] }),
      expect.objectContaining({ name: 'only_entry', visibility: 'private', isEntry: true }),
      expect.objectContaining({ name: 'private', visibility: 'private', isEntry: false, isNative: false }),
    ]);
    const generics = (await compiledPrograms()).map(moduleInfo).find(({ name }) => name === 'generics');
    expect(generics?.structs.find(({ name }) => name === 'Pair')).toEqual({
      name: 'Pair',
      abilities: 7,
      typeParameters: [
        { constraints: 0, phantom: false },
        { constraints: 0, phantom: false },
      ],
      fields: [
        { name: 'a', type: { typeParameter: 0 } },
        { name: 'b', type: { typeParameter: 1 } },
      ],
    });
  });
});
