import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { IotaClient } from '@iota/iota-sdk/client';
import {
  FaucetRateLimitError,
  getFaucetRequestStatus,
  requestIotaFromFaucet,
  requestIotaFromFaucetV0,
  requestIotaFromFaucetV1,
} from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { VirtualClock } from '@wotid/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLocalnet, type Localnet } from '../src/index.ts';
import { methods } from '../src/rpc/index.ts';

const free = { port: 0, faucetPort: 0 } as const;
const someone = `0x${'5a'.repeat(32)}`;

describe('the faucet', () => {
  it('pays through both forms of the SDK, by default as IOTA’s localnet does', async () => {
    await using net = await startLocalnet(free);
    const client = new IotaClient({ url: net.rpcUrl });
    const { transferredGasObjects } = await requestIotaFromFaucetV0({
      host: net.faucetUrl,
      recipient: someone,
    });
    expect(transferredGasObjects.map(({ amount }) => amount)).toEqual(
      Array.from({ length: 5 }, () => 200_000_000_000),
    );
    for (const { id, amount, transferTxDigest } of transferredGasObjects) {
      const { data } = await client.getObject({
        id,
        options: { showContent: true, showPreviousTransaction: true },
      });
      expect(data).toMatchObject({
        previousTransaction: transferTxDigest,
        content: { fields: { balance: String(amount) } },
      });
    }
    expect(await requestIotaFromFaucet({ host: net.faucetUrl, recipient: someone })).toBe(1_000_000_000_000);
    expect((await client.getBalance({ owner: someone })).totalBalance).toBe('2000000000000');
    const { task } = await requestIotaFromFaucetV1({ host: net.faucetUrl, recipient: '0x5' });
    const { status } = await getFaucetRequestStatus({ host: net.faucetUrl, taskId: task as string });
    expect(status).toMatchObject({ status: 'SUCCEEDED', transferred_gas_objects: { sent: { length: 5 } } });
  });

  it('pays what it is told to pay, and refuses what it cannot', async () => {
    await using net = await startLocalnet({ ...free, faucetAmounts: [3n, 4n] });
    const paid = await requestIotaFromFaucetV0({ host: net.faucetUrl, recipient: someone });
    expect(paid.transferredGasObjects.map(({ amount }) => amount).sort()).toEqual([3, 4]);
    await expect(requestIotaFromFaucetV0({ host: net.faucetUrl, recipient: 'nobody' })).rejects.toThrow(
      /recipient/,
    );
    await expect(getFaucetRequestStatus({ host: net.faucetUrl, taskId: 'x' })).rejects.toThrow(
      /no such task/,
    );
    for (const body of [
      '',
      '{}',
      '[]',
      '{"FixedAmountRequest":{}}',
      '{"FixedAmountRequest":5}',
      'x'.repeat(5_000),
    ]) {
      for (const path of ['/gas', '/v1/gas']) {
        const answer = await fetch(`${net.faucetUrl}${path}`, { method: 'POST', body });
        expect([400, 413]).toContain(answer.status);
        expect(await answer.json()).toHaveProperty('error', expect.any(String));
      }
    }
    expect(await (await fetch(net.faucetUrl)).text()).toBe('OK');
  });

  it('says that it is dry, and that it is asked too often', async () => {
    await using dry = await startLocalnet({ ...free, faucetSupply: 1_000_000_000n });
    await expect(requestIotaFromFaucetV0({ host: dry.faucetUrl, recipient: someone })).rejects.toThrow(
      /Faucet does not have enough balance/,
    );
    const answer = await fetch(`${dry.faucetUrl}/v1/gas`, {
      method: 'POST',
      body: JSON.stringify({ FixedAmountRequest: { recipient: someone } }),
    });
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ task: null, code: 'FAUCET_EMPTY' });

    const clock = new VirtualClock();
    await using net = await startLocalnet({ ...free, clock, faucetRequestsPerSecond: 1 });
    const ask = (): Promise<unknown> => requestIotaFromFaucetV0({ host: net.faucetUrl, recipient: someone });
    await ask();
    await expect(ask()).rejects.toThrow(FaucetRateLimitError);
    clock.advance(1_000);
    await ask();
  });
});

