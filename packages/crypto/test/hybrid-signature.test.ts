import { concatBytes, decodeStrict, utf8 } from '@wotid/core';
import { describe, expect, it } from 'vitest';
import {
  hybridSignatureBytes,
  hybridSignatureType,
  IdentityKeys,
  importIdentityVerifyingKeys,
  NodeProvider,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
} from '../src/index.ts';

const provider = new NodeProvider();
const alice = IdentityKeys.generate(provider);
const mallory = IdentityKeys.generate(provider);
const alicePublic = importIdentityVerifyingKeys(provider, alice.block('did:example:alice'));
const malloryPublic = importIdentityVerifyingKeys(provider, mallory.block('did:example:mallory'));
const body = utf8('a body');
const good = signHybrid(provider, alice, 'prekeys', body);
const check = (signature: Uint8Array, keys = alicePublic): boolean =>
  verifyHybrid(provider, keys, 'prekeys', body, signature);

describe('hybrid signature', () => {
  it('has 4692 bytes: 1 + 64 + 4627', () => {
    expect(good).toHaveLength(4692);
    expect(hybridSignatureBytes).toBe(4692);
    expect(good[0]).toBe(1);
    expect(check(good)).toBe(true);
  });

  it('signs the domain, the purpose and the hash of the body, exactly', () => {
    const message = concatBytes(utf8('wot.id/v1/sig\0prekeys\0'), provider.sha512(body));
    const { ed25519, mlDsa87 } = alicePublic;
    expect(provider.verify(ed25519, message, good.subarray(1, 65))).toBe(true);
    expect(provider.verify(mlDsa87, message, good.subarray(65), utf8('wot.id/v1'))).toBe(true);
    expect(provider.verify(mlDsa87, message, good.subarray(65))).toBe(false);
  });

  it('fails when either half is missing, zero, damaged or of somebody else', () => {
    const theirs = signHybrid(provider, mallory, 'prekeys', body);
    expect(check(theirs)).toBe(false);
    expect(check(concatBytes(good.subarray(0, 65), theirs.subarray(65)))).toBe(false);
    expect(check(concatBytes(theirs.subarray(0, 65), good.subarray(65)))).toBe(false);
    expect(check(good.subarray(0, 65))).toBe(false);
    expect(check(concatBytes(good.subarray(0, 1), good.subarray(65)))).toBe(false);
    expect(check(new Uint8Array(0))).toBe(false);
    expect(check(concatBytes(good, Uint8Array.of(0)))).toBe(false);
    for (const [from, to] of [
      [1, 65],
      [65, 4692],
    ] as const) {
      expect(check(new Uint8Array(good).fill(0, from, to))).toBe(false);
    }
    for (let at = 0; at < good.length; at += at < 66 ? 1 : 131) {
      const damaged = new Uint8Array(good);
      damaged[at] = (damaged[at] as number) ^ 1;
      expect(check(damaged), `byte ${at}`).toBe(false);
    }
  });

  it('fails when keys are mixed', () => {
    expect(check(good, { ...alicePublic, mlDsa87: malloryPublic.mlDsa87 })).toBe(false);
    expect(check(good, { ...alicePublic, ed25519: malloryPublic.ed25519 })).toBe(false);
  });

  it('stands for one purpose and one body alone', () => {
    for (const purpose of Object.values(signaturePurposes)) {
      expect(verifyHybrid(provider, alicePublic, purpose, body, good)).toBe(purpose === 'prekeys');
    }
    expect(verifyHybrid(provider, alicePublic, 'prekeys', utf8('a bodY'), good)).toBe(false);
    expect(new Set(Object.values(signaturePurposes)).size).toBe(Object.keys(signaturePurposes).length);
  });

  it('refuses every other algorithm byte, also in BCS', () => {
    const init = { what: 'signature', maxBytes: 5_000 };
    expect(decodeStrict(hybridSignatureType, good, init)).toEqual(good);
    for (const algorithm of [0, 2, 3, 255]) {
      const other = concatBytes(Uint8Array.of(algorithm), good.subarray(1));
      expect(check(other)).toBe(false);
      expect(() => decodeStrict(hybridSignatureType, other, init)).toThrow(/does not decode/);
    }
    expect(check(concatBytes(Uint8Array.of(3), good.subarray(1, 65)))).toBe(false);
  });

  it('does not change or keep what it is given', () => {
    const given = utf8('given');
    const signature = signHybrid(provider, alice, 'tsp', given);
    expect(given).toEqual(utf8('given'));
    expect(verifyHybrid(provider, alicePublic, 'tsp', given, signature)).toBe(true);
  });
});
