/**
 * Key handles: the key material sits in a `#private` field that neither `util.inspect` nor `JSON.stringify` reaches,
 * and only the provider that made a handle gets it out again. This file knows no algorithm.
 */
import { CryptoError } from './crypto-error.ts';
import type {
  KemKeyPair,
  KemPublicKey,
  KeyHandle,
  SignatureAlgorithm,
  SigningKey,
  VerifyingKey,
  X25519KeyPair,
} from './provider.ts';

/** How a handle is made. `Material` is whatever the provider computes with. */
export interface HandleInit<Material> {
  /** Whose handle it is: the implementation, or one provider. It is usable with this very object alone. */
  readonly owner: object;
  /** Algorithm name for messages, such as `x25519`. */
  readonly algorithm: string;
  /** Kept as given: the caller hands over ownership. */
  readonly publicKey: Uint8Array;
  readonly material: Material;
  /** Overwrites the material; called once. */
  readonly wipe?: (material: Material) => void;
}

/** What a secret key's handle needs beside {@link HandleInit}. */
export interface SecretHandleInit<Material> extends HandleInit<Material> {
  /** A newly allocated copy of the secret. */
  readonly exportSecret: (material: Material) => Uint8Array<ArrayBuffer>;
}

/** Base of all handles, and the handle of an imported KEM key. */
export class PublicKeyHandle<Material> implements KeyHandle, KemPublicKey {
  /** 32 to 2592 bytes; not to be changed. */
  readonly publicKey: Uint8Array;
  readonly #owner: object;
  readonly #algorithm: string;
  readonly #wipe: ((material: Material) => void) | undefined;
  #material: Material | undefined;

  constructor(init: HandleInit<Material>) {
    this.publicKey = init.publicKey;
    this.#owner = init.owner;
    this.#algorithm = init.algorithm;
    this.#wipe = init.wipe;
    this.#material = init.material;
  }

  dispose(): void {
    const material = this.#material;
    this.#material = undefined;
    if (material !== undefined) this.#wipe?.(material);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What JSON and logs get: the kind of the key and the start of its public part. */
  toJSON(): string {
    return `${this.constructor.name} ${this.#algorithm} ${this.publicKey.subarray(0, 8).toHex()}…`;
  }

  /**
   * The material of `handle`, for the provider `owner` that made it for `algorithm`.
   * @throws CryptoError `FOREIGN_HANDLE`, `HANDLE_DISPOSED`
   */
  static materialOf<Material>(handle: KeyHandle, owner: object, algorithm: string): Material {
    if (!(#material in handle) || handle.#owner !== owner || handle.#algorithm !== algorithm) {
      throw new CryptoError('FOREIGN_HANDLE', `not an ${algorithm} key of this provider`);
    }
    if (handle.#material === undefined) {
      throw new CryptoError('HANDLE_DISPOSED', `the ${algorithm} key was disposed of`);
    }
    return handle.#material as Material;
  }
}

// Node's `util.inspect.custom` by its registered name: node:util does not exist everywhere.
Object.defineProperty(PublicKeyHandle.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: PublicKeyHandle<unknown>): string {
    return this.toJSON();
  },
});

abstract class SecretKeyHandle<Material> extends PublicKeyHandle<Material> {
  readonly #copySecret: () => Uint8Array<ArrayBuffer>;

  constructor(init: SecretHandleInit<Material>) {
    super(init);
    // Not `init` itself in the closure: it would keep the material alive after `dispose`.
    const { owner, algorithm, exportSecret } = init;
    this.#copySecret = () => exportSecret(PublicKeyHandle.materialOf<Material>(this, owner, algorithm));
  }

  protected copySecret(): Uint8Array<ArrayBuffer> {
    return this.#copySecret();
  }
}

/** Handle of an X25519 key pair. */
export class X25519Handle<Material> extends SecretKeyHandle<Material> implements X25519KeyPair {
  readonly #share: () => X25519Handle<Material>;

  /** @param init `copyMaterial`: what a second handle gets, so that disposing of one leaves the other usable */
  constructor(
    init: SecretHandleInit<Material> & { readonly copyMaterial: (material: Material) => Material },
  ) {
    super(init);
    const { material: _, ...rest } = init;
    this.#share = () => {
      const material = PublicKeyHandle.materialOf<Material>(this, rest.owner, rest.algorithm);
      return new X25519Handle<Material>({ ...rest, material: rest.copyMaterial(material) });
    };
  }

  exportSecret(): Uint8Array<ArrayBuffer> {
    return this.copySecret();
  }

  share(): X25519KeyPair {
    return this.#share();
  }
}

/** Handle of an ML-KEM-1024 key pair. */
export class KemHandle<Material> extends SecretKeyHandle<Material> implements KemKeyPair {
  exportSeed(): Uint8Array<ArrayBuffer> {
    return this.copySecret();
  }
}

/** Handle of a signing key. */
export class SigningHandle<Material> extends SecretKeyHandle<Material> implements SigningKey {
  readonly algorithm: SignatureAlgorithm;

  constructor(init: SecretHandleInit<Material> & { readonly algorithm: SignatureAlgorithm }) {
    super(init);
    this.algorithm = init.algorithm;
  }

  exportSecret(): Uint8Array<ArrayBuffer> {
    return this.copySecret();
  }
}

/** Handle of a verification key. */
export class VerifyingHandle<Material> extends PublicKeyHandle<Material> implements VerifyingKey {
  readonly algorithm: SignatureAlgorithm;

  constructor(init: HandleInit<Material> & { readonly algorithm: SignatureAlgorithm }) {
    super(init);
    this.algorithm = init.algorithm;
  }
}
