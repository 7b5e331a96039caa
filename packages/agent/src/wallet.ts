/**
 * The agent's two IOTA accounts. `owner` holds the mailbox cap, publishes prekeys and claims; `postage` pays for
 * messages left in other people's mailboxes. They are kept apart because a transaction shows its sender: whoever reads
 * the chain sees that the postage address wrote to a mailbox, and must not learn from that whose mailbox answers.
 * Funding one from the other links them; the faucet funds each by itself.
 */
import type { IotaClient } from '@iota/iota-sdk/client';
import { FaucetRateLimitError, requestIotaFromFaucet } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { isValidIotaAddress } from '@iota/iota-sdk/utils';
import { errorText } from '@wotid/core';
import { wipe } from '@wotid/crypto';
import { TransactionQueue } from '@wotid/mailbox';
import { AgentError } from './errors.ts';
import type { Home } from './home/home.ts';
import { secretNames } from './home/vault.ts';
import { requireSecret } from './identity.ts';
import type { NetworkProfile } from './network-profile.ts';

export type AccountName = 'owner' | 'postage';
export const accountNames: readonly AccountName[] = ['owner', 'postage'];

/** A faucet answers within a second or two; a busy public one may take some more. */
const faucetPollMs = 250;
const faucetAttempts = 80;
/** A faucet that has not paid by then is as good as down. */
const defaultFaucetTimeoutMs = 60_000;

/** Smallest transferable amount that leaves room for the transaction itself: its cost is taken from the gas coin. */
const transferGasNanos = 10_000_000n;

export interface WalletInit {
  readonly client: IotaClient;
  readonly faucetUrl: string | null;
  /** Wait for the faucet; default 60,000. */
  readonly faucetTimeoutMs?: number;
  /** 32-byte Ed25519 seeds; copied. */
  readonly seeds: Readonly<Record<AccountName, Uint8Array>>;
}

/** The IOTA address of an account's 32-byte Ed25519 seed: `0x` and 64 hex digits. */
export function accountAddress(seed: Uint8Array): string {
  return Ed25519Keypair.fromSecretKey(seed).toIotaAddress();
}

export class Wallet {
  readonly #client: IotaClient;
  readonly #faucetUrl: string | null;
  readonly #faucetTimeoutMs: number;
  readonly #queues: Readonly<Record<AccountName, TransactionQueue>>;

  constructor(init: WalletInit) {
    this.#client = init.client;
    this.#faucetUrl = init.faucetUrl;
    this.#faucetTimeoutMs = init.faucetTimeoutMs ?? defaultFaucetTimeoutMs;
    const { client, seeds } = init;
    const queueOf = (seed: Uint8Array): TransactionQueue =>
      new TransactionQueue({ client, signer: Ed25519Keypair.fromSecretKey(seed) });
    this.#queues = { owner: queueOf(seeds.owner), postage: queueOf(seeds.postage) };
  }

  /** The one queue of an account: whatever it signs goes through here, so that no two transactions use one coin. */
  queue(account: AccountName): TransactionQueue {
    return this.#queues[account];
  }

  /** `0x` and 64 hex digits. */
  address(account: AccountName): string {
    return this.#queues[account].address;
  }

  /** Balance in NANOS. @throws AgentError `RPC_FAILED` */
  async balance(account: AccountName): Promise<bigint> {
    try {
      return BigInt((await this.#client.getBalance({ owner: this.address(account) })).totalBalance);
    } catch (error) {
      throw rpcFailed('the balance', error);
    }
  }

  /**
   * Asks the network's faucet for coins.
   * @throws AgentError `NO_FAUCET` on a network without one, `FAUCET_FAILED` when it is dry, refuses or is down
   */
  async requestFunds(account: AccountName): Promise<bigint> {
    if (this.#faucetUrl === null) {
      throw new AgentError('NO_FAUCET', 'this network has no faucet', {
        hint: `Send IOTA to ${this.address(account)} from another wallet, or name a faucet with wotid init --faucet URL.`,
      });
    }
    try {
      const before = await this.balance(account);
      const paid = requestIotaFromFaucet({
        host: this.#faucetUrl,
        recipient: this.address(account),
        delayMs: faucetPollMs,
        maxAttempts: faucetAttempts,
      });
      await inTime(paid, this.#faucetTimeoutMs);
      return (await this.balance(account)) - before;
    } catch (error) {
      if (error instanceof AgentError) throw error;
      throw new AgentError('FAUCET_FAILED', `the faucet gave nothing: ${errorText(error)}`, {
        hint:
          error instanceof FaucetRateLimitError
            ? 'It limits requests: try again later.'
            : `Try again later, or send IOTA to ${this.address(account)} from another wallet.`,
        data: { faucet: this.#faucetUrl, address: this.address(account) },
        cause: error,
      });
    }
  }

  /**
   * Sends IOTA to another address.
   * @param amountNanos more than 0, or `all` for everything but the transaction's own cost
   * @returns the digest
   * @throws AgentError `BAD_ADDRESS`, `BAD_AMOUNT`, `INSUFFICIENT_FUNDS`, `RPC_FAILED`; MailboxError as the queue's
   */
  async withdraw(account: AccountName, to: string, amountNanos: bigint | 'all'): Promise<string> {
    if (!isValidIotaAddress(to)) {
      throw new AgentError('BAD_ADDRESS', `${to} is not an IOTA address`, {
        hint: 'It is 0x and 64 hex digits.',
      });
    }
    if (amountNanos !== 'all' && amountNanos <= 0n)
      throw new AgentError('BAD_AMOUNT', 'the amount must be above 0');
    const balance = await this.balance(account);
    const needed = amountNanos === 'all' ? transferGasNanos : amountNanos + transferGasNanos;
    if (balance < needed) {
      throw new AgentError(
        'INSUFFICIENT_FUNDS',
        `${needed} NANOS are needed, ${this.address(account)} has ${balance}`,
        {
          hint: 'Get more with wotid wallet faucet, or withdraw less.',
          data: { needed, balance },
        },
      );
    }
    const { digest } = await this.#queues[account].execute((transaction) => {
      if (amountNanos === 'all') transaction.transferObjects([transaction.gas], to);
      else transaction.transferObjects([transaction.splitCoins(transaction.gas, [amountNanos])], to);
    });
    return digest;
  }
}

/** The SDK's faucet calls take no signal: a late one is left to end by itself. */
async function inTime(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function rpcFailed(what: string, error: unknown): AgentError {
  return new AgentError('RPC_FAILED', `${what} did not work: ${errorText(error)}`, {
    hint: 'Check that the network runs and its URL is right (wotid status).',
    cause: error,
  });
}

/** The wallet of a home. @throws HomeError `HOME_CORRUPT` when a seed is missing */
export function openWallet(home: Home, client: IotaClient, profile: NetworkProfile): Wallet {
  const seeds = {
    owner: requireSecret(home.vault, secretNames.ownerAccount),
    postage: requireSecret(home.vault, secretNames.postageAccount),
  };
  try {
    return new Wallet({ client, faucetUrl: profile.faucetUrl, seeds });
  } finally {
    wipe(seeds.owner, seeds.postage);
  }
}
