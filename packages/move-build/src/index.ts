/**
 * Compiles and unit-tests Move packages for IOTA without the IOTA CLI: the Move compiler runs as WASM, and the
 * standard dependency on the IOTA framework resolves to our own sources of it. Nothing is downloaded.
 * @module
 */
export { buildMovePackage, type BuiltPackage } from './build.ts';
export { parseDiagnostics, plainText, type Diagnostic } from './diagnostics.ts';
export { MoveBuildError, type MoveBuildErrorCode } from './errors.ts';
export { buildFramework, frameworkDirectory, type FrameworkPackage } from './framework.ts';
export type { ResolveOptions } from './package-graph.ts';
export {
  testFramework,
  testMovePackage,
  type MoveTest,
  type MoveTestReport,
  type TestOptions,
} from './test-runner.ts';
