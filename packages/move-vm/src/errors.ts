import { WotError } from '@wotid/core';
import type { Address } from './types.ts';

/**
 * Why the VM stopped, with the numbers of the Move VM: 1000 verification, 2000 broken invariant, 3000
 * deserialization, 4000 execution. Source: `move-core-types/src/vm_status.rs` of IOTA.
 */
export const vmStatus = {
  /** What this VM does not have: a native. A node has all of them. */
  FEATURE_UNDER_GATING: 26,
  UNKNOWN_VERIFICATION_ERROR: 1000,
  /** What IOTA's own passes report; the transaction sees another kind of failure then. */
  IOTA_MOVE_VERIFICATION_ERROR: 1000,
  INDEX_OUT_OF_BOUNDS: 1001,
  INVALID_SIGNATURE_TOKEN: 1003,
  RECURSIVE_DATATYPE_DEFINITION: 1005,
  FIELD_MISSING_TYPE_ABILITY: 1006,
  INVALID_FALL_THROUGH: 1007,
  NEGATIVE_STACK_SIZE_WITHIN_BLOCK: 1009,
  DUPLICATE_ELEMENT: 1012,
  INVALID_MODULE_HANDLE: 1013,
  UNIMPLEMENTED_HANDLE: 1014,
  LOOKUP_FAILED: 1017,
  TYPE_MISMATCH: 1020,
  MISSING_DEPENDENCY: 1021,
  POP_WITHOUT_DROP_ABILITY: 1023,
  BR_TYPE_MISMATCH_ERROR: 1025,
  ABORT_TYPE_MISMATCH_ERROR: 1026,
  STLOC_TYPE_MISMATCH_ERROR: 1027,
  STLOC_UNSAFE_TO_DESTROY_ERROR: 1028,
  UNSAFE_RET_LOCAL_OR_RESOURCE_STILL_BORROWED: 1029,
  RET_TYPE_MISMATCH_ERROR: 1030,
  RET_BORROWED_MUTABLE_REFERENCE_ERROR: 1031,
  FREEZEREF_TYPE_MISMATCH_ERROR: 1032,
  FREEZEREF_EXISTS_MUTABLE_BORROW_ERROR: 1033,
  BORROWFIELD_TYPE_MISMATCH_ERROR: 1034,
  FIELD_EXISTS_MUTABLE_BORROW_ERROR: 1036,
  COPYLOC_UNAVAILABLE_ERROR: 1037,
  COPYLOC_WITHOUT_COPY_ABILITY: 1038,
  COPYLOC_EXISTS_BORROW_ERROR: 1039,
  MOVELOC_UNAVAILABLE_ERROR: 1040,
  MOVELOC_EXISTS_BORROW_ERROR: 1041,
  BORROWLOC_REFERENCE_ERROR: 1042,
  BORROWLOC_UNAVAILABLE_ERROR: 1043,
  BORROWLOC_EXISTS_BORROW_ERROR: 1044,
  CALL_TYPE_MISMATCH_ERROR: 1045,
  CALL_BORROWED_MUTABLE_REFERENCE_ERROR: 1046,
  PACK_TYPE_MISMATCH_ERROR: 1047,
  UNPACK_TYPE_MISMATCH_ERROR: 1048,
  READREF_TYPE_MISMATCH_ERROR: 1049,
  READREF_WITHOUT_COPY_ABILITY: 1050,
  READREF_EXISTS_MUTABLE_BORROW_ERROR: 1051,
  WRITEREF_TYPE_MISMATCH_ERROR: 1052,
  WRITEREF_WITHOUT_DROP_ABILITY: 1053,
  WRITEREF_EXISTS_BORROW_ERROR: 1054,
  WRITEREF_NO_MUTABLE_REFERENCE_ERROR: 1055,
  INTEGER_OP_TYPE_MISMATCH_ERROR: 1056,
  BOOLEAN_OP_TYPE_MISMATCH_ERROR: 1057,
  EQUALITY_OP_TYPE_MISMATCH_ERROR: 1058,
  NO_MODULE_HANDLES: 1068,
  POSITIVE_STACK_SIZE_AT_BLOCK_END: 1069,
  CONSTRAINT_NOT_SATISFIED: 1075,
  NUMBER_OF_TYPE_ARGUMENTS_MISMATCH: 1076,
  LOOP_IN_INSTANTIATION_GRAPH: 1077,
  ZERO_SIZED_STRUCT: 1080,
  LINKER_ERROR: 1081,
  INVALID_CONSTANT_TYPE: 1082,
  MALFORMED_CONSTANT_DATA: 1083,
  EMPTY_CODE_UNIT: 1084,
  INVALID_LOOP_SPLIT: 1085,
  UNSAFE_RET_UNUSED_VALUES_WITHOUT_DROP: 1088,
  TOO_MANY_LOCALS: 1089,
  GENERIC_MEMBER_OPCODE_MISMATCH: 1090,
  FUNCTION_RESOLUTION_FAILURE: 1091,
  DUPLICATE_MODULE_NAME: 1095,
  CYCLIC_MODULE_DEPENDENCY: 1097,
  NUMBER_OF_ARGUMENTS_MISMATCH: 1098,
  INVALID_PHANTOM_TYPE_PARAM_POSITION: 1108,
  VEC_UPDATE_EXISTS_MUTABLE_BORROW_ERROR: 1109,
  VEC_BORROW_ELEMENT_EXISTS_MUTABLE_BORROW_ERROR: 1110,
  LOOP_MAX_DEPTH_REACHED: 1111,
  TOO_MANY_TYPE_PARAMETERS: 1112,
  TOO_MANY_PARAMETERS: 1113,
  TOO_MANY_BASIC_BLOCKS: 1114,
  VALUE_STACK_OVERFLOW: 1115,
  TOO_MANY_TYPE_NODES: 1116,
  VALUE_STACK_PUSH_OVERFLOW: 1117,
  MAX_DEPENDENCY_DEPTH_REACHED: 1118,
  MAX_STRUCT_DEFINITIONS_REACHED: 1120,
  MAX_FIELD_DEFINITIONS_REACHED: 1121,
  TOO_MANY_VECTOR_ELEMENTS: 1128,
  IDENTIFIER_TOO_LONG: 1129,
  PROGRAM_TOO_COMPLEX: 1130,
  ENUM_TYPE_MISMATCH: 1132,
  INVALID_ENUM_SWITCH: 1133,
  MAX_VARIANTS_REACHED: 1135,
  UNKNOWN_INVARIANT_VIOLATION_ERROR: 2000,
  EMPTY_VALUE_STACK: 2003,
  PC_OVERFLOW: 2005,
  VERIFICATION_ERROR: 2006,
  INTERNAL_TYPE_ERROR: 2009,
  TYPE_RESOLUTION_FAILURE: 2021,
  MALFORMED: 3001,
  BAD_MAGIC: 3002,
  UNKNOWN_VERSION: 3003,
  UNKNOWN_TABLE_TYPE: 3004,
  UNKNOWN_SERIALIZED_TYPE: 3006,
  UNKNOWN_OPCODE: 3007,
  BAD_HEADER_TABLE: 3008,
  DUPLICATE_TABLE: 3010,
  UNKNOWN_ABILITY: 3013,
  VALUE_SERIALIZATION_ERROR: 3022,
  VALUE_DESERIALIZATION_ERROR: 3023,
  INVALID_FLAG_BITS: 3025,
  TRAILING_BYTES: 3026,
  OUT_OF_GAS: 4002,
  ABORTED: 4016,
  ARITHMETIC_ERROR: 4017,
  VECTOR_OPERATION_ERROR: 4018,
  EXECUTION_STACK_OVERFLOW: 4020,
  CALL_STACK_OVERFLOW: 4021,
  VM_MAX_TYPE_DEPTH_REACHED: 4024,
  VM_MAX_VALUE_DEPTH_REACHED: 4025,
  VM_EXTENSION_ERROR: 4026,
  MEMORY_LIMIT_EXCEEDED: 4028,
  VARIANT_TAG_MISMATCH: 4030,
} as const;

