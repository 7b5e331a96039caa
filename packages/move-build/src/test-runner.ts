import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { errorText } from '@wotid/core';
import {
  type MovePackageFailure,
  type MovePackageTestInput,
  type MovePackageTestSuccess,
  resolveMovePackageDependencies,
} from '@zktx.io/sui-move-builder/full';
import { compileError, plainText } from './diagnostics.ts';
import { failure, SnapshotFetcher, startCompiler } from './compiler.ts';
import { MoveBuildError } from './errors.ts';
import { frameworkRoots, readFramework } from './framework.ts';
import { type PackageGraph, type ResolveOptions, resolvePackage } from './package-graph.ts';

/** Longest that the tests of one package may take before they are stopped, in milliseconds; most take one second. */
export const defaultTestTimeoutMs = 120_000;

/** Settings of {@link testMovePackage}. */
export interface TestOptions extends ResolveOptions {
  /** Stops the tests after this many milliseconds; default {@link defaultTestTimeoutMs}. */
  readonly timeoutMs?: number;
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
 * @throws {MoveBuildError} As `buildMovePackage`, `NO_TESTS` when the package has none, `TIMED_OUT` when they do not end.
 */
export async function testMovePackage(directory: string, options: TestOptions = {}): Promise<MoveTestReport> {
  return runTests(await resolvePackage(directory, options, true), options);
}

/**
 * Runs the unit tests of our framework packages.
 *
 * @param directory Folder with `move-stdlib` and `iota-framework`; by default the one that came with this package.
 * @throws {MoveBuildError} As `buildFramework`; packages without tests are left out.
 */
export async function testFramework(directory?: string): Promise<MoveTestReport[]> {
  const framework = await readFramework(directory);
  const reports: MoveTestReport[] = [];
  for (const { name, files, tests } of frameworkRoots(framework)) {
    if (Object.keys(tests).length === 0) continue;
    reports.push(await runTests({ name, files, tests, snapshot: { framework, local: {} }, unpublished: [] }));
  }
  return reports;
}

async function runTests(graph: PackageGraph, options: TestOptions = {}): Promise<MoveTestReport> {
  const { filter = '', timeoutMs = defaultTestTimeoutMs } = options;
  await startCompiler();
  const files = { ...graph.files, ...graph.tests };
  const fetcher = new SnapshotFetcher(graph.snapshot);
  let resolvedDependencies;
  try {
    resolvedDependencies = await resolveMovePackageDependencies({ files, fetcher, modes: ['test'] });
  } catch (cause) {
    throw failure(graph.name, errorText(cause), 'dependency_resolution');
  }
  const result = await runInWorker({ files, resolvedDependencies, ansiColor: false }, graph.name, timeoutMs);
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

async function runInWorker(
  input: MovePackageTestInput,
  name: string,
  timeoutMs: number,
): Promise<MovePackageTestSuccess | MovePackageFailure> {
  const worker = new Worker(new URL(`./test-worker${extname(import.meta.filename)}`, import.meta.url), {
    workerData: input,
  });
  try {
    const [result] = await once(worker, 'message', { signal: AbortSignal.timeout(timeoutMs) });
    return result as MovePackageTestSuccess | MovePackageFailure;
  } catch (cause) {
    if (!(Error.isError(cause) && cause.name === 'AbortError')) {
      throw failure(name, errorText(cause), 'test_runner');
    }
    throw new MoveBuildError('TIMED_OUT', `the tests of ${name} did not end within ${timeoutMs} ms`, {
      hint: 'Look for a loop without end in the tests, or allow more time.',
      data: { package: name, timeoutMs },
      cause,
    });
  } finally {
    await worker.terminate();
  }
}

const closingPattern = /^Test result: (?:OK|FAILED)\. Total tests: (\d+);/m;
const outcomePattern = /^\[ (PASS|FAIL|TIMEOUT)\s*\] (\S+)/;

/** Reads the outcomes, and for failed tests the block that explains each, from the test runner's text. */
export function parseTestOutput(output: string): MoveTest[] {
  const outcomes: { readonly name: string; readonly ok: boolean }[] = [];
  const explanations = new Map<string, string[]>();
  let module = '';
  let open: string[] | undefined;
  for (const line of output.split('\n')) {
    const outcome = outcomePattern.exec(line);
    if (outcome !== null) outcomes.push({ name: outcome[2] ?? '', ok: outcome[1] === 'PASS' });
    module = /^Failures in (\S+):$/.exec(line)?.[1] ?? module;
    const begins = /^┌── (\S+)/.exec(line);
    if (begins !== null) explanations.set(`${module}::${begins[1]}`, (open = []));
    else if (line.startsWith('└──')) open = undefined;
    else open?.push(line.replace(/^│ ?/, ''));
  }
  return outcomes.map(({ name, ok }) => {
    const explanation = explanations.get(name)?.join('\n').trim();
    return { name, ok, ...(explanation === undefined ? {} : { output: explanation }) };
  });
}
