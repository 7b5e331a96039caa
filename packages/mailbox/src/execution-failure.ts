/** The text in which a node reports a failed transaction: Rust's debug form of `ExecutionFailureStatus`. */

/** What could be read from it; the text itself is always kept by the caller. */
export interface ExecutionFailure {
  /** Such as `MoveAbort` or `InsufficientGas`. */
  readonly kind: string;
  /** Index of the failing command. */
  readonly command: number | null;
  readonly abort: MoveAbort | null;
}

/** Where and with what code Move aborted. */
export interface MoveAbort {
  /** 64 hexadecimal digits after `0x`: the package's storage id. */
  readonly packageId: string;
  readonly module: string;
  readonly function: string | null;
  readonly code: bigint;
}

/** A failure's text is one line of a few hundred characters; a node that sends more is not worth matching. */
const maxTextLength = 4_096;
const abortPattern =
  /^MoveAbort\(MoveLocation \{ module: ModuleId \{ address: ([0-9a-f]{64}), name: Identifier\("(\w+)"\) \}, function: \d+, instruction: \d+, function_name: (?:Some\("(\w+)"\)|None) \}, (\d+)\)/;

/** Reads as much of `text` as is understood. Never throws. */
export function parseExecutionFailure(text: string): ExecutionFailure {
  const bounded = text.slice(0, maxTextLength);
  const command = / in command (\d{1,4})$/.exec(bounded)?.[1];
  const abort = abortPattern.exec(bounded);
  return {
    kind: /^\w+/.exec(bounded)?.[0] ?? 'unknown',
    command: command === undefined ? null : Number(command),
    abort:
      abort === null
        ? null
        : {
            packageId: `0x${abort[1]}`,
            module: abort[2] as string,
            function: abort[3] ?? null,
            code: BigInt(abort[4] as string),
          },
  };
}
