/**
 * What the native provider rests on when it imports keys: facts of node:crypto and OpenSSL that a later version could
 * change. Each has its consequence in `node-provider.ts`.
 */
import { createPrivateKey, createPublicKey, encapsulate, sign, type KeyObject } from 'node:crypto';
import { utf8 } from '@wotid/core';
import { describe, expect, it } from 'vitest';
import { NobleProvider, NodeProvider } from '../src/index.ts';

const provider = new NodeProvider();
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at);
const publicOf = (key: KeyObject): string =>
  new Uint8Array(createPublicKey(key).export({ format: 'raw-public' })).toHex();

describe.each([
  ['ml-kem-1024', 64, '3054020100300b060960864801650304040304428040'],
  ['ml-dsa-87', 32, '3034020100300b060960864801650304031304228020'],
] as const)('%s', (algorithm, seedBytes, prefix) => {
  const seed = counting(seedBytes);
  const fromSeed = createPrivateKey({ key: seed, format: 'raw-seed', asymmetricKeyType: algorithm });
  const ours =
    algorithm === 'ml-kem-1024' ? provider.kemFromSeed(seed) : provider.signFromSecret(algorithm, seed);

  it('has one key for a seed, whether it comes raw or in PKCS#8', () => {
    expect(publicOf(fromSeed)).toBe(ours.publicKey.toHex());
  });

  it('is written by the provider as the seed form alone, 22 bytes and the seed', () => {
    // OpenSSL reads the prefix that we write; it keeps the seed, so that we never have to store an expanded key.
    const der = Uint8Array.fromHex(prefix + seed.toHex());
    const fromDer = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
    expect(publicOf(fromDer)).toBe(ours.publicKey.toHex());
    expect(new Uint8Array(fromDer.export({ format: 'raw-seed' }))).toEqual(seed);
  });

  it('has no raw private form: expanded keys do not come in', () => {
    const expanded = new Uint8Array(algorithm === 'ml-kem-1024' ? 3168 : 4896);
    for (const key of [seed, expanded]) {
      expect(() => createPrivateKey({ key, format: 'raw-private', asymmetricKeyType: algorithm })).toThrow();
    }
  });
});

describe('X25519 and Ed25519', () => {
  it.each(['x25519', 'ed25519'] as const)('%s has raw private keys and no seed form', (algorithm) => {
    const secret = counting(32);
    const key = createPrivateKey({ key: secret, format: 'raw-private', asymmetricKeyType: algorithm });
    const ours =
      algorithm === 'x25519' ? provider.x25519FromSecret(secret) : provider.signFromSecret('ed25519', secret);
    expect(publicOf(key)).toBe(ours.publicKey.toHex());
    expect(() =>
      createPrivateKey({ key: secret, format: 'raw-seed', asymmetricKeyType: algorithm }),
    ).toThrow();
  });

  it('an Ed25519 context would be another scheme, so the provider takes none', () => {
    const key = createPrivateKey({ key: counting(32), format: 'raw-private', asymmetricKeyType: 'ed25519' });
    const plain = sign(null, utf8('abc'), key);
    expect(sign(null, utf8('abc'), { key, context: utf8('x') }).equals(plain)).toBe(false);
    const ours = provider.signFromSecret('ed25519', counting(32));
    expect(provider.sign(ours, utf8('abc'))).toEqual(new Uint8Array(plain));
    expect(() => provider.sign(ours, utf8('abc'), utf8('x'))).toThrow(RangeError);
  });
});

it('an ML-KEM key with a coefficient of q or more does not get in', () => {
  const good = provider.kemFromSeed(counting(64)).publicKey;
  // The first coefficient, 12 bits little-endian, set to q = 3329 = 0xd01.
  const atModulus = new Uint8Array(good);
  atModulus[0] = 0x01;
  atModulus[1] = ((atModulus[1] as number) & 0xf0) | 0x0d;
  const native = (): KeyObject =>
    createPublicKey({ key: atModulus, format: 'raw-public', asymmetricKeyType: 'ml-kem-1024' });
  expect(native).toThrow();
  for (const each of [provider, new NobleProvider()]) {
    expect(() => each.kemImportPublic(atModulus)).toThrow(
      expect.objectContaining({ code: 'BAD_PUBLIC_KEY' }),
    );
  }
  // One less is in the field.
  atModulus[0] = 0x00;
  expect(encapsulate(native()).ciphertext).toHaveLength(1568);
});

it('a KEM key that was just imported is known again by its bytes, whatever became of the first handle', () => {
  const [one, two] = [provider.kemGenerate(), provider.kemGenerate()];
  const given = new Uint8Array(one.publicKey);
  const first = provider.kemImportPublic(given);
  first.dispose();
  const again = provider.kemImportPublic(given);
  // The same array with another key in it is another key.
  given.set(two.publicKey);
  const other = provider.kemImportPublic(given);
  for (const [imported, pair] of [
    [again, one],
    [other, two],
  ] as const) {
    expect(imported.publicKey).toEqual(pair.publicKey);
    const { ciphertext, sharedSecret } = provider.kemEncapsulate(imported);
    expect(provider.kemDecapsulate(pair, ciphertext)).toEqual(sharedSecret);
  }
  const aboveModulus = new Uint8Array(two.publicKey);
  aboveModulus.fill(0xff, 0, 2);
  for (let twice = 0; twice < 2; twice++) {
    expect(() => provider.kemImportPublic(aboveModulus)).toThrow(
      expect.objectContaining({ code: 'BAD_PUBLIC_KEY' }),
    );
  }
  expect(() => provider.kemEncapsulate(first)).toThrow(expect.objectContaining({ code: 'HANDLE_DISPOSED' }));
});

it('native encapsulation and ML-DSA signing take no injected randomness', () => {
  const seeded = new NodeProvider({ random: { bytes: (length) => new Uint8Array(length).fill(9) } });
  const theirs = seeded.kemImportPublic(seeded.kemFromSeed(counting(64)).publicKey);
  expect(seeded.kemEncapsulate(theirs).ciphertext).not.toEqual(seeded.kemEncapsulate(theirs).ciphertext);
  const key = seeded.signFromSecret('ml-dsa-87', counting(32));
  expect(seeded.sign(key, utf8('abc'))).not.toEqual(seeded.sign(key, utf8('abc')));
});
