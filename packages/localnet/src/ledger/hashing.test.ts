import { fromBase58 } from '@iota/iota-sdk/utils';
import { describe, expect, it } from 'vitest';
import { DELETED_DIGEST, deriveId, packageDigest, WRAPPED_DIGEST } from './hashing.ts';

describe('derived ids and digests', () => {
  it('agree with the known answers', () => {
    // H(F1 || 32 zero bytes || 8 zero bytes), as an IOTA node derives the first id of the zero digest.
    expect(deriveId(new Uint8Array(32), 0n)).toMatch(/^0x034401905bebdf8c[0-9a-f]{42}23ab96$/);
    expect(DELETED_DIGEST).toBe('7gyGAp71YXQRoxmFBaHxofQXAipvgHyBKPyxmdSJxyvz');
    expect(WRAPPED_DIGEST).toBe('6ws1bVyu3F8wGy1fPHhrc2v8UyWiGbRAAuek8SwikKPD');
    expect(fromBase58(DELETED_DIGEST)).toEqual(new Uint8Array(32).fill(0x63));
  });

  it('do not depend on the order of modules and dependencies', () => {
    const [one, two] = [Uint8Array.of(1), Uint8Array.of(2)];
    const ids = [`0x${'1'.repeat(64)}`, `0x${'2'.repeat(64)}`];
    expect(packageDigest([one, two], ids)).toEqual(packageDigest([two, one], ids.toReversed()));
    expect(packageDigest([one, two], ids)).not.toEqual(packageDigest([one], ids));
  });
});
