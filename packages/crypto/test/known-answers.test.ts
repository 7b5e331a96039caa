import { argon2Sync } from 'node:crypto';
import { equalBytes, utf8, type Random } from '@wotid/core';
import { describe, expect, it } from 'vitest';
import { CryptoError, NobleProvider, NodeProvider } from '../src/index.ts';
import {
  aeadVectors,
  argon2idVector,
  ed25519Vectors,
  hashOfAbc,
  hkdfSha512Vector,
  hmacSha512Vectors,
  postQuantumAnswers,
  x25519Agreement,
  x25519Iterated,
  x25519Vectors,
} from './published-vectors.ts';
import { hex, providers } from './vector-checks.ts';

/** Bytes that repeat one value: makes the portable provider deterministic. */
const constantRandom = (value: number): Random => ({ bytes: (length) => new Uint8Array(length).fill(value) });

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof CryptoError ? error.code : String(error);
  }
  return undefined;
}

describe.each(providers.map((provider) => [provider.name, provider] as const))('%s', (_name, provider) => {
  it('hashes, HMAC and HKDF give the published values', () => {
    expect(provider.sha256(utf8('abc')).toHex()).toBe(hashOfAbc.sha256);
    expect(provider.sha512(utf8('abc')).toHex()).toBe(hashOfAbc.sha512);
    for (const { key, data, out } of hmacSha512Vectors) {
      expect(provider.hmacSha512(hex(key), hex(data)).toHex()).toBe(out);
    }
    const { ikm, salt, info, out } = hkdfSha512Vector;
    expect(provider.hkdfSha512(hex(ikm), hex(salt), hex(info), out.length / 2).toHex()).toBe(out);
  });

  it.each(aeadVectors)('seals and opens: $source', ({ algorithm, key, nonce, plaintext, aad, sealed }) => {
    expect(provider.seal(algorithm, hex(key), hex(nonce), hex(plaintext), hex(aad)).toHex()).toBe(sealed);
    expect(provider.open(algorithm, hex(key), hex(nonce), hex(sealed), hex(aad))?.toHex()).toBe(plaintext);
    for (const at of [0, sealed.length / 2 - 1]) {
      const damaged = hex(sealed);
      damaged[at] = (damaged[at] as number) ^ 1;
      expect(provider.open(algorithm, hex(key), hex(nonce), damaged, hex(aad))).toBeNull();
    }
    expect(provider.open(algorithm, hex(key), hex(nonce), hex(sealed), hex(`${aad}00`))).toBeNull();
    expect(provider.open(algorithm, hex(key), hex(nonce), hex(sealed).subarray(0, 15), hex(aad))).toBeNull();
  });

  it('refuses wrong AEAD and HKDF lengths as a mistake of the caller', () => {
    const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
    expect(() => provider.seal('aes-256-gcm', key.subarray(1), nonce, none, none)).toThrow(RangeError);
    expect(() => provider.open('aes-256-gcm', key, nonce.subarray(1), new Uint8Array(16), none)).toThrow(
      RangeError,
    );
    expect(() => provider.hkdfSha512(key, none, none, 255 * 64 + 1)).toThrow(RangeError);
    expect(() => provider.hkdfSha512(key, none, new Uint8Array(1025), 32)).toThrow(RangeError);
  });

  it('X25519 gives the values of RFC 7748', () => {
    for (const { scalar, u, out } of x25519Vectors) {
      expect(provider.x25519(provider.x25519FromSecret(hex(scalar)), hex(u)).toHex()).toBe(out);
    }
    const alice = provider.x25519FromSecret(hex(x25519Agreement.alice));
    const bob = provider.x25519FromSecret(hex(x25519Agreement.bob));
    expect(alice.publicKey.toHex()).toBe(x25519Agreement.alicePublic);
    expect(provider.x25519(alice, bob.publicKey).toHex()).toBe(x25519Agreement.shared);
    expect(provider.x25519(bob, alice.publicKey).toHex()).toBe(x25519Agreement.shared);
  });

  it('X25519 refuses second encodings and points of low order', () => {
    const ours = provider.x25519FromSecret(hex(x25519Agreement.alice));
    const withTopBit = hex(x25519Vectors[0].u);
    withTopBit[31] = (withTopBit[31] as number) | 0x80;
    const refused = [
      withTopBit,
      hex(`ed${'ff'.repeat(30)}7f`), // p
      hex(`ee${'ff'.repeat(30)}7f`), // p + 1
      hex('ff'.repeat(31) + '7f'), // 2^255 - 1
      hex('00'.repeat(32)),
      hex(`01${'00'.repeat(31)}`),
      hex(`ec${'ff'.repeat(30)}7f`), // p - 1, order 2 on the twist
      hex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'), // order 8
      new Uint8Array(31),
      new Uint8Array(33),
    ];
    for (const key of refused) expect(codeOf(() => provider.x25519(ours, key))).toBe('BAD_PUBLIC_KEY');
    // p - 2 is the largest canonical value that is not of low order.
    expect(provider.x25519(ours, hex(`eb${'ff'.repeat(30)}7f`))).toHaveLength(32);
  });

  it('Ed25519 gives the values of RFC 8032', () => {
    for (const { seed, publicKey, message, signature } of ed25519Vectors) {
      const key = provider.signFromSecret('ed25519', hex(seed));
      expect(key.publicKey.toHex()).toBe(publicKey);
      expect(provider.sign(key, hex(message)).toHex()).toBe(signature);
      const verifying = provider.importVerifyingKey('ed25519', hex(publicKey));
      expect(provider.verify(verifying, hex(message), hex(signature))).toBe(true);
      expect(provider.verify(verifying, hex(`${message}00`), hex(signature))).toBe(false);
      expect(provider.verify(verifying, hex(message), hex(signature).subarray(1))).toBe(false);
      expect(() => provider.sign(key, hex(message), utf8('context'))).toThrow(RangeError);
      expect(() => provider.verify(verifying, hex(message), hex(signature), utf8('x'))).toThrow(RangeError);
    }
  });

  it('Ed25519 keys of small order, or off the curve, verify nothing', () => {
    const keys = ['00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`, 'ff'.repeat(32)];
    for (const key of keys) {
      const verifying = provider.importVerifyingKey('ed25519', hex(key));
      // With the identity as key and R, S = 0 satisfies the bare equation for every message.
      for (const r of keys) {
        expect(provider.verify(verifying, utf8('any'), hex(r + '00'.repeat(32)))).toBe(false);
      }
    }
  });

  it('ML-KEM-1024 and ML-DSA-87 keys and decapsulation match the known answers', () => {
    const kem = provider.kemFromSeed(Uint8Array.from({ length: 64 }, (_, index) => index));
    expect(provider.sha256(kem.publicKey).toHex()).toMatch(
      new RegExp(`^${postQuantumAnswers.kemPublicKeySha256}`),
    );
    const portable = new NobleProvider({ random: constantRandom(0x42) });
    const { ciphertext, sharedSecret } = portable.kemEncapsulate(portable.kemImportPublic(kem.publicKey));
    expect(portable.sha256(ciphertext).subarray(0, 8).toHex()).toBe(postQuantumAnswers.kemCiphertextSha256);
    expect(sharedSecret.subarray(0, 8).toHex()).toBe(postQuantumAnswers.kemSharedSecret);
    expect(provider.kemDecapsulate(kem, ciphertext).toHex()).toBe(sharedSecret.toHex());
    ciphertext[0] = (ciphertext[0] as number) ^ 1;
    expect(provider.kemDecapsulate(kem, ciphertext).subarray(0, 8).toHex()).toBe(
      postQuantumAnswers.kemRejectedSecret,
    );

    const seed = new Uint8Array(32).fill(7);
    const signing = provider.signFromSecret('ml-dsa-87', seed);
    expect(provider.sha256(signing.publicKey).subarray(0, 8).toHex()).toBe(
      postQuantumAnswers.mlDsaPublicKeySha256,
    );
    // The deterministic variant is the hedged one with 32 zero bytes (FIPS 204, algorithm 2).
    const deterministic = new NobleProvider({ random: constantRandom(0) });
    const context = utf8('wot.id/v1');
    const signature = deterministic.sign(
      deterministic.signFromSecret('ml-dsa-87', seed),
      utf8('abc'),
      context,
    );
    expect(provider.sha256(signature).subarray(0, 8).toHex()).toBe(postQuantumAnswers.mlDsaSignatureSha256);
    const verifying = provider.importVerifyingKey('ml-dsa-87', signing.publicKey);
    expect(provider.verify(verifying, utf8('abc'), signature, context)).toBe(true);
    expect(provider.verify(verifying, utf8('abc'), signature)).toBe(false);
    expect(provider.verify(verifying, utf8('abd'), signature, context)).toBe(false);
    expect(provider.verify(verifying, utf8('abc'), signature.subarray(1), context)).toBe(false);
    expect(() => provider.sign(signing, utf8('abc'), new Uint8Array(256))).toThrow(RangeError);
  });

  it.each(['ed25519', 'ml-dsa-87', 'falcon-1024'] as const)(
    '%s: a key that signs also verifies',
    (algorithm) => {
      using key = provider.signGenerate(algorithm);
      const signature = provider.sign(key, utf8('abc'));
      expect(provider.verify(key, utf8('abc'), signature)).toBe(true);
      expect(provider.verify(key, utf8('abd'), signature)).toBe(false);
    },
  );

  it('Falcon-1024 signs and verifies, its keys come back, and it takes no context', () => {
    const key = provider.signGenerate('falcon-1024');
    const secret = key.exportSecret();
    expect([key.publicKey.length, secret.length]).toEqual([1793, 2305]);
    expect(provider.signFromSecret('falcon-1024', secret).publicKey).toEqual(key.publicKey);
    const verifying = provider.importVerifyingKey('falcon-1024', key.publicKey);
    const [one, two] = [provider.sign(key, utf8('abc')), provider.sign(key, utf8('abc'))];
    // The same message never meets the same nonce: equal ones would show that randomness is fixed.
    expect(one.subarray(1, 41)).not.toEqual(two.subarray(1, 41));
    for (const signature of [one, two]) {
      expect(signature).toHaveLength(1280);
      expect(provider.verify(verifying, utf8('abc'), signature)).toBe(true);
      expect(provider.verify(verifying, utf8('abd'), signature)).toBe(false);
      expect(provider.verify(verifying, utf8('abc'), signature.subarray(1))).toBe(false);
    }
    const noKey = provider.importVerifyingKey('falcon-1024', new Uint8Array(1793));
    expect(provider.verify(noKey, utf8('abc'), one)).toBe(false);
    expect(() => provider.sign(key, utf8('abc'), utf8('context'))).toThrow(RangeError);
    expect(() => provider.verify(verifying, utf8('abc'), one, utf8('context'))).toThrow(RangeError);
    secret[0] = 0;
    expect(codeOf(() => provider.signFromSecret('falcon-1024', secret))).toBe('BAD_SEED');
    expect(codeOf(() => provider.signFromSecret('falcon-1024', secret.subarray(1)))).toBe('BAD_SEED');
    expect(codeOf(() => provider.importVerifyingKey('falcon-1024', new Uint8Array(1792)))).toBe(
      'BAD_PUBLIC_KEY',
    );
  });

  it('refuses malformed keys, ciphertexts and seeds', () => {
    const kem = provider.kemGenerate();
    const aboveModulus = new Uint8Array(kem.publicKey);
    aboveModulus[0] = 0xff;
    aboveModulus[1] = (aboveModulus[1] as number) | 0x0f;
    expect(codeOf(() => provider.kemImportPublic(aboveModulus))).toBe('BAD_PUBLIC_KEY');
    expect(codeOf(() => provider.kemImportPublic(kem.publicKey.subarray(1)))).toBe('BAD_PUBLIC_KEY');
    expect(codeOf(() => provider.kemDecapsulate(kem, new Uint8Array(1567)))).toBe('BAD_CIPHERTEXT');
    expect(codeOf(() => provider.importVerifyingKey('ml-dsa-87', new Uint8Array(2591)))).toBe(
      'BAD_PUBLIC_KEY',
    );
    expect(codeOf(() => provider.importVerifyingKey('ed25519', new Uint8Array(33)))).toBe('BAD_PUBLIC_KEY');
    expect(codeOf(() => provider.x25519FromSecret(new Uint8Array(31)))).toBe('BAD_SEED');
    expect(codeOf(() => provider.kemFromSeed(new Uint8Array(32)))).toBe('BAD_SEED');
    expect(codeOf(() => provider.signFromSecret('ml-dsa-87', new Uint8Array(33)))).toBe('BAD_SEED');
  });
});

it('X25519 iterates a thousand times as RFC 7748 section 5.2 says', () => {
  const provider = new NodeProvider();
  const nine = hex(`09${'00'.repeat(31)}`);
  let [scalar, u] = [nine, nine];
  for (let step = 1; step <= 1000; step++) {
    const next = provider.x25519(provider.x25519FromSecret(scalar), u);
    [scalar, u] = [next, scalar];
    if (step === 1) expect(scalar.toHex()).toBe(x25519Iterated.once);
  }
  expect(scalar.toHex()).toBe(x25519Iterated.thousand);
});

it('Falcon signing never takes injected randomness: repeated, it could reveal the key', () => {
  const seeded = { random: constantRandom(7) };
  for (const provider of [new NodeProvider(seeded), new NobleProvider(seeded)]) {
    const key = provider.signGenerate('falcon-1024');
    expect(provider.sign(key, utf8('abc'))).not.toEqual(provider.sign(key, utf8('abc')));
  }
});

it("the runtime's Argon2id gives the value of RFC 9106", () => {
  const { message, nonce, secret, associatedData, memory, passes, parallelism, tag } = argon2idVector;
  const out = argon2Sync('argon2id', {
    message: hex(message),
    nonce: hex(nonce),
    secret: hex(secret),
    associatedData: hex(associatedData),
    memory,
    passes,
    parallelism,
    tagLength: 32,
  });
  expect(equalBytes(out, hex(tag))).toBe(true);
});
