/** Speed and size of the embedded network, measured as its users meet it: through the SDK, over HTTP. */
import { fileURLToPath } from 'node:url';
import { IotaClient } from '@iota/iota-sdk/client';
import type { Transaction } from '@iota/iota-sdk/transactions';
import { buildMovePackage } from '@wotid/move-build';
import { alone, type Benchmark } from '@wotid/testkit';
import { Sender, sendsPerSecond, startProcess } from './network.ts';
import { bytesPerObject, vmMips } from './vm-and-memory.ts';

const SENDERS = 8;
const SENDS_PER_ROUND = 600;
const READS_PER_ROUND = 3_000;

/** Starting in a fresh process, as a test run does, up to the first answer over HTTP. */
const start = alone('localnet.start_ms', 'ms', async () => ({
  n: 1,
  async round() {
    await using network = await startProcess();
    return network.startMs;
  },
}));

/** Transactions a second over HTTP; building, signing and decoding of the answer are part of it. */
function sending(name: string, prepare: (sender: Sender) => Promise<(tx: Transaction) => void>): Benchmark {
  return alone(name, 'tx/s', async () => {
    const network = await startProcess();
    const client = new IotaClient({ url: network.rpcUrl });
    const senders = Array.from({ length: SENDERS }, () => new Sender(client));
    for (const sender of senders) await sender.fund(network.faucetUrl);
    const fill = await prepare(senders[0] as Sender);
    return {
      n: SENDS_PER_ROUND,
      round: () => sendsPerSecond(senders, SENDS_PER_ROUND, fill),
      [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
    };
  });
}

const someone = `0x${'5a'.repeat(32)}`;

const splitTransfer = sending('localnet.tx_per_s.split_transfer', async () => (tx) => {
  tx.transferObjects([tx.splitCoins(tx.gas, [1_000])], someone);
});

const mailboxSend = sending('localnet.tx_per_s.mailbox_send', async (sender) => {
  const directory = fileURLToPath(new URL('../../../move/mailbox', import.meta.url));
  const { modules, dependencies } = await buildMovePackage(directory);
  const { effects } = await sender.send((tx) => {
    tx.setGasBudget(1_000_000_000);
    const cap = tx.publish({ modules: [...modules], dependencies: [...dependencies] });
    tx.transferObjects([cap], sender.address);
  });
  const packageId = effects?.created?.find(({ owner }) => owner === 'Immutable')?.reference.objectId;
  if (packageId === undefined) throw new Error('the contract was not published');
  const payload = new Uint8Array(600).fill(7);
  return (tx) => {
    tx.moveCall({
      target: `${packageId}::mailbox::send_message`,
      arguments: [tx.pure.id(someone), tx.pure.vector('u8', payload)],
    });
  };
});

/** Object reads a second over HTTP, 16 at a time, with owner, content and type. */
const reads = alone('localnet.rpc_reads_per_s', 'reads/s', async () => {
  const network = await startProcess();
  const client = new IotaClient({ url: network.rpcUrl });
  const sender = new Sender(client);
  await sender.fund(network.faucetUrl);
  const { data } = await client.getCoins({ owner: sender.address });
  const ids = data.map(({ coinObjectId }) => coinObjectId);
  const options = { showContent: true, showOwner: true, showType: true };
  return {
    n: READS_PER_ROUND,
    async round() {
      const startMs = performance.now();
      let left = READS_PER_ROUND;
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          while (left-- > 0) await client.getObject({ id: ids[left % ids.length] as string, options });
        }),
      );
      return (READS_PER_ROUND * 1_000) / (performance.now() - startMs);
    },
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
  };
});

/** All of them. */
export const benchmarks: readonly Benchmark[] = [
  start,
  splitTransfer,
  mailboxSend,
  vmMips,
  reads,
  bytesPerObject,
];
