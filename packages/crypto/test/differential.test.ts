import { concatBytes } from '@wotid/core';
import { SeededRandom } from '@wotid/testkit';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  CheckedProvider,
  CryptoError,
  NobleProvider,
  NodeProvider,
  type AeadAlgorithm,
} from '../src/index.ts';

const native = new NodeProvider();
const portable = new NobleProvider();
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const upTo = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
/** Random cases of each property; `WOT_CASES=1000` is the long mode. The portable operations take milliseconds. */
const CASES = Number(process.env['WOT_CASES'] ?? 0);
vi.setConfig({ testTimeout: 60_000 + 100 * CASES });
const atLeast = (numRuns: number): { readonly numRuns: number } => ({ numRuns: Math.max(numRuns, CASES) });

describe('native and portable answers agree', () => {
  it('for hashes, HMAC and HKDF', () => {
    fc.assert(
      fc.property(upTo(300), upTo(200), upTo(100), fc.integer({ min: 1, max: 300 }), (a, b, info, length) => {
        expect(native.sha256(a)).toEqual(portable.sha256(a));
        expect(native.sha512(a)).toEqual(portable.sha512(a));
        expect(native.hmacSha512(b, a)).toEqual(portable.hmacSha512(b, a));
        expect(native.hkdfSha512(a, b, info, length)).toEqual(portable.hkdfSha512(a, b, info, length));
      }),
      atLeast(100),
    );
  });

  it('for the AEADs, in both directions', () => {
    const algorithm = fc.constantFrom<AeadAlgorithm>('aes-256-gcm', 'aes-256-gcm-siv', 'chacha20-poly1305');
    fc.assert(
      fc.property(algorithm, bytes(32), bytes(12), upTo(400), upTo(60), (name, key, nonce, text, aad) => {
        const sealed = native.seal(name, key, nonce, text, aad);
        expect(portable.seal(name, key, nonce, text, aad)).toEqual(sealed);
        expect(native.open(name, key, nonce, sealed, aad)).toEqual(new Uint8Array(text));
        expect(portable.open(name, key, nonce, sealed, aad)).toEqual(new Uint8Array(text));
        sealed[text.length] = (sealed[text.length] as number) ^ 0x80;
        expect(native.open(name, key, nonce, sealed, aad)).toBeNull();
        expect(portable.open(name, key, nonce, sealed, aad)).toBeNull();
      }),
      atLeast(200),
    );
  });

  it('for X25519, on any bytes as public key', () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), (secret, theirs) => {
        const outcome = (provider: NodeProvider | NobleProvider): string => {
          const ours = provider.x25519FromSecret(secret);
          try {
            return ours.publicKey.toHex() + provider.x25519(ours, theirs).toHex();
          } catch (error) {
            return (error as CryptoError).code;
          }
        };
        expect(outcome(native)).toBe(outcome(portable));
        expect(native.x25519FromSecret(secret).exportSecret()).toEqual(new Uint8Array(secret));
      }),
      atLeast(60),
    );
  });

  it('for ML-KEM-1024: keys, both directions, and the secret of a damaged ciphertext', () => {
    fc.assert(
      fc.property(bytes(64), fc.nat(1567), (seed, at) => {
        const [ours, theirs] = [native.kemFromSeed(seed), portable.kemFromSeed(seed)];
        expect(ours.publicKey).toEqual(theirs.publicKey);
        expect(ours.exportSeed()).toEqual(new Uint8Array(seed));
        for (const provider of [native, portable]) {
          const imported = provider.kemImportPublic(ours.publicKey);
          const { ciphertext, sharedSecret } = provider.kemEncapsulate(imported);
          expect(native.kemDecapsulate(ours, ciphertext)).toEqual(sharedSecret);
          expect(portable.kemDecapsulate(theirs, ciphertext)).toEqual(sharedSecret);
          ciphertext[at] = (ciphertext[at] as number) ^ 4;
          const rejected = native.kemDecapsulate(ours, ciphertext);
          expect(rejected).not.toEqual(sharedSecret);
          expect(portable.kemDecapsulate(theirs, ciphertext)).toEqual(rejected);
        }
      }),
      atLeast(25),
    );
  });

  it('for signatures: keys, both directions, and one flipped bit', () => {
    fc.assert(
      fc.property(bytes(32), upTo(100), fc.nat(), (seed, message, at) => {
        for (const algorithm of ['ed25519', 'ml-dsa-87'] as const) {
          const keys = [native, portable].map((provider) => provider.signFromSecret(algorithm, seed));
          const [ours, theirs] = keys as [(typeof keys)[0], (typeof keys)[0]];
          expect(ours.publicKey).toEqual(theirs.publicKey);
          expect(ours.exportSecret()).toEqual(theirs.exportSecret());
          const signatures = [native.sign(ours, message), portable.sign(theirs, message)];
          for (const provider of [native, portable]) {
            const key = provider.importVerifyingKey(algorithm, ours.publicKey);
            for (const signature of signatures) {
              expect(provider.verify(key, message, signature)).toBe(true);
              const damaged = new Uint8Array(signature);
              const index = at % damaged.length;
              damaged[index] = (damaged[index] as number) ^ 1;
              expect(provider.verify(key, message, damaged)).toBe(false);
              expect(provider.verify(key, concatBytes(message, new Uint8Array(1)), signature)).toBe(false);
            }
          }
        }
      }),
      atLeast(12),
    );
  });
});

