/** What is lost with a connection, waits for somebody who is away, or does not decode. */
import { silentLogger } from '@wotid/core';
import { openEnvelope } from '@wotid/session';
import { expect, it } from 'vitest';
import { Contacts } from '../src/contacts.ts';
import { initiatorSessions } from '../src/gate-sessions.ts';
import type { Home } from '../src/home/home.ts';
import { Inbox } from '../src/inbox.ts';
import { MessageLog } from '../src/message-log.ts';
import type { InboxMessage } from '../src/types.ts';
import { createHome } from './home/homes.ts';
import { clock, contactsOf, gateSession, keeperOf, provider, say, someone } from './parts.ts';

const [alice, bob] = [someone(), someone()];

async function aliceAtHome(): Promise<{ readonly home: Home; readonly contacts: Contacts }> {
  const home = await createHome();
  const contacts = contactsOf(home, alice);
  contacts.remember(bob, new Uint8Array([1]), 3);
  return { home, contacts };
}

it('a checkpoint that does not decode is no reason to leave its message unacknowledged', async () => {
  const { home, contacts } = await aliceAtHome();
  const reports: unknown[] = [];
  const logs: string[] = [];
  const log = new MessageLog({
    home,
    provider,
    logger: { ...silentLogger, warn: (event) => logs.push(event) },
    contacts,
    ours: alice,
    mode: () => 'ratchet',
    send: () => Promise.reject(new Error('nothing is sent here')),
    onCheckpoint: (report) => reports.push(report),
  });
  const message: InboxMessage = {
    position: 1,
    messageId: '00'.repeat(16),
    from: bob.block.did,
    type: 'checkpoint',
    payload: new Uint8Array([7]),
    seq: 1,
    sentAtMs: 0,
    receivedAtMs: 0,
    route: 'p2p',
    replyTo: null,
    isSigned: true,
  };
  expect(() => log.receive(message)).not.toThrow();
  await expect.poll(() => logs).toEqual(['checkpoint.unchecked']);
  expect(reports).toEqual([]);
});

it('an Offer that was lost with a connection goes again with the first message of the next', async () => {
  const { home, contacts } = await aliceAtHome();
  const keeper = keeperOf(home, alice);
  const inbox = new Inbox({ home, clock, onMessage: () => {}, onAcknowledged: () => {} });
  const nowMs = clock.nowMs();
  const { ours, theirs, gate } = gateSession(alice, bob);
  const session = keeper.add(ours, () => keeper.active(bob.block.did)) ?? keeper.active(bob.block.did);
  keeper.seal(session!, say('with an Offer'), 'online', { rekey: 'epoch' });
  const context = {
    peer: bob,
    level: 3,
    suite: 1,
    gateHash: gate.gateHash,
    exporter: () => gate.exporter,
    initiatedAtMs: nowMs,
    credential: { bytes: new Uint8Array(), accepted: {} as never },
  } as const;
  const resumed = initiatorSessions({ provider, clock, ours: alice, keeper, inbox, contacts }).resume(
    context,
    session!.sid,
  );
  const opened = openEnvelope(provider, theirs, await resumed, { nowMs, peer: alice.block });
  expect(opened.session.isRekeying).toBe(true);
});
