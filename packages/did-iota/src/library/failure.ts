/** A failure inside the thread of the library, which loads nothing of ours; outside it becomes a `DidIotaError`. */
import type { DidIotaErrorCode } from '../errors.ts';

/** What crosses the border between the threads. */
export interface PlainFailure {
  readonly code: DidIotaErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export class Failure extends Error {
  readonly plain: PlainFailure;

  constructor(plain: PlainFailure) {
    super(plain.message);
    this.plain = plain;
  }
}

/** Longest reason that is passed on: the library puts whatever it has read into its messages. */
const maxReasonChars = 300;

/** The text of anything that was thrown, on one line and bounded. */
export function reasonOf(error: unknown): string {
  const text = Error.isError(error) ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim().slice(0, maxReasonChars);
}
