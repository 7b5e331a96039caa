import { beforeAll, describe, expect, it } from 'vitest';
import {
  moduleInfo,
  MoveVmError,
  StructValue,
  substituteSelfAddress,
  type PublishFacts,
  type Value,
} from '../src/index.ts';
import {
  anyNative,
  Bench,
  compiledPrograms,
  framework,
  frameworkViews,
  programs,
  std,
  viewOf,
} from './harness.ts';
import {
  assembleModule,
  functionNamed,
  parseModule,
  type OracleInstruction,
  type OracleModule,
} from './oracle.ts';

let bench: Bench;
const modules = new Map<string, Uint8Array>();
beforeAll(async () => {
  bench = await Bench.open();
  for (const bytes of await compiledPrograms()) modules.set(moduleInfo(bytes).name, bytes);
});

/** Checks the programs with one module changed. */
function publish(name?: string, change?: (module: OracleModule) => void): PublishFacts {
  const changed = new Map(modules);
  if (name !== undefined && change !== undefined) {
    const module = structuredClone(parseModule(modules.get(name) as Uint8Array));
    change(module);
    changed.set(name, assembleModule(module));
  }
  const renamed = [...changed.values()].map((bytes) => substituteSelfAddress(bytes, programs));
  return bench.vm.checkPublish(viewOf(programs, programs, renamed, [std, framework]), bench.resolver);
}

function refusal(name: string, change: (module: OracleModule) => void): MoveVmError {
  try {
    publish(name, change);
  } catch (error) {
    if (error instanceof MoveVmError) return error;
    throw error;
  }
  throw new Error('the module was accepted');
}

/** Gives a function other instructions. */
const withCode =
  (name: string, code: OracleInstruction[]) =>
  (module: OracleModule): void => {
    functionNamed(module, name).code.code.splice(0, Infinity, ...code);
  };

/** Index of a function handle by name. */
const handleOf = (module: OracleModule, name: string): number =>
  module.function_handles.findIndex((handle) => module.identifiers[handle.name] === name);

