import { concatBytes, utf8 } from '@wotid/core';
import { describe, expect, it } from 'vitest';
import {
  encodeIdentityBlock,
  identityBlockMaxBytes,
  identityFingerprint,
  IdentityKeys,
  importIdentityVerifyingKeys,
  NobleProvider,
  NodeProvider,
  parseIdentityBlock,
  signHybrid,
  verifyHybrid,
} from '../src/index.ts';

const provider = new NodeProvider();
const did = 'did:iota:0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const keys = IdentityKeys.generate(provider);
const falconKeys = IdentityKeys.generate(provider, { falcon: true });
const block = keys.block(did);
const encoded = encodeIdentityBlock(block);

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return undefined;
}

describe('identity block', () => {
  it('has the layout: version, DID, three keys, a Falcon key if there is one', () => {
    const expected = concatBytes(
      Uint8Array.of(1, did.length),
      utf8(did),
      block.ik,
      block.ed25519,
      block.mlDsa87,
      Uint8Array.of(0),
    );
    expect(encoded).toEqual(expected);
    expect(encoded).toHaveLength(2659 + did.length);
    const longer = falconKeys.block(did);
    expect(encodeIdentityBlock(longer)).toEqual(
      concatBytes(
        Uint8Array.of(1, did.length),
        utf8(did),
        longer.ik,
        longer.ed25519,
        longer.mlDsa87,
        Uint8Array.of(1),
        longer.falcon1024 as Uint8Array,
      ),
    );
    expect(encodeIdentityBlock(longer)).toHaveLength(4452 + did.length);
    expect(parseIdentityBlock(encodeIdentityBlock(longer))).toEqual(longer);
    expect(parseIdentityBlock(encoded)).toEqual(block);
    expect(identityFingerprint(provider, block)).toEqual(
      provider.sha256(concatBytes(utf8('wot.id/v1/identity'), expected)),
    );
  });

  it('has a fingerprint that every field moves', () => {
    const prints = [
      block,
      { ...block, did: `${did}0` },
      { ...block, ik: provider.x25519Generate().publicKey },
      { ...block, ed25519: new Uint8Array(32) },
      { ...block, mlDsa87: new Uint8Array(2592) },
      { ...block, falcon1024: new Uint8Array(1793) },
    ].map((each) => identityFingerprint(provider, each).toHex());
    expect(new Set(prints).size).toBe(prints.length);
    expect(identityFingerprint(new NobleProvider(), block).toHex()).toBe(prints[0]);
  });

  it('takes a DID of 255 bytes and not of 256', () => {
    const longest = falconKeys.block(`did:jwk:${'a'.repeat(247)}`);
    expect(encodeIdentityBlock(longest)).toHaveLength(identityBlockMaxBytes);
    expect(parseIdentityBlock(encodeIdentityBlock(longest))).toEqual(longest);
    expect(codeOf(() => encodeIdentityBlock(keys.block(`did:jwk:${'a'.repeat(248)}`)))).toBe('BAD_IDENTITY');
  });

  it.each([
    '',
    'did:',
    'did:x',
    'did:x:',
    'DID:x:y',
    'did:X:y',
    'did:x:y z',
    'did:x:ü',
    'did:x:y:',
    'did:x:y\n',
  ])('refuses %j as a DID, in both directions', (text) => {
    expect(codeOf(() => encodeIdentityBlock(keys.block(text)))).toBe('BAD_IDENTITY');
    const bytes = utf8(text);
    const forged = concatBytes(
      Uint8Array.of(1, bytes.length),
      bytes,
      block.ik,
      block.ed25519,
      block.mlDsa87,
      Uint8Array.of(0),
    );
    expect(codeOf(() => parseIdentityBlock(forged))).toBe('BAD_IDENTITY');
  });

  it('refuses X25519 keys of small order, with which nobody can agree on a key', () => {
    for (const hex of [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      `ec${'ff'.repeat(30)}7f`,
    ]) {
      const ik = Uint8Array.fromHex(hex);
      expect(codeOf(() => provider.x25519(keys.ik, ik))).toBe('BAD_PUBLIC_KEY');
      expect(codeOf(() => encodeIdentityBlock({ ...block, ik }))).toBe('BAD_PUBLIC_KEY');
    }
  });

  it('refuses other versions, a cut Falcon key, truncation, extension and a non-canonical X25519 key', () => {
    const version2 = new Uint8Array(encoded);
    version2[0] = 2;
    expect(codeOf(() => parseIdentityBlock(version2))).toBe('NON_CANONICAL');
    const cutFalcon = concatBytes(encoded.subarray(0, -1), Uint8Array.of(1), new Uint8Array(1792));
    expect(codeOf(() => parseIdentityBlock(cutFalcon))).toBe('MALFORMED');
    const tooLong = new Uint8Array(identityBlockMaxBytes + 1);
    expect(codeOf(() => parseIdentityBlock(tooLong))).toBe('TOO_LARGE');
    const shortDid = encodeIdentityBlock(keys.block('did:x:y'));
    for (let length = 0; length < shortDid.length; length += length < 50 ? 1 : 97) {
      expect(codeOf(() => parseIdentityBlock(shortDid.slice(0, length)))).toBe('MALFORMED');
      // A view into a longer buffer: the BCS reader sees what follows, the re-encoding check does not let it.
      expect(codeOf(() => parseIdentityBlock(shortDid.subarray(0, length)))).toMatch(
        /^(MALFORMED|NON_CANONICAL)$/,
      );
    }
    expect(codeOf(() => parseIdentityBlock(concatBytes(encoded, Uint8Array.of(0))))).toBe('NON_CANONICAL');
    const badIk = new Uint8Array(encoded);
    badIk.fill(0xff, 2 + did.length, 34 + did.length);
    expect(codeOf(() => parseIdentityBlock(badIk))).toBe('BAD_PUBLIC_KEY');
  });
});