describe('starting and stopping', () => {
  it('is the same network again with the same seed and clock, and another one otherwise', async () => {
    const run = async (seed?: string): Promise<readonly string[]> => {
      await using net = await startLocalnet({
        ...free,
        clock: new VirtualClock(),
        ...(seed !== undefined && { seed }),
      });
      const { transferredGasObjects } = await requestIotaFromFaucetV0({
        host: net.faucetUrl,
        recipient: someone,
      });
      return [net.chainId, ...transferredGasObjects.map(({ id }) => id)];
    };
    expect(await run('a')).toEqual(await run('a'));
    expect(await run('a')).not.toEqual(await run('b'));
    expect((await run())[0]).not.toBe((await run())[0]);
  });

  it('frees its ports, may be stopped twice and by a signal, and leaves nothing behind when it cannot start', async () => {
    const controller = new AbortController();
    const net = await startLocalnet({ ...free, signal: controller.signal });
    const [rpcPort, faucetPort] = [net.rpcUrl, net.faucetUrl].map((url) => Number(new URL(url).port));
    await expect(startLocalnet({ port: 0, faucetPort: faucetPort as number })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
    controller.abort();
    await net.stop();
    await net.stop();
    await expect(fetch(net.rpcUrl)).rejects.toThrow();
    await using again = await startLocalnet({ port: rpcPort as number, faucetPort: faucetPort as number });
    expect(again.rpcUrl).toBe(net.rpcUrl);
    await expect(startLocalnet({ ...free, signal: controller.signal })).rejects.toThrow();
    await expect(startLocalnet({ ...free, faucetAmounts: [] })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
  });
});

describe('a network in a directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wotid-localnet-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is there again after a stop, to the digest, and is one network at a time', async () => {
    const init = { ...free, directory, seed: 'a', startTimeMs: Date.UTC(2026, 0, 1) };
    const pay = (net: Localnet) =>
      requestIotaFromFaucetV0({ host: net.faucetUrl, recipient: someone }).then(
        ({ transferredGasObjects }) => transferredGasObjects[0]!.transferTxDigest,
      );
    const seen: string[] = [];
    for (const _ of [1, 2]) {
      await using net = await startLocalnet(init);
      seen.push(await pay(net));
      await expect(startLocalnet(init)).rejects.toMatchObject({ name: 'DatabaseError', code: 'IN_USE' });
    }
    await using net = await startLocalnet(init);
    const client = new IotaClient({ url: net.rpcUrl });
    expect((await client.multiGetTransactionBlocks({ digests: seen })).map(({ digest }) => digest)).toEqual(
      seen,
    );
    expect((await client.getBalance({ owner: someone })).totalBalance).toBe('2000000000000');

    await using other = await startLocalnet({ ...free, seed: 'a', startTimeMs: init.startTimeMs });
    expect(other.chainId).toBe(net.chainId);
    expect([await pay(other), await pay(other)]).toEqual(seen);
    expect(other.ledger.stateRoot()).toBe(net.ledger.stateRoot());
  });

  it('lets go of the directory when it cannot listen', async () => {
    await using busy = await startLocalnet(free);
    const port = Number(new URL(busy.rpcUrl).port);
    await expect(startLocalnet({ ...free, directory, port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await using net = await startLocalnet({ ...free, directory });
    expect(net.ledger.latestCheckpoint).toBe(0n);
  });
});

describe('a network under test', () => {
  it('goes back to a snapshot, and nothing that it answered since is true any more', async () => {
    await using net = await startLocalnet(free);
    const client = new IotaClient({ url: net.rpcUrl });
    const pay = () => requestIotaFromFaucetV0({ host: net.faucetUrl, recipient: someone });
    await pay();
    const snapshot = net.snapshot();
    const before = await client.getAllCoins({ owner: someone });
    const later = (await pay()).transferredGasObjects[0]!;
    net.advanceEpoch();
    expect((await client.getLatestIotaSystemState()).epoch).toBe('1');
    net.revert(snapshot);
    expect(await client.getAllCoins({ owner: someone })).toEqual(before);
    expect((await client.getObject({ id: later.id })).error).toMatchObject({ code: 'notExists' });
    await expect(client.getTransactionBlock({ digest: later.transferTxDigest })).rejects.toThrow(
      /Could not find/,
    );
    expect((await client.getLatestIotaSystemState()).epoch).toBe('0');
    await pay();
    expect((await client.getBalance({ owner: someone })).totalBalance).toBe('2000000000000');
  });
});

describe('hostile calls', () => {
  it('answers any parameters of any method with JSON-RPC, and stays up', async () => {
    await using net = await startLocalnet(free);
    const keypair = Ed25519Keypair.generate();
    const { transferredGasObjects } = await requestIotaFromFaucetV0({
      host: net.faucetUrl,
      recipient: keypair.toIotaAddress(),
    });
    const known = fc.constantFrom(
      transferredGasObjects[0]?.id,
      transferredGasObjects[0]?.transferTxDigest,
      keypair.toIotaAddress(),
      '0x2',
      '0x6',
      'coin',
      'Coin',
      '0x2::coin::Coin<0x2::iota::IOTA>',
      'AAAA',
      { MatchAll: [] },
      { All: [] },
      { filter: null, options: {} },
      { type: 'u8', value: 1 },
      { showContent: true, showBcs: true, showDisplay: true },
      { showEffects: true, showInput: true, showEvents: true, showBalanceChanges: true },
    );
    const parameter = fc.oneof({ weight: 3, arbitrary: known }, { weight: 1, arbitrary: fc.jsonValue() });
    const names = fc.constantFrom(...Object.keys(methods));
    await fc.assert(
      fc.asyncProperty(
        names,
        fc.oneof(fc.array(parameter, { maxLength: 4 }), fc.jsonValue()),
        async (method, params) => {
          const answer = await fetch(net.rpcUrl, {
            method: 'POST',
            body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
          });
          expect(answer.status).toBe(200);
          const json = (await answer.json()) as { error?: { code: number; message: string } };
          expect(json).toMatchObject({ jsonrpc: '2.0', id: 1 });
          expect(json.error?.code, JSON.stringify([method, params, json])).not.toBe(-32603);
        },
      ),
      { numRuns: 400 },
    );
    const client = new IotaClient({ url: net.rpcUrl });
    expect(await client.getChainIdentifier()).toBe(net.chainId);
  });

  it('answers any body', async () => {
    await using net = await startLocalnet(free);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
        async (body) => {
          const answer = await fetch(net.rpcUrl, { method: 'POST', body });
          expect([200, 204]).toContain(answer.status);
        },
      ),
      { numRuns: 60 },
    );
  });
});