describe('publication', () => {
  it('accepts what compilers make, and says what it found', () => {
    const facts = publish();
    expect(facts.dependencies).toEqual([std, framework]);
    const byName = new Map(facts.modules.map((module) => [module.name, module]));
    expect(byName.get('witness')).toEqual({
      name: 'witness',
      init: { takesOneTimeWitness: true },
      oneTimeWitness: 'WITNESS',
    });
    expect(byName.get('starter')).toMatchObject({
      init: { takesOneTimeWitness: false },
      oneTimeWitness: null,
    });
    expect(byName.get('arithmetic')).toEqual({ name: 'arithmetic', init: null, oneTimeWitness: null });
  });

  it('accepts the framework when its natives are known, and else not', () => {
    const fresh = new Bench([]);
    for (const view of frameworkViews()) {
      expect(fresh.vm.checkPublish(view, fresh.resolver, anyNative).modules.length).toBe(view.modules.size);
      expect(() => fresh.vm.checkPublish(view, fresh.resolver)).toThrow(
        expect.objectContaining({ status: 'MISSING_DEPENDENCY' }),
      );
      fresh.packages.set(view.id, view);
    }
  });

  it.each<[string, string, OracleInstruction[], string]>([
    ['adds a bool', 'add_u64', ['LdTrue', { MoveLoc: 0 }, 'Add', 'Ret'], 'INTEGER_OP_TYPE_MISMATCH_ERROR'],
    ['takes from an empty stack', 'add_u64', ['Add', 'Ret'], 'NEGATIVE_STACK_SIZE_WITHIN_BLOCK'],
    ['returns another type', 'add_u64', ['LdTrue', 'Ret'], 'RET_TYPE_MISMATCH_ERROR'],
    [
      'returns too much',
      'add_u64',
      [{ MoveLoc: 0 }, { MoveLoc: 1 }, 'Ret'],
      'POSITIVE_STACK_SIZE_AT_BLOCK_END',
    ],
    ['runs past its end', 'add_u64', [{ MoveLoc: 0 }], 'INVALID_FALL_THROUGH'],
    ['jumps out of itself', 'add_u64', [{ Branch: 9 }], 'INDEX_OUT_OF_BOUNDS'],
    [
      'uses a moved local',
      'add_u64',
      [{ MoveLoc: 0 }, { MoveLoc: 0 }, 'Add', 'Ret'],
      'MOVELOC_UNAVAILABLE_ERROR',
    ],
    ['names a local it lacks', 'add_u64', [{ MoveLoc: 7 }, 'Ret'], 'INDEX_OUT_OF_BOUNDS'],
    [
      'reads what is no reference',
      'add_u64',
      [{ MoveLoc: 0 }, 'ReadRef', 'Ret'],
      'READREF_TYPE_MISMATCH_ERROR',
    ],
    [
      'stores another type',
      'add_u64',
      ['LdTrue', { StLoc: 0 }, { MoveLoc: 1 }, 'Ret'],
      'STLOC_TYPE_MISMATCH_ERROR',
    ],
    [
      'uses a local that one way leaves empty',
      'add_u64',
      ['LdTrue', { BrTrue: 4 }, { MoveLoc: 0 }, 'Pop', { MoveLoc: 0 }, 'Ret'],
      'MOVELOC_UNAVAILABLE_ERROR',
    ],
  ])('refuses code that %s', (_what, name, code, status) => {
    const error = refusal('arithmetic', withCode(name, code));
    expect([error.code, error.status]).toEqual(['VM_VERIFICATION_OR_DESERIALIZATION_ERROR', status]);
  });

  it('refuses to copy, drop, keep or overwrite what must not be', () => {
    const token = (code: OracleInstruction[]): string => refusal('generics', withCode('burn', code)).status;
    const amount: OracleInstruction[] = [{ LdU64: 1 }, 'Ret'];
    expect(token([{ CopyLoc: 0 }, 'Pop', ...amount])).toBe('COPYLOC_WITHOUT_COPY_ABILITY');
    expect(token([{ MoveLoc: 0 }, 'Pop', ...amount])).toBe('POP_WITHOUT_DROP_ABILITY');
    expect(token(amount)).toBe('UNSAFE_RET_UNUSED_VALUES_WITHOUT_DROP');
    expect(token([{ ImmBorrowLoc: 0 }, 'ReadRef', 'Pop', ...amount])).toBe('READREF_WITHOUT_COPY_ABILITY');
  });

  it.each<[string, OracleInstruction[], string]>([
    ['moves', [{ ImmBorrowLoc: 0 }, { MoveLoc: 0 }, 'Pop', 'ReadRef', 'Ret'], 'MOVELOC_EXISTS_BORROW_ERROR'],
    [
      'overwrites',
      [{ ImmBorrowLoc: 0 }, { LdU64: 1 }, { StLoc: 0 }, 'ReadRef', 'Ret'],
      'STLOC_UNSAFE_TO_DESTROY_ERROR',
    ],
    [
      'borrows again',
      [{ MutBorrowLoc: 0 }, { ImmBorrowLoc: 0 }, 'ReadRef', 'Pop', 'ReadRef', 'Ret'],
      'BORROWLOC_EXISTS_BORROW_ERROR',
    ],
    ['copies', [{ MutBorrowLoc: 0 }, { CopyLoc: 0 }, 'Pop', 'ReadRef', 'Ret'], 'COPYLOC_EXISTS_BORROW_ERROR'],
    [
      'writes, by another reference,',
      [{ MutBorrowLoc: 0 }, { LdU64: 1 }, { MutBorrowLoc: 0 }, 'WriteRef', 'ReadRef', 'Ret'],
      'WRITEREF_EXISTS_BORROW_ERROR',
    ],
  ])('refuses code that %s what is borrowed', (_what, code, status) => {
    expect(refusal('arithmetic', withCode('add_u64', code)).status).toBe(status);
  });

  it('refuses references that outlive what they refer to', () => {
    const local = refusal('references', (module) => {
      const fn = functionNamed(module, 'of_host');
      fn.code.locals = module.signatures.push(['U64']) - 1;
      withCode('of_host', [{ LdU64: 1 }, { StLoc: 1 }, { MutBorrowLoc: 1 }, 'Ret'])(module);
    });
    expect(local.status).toBe('UNSAFE_RET_LOCAL_OR_RESOURCE_STILL_BORROWED');
    const element = refusal('failures', (module) => {
      const push = functionNamed(module, 'push').code.code.find(
        (item) => typeof item === 'object' && 'VecPushBack' in item,
      );
      const vector = (push as { VecPushBack: number }).VecPushBack;
      withCode('push', [
        { CopyLoc: 0 },
        { LdU64: 0 },
        { VecImmBorrow: vector },
        { MoveLoc: 0 },
        { VecPopBack: vector },
        'Pop',
        'ReadRef',
        'Pop',
        'Ret',
      ])(module);
    });
    expect(element.status).toBe('VEC_UPDATE_EXISTS_MUTABLE_BORROW_ERROR');
  });

  it('refuses to make, open or look into values of other modules', () => {
    // `starter` defines Started; here `caller` claims a definition of it under its handle.
    const error = refusal('caller', (module) => {
      const foreign = module.datatype_handles.findIndex(({ name }) => module.identifiers[name] === 'Started');
      module.struct_defs.push({
        struct_handle: foreign,
        field_information: { Declared: [{ name: 0, signature: 'U64' }] },
      });
    });
    expect(error.status).toBe('INVALID_MODULE_HANDLE');
  });

  it('refuses calls that are not open, or not what the callee is', () => {
    const privately = refusal('caller', (module) => {
      const handle = module.function_handles[handleOf(module, 'started')] as { name: number };
      handle.name = module.identifiers.push('init') - 1;
    });
    expect(privately.status).toBe('LINKER_ERROR');
    const missing = refusal('caller', (module) => {
      const handle = module.function_handles[handleOf(module, 'mint')] as { name: number };
      handle.name = module.identifiers.push('nowhere') - 1;
    });
    expect(missing.status).toBe('LOOKUP_FAILED');
    const mistyped = refusal('caller', (module) => {
      const handle = module.function_handles[handleOf(module, 'mint')] as { parameters: number };
      handle.parameters = module.signatures.push([]) - 1;
    });
    expect(mistyped.status).toBe('TYPE_MISMATCH');
  });

  it('refuses a package whose dependencies are not all there', () => {
    const renamed = [...modules.values()].map((bytes) => substituteSelfAddress(bytes, programs));
    const check = (dependencies: string[]) => () =>
      bench.vm.checkPublish(viewOf(programs, programs, renamed, dependencies), bench.resolver);
    expect(check([std])).toThrow(expect.objectContaining({ status: 'LINKER_ERROR' }));
    expect(check([])).toThrow(expect.objectContaining({ status: 'LINKER_ERROR' }));
  });

  it('refuses an init or a one-time witness that is not as it must be', () => {
    const publicInit = refusal('starter', (module) => {
      (functionNamed(module, 'init'),
      module.function_defs.find((def) => def.function === handleOf(module, 'init')) as {
        visibility: string;
      }).visibility = 'Public';
    });
    expect(publicInit.message).toContain('must be private');
    const copyable = refusal('witness', (module) => {
      const handle = module.datatype_handles.find(({ name }) => module.identifiers[name] === 'WITNESS');
      (handle as { abilities: number }).abilities = 3;
    });
    expect(copyable.message).toContain('one-time witness');
    const called = refusal('starter', (module) => {
      withCode('init', [{ MoveLoc: 0 }, { Call: handleOf(module, 'init') }, 'Ret'])(module);
    });
    expect(called.message).toContain('must not be called');
  });

  it('refuses types that contain themselves and fields that break an ability', () => {
    const recursive = refusal('generics', (module) => {
      const token = module.datatype_handles.findIndex(({ name }) => module.identifiers[name] === 'Token');
      const def = module.struct_defs.find((struct) => struct.struct_handle === token) as {
        field_information: { Declared: { signature: unknown }[] };
      };
      (def.field_information.Declared[0] as { signature: unknown }).signature = {
        Vector: { Datatype: token },
      };
    });
    expect(recursive.status).toBe('RECURSIVE_DATATYPE_DEFINITION');
    const droppable = refusal('generics', (module) => {
      const pair = module.datatype_handles.findIndex(({ name }) => module.identifiers[name] === 'Phantom');
      const token = module.datatype_handles.findIndex(({ name }) => module.identifiers[name] === 'Token');
      const def = module.struct_defs.find((struct) => struct.struct_handle === pair) as {
        field_information: { Declared: { signature: unknown }[] };
      };
      (def.field_information.Declared[0] as { signature: unknown }).signature = { Datatype: token };
    });
    expect(droppable.status).toBe('FIELD_MISSING_TYPE_ABILITY');
  });
});