/** Name of a status of {@link vmStatus}. */
export type VmStatus = keyof typeof vmStatus;

/** An instruction of a loaded package. */
export interface MoveLocation {
  /** Object id of the package version whose code ran: what an abort prints. */
  readonly storageId: Address;
  /** The id its modules name themselves by: what a primitive run-time error prints. */
  readonly originalId: Address;
  readonly module: string;
  /** Index of the function definition in its module. */
  readonly functionIndex: number;
  /** Index of the instruction in the function; 0 in a native. */
  readonly instruction: number;
  readonly functionName: string;
}

/** What a failure is to a transaction; the kinds are those of IOTA's execution status. */
export type VmFailure =
  | { readonly kind: 'MoveAbort'; readonly location: MoveLocation; readonly abortCode: bigint }
  | { readonly kind: 'MovePrimitiveRuntimeError'; readonly location: MoveLocation | null }
  | { readonly kind: 'InsufficientGas' }
  | { readonly kind: 'VMInvariantViolation' }
  | { readonly kind: 'VMVerificationOrDeserializationError' }
  | { readonly kind: 'IotaMoveVerificationError' }
  | { readonly kind: 'FeatureNotYetSupported' }
  | { readonly kind: 'FunctionNotFound' }
  | { readonly kind: 'TypeArityMismatch' }
  | {
      readonly kind: 'TypeArgumentError';
      readonly argument: number;
      readonly reason: 'TypeNotFound' | 'ConstraintNotSatisfied';
    };

