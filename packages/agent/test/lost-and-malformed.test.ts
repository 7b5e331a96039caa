/** What is lost with a connection, waits for somebody who is away, or does not decode. */
import { didJwkOf } from '@wotid/credential';
import { IdentityKeys, NodeProvider } from '@wotid/crypto';
import {
  acceptGateSession,
  createGateSession,
  defaultSecurityPolicy,
  messageTypes,
  newMessageId,
  OnlinePrekeys,
  openEnvelope,
  ownIdentity,
  sealMessage,
  type OutgoingMessage,
  type OwnIdentity,
} from '@wotid/session';
import { VirtualClock } from '@wotid/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { Admission } from '../src/admission.ts';
import { Contacts } from '../src/contacts.ts';
import { AgentDidResolver } from '../src/did-resolver.ts';
import { initiatorSessions } from '../src/gate-sessions.ts';
import type { Home } from '../src/home/home.ts';
import { Inbox } from '../src/inbox.ts';
import { MessageLog } from '../src/message-log.ts';
import { SessionKeeper } from '../src/session-keeper.ts';
import type { InboxMessage } from '../src/types.ts';
import { createHome } from './home/homes.ts';

const provider = new NodeProvider();
const person = (): OwnIdentity => {
  const keys = IdentityKeys.generate(provider);
  return ownIdentity(provider, keys, didJwkOf(keys.ed25519.publicKey));
};
const [alice, bob] = [person(), person()];
const clock = new VirtualClock();

async function aliceAtHome(): Promise<{ readonly home: Home; readonly contacts: Contacts }> {
  const home = await createHome();
  onTestFinished(() => home.close());
  const resolver = new AgentDidResolver({ clock, reader: null, isTrustedIssuer: () => false });
  const admission = new Admission({ provider, clock, resolver, trustedIssuers: () => [] });
  const contacts = new Contacts({
    home,
    provider,
    clock,
    admission,
    ours: alice,
    onNewKeys: () => {},
    onChanged: () => {},
  });
  contacts.remember(bob, new Uint8Array([1]), 3);
  return { home, contacts };
}

it('a checkpoint that does not decode is no reason to leave its message unacknowledged', async () => {
  const { home, contacts } = await aliceAtHome();
  const reports: unknown[] = [];
  const log = new MessageLog({
    home,
    provider,
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
  expect(reports).toEqual([]);
});

it('an Offer that was lost with a connection goes again with the first message of the next', async () => {
  const { home, contacts } = await aliceAtHome();
  const keeper = new SessionKeeper({
    home,
    provider,
    clock,
    ours: alice,
    policy: () => defaultSecurityPolicy,
    blockOf: () => null,
    onNotice: () => {},
  });
  const inbox = new Inbox({ home, clock, onMessage: () => {}, onAcknowledged: () => {} });
  const nowMs = clock.nowMs();
  const say = (): OutgoingMessage => ({
    type: messageTypes.text,
    payload: new Uint8Array([1]),
    messageId: newMessageId(provider.random),
    seq: 1,
    sentAtMs: nowMs,
  });
  using prekeys = new OnlinePrekeys(provider);
  const gate = { gateHash: provider.random.bytes(64), exporter: provider.random.bytes(64) };
  const common = { level: 3, suite: 1, gate, initiatedAtMs: nowMs, nowMs } as const;
  const made = createGateSession(provider, {
    ...common,
    ours: alice,
    peer: bob,
    prekeys: prekeys.publicKeys,
  });
  const first = sealMessage(provider, made.session, say(), { route: 'online', nowMs });
  const fresh = acceptGateSession(provider, made.publicPart, { ...common, ours: bob, peer: alice, prekeys });
  let theirs = openEnvelope(provider, fresh, first.envelope, { nowMs, peer: alice.block }).session;
  const session =
    keeper.add(first.session, () => keeper.active(bob.block.did)) ?? keeper.active(bob.block.did);
  keeper.seal(session!, say(), 'online', { rekey: 'epoch' });
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
  theirs = openEnvelope(provider, theirs, await resumed, { nowMs, peer: alice.block }).session;
  expect(theirs.isRekeying).toBe(true);
});
