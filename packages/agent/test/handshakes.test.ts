/** Handshakes of whole agents: gates to published prekeys, first messages to one-time pairs, security levels. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { PrekeySource } from '../src/index.ts';
import { failure, meet, Network, text, type Person } from './people.ts';
import { RpcProxy } from './rpc-proxy.ts';

let network: Network;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());

const couple = async (): Promise<[Person, Person]> => {
  const people = await Promise.all([network.person(), network.person()]);
  await meet(...people);
  return people;
};
/** Ends the link of both, so that the next connection needs a gate. */
async function apart(one: Person, other: Person): Promise<void> {
  const { length } = other.events.peer;
  await one.restart({ listen: ['/ip4/127.0.0.1/tcp/0'] });
  await other.until(({ peer }) => peer.slice(length).some(({ state }) => state === 'disconnected'));
}

describe('a gate to a contact with a mailbox', () => {
  it('is to the published prekey, which is remembered', async () => {
    const proxy = await RpcProxy.start(network.localnet.rpcUrl);
    onTestFinished(() => proxy.stop());
    const [alice, bob] = await Promise.all([network.person({ rpcUrl: proxy.url }), network.person()]);
    await meet(alice, bob);
    expect(await alice.agent.connect(bob.did)).toMatchObject({ level: 3, toPublishedPrekey: true });
    expect(alice.agent.contacts()).toMatchObject([{ level: 3 }]);
    await apart(alice, bob);
    proxy.set('down');
    expect(await alice.agent.connect(bob.did)).toMatchObject({ resumed: true, toPublishedPrekey: true });
  });

  it('goes without one when the chain cannot be read and none was seen, or when there is no mailbox', async () => {
    const proxy = await RpcProxy.start(network.localnet.rpcUrl);
    onTestFinished(() => proxy.stop());
    const [alice, bob, carol] = await Promise.all([
      network.person({ rpcUrl: proxy.url }),
      network.person(),
      network.person({ mailbox: false }),
    ]);
    await meet(alice, bob);
    await meet(carol, bob);
    proxy.set('down');
    expect(await alice.agent.connect(bob.did)).toMatchObject({ toPublishedPrekey: false });
    expect(await bob.agent.connect(carol.did)).toMatchObject({ toPublishedPrekey: false });
  });

  it('asks for the latest publication when the peer has lost its keys, and never goes without', async () => {
    const [alice, bob] = await couple();
    await alice.agent.connect(bob.did);
    await apart(alice, bob);
    // Bob's private prekeys are gone: nothing answers to what stands on chain.
    bob.home.settings.set({ 'mailbox.prekeys': undefined });
    expect(await failure(alice.agent.connect(bob.did))).toBe('GATE_REFUSED');
    expect(bob.events.refused.at(-1)).toMatchObject({ name: 'KEX' });
    await bob.agent.mailbox.publishPrekeys();
    expect(await alice.agent.connect(bob.did)).toMatchObject({ toPublishedPrekey: true });
  });
});

describe('a first message', () => {
  /** A directory that gives whatever it is told to. */
  const directory = (give: PrekeySource['oneTimePair']): { readonly prekeySource: PrekeySource } => ({
    prekeySource: { oneTimePair: give },
  });

  it('uses a pair of the directory, which is then gone', async () => {
    const bob = await network.person();
    const before = bob.agent.mailbox.oneTimePairs();
    expect(before).toMatchObject({ number: 1, pairs: { length: 64 } });
    const asked: unknown[] = [];
    const alice = await network.person(
      directory(async (request) => {
        asked.push(request);
        return before?.pairs[7]?.bytes ?? null;
      }),
    );
    await alice.agent.addContact(bob.card);
    await bob.leave();
    await alice.agent.send(bob.did, text('for once'));
    await alice.agent.send(bob.did, text('in the same session'));
    expect(asked).toEqual([{ did: bob.did, number: 1 }]);
    expect(await bob.back()).toMatchObject({ opened: 2, unreadable: [] });
    expect(bob.texts).toEqual(['for once', 'in the same session']);
    const left = bob.agent.mailbox.oneTimePairs()?.pairs.map(({ index }) => index);
    expect(left).toHaveLength(63);
    expect(left).not.toContain(7);
    expect(bob.agent.contacts()).toMatchObject([{ did: alice.did, level: 3 }]);
  });

  it.each<readonly [string, PrekeySource['oneTimePair'], string | null]>([
    ['has none left', async () => null, null],
    ['gives garbage', async () => new Uint8Array(1_799), 'prekeys.bad-pair'],
    [
      'fails',
      async () => {
        throw new Error('out of order');
      },
      'prekeys.no-pair',
    ],
  ])('goes to the last-resort prekey when the directory %s', async (_, give, warning) => {
    const [alice, bob] = await Promise.all([network.person(directory(give)), network.person()]);
    await alice.agent.addContact(bob.card);
    await bob.leave();
    await alice.agent.send(bob.did, text('anyway'));
    expect(await bob.back()).toMatchObject({ opened: 1 });
    expect(bob.texts).toEqual(['anyway']);
    expect(bob.agent.mailbox.oneTimePairs()?.pairs).toHaveLength(64);
    expect(alice.logs.some((line) => line.includes('prekeys.'))).toBe(warning !== null);
    if (warning !== null) expect(alice.logs.join('\n')).toContain(warning);
  });

  it('to a pair that was handed out twice is unreadable to its second sender, and harms nobody else', async () => {
    const bob = await network.person();
    const pair = bob.agent.mailbox.oneTimePairs()?.pairs[0]?.bytes ?? null;
    const [alice, carol] = await Promise.all(
      [0, 1].map(() => network.person({ ...directory(async () => pair), mailbox: false })),
    );
    for (const { agent } of [alice!, carol!]) await agent.addContact(bob.card);
    await bob.leave();
    for (const sender of [alice!, carol!]) {
      await sender.agent.send(bob.did, text('mine'));
    }
    const report = await bob.back();
    expect(report).toMatchObject({ opened: 1, waiting: 2 });
    expect(report.unreadable).toHaveLength(1);
  });
});

