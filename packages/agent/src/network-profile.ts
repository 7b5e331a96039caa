/** Which network, which contract and which objects an agent uses: settings of its home. */
import { createIotaClient } from '@wotid/mailbox';
import type { IotaClient } from '@iota/iota-sdk/client';
import { isValidIotaObjectId } from '@iota/iota-sdk/utils';
import { errorText, isWotError } from '@wotid/core';
import { isLoopbackUrl } from '@wotid/credential';
import { didNetworkOf, type DidNetwork } from '@wotid/did-iota';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';

/** Names of the settings. */
export const settingNames = {
  network: 'network.name',
  rpcUrl: 'network.rpc',
  faucetUrl: 'network.faucet',
  chainId: 'network.chain-id',
  packageId: 'mailbox.package',
  identityPackageId: 'identity.package',
  loopbackIssuers: 'issuers.loopback',
  didMethod: 'identity.method',
  did: 'identity.did',
  publishedDocument: 'identity.published',
  prekeysDue: 'identity.prekeys-due',
  mailboxId: 'mailbox.object',
  capId: 'mailbox.cap',
  prekeys: 'mailbox.prekeys',
  unpublishedPrekeys: 'mailbox.prekeys.unpublished',
  unpublishedUntil: 'mailbox.prekeys.unpublished-until',
  publishedPrekeys: 'mailbox.prekeys.published',
  prekeysPolicy: 'mailbox.prekeys.policy',
  minLevel: 'security.min-level',
  maxLevel: 'security.max-level',
  suites: 'security.suites',
  falcon: 'security.falcon',
  credential: 'credential',
  directoryUrl: 'directory.url',
  contactRecord: 'directory.record',
  uploadedPairs: 'directory.pairs',
  leaveCredential: 'directory.leave-credential',
  directoryOutcome: 'directory.outcome',
  signing: 'messages.signing',
  listen: 'transport.listen',
  addresses: 'transport.addresses',
} as const;

/** A network and the contract on it. */
export interface NetworkProfile {
  readonly name: string;
  readonly rpcUrl: string;
  readonly faucetUrl: string | null;
  /** First 4 bytes of the genesis checkpoint digest, 8 hex digits. */
  readonly chainId: string;
  /** The one publication of the mailbox contract that is believed; `null` in a home that only deploys. */
  readonly packageId: string | null;
  /** The identity package that is believed where IOTA has none of its own; `null` when none is known, or needed. */
  readonly identityPackageId: string | null;
  /** Issuers on this very machine are asked without TLS. */
  readonly allowLoopbackHttp: boolean;
}

/** A network as one names it; a network on this machine has its issuers here too, and no certificates. */
export type NetworkChoice = Omit<NetworkProfile, 'chainId' | 'identityPackageId' | 'allowLoopbackHttp'> &
  Partial<Pick<NetworkProfile, 'identityPackageId' | 'allowLoopbackHttp'>>;

/**
 * Asks the node which chain it serves, so that a home never talks to another one later.
 * @throws AgentError `BAD_NETWORK`
 */
export async function identifyNetwork(init: NetworkChoice): Promise<NetworkProfile> {
  const { identityPackageId = null, allowLoopbackHttp = isLoopbackUrl(init.rpcUrl) } = init;
  for (const id of [init.packageId, identityPackageId]) {
    if (id === null || isValidIotaObjectId(id)) continue;
    throw new AgentError('BAD_NETWORK', `${id} is not a package id`, { hint: 'It is 0x and 64 hex digits.' });
  }
  const chainId = await chainIdOf(createIotaClient(init.rpcUrl), init.rpcUrl);
  return { ...init, identityPackageId, allowLoopbackHttp, chainId };
}

/** @throws AgentError `WRONG_CHAIN` when the node serves another chain than the home was made for; `BAD_NETWORK` */
export async function assertChain(client: IotaClient, profile: NetworkProfile): Promise<void> {
  const chainId = await chainIdOf(client, profile.rpcUrl);
  if (chainId === profile.chainId) return;
  throw new AgentError(
    'WRONG_CHAIN',
    `the node at ${profile.rpcUrl} serves chain ${chainId}, not ${profile.chainId}`,
    {
      hint: 'An embedded network that was started anew is another chain: make a new home for it.',
      data: { found: chainId, expected: profile.chainId },
    },
  );
}

export function saveProfile(home: Home, profile: NetworkProfile): void {
  home.settings.set({
    [settingNames.network]: profile.name,
    [settingNames.rpcUrl]: profile.rpcUrl,
    [settingNames.faucetUrl]: profile.faucetUrl ?? undefined,
    [settingNames.chainId]: profile.chainId,
    [settingNames.packageId]: profile.packageId ?? undefined,
    [settingNames.identityPackageId]: profile.identityPackageId ?? undefined,
    [settingNames.loopbackIssuers]: profile.allowLoopbackHttp ? 'yes' : 'no',
  });
}

/** @throws AgentError `BAD_NETWORK` for a home without a network */
export function loadProfile(home: Home): NetworkProfile {
  const [name, rpcUrl, chainId] = [
    home.settings.get(settingNames.network),
    home.settings.get(settingNames.rpcUrl),
    home.settings.get(settingNames.chainId),
  ];
  if (name === undefined || rpcUrl === undefined || chainId === undefined) {
    throw new AgentError('BAD_NETWORK', 'this home was not set up completely', {
      hint: 'Make a new one: wotid init.',
    });
  }
  return {
    name,
    rpcUrl,
    chainId,
    faucetUrl: home.settings.get(settingNames.faucetUrl) ?? null,
    packageId: home.settings.get(settingNames.packageId) ?? null,
    identityPackageId: home.settings.get(settingNames.identityPackageId) ?? null,
    // Homes of before the setting have none.
    allowLoopbackHttp:
      (home.settings.get(settingNames.loopbackIssuers) ?? (isLoopbackUrl(rpcUrl) ? 'yes' : 'no')) === 'yes',
  };
}

/** Where DIDs of this network are; `null` when no identity package is known there. */
export function didNetworkOfProfile({ chainId, identityPackageId }: NetworkProfile): DidNetwork | null {
  try {
    return didNetworkOf(chainId, identityPackageId);
  } catch (error) {
    if (isWotError(error) && error.code === 'NO_PACKAGE') return null;
    throw error;
  }
}

async function chainIdOf(client: IotaClient, rpcUrl: string): Promise<string> {
  try {
    return await client.getChainIdentifier();
  } catch (error) {
    throw new AgentError('BAD_NETWORK', `no IOTA node answers at ${rpcUrl}: ${errorText(error)}`, {
      hint: 'Start one with wotid localnet, or name another network.',
      cause: error,
    });
  }
}
