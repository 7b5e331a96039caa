import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startLocalnet } from '@wotid/localnet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIotaClient, TransactionQueue, type ExecutedTransaction } from '../src/index.ts';
import { makeQueue, type Network } from './network.ts';

let network: Network;
beforeAll(async () => {
  network = await startLocalnet({ port: 0, faucetPort: 0, lockConflicts: true });
});
afterAll(() => network?.stop());

const receiver = `0x${'5'.repeat(64)}`;
const pay = (queue: TransactionQueue, nanos: bigint, signal?: AbortSignal): Promise<ExecutedTransaction> =>
  queue.execute((tx) => {
    tx.transferObjects([tx.splitCoins(tx.gas, [nanos])], receiver);
  }, signal);

async function received(): Promise<bigint> {
  return BigInt((await createIotaClient(network.rpcUrl).getBalance({ owner: receiver })).totalBalance);
}

describe('a transaction queue', () => {
  it('executes what comes at once one after the other, from the same coin', async () => {
    const queue = await makeQueue(network);
    const [before, balance] = [await received(), await queue.balanceNanos()];
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, index) => pay(queue, BigInt(index + 1))),
    );
    expect(new Set(results.map((result) => result.digest)).size).toBe(12);
    const gasVersions = results.map((result) => Number(result.response.effects!.gasObject.reference.version));
    expect(gasVersions).toEqual(gasVersions.toSorted((left, right) => left - right));
    expect((await received()) - before).toBe(78n);
    const net = results.reduce((sum, result) => sum + result.gas.netNanos, 0n);
    expect(await queue.balanceNanos()).toBe(balance - net - 78n);
  });

  it('goes on after a failure', async () => {
    const queue = await makeQueue(network);
    const results = await Promise.allSettled([
      pay(queue, 1n),
      queue.execute((tx) => void tx.moveCall({ target: '0x2::clock::no_such_function' })),
      queue.execute(() => Promise.reject(new Error('ours'))),
      pay(queue, 2n),
    ]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
  });

  it('says how much is missing, and where', async () => {
    const queue = new TransactionQueue({
      client: createIotaClient(network.rpcUrl),
      signer: new Ed25519Keypair(),
    });
    await expect(pay(queue, 1n)).rejects.toMatchObject({
      code: 'NO_GAS',
      hint: expect.stringContaining(queue.address),
      data: { address: queue.address, balanceNanos: 0n, neededNanos: expect.any(BigInt) },
    });
  });

  it('pays with several coins when one is not enough', async () => {
    const rich = await makeQueue(network);
    const poor = new TransactionQueue({
      client: createIotaClient(network.rpcUrl),
      signer: new Ed25519Keypair(),
    });
    await rich.execute((tx) => {
      const coins = tx.splitCoins(
        tx.gas,
        Array.from({ length: 60 }, () => 100_000n),
      );
      tx.transferObjects(
        Array.from({ length: 60 }, (_, index) => coins[index]!),
        poor.address,
      );
    });
    // 60 coins of 100,000 NANOS: the dearest transaction needs more than 50, which is more than one page.
    const result = await poor.execute((tx) => {
      tx.transferObjects([tx.splitCoins(tx.gas, [1_000_000n])], receiver);
    });
    expect(result.response.effects!.deleted!.length).toBeGreaterThan(30);
  });

  it('takes more coins for what is split from the gas coin', async () => {
    const rich = await makeQueue(network);
    const poor = new TransactionQueue({
      client: createIotaClient(network.rpcUrl),
      signer: new Ed25519Keypair(),
    });
    await rich.execute((tx) => {
      const coins = tx.splitCoins(tx.gas, [50_000_000n, 50_000_000n]);
      tx.transferObjects([coins[0]!, coins[1]!], poor.address);
    });
    const before = await received();
    await pay(poor, 70_000_000n);
    expect((await received()) - before).toBe(70_000_000n);
    await expect(pay(poor, 70_000_000n)).rejects.toMatchObject({ code: 'NO_GAS' });
  });

  it('rebuilds a transaction whose coin was spent behind its back', async () => {
    const keypair = new Ed25519Keypair();
    const client = createIotaClient(network.rpcUrl);
    const queue = new TransactionQueue({ client, signer: keypair });
    const rival = new TransactionQueue({ client, signer: keypair });
    const rich = await makeQueue(network);
    await rich.execute((tx) => {
      tx.transferObjects([tx.splitCoins(tx.gas, [500_000_000n])], queue.address);
    });
    const [coin] = (await client.getCoins({ owner: queue.address })).data;
    let attempts = 0;
    const before = await received();
    await queue.execute(async (tx) => {
      attempts += 1;
      // A reference that is stale by the time it is used.
      if (attempts === 1) {
        tx.setGasPayment([{ objectId: coin!.coinObjectId, version: coin!.version, digest: coin!.digest }]);
        await pay(rival, 7n);
      }
      tx.transferObjects([tx.splitCoins(tx.gas, [1n])], receiver);
    });
    expect(attempts).toBe(2);
    expect((await received()) - before).toBe(8n);
  });

  it('spends from another coin when one has been locked by a conflict', async () => {
    // Two programs with one key, which is what queues cannot see: the network locks the coin that both spent.
    const keypair = new Ed25519Keypair();
    const queue = await makeQueue(network, { signer: keypair });
    const rival = new TransactionQueue({ client: queue.client, signer: keypair });
    const before = await received();
    const results = await Promise.allSettled([pay(queue, 1n), pay(rival, 2n)]);
    let paid = 0n;
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') paid += 2n ** BigInt(index);
      else expect(result.reason).toMatchObject({ code: 'OBJECT_RACE' });
    }
    expect((await received()) - before).toBe(paid);
    await pay(queue, 4n);
    expect((await received()) - before).toBe(paid + 4n);
  });

  it('merges the coins of an address that has too many', async () => {
    const queue = await makeQueue(network);
    await queue.execute((tx) => {
      const amounts = Array.from({ length: 140 }, () => 1_000n);
      const coins = tx.splitCoins(tx.gas, amounts);
      tx.transferObjects(
        amounts.map((_, index) => coins[index]!),
        queue.address,
      );
    });
    await queue.execute((tx) => void tx.moveCall({ target: '0x1::vector::empty', typeArguments: ['u8'] }));
    const { data, hasNextPage } = await queue.client.getCoins({ owner: queue.address });
    expect({ coins: data.length, hasNextPage }).toEqual({ coins: 140 + 5 - 127, hasNextPage: false });
  });

  it('ends with the reason of its signal, before anything is sent', async () => {
    const queue = await makeQueue(network);
    const before = await queue.balanceNanos();
    const reason = new Error('changed my mind');
    await expect(pay(queue, 1n, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(await queue.balanceNanos()).toBe(before);
    await pay(queue, 1n);
  });
});

