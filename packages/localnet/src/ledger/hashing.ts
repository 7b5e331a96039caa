/** Digests and derived ids: BLAKE2b-256 over a domain and a body (`iota-types`: digests, base_types, dynamic_field). */
import { fromBase58, toBase58 } from '@iota/iota-sdk/utils';
import { blake2b } from '@noble/hashes/blake2.js';
import { concatBytes, u64le, utf8 } from '@wotid/core';
import type { Address, Digest } from './types.ts';

/** BLAKE2b-256 of the parts joined, 32 bytes. */
export function blake2b256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = blake2b.create({ dkLen: 32 });
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Types whose digests the protocol prefixes with their name. */
export type DigestDomain =
  | 'TransactionData'
  | 'TransactionEffects'
  | 'TransactionEvents'
  | 'CheckpointSummary'
  | 'CheckpointContents'
  | 'Object';

/**
 * Digests lately turned to text or back, as every transaction names those of its inputs and of itself several times;
 * base58 was a fifth of the time of a transaction. Emptied when full.
 */
const recentDigests = new Map<Digest, Uint8Array>();
const MAX_RECENT_DIGESTS = 8_192;

function remember(digest: Digest, bytes: Uint8Array): void {
  if (recentDigests.size >= MAX_RECENT_DIGESTS) recentDigests.clear();
  recentDigests.set(digest, bytes);
}

/** H(domain || "::" || BCS) in base58. */
export function typedDigest(domain: DigestDomain, bcsBytes: Uint8Array): Digest {
  return digestText(blake2b256(utf8(`${domain}::`), bcsBytes));
}

/** The 32 bytes of a base58 digest; not to be changed, they may be shared. */
export function digestBytes(digest: Digest): Uint8Array {
  let bytes = recentDigests.get(digest);
  if (bytes === undefined) {
    bytes = fromBase58(digest);
    remember(digest, bytes);
  }
  return bytes;
}

export function digestText(bytes: Uint8Array): Digest {
  const digest = toBase58(bytes);
  remember(digest, Uint8Array.from(bytes));
  return digest;
}

/** 32 bytes of an address. */
export function addressBytes(address: Address): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(address.slice(2));
}

export function addressText(bytes: Uint8Array): Address {
  return `0x${bytes.toHex()}`;
}

const idScope = Uint8Array.of(0xf1);
const childScope = Uint8Array.of(0xf0);

/** The id of the `index`-th thing created by a transaction: H(F1 || digest || u64 index). */
export function deriveId(digest32: Uint8Array, index: bigint): Address {
  return addressText(blake2b256(idScope, digest32, u64le(index)));
}

/** The id of a dynamic field: H(F0 || parent || u64 length of key || key || type tag of the key), all in BCS. */
export function deriveFieldId(parent: Address, key: Uint8Array, keyTypeTag: Uint8Array): Address {
  return addressText(
    blake2b256(childScope, addressBytes(parent), u64le(BigInt(key.length)), key, keyTypeTag),
  );
}

/** Digests that stand for "this object is no more" in references. */
export const DELETED_DIGEST: Digest = toBase58(new Uint8Array(32).fill(0x63));
export const WRAPPED_DIGEST: Digest = toBase58(new Uint8Array(32).fill(0x58));
/** The all-zero digest: previous transaction of nothing. */
export const ZERO_DIGEST: Digest = toBase58(new Uint8Array(32));

/** The package digest that an upgrade ticket commits to: H over the sorted dependency ids and module hashes. */
export function packageDigest(modules: readonly Uint8Array[], dependencies: readonly Address[]): Uint8Array {
  const parts = [...modules.map((module) => blake2b256(module)), ...dependencies.map(addressBytes)];
  parts.sort((left, right) => Buffer.compare(left, right));
  return blake2b256(concatBytes(...parts));
}
