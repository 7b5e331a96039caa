/**
 * Published vectors that packages carry, kept in `vectors/` as they came (`vectors/ORIGIN.md` says from where, under
 * which licence, and what was left out), against all three providers. Each test says how many vectors it ran, so that
 * none goes missing unseen; what no package carries stands at the end as skipped.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkAead,
  checkEd25519Signing,
  checkHkdf,
  checkHmac,
  checkSignature,
  checkX25519,
  hex,
} from './vector-checks.ts';

const folder = join(import.meta.dirname, 'vectors');
const read = (name: string): Buffer => readFileSync(join(folder, name));
const text = (name: string): string => read(name).toString('latin1');

/** `NAME = VALUE` lines in blocks between empty lines; `[NAME = VALUE]` and comments are left out. */
function* blocks(name: string): Generator<Readonly<Record<string, string>>> {
  for (const block of text(name).split(/\n\s*\n/)) {
    const fields: Record<string, string> = {};
    for (const line of block.split('\n')) {
      const [, field, value] = /^(\w+) *= *(.*?)\s*$/.exec(line) ?? [];
      if (field !== undefined) fields[field.toUpperCase()] = value ?? '';
      else if (line.trim() === 'FAIL') fields['FAIL'] = '';
    }
    if (Object.keys(fields).length > 0) yield fields;
  }
}

/**
 * The blobs of a file of Rust's `blobby` 0.3: a count of shared blobs, these, then the others; each length is an integer
 * in git's variable-length form, doubled, and odd for a reference to a shared blob.
 */
function* blobs(name: string): Generator<Uint8Array> {
  const bytes = read(name);
  let at = 0;
  const integer = (): number => {
    let byte = bytes[at++] as number;
    let value = byte & 0x7f;
    while (byte > 0x7f) {
      byte = bytes[at++] as number;
      value = (value + 1) * 128 + (byte & 0x7f);
    }
    return value;
  };
  const blob = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  const shared = Array.from({ length: integer() }, () => blob(integer()));
  while (at < bytes.length) {
    const length = integer();
    if (length % 2 === 0) yield blob(length / 2);
    else yield shared[(length - 1) / 2] as Uint8Array;
  }
}

/** Blobs in groups of `size`. */
function groups(name: string, size: number): Uint8Array[][] {
  const all = [...blobs(name)];
  return Array.from({ length: all.length / size }, (_, k) => all.slice(k * size, (k + 1) * size));
}