describe('a node that loses answers', () => {
  /** Forwards to the network; swallows the answers of the next `losing` executions. */
  let proxy: Server;
  let losing = 0;
  /** Executions that never reach the network. */
  let dropping = 0;
  let executions = 0;

  beforeAll(async () => {
    const target = new URL(network.rpcUrl);
    proxy = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const body = Buffer.concat(chunks);
        const executes = body.includes('iota_executeTransactionBlock');
        if (executes) executions += 1;
        if (executes && dropping > 0) {
          dropping -= 1;
          outgoing.destroy();
          return;
        }
        const { 'content-length': _length, host: _host, ...headers } = incoming.headers;
        const forwarded = request(target, { method: 'POST', headers }, (answer) => {
          if (executes && losing > 0) {
            losing -= 1;
            answer.resume();
            outgoing.destroy();
            return;
          }
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        });
        forwarded.end(body);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });

  const throughProxy = (): Promise<TransactionQueue> =>
    makeQueue(network, {
      settlePauseMs: 10,
      rpcUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    });

  it('makes no payment twice: the same bytes are sent again', async () => {
    const queue = await throughProxy();
    const before = await received();
    [losing, executions] = [2, 0];
    await pay(queue, 11n);
    expect(executions).toBe(3);
    expect((await received()) - before).toBe(11n);
  });

  it('for good leaves the fate open, and the next transaction settles it first', async () => {
    const queue = await throughProxy();
    const before = await received();
    dropping = 5;
    await expect(pay(queue, 13n)).rejects.toMatchObject({
      code: 'RPC_UNREACHABLE',
      data: { outcome: 'unknown', digest: expect.any(String) },
    });
    expect(dropping).toBe(0);
    expect((await received()) - before).toBe(0n);
    // It was signed, so anybody on the way may still submit it: it is never just replaced.
    await pay(queue, 17n);
    expect((await received()) - before).toBe(30n);
  });
});
