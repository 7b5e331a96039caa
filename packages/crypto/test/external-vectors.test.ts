/**
 * Wycheproof (C2SP, Apache-2.0) and NIST's ACVP vectors (public domain) against all providers. The parts of them that
 * packages carry are in `vectors/`; for the whole, `WOTID_VECTORS` names a folder that holds copies of the two
 * repositories. Without it these tests are skipped, and say so.
 *
 * | below `WOTID_VECTORS` | origin |
 * |---|---|
 * | `wycheproof/testvectors_v1/*.json` | github.com/C2SP/wycheproof |
 * | `ACVP-Server/gen-val/json-files/<suite>/internalProjection.json` | github.com/usnistgov/ACVP-Server |
 *
 * Not every vector fits: the interface takes seeds and no expanded keys, nonces of 12 bytes, whole tags, AES with keys of
 * 32 bytes. Each test says how many remain, so that a change of their format cannot empty it unseen.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes, type Random } from '@wotid/core';
import { describe, expect, it } from 'vitest';
import { NobleProvider, signatureBytes, type AeadAlgorithm, type SignatureAlgorithm } from '../src/index.ts';
import {
  checkAead,
  checkHkdf,
  checkHmac,
  checkSignature,
  checkX25519,
  hex,
  providers,
} from './vector-checks.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- foreign JSON, read field by field
type Json = any;
const root = process.env['WOTID_VECTORS'];
const fixedRandom = (bytes: Uint8Array): Random => ({ bytes: () => new Uint8Array(bytes) });

function readJson(path: string): Json | undefined {
  const file = join(root ?? '', path);
  return root !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** A test over every vector of a file: fails when fewer than `least` fit; skipped when the file is not there. */
function vectors(path: string, least: number, check: (test: Json, group: Json) => boolean): void {
  const file = readJson(path);
  it.skipIf(file === undefined)(`${path}${file === undefined ? ' (not below WOTID_VECTORS)' : ''}`, () => {
    let fitting = 0;
    for (const group of file.testGroups) {
      for (const test of group.tests) if (check(test, group)) fitting++;
    }
    expect(fitting).toBeGreaterThanOrEqual(least);
  });
}

const wycheproof = (name: string, least: number, check: (test: Json, group: Json) => boolean): void =>
  vectors(`wycheproof/testvectors_v1/${name}_test.json`, least, check);
const acvp = (name: string, least: number, check: (test: Json, group: Json) => boolean): void =>
  vectors(`ACVP-Server/gen-val/json-files/${name}/internalProjection.json`, least, check);
const label = (test: Json): string => `${test.tcId} ${test.comment ?? ''}`;

