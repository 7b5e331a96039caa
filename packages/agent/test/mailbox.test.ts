import { Transaction } from '@iota/iota-sdk/transactions';
import { encodeTrustedIssuer } from '@wotid/credential';
import { NodeProvider } from '@wotid/crypto';
import { MailboxClient } from '@wotid/mailbox';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { settingNames } from '../src/network-profile.ts';
import { clockFromNow, failure, makeIssuer, meet, Network, text, type Person } from './people.ts';
import { RpcProxy } from './rpc-proxy.ts';

/** Runs something once, in the middle of a synchronous step. */
class TurningProvider extends NodeProvider {
  onVerify: (() => void) | null = null;

  override verify(...facts: Parameters<NodeProvider['verify']>): boolean {
    const run = this.onVerify;
    this.onVerify = null;
    run?.();
    return super.verify(...facts);
  }
}

let network: Network;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());

const dayMs = 86_400_000;

describe('a message to somebody who is away', () => {
  it('waits on chain, is read in order, and its deposit goes to the reader', async () => {
    const [alice, bob] = await Promise.all([network.person(), network.person()]);
    await meet(alice, bob);
    const session = await alice.agent.connect(bob.did);
    await bob.leave();
    const long = 'x'.repeat(20_000);
    const sent = [];
    for (const content of ['1', '2', long]) sent.push(await alice.agent.send(bob.did, text(content)));
    expect(sent.map(({ route }) => route)).toEqual(['mailbox', 'mailbox', 'mailbox']);
    expect(alice.agent.status().toSend).toBe(0);
    const before = await bob.agent.wallet.balance('owner');
    const report = await bob.back();
    expect(report).toMatchObject({
      waiting: 3,
      opened: 3,
      duplicates: 0,
      unreadable: [],
      claimFailure: null,
    });
    expect(report.claims).toHaveLength(1);
    expect(bob.texts).toEqual(['1', '2', long]);
    expect(await bob.agent.wallet.balance('owner')).toBe(before - (report.claims[0]?.gas.net ?? 0n));
    expect(report.claims[0]?.gas.net).toBeLessThan(0n);
    expect(await bob.agent.mailbox.waiting()).toEqual([]);
    expect(await bob.agent.sync()).toMatchObject({ waiting: 0, opened: 0, claims: [] });
    // The answer tells what has arrived, in the same session.
    await bob.agent.send(alice.did, text('back'));
    expect(alice.home.outbox.count('acked')).toBe(3);
    expect((await alice.agent.connect(bob.did)).sessionId).toBe(session.sessionId);
  });

  it('finds its session among those that rest on disk, and junk wakes none; what both then sign is alike', async () => {
    const clock = clockFromNow();
    const [alice, bob] = await Promise.all([network.person({ clock }), network.person({ clock })]);
    await meet(alice, bob);
    expect((await alice.agent.send(bob.did, text('by link'))).route).toBe('p2p');
    await bob.leave();
    const stranger = await network.stranger();
    const { mailboxId } = bob.agent.mailbox.requireIds();
    for (const bytes of [400, 75]) {
      const payload = new NodeProvider().random.bytes(bytes);
      payload[0] = 1;
      await stranger.sendMessage({ mailboxId, payload });
    }
    expect((await alice.agent.send(bob.did, text('by mailbox'))).route).toBe('mailbox');
    clock.advance(31 * 60_000);
    expect(await bob.back()).toMatchObject({
      waiting: 3,
      opened: 1,
      unreadable: [expect.any(String), expect.any(String)],
    });
    expect(bob.texts).toEqual(['by link', 'by mailbox']);
    const checkpoint = await alice.agent.conversation.sessions.checkpoint(bob.did);
    expect(checkpoint).toMatchObject({ sent: '1-2', delivery: { route: 'p2p' } });
    expect(bob.events.checkpoint).toMatchObject([{ verdict: 'agrees', received: '1-2' }]);
  });

  it('starts a session when they never met, and the answer finds its way without a card', async () => {
    const [carol, bob] = await Promise.all([network.person(), network.person()]);
    await carol.agent.addContact(bob.card);
    await bob.leave();
    const first = await carol.agent.send(bob.did, text('we never met'));
    const second = await carol.agent.send(bob.did, text('me again'), { sign: true });
    expect([first.route, second.route]).toEqual(['mailbox', 'mailbox']);
    expect(first.payloadBytes).toBeGreaterThan(second.payloadBytes);
    expect(await bob.back()).toMatchObject({ opened: 2 });
    expect(bob.texts).toEqual(['we never met', 'me again']);
    expect(bob.agent.contacts()).toMatchObject([{ did: carol.did, verified: true }]);
    expect(await failure(bob.agent.send(carol.did, text('hello')))).toBe('NOT_DELIVERED NO_ROUTE');
    await carol.agent.connect(bob.did);
    await bob.until(({ delivery }) => delivery.length === 1);
    expect(carol.texts).toEqual(['hello']);
  });

  it('to keys that are replaced while it is looked at is not read: no session of the old keys begins', async () => {
    const turning = new TurningProvider();
    const [carol, bob] = await Promise.all([network.person(), network.person({ provider: turning })]);
    await carol.agent.addContact(bob.card);
    await bob.leave();
    await carol.agent.send(bob.did, text('to the old keys'));
    await bob.restart({ listen: [] });
    const { promise: rotated, resolve } = Promise.withResolvers<unknown>();
    // The signature of the first message is checked before its credential, for which the look waits.
    turning.onVerify = () => resolve(bob.agent.identity.rotate(['x25519']));
    expect(await bob.agent.sync()).toMatchObject({ opened: 0, unreadable: [expect.any(String)] });
    await rotated;
    expect(bob.agent.conversation.sessions.list()).toEqual([]);
  });

  it('of each to the other at the same time: both arrive, and one session goes on', async () => {
    const [alice, bob] = await Promise.all([network.person(), network.person()]);
    const cards = [alice.card, bob.card] as const;
    await alice.leave();
    await bob.leave();
    await alice.restart({ listen: [] });
    await bob.restart({ listen: [] });
    await alice.agent.addContact(cards[1]);
    await bob.agent.addContact(cards[0]);
    await Promise.all([alice.agent.send(bob.did, text('a1')), bob.agent.send(alice.did, text('b1'))]);
    await Promise.all([alice.agent.sync(), bob.agent.sync()]);
    await Promise.all([alice.agent.send(bob.did, text('a2')), bob.agent.send(alice.did, text('b2'))]);
    await Promise.all([alice.agent.sync(), bob.agent.sync()]);
    expect([alice.texts, bob.texts]).toEqual([
      ['b1', 'b2'],
      ['a1', 'a2'],
    ]);
    const active = (person: Person): (string | undefined)[] =>
      person.home.sessions
        .ids()
        .map((sid) => person.home.sessions.get(sid))
        .filter((session) => session?.state !== 'receive-only')
        .map((session) => session?.sid.toHex());
    expect(active(alice)).toEqual(active(bob));
    expect(active(alice)).toHaveLength(1);
  });

  it('is shown once when it also came online, and when it is posted again', async () => {
    const [alice, bob] = await Promise.all([network.person(), network.person()]);
    await meet(alice, bob);
    await alice.agent.send(bob.did, text('twice'));
    // As if the acknowledgement had been lost and alice restarted: the same message goes the other way.
    const [entry] = alice.home.outbox.list(['acked'], 1);
    alice.home.outbox.update(entry?.messageId ?? new Uint8Array(), { state: 'sent', dueMs: 0, updatedMs: 0 });
    await bob.leave();
    await alice.restart();
    await alice.until(({ delivery }) => delivery.some(({ route }) => route === 'mailbox'));
    expect(await bob.back()).toMatchObject({ waiting: 1, opened: 0, duplicates: 1, unreadable: [] });
    expect(bob.texts).toEqual(['twice']);
    expect(bob.events.message).toHaveLength(1);

    await bob.leave();
    const { objectId = '' } = await alice.agent.send(bob.did, text('replayed'));
    const payload = await network.payloadOf(bob, objectId);
    const mallory = await network.stranger();
    const { mailboxId } = bob.agent.mailbox.requireIds();
    await mallory.sendMessage({ mailboxId, payload });
    expect(await bob.back()).toMatchObject({ waiting: 2, opened: 1 });
    await mallory.sendMessage({ mailboxId, payload });
    await bob.agent.sync();
    expect(bob.texts).toEqual(['twice', 'replayed']);
  });

  it('is read whatever the order on chain, also when the first message comes last', async () => {
    const [carol, bob] = await Promise.all([network.person(), network.person()]);
    await carol.agent.addContact(bob.card);
    await bob.leave();
    const sent = [];
    for (const content of ['1', '2', '3', '4']) sent.push(await carol.agent.send(bob.did, text(content)));
    const payloads = await Promise.all(sent.map(({ objectId = '' }) => network.payloadOf(bob, objectId)));
    const own = bob.agent.mailbox.requireIds();
    const owner = new MailboxClient({ queue: bob.agent.wallet.queue('owner'), packageId: network.packageId });
    await owner.claimAndDelete(
      own,
      sent.map(({ objectId = '' }) => objectId),
    );
    const mallory = await network.stranger();
    const { mailboxId } = own;
    const post = async (index: number): Promise<void> => {
      await mallory.sendMessage({ mailboxId, payload: payloads[index] ?? new Uint8Array() });
    };
    await post(3);
    await post(1);
    expect(await bob.back()).toMatchObject({ opened: 0, claims: [] });
    expect(bob.events.unreadable).toHaveLength(2);
    await post(2);
    await post(0);
    // What could not be read before its session was there is looked at again once it is.
    expect(await bob.agent.sync()).toMatchObject({ opened: 4, unreadable: [] });
    expect(bob.texts.toSorted()).toEqual(['1', '2', '3', '4']);
    expect(await bob.agent.mailbox.waiting()).toEqual([]);
  });
});

