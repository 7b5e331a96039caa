/**
 * One-time pairs: an X25519 and an ML-KEM-1024 key for one first message each. A publication signs all of them at once by
 * the root of a Merkle tree; each is handed out once, by a directory, with the path that proves it.
 *
 * Pair as handed out (BCS, 1607 bytes and 32 for each hash of the path; 1799 of 64):
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 2 | index | place among the publication's otCount pairs |
 * | 4 | id | first 4 bytes of H256 of the encoded opk; not 0 |
 * | 32 | opk | X25519 |
 * | 1568 | kem | ML-KEM-1024 |
 * | 1 + 32 n | path | siblings from the leaf up, RFC 9162 section 2.1.3 |
 *
 * The leaf is H256(00 + entry), where the entry is id, opk and kem, 1604 bytes.
 */
import { bcs, decodeStrict, equalBytes, fixedBytesType, utf8 } from '@wotid/core';
import {
  assertX25519PublicKey,
  wipe,
  type CryptoProvider,
  type KemKeyPair,
  type X25519KeyPair,
} from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import { prekeyId } from '../kdf.ts';
import { KEM_BYTES, KEY_BYTES, MAX_ONE_TIME_PAIR_BYTES } from '../limits.ts';
import { encodeEc } from '../pqxdh/encoding.ts';
import { merkleLeaf, rootOfPath } from './merkle.ts';

/** The public half of a one-time pair. */
export interface OneTimePair {
  readonly index: number;
  readonly id: number;
  /** X25519, 32 bytes. */
  readonly opk: Uint8Array;
  /** ML-KEM-1024, 1568 bytes. */
  readonly kem: Uint8Array;
}

/** The private half, from which both keys come. */
export interface OneTimeSecret {
  readonly index: number;
  readonly id: number;
  /** 32 bytes. */
  readonly seed: Uint8Array;
}

const entryBytes = 4 + KEY_BYTES + KEM_BYTES;
const entryType = bcs.struct('one-time entry', {
  id: bcs.u32(),
  opk: fixedBytesType(KEY_BYTES),
  kem: fixedBytesType(KEM_BYTES),
});
const pairType = bcs.struct('one-time pair', {
  index: bcs.u16(),
  entry: fixedBytesType(entryBytes),
  path: bcs.vector(fixedBytesType(32)),
});

const SEED_INFO = utf8('wot.id/v1/one-time');
const NO_SALT = new Uint8Array(64);

/** The key pairs behind a seed of 32 bytes: HKDF(seed, zeros, "wot.id/v1/one-time", 96) = X25519 secret | ML-KEM seed. */
export function oneTimeKeys(
  provider: CryptoProvider,
  seed: Uint8Array,
): { readonly opk: X25519KeyPair; readonly kem: KemKeyPair } {
  const secrets = provider.hkdfSha512(seed, NO_SALT, SEED_INFO, KEY_BYTES + 64);
  try {
    return {
      opk: provider.x25519FromSecret(secrets.subarray(0, KEY_BYTES)),
      kem: provider.kemFromSeed(secrets.subarray(KEY_BYTES)),
    };
  } finally {
    wipe(secrets);
  }
}

/** The public half of a seed. */
export function oneTimePublic(
  provider: CryptoProvider,
  seed: Uint8Array,
): { readonly id: number; readonly opk: Uint8Array; readonly kem: Uint8Array } {
  const { opk, kem } = oneTimeKeys(provider, seed);
  using _opk = opk;
  using _kem = kem;
  return { id: prekeyId(provider, encodeEc(opk.publicKey)), opk: opk.publicKey, kem: kem.publicKey };
}

/** The leaf hash of a pair, 32 bytes. */
export function oneTimeLeaf(
  provider: CryptoProvider,
  pair: Pick<OneTimePair, 'id' | 'opk' | 'kem'>,
): Uint8Array<ArrayBuffer> {
  return merkleLeaf(provider, entryType.serialize(pair).toBytes());
}

/** A pair as it is handed out. */
export function encodeOneTimePair(pair: OneTimePair, path: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const entry = entryType.serialize(pair).toBytes();
  const bytes = pairType.serialize({ index: pair.index, entry, path: [...path] }).toBytes();
  return new Uint8Array(bytes);
}

/**
 * Verifies that `bytes` are a pair that a publication's owner has signed: strict form, place, path to the signed root, id,
 * and keys that are keys. Costs three hashes more than its path and no signature: a directory may check thousands.
 * @param publication verified before
 * @throws SessionError `PAIR_INVALID`
 */
export function verifyOneTimePair(
  provider: CryptoProvider,
  publication: { readonly otCount: number; readonly otRoot: Uint8Array },
  bytes: Uint8Array,
): OneTimePair {
  let index: number;
  let pair: OneTimePair;
  let root: Uint8Array | null;
  try {
    const decoded = decodeStrict(pairType, bytes, {
      what: 'one-time pair',
      maxBytes: MAX_ONE_TIME_PAIR_BYTES,
    });
    index = decoded.index;
    root = rootOfPath(
      provider,
      merkleLeaf(provider, decoded.entry),
      index,
      publication.otCount,
      decoded.path,
    );
    const entry = decodeStrict(entryType, decoded.entry, { what: 'one-time entry', maxBytes: entryBytes });
    pair = { ...entry, index };
  } catch (cause) {
    throw refused('does not decode', cause);
  }
  if (root === null || !equalBytes(root, publication.otRoot)) {
    throw refused('is not one of those that the publication has signed');
  }
  if (pair.id === 0 || pair.id !== prekeyId(provider, encodeEc(pair.opk))) {
    throw refused('has an id that is not that of its key');
  }
  try {
    assertX25519PublicKey(pair.opk);
    provider.kemImportPublic(pair.kem).dispose();
  } catch (cause) {
    throw refused('has a key that is none', cause);
  }
  return pair;
}

function refused(what: string, cause?: unknown): SessionError {
  return new SessionError('PAIR_INVALID', `the one-time pair ${what}`, {
    hint: 'do not use it: whoever handed it out is at fault; the last-resort prekey serves as well',
    cause,
  });
}
