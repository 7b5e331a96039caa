import type { MoveLocation as VmLocation, MoveVmError } from '@wotid/move-vm';
import { ExecutionFailure, type MoveLocation } from '../failure.ts';

function location(from: VmLocation, address: string): MoveLocation {
  return {
    module: { address, name: from.module },
    function: from.functionIndex,
    instruction: from.instruction,
    functionName: from.functionName,
  };
}

/**
 * The VM's failure as the effects tell it. An abort names the package by the id it is stored under, a primitive error
 * by the id its modules run as (`iota-adapter`: error).
 */
export function vmFailure(error: MoveVmError): ExecutionFailure {
  const { failure } = error;
  switch (failure.kind) {
    case 'MoveAbort':
      return new ExecutionFailure({
        MoveAbort: [location(failure.location, failure.location.storageId), failure.abortCode],
      });
    case 'MovePrimitiveRuntimeError':
      return new ExecutionFailure(
        {
          MovePrimitiveRuntimeError:
            failure.location === null ? null : location(failure.location, failure.location.originalId),
        },
        error.message,
      );
    case 'TypeArgumentError':
      return new ExecutionFailure(
        { TypeArgumentError: { argumentIdx: failure.argument, kind: failure.reason } },
        error.message,
      );
    default:
      return new ExecutionFailure(failure.kind, error.message);
  }
}
