import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child } from './child-process.ts';
import type { KillPoint } from './child.ts';
import { failure, meet, Network, text, type Person } from './people.ts';

let network: Network;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());

/** Ends a person's agent here and starts it in a process of its own. */
async function inProcess(person: Person, point: KillPoint): Promise<Child> {
  await person.close();
  const child = new Child(person.home.dir, point);
  await child.event('ready');
  return child;
}

/** Two people who know each other and have a session. */
async function couple(): Promise<[Person, Person]> {
  const [alice, bob] = await Promise.all([
    network.person({ ackTimeoutMs: 1_500 }),
    network.person({ ackTimeoutMs: 1_500 }),
  ]);
  await meet(alice, bob);
  await alice.agent.connect(bob.did);
  return [alice, bob];
}

describe('kill -9', () => {
  it('of a sender whose message is on disk and has not left: it leaves later, once, in the same session', async () => {
    const [alice, bob] = await couple();
    const session = alice.home.sessions.ids()[0]?.toHex();
    const child = await inProcess(alice, 'sealed');
    child.tell({ do: 'send', to: bob.did, text: 'late' });
    expect(await child.died).toBe('SIGKILL');
    await alice.reopen();
    expect(alice.home.outbox.pendingFor(bob.did).map(({ state }) => state)).toEqual(['sent']);
    expect((await alice.agent.connect(bob.did)).sessionId).toBe(session);
    await bob.until(({ message }) => message.length === 1);
    await alice.until(() => alice.agent.status().toSend === 0);
    await alice.agent.send(bob.did, text('next'));
    expect(bob.texts).toEqual(['late', 'next']);
  });

  it('of a receiver that has stored a message and not acknowledged it: the copy in the mailbox is known', async () => {
    const [alice, bob] = await couple();
    const bobDid = bob.did;
    const child = await inProcess(bob, 'stored');
    const delivery = alice.agent.send(bobDid, text('twice'));
    expect(await child.died).toBe('SIGKILL');
    expect((await delivery).route).toBe('mailbox');
    await bob.reopen();
    const report = await bob.until(({ sync }) => sync[0]);
    expect(report).toMatchObject({ waiting: 1, opened: 0, duplicates: 1, unreadable: [] });
    expect(bob.texts).toEqual(['twice']);
  });

  it('of a receiver that has stored messages and not claimed them: they are claimed, the others read', async () => {
    const [alice, bob] = await couple();
    const bobDid = bob.did;
    await bob.close();
    for (const content of ['1', '2', '3']) await alice.agent.send(bobDid, text(content));
    const child = new Child(bob.home.dir, 'stored');
    expect(await child.died).toBe('SIGKILL');
    await bob.reopen();
    const report = await bob.until(({ sync }) => sync[0]);
    expect(report).toMatchObject({
      waiting: 3,
      opened: 2,
      duplicates: 0,
      unreadable: [],
      claimFailure: null,
    });
    expect(bob.texts).toEqual(['1', '2', '3']);
    expect(await bob.agent.mailbox.waiting()).toEqual([]);
  });

  it.each(['in a session', 'as the first message of one'])(
    'of a sender whose message is on chain and not noted, %s: shown once',
    async (how) => {
      const [alice, bob] = await Promise.all([network.person(), network.person()]);
      await meet(alice, bob);
      if (how === 'in a session') await alice.agent.connect(bob.did);
      const bobDid = bob.did;
      await bob.leave();
      const child = await inProcess(alice, 'posted');
      child.tell({ do: 'send', to: bobDid, text: '1' });
      expect(await child.died).toBe('SIGKILL');
      await alice.reopen({ isDue: true });
      await alice.until(({ delivery }) => delivery.length === 1);
      await alice.agent.send(bobDid, text('2'));
      expect(await bob.back()).toMatchObject({ waiting: 3, opened: 2, duplicates: 1, unreadable: [] });
      expect(bob.texts).toEqual(['1', '2']);
      expect([alice.agent.status().sessions, bob.agent.status().sessions]).toEqual([1, 1]);
    },
  );

  it('of an initiator before it heard that the gate was passed: what was sent in that session is read', async () => {
    const [alice, bob] = await Promise.all([
      network.person({ ackTimeoutMs: 1_500 }),
      network.person({ ackTimeoutMs: 1_500 }),
    ]);
    await meet(alice, bob);
    const aliceDid = alice.did;
    const child = await inProcess(alice, 'M5 sent');
    child.tell({ do: 'connect', to: bob.did });
    expect(await child.died).toBe('SIGKILL');
    await bob.until(({ peer }) => peer.some(({ state }) => state === 'disconnected'));
    expect((await bob.agent.send(aliceDid, text('in the new session'))).route).toBe('mailbox');
    await alice.reopen();
    await alice.until(({ sync }) => sync[0]);
    expect(alice.texts).toEqual(['in the new session']);
    const report = await alice.agent.connect(bob.did);
    expect(report.resumed).toBe(true);
    await alice.agent.send(bob.did, text('and back'));
    expect(bob.texts).toEqual(['and back']);
    expect([alice.agent.status().sessions, bob.agent.status().sessions]).toEqual([1, 1]);
  });

  it('again and again of a receiver: every message is shown exactly once', async () => {
    const [alice, bob] = await couple();
    const [bobDid, count] = [bob.did, 24];
    const sent: Promise<unknown>[] = [];
    const send = (from: number, to: number): void => {
      for (let i = from; i < to; i++) sent.push(alice.agent.send(bobDid, text(String(i))));
    };
    for (let round = 0; round < 3; round++) {
      const child = await inProcess(bob, 'never');
      send((round * count) / 3, ((round + 1) * count) / 3);
      // Some have come, others are under way.
      await child.event('message');
      await child.kill();
    }
    await Promise.all(sent);
    await bob.reopen();
    await bob.until(({ sync }) => sync[0]);
    await bob.agent.connect(alice.did);
    await alice.until(() => alice.agent.status().toSend === 0);
    expect(bob.texts.map(Number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: count }, (_, i) => i),
    );
    expect(await failure(bob.agent.sync())).toBe('no error');
  });
});
