import {
  encodeIdentityBlock,
  NodeProvider,
  signHybrid,
  verifyHybrid,
  importIdentityVerifyingKeys,
} from '@wotid/crypto';
import { utf8 } from '@wotid/core';
import { expect, it } from 'vitest';
import { createIdentity, loadIdentity } from '../../src/identity.ts';
import { createHome, reopen } from './homes.ts';

const provider = new NodeProvider();

it.each([false, true])('an identity comes back from its home (with a Falcon key: %s)', async (falcon) => {
  let home = await createHome();
  const made = createIdentity(provider, home.vault, { falcon });
  home = await reopen(home);
  const loaded = loadIdentity(provider, home.vault);
  expect(encodeIdentityBlock(loaded.block)).toEqual(encodeIdentityBlock(made.block));
  expect(loaded.idFp).toEqual(made.idFp);
  expect(loaded.block.falcon1024?.length).toBe(falcon ? 1793 : undefined);
  // ML-DSA-87 is always there, whatever the owner added.
  const algorithms = falcon ? ([1, 2, 3] as const) : ([1, 3] as const);
  using theirs = importIdentityVerifyingKeys(provider, made.block);
  for (const algorithm of algorithms) {
    const signature = signHybrid(provider, loaded.keys, 'card', utf8('x'), algorithm);
    expect(verifyHybrid(provider, theirs, 'card', utf8('x'), signature, [algorithm])).toBe(true);
  }
});
