/**
 * The base of every error that wot.id throws on purpose.
 *
 * `code` is stable and machine-readable (`SCREAMING_SNAKE_CASE`); `message` says what was wrong; `hint` says what to
 * do about it; `data` carries the facts (ids, sizes, limits), never a secret. A package narrows `Code` in a subclass:
 * `class MailboxError extends WotError<'NO_GAS' | …> {}`.
 */
export class WotError<Code extends string = string> extends Error {
  /** Stable identifier of the failure. */
  readonly code: Code;
  /** What the caller or the user can do; empty when nothing can be done. */
  readonly hint: string;
  /** Facts about this failure, safe to log and to print. */
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, init: WotErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = init.hint ?? '';
    this.data = Object.freeze({ ...init.data });
  }
}

/** Settings of a {@link WotError}. */
export interface WotErrorInit {
  readonly hint?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Codes of {@link DecodeError}. */
export type DecodeErrorCode = 'TOO_LARGE' | 'MALFORMED' | 'NON_CANONICAL';

/** Bytes that a peer, a file or a chain gave us are not what their format says. */
export class DecodeError extends WotError<DecodeErrorCode> {}

/** True for any wot.id error, also across duplicated copies of this package. */
export function isWotError(error: unknown): error is WotError {
  return Error.isError(error) && typeof (error as Partial<WotError>).code === 'string' && 'hint' in error;
}

/** A one-line text of any thrown value, without a stack. */
export function errorText(error: unknown): string {
  return Error.isError(error) ? error.message : String(error);
}
