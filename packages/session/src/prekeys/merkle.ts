/**
 * The Merkle tree over one-time pairs: tree hash and inclusion path of RFC 9162, sections 2.1.1 and 2.1.3, with SHA-256.
 * Leaf = H256(00 + entry), node = H256(01 + left + right); a tree of n leaves has the largest power of two below n on its
 * left. Knows nothing of what the leaves are.
 */
import { concatBytes } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Hash of one leaf, 32 bytes. */
export function merkleLeaf(provider: CryptoProvider, entry: Uint8Array): Uint8Array<ArrayBuffer> {
  return provider.sha256(concatBytes(LEAF, entry));
}

/** Root of the tree over leaf hashes, 32 bytes; `leaves` is not empty. */
export function merkleRoot(provider: CryptoProvider, leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) throw new RangeError('a tree has at least one leaf');
  if (leaves.length === 1) return first;
  const split = leftSize(leaves.length);
  return node(
    provider,
    merkleRoot(provider, leaves.slice(0, split)),
    merkleRoot(provider, leaves.slice(split)),
  );
}

/** A tree's root, and for each leaf the siblings on its way there, the lowest first: at most ceil(log2 n) of 32 bytes. */
export interface MerklePaths {
  readonly root: Uint8Array;
  readonly paths: readonly (readonly Uint8Array[])[];
}

/** The paths of all leaves, for hardly more than the root alone costs; `leaves` is not empty. */
export function merklePaths(provider: CryptoProvider, leaves: readonly Uint8Array[]): MerklePaths {
  if (leaves.length <= 1) return { root: merkleRoot(provider, leaves), paths: [[]] };
  const split = leftSize(leaves.length);
  const left = merklePaths(provider, leaves.slice(0, split));
  const right = merklePaths(provider, leaves.slice(split));
  return {
    root: node(provider, left.root, right.root),
    paths: [
      ...left.paths.map((path) => [...path, right.root]),
      ...right.paths.map((path) => [...path, left.root]),
    ],
  };
}

/** The root that a leaf at `index` of `count` and its path lead to; `null` when the path has another length. */
export function rootOfPath(
  provider: CryptoProvider,
  leaf: Uint8Array,
  index: number,
  count: number,
  path: readonly Uint8Array[],
): Uint8Array | null {
  if (index < 0 || index >= count) return null;
  if (count === 1) return path.length === 0 ? leaf : null;
  const sibling = path.at(-1);
  if (sibling === undefined) return null;
  const split = leftSize(count);
  const rest = path.slice(0, -1);
  const isLeft = index < split;
  const below = isLeft
    ? rootOfPath(provider, leaf, index, split, rest)
    : rootOfPath(provider, leaf, index - split, count - split, rest);
  if (below === null) return null;
  return isLeft ? node(provider, below, sibling) : node(provider, sibling, below);
}

function node(provider: CryptoProvider, left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  return provider.sha256(concatBytes(NODE, left, right));
}

/** The largest power of two below `count`, which is at least 2. */
function leftSize(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1));
}
