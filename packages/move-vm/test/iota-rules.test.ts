/** What IOTA adds to Move's own verification: accepted as compilers make it, refused one change away from that. */
import { beforeAll, describe, expect, it } from 'vitest';
import { moduleInfo, MoveVmError, substituteSelfAddress } from '../src/index.ts';
import { Bench, compiledPrograms, framework, programs, std, viewOf } from './harness.ts';
import {
  assembleModule,
  functionNamed,
  parseModule,
  type OracleInstruction,
  type OracleModule,
} from './oracle.ts';

let bench: Bench;
let compiled: readonly Uint8Array[];
beforeAll(async () => {
  bench = await Bench.open();
  compiled = await compiledPrograms();
});

/** Publishes the programs with module `rules` changed; why that is refused. */
function refusal(change: (module: OracleModule) => void, name = 'rules'): MoveVmError {
  const modules = compiled.map((bytes) => {
    if (moduleInfo(bytes).name !== name) return substituteSelfAddress(bytes, programs);
    const module = structuredClone(parseModule(bytes));
    change(module);
    return substituteSelfAddress(assembleModule(module), programs);
  });
  try {
    bench.vm.checkPublish(viewOf(programs, programs, modules, [std, framework]), bench.resolver);
  } catch (error) {
    if (error instanceof MoveVmError) return error;
    throw error;
  }
  throw new Error('the module was accepted');
}

function iotaRefusal(change: (module: OracleModule) => void): string {
  const error = refusal(change);
  expect([error.failure.kind, error.code], error.message).toEqual([
    'IotaMoveVerificationError',
    'IOTA_MOVE_VERIFICATION_ERROR',
  ]);
  return error.message;
}

const withCode =
  (name: string, code: (module: OracleModule) => OracleInstruction[], locals: unknown[] = []) =>
  (module: OracleModule): void => {
    const fn = functionNamed(module, name);
    fn.code.locals = module.signatures.push(locals) - 1;
    fn.code.jump_tables.length = 0;
    fn.code.code.splice(0, Infinity, ...code(module));
  };

const handleOf = (module: OracleModule, name: string): number =>
  module.function_handles.findIndex((handle) => module.identifiers[handle.name] === name);
const datatypeOf = (module: OracleModule, name: string): number =>
  module.datatype_handles.findIndex((handle) => module.identifiers[handle.name] === name);
const structOf = (module: OracleModule, name: string): number =>
  module.struct_defs.findIndex(({ struct_handle }) => struct_handle === datatypeOf(module, name));
/** Gives a function other parameters; its code must be replaced with it. */
const setParameters = (module: OracleModule, name: string, tokens: unknown[]): void => {
  const handle = module.function_handles[handleOf(module, name)] as { parameters: number };
  handle.parameters = module.signatures.push(tokens) - 1;
};
const abort: OracleInstruction[] = [{ LdU64: 0 }, 'Abort'];

/** `entry fun plain` with one parameter of another type. */
const entryTaking =
  (token: (module: OracleModule) => unknown) =>
  (module: OracleModule): void => {
    setParameters(module, 'plain', [token(module)]);
    withCode('plain', () => abort)(module);
  };

type Fields = { field_information: { Declared: { name: number; signature: unknown }[] } };

