/**
 * Loads and runs compiled Move (bytecode versions 6 and 7). It knows packages, linkage, gas and values; it does not
 * know objects, transactions or the ledger: those come in as natives and as a package resolver.
 * @module
 */
export * from './api.ts';
export { moduleInfo, substituteSelfAddress } from './binary/inspect.ts';
export {
  MoveVmError,
  VmHalt,
  vmStatus,
  withoutLocation,
  type MoveLocation,
  type MoveVmErrorCode,
  type VmFailure,
  type VmStatus,
} from './errors.ts';
export { GasMeter, internalUnitsPerGasUnit } from './gas/gas-meter.ts';
export { maxWork, WorkHalt, WorkMeter, workOf } from './gas/work-meter.ts';
export { nativeBaseCost } from './natives/arguments.ts';
export { standardNatives } from './natives/standard.ts';
export * from './types.ts';
export { upgradeProblem, type UpgradeRule } from './upgrade/compatibility.ts';
export {
  ByteRef,
  ByteVector,
  copyValue,
  ElementRef,
  ElementVector,
  equalValues,
  legacySize,
  makeVector,
  memorySize,
  peekRef,
  readRef,
  referenceSize,
  StructValue,
  ValueSlot,
  VariantValue,
  vectorLength,
  writeRef,
  type Container,
  type Value,
} from './values/value.ts';
export { createMoveVm } from './vm.ts';
