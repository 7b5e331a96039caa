/**
 * What one published vector says of our providers, whatever file it comes from: `vendored-vectors.test.ts` has files of
 * packages beside it, `external-vectors.test.ts` reads copies of whole collections.
 */
import { concatBytes } from '@wotid/core';
import { expect } from 'vitest';
import {
  assertX25519PublicKey,
  CheckedProvider,
  NobleProvider,
  NodeProvider,
  type AeadAlgorithm,
  type CryptoProvider,
  type SignatureAlgorithm,
} from '../src/index.ts';

/** All three: OpenSSL, noble, and both compared. */
export const providers: readonly CryptoProvider[] = [
  new NodeProvider(),
  new NobleProvider(),
  new CheckedProvider(),
];

export const hex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(text);

/** Values in hexadecimal; `label` names the vector in failures. */
export interface AeadCase {
  readonly label: string;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly ciphertext: string;
  readonly tag: string;
  /** What it opens to; `null` when it must not open. */
  readonly plaintext: string | null;
}

/** Opens, or does not; what opens is sealed to the same bytes again. */
export function checkAead(algorithm: AeadAlgorithm, one: AeadCase): void {
  const [key, nonce, aad] = [hex(one.key), hex(one.nonce), hex(one.aad)];
  const sealed = concatBytes(hex(one.ciphertext), hex(one.tag));
  for (const provider of providers) {
    const opened = provider.open(algorithm, key, nonce, sealed, aad);
    expect(opened === null ? null : opened.toHex(), one.label).toBe(one.plaintext);
    if (one.plaintext === null) continue;
    const again = provider.seal(algorithm, key, nonce, hex(one.plaintext), aad);
    expect(again.toHex(), one.label).toBe(sealed.toHex());
  }
}

/** `mac` may be the first bytes of HMAC-SHA-512 alone. */
export function checkHmac(
  label: string,
  key: Uint8Array,
  message: Uint8Array,
  mac: Uint8Array,
  isValid: boolean,
): void {
  for (const provider of providers) {
    const ours = provider.hmacSha512(key, message).subarray(0, mac.length);
    expect(ours.toHex() === mac.toHex(), label).toBe(isValid);
  }
}

/** `okm` is `null` where `length` is more than HKDF-SHA-512 gives. */
export function checkHkdf(
  label: string,
  input: { readonly ikm: Uint8Array; readonly salt: Uint8Array; readonly info: Uint8Array },
  length: number,
  okm: string | null,
): void {
  for (const provider of providers) {
    const derive = (): string => provider.hkdfSha512(input.ikm, input.salt, input.info, length).toHex();
    if (okm === null) expect(derive, label).toThrow(RangeError);
    else expect(derive(), label).toBe(okm);
  }
}

/** Keys of low order and second encodings, which RFC 7748 lets in, are errors here. True when it was such a key. */
export function checkX25519(label: string, secret: string, theirKey: string, shared: string): boolean {
  const theirs = hex(theirKey);
  let isCanonical = true;
  try {
    assertX25519PublicKey(theirs);
  } catch {
    isCanonical = false;
  }
  const isRefused = !isCanonical || shared === '00'.repeat(32);
  for (const provider of providers) {
    using ours = provider.x25519FromSecret(hex(secret));
    const agree = (): string => provider.x25519(ours, theirs).toHex();
    if (isRefused) expect(agree, label).toThrow(expect.objectContaining({ code: 'BAD_PUBLIC_KEY' }));
    else expect(agree(), label).toBe(shared);
  }
  return isRefused;
}

export interface SignatureCase {
  readonly label: string;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly context?: Uint8Array | undefined;
  readonly isValid: boolean;
  /** The key must not come in at all. */
  readonly isKeyWrong?: boolean;
}

/** What a signature says under every provider. */
export function checkSignature(algorithm: SignatureAlgorithm, one: SignatureCase): void {
  for (const provider of providers) {
    const verify = (): boolean => {
      using key = provider.importVerifyingKey(algorithm, one.publicKey);
      return provider.verify(key, one.message, one.signature, one.context);
    };
    if (one.isKeyWrong === true) {
      expect(verify, one.label).toThrow(expect.objectContaining({ code: 'BAD_PUBLIC_KEY' }));
    } else if (one.context !== undefined && one.context.length > 255) {
      expect(verify, one.label).toThrow(RangeError);
    } else {
      expect(verify(), one.label).toBe(one.isValid);
    }
  }
}

/** An Ed25519 signature made again from its seed. */
export function checkEd25519Signing(label: string, seed: Uint8Array, one: SignatureCase): void {
  for (const provider of providers) {
    using key = provider.signFromSecret('ed25519', seed);
    expect(key.publicKey.toHex(), label).toBe(one.publicKey.toHex());
    expect(provider.sign(key, one.message).toHex(), label).toBe(one.signature.toHex());
  }
  checkSignature('ed25519', one);
}
