import { beforeAll, describe, expect, it } from 'vitest';
import {
  ByteVector,
  GasMeter,
  makeVector,
  moduleInfo,
  MoveVmError,
  StructValue,
  substituteSelfAddress,
  ValueSlot,
  VariantValue,
  type PackageView,
  type Session,
  type Type,
  type Value,
} from '../src/index.ts';
import { fieldTypes } from '../src/values/bcs.ts';
import { Bench, compiledPrograms, framework, frameworkViews, programs, std, viewOf } from './harness.ts';

/** xorshift32: the same bytes are flipped in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Some value of a type. */
function sample(type: Type, random: (below: number) => number): Value {
  switch (type.kind) {
    case 'bool':
      return random(2) === 1;
    case 'u8':
    case 'u16':
    case 'u32':
      return random(256);
    case 'u64':
    case 'u128':
    case 'u256':
      return BigInt(random(50));
    case 'address':
    case 'signer':
      return programs;
    case 'vector':
      return type.element.kind === 'u8'
        ? new ByteVector(Uint8Array.of(65, 66))
        : makeVector(type.element, [sample(type.element, random)]);
    case 'reference':
      return new ValueSlot(sample(type.to, random)).borrow();
    case 'datatype': {
      const tag = random(type.datatype.variants.length);
      const fields = (fieldTypes(type, tag) ?? []).map((field) => sample(field, random));
      return type.datatype.isEnum ? new VariantValue(tag, fields) : new StructValue(fields);
    }
    default:
      throw new Error(type.kind);
  }
}

/** Runs `work`, which may fail as the VM says it fails and in no other way. */
function typedFailuresOnly(work: () => void): 'ok' | MoveVmError {
  try {
    work();
    return 'ok';
  } catch (error) {
    if (!(error instanceof MoveVmError)) throw error;
    // A halt without a cause is one the VM means; with one it is a bug that was caught.
    if (error.cause !== undefined) throw error.cause;
    return error;
  }
}

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
});

/** Calls every function of a module that takes no type arguments. */
function callAll(
  session: Session,
  module: string,
  names: readonly string[],
  random: (below: number) => number,
): void {
  for (const name of names) {
    typedFailuresOnly(() => {
      const fn = session.loadFunction(programs, module, name, []);
      session.call(
        fn,
        fn.parameters.map((type) => sample(type, random)),
      );
    });
  }
}

describe('modules with flipped bytes', () => {
  it('are decoded or refused with a typed error', async () => {
    const random = randomFrom(0x5eed);
    const originals = [
      ...frameworkViews().flatMap((view) => [...view.modules.values()]),
      ...(await compiledPrograms()),
    ];
    let refused = 0;
    for (let round = 0; round < 3_000; round++) {
      const bytes = (originals[round % originals.length] as Uint8Array).slice();
      for (let flips = 1 + random(3); flips > 0; flips--) bytes[random(bytes.length)] = random(256);
      if (typedFailuresOnly(() => void moduleInfo(bytes)) !== 'ok') refused++;
    }
    expect(refused).toBeGreaterThan(1_000);
  });

  it('are refused at publication, or run and end with a typed error, within their gas', async () => {
    const random = randomFrom(0xf1a9);
    const originals = (await compiledPrograms()).map((bytes) => substituteSelfAddress(bytes, programs));
    const names = originals.map((bytes) => moduleInfo(bytes).name);
    const outcomes = { accepted: 0, refused: 0 };
    for (let round = 0; round < 600; round++) {
      const at = round % originals.length;
      const bytes = (originals[at] as Uint8Array).slice();
      // The second half holds the code.
      for (let flips = 1 + random(2); flips > 0; flips--) {
        bytes[Math.floor(bytes.length / 2) + random(Math.ceil(bytes.length / 2))] = random(256);
      }
      const modules = originals.with(at, bytes);
      const views: PackageView[] = [];
      typedFailuresOnly(() => void views.push(viewOf(programs, programs, modules, [std, framework])));
      const [view] = views;
      // Not even its declarations can be read.
      if (view === undefined) continue;
      const checked = typedFailuresOnly(() => void bench.vm.checkPublish(view, bench.resolver));
      outcomes[checked === 'ok' ? 'accepted' : 'refused']++;
      // Refused or not, it is run: the VM does not rely on the check alone.
      const session = bench.session(new GasMeter(300_000));
      session.addPackage(view);
      const functions = typedNames(bytes);
      callAll(session, names[at] as string, functions, random);
      expect(session.gas.used).toBeLessThanOrEqual(300_000);
    }
    expect(outcomes.accepted).toBeGreaterThan(30);
    expect(outcomes.refused).toBeGreaterThan(30);
  });
});

function typedNames(bytes: Uint8Array): string[] {
  try {
    return moduleInfo(bytes)
      .functions.filter(({ typeParameters }) => typeParameters.length === 0)
      .map(({ name }) => name)
      .slice(0, 40);
  } catch {
    return [];
  }
}
