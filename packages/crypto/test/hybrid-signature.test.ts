import { bcs, concatBytes, decodeStrict, utf8 } from '@wotid/core';
import { describe, expect, it } from 'vitest';
import {
  decodeSigned,
  hybridAlgorithm,
  hybridSignatureBytes,
  hybridSignatureLength,
  hybridSignatureType,
  IdentityKeys,
  importIdentityVerifyingKeys,
  NodeProvider,
  signaturePurposes,
  signHybrid,
  verifyHybrid,
  type HybridAlgorithm,
} from '../src/index.ts';

const provider = new NodeProvider();
const alice = IdentityKeys.generate(provider, { falcon: true });
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
    expect(hybridSignatureBytes).toEqual({ 1: 4692, 2: 1345, 3: 65 });
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

  it('refuses every other algorithm byte', () => {
    for (const algorithm of [0, 2, 3, 4, 255]) {
      const other = concatBytes(Uint8Array.of(algorithm), good.subarray(1));
      expect(verifyHybrid(provider, alicePublic, 'prekeys', body, other, [1, 2, 3])).toBe(false);
    }
  });

  it('does not change or keep what it is given', () => {
    const given = utf8('given');
    const signature = signHybrid(provider, alice, 'tsp', given);
    expect(given).toEqual(utf8('given'));
    expect(verifyHybrid(provider, alicePublic, 'tsp', given, signature)).toBe(true);
  });
});

describe('the three algorithms', () => {
  const all = Object.values(hybridAlgorithm);
  const signatures = all.map(
    (algorithm) => [algorithm, signHybrid(provider, alice, 'prekeys', body, algorithm)] as const,
  );
  const isAccepted = (signature: Uint8Array, accepted: readonly HybridAlgorithm[]): boolean =>
    verifyHybrid(provider, alicePublic, 'prekeys', body, signature, accepted);

  it.each(signatures)(
    '%i has its length and verifies exactly where it is accepted',
    (algorithm, signature) => {
      expect(signature).toHaveLength(hybridSignatureBytes[algorithm]);
      expect(hybridSignatureLength(algorithm)).toBe(signature.length);
      expect(check(signature)).toBe(algorithm === hybridAlgorithm.ed25519MlDsa87);
      expect(isAccepted(signature, [algorithm])).toBe(true);
      expect(isAccepted(signature, all)).toBe(true);
      expect(
        isAccepted(
          signature,
          all.filter((other) => other !== algorithm),
        ),
      ).toBe(false);
      expect(isAccepted(signature, [])).toBe(false);
    },
  );

  it.each(signatures)('%i: no byte can change, none be missing, none follow', (algorithm, signature) => {
    for (let at = 0; at < signature.length; at += at < 66 ? 1 : 97) {
      const damaged = new Uint8Array(signature);
      damaged[at] = (damaged[at] as number) ^ 1;
      expect(isAccepted(damaged, all), `byte ${at}`).toBe(false);
    }
    expect(isAccepted(signature.subarray(0, -1), [algorithm])).toBe(false);
    expect(isAccepted(concatBytes(signature, Uint8Array.of(0)), [algorithm])).toBe(false);
  });

  it('do not lend each other their Ed25519 half', () => {
    // The attack: cut the post-quantum half off, or put another one behind, and change the first byte.
    for (const [, from] of signatures) {
      for (const [algorithm, into] of signatures) {
        if (from === into) continue;
        const spliced = concatBytes(Uint8Array.of(algorithm), from.subarray(1, 65), into.subarray(65));
        expect(isAccepted(spliced, all)).toBe(false);
      }
    }
  });

  it('do not take a post-quantum half for that of another algorithm', () => {
    const [, mlDsa] = signatures[0] as (typeof signatures)[0];
    const [, falcon] = signatures[1] as (typeof signatures)[0];
    const asFalcon = new Uint8Array(hybridSignatureBytes[2]);
    asFalcon.set(falcon.subarray(0, 65));
    asFalcon.set(mlDsa.subarray(65, asFalcon.length), 65);
    expect(isAccepted(asFalcon, all)).toBe(false);
    const asMlDsa = new Uint8Array(mlDsa).fill(0, 65);
    asMlDsa.set(falcon.subarray(65), 65);
    expect(isAccepted(asMlDsa, all)).toBe(false);
  });

  it('2 takes a Falcon key on both sides', () => {
    const missing = expect.objectContaining({ code: 'NO_SIGNING_KEY' });
    expect(() => signHybrid(provider, mallory, 'prekeys', body, 2)).toThrow(missing);
    const [, signature] = signatures[1] as (typeof signatures)[0];
    for (const falcon1024 of [null, undefined]) {
      const { ed25519, mlDsa87 } = alicePublic;
      const keys = falcon1024 === undefined ? { ed25519, mlDsa87 } : { ed25519, mlDsa87, falcon1024 };
      expect(verifyHybrid(provider, keys, 'prekeys', body, signature, all)).toBe(false);
    }
    const other = provider.signGenerate('falcon-1024');
    const theirs = provider.importVerifyingKey('falcon-1024', other.publicKey);
    const mixed = { ...alicePublic, falcon1024: theirs };
    expect(verifyHybrid(provider, mixed, 'prekeys', body, signature, all)).toBe(false);
  });

  it('share one codec: the first byte tells the length', () => {
    const init = { what: 'signed thing', maxBytes: 5_000 };
    const refused = /does not decode|not canonical/;
    for (const [, signature] of signatures) {
      expect(decodeStrict(hybridSignatureType, signature, init)).toEqual(signature);
      const signed = concatBytes(Uint8Array.of(7, 0), signature);
      expect(decodeSigned(bcs.u16(), signed, init)).toEqual({
        value: 7,
        body: signed.slice(0, 2),
        signature,
      });
      for (const length of [0, 1, 2, 3, 66, signed.length - 1]) {
        expect(() => decodeSigned(bcs.u16(), signed.subarray(0, length), init)).toThrow(refused);
      }
      expect(() => decodeSigned(bcs.u16(), concatBytes(signed, Uint8Array.of(0)), init)).toThrow(refused);
      expect(() => hybridSignatureType.serialize(signature.subarray(1))).toThrow(TypeError);
    }
    for (const algorithm of [0, 4, 255]) {
      const unknown = concatBytes(Uint8Array.of(algorithm), good.subarray(1));
      expect(() => decodeStrict(hybridSignatureType, unknown, init)).toThrow(refused);
      expect(hybridSignatureLength(algorithm)).toBeUndefined();
    }
  });
});
