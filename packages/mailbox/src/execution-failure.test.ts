import { describe, expect, it } from 'vitest';
import { parseExecutionFailure } from './execution-failure.ts';

describe('texts of failed transactions', () => {
  it('give module, function, code and command of an abort', () => {
    const address = 'ab'.repeat(32);
    const text = `MoveAbort(MoveLocation { module: ModuleId { address: ${address}, name: Identifier("m") }, function: 2, instruction: 8, function_name: Some("check") }, 18446744073709551615) in command 12`;
    expect(parseExecutionFailure(text)).toEqual({
      kind: 'MoveAbort',
      command: 12,
      abort: { packageId: `0x${address}`, module: 'm', function: 'check', code: 2n ** 64n - 1n },
    });
    expect(parseExecutionFailure(text.replace('Some("check")', 'None')).abort).toMatchObject({
      function: null,
    });
  });

  it('give the kind and the command of every other failure', () => {
    for (const [text, kind, command] of [
      ['InsufficientGas', 'InsufficientGas', null],
      ['InsufficientCoinBalance in command 0', 'InsufficientCoinBalance', 0],
      ['CommandArgumentError { arg_idx: 0, kind: TypeMismatch } in command 1', 'CommandArgumentError', 1],
      ['MovePrimitiveRuntimeError(MoveLocationOpt(None)) in command 3', 'MovePrimitiveRuntimeError', 3],
      ['', 'unknown', null],
      ['x'.repeat(100_000), 'x'.repeat(4_096), null],
    ] as const) {
      expect(parseExecutionFailure(text)).toEqual({ kind, command, abort: null });
    }
  });
});