describe('what does not belong into a mailbox', () => {
  it('random bytes: reported once, listed, discarded on demand', async () => {
    const bob = await network.person();
    const mallory = await network.stranger();
    const { mailboxId } = bob.agent.mailbox.requireIds();
    const junk = [
      new Uint8Array(1),
      crypto.getRandomValues(new Uint8Array(400)),
      new Uint8Array(3_000).fill(2),
    ];
    for (const payload of junk) await mallory.sendMessage({ mailboxId, payload });
    const first = await bob.agent.sync();
    expect(first.unreadable).toHaveLength(3);
    expect(await bob.agent.sync()).toMatchObject({ waiting: 3, unreadable: [] });
    await bob.crash();
    expect(await bob.agent.sync()).toMatchObject({ waiting: 3, unreadable: [] });
    expect((await bob.agent.mailbox.waiting()).map(({ outcome }) => outcome)).toEqual(
      Array(3).fill('unreadable'),
    );
    expect(await failure(bob.agent.mailbox.discard(['0x12']))).toBe('NOT_FOUND');
    expect(await failure(bob.agent.mailbox.discard('all'))).toBe('BAD_REQUEST');
    expect(await bob.agent.mailbox.discard(first.unreadable)).toEqual({ deleted: 3, takenOut: 0 });
    expect(await bob.agent.mailbox.waiting()).toEqual([]);
  });

  it('a coin: counted, listed with its type, taken out', async () => {
    const bob = await network.person();
    const mallory = await network.stranger();
    const { mailboxId } = bob.agent.mailbox.requireIds();
    await mallory.queue.execute((tx: Transaction) => {
      tx.transferObjects([tx.splitCoins(tx.gas, [12_345])], mailboxId);
    });
    expect(await bob.agent.sync()).toMatchObject({ waiting: 0, foreign: 1 });
    const [coin] = await bob.agent.mailbox.waiting();
    expect(coin?.type).toContain('::coin::Coin<');
    expect(await bob.agent.mailbox.discard([coin?.objectId])).toEqual({ deleted: 0, takenOut: 1 });
    expect(await bob.agent.mailbox.waiting()).toEqual([]);
  });

  it('a first message of somebody whose issuer is not trusted: left alone until it is, with what follows', async () => {
    const issuer = makeIssuer();
    const bob = await network.person();
    const carol = await network.person({ issuer, credential: false });
    carol.agent.trust.add(encodeTrustedIssuer(issuer.trustedIssuer));
    await carol.agent.credential.import(await network.credentialFor(carol, { issuer }));
    await carol.agent.addContact(bob.card);
    await bob.leave();
    await carol.agent.send(bob.did, text('1'));
    await carol.agent.send(bob.did, text('2'));
    expect(await bob.back()).toMatchObject({ waiting: 2, opened: 0, refused: 1, claims: [] });
    expect(await bob.agent.sync()).toMatchObject({ waiting: 2, opened: 0, refused: 0 });
    bob.agent.trust.add(encodeTrustedIssuer(issuer.trustedIssuer));
    expect(await bob.agent.sync()).toMatchObject({ opened: 2, refused: 0 });
    expect(bob.texts).toEqual(['1', '2']);
  });
});

