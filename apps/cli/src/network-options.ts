import type { IotaNetwork } from '@wotid/mailbox';
import type { Command } from 'commander';

/** Options that name an IOTA network. */
export interface NetworkOptions {
  readonly network: string;
  readonly faucet?: string;
}

export function addNetworkOptions(command: Command): Command {
  return command
    .option('--network <name|url>', 'localnet, devnet, testnet, mainnet, or the URL of a node', 'localnet')
    .option('--faucet <url>', 'the faucet of that network (default: the one the SDK knows)');
}

/** The endpoints of a named network as the SDK knows them, or of a node by its URL. @throws MailboxError `UNKNOWN_NETWORK` */
export async function networkOf(options: NetworkOptions): Promise<IotaNetwork> {
  const { resolveNetwork } = await import('@wotid/mailbox');
  return resolveNetwork(options.network, options.faucet);
}
