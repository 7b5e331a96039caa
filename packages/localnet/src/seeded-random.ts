import { blake2b } from '@noble/hashes/blake2.js';
import { concatBytes, u64le, utf8, type Random } from '@wotid/core';

/**
 * Reproducible bytes: BLAKE2b-512 over a seed's text and a counter. For networks that must come out the same every
 * time; whoever knows the seed knows the faucet's key.
 */
export function seededRandom(seed: string): Random {
  const prefix = utf8(seed);
  let counter = 0n;
  return {
    bytes(length) {
      const out = new Uint8Array(length);
      for (let offset = 0; offset < length; offset += 64) {
        const block = blake2b(concatBytes(u64le(counter++), prefix));
        out.set(block.subarray(0, Math.min(64, length - offset)), offset);
      }
      return out;
    },
  };
}
