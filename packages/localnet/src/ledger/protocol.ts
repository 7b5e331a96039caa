/**
 * Constants of the IOTA protocol that the ledger enforces. Values from `iota-protocol-config` (protocol versions 1–2);
 * `…Below` limits are exclusive, as the node compares with `<`.
 */
import type { Address } from './types.ts';

/** The version whose rules the ledger follows: those of the published sources it was checked against. */
export const PROTOCOL_VERSION = 2n;

/** Signed transaction in BCS, bytes. */
export const MAX_TX_BYTES = 131_072;
/** Input objects plus receiving objects, packages included. */
export const MAX_INPUT_OBJECTS = 2_048;
export const GAS_COINS_BELOW = 256;
export const COMMANDS_BELOW = 1_024;
export const ARGUMENTS_BELOW = 512;
export const PURE_BYTES_BELOW = 16_384;
export const MODULES_IN_PUBLISH_BELOW = 64;
export const PACKAGE_DEPENDENCIES_BELOW = 32;
export const TYPE_ARGUMENTS_BELOW = 16;
export const TYPE_ARGUMENT_DEPTH_BELOW = 16;
export const MAX_PUBLISH_COMMANDS = 5;

/** Contents of one Move object, bytes. */
export const MAX_OBJECT_BYTES = 256_000;
/** Modules, type origins and linkage of one package, bytes. */
export const MAX_PACKAGE_BYTES = 102_400;
/** All objects written by one transaction, bytes. */
export const MAX_WRITTEN_BYTES = 5_000_000;
export const MAX_EFFECTS_BYTES = 524_288;
export const MAX_EVENTS = 1_024;
export const MAX_EVENT_BYTES = 256_000;
export const MAX_EVENTS_TOTAL_BYTES = 65_536_000;
export const MAX_NEW_IDS = 2_048;
export const MAX_DELETED_IDS = 2_048;
export const MAX_TRANSFERRED_IDS = 2_048;
/** Child objects that one transaction may load or touch. */
export const MAX_CHILD_OBJECTS = 1_000;

/** NANOS per gas unit; constant on the embedded network. */
export const REFERENCE_GAS_PRICE = 1_000n;
export const MAX_GAS_PRICE = 100_000n;
/** Gas units of the smallest transaction; budget and computation are never below it times the price. */
export const MIN_GAS_UNITS = 1_000n;
export const GAS_ROUNDING_STEP = 1_000n;
export const MAX_GAS_BUDGET = 50_000_000_000n;
/** Gas units that metering may ever reach. */
export const MAX_COMPUTATION_UNITS = 5_000_000n;
/** Storage: 100 units a byte at 76 NANOS each. */
export const STORAGE_NANOS_PER_BYTE = 7_600n;
/** Internal gas units (1/1000 of a gas unit) a byte of loaded input objects. */
export const READ_INTERNAL_PER_BYTE = 15;
/** Internal gas units a byte of published modules. */
export const PUBLISH_INTERNAL_PER_BYTE = 80;
/** Fixed part of an object's metered size. */
export const OBJECT_OVERHEAD_BYTES = 88;

export const NANOS_PER_IOTA = 1_000_000_000n;

const short = (hex: string): Address => `0x${hex.padStart(64, '0')}`;

export const ZERO_ADDRESS: Address = short('0');
export const STD_ADDRESS: Address = short('1');
export const FRAMEWORK_ADDRESS: Address = short('2');
export const SYSTEM_ADDRESS: Address = short('3');
export const SYSTEM_STATE_ID: Address = short('5');
export const CLOCK_ID: Address = short('6');
export const AUTHENTICATOR_STATE_ID: Address = short('7');
export const RANDOMNESS_ID: Address = short('8');
export const DENY_LIST_ID: Address = short('403');

/** Objects that the protocol itself makes under ids of its choice. */
const systemObjects: ReadonlySet<Address> = new Set([
  SYSTEM_STATE_ID,
  CLOCK_ID,
  AUTHENTICATOR_STATE_ID,
  RANDOMNESS_ID,
  DENY_LIST_ID,
]);
export function isSystemObject(id: Address): boolean {
  return systemObjects.has(id);
}

/** Packages of the protocol itself: their size is not charged as input. */
const systemPackages: ReadonlySet<Address> = new Set(['1', '2', '3', 'b', '107a'].map(short));
export function isSystemPackage(id: Address): boolean {
  return systemPackages.has(id);
}

/** Version at which the genesis objects exist and are shared. */
export const GENESIS_VERSION = 1n;
