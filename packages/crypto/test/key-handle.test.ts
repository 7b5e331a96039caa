import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  CheckedProvider,
  IdentityKeys,
  NobleProvider,
  NodeProvider,
  StorageKey,
  timingSafeEqual,
  wipe,
  type CryptoProvider,
  type SigningKey,
} from '../src/index.ts';

const secret32 = new Uint8Array(32).fill(0x5a);
const secret64 = new Uint8Array(64).fill(0x5a);

function allKeys(provider: CryptoProvider): Record<string, unknown> {
  const kem = provider.kemFromSeed(secret64);
  return {
    x25519: provider.x25519FromSecret(secret32),
    kem,
    kemPublic: provider.kemImportPublic(kem.publicKey),
    ed25519: provider.signFromSecret('ed25519', secret32),
    mlDsa: provider.signFromSecret('ml-dsa-87', secret32),
    verifying: provider.importVerifyingKey('ed25519', provider.signFromSecret('ed25519', secret32).publicKey),
  };
}

describe.each([new NodeProvider(), new NobleProvider(), new CheckedProvider()])(
  'keys of $name',
  (provider) => {
    it('print their kind and the start of the public part, nothing else', () => {
      expect(inspect(allKeys(provider), { depth: 20, showHidden: true, breakLength: 110 }))
        .toMatchInlineSnapshot(`
      "{
        x25519: X25519Handle x25519 b0d08f35b4683381…,
        kem: KemHandle ml-kem-1024 98ba026363004628…,
        kemPublic: PublicKeyHandle ml-kem-1024 public 98ba026363004628…,
        ed25519: SigningHandle ed25519 0d7550754e0800a5…,
        mlDsa: SigningHandle ml-dsa-87 ae587f9b4b896af6…,
        verifying: VerifyingHandle ed25519 0d7550754e0800a5…
      }"
    `);
    });

    it('show no secret in any common rendering', () => {
      const keys = { ...allKeys(provider), storage: new StorageKey(provider, secret32) };
      const renderings = [
        inspect(keys, { depth: 20, showHidden: true, showProxy: true, getters: true, compact: false }),
        JSON.stringify(keys),
        ...Object.values(keys).map(String),
        ...Object.values(keys).flatMap((key) => Object.getOwnPropertyNames(key).join()),
      ];
      for (const text of renderings) {
        expect(text).not.toMatch(/5a5a|90, ?90|Wlpa/i);
      }
      expect(inspect(structuredClone(provider.x25519FromSecret(secret32)), { depth: 20 })).not.toContain(
        '90, 90',
      );
    });

    it('show no Falcon secret either', () => {
      const key = provider.signGenerate('falcon-1024');
      const secret = key.exportSecret();
      const texts = [
        inspect(key, { depth: 20, showHidden: true, showProxy: true, getters: true, maxArrayLength: null }),
        inspect(structuredClone(key), { depth: 20, maxArrayLength: null }),
        JSON.stringify({ key }),
      ];
      expect(texts[0]).toMatch(/^SigningHandle falcon-1024 [0-9a-f]{16}…$/);
      // After the header byte and at the end; any rendering of the whole would contain both.
      for (const part of [secret.slice(1, 9), secret.slice(-8)]) {
        for (const text of texts) {
          for (const form of [part.toHex(), part.toBase64().slice(0, 10), part.join(', '), part.join(',')]) {
            expect(text).not.toContain(form);
          }
        }
      }
    });

    it('cannot be used after dispose', () => {
      const disposed = expect.objectContaining({ code: 'HANDLE_DISPOSED' });
      const x25519 = provider.x25519Generate();
      const theirs = new Uint8Array(x25519.publicKey);
      x25519.dispose();
      x25519.dispose();
      expect(() => provider.x25519(x25519, theirs)).toThrow(disposed);
      expect(() => x25519.exportSecret()).toThrow(disposed);
      const kem = provider.kemGenerate();
      const imported = provider.kemImportPublic(kem.publicKey);
      const { ciphertext } = provider.kemEncapsulate(imported);
      {
        using _one = kem;
        using _two = imported;
      }
      expect(() => provider.kemDecapsulate(kem, ciphertext)).toThrow(disposed);
      expect(() => provider.kemEncapsulate(imported)).toThrow(disposed);
      expect(() => kem.exportSeed()).toThrow(disposed);
      const identity = IdentityKeys.generate(provider, { falcon: true });
      identity[Symbol.dispose]();
      expect(() => identity.exportSecrets()).toThrow(disposed);
      expect(() => provider.sign(identity.falcon1024 as SigningKey, theirs)).toThrow(disposed);
      expect(() => provider.sign(identity.mlDsa87, theirs)).toThrow(disposed);
    });

    it('can be shared: each handle of a key lives by itself', () => {
      const one = provider.x25519FromSecret(secret32);
      const two = one.share();
      expect(two.publicKey).toEqual(one.publicKey);
      const theirs = provider.x25519Generate();
      const expected = provider.x25519(one, theirs.publicKey);
      one.dispose();
      expect(provider.x25519(two, theirs.publicKey)).toEqual(expected);
      expect(two.exportSecret()).toEqual(secret32);
      const disposed = expect.objectContaining({ code: 'HANDLE_DISPOSED' });
      expect(() => one.share()).toThrow(disposed);
      const three = two.share();
      two.dispose();
      expect(() => two.exportSecret()).toThrow(disposed);
      expect(provider.x25519(three, theirs.publicKey)).toEqual(expected);
    });

    it('work with their own implementation alone, and as their own kind alone', () => {
      const foreign = expect.objectContaining({ code: 'FOREIGN_HANDLE' });
      const other = provider.name === 'noble' ? new NodeProvider() : new NobleProvider();
      const kem = provider.kemGenerate();
      expect(() => other.x25519(provider.x25519Generate(), kem.publicKey.subarray(0, 32))).toThrow(foreign);
      expect(() => other.sign(provider.signGenerate('ed25519'), secret32)).toThrow(foreign);
      expect(() => provider.x25519(kem as never, secret32)).toThrow(foreign);
      expect(() => provider.kemEncapsulate(kem as never)).toThrow(foreign);
      if (provider instanceof NodeProvider) {
        const signing = provider.signGenerate('ed25519');
        expect(new NodeProvider().sign(signing, secret32)).toEqual(provider.sign(signing, secret32));
      }
      const lookalike = { publicKey: secret32, dispose() {}, [Symbol.dispose]() {} };
      expect(() => provider.kemEncapsulate(lookalike)).toThrow(foreign);
    });

    it('export what makes them again, also when they were generated', () => {
      const [dh, kem] = [provider.x25519Generate(), provider.kemGenerate()];
      const dhAgain = provider.x25519FromSecret(dh.exportSecret());
      const kemAgain = provider.kemFromSeed(kem.exportSeed());
      expect(dhAgain.publicKey).toEqual(dh.publicKey);
      expect(kemAgain.publicKey).toEqual(kem.publicKey);
      const { ciphertext, sharedSecret } = provider.kemEncapsulate(provider.kemImportPublic(kem.publicKey));
      for (const pair of [kem, kemAgain])
        expect(provider.kemDecapsulate(pair, ciphertext)).toEqual(sharedSecret);
      expect(provider.x25519Generate().publicKey).not.toEqual(dh.publicKey);
      expect(provider.kemGenerate().publicKey).not.toEqual(kem.publicKey);
    });

    it('copy what they are made from and what they export', () => {
      const given = new Uint8Array(64).fill(3);
      const kem = provider.kemFromSeed(given);
      wipe(given, null, undefined);
      expect(given).toEqual(new Uint8Array(64));
      const exported = kem.exportSeed();
      expect(exported).toEqual(new Uint8Array(64).fill(3));
      wipe(exported);
      expect(kem.exportSeed()).toEqual(new Uint8Array(64).fill(3));
      const publicKey = new Uint8Array(kem.publicKey);
      const imported = provider.kemImportPublic(publicKey);
      wipe(publicKey);
      expect(imported.publicKey).toEqual(kem.publicKey);
    });
  },
);

it('compares secrets', () => {
  expect(timingSafeEqual(secret32, new Uint8Array(secret32))).toBe(true);
  expect(timingSafeEqual(secret32, new Uint8Array(32))).toBe(false);
  expect(timingSafeEqual(secret32, secret64)).toBe(false);
});
