/** Key rotations whose process is killed: the home opens each time, and what was begun is finished. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { secretNames } from '../src/home/vault.ts';
import { Home } from '../src/index.ts';
import { Child } from './child-process.ts';
import { Network, passphrase, text, meet } from './people.ts';

let network: Network;
beforeAll(async () => {
  network = await Network.start();
});
afterAll(() => network.stop());

it('kill -9 of rotations, between any two steps and at any moment', { timeout: 240_000 }, async () => {
  const [alice, bob] = await Promise.all([
    network.person({ didMethod: 'iota', mailbox: false }),
    network.person({ didMethod: 'iota', mailbox: false }),
  ]);
  const before = alice.agent.status().fingerprint;
  await alice.close();
  const { dir } = alice.home;
  let interrupted = 0;
  const leave = async (child: Child): Promise<void> => {
    expect(await child.died).toBe('SIGKILL');
    const home = await Home.open({ dir, passphrase });
    home.verify();
    if (home.vault.names().includes(secretNames.nextIdentity)) interrupted++;
    home.close();
  };
  const begin = async (steps: number = Infinity): Promise<Child> => {
    const child = new Child(dir, 'rotating', steps);
    // Whoever opens it has finished what was begun.
    expect(await child.event('ready')).toMatchObject({ isRotating: false });
    child.tell({ do: 'rotate' });
    await child.event('rotating');
    return child;
  };
  for (let steps = 0; steps < 12; steps++) await leave(await begin(steps));
  expect(interrupted).toBeGreaterThan(0);
  for (let k = 0; k < 8; k++) {
    const child = await begin();
    // No wait for anything: a moment in a rotation, or in the next.
    await pause(Math.random() * 400);
    await child.kill();
    await leave(child);
  }
  await alice.reopen();
  expect(await alice.agent.identity.show()).toMatchObject({ isCurrent: true, isRotating: false });
  expect(alice.agent.status().fingerprint).not.toBe(before);
  await alice.agent.credential.import(await network.credentialFor(alice));
  await meet(alice, bob);
  expect((await alice.agent.send(bob.did, text('still me'))).route).toBe('p2p');
});