describe('security levels', () => {
  it('are the highest common ones, and never lower than before unless the user says so', async () => {
    const [alice, bob] = await couple();
    expect(alice.agent.security()).toEqual({
      minLevel: 3,
      minLevelName: 'QUANTUM_RESISTANT',
      maxLevel: 3,
      maxLevelName: 'QUANTUM_RESISTANT',
      suites: [1, 2, 3],
      falcon: false,
    });
    alice.agent.setSecurity({ minLevel: 1 });
    bob.agent.setSecurity({ minLevel: 1 });
    expect((await alice.agent.connect(bob.did)).level).toBe(3);
    await apart(alice, bob);
    alice.agent.setSecurity({ maxLevel: 2 });
    expect(await failure(alice.agent.connect(bob.did))).toBe('GATE_REFUSED');
    alice.agent.allowLevel(bob.did, 2);
    expect(await failure(alice.agent.connect(bob.did))).toBe('GATE_REFUSED');
    expect(bob.events.refused.at(-1)).toMatchObject({ name: 'LEVEL' });
    bob.agent.allowLevel(alice.did, 1);
    expect(await alice.agent.connect(bob.did)).toMatchObject({ level: 2, resumed: false });
    expect(bob.agent.contacts()).toMatchObject([{ level: 2 }]);
    expect((await alice.agent.send(bob.did, text('classical'))).route).toBe('p2p');
    await apart(alice, bob);
    expect(await alice.agent.connect(bob.did)).toMatchObject({ level: 2, resumed: true });
    expect((await bob.agent.send(alice.did, text('and back'))).route).toBe('p2p');
  });

  it('and suites hold through the mailbox and over restarts', async () => {
    const [alice, bob] = await Promise.all([network.person(), network.person()]);
    for (const { agent } of [alice, bob]) agent.setSecurity({ minLevel: 1, maxLevel: 1, suites: [3] });
    // What he has published names the old minimum until maintenance has seen the change.
    expect([await bob.agent.mailbox.maintainPrekeys(), await bob.agent.mailbox.maintainPrekeys()]).toEqual([
      true,
      false,
    ]);
    await alice.agent.addContact(bob.card);
    await bob.leave();
    await alice.agent.send(bob.did, text('one'));
    await alice.restart({ listen: ['/ip4/127.0.0.1/tcp/0'] });
    await alice.agent.send(bob.did, text('two'));
    expect(await bob.back()).toMatchObject({ opened: 2, unreadable: [] });
    expect(bob.texts).toEqual(['one', 'two']);
    expect(bob.agent.contacts()).toMatchObject([{ did: alice.did, level: 1 }]);
    // A publication has the keys of every level: what its owner offers limits nobody to less than they want.
    const strict = await network.person();
    await strict.agent.addContact(bob.card);
    await bob.leave();
    expect((await strict.agent.send(bob.did, text('hybrid'))).route).toBe('mailbox');
    expect(await bob.back()).toMatchObject({ opened: 1, unreadable: [] });
    expect(bob.agent.contacts().find(({ did }) => did === strict.did)?.level).toBe(3);
  });

  it('raised, end the sessions below', async () => {
    const [alice, bob] = await couple();
    for (const { agent } of [alice, bob]) agent.setSecurity({ minLevel: 1, maxLevel: 1 });
    expect((await alice.agent.connect(bob.did)).level).toBe(1);
    const sessions = alice.agent.status().sessions;
    alice.agent.setSecurity({ maxLevel: 3, minLevel: 3 });
    expect([sessions, alice.agent.status().sessions]).toEqual([1, 0]);
  });

  it.each([
    [{ minLevel: 4 }, 'BAD_REQUEST'],
    [{ minLevel: '3' }, 'BAD_REQUEST'],
    [{ maxLevel: 1 }, 'BAD_POLICY'],
    [{ suites: [] }, 'BAD_POLICY'],
    [{ suites: [1, 1] }, 'BAD_POLICY'],
    [{ suites: 'all' }, 'BAD_REQUEST'],
    [{ suites: [0] }, 'BAD_REQUEST'],
    [{ falcon: 'on' }, 'BAD_REQUEST'],
    // Without a key it would say something that is not true.
    [{ falcon: true }, 'BAD_REQUEST'],
  ])('%o is refused and changes nothing', async (changes, code) => {
    const person = await network.person({ credential: false, mailbox: false, funded: false });
    const before = person.agent.security();
    expect(await failure((async () => person.agent.setSecurity(changes))())).toBe(code);
    expect(person.agent.security()).toEqual(before);
    expect(await failure((async () => person.agent.allowLevel('did:jwk:nobody', 3))())).toBe('NO_CONTACT');
  });
});
