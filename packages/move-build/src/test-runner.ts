import { testMovePackage as runMovePackageTests } from '@zktx.io/sui-move-builder/full';
import { compileError, plainText } from './diagnostics.ts';
import { failure, SnapshotFetcher, startCompiler } from './compiler.ts';
import { MoveBuildError } from './errors.ts';
import { frameworkRoots, readFramework } from './framework.ts';
import { type PackageGraph, type ResolveOptions, resolvePackage } from './package-graph.ts';

/** Settings of {@link testMovePackage}. */
export interface TestOptions extends ResolveOptions {
  /** Only the tests whose full name, `0x0::module::function`, contains this are reported. All are run. */
  readonly filter?: string;
}

/** One unit test. */
export interface MoveTest {
  /** `address::module::function`. */
  readonly name: string;
  readonly ok: boolean;
  /** What the test runner says of a test that failed. */
  readonly output?: string;
}

/** The outcome of a package's unit tests. */
export interface MoveTestReport {
  /** Name in `Move.toml`. */
  readonly package: string;
  readonly passed: number;
  readonly failed: number;
  readonly tests: readonly MoveTest[];
  /** The test runner's whole text. */
  readonly output: string;
}

/**
 * Compiles a package with its tests and runs them in the Move VM.
 *
 * @param directory Folder with `Move.toml`, `sources/` and `tests/`.
 * @throws {MoveBuildError} As {@link buildMovePackage}, and `NO_TESTS` when the package has none.
 */
export async function testMovePackage(directory: string, options: TestOptions = {}): Promise<MoveTestReport> {
  return runTests(await resolvePackage(directory, options, true), options.filter);
}

/**
 * Runs the unit tests of our framework packages.
 *
 * @param directory Folder with `move-stdlib` and `iota-framework`; by default the one that came with this package.
 * @throws {MoveBuildError} As {@link buildFramework}; packages without tests are left out.
 */
export async function testFramework(directory?: string): Promise<MoveTestReport[]> {
  const framework = await readFramework(directory);
  const reports: MoveTestReport[] = [];
  for (const { name, files, tests } of frameworkRoots(framework)) {
    if (Object.keys(tests).length === 0) continue;
    reports.push(await runTests({ name, files, tests, snapshot: { framework, local: {} } }));
  }
  return reports;
}

async function runTests(graph: PackageGraph, filter = ''): Promise<MoveTestReport> {
  await startCompiler();
  const result = await runMovePackageTests({
    files: { ...graph.files, ...graph.tests },
    fetcher: new SnapshotFetcher(graph.snapshot),
    ansiColor: false,
  });
  if ('error' in result) throw failure(graph.name, result.error, result.category);
  const output = plainText(result.output);
  const tests = parseTestOutput(output).filter((test) => test.name.includes(filter));
  const closing = closingPattern.exec(output);
  if (closing === null) throw compileError(graph.name, output);
  if (Number(closing[1]) === 0) {
    throw new MoveBuildError('NO_TESTS', `${graph.name} has no unit tests`, {
      hint: 'Write functions with #[test] into tests/*.move.',
      data: { package: graph.name },
    });
  }
  const failed = tests.filter((test) => !test.ok).length;
  return { package: graph.name, passed: tests.length - failed, failed, tests, output };
}

const closingPattern = /^Test result: (?:OK|FAILED)\. Total tests: (\d+);/m;
const outcomePattern = /^\[ (PASS|FAIL|TIMEOUT)\s*\] (\S+)/;

/** Reads the outcomes, and for failed tests the block that explains each, from the test runner's text. */
export function parseTestOutput(output: string): MoveTest[] {
  const explanations = new Map<string, string>();
  for (const block of output.split(/^┌── /m).slice(1)) {
    const name = /^(\S+)/.exec(block)?.[1];
    if (name !== undefined) explanations.set(name, block.split(/^└─+/m)[0]?.trim() ?? '');
  }
  return output.split('\n').flatMap((line): MoveTest[] => {
    const match = outcomePattern.exec(line.trim());
    if (match === null) return [];
    const name = match[2] ?? '';
    if (match[1] === 'PASS') return [{ name, ok: true }];
    const explanation = explanations.get(name) ?? explanations.get(name.split('::').at(-1) ?? '');
    return [{ name, ok: false, ...(explanation === undefined ? {} : { output: explanation }) }];
  });
}
