/** The bytes of `0x2::coin::Coin<T>`: id 32 bytes, balance u64 little-endian. */
import { concatBytes, u64le } from '@wotid/core';
import { addressBytes } from './hashing.ts';
import type { Address } from './types.ts';

export const COIN_BYTES = 40;
export const MAX_COIN_BALANCE: bigint = (1n << 64n) - 1n;

/** Balance in the coin's smallest unit. */
export function coinBalance(contents: Uint8Array): bigint {
  return new DataView(contents.buffer, contents.byteOffset, COIN_BYTES).getBigUint64(32, true);
}

export function coinContents(id: Address, balance: bigint): Uint8Array {
  return concatBytes(addressBytes(id), u64le(balance));
}
