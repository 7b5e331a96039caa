/** A provider that remembers every secret it has made, for tests that look for them. */
import { NodeProvider, nodeRandom } from '@wotid/crypto';

type Bytes = Uint8Array<ArrayBuffer>;

/** `NodeProvider`; `secrets` has copies of all randomness of key size, shared secrets and derived keys, by origin. */
export class WitnessProvider extends NodeProvider {
  readonly secrets: Record<string, Bytes> = {};
  #count = 0;

  constructor() {
    super({
      random: {
        bytes: (length) => {
          const drawn = nodeRandom.bytes(length);
          // Message ids have 16 bytes and AEAD nonces 12; both are public.
          return length >= 32 ? this.#note(`random ${length}`, drawn) : drawn;
        },
      },
    });
  }

  override hmacSha512(key: Uint8Array, data: Uint8Array): Bytes {
    return this.#note('hmac', super.hmacSha512(key, data));
  }

  override hkdfSha512(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Bytes {
    return this.#note('hkdf', super.hkdfSha512(ikm, salt, info, length));
  }

  override x25519(...given: Parameters<NodeProvider['x25519']>): Bytes {
    return this.#note('x25519', super.x25519(...given));
  }

  override kemEncapsulate(...given: Parameters<NodeProvider['kemEncapsulate']>): {
    ciphertext: Bytes;
    sharedSecret: Bytes;
  } {
    const made = super.kemEncapsulate(...given);
    this.#note('encapsulated', made.sharedSecret);
    return made;
  }

  override kemDecapsulate(...given: Parameters<NodeProvider['kemDecapsulate']>): Bytes {
    return this.#note('decapsulated', super.kemDecapsulate(...given));
  }

  /** Keys come out of one derivation together: every 32 bytes of it are looked for by themselves. */
  #note(origin: string, bytes: Bytes): Bytes {
    for (let at = 0; at < bytes.length; at += 32) {
      this.secrets[`${origin} ${this.#count}+${at}`] = bytes.slice(at, at + 32);
    }
    this.#count++;
    return bytes;
  }
}
