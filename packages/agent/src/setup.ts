/** Making a home, and publishing the contract from one. */
import { NodeProvider, wipe, type PassphraseCost } from '@wotid/crypto';
import {
  createIotaClient,
  publishMailboxPackage,
  TransactionQueue,
  type PublishedPackage,
} from '@wotid/mailbox';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { Home } from './home/home.ts';
import { secretNames } from './home/vault.ts';
import { createIdentity, requireSecret } from './identity.ts';
import {
  identifyNetwork,
  loadProfile,
  saveProfile,
  assertChain,
  type NetworkProfile,
} from './network-profile.ts';
import { gasCost } from './own-mailbox.ts';
import type { GasCost } from './types.ts';
import { accountAddress } from './wallet.ts';

export interface CreateHomeInit {
  readonly dir: string;
  readonly passphrase: string;
  readonly network: Omit<NetworkProfile, 'chainId'>;
  /** Work of guessing the passphrase; default that of the crypto layer. */
  readonly cost?: PassphraseCost;
  /** Also makes a Falcon-1024 key, for shorter signatures towards peers whose policy takes them. Default false. */
  readonly falcon?: boolean;
}

/** What a new home is. */
export interface CreatedHome {
  readonly did: string;
  readonly chainId: string;
  readonly packageId: string | null;
  readonly accounts: { readonly owner: string; readonly postage: string };
}

/**
 * Makes a home with new keys, all sealed under the passphrase, for one network.
 * @throws AgentError `BAD_NETWORK` before anything is written; HomeError `HOME_EXISTS`, `HOME_IO`
 */
export async function createHome(init: CreateHomeInit): Promise<CreatedHome> {
  const profile = await identifyNetwork(init.network);
  const { dir, passphrase, cost } = init;
  const home = await Home.create({ dir, passphrase, ...(cost === undefined ? {} : { cost }) });
  try {
    const { block, keys } = createIdentity(new NodeProvider(), home.vault, { falcon: init.falcon === true });
    keys[Symbol.dispose]();
    saveProfile(home, profile);
    const accounts = {
      owner: addressOf(home, secretNames.ownerAccount),
      postage: addressOf(home, secretNames.postageAccount),
    };
    return { did: block.did, chainId: profile.chainId, packageId: profile.packageId, accounts };
  } finally {
    home.close();
  }
}

/**
 * Publishes the compiled mailbox contract, paid by the owner account of `home`.
 * @throws AgentError `WRONG_CHAIN`, `BAD_NETWORK`; MailboxError
 */
export async function deployMailbox(init: {
  readonly home: Home;
  readonly compiled: { readonly modules: readonly string[]; readonly dependencies: readonly string[] };
  readonly upgradeable: boolean;
}): Promise<
  Omit<PublishedPackage, 'gas'> &
    Pick<NetworkProfile, 'chainId'> & { readonly gas: GasCost; readonly network: string }
> {
  const { home, compiled, upgradeable } = init;
  const profile = loadProfile(home);
  const client = createIotaClient(profile.rpcUrl);
  await assertChain(client, profile);
  const seed = requireSecret(home.vault, secretNames.ownerAccount);
  const queue = new TransactionQueue({ client, signer: Ed25519Keypair.fromSecretKey(seed) });
  wipe(seed);
  const { gas, ...published } = await publishMailboxPackage({ queue, ...compiled, upgradeable });
  return { ...published, gas: gasCost(gas), network: profile.name, chainId: profile.chainId };
}

function addressOf(home: Home, secretName: string): string {
  const seed = requireSecret(home.vault, secretName);
  try {
    return accountAddress(seed);
  } finally {
    wipe(seed);
  }
}
