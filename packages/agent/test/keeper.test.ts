/** The sessions of a home: those that the peer may or may not have, and those whose time is over. */
import { didJwkOf } from '@wotid/credential';
import { IdentityKeys } from '@wotid/crypto';
import {
  defaultSecurityPolicy,
  openEnvelope,
  ownIdentity,
  sealMessage,
  type IncomingMessage,
  type OwnIdentity,
  type Route,
  type Session,
} from '@wotid/session';
import { expect, it, onTestFinished } from 'vitest';
import { SessionKeeper, type SessionNotice } from '../src/session-keeper.ts';
import { createHome } from './home/homes.ts';
import { clock, gateSession, keeperOf, provider, say, someone } from './parts.ts';

const [alice, bob] = [someone(), someone()];
const notices: SessionNotice[] = [];

type Reopened = (ours?: OwnIdentity) => SessionKeeper;

async function makeKeeper(): Promise<SessionKeeper & { readonly reopened: Reopened }> {
  const home = await createHome();
  notices.length = 0;
  const open: Reopened = (ours = alice) => keeperOf(home, ours, (notice) => notices.push(notice));
  onTestFinished(() => home.close());
  return Object.assign(open(), { reopened: open });
}

const textOf = ({ payload }: IncomingMessage): string => new TextDecoder().decode(payload);
const answer = (session: Session, text: string): Uint8Array =>
  sealMessage(provider, session, say(text), { route: 'mailbox', nowMs: clock.nowMs() }).envelope;

it('a session on hold receives, sends nothing, and takes over with the first message in it', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  const held = keeper.hold(ours);
  expect(keeper.active(bob.block.did)).toBeNull();
  const again = keeper.reopened();
  const envelope = answer(theirs, 'I have it');
  const session = again.of(envelope) as Session;
  expect(session.sid).toEqual(held.sid);
  expect(again.open(session, envelope, bob.block, 'mailbox', textOf)).toBe('I have it');
  expect(again.active(bob.block.did)?.sid).toEqual(held.sid);
  // The keys that it has moved on from are gone.
  expect(() => openEnvelope(provider, session, envelope, { nowMs: 0, peer: bob.block })).toThrow(TypeError);
  expect(keeper.reopened().active(bob.block.did)?.isConfirmed).toBe(true);
});

it('a session on hold only receives once our keys have been replaced', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  keeper.hold(ours);
  const fresh = alice.keys.withFresh(provider, ['x25519', 'ml-dsa-87']);
  const rotated = keeper.reopened(ownIdentity(provider, fresh, alice.block.did));
  const envelope = answer(theirs, 'I have it');
  expect(rotated.open(rotated.of(envelope) as Session, envelope, bob.block, 'mailbox', textOf)).toBe(
    'I have it',
  );
  expect(rotated.active(bob.block.did)).toBeNull();
});

it('every session only receives when our keys are replaced, also what was put on hold at that moment', async () => {
  const keeper = await makeKeeper();
  keeper.add(gateSession(alice, bob).ours, () => {});
  keeper.hold(gateSession(alice, bob).ours);
  keeper.retireAll();
  for (const one of [keeper, keeper.reopened()]) {
    expect(one.facts().map(({ replacedAtMs }) => replacedAtMs)).toEqual([clock.nowMs(), clock.nowMs()]);
    expect(one.active(bob.block.did)).toBeNull();
  }
});

it('a session on hold does not take over from one of a later gate', async () => {
  const keeper = await makeKeeper();
  const earlier = gateSession(alice, bob);
  keeper.hold(earlier.ours);
  clock.advance(1_000);
  const later = gateSession(alice, bob);
  const envelope = answer(later.theirs, 'M6');
  const held = keeper.hold(later.ours);
  const { session } = openEnvelope(provider, held, envelope, { nowMs: clock.nowMs(), peer: bob.block });
  keeper.activate(session, () => {});
  const late = answer(earlier.theirs, 'late');
  expect(keeper.open(keeper.of(late) as Session, late, bob.block, 'mailbox', textOf)).toBe('late');
  expect(keeper.active(bob.block.did)?.sid).toEqual(later.ours.sid);
});