describe('identity keys', () => {
  it('come back from their seeds, on either provider', () => {
    const seeds = keys.exportSecrets();
    expect(seeds).toHaveLength(97);
    for (const other of [new NodeProvider(), new NobleProvider()]) {
      expect(encodeIdentityBlock(IdentityKeys.fromSecrets(other, seeds).block(did))).toEqual(encoded);
    }
  });

  it('come back from their secrets with the Falcon key, on either provider', () => {
    const secrets = falconKeys.exportSecrets();
    expect(secrets).toHaveLength(2402);
    expect(secrets[0]).toBe(2);
    for (const other of [new NodeProvider(), new NobleProvider()]) {
      const again = IdentityKeys.fromSecrets(other, secrets);
      expect(encodeIdentityBlock(again.block(did))).toEqual(encodeIdentityBlock(falconKeys.block(did)));
      expect(again.exportSecrets()).toEqual(secrets);
      const signature = signHybrid(other, again, 'tsp', utf8('x'), 2);
      using theirs = importIdentityVerifyingKeys(provider, falconKeys.block(did));
      expect(verifyHybrid(provider, theirs, 'tsp', utf8('x'), signature, [2])).toBe(true);
    }
    secrets[97] = 0;
    expect(codeOf(() => IdentityKeys.fromSecrets(provider, secrets))).toBe('BAD_SEED');
  });

  it('refuse secrets of another length or version', () => {
    const seeds = keys.exportSecrets();
    expect(codeOf(() => IdentityKeys.fromSecrets(provider, seeds.subarray(1)))).toBe('BAD_SEED');
    for (const version of [0, 2, 3]) {
      seeds[0] = version;
      expect(codeOf(() => IdentityKeys.fromSecrets(provider, seeds))).toBe('BAD_SEED');
    }
  });
});

describe('identity keys with fresh ones among them', () => {
  it('keep the others, and live on when the former ones are dropped', () => {
    const former = IdentityKeys.generate(provider, { falcon: true });
    const before = former.block(did);
    using next = former.withFresh(provider, ['x25519', 'ml-dsa-87']);
    former[Symbol.dispose]();
    const after = next.block(did);
    expect([after.ed25519, after.falcon1024]).toEqual([before.ed25519, before.falcon1024]);
    expect(after.ik).not.toEqual(before.ik);
    expect(after.mlDsa87).not.toEqual(before.mlDsa87);
    using theirs = importIdentityVerifyingKeys(provider, after);
    const signature = signHybrid(provider, next, 'card', utf8('x'), 2);
    expect(verifyHybrid(provider, theirs, 'card', utf8('x'), signature, [2])).toBe(true);
  });

  it('have no Falcon key when they had none', () => {
    expect(codeOf(() => keys.withFresh(provider, ['falcon-1024']))).toBe('BAD_IDENTITY');
  });
});
