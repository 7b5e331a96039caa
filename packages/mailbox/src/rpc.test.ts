import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MailboxReader } from './mailbox-reader.ts';
import { createIotaClient, resolveNetwork } from './rpc.ts';
import { TransactionQueue } from './transaction-queue.ts';

const id = `0x${'1'.repeat(64)}`;

describe('networks', () => {
  it('are known by name or given by URL', () => {
    expect(resolveNetwork('localnet')).toEqual({
      name: 'localnet',
      rpcUrl: 'http://localhost:9000',
      faucetUrl: 'http://localhost:9123',
    });
    expect(resolveNetwork('testnet').rpcUrl).toMatch(/^https:/);
    expect(resolveNetwork('mainnet').faucetUrl).toBeNull();
    expect(resolveNetwork('http://127.0.0.1:1234', 'http://127.0.0.1:5')).toEqual({
      name: 'http://127.0.0.1:1234',
      rpcUrl: 'http://127.0.0.1:1234',
      faucetUrl: 'http://127.0.0.1:5',
    });
  });

  it('of any other name are refused', () => {
    for (const name of ['', 'moon', 'constructor', 'file:///etc', 'ws://x']) {
      expect(() => resolveNetwork(name)).toThrow(expect.objectContaining({ code: 'UNKNOWN_NETWORK' }));
    }
  });
});

describe('a node that does not do its work', () => {
  let server: Server;
  let answer: { status: number; body: string } | 'nothing' | 'hang up' = 'nothing';
  let url: string;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      if (answer === 'hang up') response.destroy();
      else if (answer !== 'nothing') response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const read = (signal?: AbortSignal): Promise<unknown> =>
    new MailboxReader({ client: createIotaClient(url), packageId: id, callTimeoutMs: 150 }).mailboxState(
      id,
      signal,
    );

  it('is unreachable when it is silent, hangs up, or sends what is no answer', async () => {
    for (const one of [
      'nothing',
      'hang up',
      { status: 503, body: '' },
      { status: 200, body: '<html>' },
    ] as const) {
      answer = one;
      await expect(read()).rejects.toMatchObject({ code: 'RPC_UNREACHABLE' });
    }
  });

  it('is unreachable when nobody listens', async () => {
    const reader = new MailboxReader({ client: createIotaClient('http://127.0.0.1:1'), packageId: id });
    await expect(reader.mailboxState(id)).rejects.toMatchObject({ code: 'RPC_UNREACHABLE' });
    await expect(reader.listWaiting(id)).rejects.toMatchObject({ code: 'RPC_UNREACHABLE' });
  });

  it('is given up on when the caller says so', async () => {
    answer = 'nothing';
    const reason = new Error('enough');
    await expect(read(AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const reading = read(controller.signal);
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('is told apart from one that refuses', async () => {
    answer = {
      status: 200,
      body: '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}',
    };
    await expect(read()).rejects.toMatchObject({
      code: 'RPC_REFUSED',
      message: expect.stringMatching(/no such method/),
    });
  });

  it('does not stop the queue', async () => {
    answer = 'hang up';
    const queue = new TransactionQueue({ client: createIotaClient(url), signer: new Ed25519Keypair() });
    const order: number[] = [];
    const runs = [1, 2, 3].map((n) => queue.execute(() => void order.push(n)));
    for (const run of runs) await expect(run).rejects.toMatchObject({ code: 'RPC_UNREACHABLE' });
    await expect(queue.execute(() => Promise.reject(new Error('ours')))).rejects.toThrow('ours');
    expect(order).toEqual([1, 2, 3]);
  });
});

describe('arguments', () => {
  it('that are no object ids are refused before anything is asked', async () => {
    const client = createIotaClient('http://127.0.0.1:1');
    expect(() => new MailboxReader({ client, packageId: 'wotid' })).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT' }),
    );
    const reader = new MailboxReader({ client, packageId: id });
    await expect(reader.mailboxState('0xzz')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  });
});
