/** The contract as each of our accounts sees it, once the node has shown that it serves the chain of our home. */
import type { IotaClient } from '@iota/iota-sdk/client';
import { MailboxClient, type TransactionQueue } from '@wotid/mailbox';
import { AgentError } from './errors.ts';
import { assertChain, type NetworkProfile } from './network-profile.ts';
import type { AccountName, Wallet } from './wallet.ts';

export interface ChainAccessInit {
  readonly client: IotaClient;
  readonly profile: NetworkProfile;
  readonly wallet: Wallet;
}

export class ChainAccess {
  readonly #init: ChainAccessInit;
  readonly #clients = new Map<AccountName, MailboxClient>();
  #checked: Promise<void> | undefined;

  constructor(init: ChainAccessInit) {
    this.#init = init;
  }

  /** The contract as one of our accounts. @throws AgentError `NO_MAILBOX` without a package, `WRONG_CHAIN`, `BAD_NETWORK` */
  async as(account: AccountName): Promise<MailboxClient> {
    const { profile, wallet } = this.#init;
    const { packageId } = profile;
    if (packageId === null) {
      throw new AgentError('NO_MAILBOX', 'this home knows no mailbox package', {
        hint: 'Make a home with wotid init --package ID; wotid deploy publishes one.',
      });
    }
    await this.#assertChain();
    let client = this.#clients.get(account);
    if (client === undefined) {
      client = new MailboxClient({ queue: wallet.queue(account), packageId });
      this.#clients.set(account, client);
    }
    return client;
  }

  /** The transactions of an account. @throws AgentError `WRONG_CHAIN`, `BAD_NETWORK` */
  async queue(account: AccountName): Promise<TransactionQueue> {
    await this.#assertChain();
    return this.#init.wallet.queue(account);
  }

  /** Once per opening. */
  #assertChain(): Promise<void> {
    const { client, profile } = this.#init;
    this.#checked ??= assertChain(client, profile).catch((error: unknown) => {
      this.#checked = undefined;
      throw error;
    });
    return this.#checked;
  }
}
