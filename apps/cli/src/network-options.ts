import { getAllNetworks } from '@iota/iota-sdk/client';
import type { Command } from 'commander';
import { UsageError } from './usage-error.ts';

/** Options that name an IOTA network. */
export interface NetworkOptions {
  readonly network: string;
  readonly faucet?: string;
}

/** A network by its two endpoints. */
export interface NetworkEndpoints {
  /** `localnet`, `devnet`, `testnet`, `mainnet`, or the URL itself. */
  readonly name: string;
  readonly rpcUrl: string;
  readonly faucetUrl: string | null;
}

export function addNetworkOptions(command: Command): Command {
  return command
    .option('--network <name|url>', 'localnet, devnet, testnet, mainnet, or the URL of a node', 'localnet')
    .option('--faucet <url>', 'the faucet of that network (default: the one the SDK knows)');
}

/**
 * The endpoints of a named network as the SDK knows them, or of a node by its URL.
 * @throws UsageError when it is neither
 */
export function networkOf(options: NetworkOptions): NetworkEndpoints {
  const known = Object.hasOwn(getAllNetworks(), options.network)
    ? getAllNetworks()[options.network]
    : undefined;
  if (known !== undefined) {
    return { name: options.network, rpcUrl: known.url, faucetUrl: options.faucet ?? known.faucet ?? null };
  }
  return { name: options.network, rpcUrl: httpUrl(options.network), faucetUrl: options.faucet ?? null };
}

function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UsageError(
      `${text} is neither a known network (${Object.keys(getAllNetworks()).join(', ')}) nor a URL`,
    );
  }
  return text;
}
