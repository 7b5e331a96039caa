/** What the benchmarks share: a network in another process, and people who send through the SDK. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { IotaClient } from '@iota/iota-sdk/client';
import { requestIotaFromFaucet } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { Transaction } from '@iota/iota-sdk/transactions';

export interface NetworkProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly rpcUrl: string;
  readonly faucetUrl: string;
  /** What importing the package took, milliseconds. */
  readonly importMs: number;
  /** From the call that starts the network to the first answer over HTTP, milliseconds. */
  readonly startMs: number;
}

export async function startProcess(): Promise<NetworkProcess> {
  const script = fileURLToPath(new URL('network-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [...(process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? []), '--conditions=wot:source', script],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    ...(JSON.parse(line) as Pick<NetworkProcess, 'rpcUrl' | 'faucetUrl' | 'importMs' | 'startMs'>),
    child,
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit');
      child.stdin.end();
      await exit;
    },
  };
}

/** Somebody who pays from one coin, whose latest version they know from the effects. */
export class Sender {
  readonly client: IotaClient;
  readonly key: Ed25519Keypair = new Ed25519Keypair();
  readonly address: string = this.key.toIotaAddress();
  #gas: { objectId: string; version: string; digest: string } | undefined;

  constructor(client: IotaClient) {
    this.client = client;
  }

  async fund(faucetUrl: string): Promise<void> {
    await requestIotaFromFaucet({ host: faucetUrl, recipient: this.address, delayMs: 5 });
    const { data } = await this.client.getCoins({ owner: this.address });
    const [coin] = data;
    if (coin === undefined) throw new Error('the faucet paid nothing');
    this.#gas = { objectId: coin.coinObjectId, version: coin.version, digest: coin.digest };
  }

  /** Builds, signs and executes one transaction. */
  async send(fill: (tx: Transaction) => void): ReturnType<IotaClient['executeTransactionBlock']> {
    if (this.#gas === undefined) throw new Error('not funded');
    const tx = new Transaction();
    tx.setSender(this.address);
    tx.setGasPrice(1_000);
    tx.setGasBudget(50_000_000);
    tx.setGasPayment([this.#gas]);
    fill(tx);
    const bytes = await tx.build({ client: this.client });
    const { signature } = await this.key.signTransaction(bytes);
    const response = await this.client.executeTransactionBlock({
      transactionBlock: bytes,
      signature,
      options: { showEffects: true },
    });
    if (response.effects?.status.status !== 'success') throw new Error(response.effects?.status.error);
    this.#gas = response.effects.gasObject.reference;
    return response;
  }
}

/** Runs `count` sends spread over the senders, each sender one after the other. @returns sends a second */
export async function sendsPerSecond(
  senders: readonly Sender[],
  count: number,
  fill: (tx: Transaction) => void,
): Promise<number> {
  const startMs = performance.now();
  let left = count;
  await Promise.all(
    senders.map(async (sender) => {
      while (left-- > 0) await sender.send(fill);
    }),
  );
  return (count * 1_000) / (performance.now() - startMs);
}