it('of sessions on hold the four latest stay, in memory and on disk', async () => {
  const keeper = await makeKeeper();
  const sids = Array.from({ length: 6 }, () => {
    clock.advance(1_000);
    return keeper.hold(gateSession(alice, bob).ours).sid;
  });
  for (const one of [keeper, keeper.reopened()]) {
    expect(one.count).toBe(4);
    expect(sids.map((sid) => one.find(sid) !== null)).toEqual([false, false, true, true, true, true]);
  }
});

it('what a store cannot keep changes nothing: the same envelope opens again', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  const held = keeper.hold(ours);
  const envelope = answer(theirs, 'once more');
  const fail = (): never => {
    throw new Error('disk full');
  };
  expect(() => keeper.open(held, envelope, bob.block, 'mailbox', fail)).toThrow('disk full');
  expect(keeper.active(bob.block.did)).toBeNull();
  expect(keeper.open(keeper.of(envelope) as Session, envelope, bob.block, 'mailbox', textOf)).toBe(
    'once more',
  );
  expect(() =>
    keeper.open(keeper.find(held.sid) as Session, envelope, bob.block, 'mailbox', textOf),
  ).toThrow();
});

it('what was not used for 90 days is erased, at once or when the home is opened', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  keeper.hold(ours);
  const envelope = answer(theirs, 'hello');
  keeper.open(keeper.of(envelope) as Session, envelope, bob.block, 'mailbox', textOf);
  clock.advance(90 * 86_400_000 - 1);
  keeper.prune();
  expect([keeper.count, keeper.reopened().count]).toEqual([1, 1]);
  clock.advance(1);
  expect(keeper.reopened().count).toBe(0);
  keeper.prune();
  expect(keeper.count).toBe(0);
});

it('what is not used for 30 minutes leaves memory, and is there again for who needs it', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  keeper.add(ours, () => {});
  const late = answer(theirs, 'late');
  const secret = JSON.stringify(keeper.active(bob.block.did)?.ratchet);
  clock.advance(30 * 60_000 - 1);
  keeper.rest();
  const awake = keeper.active(bob.block.did);
  clock.advance(1);
  keeper.rest();
  // The object that was in memory is wiped; another one comes from the record.
  expect([keeper.count, keeper.facts().length]).toEqual([1, 1]);
  const again = keeper.active(bob.block.did);
  expect(again).not.toBe(awake);
  expect(JSON.stringify(again?.ratchet)).toBe(secret);
  clock.advance(30 * 60_000);
  for (const find of [
    () => keeper.find(ours.sid),
    () => keeper.ofPeer(bob.block.did, late),
    () => keeper.wakeFor([late]).then(() => keeper.of(late)),
    () => keeper.resumable(bob.block.did, bob.idFp),
  ]) {
    keeper.rest();
    expect(keeper.of(late)).toBeNull();
    expect((await find())?.sid).toEqual(ours.sid);
    // It stays until it was not used for as long again.
    clock.advance(30 * 60_000 - 1);
    keeper.rest();
    expect(keeper.of(late)?.sid).toEqual(ours.sid);
    clock.advance(1);
  }
  expect(keeper.open(keeper.of(late) as Session, late, bob.block, 'mailbox', textOf)).toBe('late');
  // A new session finds the one that rests, which only receives from now on.
  clock.advance(30 * 60_000);
  keeper.rest();
  const later = gateSession(alice, bob);
  keeper.add(later.ours, () => {});
  expect(keeper.find(ours.sid)?.replacedAtMs).toBe(clock.nowMs());
  clock.advance(7 * 86_400_000);
  keeper.rest();
  keeper.prune();
  expect(keeper.facts().map(({ sid }) => sid)).toEqual([later.ours.sid]);
});

