/** The same calls in both machines: ours here, the Move VM of the compiler package as unit tests. */
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildMovePackage, testMovePackage } from '@wotid/move-build';
import {
  ability,
  GasMeter,
  moduleInfo,
  MoveVmError,
  standardNatives,
  substituteSelfAddress,
  type NativeTable,
  type Session,
  type TypeTag,
} from '../../src/index.ts';
import { Bench, framework, frameworkViews, programs, std, viewOf } from '../harness.ts';
import { isLiteral, literalOf, typeArguments, typeText, withArguments, type Literal } from './literals.ts';
import type { Choices } from './random.ts';

/** A call with everything it is given. */
export interface Call {
  readonly target: string;
  readonly typeArgs: readonly TypeTag[];
  readonly args: readonly Literal[];
  /** As Move source. */
  readonly text: string;
  readonly returns: number;
}

/** BCS of the results in hex, or how it failed: `<what> in <module>::<function>`. */
export type Outcome = { readonly results: readonly string[] } | { readonly failure: string };

/** A folder with the programs of the tests and more modules. */
export class Workshop {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(more: Readonly<Record<string, string>>): Promise<Workshop> {
    const folder = await mkdtemp(join(tmpdir(), 'two-vms-'));
    await mkdir(join(folder, 'sources'));
    await mkdir(join(folder, 'tests'));
    await copyFile(new URL('../programs/Move.toml', import.meta.url), join(folder, 'Move.toml'));
    for (const place of ['../programs/sources/', './sources/']) {
      const url = new URL(place, import.meta.url);
      for (const name of await readdir(url))
        await copyFile(new URL(name, url), join(folder, 'sources', name));
    }
    for (const [name, text] of Object.entries(more)) {
      await writeFile(join(folder, 'sources', `${name}.move`), text);
    }
    return new Workshop(folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Our machine with the workshop's modules. */
export class OurMachine {
  readonly #bench: Bench;
  readonly #modules: readonly ReturnType<typeof moduleInfo>[];
  readonly #gas: number;
  readonly #natives: NativeTable;
  readonly bytes: readonly Uint8Array[];
  /** Natives that were called. */
  readonly called: Set<string> = new Set();

  constructor(bench: Bench, modules: readonly Uint8Array[], gas: number) {
    this.#bench = bench;
    this.bytes = modules;
    this.#modules = modules.map(moduleInfo);
    this.#natives = new Map(
      [...standardNatives].map(([name, native]) => [
        name,
        (...args) => {
          this.called.add(name);
          return native(...args);
        },
      ]),
    );
    this.#gas = gas;
  }

  static async open(workshop: Workshop, gas: number): Promise<OurMachine> {
    const { modules } = await buildMovePackage(workshop.folder);
    const renamed = modules.map((text) => substituteSelfAddress(Uint8Array.fromBase64(text), programs));
    const bench = new Bench([...frameworkViews(), viewOf(programs, programs, renamed, [std, framework])]);
    return new OurMachine(bench, renamed, gas);
  }

  /** Calls of every function that can be called with literals, `rounds` times each. */
  calls(choices: Choices, rounds: number, isWanted: (target: string) => boolean): Call[] {
    const session = this.#bench.session();
    const calls: Call[] = [];
    for (const { name: module, functions } of this.#modules) {
      for (const fn of functions) {
        const target = `${module}::${fn.name}`;
        if (fn.visibility !== 'public' || !isWanted(target)) continue;
        for (let round = 0; round < (fn.parameters.length === 0 ? 1 : rounds); round++) {
          const chosen = fn.typeParameters.map(() => choices.of(typeArguments));
          const types = chosen.map(({ type }) => type);
          const parameters = fn.parameters.map((type) => withArguments(type, types));
          if (
            !parameters.every(isLiteral) ||
            !isUsable(
              session,
              target,
              chosen.map(({ tag }) => tag),
            )
          )
            break;
          const args = parameters.map((type) => literalOf(type, choices));
          const generics = types.length === 0 ? '' : `<${types.map(typeText).join(', ')}>`;
          const text = `programs::${target}${generics}(${args.map((arg) => arg.text).join(', ')})`;
          const typeArgs = chosen.map(({ tag }) => tag);
          calls.push({ target, typeArgs, args, text, returns: fn.returns.length });
        }
      }
    }
    return calls;
  }

  /** What a call ends in; undefined when it takes more gas than the tests give it. */
  run(call: Call): Outcome | undefined {
    const { vm, resolver } = this.#bench;
    const session = vm.openSession({ resolver, natives: this.#natives, gas: new GasMeter(this.#gas) });
    const [module = '', name = ''] = call.target.split('::');
    try {
      const fn = session.loadFunction(programs, module, name, call.typeArgs);
      const args = fn.parameters.map((type, index) => {
        const value = session.decodeValue(type, Uint8Array.from(call.args[index]?.bytes ?? []));
        if (value === undefined) throw new Error(`argument ${index} of ${call.text} does not decode`);
        return value;
      });
      const results = session.call(fn, args);
      return {
        results: results.map((value, index) =>
          session.encodeValue(fn.returns[index] as never, value).toHex(),
        ),
      };
    } catch (error) {
      if (!(error instanceof MoveVmError)) throw error;
      return error.code === 'INSUFFICIENT_GAS' ? undefined : { failure: describe(error) };
    }
  }
}

/** True when a test can hold and drop what the function returns. */
function isUsable(session: Session, target: string, typeArgs: readonly TypeTag[]): boolean {
  const [module = '', name = ''] = target.split('::');
  try {
    return session
      .loadFunction(programs, module, name, typeArgs)
      .returns.every((type) => type.kind !== 'reference' && (session.abilitiesOf(type) & ability.drop) !== 0);
  } catch {
    return false;
  }
}

const packageNames: Readonly<Record<string, string>> = {
  [std]: 'std',
  [framework]: 'iota',
  [programs]: 'programs',
};

/** In the words of the Move unit test runner. */
function describe(error: MoveVmError): string {
  const { failure, status, subStatus } = error;
  const location = 'location' in failure ? failure.location : null;
  const where =
    location === null
      ? 'nowhere'
      : `${packageNames[location.originalId]}::${location.module}::${location.functionName}`;
  return `${what(status, subStatus)} in ${where}`;
}

function what(status: MoveVmError['status'], subStatus: bigint | null): string {
  switch (status) {
    case 'ABORTED':
      return `aborted with code ${subStatus}`;
    case 'ARITHMETIC_ERROR':
      return 'gave an arithmetic error';
    case 'VECTOR_OPERATION_ERROR':
      return `gave a vector operation error with sub-status ${subStatus}`;
    default:
      return `gave a ${status} error`;
  }
}

/** Successes that one unit test checks. */
const checksPerTest = 50;

/**
 * Runs calls in the compiler package's Move VM.
 * @returns in the order of the calls: the failure in words, or undefined when the call gave what was expected
 */
export async function inRealMachine(
  workshop: Workshop,
  calls: readonly (readonly [Call, Outcome])[],
): Promise<readonly (string | undefined)[]> {
  const checks: string[] = [];
  const tests: string[] = [];
  for (const [index, [call, outcome]] of calls.entries()) {
    if ('results' in outcome) checks.push(`    { ${checkText(call, outcome.results, index)} };`);
    else tests.push(`#[test] fun call_${index}() { ${ignoreText(call)} }`);
  }
  for (let at = 0; at < checks.length; at += checksPerTest) {
    tests.push(`#[test] fun checks_${at}() {\n${checks.slice(at, at + checksPerTest).join('\n')}\n}`);
  }
  const file = join(workshop.folder, 'tests', 'calls.move');
  await writeFile(file, `#[test_only]\nmodule programs::calls;\n\n${tests.join('\n\n')}\n`);
  const report = await testMovePackage(workshop.folder);
  const found: (string | undefined)[] = Array.from({ length: calls.length });
  for (const { name, ok, output = '' } of report.tests) {
    const single = /call_(\d+)$/.exec(name)?.[1];
    if (single !== undefined) found[Number(single)] = ok ? 'ended well' : realFailure(output);
    else if (!ok) {
      // The code of the assertion that failed is the number of the call; anything else ended its whole test early.
      const code = /aborted with code (\d+) originating in the module programs::calls /.exec(output)?.[1];
      const line = /tests\/calls\.move:(\d+)/.exec(output)?.[0] ?? name;
      found[Number(code ?? 0)] =
        code === undefined ? `${line}: ${realFailure(output)}` : 'gave other results';
    }
  }
  return found;
}

const names = (call: Call): string[] => Array.from({ length: call.returns }, (_, index) => `r${index}`);

function checkText(call: Call, results: readonly string[], index: number): string {
  const checked = names(call).map(
    (name, at) => `assert!(std::bcs::to_bytes(&${name}) == x"${results[at]}", ${index});`,
  );
  return call.returns === 0
    ? `${call.text};`
    : `let (${names(call).join(', ')}) = ${call.text}; ${checked.join(' ')}`;
}

function ignoreText(call: Call): string {
  const ignored = names(call).map(() => '_');
  return call.returns === 0 ? `${call.text};` : `let (${ignored.join(', ')}) = ${call.text};`;
}

/** The runner's report of a test that was not expected to fail, in the form of {@link describe}. */
function realFailure(output: string): string {
  const said = /but it (.*?) originating in the module (\S+) rooted here/s.exec(output);
  const fn = /\bfun (\w+)/.exec(output)?.[1];
  if (said === null) return output;
  // The machine in WebAssembly has 32-bit indexes and gives up on larger ones; a node's has 64 bits.
  const plain = (said[1] ?? '')
    .replace(/ \(code \d+\)/, '')
    .replace(
      'gave a UNKNOWN_INVARIANT_VIOLATION_ERROR error',
      'gave a vector operation error with sub-status 1',
    );
  return `${plain} in ${said[2]}::${fn}`;
}
