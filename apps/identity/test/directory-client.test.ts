/** The directory's client and the service, over a real socket: what is published is found, and lies are named. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createSocket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeEnvelope, parseGeneralJws, type JsonObject } from '@wotid/credential';
import { DirectoryClient, signContactRecord, verifyContactRecord } from '@wotid/directory';
import { createPrekeys, emptyPrekeys, oneTimePairs, ownIdentity } from '@wotid/session';
import type { IdentityService } from '../src/index.ts';
import { ask, createWorld, invite, nonceOf, provider, tokenFor, Wallet, type World } from './world.ts';

const chainId = '0a1b2c3d';
const mailboxId = `0x${'a'.repeat(64)}`;
const mailboxes = new Map<string, { number: bigint; bytes: Uint8Array }>();
let world: World;
let service: IdentityService;
let url: string;

beforeAll(async () => {
  world = await createWorld();
  const probe = createSocket().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  url = `http://127.0.0.1:${port}`;
  const anchor = { chainId, readPrekeys: async (id: string) => mailboxes.get(id) ?? null };
  service = await world.again({ port, publicUrl: url, directory: { anchor } });
});
afterAll(() => world[Symbol.asyncDispose]());

async function client(wallet: Wallet, human: boolean): Promise<DirectoryClient> {
  let credential: Uint8Array | null = null;
  if (human) {
    const token = await tokenFor(service, await invite({ ...world, service }, wallet.did));
    const proof = wallet.proof(await nonceOf(service), world.clock.nowMs(), url);
    const { body } = await ask(service, token, proof);
    const [issued] = (body as { credentials: { credential: JsonObject }[] }).credentials;
    credential = encodeEnvelope(parseGeneralJws(issued?.credential ?? {}));
  }
  return new DirectoryClient({
    url,
    provider,
    clock: world.clock,
    keys: wallet.keys,
    block: wallet.block,
    kid: `${wallet.did}#0`,
    credential: () => credential,
  });
}

it('publishes, looks up, uploads and claims', async () => {
  const [bob, alice] = [new Wallet(), new Wallet()];
  const [bobs, alices, nobodys] = [
    await client(bob, true),
    await client(alice, true),
    await client(new Wallet(), false),
  ];
  const nowMs = world.clock.nowMs();
  const made = createPrekeys(provider, emptyPrekeys(), {
    ours: ownIdentity(provider, bob.keys, bob.did),
    number: 1,
    nowMs,
    chainId,
    mailboxId: Uint8Array.fromHex(mailboxId.slice(2)),
    oneTimePairs: 20,
  });
  expect([
    await alices.contact(bob.did),
    await alices.prekeys(bob.did),
    await alices.claimPair(bob.did),
  ]).toEqual([null, null, null]);
  mailboxes.set(mailboxId, { number: 1n, bytes: made.published });
  const pairs = (oneTimePairs(provider, made.store)?.pairs ?? []).map(({ bytes }) => bytes);
  expect(await bobs.publishPrekeys(mailboxId)).toEqual({ number: 1, left: 0 });
  expect(await bobs.uploadPairs(1, pairs)).toEqual({ number: 1, left: 20 });
  const record = signContactRecord(provider, bob.keys, {
    block: bob.block,
    peerId: '12D3KooWExample',
    addresses: [],
    mailbox: null,
    seq: 1n,
    issuedAtMs: nowMs,
  });
  await bobs.publishContact(record, null);
  const found = await alices.contact(bob.did);
  await expect(nobodys.contact(bob.did)).rejects.toMatchObject({ data: { code: 'CREDENTIAL_REQUIRED' } });
  expect(verifyContactRecord(provider, found ?? new Uint8Array(), nowMs).block.did).toBe(bob.did);
  expect(await nobodys.prekeys(bob.did)).toEqual(made.published);
  expect(await alices.claimPair(bob.did)).toEqual({ number: 1, pair: pairs[0] });
  expect(await bobs.pairsLeft()).toEqual({ number: 1, left: 19 });
  await expect(nobodys.claimPair(bob.did)).rejects.toMatchObject({
    code: 'DIRECTORY_REFUSED',
    data: { code: 'CREDENTIAL_REQUIRED' },
  });
  // Who is no verified human can still take back what is theirs, and theirs alone.
  await nobodys.withdrawContact();
  expect(await alices.contact(bob.did)).toEqual(record);
  await bobs.withdrawContact();
  expect(await alices.contact(bob.did)).toBeNull();
  // Tokens end after ten minutes; the client gets another.
  world.clock.advance(601_000);
  expect(await bobs.pairsLeft()).toEqual({ number: 1, left: 19 });
});

/** Somebody without a credential, at a directory of that address. */
function clientAt(where: string): DirectoryClient {
  const wallet = new Wallet();
  return new DirectoryClient({
    url: where,
    provider,
    clock: world.clock,
    keys: wallet.keys,
    block: wallet.block,
    kid: `${wallet.did}#0`,
    credential: () => null,
  });
}

it('asks once more where a connection ends, but never twice for what is taken once', async () => {
  const seen: string[] = [];
  const answer = { token: 'x'.repeat(43), expiresInSec: 600, number: 1, left: 7, pair: null };
  // It ends the connection of each first request, but for a token.
  const server = createServer((request, response) => {
    const what = `${request.method} ${request.url}`;
    const isFirst = !seen.includes(what);
    seen.push(what);
    if (isFirst && request.url !== '/directory/token') request.socket.destroy();
    else response.end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const there = clientAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await there.pairsLeft()).toEqual({ number: 1, left: 7 });
  await expect(there.claimPair('did:jwk:x')).rejects.toMatchObject({ code: 'DIRECTORY_UNREACHABLE' });
  expect(seen).toEqual([
    'POST /directory/token',
    'GET /directory/pairs',
    'GET /directory/pairs',
    'POST /directory/claims',
  ]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

it('names what is no directory', async () => {
  for (const bad of ['http://id.example', 'https://id.example/path', 'ftp://127.0.0.1', 'x']) {
    expect(() => clientAt(bad)).toThrow(expect.objectContaining({ code: 'BAD_DIRECTORY_URL' }));
  }
  let body = 'x'.repeat(100);
  const liar = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1');
  await new Promise((resolve) => liar.once('listening', resolve));
  const where = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
  for (body of ['x', '{"token":1}', `{"a":${'['.repeat(50)}${']'.repeat(50)}}`, 'x'.repeat(70_000)]) {
    await expect(clientAt(where).pairsLeft()).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  }
  await new Promise((resolve) => liar.close(resolve));
  await expect(clientAt(where).pairsLeft()).rejects.toMatchObject({ code: 'DIRECTORY_UNREACHABLE' });
});