describe('prekeys', () => {
  it('are renewed every 7 days, by the agent itself', async () => {
    const clock = clockFromNow();
    const bob = await network.person({ clock });
    expect(await bob.agent.mailbox.maintainPrekeys()).toBe(false);
    clock.advance(7 * dayMs);
    expect(await bob.agent.mailbox.maintainPrekeys()).toBe(true);
    expect(bob.agent.mailbox.prekeys.numbers).toEqual([1, 2]);
    clock.advance(45 * dayMs);
    expect(await bob.agent.mailbox.maintainPrekeys()).toBe(true);
    expect(bob.agent.mailbox.prekeys.numbers).toEqual([3]);
  });

  it('are erased when it is time, also when no node answers and others are due', async () => {
    const clock = clockFromNow();
    const proxy = await RpcProxy.start(network.localnet.rpcUrl);
    onTestFinished(() => proxy.stop());
    const bob = await network.person({ clock, rpcUrl: proxy.url });
    expect(bob.agent.mailbox.prekeys.numbers).toEqual([1]);
    proxy.set('down');
    clock.advance(44 * dayMs);
    bob.home.settings.set({ [settingNames.prekeysDue]: 'rotated' });
    await bob.restart();
    await expect.poll(() => bob.agent.mailbox.prekeys.numbers, { timeout: 20_000 }).toEqual([]);
  });

  it('of a number that a lying node has made their owner sign shut nobody out for good', async () => {
    const clock = clockFromNow();
    const [alice, bob] = await Promise.all([network.person({ clock }), network.person({ clock })]);
    await alice.agent.addContact(bob.card);
    await bob.leave();
    // What alice keeps of such a publication, which the same node has shown her.
    const mailboxId = Uint8Array.fromHex(bob.agent.mailbox.ids!.mailboxId.slice(2));
    const idFp = Uint8Array.fromHex(bob.agent.status().fingerprint!);
    const [number, notAfterMs] = [4_000_000_000, clock.nowMs() + 14 * dayMs];
    alice.home.peers.notePrekeys(bob.did, mailboxId, number);
    alice.home.handshakes.notePublishedKem(bob.did, { idFp, number, kem: new Uint8Array(1_568), notAfterMs });
    expect(await failure(alice.agent.send(bob.did, text('1')))).toBe('NOT_DELIVERED PREKEYS_REFUSED');
    clock.advance(7 * dayMs);
    await bob.restart({ listen: [] });
    expect(await bob.agent.mailbox.maintainPrekeys()).toBe(true);
    await bob.leave();
    expect((await alice.agent.send(bob.did, text('2'))).route).toBe('mailbox');
  });

  it('that could not be published are published as soon as that works', async () => {
    const clock = clockFromNow();
    const [alice, bob] = await Promise.all([network.person({ clock }), network.person({ clock })]);
    clock.advance(8 * dayMs);
    const { wallet, mailbox } = bob.agent;
    await wallet.withdraw('owner', wallet.address('postage'), 'all');
    for (let i = 0; i < 3; i++) expect(await failure(mailbox.maintainPrekeys())).toBe('NO_GAS');
    expect(mailbox.prekeys.numbers).toEqual([1, 2]);
    await wallet.requestFunds('owner');
    expect(await mailbox.maintainPrekeys()).toBe(true);
    expect(await mailbox.maintainPrekeys()).toBe(false);
    expect(mailbox.prekeys.numbers).toEqual([1, 2]);
    await alice.agent.addContact(bob.card);
    await bob.leave();
    clock.advance(10 * dayMs);
    // The first publication has expired by now, the second has not.
    expect((await alice.agent.send(bob.did, text('hello'))).route).toBe('mailbox');
    await bob.back();
    expect(bob.texts).toEqual(['hello']);
  });
});
