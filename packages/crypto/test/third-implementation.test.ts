/**
 * A third implementation, liboqs (Open Quantum Safe, C compiled to WebAssembly): the only other one of Falcon-1024, and a
 * judge over OpenSSL and noble for the two standards. Everything crosses in both directions.
 */
import { createMLKEM1024 } from '@oqs/liboqs-js/kem';
import { createFalconPadded1024, createMLDSA87 } from '@oqs/liboqs-js/sig';
import { utf8 } from '@wotid/core';
import { afterAll, describe, expect, it } from 'vitest';
import { NobleProvider, NodeProvider, type SignatureAlgorithm } from '../src/index.ts';

const providers = [new NodeProvider(), new NobleProvider()] as const;
const [kem, falcon, mlDsa] = await Promise.all([
  createMLKEM1024(),
  createFalconPadded1024(),
  createMLDSA87(),
]);
const message = utf8('what both sides sign');
const none = new Uint8Array(0);
afterAll(() => [kem, falcon, mlDsa].forEach((each) => each.destroy()));

describe.each(providers)('liboqs and $name', (provider) => {
  it.each([
    ['falcon-1024', falcon],
    ['ml-dsa-87', mlDsa],
  ] as const satisfies readonly (readonly [SignatureAlgorithm, typeof mlDsa])[])(
    'verify each other: %s',
    (algorithm, liboqs) => {
      const ours = provider.signGenerate(algorithm);
      const theirs = liboqs.generateKeyPair();
      for (const text of [message, none, new Uint8Array(5_000).fill(7)]) {
        const signature = provider.sign(ours, text);
        expect(liboqs.verify(text, signature, ours.publicKey)).toBe(true);
        expect(liboqs.verify(utf8('another'), signature, ours.publicKey)).toBe(false);
        const key = provider.importVerifyingKey(algorithm, theirs.publicKey);
        const theirSignature = liboqs.sign(text, theirs.secretKey);
        expect(provider.verify(key, text, theirSignature)).toBe(true);
        expect(provider.verify(key, utf8('another'), theirSignature)).toBe(false);
        theirSignature[500] = (theirSignature[500] as number) ^ 1;
        expect(provider.verify(key, text, theirSignature)).toBe(false);
        expect(liboqs.verify(text, theirSignature, theirs.publicKey)).toBe(false);
      }
    },
  );

  it('know the same Falcon secret keys', () => {
    const theirs = falcon.generateKeyPair();
    const imported = provider.signFromSecret('falcon-1024', theirs.secretKey);
    expect(imported.publicKey).toEqual(theirs.publicKey);
    expect(falcon.verify(message, provider.sign(imported, message), theirs.publicKey)).toBe(true);
    const ours = provider.signGenerate('falcon-1024');
    const signature = falcon.sign(message, ours.exportSecret());
    const key = provider.importVerifyingKey('falcon-1024', ours.publicKey);
    expect(provider.verify(key, message, signature)).toBe(true);
  });

  it('agree on ML-KEM-1024 secrets, rejected ones included', () => {
    const ours = provider.kemGenerate();
    const toUs = kem.encapsulate(ours.publicKey);
    expect(provider.kemDecapsulate(ours, toUs.ciphertext)).toEqual(toUs.sharedSecret);
    const theirs = kem.generateKeyPair();
    const toThem = provider.kemEncapsulate(provider.kemImportPublic(theirs.publicKey));
    expect(kem.decapsulate(toThem.ciphertext, theirs.secretKey)).toEqual(toThem.sharedSecret);
    toThem.ciphertext[9] = (toThem.ciphertext[9] as number) ^ 1;
    expect(kem.decapsulate(toThem.ciphertext, theirs.secretKey)).not.toEqual(toThem.sharedSecret);
  });
});
