/** The SDK's own machinery, unmodified, as the judge: executors, coin selection, paging. */
import type { IotaClient, PaginatedCoins, PaginatedObjectsResponse } from '@iota/iota-sdk/client';
import { requestIotaFromFaucetV0 } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import {
  coinWithBalance,
  ParallelTransactionExecutor,
  SerialTransactionExecutor,
  Transaction,
} from '@iota/iota-sdk/transactions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './zoo.ts';

/** Long ago, and standing still: what the SDK reckons with its own clock must not matter. */
const startTimeMs = Date.UTC(2020, 0, 1);
const someone = `0x${'5a'.repeat(32)}`;

let world: World;
beforeAll(async () => {
  world = await startWorld({ startTimeMs, lockConflicts: true });
});
afterAll(() => world[Symbol.asyncDispose]());

const pay = (amount: number, to = someone): Transaction => {
  const tx = new Transaction();
  tx.transferObjects([tx.splitCoins(tx.gas, [amount])], to);
  return tx;
};

async function totalOf(client: IotaClient, owner: string): Promise<bigint> {
  return BigInt((await client.getBalance({ owner })).totalBalance);
}

describe('executors', () => {
  it('run 40 transactions at once from one account, none of which meets a locked coin', async () => {
    const { client, keypair } = world;
    const before = await totalOf(client, someone);
    const executor = new ParallelTransactionExecutor({ client, signer: keypair, maxPoolSize: 10 });
    const done = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        executor.executeTransaction(pay(index + 1), { showEffects: true }),
      ),
    );
    expect(done.map(({ data }) => data.effects?.status.status)).toEqual(done.map(() => 'success'));
    expect(new Set(done.map(({ digest }) => digest)).size).toBe(40);
    expect((await totalOf(client, someone)) - before).toBe(820n);
    await executor.waitForLastTransaction();
  });

  it('run one after the other, each on what the last one left', async () => {
    const { client, keypair } = world;
    const before = await totalOf(client, someone);
    const executor = new SerialTransactionExecutor({ client, signer: keypair });
    const done = await Promise.all([3, 4, 5].map((amount) => executor.executeTransaction(pay(amount))));
    expect(done).toHaveLength(3);
    expect((await totalOf(client, someone)) - before).toBe(12n);
  });
});

describe('coins', () => {
  it('are found, merged and split by the SDK to pay what no single coin holds', async () => {
    const { client, run, net, address } = world;
    const other = await fundedAccount(net.faucetUrl);
    const tx = new Transaction();
    // Five coins of 200 IOTA each: this takes four of them.
    tx.transferObjects([coinWithBalance({ balance: 700_000_000_000n, useGasCoin: false })], someone);
    const before = await totalOf(client, someone);
    await client.signAndExecuteTransaction({ transaction: tx, signer: other });
    expect((await totalOf(client, someone)) - before).toBe(700_000_000_000n);
    expect(
      (await run((one) => one.transferObjects([coinWithBalance({ balance: 5n })], address))).digest,
    ).toBeTruthy();
  });
});

describe('paging', () => {
  it('shows 1,000 objects once each, also while more come', async () => {
    const { client, net } = world;
    const owner = `0x${'77'.repeat(32)}`;
    for (let made = 0; made < 1_000; made += 250) {
      await net.ledger.faucet(
        owner,
        Array.from({ length: 250 }, () => 1_000n),
      );
    }
    const expected = [...net.ledger.ownedBy(owner)].map(({ id }) => id);
    expect(expected).toHaveLength(1_000);

    const objects: string[] = [];
    let page: PaginatedObjectsResponse | undefined;
    do {
      page = await client.getOwnedObjects({ owner, cursor: page?.nextCursor ?? null });
      objects.push(...page.data.map(({ data }) => data!.objectId));
      // A page may gain newcomers, and never loses or repeats what was there.
      await net.ledger.faucet(owner, [1n]);
    } while (page.hasNextPage);
    expect(new Set(objects).size).toBe(objects.length);
    expect(objects).toEqual(expect.arrayContaining(expected));

    const coins: string[] = [];
    let coinPage: PaginatedCoins | undefined;
    do {
      coinPage = await client.getCoins({ owner, cursor: coinPage?.nextCursor ?? null });
      coins.push(...coinPage.data.map(({ coinObjectId }) => coinObjectId));
    } while (coinPage.hasNextPage);
    expect(coins.toSorted()).toEqual([...net.ledger.ownedBy(owner)].map(({ id }) => id));
  });
});

describe('an epoch that ends', () => {
  it('is seen by the SDK: system state, checkpoint, transaction, and transactions of the next', async () => {
    const { client, net, keypair } = world;
    const before = await client.getCurrentEpoch();
    net.advanceClock(5_000);
    net.advanceEpoch();
    const last = await client.getLatestCheckpointSequenceNumber();
    const checkpoint = await client.getCheckpoint({ id: last });
    expect(checkpoint.endOfEpochData).toMatchObject({ nextEpochProtocolVersion: expect.any(String) });
    const [digest] = checkpoint.transactions as [string];
    const { transaction } = await client.getTransactionBlock({
      digest,
      options: { showInput: true, showEffects: true },
    });
    expect(transaction?.data.transaction).toEqual({
      kind: 'EndOfEpochTransaction',
      transactions: [
        {
          ChangeEpoch: {
            epoch: String(Number(before.epoch) + 1),
            computation_charge: checkpoint.epochRollingGasCostSummary.computationCost,
            storage_charge: checkpoint.epochRollingGasCostSummary.storageCost,
            storage_rebate: checkpoint.epochRollingGasCostSummary.storageRebate,
            epoch_start_timestamp_ms: checkpoint.timestampMs,
          },
        },
      ],
    });
    const state = await client.getLatestIotaSystemState();
    expect(state).toMatchObject({
      epoch: String(Number(before.epoch) + 1),
      epochStartTimestampMs: checkpoint.timestampMs,
    });
    expect(await client.getCurrentEpoch()).toMatchObject({
      firstCheckpointId: String(Number(last) + 1),
      epochTotalTransactions: '0',
    });
    const executor = new ParallelTransactionExecutor({ client, signer: keypair });
    expect((await executor.executeTransaction(pay(1))).digest).toBeTruthy();
  });
});

async function fundedAccount(faucetUrl: string): Promise<Ed25519Keypair> {
  const keypair = new Ed25519Keypair();
  await requestIotaFromFaucetV0({ host: faucetUrl, recipient: keypair.toIotaAddress() });
  return keypair;
}
