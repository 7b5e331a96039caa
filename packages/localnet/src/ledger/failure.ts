/** Why an execution failed: the value that goes into the effects, and its text as a node prints it. */
import type { Address } from './types.ts';

export interface MoveLocation {
  readonly module: { readonly address: Address; readonly name: string };
  /** Index of the function's definition in its module. */
  readonly function: number;
  /** Index of the instruction in the function. */
  readonly instruction: number;
  readonly functionName: string | null;
}

export type ArgumentProblem =
  | 'TypeMismatch'
  | 'InvalidBCSBytes'
  | 'InvalidUsageOfPureArg'
  | 'InvalidArgumentToPrivateEntryFunction'
  | 'InvalidGasCoinUsage'
  | 'InvalidValueUsage'
  | 'InvalidObjectByValue'
  | 'InvalidObjectByMutRef'
  | 'SharedObjectOperationNotAllowed'
  | { readonly IndexOutOfBounds: { readonly idx: number } }
  | { readonly SecondaryIndexOutOfBounds: { readonly resultIdx: number; readonly secondaryIdx: number } }
  | { readonly InvalidResultArity: { readonly resultIdx: number } };

export type UpgradeProblem =
  | 'IncompatibleUpgrade'
  | { readonly UnableToFetchPackage: { readonly packageId: Address } }
  | { readonly NotAPackage: { readonly objectId: Address } }
  | { readonly DigestDoesNotMatch: { readonly digest: readonly number[] } }
  | { readonly UnknownUpgradePolicy: { readonly policy: number } }
  | { readonly PackageIDDoesNotMatch: { readonly packageId: Address; readonly ticketId: Address } };

/** Named as in the SDK's BCS of TransactionEffects. */
export type FailureKind =
  | 'InsufficientGas'
  | 'InvariantViolation'
  | 'FeatureNotYetSupported'
  | 'InsufficientCoinBalance'
  | 'CoinBalanceOverflow'
  | 'PublishErrorNonZeroAddress'
  | 'IotaMoveVerificationError'
  | 'VMVerificationOrDeserializationError'
  | 'VMInvariantViolation'
  | 'FunctionNotFound'
  | 'ArityMismatch'
  | 'TypeArityMismatch'
  | 'NonEntryFunctionInvoked'
  | 'InvalidTransferObject'
  | 'PublishUpgradeMissingDependency'
  | 'PublishUpgradeDependencyDowngrade'
  | 'SharedObjectOperationNotAllowed'
  | 'InputObjectDeleted'
  | { readonly MoveObjectTooBig: { readonly objectSize: number; readonly maxObjectSize: number } }
  | { readonly MovePackageTooBig: { readonly objectSize: number; readonly maxObjectSize: number } }
  | { readonly CircularObjectOwnership: { readonly object: Address } }
  | { readonly MovePrimitiveRuntimeError: MoveLocation | null }
  | { readonly MoveAbort: readonly [MoveLocation, bigint] }
  | { readonly CommandArgumentError: { readonly argIdx: number; readonly kind: ArgumentProblem } }
  | {
      readonly TypeArgumentError: {
        readonly argumentIdx: number;
        readonly kind: 'TypeNotFound' | 'ConstraintNotSatisfied';
      };
    }
  | { readonly UnusedValueWithoutDrop: { readonly resultIdx: number; readonly secondaryIdx: number } }
  | { readonly InvalidPublicFunctionReturnType: { readonly idx: number } }
  | { readonly EffectsTooLarge: { readonly currentSize: number; readonly maxSize: number } }
  | { readonly WrittenObjectsTooLarge: { readonly currentSize: number; readonly maxSize: number } }
  | { readonly PackageUpgradeError: { readonly upgradeError: UpgradeProblem } };

/**
 * Thrown inside an execution and caught by it: the transaction fails, pays its gas, and changes nothing else. It is
 * not a refusal (that is LedgerError), and never leaves the ledger.
 */
export class ExecutionFailure extends Error {
  readonly kind: FailureKind;
  /** What went wrong in words, for logs; not part of the effects. */
  readonly detail: string;

  constructor(kind: FailureKind, detail = '') {
    super(`${rustDebug(kind)}${detail === '' ? '' : `: ${detail}`}`);
    this.name = 'ExecutionFailure';
    this.kind = kind;
    this.detail = detail;
  }
}

export function argumentFailure(argIdx: number, kind: ArgumentProblem, detail = ''): ExecutionFailure {
  return new ExecutionFailure({ CommandArgumentError: { argIdx, kind } }, detail);
}

/** The node's status text: Rust's Debug form, and the command unless the failure came after the last one. */
export function statusText(kind: FailureKind, command: number | null): string {
  return `${rustDebug(kind)}${command === null ? '' : ` in command ${command}`}`;
}

/** The same as the SDK's BCS input wants it: unit variants as `{Name: true}`. */
export function failureForBcs(kind: FailureKind): Record<string, unknown> {
  if (typeof kind === 'string') return { [kind]: true };
  if ('CommandArgumentError' in kind) {
    return {
      CommandArgumentError: { ...kind.CommandArgumentError, kind: unit(kind.CommandArgumentError.kind) },
    };
  }
  if ('TypeArgumentError' in kind) {
    return { TypeArgumentError: { ...kind.TypeArgumentError, kind: unit(kind.TypeArgumentError.kind) } };
  }
  if ('PackageUpgradeError' in kind) {
    return { PackageUpgradeError: { upgradeError: unit(kind.PackageUpgradeError.upgradeError) } };
  }
  return kind as Record<string, unknown>;
}

function unit<T extends object>(problem: string | T): T | Record<string, true> {
  return typeof problem === 'string' ? { [problem]: true } : problem;
}

function rustDebug(kind: FailureKind | ArgumentProblem | UpgradeProblem): string {
  if (typeof kind === 'string') return kind;
  if ('MoveAbort' in kind) return `MoveAbort(${locationText(kind.MoveAbort[0])}, ${kind.MoveAbort[1]})`;
  if ('MovePrimitiveRuntimeError' in kind) {
    const location = kind.MovePrimitiveRuntimeError;
    return `MovePrimitiveRuntimeError(MoveLocationOpt(${
      location === null ? 'None' : `Some(${locationText(location)})`
    }))`;
  }
  const [name, fields] = Object.entries(kind)[0] as [string, Record<string, unknown>];
  const parts = Object.entries(fields).map(([field, value]) => `${snake(field)}: ${valueText(value)}`);
  return `${name} { ${parts.join(', ')} }`;
}

function locationText(location: MoveLocation): string {
  const { address, name } = location.module;
  const functionName = location.functionName === null ? 'None' : `Some("${location.functionName}")`;
  return (
    `MoveLocation { module: ModuleId { address: ${address.slice(2)}, name: Identifier("${name}") }, ` +
    `function: ${location.function}, instruction: ${location.instruction}, function_name: ${functionName} }`
  );
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  if (typeof value === 'object' && value !== null) return rustDebug(value as ArgumentProblem);
  return String(value);
}

function snake(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