describe('Wycheproof', () => {
  for (const [name, algorithm, least] of [
    ['aes_gcm', 'aes-256-gcm', 66],
    ['aes_gcm_siv', 'aes-256-gcm-siv', 90],
    ['chacha20_poly1305', 'chacha20-poly1305', 300],
  ] as const satisfies readonly (readonly [string, AeadAlgorithm, number])[]) {
    wycheproof(name, least, (test, group) => {
      if (group.keySize !== 256 || group.ivSize !== 96 || group.tagSize !== 128) return false;
      checkAead(algorithm, {
        label: label(test),
        key: test.key,
        nonce: test.iv,
        aad: test.aad,
        plaintext: test.result === 'valid' ? test.msg : null,
        ciphertext: test.ct,
        tag: test.tag,
      });
      return true;
    });
  }

  wycheproof('hmac_sha512', 170, (test, group) => {
    const mac = hex(test.tag).subarray(0, group.tagSize / 8);
    checkHmac(label(test), hex(test.key), hex(test.msg), mac, test.result === 'valid');
    return true;
  });

  wycheproof('hkdf_sha512', 75, (test) => {
    const input = { ikm: hex(test.ikm), salt: hex(test.salt), info: hex(test.info) };
    checkHkdf(label(test), input, test.size, test.result === 'valid' ? test.okm : null);
    return true;
  });

  // "Acceptable" are keys that RFC 7748 lets in and we do not: second encodings, low order. Others must agree.
  wycheproof('x25519', 500, (test) => {
    const isRefused = checkX25519(label(test), test.private, test.public, test.shared);
    if (test.result === 'valid') expect(isRefused, label(test)).toBe(false);
    return true;
  });

  const verifies = (algorithm: SignatureAlgorithm, publicKey: Uint8Array, test: Json): void =>
    checkSignature(algorithm, {
      label: label(test),
      publicKey,
      message: hex(test.msg),
      signature: hex(test.sig),
      context: test.ctx === undefined ? undefined : hex(test.ctx),
      isValid: test.result === 'valid',
      isKeyWrong: test.flags.includes('IncorrectPublicKeyLength'),
    });

  wycheproof('ed25519', 150, (test, group) => {
    verifies('ed25519', hex(group.publicKey.pk), test);
    return true;
  });

  wycheproof('mldsa_87_verify', 230, (test, group) => {
    verifies('ml-dsa-87', hex(group.publicKey), test);
    return true;
  });

  // The deterministic variant is the hedged one with 32 zero bytes (FIPS 204, algorithm 2); noble alone takes them.
  wycheproof('mldsa_87_sign_seed', 60, (test, group) => {
    const isWholeInterface = test.msg !== undefined && !test.flags.includes('Internal');
    if (!isWholeInterface || test.flags.includes('Randomized')) return false;
    const deterministic = new NobleProvider({ random: fixedRandom(new Uint8Array(32)) });
    const seed = hex(group.privateSeed);
    if (test.flags.includes('IncorrectPrivateKeyLength')) {
      for (const provider of [...providers, deterministic]) {
        expect(() => provider.signFromSecret('ml-dsa-87', seed), label(test)).toThrow(
          expect.objectContaining({ code: 'BAD_SEED' }),
        );
      }
      return true;
    }
    using key = deterministic.signFromSecret('ml-dsa-87', seed);
    const context = test.ctx === undefined ? undefined : hex(test.ctx);
    const sign = (): string => deterministic.sign(key, hex(test.msg), context).toHex();
    if (test.result === 'valid') {
      expect(key.publicKey.toHex(), label(test)).toBe(group.publicKey);
      expect(sign(), label(test)).toBe(test.sig);
      expect(hex(test.sig)).toHaveLength(signatureBytes['ml-dsa-87']);
    } else {
      expect(sign, label(test)).toThrow(RangeError);
    }
    return true;
  });

  wycheproof('mlkem_1024', 190, (test) => {
    for (const provider of providers) {
      const shared = (): string => {
        using key = provider.kemFromSeed(hex(test.seed));
        if (test.ek !== undefined && test.result === 'valid') expect(key.publicKey.toHex()).toBe(test.ek);
        return provider.kemDecapsulate(key, hex(test.c)).toHex();
      };
      if (test.result === 'valid') expect(shared(), label(test)).toBe(test.K);
      else
        expect(shared, label(test)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^BAD_/) }),
        );
    }
    return true;
  });

  wycheproof('mlkem_1024_keygen_seed', 100, (test) => {
    for (const provider of providers) {
      using key = provider.kemFromSeed(hex(test.seed));
      expect(key.publicKey.toHex(), label(test)).toBe(test.ek);
    }
    return true;
  });

  wycheproof('mlkem_1024_encaps', 260, (test) => {
    const noble = new NobleProvider({ random: fixedRandom(hex(test.m)) });
    if (test.result !== 'valid') {
      for (const provider of [...providers, noble]) {
        expect(() => provider.kemImportPublic(hex(test.ek)), label(test)).toThrow(
          expect.objectContaining({ code: 'BAD_PUBLIC_KEY' }),
        );
      }
      return true;
    }
    const { ciphertext, sharedSecret } = noble.kemEncapsulate(noble.kemImportPublic(hex(test.ek)));
    expect([ciphertext.toHex(), sharedSecret.toHex()], label(test)).toEqual([test.c, test.K]);
    return true;
  });
});

describe('NIST ACVP', () => {
  acvp('ML-KEM-keyGen-FIPS203', 25, (test, group) => {
    if (group.parameterSet !== 'ML-KEM-1024') return false;
    for (const provider of providers) {
      using key = provider.kemFromSeed(concatBytes(hex(test.d), hex(test.z)));
      expect(key.publicKey.toHex(), label(test)).toBe(test.ek.toLowerCase());
    }
    return true;
  });

  // Decapsulation comes with expanded keys, which we do not take; Wycheproof's come with seeds.
  acvp('ML-KEM-encapDecap-FIPS203', 25, (test, group) => {
    if (group.parameterSet !== 'ML-KEM-1024' || group.function !== 'encapsulation') return false;
    const noble = new NobleProvider({ random: fixedRandom(hex(test.m)) });
    const { ciphertext, sharedSecret } = noble.kemEncapsulate(noble.kemImportPublic(hex(test.ek)));
    expect(ciphertext.toHex(), label(test)).toBe(test.c.toLowerCase());
    expect(sharedSecret.toHex(), label(test)).toBe(test.k.toLowerCase());
    return true;
  });

  acvp('ML-DSA-keyGen-FIPS204', 25, (test, group) => {
    if (group.parameterSet !== 'ML-DSA-87') return false;
    for (const provider of providers) {
      using key = provider.signFromSecret('ml-dsa-87', hex(test.seed));
      expect(key.publicKey.toHex(), label(test)).toBe(test.pk.toLowerCase());
    }
    return true;
  });

  // Files before 2025 have the internal interface of FIPS 204 alone, which nobody should expose: none fits there.
  acvp('ML-DSA-sigVer-FIPS204', 0, (test, group) => {
    if (group.parameterSet !== 'ML-DSA-87') return false;
    if (group.signatureInterface !== 'external' || group.preHash !== 'pure') return false;
    for (const provider of providers) {
      using key = provider.importVerifyingKey('ml-dsa-87', hex(test.pk ?? group.pk));
      const verified = provider.verify(key, hex(test.message), hex(test.signature), hex(test.context));
      expect(verified, label(test)).toBe(test.testPassed);
    }
    return true;
  });
});