describe('CheckedProvider', () => {
  it('reports an implementation that answers differently', () => {
    class Broken extends NobleProvider {
      override sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
        const out = super.sha256(data);
        out[31] = (out[31] as number) ^ 1;
        return out;
      }
      override x25519(): Uint8Array<ArrayBuffer> {
        return new Uint8Array(32);
      }
    }
    const checked = new CheckedProvider({ right: new Broken() });
    const disagree = expect.objectContaining({ code: 'PROVIDERS_DISAGREE' });
    expect(() => checked.sha256(new Uint8Array(1))).toThrow(disagree);
    const ours = checked.x25519Generate();
    expect(() => checked.x25519(ours, checked.x25519Generate().publicKey)).toThrow(disagree);
    // The first refuses the key, the second does not.
    expect(() => checked.x25519(ours, new Uint8Array(32).fill(0xff))).toThrow(disagree);
    expect(checked.sha512(new Uint8Array(1))).toHaveLength(64);
  });

  it('uses both implementations for what is random', () => {
    const checked = new CheckedProvider();
    const kem = checked.kemGenerate();
    const theirs = checked.kemImportPublic(kem.publicKey);
    for (let round = 0; round < 4; round++) {
      const { ciphertext, sharedSecret } = checked.kemEncapsulate(theirs);
      expect(checked.kemDecapsulate(kem, ciphertext)).toEqual(sharedSecret);
    }
  });
});

it('seeded randomness makes the portable provider repeatable, OpenSSL keys included', () => {
  const run = (Provider: typeof NodeProvider | typeof NobleProvider): string => {
    const provider = new Provider({ random: new SeededRandom('repeat') });
    return [provider.x25519Generate(), provider.kemGenerate(), provider.signGenerate('ml-dsa-87')]
      .map((key) => provider.sha256(key.publicKey).toHex())
      .join();
  };
  expect(run(NobleProvider)).toBe(run(NobleProvider));
  expect(run(NodeProvider)).toBe(run(NobleProvider));
  const portableRun = (): string => {
    const provider = new NobleProvider({ random: new SeededRandom('encaps') });
    const theirs = provider.kemImportPublic(provider.kemGenerate().publicKey);
    return provider.kemEncapsulate(theirs).ciphertext.toHex();
  };
  expect(portableRun()).toBe(portableRun());
});