/** Codes of {@link MoveVmError}: the failure's kind in the project's spelling. */
export type MoveVmErrorCode =
  | 'MOVE_ABORT'
  | 'MOVE_PRIMITIVE_RUNTIME_ERROR'
  | 'INSUFFICIENT_GAS'
  | 'VM_INVARIANT_VIOLATION'
  | 'VM_VERIFICATION_OR_DESERIALIZATION_ERROR'
  | 'IOTA_MOVE_VERIFICATION_ERROR'
  | 'FEATURE_NOT_YET_SUPPORTED'
  | 'FUNCTION_NOT_FOUND'
  | 'TYPE_ARITY_MISMATCH'
  | 'TYPE_ARGUMENT_ERROR';

const codeOf: Readonly<Record<VmFailure['kind'], MoveVmErrorCode>> = {
  MoveAbort: 'MOVE_ABORT',
  MovePrimitiveRuntimeError: 'MOVE_PRIMITIVE_RUNTIME_ERROR',
  InsufficientGas: 'INSUFFICIENT_GAS',
  VMInvariantViolation: 'VM_INVARIANT_VIOLATION',
  VMVerificationOrDeserializationError: 'VM_VERIFICATION_OR_DESERIALIZATION_ERROR',
  IotaMoveVerificationError: 'IOTA_MOVE_VERIFICATION_ERROR',
  FeatureNotYetSupported: 'FEATURE_NOT_YET_SUPPORTED',
  FunctionNotFound: 'FUNCTION_NOT_FOUND',
  TypeArityMismatch: 'TYPE_ARITY_MISMATCH',
  TypeArgumentError: 'TYPE_ARGUMENT_ERROR',
};

/** Bytecode could not be loaded, linked or run to its end. Nothing of the session may be committed. */
export class MoveVmError extends WotError<MoveVmErrorCode> {
  readonly failure: VmFailure;
  readonly status: VmStatus;
  /** What the status leaves open, for instance which vector operation failed; null when nothing. */
  readonly subStatus: bigint | null;

  constructor(failure: VmFailure, status: VmStatus, message: string, subStatus: bigint | null = null) {
    super(codeOf[failure.kind], message, {
      hint: hintOf(failure),
      data: { ...failure, status, subStatus },
    });
    this.failure = failure;
    this.status = status;
    this.subStatus = subStatus;
  }
}

function hintOf(failure: VmFailure): string {
  switch (failure.kind) {
    case 'MoveAbort':
      return 'look the abort code up in the module that is named';
    case 'InsufficientGas':
      return 'raise the gas budget';
    case 'VMVerificationOrDeserializationError':
      return 'compile the module with the Move compiler and do not edit its bytes';
    case 'IotaMoveVerificationError':
      return 'change what the message names: IOTA adds rules about objects, events, entry functions and init to Move';
    case 'FeatureNotYetSupported':
      return 'run this call on a network of nodes: the embedded one does not have the native function';
    case 'FunctionNotFound':
      return 'check the package id, the module and the function name';
    default:
      return '';
  }
}

/**
 * Thrown where the location is not known; the interpreter and the loader turn it into {@link MoveVmError}.
 * Natives throw it (through their context) and never catch it.
 */
export class VmHalt extends Error {
  readonly status: VmStatus;
  readonly subStatus: bigint | null;

  constructor(status: VmStatus, message: string, subStatus: bigint | null = null) {
    super(message);
    this.name = 'VmHalt';
    this.status = status;
    this.subStatus = subStatus;
  }
}

/**
 * The error of a halt.
 * @param location where it happened, null outside of any function
 */
export function locateHalt(halt: VmHalt, location: MoveLocation | null): MoveVmError {
  const where =
    location === null
      ? ''
      : ` in ${location.storageId}::${location.module}::${location.functionName} at instruction ${location.instruction}`;
  return new MoveVmError(
    failureOf(halt, location),
    halt.status,
    `${halt.status}: ${halt.message}${where}`,
    halt.subStatus,
  );
}

function failureOf(halt: VmHalt, location: MoveLocation | null): VmFailure {
  if (halt.status === 'OUT_OF_GAS') return { kind: 'InsufficientGas' };
  if (halt.status === 'FEATURE_UNDER_GATING') return { kind: 'FeatureNotYetSupported' };
  if (halt.status === 'IOTA_MOVE_VERIFICATION_ERROR') return { kind: 'IotaMoveVerificationError' };
  if (halt.status === 'ABORTED') {
    return location === null || halt.subStatus === null
      ? { kind: 'VMInvariantViolation' }
      : { kind: 'MoveAbort', location, abortCode: halt.subStatus };
  }
  const band = Math.trunc(vmStatus[halt.status] / 1000);
  if (band === 4) return { kind: 'MovePrimitiveRuntimeError', location };
  return { kind: band === 2 ? 'VMInvariantViolation' : 'VMVerificationOrDeserializationError' };
}

/**
 * Runs `work`, which has no location of its own, and names its failures.
 * @throws MoveVmError
 */
export function withoutLocation<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof VmHalt ? locateHalt(error, null) : error;
  }
}