describe('objects', () => {
  it('start with id: UID', () => {
    const fieldsOf = (module: OracleModule): Fields['field_information']['Declared'] =>
      (module.struct_defs[structOf(module, 'Box')] as unknown as Fields).field_information.Declared;
    const renamed = iotaRefusal((module) => {
      (fieldsOf(module)[0] as { name: number }).name = module.identifiers.push('uid') - 1;
    });
    expect(renamed).toContain('must be id: 0x2::object::UID');
    const other = iotaRefusal((module) => {
      (fieldsOf(module)[0] as { signature: unknown }).signature = { Datatype: datatypeOf(module, 'ID') };
      withCode('make_box', () => abort)(module);
    });
    expect(other).toContain('::rules::Box');
  });

  it('are no enums', () => {
    expect(
      iotaRefusal((module) => {
        // A key enum's fields must have store; a number has.
        (module.datatype_handles[datatypeOf(module, 'Kind')] as { abilities: number }).abilities |= 8;
      }),
    ).toContain('cannot have key');
  });

  it('are made with a UID that object::new returned in the same function', () => {
    const uid = (module: OracleModule): unknown => ({ Datatype: datatypeOf(module, 'UID') });
    const passed = iotaRefusal((module) => {
      setParameters(module, 'make', [uid(module)]);
      withCode('make', () => [{ MoveLoc: 0 }, { LdU64: 1 }, { Pack: structOf(module, 'Thing') }, 'Ret'])(
        module,
      );
    });
    expect(passed).toContain('rules::make makes a');
    const reused = iotaRefusal((module) => {
      setParameters(module, 'make', [{ Datatype: datatypeOf(module, 'Thing') }]);
      const thing = structOf(module, 'Thing');
      withCode('make', () => [{ MoveLoc: 0 }, { Unpack: thing }, { Pack: thing }, 'Ret'])(module);
    });
    expect(reused).toContain('object::new');
  });

  it('are made with a UID that is fresh on every way to there', () => {
    const change =
      (isFreshOnBothWays: boolean) =>
      (module: OracleModule): void => {
        const uid = { Datatype: datatypeOf(module, 'UID') };
        const context = { MutableReference: { Datatype: datatypeOf(module, 'TxContext') } };
        setParameters(module, 'make', ['Bool', context, uid]);
        const fresh: OracleInstruction[] = [
          { MoveLoc: 2 },
          { Call: handleOf(module, 'delete') },
          { MoveLoc: 1 },
          { Call: handleOf(module, 'new') },
          { StLoc: 3 },
        ];
        const given: OracleInstruction[] = [{ MoveLoc: 2 }, { StLoc: 3 }];
        const other = isFreshOnBothWays ? fresh : given;
        const code: OracleInstruction[] = [
          { CopyLoc: 0 },
          { BrTrue: 8 },
          ...fresh,
          { Branch: 8 + other.length },
          ...other,
          { MoveLoc: 3 },
          { LdU64: 1 },
          { Pack: structOf(module, 'Thing') },
          'Ret',
        ];
        withCode('make', () => code, [uid])(module);
      };
    expect(() => refusal(change(true))).toThrow('was accepted');
    expect(iotaRefusal(change(false))).toContain('rules::make makes a');
  });
});

describe('generic functions of the type’s own module', () => {
  it('transfer', () => {
    const foreign = iotaRefusal((module) => {
      // Now `give` transfers a coin-like thing of another module: the clock.
      const clock = { Datatype: datatypeOf(module, 'Clock') };
      setParameters(module, 'give', [clock, 'Address']);
      const call = functionNamed(module, 'give').code.code.find(
        (item) => typeof item === 'object' && 'CallGeneric' in item,
      ) as { CallGeneric: number };
      const insts = module['function_instantiations'] as { handle: number; type_parameters: number }[];
      const inst = insts[call.CallGeneric] as { handle: number };
      const of =
        insts.push({ handle: inst.handle, type_parameters: module.signatures.push([clock]) - 1 }) - 1;
      withCode('give', () => [{ MoveLoc: 0 }, { MoveLoc: 1 }, { CallGeneric: of }, 'Ret'])(module);
    });
    expect(foreign).toMatch(/rules::give calls 0x0*2::transfer::transfer with 0x0*2::clock::Clock/);
  });

  it('event::emit, also for what has copy and drop', () => {
    const emitted = (token: (module: OracleModule) => unknown): string =>
      iotaRefusal((module) => {
        const type = token(module);
        const call = functionNamed(module, 'tell').code.code.find(
          (item) => typeof item === 'object' && 'CallGeneric' in item,
        ) as { CallGeneric: number };
        const insts = module['function_instantiations'] as { handle: number; type_parameters: number }[];
        const inst = insts[call.CallGeneric] as { type_parameters: number };
        inst.type_parameters = module.signatures.push([type]) - 1;
        setParameters(module, 'tell', [type]);
        withCode('tell', () => [{ MoveLoc: 0 }, { CallGeneric: call.CallGeneric }, 'Ret'])(module);
      });
    expect(emitted(() => 'U64')).toContain('emit with u64');
    expect(emitted(() => ({ Vector: 'U8' }))).toContain('emit with vector<u8>');
    expect(emitted((module) => ({ Datatype: datatypeOf(module, 'ID') }))).toContain('object::ID');
  });
});

