import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { clockFromNow, failure, meet, Network, text, type Person } from './people.ts';

let network: Network;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());

const couple = (init?: Parameters<Network['couple']>[0]): Promise<[Person, Person]> => network.couple(init);

describe('two agents online', () => {
  it('pass the gate, start a session and acknowledge messages both ways', async () => {
    const [alice, bob] = await couple();
    const report = await alice.agent.connect(bob.did);
    expect(report).toMatchObject({
      peer: bob.did,
      peerId: bob.agent.peerId,
      level: 3,
      suite: 1,
      resumed: false,
    });
    const there = await alice.agent.send(bob.did, text('hello bob'));
    expect(there).toMatchObject({ route: 'p2p', to: bob.did });
    const back = await bob.agent.send(alice.did, text('hello alice'), { replyTo: there.messageId });
    expect(back.route).toBe('p2p');
    expect(bob.events.message).toMatchObject([{ from: alice.did, type: 'text', route: 'p2p', seq: 1 }]);
    expect(alice.agent.inbox()).toMatchObject([{ from: bob.did, replyTo: there.messageId }]);
    expect([alice.texts, bob.texts]).toEqual([['hello alice'], ['hello bob']]);
    expect(alice.agent.status()).toMatchObject({ sessions: 1, toSend: 0, inbox: 1 });
    expect(alice.home.outbox.count('acked')).toBe(1);
  });

  it('over WebSocket, and by connecting only', async () => {
    const bob = await network.person({ mailbox: false, funded: false, listen: ['/ip4/127.0.0.1/tcp/0/ws'] });
    const alice = await network.person({ mailbox: false, funded: false, listen: [] });
    await meet(alice, bob);
    expect(alice.agent.addresses).toEqual([]);
    expect((await alice.agent.send(bob.did, text('through ws'))).route).toBe('p2p');
    expect((await bob.agent.send(alice.did, text('and back'))).route).toBe('p2p');
    expect(bob.agent.addresses[0]).toMatch(/\/ws\/p2p\//);
  });

  it('talk on when who watches the gate or listens to events fails', async () => {
    const fail = (): never => {
      throw new Error('no space left');
    };
    const [alice, bob] = await couple({ observeGate: fail });
    bob.agent.on('message', fail);
    expect((await alice.agent.send(bob.did, text('all the same'))).route).toBe('p2p');
    expect(bob.texts).toEqual(['all the same']);
    expect(bob.logs.filter((line) => line.includes('no space left')).length).toBeGreaterThan(6);
  });

  it('take an acknowledgement that could not be stored when the peer says it again', async () => {
    const [alice, bob] = await couple({ ackTimeoutMs: 60_000 });
    const { outbox } = alice.home;
    const update = outbox.update.bind(outbox);
    let isLost = false;
    vi.spyOn(outbox, 'update').mockImplementation((messageId, status) => {
      if (status.state === 'acked' && !isLost) {
        isLost = true;
        throw new Error('no space left');
      }
      return update(messageId, status);
    });
    const sent = alice.agent.send(bob.did, text('hello'));
    await expect.poll(() => isLost, { timeout: 30_000 }).toBe(true);
    expect(outbox.count('acked')).toBe(0);
    expect((await bob.agent.send(alice.did, text('still here'))).route).toBe('p2p');
    expect((await sent).route).toBe('p2p');
  });

  it('carry the largest message, and refuse a larger one before it is queued', async () => {
    const [alice, bob] = await couple();
    const bytes = crypto.getRandomValues(new Uint8Array(65_536));
    expect((await alice.agent.send(bob.did, { type: 'bytes', bytes })).route).toBe('p2p');
    expect(bob.agent.inbox()[0]?.payload).toEqual(bytes);
    const tooLarge = { type: 'bytes', bytes: new Uint8Array(65_537) } as const;
    expect(await failure(alice.agent.send(bob.did, tooLarge))).toBe('PAYLOAD_TOO_LARGE');
    expect(await failure(alice.agent.send(bob.did, text('x'), { replyTo: 'not hex' }))).toBe('BAD_REQUEST');
    expect(await failure(alice.agent.send('somebody else', text('x')))).toBe('NO_CONTACT');
    expect(alice.agent.status().toSend).toBe(0);
  });

  it('keep the order and lose nothing of a burst larger than the stream takes at once', async () => {
    const [alice, bob] = await couple({ ackTimeoutMs: 60_000 });
    const bytes = new Uint8Array(65_536);
    const sent = Array.from({ length: 80 }, (_, i) => {
      bytes[0] = i;
      return alice.agent.send(bob.did, { type: 'bytes', bytes: bytes.slice() });
    });
    for (const { route } of await Promise.all(sent)) expect(route).toBe('p2p');
    expect(bob.agent.inbox({ limit: 100 }).map(({ payload }) => payload[0])).toEqual(
      Array.from({ length: 80 }, (_, i) => i),
    );
  });

  it('end with one link that works when both connect at the same time', async () => {
    for (let round = 0; round < 3; round++) {
      const [alice, bob] = await couple();
      const [one, other] = await Promise.all([alice.agent.connect(bob.did), bob.agent.connect(alice.did)]);
      expect(one.sessionId).toBe(other.sessionId);
      const routes = await Promise.all([
        alice.agent.send(bob.did, text('a')),
        bob.agent.send(alice.did, text('b')),
      ]);
      expect(routes.map(({ route }) => route)).toEqual(['p2p', 'p2p']);
      expect([alice.texts, bob.texts]).toEqual([['b'], ['a']]);
      expect((await alice.agent.connect(bob.did)).sessionId).toBe(one.sessionId);
      await Promise.all([alice.close(), bob.close()]);
    }
  });

  it('go on in the same session after one restarts, and after it crashes', async () => {
    const [alice, bob] = await couple();
    const first = await alice.agent.connect(bob.did);
    await alice.agent.send(bob.did, text('1'));
    await bob.restart();
    await alice.until(({ peer }) => peer.some(({ state }) => state === 'disconnected'));
    expect((await bob.agent.send(alice.did, text('2'))).route).toBe('p2p');
    await bob.crash();
    const again = await bob.agent.connect(alice.did);
    expect(again).toMatchObject({ sessionId: first.sessionId, resumed: true });
    expect((await bob.agent.send(alice.did, text('3'))).route).toBe('p2p');
    expect([alice.texts, bob.texts]).toEqual([['2', '3'], ['1']]);
    expect(alice.agent.status().sessions).toBe(1);
  });

  it('send what waited, in order, once the other is back', async () => {
    const [alice, bob] = await couple();
    await bob.agent.connect(alice.did);
    await bob.leave();
    for (const content of ['1', '2', '3']) {
      expect(await failure(alice.agent.send(bob.did, text(content), { sign: content === '2' }))).toBe(
        'NOT_DELIVERED NO_ROUTE',
      );
    }
    expect(alice.agent.status().toSend).toBe(3);
    await bob.restart();
    await bob.agent.connect(alice.did);
    await alice.until(({ delivery }) => delivery.length === 3);
    expect(bob.texts).toEqual(['1', '2', '3']);
    // The signature was asked for once, and goes with the message whenever that leaves.
    const [plain, signed] = alice.events.delivery;
    expect((signed?.payloadBytes ?? 0) - (plain?.payloadBytes ?? 0)).toBeGreaterThan(4_627);
  });

  it('reach each other at the same ports after a restart, and at others when those are taken', async () => {
    const [alice, bob] = await couple();
    await bob.restart({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] });
    const before = bob.agent.addresses;
    const card = bob.card;
    await bob.restart();
    expect(bob.agent.addresses.toSorted()).toEqual(before.toSorted());
    await alice.agent.addContact(card);
    expect((await alice.agent.send(bob.did, text('same place'))).route).toBe('p2p');
    const port = Number(/tcp\/(\d+)\/p2p/.exec(before[0] ?? '')?.[1]);
    await bob.leave();
    const { createServer } = await import('node:net');
    const squatter = createServer().listen(port, '127.0.0.1');
    await bob.restart();
    expect(bob.agent.addresses).toHaveLength(2);
    expect(bob.agent.addresses).not.toContain(before[0]);
    squatter.close();
    // A command that opens the agent without listening still gives out where it was last.
    const known = bob.agent.addresses;
    await bob.restart({ listen: [] });
    const { addresses } = await alice.agent.addContact(bob.card);
    expect(addresses.toSorted()).toEqual(known.toSorted());
  });
});

