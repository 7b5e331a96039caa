/** The people, the places and the recorded randomness of the test vectors. */
import type { Random } from '@wotid/core';
import { IdentityKeys, NobleProvider, type AeadAlgorithm } from '@wotid/crypto';
import { ownIdentity, type OwnIdentity } from '@wotid/session';
import { SeededRandom } from '@wotid/testkit';

/** 2026-01-01T00:00:00Z: the time at which everything in the vectors happens. */
export const startMs: number = Date.UTC(2026, 0, 1);
/** Where Bob's mailbox is. */
export const place: { readonly chainId: string; readonly mailboxId: Uint8Array } = {
  chainId: '2304aa97',
  mailboxId: new Uint8Array(32).fill(0x77),
};

/** Bytes as the vectors write them. */
export type Hex = string;
/** One file of vectors. */
export type VectorFile = Readonly<Record<string, unknown>>;

export const hex = (bytes: Uint8Array): Hex => bytes.toHex();
/** `length` bytes that count up from `first`. */
export const counting = (first: number, length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, at) => (first + at) & 0xff);
export const filled = (value: number, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(length).fill(value);

/** One call of an AEAD, as it happened inside the protocol. */
export interface SealedCall {
  readonly algorithm: AeadAlgorithm;
  readonly key: Hex;
  readonly nonce: Hex;
  readonly aad: Hex;
  readonly plaintext: Hex;
  readonly sealed: Hex;
}

/** One derivation, as it happened inside the protocol. */
export interface DerivedCall {
  readonly ikm: Hex;
  readonly salt: Hex;
  readonly info: Hex;
  readonly output: Hex;
}

class RecordedRandom implements Random {
  readonly drawn: Hex[] = [];
  readonly #source: Random;

  constructor(source: Random) {
    this.#source = source;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#source.bytes(length);
    this.drawn.push(hex(bytes));
    return bytes;
  }
}

/**
 * The portable provider on seeded randomness, which writes down what it draws, seals and derives: the real protocol runs
 * on it, and the vectors are its record.
 */
export class RecordingProvider extends NobleProvider {
  readonly sealed: SealedCall[] = [];
  readonly derived: DerivedCall[] = [];
  readonly #recorded: RecordedRandom;

  constructor(seed: string) {
    const recorded = new RecordedRandom(new SeededRandom(seed));
    super({ random: recorded });
    this.#recorded = recorded;
  }

  /** Everything drawn since the last call, in order. */
  takeDrawn(): Hex[] {
    return this.#recorded.drawn.splice(0);
  }

  override seal(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    const sealed = super.seal(algorithm, key, nonce, plaintext, aad);
    this.sealed.push({
      algorithm,
      key: hex(key),
      nonce: hex(nonce),
      aad: hex(aad),
      plaintext: hex(plaintext),
      sealed: hex(sealed),
    });
    return sealed;
  }

  override hkdfSha512(
    ikm: Uint8Array,
    salt: Uint8Array,
    info: Uint8Array,
    length: number,
  ): Uint8Array<ArrayBuffer> {
    const output = super.hkdfSha512(ikm, salt, info, length);
    this.derived.push({ ikm: hex(ikm), salt: hex(salt), info: hex(info), output: hex(output) });
    return output;
  }
}

/** Somebody in the vectors. */
export interface VectorPerson {
  readonly provider: RecordingProvider;
  readonly own: OwnIdentity;
  /** 97 bytes, as `IdentityKeys.exportSecrets` gives them. */
  readonly seeds: Uint8Array;
}

/** @param seeds first byte of three counting 32-byte seeds: X25519, Ed25519, ML-DSA-87 */
export function vectorPerson(did: string, seeds: number, randomness: string): VectorPerson {
  const provider = new RecordingProvider(randomness);
  const bytes = new Uint8Array(97);
  bytes[0] = 1;
  bytes.set(counting(seeds, 96), 1);
  const own = ownIdentity(provider, IdentityKeys.fromSecrets(provider, bytes), did);
  return { provider, own, seeds: bytes };
}

/** Alice, fresh: every file of vectors starts from the same keys. */
export const alice = (file: string): VectorPerson => vectorPerson('did:example:alice', 0x10, `${file}/alice`);
/** Bob, fresh. */
export const bob = (file: string): VectorPerson => vectorPerson('did:example:bob', 0x80, `${file}/bob`);
