/** The directory and the chain itself: what a mailbox id stands for there, and a node that is away. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createHolderProof,
  encodeBase64Url,
  encodeEnvelope,
  parseGeneralJws,
  type JsonObject,
} from '@wotid/credential';
import { contractDirectory, createIotaClient, MailboxClient, MailboxReader } from '@wotid/mailbox';
import { publish, World as Network } from '../../../packages/did-iota/test/network.ts';
import { call, collect, createWorld, provider, publicUrl, Wallet, type Answer, type World } from './world.ts';

let network: Network;
let client: MailboxClient;
let world: World;
let token: string;
beforeAll(async () => {
  network = await Network.start();
  const packageId = await publish(network.net, contractDirectory());
  client = new MailboxClient({ queue: (await network.person()).queue, packageId });
  const reader = new MailboxReader({ client: createIotaClient(network.net.rpcUrl), packageId });
  const anchor = {
    chainId: network.network.chainId,
    readPrekeys: (mailboxId: string) => reader.readPrekeys(mailboxId),
  };
  world = await createWorld(undefined, { directory: { anchor } });
  const wallet = new Wallet();
  const credential = (await collect(world, 'with a mailbox', wallet)) as JsonObject;
  const proof = createHolderProof({
    provider,
    keys: wallet.keys,
    block: wallet.block,
    kid: `${wallet.did}#0`,
    audience: `${publicUrl}/directory`,
    nonce: encodeBase64Url(provider.random.bytes(32)),
    nowMs: world.clock.nowMs(),
  });
  const { body } = await call(world.service, 'POST', '/directory/token', {
    json: { proof, credential: encodeBase64Url(encodeEnvelope(parseGeneralJws(credential))) },
  });
  token = (body as { token: string }).token;
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await network.net.stop();
});

const publishFrom = (mailboxId: string): Promise<Answer> =>
  call(world.service, 'PUT', '/directory/prekeys', { token, json: { mailboxId } });

it('says what is wrong with a mailbox id, and what is wrong with the way to the chain', async () => {
  const { mailboxId, capId } = await client.createMailbox();
  const other = new MailboxClient({
    queue: client.queue,
    packageId: await publish(network.net, contractDirectory()),
  });
  const foreign = (await other.createMailbox()).mailboxId;
  const nothing = `0x${'9'.repeat(64)}`;
  for (const [id, status, code, detail] of [
    [nothing, 400, 'NOT_A_MAILBOX', `there is no object ${nothing}`],
    [capId, 400, 'NOT_A_MAILBOX', `object ${capId} is not a mailbox`],
    [client.types.packageId, 400, 'NOT_A_MAILBOX', 'is not a mailbox'],
    [foreign, 400, 'WRONG_PACKAGE', `mailbox ${foreign} is of another package`],
    [mailboxId, 404, 'NO_PREKEYS', 'no prekeys'],
  ] as const) {
    const answer = await publishFrom(id);
    expect(answer).toMatchObject({
      status,
      body: { code, detail: expect.stringContaining(detail) as string, hint: expect.any(String) as string },
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  }
  await network.net.stop();
  const away = await publishFrom(mailboxId);
  expect(away).toMatchObject({ status: 502, body: { code: 'CHAIN_UNAVAILABLE' } });
  expect(JSON.stringify(away.body)).not.toContain(network.net.rpcUrl);
});
