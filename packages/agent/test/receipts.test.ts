/** Receipts for a peer that sends much and reads late. */
import { once } from 'node:events';
import { createTransport, type FrameStream } from '@wotid/transport';
import { expect, it, onTestFinished } from 'vitest';
import { Inbox } from '../src/inbox.ts';
import { LiveLink } from '../src/live-link.ts';
import { Receipts } from '../src/receipts.ts';
import { createHome } from './home/homes.ts';
import { clock, gateSession, keeperOf, provider, someone } from './parts.ts';

it('wait one at a time for a peer that does not read, however much it sends', async () => {
  const [alice, bob] = [someone(), someone()];
  const home = await createHome();
  const keeper = keeperOf(home, alice);
  const session = gateSession(alice, bob).ours;
  keeper.add(session, () => {});
  const inbox = new Inbox({ home, clock, onMessage: () => {}, onAcknowledged: () => {} });
  const receipts = new Receipts({ provider, clock, keeper, inbox });
  const sealed = (): number => (keeper.active(bob.block.did)?.messageCount ?? 0) - session.messageCount;

  const arrived = new EventTarget();
  const frames: Uint8Array[] = [];
  const serve = async (stream: FrameStream): Promise<void> => {
    for (;;) {
      frames.push(await stream.receive());
      arrived.dispatchEvent(new Event('frame'));
    }
  };
  const [ours, theirs] = await Promise.all([
    createTransport({ peerKeySeed: provider.random.bytes(32), admitMessages: () => true }),
    createTransport({
      peerKeySeed: provider.random.bytes(32),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      admitMessages: () => true,
    }),
  ]);
  theirs.onMessages(serve);
  onTestFinished(async () => void (await Promise.all([ours.close(), theirs.close()])));
  const connection = await ours.dial({ peerId: theirs.peerId, addrs: theirs.addresses() });
  const link = new LiveLink({
    peer: bob,
    sid: session.sid,
    connection,
    onEnvelope: () => {},
    onClosed: () => {},
  });

  // The message stream is not there yet, so the link takes nothing.
  for (let seq = 1; seq <= 5_000; seq++) receipts.note(link, seq);
  expect(sealed()).toBe(1);
  void link.serve(await ours.openMessages(connection));
  while (frames.length < 2) await once(arrived, 'frame');
  // What came while the first one waited is told by the second.
  expect(sealed()).toBe(2);
  receipts.note(link, 5_001);
  while (frames.length < 3) await once(arrived, 'frame');
  expect(sealed()).toBe(3);
});
