/**
 * Shared ground of wot.id: bytes, typed errors, ports and strict BCS.
 * @module
 */
export * from './bytes.ts';
export * from './errors.ts';
export * from './ports.ts';
export {
  bcs,
  BcsType,
  bytesType,
  decodeStrict,
  fixedBytesType,
  optionType,
  shortTextType,
  u64Type,
  uleb32Type,
  type DecodeInit,
} from './strict-bcs.ts';
