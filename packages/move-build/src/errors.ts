import { WotError } from '@wotid/core';

/** Codes of {@link MoveBuildError}. */
export type MoveBuildErrorCode =
  | 'BAD_MANIFEST'
  | 'COMPILE_FAILED'
  | 'COMPILER_FAILED'
  | 'DEPENDENCY_NOT_FOUND'
  | 'FRAMEWORK_NOT_FOUND'
  | 'NO_MANIFEST'
  | 'NO_SOURCES'
  | 'NO_TESTS'
  | 'TIMED_OUT'
  | 'TOO_LARGE'
  | 'UNPUBLISHED_DEPENDENCY'
  | 'UNREADABLE_PACKAGE'
  | 'UNSAFE_PATH'
  | 'UNSUPPORTED_DEPENDENCY';

/**
 * A Move package could not be read, resolved or compiled. For `COMPILE_FAILED`, `data.diagnostics` holds one
 * {@link import('./diagnostics.ts').Diagnostic} for each message and `data.output` the compiler's whole text.
 */
export class MoveBuildError extends WotError<MoveBuildErrorCode> {}