describe('contacts', () => {
  it('are found by name, DID or a part of it that fits one; a later card replaces an earlier, never the other way', async () => {
    const clock = clockFromNow();
    const [alice, bob, carol] = await Promise.all(
      [1, 2, 3].map(() => network.person({ mailbox: false, funded: false, clock })),
    );
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody');
    const early = bob.card;
    clock.advance(1_000);
    const late = bob.card;
    await alice.agent.addContact(late, 'bob');
    await expect(alice.agent.addContact(early)).rejects.toMatchObject({ code: 'BAD_CARD' });
    await alice.agent.addContact(late);
    await alice.agent.addContact(carol.card, 'carol');
    expect(await failure(alice.agent.addContact(alice.card))).toBe('BAD_CARD');
    const { agent } = alice;
    expect((await agent.send('bob', text('by name'))).to).toBe(bob.did);
    expect((await agent.send(bob.did.slice(60, 120), text('by a part'))).to).toBe(bob.did);
    for (const nobody of ['did:jwk:', 'dave', bob.did.slice(60, 64)]) {
      expect(await failure(agent.send(nobody, text('?')))).toBe('NO_CONTACT');
    }
    const tampered = late.replace(/[A-Z](?=[a-z]{2})/, (letter) => (letter === 'A' ? 'B' : 'A'));
    expect(['BAD_CARD', 'BAD_ARMOR']).toContain(await failure(agent.addContact(tampered)));
    expect(agent.contacts().map(({ alias, verified }) => [alias, verified])).toEqual(
      expect.arrayContaining([
        ['bob', true],
        ['carol', true],
      ]),
    );
  });
});

describe('the end', () => {
  it('of an agent refuses new messages and leaves nothing running', async () => {
    const [alice, bob] = await couple();
    await alice.agent.connect(bob.did);
    const pending = Promise.all([alice.agent.send(bob.did, text('1')), alice.agent.close()]).catch(() => {});
    await pending;
    expect(await failure(alice.agent.send(bob.did, text('2')))).toBe('CLOSED');
    await alice.agent.close();
    await bob.until(({ peer }) => peer.some(({ state }) => state === 'disconnected'));
  });

  it('of a session comes 7 days after another replaced it', async () => {
    const clock = clockFromNow();
    const [alice, bob] = await couple({ clock });
    await alice.agent.connect(bob.did);
    for (const sid of bob.home.sessions.ids()) bob.home.sessions.delete(sid);
    await bob.crash();
    const next = await bob.agent.connect(alice.did);
    expect(next.resumed).toBe(false);
    expect(alice.agent.status().sessions).toBe(2);
    clock.advance(7 * 86_400_000 - 60_000);
    await alice.restart();
    expect(alice.agent.status().sessions).toBe(2);
    clock.advance(120_000);
    await alice.restart();
    expect(alice.agent.status().sessions).toBe(1);
    expect(alice.home.sessions.count()).toBe(1);
  });
});