/** Two copies of one state go on, as after a restored home or a theft, and offer different keys. */
function contradiction(
  session: Session,
): readonly [{ readonly envelope: Uint8Array }, { readonly envelope: Uint8Array }] {
  const sealed = (from: Session, rekey: 'due' | 'epoch'): ReturnType<typeof sealMessage> =>
    sealMessage(provider, from, say('x'), { route: 'mailbox', nowMs: clock.nowMs(), rekey });
  return [sealed(session, 'epoch'), sealed(sealed(session, 'due').session, 'epoch')];
}

it('keys that contradict ours in a session that was replaced do not touch the one that replaced it', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  keeper.add(ours, () => {});
  const [first, second] = contradiction(theirs);
  clock.advance(1_000);
  const next = gateSession(alice, bob);
  keeper.add(next.ours, () => {});
  const open = ({ envelope }: { readonly envelope: Uint8Array }): unknown =>
    keeper.open(keeper.of(envelope) as Session, envelope, bob.block, 'mailbox', textOf);
  expect(open(first)).toBe('x');
  expect(() => open(second)).toThrow(expect.objectContaining({ code: 'PQ_CONFLICT' }));
  // A notice of it would end the live link, for a new handshake.
  expect(notices).toEqual([]);
  expect(keeper.resumable(bob.block.did, bob.idFp)?.sid).toEqual(next.ours.sid);
});

it('a peer whose keys contradict ours ends the session, once for its user', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  keeper.add(ours, () => {});
  const [first, second] = contradiction(theirs);
  const open = (envelope: Uint8Array): unknown =>
    keeper.open(keeper.of(envelope) as Session, envelope, bob.block, 'mailbox', textOf);
  expect(open(first.envelope)).toBe('x');
  const before = keeper.find(ours.sid);
  for (let k = 0; k < 2; k++) {
    expect(() => open(second.envelope)).toThrow(expect.objectContaining({ code: 'PQ_CONFLICT' }));
  }
  expect(keeper.find(ours.sid)?.ratchet).toBe(before?.ratchet);
  // Also after a restart: the two ends have not found each other again by it.
  expect(keeper.reopened().resumable(bob.block.did, bob.idFp)).toBeNull();
  expect(keeper.resumable(bob.block.did, bob.idFp)).toBeNull();
  expect(notices).toEqual([{ peer: bob.block.did, sessionId: ours.sid.toHex(), kind: 'keys-disagree' }]);
});