describe('the files', () => {
  it('are the ones that ORIGIN.md names', () => {
    const named = new Map(
      [...text('ORIGIN.md').matchAll(/^\| `([^`]+)` .*\| `([0-9a-f]{64})` \|$/gm)].map(([, file, hash]) => [
        file as string,
        hash as string,
      ]),
    );
    const found = readdirSync(folder).filter((name) => name !== 'ORIGIN.md');
    expect([...named.keys()].sort()).toEqual(found.sort());
    for (const [name, hash] of named)
      expect(createHash('sha256').update(read(name)).digest('hex'), name).toBe(hash);
  });
});

/** Checks the vectors of one CAVP file; where it says FAIL, there is no plaintext. */
function cavpGcm(name: string): readonly Readonly<Record<string, string>>[] {
  const all = [...blocks(name)].filter(({ COUNT }) => COUNT !== undefined);
  for (const { COUNT, KEY, IV, AAD, PT, CT, TAG } of all as Record<string, string>[]) {
    checkAead('aes-256-gcm', {
      label: `${COUNT} ${KEY}`,
      key: KEY as string,
      nonce: IV as string,
      aad: AAD as string,
      plaintext: PT ?? null,
      ciphertext: CT as string,
      tag: TAG as string,
    });
  }
  return all;
}

describe('AES-256-GCM', () => {
  it('NIST CAVP, encryption: 375 vectors', () => {
    const all = cavpGcm('cavp-gcm-encrypt-256.rsp');
    expect(all.length).toBe(375);
    expect(all.every(({ PT }) => PT !== undefined)).toBe(true);
  });

  it('NIST CAVP, decryption: 375 vectors, 191 of them forged', () => {
    const all = cavpGcm('cavp-gcm-decrypt-256.rsp');
    expect([all.length, all.filter(({ FAIL }) => FAIL !== undefined).length]).toEqual([375, 191]);
    expect(all.every(({ FAIL, PT }) => (FAIL === undefined) !== (PT === undefined))).toBe(true);
  });
});

describe('ChaCha20-Poly1305', () => {
  it('BoringSSL: 66 vectors, RFC 7539 among them', () => {
    const all = [...blocks('boringssl-chacha20-poly1305.txt')].filter(({ KEY }) => KEY !== undefined);
    // Text stands in quotes.
    const value = (field: string | undefined): string =>
      field?.startsWith('"') === true ? Buffer.from(field.slice(1, -1)).toString('hex') : (field ?? '');
    for (const { COUNT, KEY, NONCE, AD, IN, CT, TAG } of all) {
      checkAead('chacha20-poly1305', {
        label: COUNT ?? '',
        key: value(KEY),
        nonce: value(NONCE),
        aad: value(AD),
        plaintext: value(IN),
        ciphertext: value(CT),
        tag: value(TAG),
      });
    }
    expect(all.length).toBe(66);
  });
});

describe('HMAC-SHA-512', () => {
  it('RFC 4231: 6 vectors', () => {
    const all = [...blocks('rfc-4231-hmac-sha512.txt')].filter(({ MD }) => MD !== undefined);
    for (const { KEY, MSG, MD } of all as Record<string, string>[]) {
      checkHmac(MSG as string, hex(KEY as string), hex(MSG as string), hex(MD as string), true);
    }
    expect(all.length).toBe(6);
  });

  it('Wycheproof: the 66 valid vectors', () => {
    const all = groups('wycheproof-hmac-sha512.blb', 3) as [Uint8Array, Uint8Array, Uint8Array][];
    for (const [key, message, mac] of all) checkHmac(key.toHex(), key, message, mac, true);
    expect(all.length).toBe(66);
  });
});

describe('HKDF-SHA-512', () => {
  it('Wycheproof: the 99 valid vectors', () => {
    const all = groups('wycheproof-hkdf-sha512.blb', 4) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array][];
    for (const [ikm, salt, info, okm] of all) {
      checkHkdf(ikm.toHex(), { ikm, salt, info }, okm.length, okm.toHex());
    }
    expect(all.length).toBe(99);
  });
});

interface WycheproofX25519 {
  readonly tcId: number;
  readonly comment: string;
  readonly public: string;
  readonly private: string;
  readonly shared: string;
  readonly result: string;
}

interface WycheproofEd25519 {
  readonly testGroups: readonly {
    readonly key: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

describe('X25519', () => {
  it('Wycheproof 0.4.12: 87 vectors, of which we refuse 44 keys that RFC 7748 lets in', () => {
    const all = JSON.parse(text('wycheproof-x25519.json')) as readonly WycheproofX25519[];
    const refused = all.filter((one) => {
      const isRefused = checkX25519(`${one.tcId} ${one.comment}`, one.private, one.public, one.shared);
      if (isRefused) expect(one.result).toBe('acceptable');
      return isRefused;
    });
    expect([all.length, refused.length]).toEqual([87, 44]);
  });
});

describe('Ed25519', () => {
  it('Wycheproof 0.8: 145 signatures, 61 of them invalid', () => {
    let [valid, invalid] = [0, 0];
    for (const { key, tests } of (JSON.parse(text('wycheproof-ed25519.json')) as WycheproofEd25519)
      .testGroups) {
      for (const one of tests) {
        const isValid = one.result === 'valid';
        checkSignature('ed25519', {
          label: `${one.tcId} ${one.comment}`,
          publicKey: hex(key.pk),
          message: hex(one.msg),
          signature: hex(one.sig),
          isValid,
        });
        if (isValid) valid += 1;
        else invalid += 1;
      }
    }
    expect([valid, invalid]).toEqual([84, 61]);
  });

  it("the designers' sign.input: its first 256 lines, signed again and verified", () => {
    const lines = text('ed25519-sign.input').trimEnd().split('\n');
    for (const [at, line] of lines.entries()) {
      const [secret, publicKey, message, signed] = line.split(':') as [string, string, string, string];
      checkEd25519Signing(`line ${at + 1}`, hex(secret.slice(0, 64)), {
        label: `line ${at + 1}`,
        publicKey: hex(publicKey),
        message: hex(message),
        signature: hex(signed.slice(0, 128)),
        isValid: true,
      });
    }
    expect(lines.length).toBe(256);
  });
});

/** Sets that no package of npm or of Debian 12 carries; `external-vectors.test.ts` runs them from a copy of the collections. */
describe('not to be had in a package', () => {
  it.skip('ML-KEM-1024: NIST ACVP key generation, encapsulation, decapsulation', () => {});
  it.skip('ML-KEM-1024: Wycheproof', () => {});
  it.skip('ML-DSA-87: NIST ACVP key generation, signing, verification', () => {});
  it.skip('ML-DSA-87: Wycheproof', () => {});
  it.skip('AES-256-GCM-SIV: Wycheproof (RFC 8452 is in known-answers.test.ts)', () => {});
  it.skip('HMAC- and HKDF-SHA-512: the invalid vectors of Wycheproof', () => {});
  it.skip('AES-256-GCM and ChaCha20-Poly1305: Wycheproof', () => {});
});
