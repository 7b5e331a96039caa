/** A node that answers anything at all, or a mailbox full of anything: every call ends with a typed error, and nothing is paid at its price. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIotaClient, MailboxClient, MailboxError } from '../src/index.ts';

const id = (digit: string): string => `0x${digit.repeat(64)}`;
const answers: readonly unknown[] = [
  null,
  [],
  {},
  'x'.repeat(10_000),
  -1,
  { data: null },
  { data: [null], hasNextPage: false },
  { data: [{ data: { objectId: '0xzz', version: '1', digest: 'd', type: 't', owner: 'Immutable' } }] },
  { data: [{ data: { objectId: id('1'), version: '-', digest: 'd', type: 't', owner: {} } }] },
  { totalBalance: {} },
  { data: [{ coinObjectId: id('1'), balance: 'all', version: '1', digest: 'd' }], hasNextPage: false },
  { effects: { status: { status: 'success' }, gasUsed: { computationCost: [] } } },
];

describe('a lying node', () => {
  let node: Server;
  let client: MailboxClient;
  let answerTo: (method: string, params: readonly unknown[]) => unknown;

  beforeAll(async () => {
    node = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const call = JSON.parse(Buffer.concat(chunks).toString()) as {
          id: unknown;
          method: string;
          params: readonly unknown[];
        };
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({ jsonrpc: '2.0', id: call.id, result: answerTo(call.method, call.params) }),
        );
      });
    });
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    client = new MailboxClient({
      client: createIotaClient(`http://127.0.0.1:${(node.address() as AddressInfo).port}`),
      signer: Ed25519Keypair.generate(),
      packageId: id('a'),
      settlePauseMs: 1,
      effectsTimeoutMs: 100,
    });
  });
  afterAll(async () => {
    node.closeAllConnections();
    await new Promise((resolve) => node.close(resolve));
  });

  async function errorOf(run: () => Promise<unknown>): Promise<unknown> {
    try {
      return await run();
    } catch (error) {
      return error;
    }
  }

  it('causes typed errors alone, and short ones', async () => {
    for (const answer of answers) {
      answerTo = (method) => (method === 'iotax_getReferenceGasPrice' ? '1000' : answer);
      for (const run of [
        () => client.mailboxState(id('b')),
        () => client.readPrekeys(id('b')),
        () => client.queue.balanceNanos(),
        () => client.createMailbox(),
      ]) {
        const error = await errorOf(run);
        expect(error, JSON.stringify(answer).slice(0, 80)).toBeInstanceOf(MailboxError);
        expect((error as Error).message.length).toBeLessThan(400);
      }
      const listed = await errorOf(() => client.listWaiting(id('b')));
      if (!(listed instanceof MailboxError)) expect(listed).toMatchObject({ messages: [] });
    }
  });

  it('that has no end of foreign objects does not hide the messages', async () => {
    const message = `${id('a')}::mailbox::MessageObject`;
    let page = 0;
    const object = (objectId: string, type: string): unknown => ({
      data: { objectId, version: '1', digest: 'd', type, owner: { AddressOwner: id('b') } },
    });
    answerTo = (_method, params) => {
      const filter = (params[1] as { filter?: { StructType?: string } } | null)?.filter;
      if (filter?.StructType === message) return { data: [object(id('c'), message)], hasNextPage: false };
      page += 1;
      const foreign = object(`0x${page.toString(16).padStart(64, '0')}`, '0x2::coin::Coin<0x2::iota::IOTA>');
      return { data: [foreign], hasNextPage: true, nextCursor: String(page) };
    };
    const { messages, others, truncated } = await client.listWaiting(id('b'));
    expect(messages.map(({ objectId }) => objectId)).toEqual([id('c')]);
    expect(truncated).toBe(false);
    expect(others).toHaveLength(20);
  });

  it('is not paid more than a hundred times the usual price', async () => {
    answerTo = () => '1000000';
    expect(await errorOf(() => client.createMailbox())).toMatchObject({
      code: 'RPC_REFUSED',
      message: expect.stringContaining('gas price') as string,
    });
  });
});
