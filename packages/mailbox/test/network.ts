/** The embedded network with the contract published on it, and people with coins. */
import { requestIotaFromFaucet } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { fileURLToPath } from 'node:url';
import { startLocalnet } from '@wotid/localnet';
import { buildMovePackage } from '@wotid/move-build';
import {
  createIotaClient,
  MailboxClient,
  publishMailboxPackage,
  TransactionQueue,
  type PublishedPackage,
} from '../src/index.ts';

export type Network = Awaited<ReturnType<typeof startLocalnet>>;

/** Folder of the contract. */
export const mailboxDirectory: string = fileURLToPath(new URL('../../../move/mailbox', import.meta.url));

/** The queue of an address (a fresh one by default) with a coin from the faucet. */
export async function makeQueue(
  network: Network,
  init: { readonly signer?: Ed25519Keypair; readonly rpcUrl?: string; readonly settlePauseMs?: number } = {},
): Promise<TransactionQueue> {
  const { signer = new Ed25519Keypair(), rpcUrl = network.rpcUrl, ...settings } = init;
  const queue = new TransactionQueue({ client: createIotaClient(rpcUrl), signer, ...settings });
  await requestIotaFromFaucet({ host: network.faucetUrl, recipient: queue.address, delayMs: 20 });
  return queue;
}

/** A person with a coin and no mailbox. */
export async function makeClient(
  network: Network,
  packageId: string,
  signer: Ed25519Keypair = new Ed25519Keypair(),
): Promise<MailboxClient> {
  return new MailboxClient({ queue: await makeQueue(network, { signer }), packageId });
}

/** Compiles the contract and publishes it. */
export async function publishContract(
  queue: TransactionQueue,
  upgradeable = false,
): Promise<PublishedPackage> {
  const { modules, dependencies } = await buildMovePackage(mailboxDirectory);
  return publishMailboxPackage({ queue, modules, dependencies, upgradeable });
}