describe('entry functions', () => {
  it.each<[string, (module: OracleModule) => unknown, string]>([
    [
      'an event',
      (module) => ({ Datatype: datatypeOf(module, 'Happened') }),
      'neither plain data nor an object',
    ],
    ['an enum', (module) => ({ Datatype: datatypeOf(module, 'Kind') }), 'neither plain data nor an object'],
    ['a reference to a number', () => ({ Reference: 'U64' }), 'neither plain data nor an object'],
    [
      'vectors of vectors of objects',
      (module) => ({ Vector: { Vector: { Datatype: datatypeOf(module, 'Thing') } } }),
      'neither plain data nor an object',
    ],
    ['a UID', (module) => ({ Datatype: datatypeOf(module, 'UID') }), 'neither plain data nor an object'],
    [
      'the clock, to change it',
      (module) => ({ MutableReference: { Datatype: datatypeOf(module, 'Clock') } }),
      'only be passed by & reference',
    ],
    [
      'the clock itself',
      (module) => ({ Datatype: datatypeOf(module, 'Clock') }),
      'only be passed by & reference',
    ],
  ])('do not take %s', (_what, token, text) => {
    expect(iotaRefusal(entryTaking(token))).toContain(text);
  });

  it.each<[string, (module: OracleModule) => unknown]>([
    ['an object by mutable reference', (m) => ({ MutableReference: { Datatype: datatypeOf(m, 'Thing') } })],
    ['vectors of vectors of numbers', () => ({ Vector: { Vector: 'U256' } })],
    ['addresses', () => 'Address'],
    ['a vector of objects', (module) => ({ Vector: { Datatype: datatypeOf(module, 'Thing') } })],
  ])('take %s', (_what, token) => {
    expect(() => refusal(entryTaking(token))).toThrow('was accepted');
  });

  it('return nothing that must be kept', () => {
    const returning = (token: (module: OracleModule) => unknown): string =>
      iotaRefusal((module) => {
        const handle = module.function_handles[handleOf(module, 'plain')] as { return_: number };
        handle.return_ = module.signatures.push([token(module)]) - 1;
        withCode('plain', () => abort)(module);
      });
    expect(returning((module) => ({ Datatype: datatypeOf(module, 'Thing') }))).toContain('lacks drop');
    expect(returning(() => ({ Reference: 'U64' }))).toContain('returns a reference');
  });
});

describe('Move’s own rules about shape', () => {
  it('refuse generic functions that instantiate each other without end', () => {
    const error = refusal((module) => {
      const call = functionNamed(module, 'inner').code.code.find(
        (item) => typeof item === 'object' && 'CallGeneric' in item,
      ) as { CallGeneric: number };
      const insts = module['function_instantiations'] as { type_parameters: number }[];
      (insts[call.CallGeneric] as { type_parameters: number }).type_parameters =
        module.signatures.push([{ Vector: { TypeParameter: 0 } }]) - 1;
    });
    expect([error.failure.kind, error.status]).toEqual([
      'VMVerificationOrDeserializationError',
      'LOOP_IN_INSTANTIATION_GRAPH',
    ]);
  });

  it('refuse a sixth loop inside five', () => {
    const error = refusal((module) => {
      // The innermost `total + 1` becomes a loop of its own: a branch to itself behind a condition.
      withCode('loops', () => [
        ...Array.from({ length: 6 }, () => 'Nop' as const),
        ...Array.from({ length: 6 }, (_, index): OracleInstruction[] => [
          'LdFalse',
          { BrTrue: 5 - index },
        ]).flat(),
        { LdU64: 0 },
        'Ret',
      ])(module);
    });
    expect(error.status).toBe('LOOP_MAX_DEPTH_REACHED');
    const five = (module: OracleModule): void =>
      withCode('loops', () => [
        ...Array.from({ length: 5 }, () => 'Nop' as const),
        ...Array.from({ length: 5 }, (_, index): OracleInstruction[] => [
          'LdFalse',
          { BrTrue: 4 - index },
        ]).flat(),
        { LdU64: 0 },
        'Ret',
      ])(module);
    expect(() => refusal(five)).toThrow('was accepted');
  });

  it('refuse a loop that is entered in its middle', () => {
    const error = refusal((module) => {
      withCode('loops', () => [
        'LdTrue',
        { BrTrue: 4 },
        'Nop',
        { Branch: 4 },
        'LdTrue',
        { BrTrue: 2 },
        { LdU64: 0 },
        'Ret',
      ])(module);
    });
    expect(error.status).toBe('INVALID_LOOP_SPLIT');
  });
});