describe('a package that is not stored yet', () => {
  it('runs its init in the session that adds it', () => {
    const other = `0x${'b0b'.padStart(64, '0')}`;
    const renamed = [...modules.values()].map((bytes) => substituteSelfAddress(bytes, other));
    const session = bench.session();
    expect(() => session.loadFunction(other, 'witness', 'init', [])).toThrow(
      expect.objectContaining({ code: 'FUNCTION_NOT_FOUND' }),
    );
    session.addPackage(viewOf(other, other, renamed, [std, framework]));
    const init = session.loadFunction(other, 'witness', 'init', []);
    expect(init).toMatchObject({ visibility: 'private', isEntry: false, storageId: other });
    // `init` does not look into its context here.
    expect(session.call(init, [new StructValue([true]), new StructValue([])] satisfies Value[])).toEqual([]);
    expect(() => bench.session().loadFunction(other, 'witness', 'init', [])).toThrow();
  });
});

describe('an upgraded package', () => {
  const upgraded = `0x${'a11cf'.padStart(64, '0')}`;

  it('runs under its own storage id, keeps its types, and is seen by who links to it', () => {
    const module = structuredClone(parseModule(modules.get('caller') as Uint8Array));
    withCode('private', ['LdTrue', { BrTrue: 2 }, { LdU64: 66 }, 'Abort'])(module);
    const changed = new Map(modules).set('caller', assembleModule(module));
    const renamed = [...changed.values()].map((bytes) => substituteSelfAddress(bytes, programs));
    const old = bench.packages.get(programs);
    bench.packages.set(upgraded, {
      ...viewOf(upgraded, programs, renamed, [std, framework]),
      typeOrigins: old?.typeOrigins ?? new Map(),
    });
    const session = bench.session();
    const run = (id: string): unknown[] =>
      session.call(session.loadFunction(id, 'caller', 'only_entry', []), [5n]);
    expect(run(programs)).toEqual([15n]);
    expect(() => run(upgraded)).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({
          abortCode: 66n,
          location: expect.objectContaining({
            storageId: upgraded,
            originalId: programs,
            functionName: 'private',
          }),
        }),
      }),
    );
    const made = session.loadFunction(upgraded, 'generics', 'mint', []);
    expect(session.tagOf(made.returns[0] as (typeof made.returns)[number])).toEqual({
      struct: { address: programs, module: 'generics', name: 'Token', typeParams: [] },
    });
    const burn = session.loadFunction(programs, 'generics', 'burn', []);
    expect(session.call(burn, session.call(made, [9n]))).toEqual([9n]);
  });
});