it('Falcon signatures are given and taken in the mailbox alone, and where the policy says so', async () => {
  const withFalcon = (): OwnIdentity => {
    const keys = IdentityKeys.generate(provider, { falcon: true });
    return ownIdentity(provider, keys, didJwkOf(keys.ed25519.publicKey));
  };
  const [ann, ben] = [withFalcon(), withFalcon()];
  const open = async (ours: OwnIdentity, peer: OwnIdentity, falcon: boolean): Promise<SessionKeeper> =>
    new SessionKeeper({
      home: await createHome(),
      provider,
      clock,
      ours,
      policy: () => ({ ...defaultSecurityPolicy, falcon }),
      blockOf: () => peer.block,
      onNotice: () => {},
    });
  const algorithmOf = ({ proof }: IncomingMessage): number => proof?.signature[0] ?? 0;
  /** The algorithm that gets across, or why none does. */
  const across = async (gives: boolean, takes: boolean, sent: Route, came: Route): Promise<unknown> => {
    const { ours, theirs } = gateSession(ann, ben);
    const [sender, receiver] = await Promise.all([open(ann, ben, gives), open(ben, ann, takes)]);
    sender.add(ours, () => {});
    receiver.add(theirs, () => {});
    const envelope = sender.seal(sender.active(ben.block.did)!, say('x'), sent, { sign: true });
    try {
      return receiver.open(receiver.active(ann.block.did)!, envelope, ann.block, came, algorithmOf);
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };
  expect(await across(true, true, 'mailbox', 'mailbox')).toBe(2);
  expect(await across(false, true, 'mailbox', 'mailbox')).toBe(1);
  expect(await across(true, true, 'online', 'online')).toBe(1);
  expect(await across(true, false, 'mailbox', 'mailbox')).toBe('DECRYPT_FAILED');
  expect(await across(true, true, 'mailbox', 'online')).toBe('DECRYPT_FAILED');
});

it('junk from the mailbox wakes no session, and is tried with one record in memory at a time', async () => {
  const keeper = await makeKeeper();
  const pairs = Array.from({ length: 5 }, () => {
    clock.advance(1_000);
    const pair = gateSession(alice, bob);
    keeper.add(pair.ours, () => {});
    return { ...pair, late: answer(pair.theirs, 'late') };
  });
  clock.advance(30 * 60_000);
  const again = keeper.reopened();
  const junk = [provider.random.bytes(400), new Uint8Array(), provider.random.bytes(10)];
  junk[0]![0] = 1;
  await again.wakeFor(junk);
  expect(pairs.map(({ late }) => again.of(late))).toEqual(pairs.map(() => null));
  const { late, ours } = pairs[2]!;
  await again.wakeFor([...junk, late]);
  expect(pairs.map(({ late: one }) => again.of(one)?.sid)).toEqual([
    undefined,
    undefined,
    ours.sid,
    undefined,
    undefined,
  ]);
  expect([again.count, again.open(again.of(late) as Session, late, bob.block, 'mailbox', textOf)]).toEqual([
    5,
    'late',
  ]);
});

it('a session that was given up while somebody waited to send in it sends nothing, and still receives', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  keeper.add(ours, () => {});
  // As a gate does that goes on with it, or a message that waits for an issuer's answer.
  const session = keeper.active(bob.block.did) as Session;
  keeper.abandon(session.sid);
  const given = keeper.find(session.sid);
  expect(() => keeper.seal(session, say('x'), 'online')).toThrow(
    expect.objectContaining({ code: 'SESSION_EXHAUSTED' }),
  );
  expect(keeper.find(session.sid)).toBe(given);
  expect(keeper.open(given as Session, answer(theirs, 'late'), bob.block, 'online', textOf)).toBe('late');
});

it('what has no messages left is not sent in after a restart either', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  keeper.add(ours, () => {});
  keeper.abandon(ours.sid);
  keeper.abandon(ours.sid);
  const again = keeper.reopened();
  const session = again.active(bob.block.did) as Session;
  expect([again.isAbandoned(session), again.isSpent(session)]).toEqual([true, true]);
  // It still receives, and stays what it is.
  const envelope = answer(theirs, 'still here');
  expect(again.open(session, envelope, bob.block, 'mailbox', textOf)).toBe('still here');
  clock.advance(30 * 60_000);
  const resting = keeper.reopened();
  expect(resting.resumable(bob.block.did, bob.idFp)).toBeNull();
  resting.add(gateSession(alice, bob).ours, () => {});
  expect(resting.resumable(bob.block.did, bob.idFp)).not.toBeNull();
});

it('a session in which nobody proves an identity is told to its user, and ended by what is sent in it', async () => {
  const keeper = await makeKeeper();
  const { ours, theirs } = gateSession(alice, bob);
  const envelope = answer(theirs, 'hello');
  keeper.add(ours, () => {});
  keeper.open(keeper.find(ours.sid) as Session, envelope, bob.block, 'mailbox', textOf);
  clock.advance(30 * 86_400_000);
  keeper.prune();
  keeper.prune();
  expect(notices).toMatchObject([{ kind: 'rekey-overdue' }]);
  const session = keeper.active(bob.block.did) as Session;
  expect(keeper.isAbandoned(session)).toBe(false);
  expect(() => keeper.seal(session, say('x'), 'online')).toThrow(
    expect.objectContaining({ code: 'REKEY_OVERDUE' }),
  );
  expect([keeper.isAbandoned(session), notices.length]).toEqual([true, 1]);
});
