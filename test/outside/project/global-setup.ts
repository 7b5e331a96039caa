import { startLocalnet } from '@wotid/localnet';
import type { TestProject } from 'vitest/node';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const network = await startLocalnet({ port: 0, faucetPort: 0 });
  project.provide('rpcUrl', network.rpcUrl);
  project.provide('faucetUrl', network.faucetUrl);
  return () => network.stop();
}
