/** Mailboxes that cannot be written to, and trouble with the chain. */
import { startLocalnet } from '@wotid/localnet';
import { createIotaClient } from '@wotid/mailbox';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Wallet } from '../src/index.ts';
import { clockFromNow, failure, meet, Network, text, type Person } from './people.ts';
import { RpcProxy } from './rpc-proxy.ts';

let network: Network;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());

const dayMs = 86_400_000;

/** Two people with mailboxes who know each other; the second one is away. */
async function coupleApart(init: Parameters<Network['person']>[0] = {}): Promise<[Person, Person]> {
  const [alice, bob] = await Promise.all([network.person(init), network.person(init)]);
  await meet(alice, bob);
  await bob.leave();
  return [alice, bob];
}

describe('a mailbox that cannot be written to', () => {
  it('has no prekeys, or expired ones', async () => {
    const clock = clockFromNow();
    const [alice, bob] = await Promise.all([
      network.person({ clock }),
      network.person({ clock, mailbox: false }),
    ]);
    await bob.agent.mailbox.create();
    await meet(alice, bob);
    await bob.leave();
    expect(await failure(alice.agent.send(bob.did, text('1')))).toBe('NOT_DELIVERED NO_PREKEYS');
    await bob.restart({ listen: [] });
    await bob.agent.mailbox.publishPrekeys();
    clock.advance(15 * dayMs);
    expect(await failure(alice.agent.send(bob.did, text('2')))).toBe('NOT_DELIVERED NO_PREKEYS');
    await bob.agent.mailbox.maintainPrekeys();
    expect((await alice.agent.send(bob.did, text('3'))).route).toBe('mailbox');
    // Now that there is a session, the others follow at the next try.
    clock.advance(dayMs);
    await alice.restart();
    await alice.until(() => alice.agent.status().toSend === 0);
    await bob.agent.sync();
    expect(bob.texts.toSorted()).toEqual(['1', '2', '3']);
  });

  it('is on another chain, of another contract, or retired', async () => {
    const [alice, bob] = await Promise.all([network.person(), network.person()]);
    const setting = (name: string, value: string): void => bob.home.settings.set({ [name]: value });
    const chainId = bob.home.settings.get('network.chain-id') ?? '';
    setting('network.chain-id', '00000000');
    await bob.restart();
    await alice.agent.addContact(bob.card);
    expect(await failure(bob.agent.sync())).toBe('WRONG_CHAIN');
    expect(await failure(bob.agent.mailbox.publishPrekeys())).toBe('WRONG_CHAIN');
    await bob.leave();
    expect(await failure(alice.agent.send(bob.did, text('1')))).toBe('NOT_DELIVERED WRONG_CHAIN');
    setting('network.chain-id', chainId);
    await bob.restart();
    await alice.agent.addContact(bob.card);
    await bob.agent.mailbox.retire();
    await bob.leave();
    expect(await failure(alice.agent.send(bob.did, text('2')))).toBe('NOT_DELIVERED RETIRED');
    expect(alice.agent.status().toSend).toBe(2);
    await bob.restart();
    await bob.agent.addContact(alice.card);
    await bob.agent.connect(alice.did);
    await alice.until(() => alice.agent.status().toSend === 0);
    expect(bob.texts).toEqual(['1', '2']);
  });

  it('belongs to somebody who is not verified: only with consent, which a retry remembers', async () => {
    const bob = await network.person({ credential: false });
    const alice = await network.person();
    const { card } = bob;
    await alice.agent.addContact(card);
    await bob.leave();
    expect(alice.agent.contacts()).toMatchObject([{ verified: false }]);
    expect(await failure(alice.agent.send(bob.did, text('1')))).toBe('NOT_DELIVERED UNVERIFIED_PEER');
    const other = await network.person();
    const proxy = await RpcProxy.start(network.localnet.rpcUrl);
    onTestFinished(() => proxy.stop());
    other.home.settings.set({ 'network.rpc': proxy.url });
    await other.restart();
    await other.agent.addContact(card);
    proxy.set('down');
    expect(await failure(other.agent.send(bob.did, text('2'), { toUnverified: true }))).toBe(
      'NOT_DELIVERED BAD_NETWORK',
    );
    proxy.set('up');
    const [entry] = other.home.outbox.list(['queued'], 1);
    other.home.outbox.update(entry?.messageId ?? new Uint8Array(), { dueMs: 0, updatedMs: 0 });
    await other.restart();
    await other.until(({ delivery }) => delivery.length === 1);
    expect(await bob.back()).toMatchObject({ opened: 1 });
    expect(bob.texts).toEqual(['2']);
  });
});

