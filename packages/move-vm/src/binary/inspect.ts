import type { ModuleInfo } from '../api.ts';
import type { Address } from '../types.ts';

/**
 * A module's declarations, read strictly from its bytes; nothing is linked.
 * @throws MoveVmError VM_VERIFICATION_OR_DESERIALIZATION_ERROR when the bytes are not a module of version 6 or 7
 */
export function moduleInfo(bytes: Uint8Array): ModuleInfo {
  throw new Error(`not linked in yet ${bytes.length}`);
}

/**
 * A copy of a module that names itself by `address` instead of the address in it (0x0 in what compilers make).
 * @throws MoveVmError VM_VERIFICATION_OR_DESERIALIZATION_ERROR as {@link moduleInfo}
 */
export function substituteSelfAddress(bytes: Uint8Array, address: Address): Uint8Array<ArrayBuffer> {
  throw new Error(`not linked in yet ${bytes.length} ${address}`);
}
