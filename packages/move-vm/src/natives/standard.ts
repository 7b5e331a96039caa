import type { NativeFunction } from '../api.ts';

/**
 * The natives that need no ledger: `0x1` vector, bcs, hash, string, type_name, debug; `0x2` address, hash.
 * Merge them with the host's own: `new Map([...standardNatives, ...own])`.
 */
export const standardNatives: ReadonlyMap<string, NativeFunction> = new Map();
