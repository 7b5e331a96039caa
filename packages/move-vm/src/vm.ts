import type { MoveVm } from './api.ts';

/**
 * A VM.
 * @param init.maxPackages how many parsed packages are kept, least recently used dropped first; default 512
 */
export function createMoveVm(init: { readonly maxPackages?: number } = {}): MoveVm {
  throw new Error(`not linked in yet ${String(init.maxPackages)}`);
}
