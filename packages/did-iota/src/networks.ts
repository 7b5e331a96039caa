/**
 * Which identity package is believed on which network. On IOTA's networks it is IOTA's; the library has the same table.
 * On any other it is the one that the caller names.
 */
import { isValidIotaObjectId } from '@iota/iota-sdk/utils';
import { DidIotaError } from './errors.ts';

/** A network with its identity package. */
export interface DidNetwork {
  /** First 4 bytes of the genesis checkpoint digest, 8 hex digits. */
  readonly chainId: string;
  /** What stands between `did:iota:` and the object id: a name of IOTA's or the chain id; `iota` is left out in DIDs. */
  readonly name: string;
  /** The package in which the types of identities were first published: 0x and 64 hex digits. */
  readonly packageId: string;
  readonly isOfficial: boolean;
}

/**
 * IOTA's networks by chain id. Source: `[env]` of identity_iota_core/packages/iota_identity/Move.lock, iotaledger/identity
 * (July 2026).
 */
const officialNetworks: Readonly<Record<string, Omit<DidNetwork, 'chainId' | 'isOfficial'>>> = {
  '6364aad5': {
    name: 'iota',
    packageId: '0x84cf5d12de2f9731a89bb519bc0c982a941b319a33abefdd5ed2054ad931de08',
  },
  '2304aa97': {
    name: 'testnet',
    packageId: '0x222741bbdff74b42df48a7b4733185e9b24becb8ccfbafe8eac864ab4e4cc555',
  },
  daf90477: {
    name: 'devnet',
    packageId: '0x8896ab04fe24c044c54925df3f8a7c383a8d1d6f6bbb95d1c57cfa94c75e520d',
  },
};

/** Names under which the SDK knows IOTA's networks; devnet may have a chain id that the table above does not know yet. */
const officialNames: ReadonlySet<string> = new Set(['mainnet', 'testnet', 'devnet']);

/**
 * The network of a chain.
 * @param packageId of the identity package where it is not one of IOTA's networks, else ignored
 * @throws DidIotaError `NO_PACKAGE`
 */
export function didNetworkOf(chainId: string, packageId: string | null): DidNetwork {
  const official = Object.hasOwn(officialNetworks, chainId) ? officialNetworks[chainId] : undefined;
  if (official !== undefined) return { chainId, ...official, isOfficial: true };
  if (packageId === null) {
    throw new DidIotaError('NO_PACKAGE', `no identity package is known on the network ${chainId}`, {
      hint: 'Publish one with wotid deploy, and name it with wotid init --identity-package ID.',
      data: { chainId },
    });
  }
  if (!/^[0-9a-f]{8}$/.test(chainId) || !isValidIotaObjectId(packageId)) {
    throw new DidIotaError('NO_PACKAGE', 'a chain id has 8 hex digits, a package id is 0x and 64 hex digits');
  }
  return { chainId, name: chainId, packageId, isOfficial: false };
}

/** Whether a network is one of IOTA's, which have IOTA's identity package: ours is never published there. */
export function isOfficialNetwork(network: { readonly chainId: string; readonly name: string }): boolean {
  return Object.hasOwn(officialNetworks, network.chainId) || officialNames.has(network.name);
}

/**
 * Checks that our own identity package may be published on a network.
 * @throws DidIotaError `OFFICIAL_NETWORK` on IOTA's networks, which have theirs
 */
export function assertMayPublish(network: { readonly chainId: string; readonly name: string }): void {
  if (!isOfficialNetwork(network)) return;
  throw new DidIotaError('OFFICIAL_NETWORK', `${network.name} has IOTA’s own identity package`, {
    hint: 'Nothing has to be published there: wotid did create uses IOTA’s.',
    data: { chainId: network.chainId },
  });
}
