/**
 * Two providers behind one face: every deterministic operation runs on both and must give the same answer. For tests:
 * it doubles the cost, and what one implementation leaks through timing it leaks as well.
 */
import { equalBytes, type Random } from '@wotid/core';
import { CryptoError } from './crypto-error.ts';
import { KemHandle, PublicKeyHandle, SigningHandle, VerifyingHandle, X25519Handle } from './key-handle.ts';
import { NobleProvider } from './noble-provider.ts';
import { NodeProvider, nodeRandom } from './node-provider.ts';
import type {
  AeadAlgorithm,
  CryptoProvider,
  KemKeyPair,
  KemPublicKey,
  KeyHandle,
  SignatureAlgorithm,
  SigningKey,
  VerifyingKey,
  X25519KeyPair,
} from './provider.ts';
import { fromRandom, wipe } from './secret-bytes.ts';
import { kemSeedBytes, signatureSecretBytes, x25519Bytes } from './sizes.ts';

/** One key, held by both providers. */
interface Twin<Key extends KeyHandle> {
  readonly left: Key;
  readonly right: Key;
}

/** Settings of a {@link CheckedProvider}. */
export interface CheckedProviderInit {
  /** Source of key seeds. */
  readonly random?: Random;
  /** Default: {@link NodeProvider}. */
  readonly left?: CryptoProvider;
  /** Default: {@link NobleProvider}. */
  readonly right?: CryptoProvider;
}

/**
 * `CryptoProvider` over two others. Randomised operations (encapsulation, hedged ML-DSA, Falcon) alternate between the two,
 * so that each one's output meets the other one's decapsulation or verification.
 * @throws CryptoError `PROVIDERS_DISAGREE` from every method when the answers differ
 */
export class CheckedProvider implements CryptoProvider {
  readonly name: string;
  readonly random: Random;
  readonly #left: CryptoProvider;
  readonly #right: CryptoProvider;
  #leftIsNext = true;

  constructor(init: CheckedProviderInit = {}) {
    this.random = init.random ?? nodeRandom;
    this.#left = init.left ?? new NodeProvider({ random: this.random });
    this.#right = init.right ?? new NobleProvider({ random: this.random });
    this.name = `checked(${this.#left.name}, ${this.#right.name})`;
  }

  sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#both('sha256', (provider) => provider.sha256(data));
  }

  sha512(data: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#both('sha512', (provider) => provider.sha512(data));
  }

  hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#both('hmacSha512', (provider) => provider.hmacSha512(key, data));
  }

  hkdfSha512(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
    return this.#both('hkdfSha512', (provider) => provider.hkdfSha512(ikm, salt, info, length));
  }

  seal(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    return this.#both('seal', (provider) => provider.seal(algorithm, key, nonce, plaintext, aad));
  }

  open(
    algorithm: AeadAlgorithm,
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array<ArrayBuffer> | null {
    return this.#both('open', (provider) => provider.open(algorithm, key, nonce, sealed, aad));
  }

  x25519Generate(): X25519KeyPair {
    return fromRandom(this.random, x25519Bytes, (secret) => this.x25519FromSecret(secret));
  }

  x25519FromSecret(secret: Uint8Array): X25519KeyPair {
    const twin = this.#twin((provider) => provider.x25519FromSecret(secret));
    return new X25519Handle({
      ...this.#handleInit('x25519', twin),
      exportSecret: ({ left }) => left.exportSecret(),
      copyMaterial: ({ left, right }) => ({ left: left.share(), right: right.share() }),
    });
  }

  x25519(ours: X25519KeyPair, theirs: Uint8Array): Uint8Array<ArrayBuffer> {
    const twin = PublicKeyHandle.materialOf<Twin<X25519KeyPair>>(ours, this, 'x25519');
    return this.#both('x25519', (provider, side) => provider.x25519(twin[side], theirs));
  }

  kemGenerate(): KemKeyPair {
    return fromRandom(this.random, kemSeedBytes, (seed) => this.kemFromSeed(seed));
  }

  kemFromSeed(seed: Uint8Array): KemKeyPair {
    const twin = this.#twin((provider) => provider.kemFromSeed(seed));
    return new KemHandle({
      ...this.#handleInit('ml-kem-1024', twin),
      exportSecret: ({ left }) => left.exportSeed(),
    });
  }

  kemImportPublic(publicKey: Uint8Array): KemPublicKey {
    const twin = this.#twin((provider) => provider.kemImportPublic(publicKey));
    return new PublicKeyHandle(this.#handleInit('ml-kem-1024 public', twin));
  }

  kemEncapsulate(theirs: KemPublicKey): {
    ciphertext: Uint8Array<ArrayBuffer>;
    sharedSecret: Uint8Array<ArrayBuffer>;
  } {
    const twin = PublicKeyHandle.materialOf<Twin<KemPublicKey>>(theirs, this, 'ml-kem-1024 public');
    return this.#alternating((provider, side) => provider.kemEncapsulate(twin[side]));
  }

  kemDecapsulate(ours: KemKeyPair, ciphertext: Uint8Array): Uint8Array<ArrayBuffer> {
    const twin = PublicKeyHandle.materialOf<Twin<KemKeyPair>>(ours, this, 'ml-kem-1024');
    return this.#both('kemDecapsulate', (provider, side) => provider.kemDecapsulate(twin[side], ciphertext));
  }

  signGenerate(algorithm: SignatureAlgorithm): SigningKey {
    if (algorithm === 'falcon-1024') {
      // There is one implementation: made once, held by both.
      using key = this.#left.signGenerate(algorithm);
      const secret = key.exportSecret();
      try {
        return this.signFromSecret(algorithm, secret);
      } finally {
        wipe(secret);
      }
    }
    return fromRandom(this.random, signatureSecretBytes[algorithm], (seed) =>
      this.signFromSecret(algorithm, seed),
    );
  }

  signFromSecret(algorithm: SignatureAlgorithm, secret: Uint8Array): SigningKey {
    const twin = this.#twin((provider) => provider.signFromSecret(algorithm, secret));
    return new SigningHandle({
      ...this.#handleInit(algorithm, twin),
      algorithm,
      exportSecret: ({ left }) => left.exportSecret(),
    });
  }

  importVerifyingKey(algorithm: SignatureAlgorithm, publicKey: Uint8Array): VerifyingKey {
    const twin = this.#twin((provider) => provider.importVerifyingKey(algorithm, publicKey));
    return new VerifyingHandle({ ...this.#handleInit(algorithm, twin), algorithm });
  }

  sign(key: SigningKey, message: Uint8Array, context?: Uint8Array): Uint8Array<ArrayBuffer> {
    const twin = PublicKeyHandle.materialOf<Twin<SigningKey>>(key, this, key.algorithm);
    if (key.algorithm === 'ed25519') {
      return this.#both('sign', (provider, side) => provider.sign(twin[side], message, context));
    }
    return this.#alternating((provider, side) => provider.sign(twin[side], message, context));
  }

  verify(key: VerifyingKey, message: Uint8Array, signature: Uint8Array, context?: Uint8Array): boolean {
    const twin = PublicKeyHandle.materialOf<Twin<VerifyingKey>>(key, this, key.algorithm);
    return this.#both('verify', (provider, side) => provider.verify(twin[side], message, signature, context));
  }

  #both<Answer extends Uint8Array | boolean | null>(
    what: string,
    run: (provider: CryptoProvider, side: 'left' | 'right') => Answer,
  ): Answer {
    const left = attempt(() => run(this.#left, 'left'));
    const right = attempt(() => run(this.#right, 'right'));
    if (!sameOutcome(left, right)) throw disagreement(what);
    if (!left.ok) throw left.error;
    return left.value;
  }

  #twin<Key extends KeyHandle & { readonly publicKey: Uint8Array }>(
    make: (provider: CryptoProvider) => Key,
  ): Twin<Key> {
    const left = attempt(() => make(this.#left));
    const right = attempt(() => make(this.#right));
    if (left.ok && right.ok && equalBytes(left.value.publicKey, right.value.publicKey)) {
      return { left: left.value, right: right.value };
    }
    if (left.ok || right.ok || !sameOutcome(left, right)) throw disagreement('key');
    throw left.error;
  }

  #handleInit<Key extends KeyHandle & { readonly publicKey: Uint8Array }>(
    algorithm: string,
    material: Twin<Key>,
  ): {
    owner: object;
    algorithm: string;
    publicKey: Uint8Array;
    material: Twin<Key>;
    wipe: (twin: Twin<Key>) => void;
  } {
    return {
      owner: this,
      algorithm,
      publicKey: material.left.publicKey,
      material,
      wipe: ({ left, right }) => {
        left.dispose();
        right.dispose();
      },
    };
  }

  #alternating<Answer>(run: (provider: CryptoProvider, side: 'left' | 'right') => Answer): Answer {
    const left = this.#leftIsNext;
    this.#leftIsNext = !left;
    return left ? run(this.#left, 'left') : run(this.#right, 'right');
  }
}

type Outcome<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: unknown };

function attempt<Value>(run: () => Value): Outcome<Value> {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    return { ok: false, error };
  }
}

function sameOutcome(left: Outcome<unknown>, right: Outcome<unknown>): boolean {
  if (left.ok && right.ok) {
    return left.value instanceof Uint8Array && right.value instanceof Uint8Array
      ? equalBytes(left.value, right.value)
      : left.value === right.value;
  }
  if (left.ok || right.ok) return false;
  return errorKind(left.error) === errorKind(right.error);
}

function errorKind(error: unknown): string {
  if (error instanceof CryptoError) return error.code;
  return Error.isError(error) ? error.name : String(error);
}

function disagreement(what: string): CryptoError {
  return new CryptoError('PROVIDERS_DISAGREE', `two implementations answered differently: ${what}`);
}