describe('trouble with the chain', () => {
  it('no gas: says what is needed; the first message stays the first', async () => {
    const [alice, bob] = await Promise.all([network.person({ funded: false }), network.person()]);
    await alice.agent.addContact(bob.card);
    await bob.leave();
    await expect(alice.agent.send(bob.did, text('1'))).rejects.toMatchObject({
      code: 'NOT_DELIVERED',
      data: { reason: 'NO_GAS' },
      cause: { data: { neededNanos: expect.any(BigInt) } },
    });
    expect(await failure(alice.agent.send(bob.did, text('2')))).toBe('NOT_DELIVERED NO_GAS');
    expect(alice.agent.status().sessions).toBe(1);
    await alice.crash();
    await alice.agent.wallet.requestFunds('postage');
    const third = await alice.agent.send(bob.did, text('3'));
    expect(third.route).toBe('mailbox');
    expect(alice.events.delivery.map(({ to }) => to)).toContain(bob.did);
    const [entry] = alice.home.outbox.list(['queued'], 10);
    alice.home.outbox.update(entry?.messageId ?? new Uint8Array(), { dueMs: 0, updatedMs: 0 });
    await alice.restart();
    await alice.until(() => alice.agent.status().toSend === 0);
    expect(await bob.back()).toMatchObject({ opened: 3, unreadable: [] });
    expect(bob.texts.toSorted()).toEqual(['1', '2', '3']);
    expect(bob.agent.status().sessions).toBe(1);
  });

  it('a first message whose posting was not answered is posted again as it was', async () => {
    const proxy = await RpcProxy.start(network.localnet.rpcUrl);
    onTestFinished(() => proxy.stop());
    const [alice, bob] = await Promise.all([network.person({ rpcUrl: proxy.url }), network.person()]);
    await alice.agent.addContact(bob.card);
    await bob.leave();
    // On chain, and gone before its outcome was noted.
    const { objectId = '' } = await alice.agent.send(bob.did, text('1'));
    const [sid] = alice.home.sessions.ids();
    const [entry] = alice.home.outbox.list(['mailbox'], 1);
    const messageId = entry?.messageId ?? new Uint8Array();
    alice.home.firstMessages.put({
      sid: sid ?? new Uint8Array(),
      messageId,
      madeAtMs: Date.now(),
      envelope: await network.payloadOf(bob, objectId),
    });
    alice.home.outbox.update(messageId, { state: 'queued', dueMs: 0, updatedMs: 0 });
    await alice.crash();
    await alice.until(({ delivery }) => delivery.length === 2);
    await alice.agent.send(bob.did, text('2'));
    expect(await bob.back()).toMatchObject({ waiting: 3, opened: 2, duplicates: 1, unreadable: [] });
    expect(bob.texts).toEqual(['1', '2']);
    expect([bob.agent.status().sessions, alice.agent.status().sessions]).toEqual([1, 1]);
  });

  it('node down or silent: typed errors, nothing lost, delivered once it is back', async () => {
    const proxy = await RpcProxy.start(network.localnet.rpcUrl);
    onTestFinished(() => proxy.stop());
    const [alice, bob] = await Promise.all([network.person({ rpcUrl: proxy.url }), network.person()]);
    await meet(alice, bob);
    await alice.agent.connect(bob.did);
    await bob.leave();
    proxy.set('down');
    expect(await failure(alice.agent.sync())).toBe('RPC_UNREACHABLE');
    expect(await failure(alice.agent.send(bob.did, text('1')))).toBe('NOT_DELIVERED RPC_UNREACHABLE');
    expect(await failure(alice.agent.wallet.balance('owner'))).toBe('RPC_FAILED');
    proxy.set('silent');
    const slow = alice.agent.send(bob.did, text('2'));
    const settled = failure(slow);
    await new Promise((resolve) => setImmediate(resolve));
    proxy.set('up');
    expect(['no error', 'NOT_DELIVERED RPC_UNREACHABLE']).toContain(await settled);
    for (const entry of alice.home.outbox.list(['queued', 'sent'], 10)) {
      alice.home.outbox.update(entry.messageId, { dueMs: 0, updatedMs: 0 });
    }
    await alice.restart();
    await alice.until(() => alice.agent.status().toSend === 0);
    await bob.back();
    expect(bob.texts.toSorted()).toEqual(['1', '2']);
  });

  it('what was read and could not be claimed is claimed by the next look', async () => {
    const [alice, bob] = await coupleApart();
    await alice.agent.send(bob.did, text('1'));
    await bob.agent.wallet.withdraw('owner', alice.agent.wallet.address('owner'), 'all');
    const report = await bob.back();
    expect(report).toMatchObject({ opened: 1, claims: [] });
    expect(report.claimFailure).toMatch(/IOTA/);
    expect(bob.texts).toEqual(['1']);
    await bob.agent.wallet.requestFunds('owner');
    const next = await bob.agent.sync();
    expect(next).toMatchObject({ waiting: 1, opened: 0, duplicates: 0, claimFailure: null });
    expect(next.claims).toHaveLength(1);
    expect(await bob.agent.mailbox.waiting()).toEqual([]);
  });

  it('a faucet that is dry, silent, or not there', async () => {
    const dry = await startLocalnet({ port: 0, faucetPort: 0, faucetSupply: 2_000_000_000_000n });
    onTestFinished(() => dry.stop());
    const silent = await RpcProxy.start(dry.faucetUrl);
    onTestFinished(() => silent.stop());
    silent.set('silent');
    const seeds = { owner: new Uint8Array(32).fill(1), postage: new Uint8Array(32).fill(2) };
    const wallet = (faucetUrl: string | null): Wallet =>
      new Wallet({ client: createIotaClient(dry.rpcUrl), faucetUrl, seeds, faucetTimeoutMs: 2_000 });
    expect(await failure(wallet(null).requestFunds('owner'))).toBe('NO_FAUCET');
    expect(await failure(wallet(silent.url).requestFunds('owner'))).toBe('FAUCET_FAILED');
    const funded = wallet(dry.faucetUrl);
    expect(await funded.requestFunds('owner')).toBe(1_000_000_000_000n);
    expect(await funded.balance('owner')).toBe(1_000_000_000_000n);
    const codes = [];
    for (let i = 0; i < 2; i++) codes.push(await failure(funded.requestFunds('postage')));
    expect(codes.at(-1)).toBe('FAUCET_FAILED');
    await dry.stop();
    expect(await failure(funded.balance('owner'))).toBe('RPC_FAILED');
    expect(await failure(funded.withdraw('owner', funded.address('postage'), 1n))).toBe('RPC_FAILED');
  });

  it('money goes through the same queue as messages, so that no coin is used twice', async () => {
    const [alice, bob] = await coupleApart();
    const to = bob.agent.wallet.address('postage');
    const before = await alice.agent.wallet.balance('postage');
    const results = await Promise.all([
      alice.agent.send(bob.did, text('1')),
      alice.agent.wallet.withdraw('postage', to, 1_000n),
      alice.agent.send(bob.did, text('2')),
      alice.agent.wallet.withdraw('postage', to, 2_000n),
    ]);
    expect(results).toHaveLength(4);
    expect(await alice.agent.wallet.balance('postage')).toBeLessThan(before - 3_000n);
    const { wallet } = alice.agent;
    expect(await failure(wallet.withdraw('postage', 'nowhere', 1n))).toBe('BAD_ADDRESS');
    expect(await failure(wallet.withdraw('postage', to, 0n))).toBe('BAD_AMOUNT');
    expect(await failure(wallet.withdraw('postage', to, before))).toBe('INSUFFICIENT_FUNDS');
  });
});
