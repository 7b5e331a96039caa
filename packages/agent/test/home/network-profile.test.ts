import { expect, it } from 'vitest';
import { loadProfile, saveProfile, settingNames, type NetworkProfile } from '../../src/network-profile.ts';
import { createHome, reopen } from './homes.ts';

const profile: NetworkProfile = {
  name: 'testnet',
  rpcUrl: 'https://node.example',
  faucetUrl: null,
  chainId: '2304aa97',
  packageId: null,
  identityPackageId: null,
  allowLoopbackHttp: false,
};

it('issuers on this machine are asked without TLS where the home says so, or its network is here too', async () => {
  for (const allowLoopbackHttp of [true, false]) {
    const home = await createHome();
    saveProfile(home, { ...profile, allowLoopbackHttp });
    expect(loadProfile(await reopen(home))).toEqual({ ...profile, allowLoopbackHttp });
  }
  for (const [rpcUrl, allowLoopbackHttp] of [
    ['http://127.0.0.1:9000', true],
    ['https://node.example', false],
  ] as const) {
    const home = await createHome();
    saveProfile(home, { ...profile, rpcUrl });
    // As homes were before there was the setting.
    home.settings.set({ [settingNames.loopbackIssuers]: undefined });
    expect(loadProfile(home)).toMatchObject({ rpcUrl, allowLoopbackHttp });
  }
});
