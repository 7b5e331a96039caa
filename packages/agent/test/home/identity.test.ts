import {
  encodeIdentityBlock,
  NodeProvider,
  signHybrid,
  verifyHybrid,
  importIdentityVerifyingKeys,
} from '@wotid/crypto';
import { utf8 } from '@wotid/core';
import { expect, it } from 'vitest';
import { didJwkOf } from '@wotid/credential';
import { defaultSecurityPolicy } from '@wotid/session';
import { createIdentity, LiveIdentity } from '../../src/identity.ts';
import { settingNames } from '../../src/network-profile.ts';
import { changedPolicy, loadSecurityPolicy, saveSecurityPolicy } from '../../src/security-settings.ts';
import { createHome, reopen } from './homes.ts';

const provider = new NodeProvider();

it.each([false, true])('an identity comes back from its home (with a Falcon key: %s)', async (falcon) => {
  let home = await createHome();
  const did = createIdentity(provider, home, { falcon, didMethod: 'jwk' });
  const made = LiveIdentity.load(provider, home);
  expect(made.did).toBe(did);
  home = await reopen(home);
  const loaded = LiveIdentity.load(provider, home);
  expect(encodeIdentityBlock(loaded.block)).toEqual(encodeIdentityBlock(made.block));
  expect(loaded.idFp).toEqual(made.idFp);
  expect(loaded.block.falcon1024?.length).toBe(falcon ? 1793 : undefined);
  // Who asks for the key wants it to count; who does not has it count for nobody. Homes say nothing of it before their
  // owner does: those with a key that are older than the setting get signatures by others that must count.
  expect(home.settings.get(settingNames.falcon)).toBeUndefined();
  const policy = loadSecurityPolicy(home, loaded.block);
  expect(policy.falcon).toBe(falcon);
  saveSecurityPolicy(home, changedPolicy(policy, { falcon: false }, loaded.block));
  expect(loadSecurityPolicy(home, loaded.block)).toEqual(defaultSecurityPolicy);
  // ML-DSA-87 is always there, whatever the owner added.
  const algorithms = falcon ? ([1, 2, 3] as const) : ([1, 3] as const);
  using theirs = importIdentityVerifyingKeys(provider, made.block);
  for (const algorithm of algorithms) {
    const signature = signHybrid(provider, loaded.keys, 'card', utf8('x'), algorithm);
    expect(verifyHybrid(provider, theirs, 'card', utf8('x'), signature, [algorithm])).toBe(true);
  }
});

it('has no DID before it is published, and the published one afterwards', async () => {
  let home = await createHome();
  expect(createIdentity(provider, home, { didMethod: 'iota' })).toBeNull();
  const ours = LiveIdentity.load(provider, home);
  expect(ours.did).toBeNull();
  expect(() => ours.requireDid()).toThrow(expect.objectContaining({ code: 'NO_DID' }));
  const did = `did:iota:0badcafe:0x${'ab'.repeat(32)}`;
  const before = ours.idFp;
  ours.publishedAs(did);
  expect(ours.requireDid()).toBe(did);
  // The block names the DID, so it is another block.
  expect(ours.idFp).not.toEqual(before);
  home.settings.set({ [settingNames.did]: did });
  home = await reopen(home);
  expect(LiveIdentity.load(provider, home).idFp).toEqual(ours.idFp);
});

it('of a home that was made before there was a choice is the did:jwk of its key', async () => {
  const home = await createHome();
  createIdentity(provider, home, { didMethod: 'iota' });
  home.settings.set({ [settingNames.didMethod]: undefined });
  const { did, keys } = LiveIdentity.load(provider, home);
  expect(did).toBe(didJwkOf(keys.ed25519.publicKey));
});
