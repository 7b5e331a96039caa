/** Making a home, and publishing the contract from one. */
import { NodeProvider, wipe, type PassphraseCost } from '@wotid/crypto';
import {
  createIotaClient,
  publishMailboxPackage,
  TransactionQueue,
  type PublishedPackage,
} from '@wotid/mailbox';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { isOfficialNetwork } from '@wotid/did-iota';
import { Home } from './home/home.ts';
import { secretNames } from './home/vault.ts';
import { createIdentity, requireSecret, type DidMethod } from './identity.ts';
import {
  identifyNetwork,
  loadProfile,
  saveProfile,
  assertChain,
  type NetworkChoice,
  type NetworkProfile,
} from './network-profile.ts';
import { gasCost } from './own-mailbox.ts';
import type { GasCost } from './types.ts';
import { accountAddress } from './wallet.ts';

export interface CreateHomeInit {
  readonly dir: string;
  readonly passphrase: string;
  readonly network: NetworkChoice;
  /** Default `iota`: a DID whose keys can change, published by `OwnDid.create`. */
  readonly didMethod?: DidMethod;
  /** Work of guessing the passphrase; default that of the crypto layer. */
  readonly cost?: PassphraseCost;
  /** Also makes a Falcon-1024 key, for shorter signatures towards peers whose policy takes them. Default false. */
  readonly falcon?: boolean;
}

/** What a new home is. */
export interface CreatedHome {
  /** `null` when it is yet to be published. */
  readonly did: string | null;
  readonly chainId: string;
  readonly packageId: string | null;
  readonly identityPackageId: string | null;
  readonly accounts: { readonly owner: string; readonly postage: string };
}

/**
 * Makes a home with new keys, all sealed under the passphrase, for one network.
 * @throws AgentError `BAD_NETWORK` before anything is written; HomeError `HOME_EXISTS`, `HOME_IO`
 */
export async function createHome(init: CreateHomeInit): Promise<CreatedHome> {
  const profile = await identifyNetwork(init.network);
  const { dir, passphrase, cost, didMethod = 'iota', falcon = false } = init;
  const home = await Home.create({ dir, passphrase, ...(cost === undefined ? {} : { cost }) });
  try {
    const did = createIdentity(new NodeProvider(), home, { didMethod, falcon });
    saveProfile(home, profile);
    const accounts = {
      owner: addressOf(home, secretNames.ownerAccount),
      postage: addressOf(home, secretNames.postageAccount),
    };
    const { chainId, packageId, identityPackageId } = profile;
    return { did, chainId, packageId, identityPackageId, accounts };
  } finally {
    home.close();
  }
}

/** Compiled modules, base64, and the ids of the packages that they depend on. */
export interface CompiledPackage {
  readonly modules: readonly string[];
  readonly dependencies: readonly string[];
}

/** A published package, and where. */
export type DeployedPackage = Omit<PublishedPackage, 'gas'> &
  Pick<NetworkProfile, 'chainId'> & { readonly gas: GasCost; readonly network: string };

/**
 * Publishes the compiled mailbox contract, paid by the owner account of `home`.
 * @throws AgentError `WRONG_CHAIN`, `BAD_NETWORK`; MailboxError
 */
export function deployMailbox(init: {
  readonly home: Home;
  readonly compiled: CompiledPackage;
  readonly upgradeable: boolean;
}): Promise<DeployedPackage> {
  return deploy(init.home, init.compiled, init.upgradeable);
}

/**
 * Publishes the compiled identity package on a network that has none of IOTA's, and notes it in the home.
 * @returns `null` on a network that has IOTA's own: nothing is published there
 * @throws as {@link deployMailbox}
 */
export async function deployIdentity(init: {
  readonly home: Home;
  readonly compiled: () => Promise<CompiledPackage>;
}): Promise<DeployedPackage | null> {
  const { home } = init;
  const profile = loadProfile(home);
  if (isOfficialNetwork(profile)) return null;
  const deployed = await deploy(home, await init.compiled(), false);
  saveProfile(home, { ...profile, identityPackageId: deployed.packageId });
  return deployed;
}

async function deploy(home: Home, compiled: CompiledPackage, upgradeable: boolean): Promise<DeployedPackage> {
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
