/** Attacks and accidents on whole agents, each found by trying: what must hold afterwards is what is tested. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { encodeCard, Home, parseCard, type ContactCard } from '@wotid/agent';
import { encodeTrustedIssuer } from '@wotid/credential';
import { IdentityKeys } from '@wotid/crypto';
import { decodeSession, encodeSession, RatchetState } from '@wotid/session';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { revealRatchet } from '../packages/session/src/ratchet/state.ts';
import {
  AttackWorld,
  credentialFor,
  newIssuer,
  passphrase,
  provider,
  textsOf,
  type Person,
} from './attack-world.ts';

let world: AttackWorld;
beforeAll(async () => {
  world = await AttackWorld.create();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const text = (body: string): { type: 'text'; text: string } => ({ type: 'text', text: body });

describe('first messages', () => {
  it('come before those that follow them, also when they could not be posted at first', async () => {
    const alice = await world.person('poor-alice', { hasPostage: false });
    const bob = await world.person('away-bob');
    const did = (await alice.agent.addContact(bob.agent.card())).did;
    await bob.leave();
    await expect(alice.agent.send(did, text('one'))).rejects.toMatchObject({
      code: 'NOT_DELIVERED',
      data: { reason: 'NO_GAS' },
    });
    await alice.agent.wallet.requestFunds('postage');
    const deliveries = await Promise.all(
      ['two', 'three', 'four'].map((body) => alice.agent.send(did, text(body))),
    );
    expect(deliveries.map(({ route }) => route)).toEqual(['mailbox', 'mailbox', 'mailbox']);
    const back = await world.come('away-bob');
    expect(await back.agent.sync()).toMatchObject({ opened: 4, unreadable: [] });
    expect(textsOf(back)).toEqual(['one', 'two', 'three', 'four']);
    await back.leave();
    await alice.leave();
  });

  it('bring those that follow them, also when their issuer is trusted only later', async () => {
    const issuer = newIssuer();
    const carol = await world.person('carol', { issuer });
    const bob = await world.person('late-bob');
    const did = (await carol.agent.addContact(bob.agent.card())).did;
    await bob.leave();
    for (const body of ['one', 'two', 'three']) await carol.agent.send(did, text(body));
    const back = await world.come('late-bob');
    expect(await back.agent.sync()).toMatchObject({ opened: 0, refused: 1, unreadable: { length: 2 } });
    expect(await back.agent.sync()).toMatchObject({ opened: 0, refused: 0, unreadable: [] });
    back.agent.trust.add(encodeTrustedIssuer(issuer.trustedIssuer));
    expect(await back.agent.sync()).toMatchObject({ opened: 3, unreadable: [] });
    expect(textsOf(back)).toEqual(['one', 'two', 'three']);
    await back.leave();
    await carol.leave();
  });
});

describe('a session without messages left', () => {
  it('gives way to a new one, at the gate and in the mailbox', async () => {
    let alice = await world.person('talkative-alice');
    const bob = await world.person('listening-bob');
    const did = (await alice.agent.addContact(bob.agent.card())).did;
    await alice.agent.send(did, text('one'));
    await alice.leave();
    exhaustSessions(await Home.open({ dir: join(world.dir, alice.name), passphrase }));
    alice = await world.come(alice.name);
    expect(await alice.agent.send(did, text('two'))).toMatchObject({ route: 'p2p' });
    expect(textsOf(bob)).toEqual(['one', 'two']);
    await alice.leave();
    await bob.leave();
    exhaustSessions(await Home.open({ dir: join(world.dir, alice.name), passphrase }));
    alice = await world.come(alice.name);
    expect(await alice.agent.send(did, text('three'))).toMatchObject({ route: 'mailbox' });
    await alice.leave();
    const back = await world.come(bob.name);
    expect(await back.agent.sync()).toMatchObject({ opened: 1, unreadable: [] });
    expect(textsOf(back)).toEqual(['one', 'two', 'three']);
    await back.leave();
  });

  /** As if 65,535 messages had been sent in each of them. */
  function exhaustSessions(home: Home): void {
    for (const sid of home.sessions.ids()) {
      const stored = home.sessions.get(sid);
      if (stored === undefined) continue;
      const session = decodeSession(provider, stored.record);
      const fields = revealRatchet(session.ratchet);
      const sending = fields.sending === null ? null : { ...fields.sending, n: 65_535 };
      const stateVersion = session.stateVersion + 1;
      const record = encodeSession({
        ...session,
        stateVersion,
        ratchet: new RatchetState({ ...fields, sending }),
      });
      home.sessions.put({ ...stored, version: BigInt(stateVersion), record });
    }
    home.close();
  }
});

describe('somebody unverified', () => {
  it('is not heard before their credential passes, also when they were written to', async () => {
    const issuer = newIssuer();
    const alice = await world.person('bold-alice');
    const bob = await world.person('unknown-bob', { issuer });
    const did = (await alice.agent.addContact(bob.agent.card())).did;
    await bob.agent.addContact(alice.agent.card());
    await bob.leave();
    await expect(alice.agent.send(did, text('who are you?'))).rejects.toMatchObject({
      code: 'NOT_DELIVERED',
    });
    await alice.agent.send(did, text('hello?'), { toUnverified: true });
    await alice.leave();
    const back = await world.come('unknown-bob');
    expect(await back.agent.sync()).toMatchObject({ opened: 1 });
    await back.agent.send(back.agent.contacts()[0]?.did ?? '', text('hello!'));
    await back.leave();
    const again = await world.come('bold-alice');
    expect(await again.agent.sync()).toMatchObject({ opened: 0, refused: 1, unreadable: [] });
    expect(textsOf(again)).toEqual([]);
    again.agent.trust.add(encodeTrustedIssuer(issuer.trustedIssuer));
    expect(await again.agent.sync()).toMatchObject({ opened: 1, refused: 0 });
    expect(textsOf(again)).toEqual(['hello!']);
    await again.leave();
  });
});

describe('contact cards', () => {
  let alice: Person;
  let bob: Person;
  let real: ContactCard;
  beforeAll(async () => {
    alice = await world.person('card-alice');
    bob = await world.person('card-bob');
    real = parseCard(provider, bob.agent.card(), Date.now());
  });
  afterAll(async () => {
    await bob.leave();
    await alice.leave();
  });

  it('of somebody else for a DID are refused, before and after the DID is known', async () => {
    const keys = IdentityKeys.generate(provider);
    const forged = (): string =>
      encodeCard(provider, keys, {
        ...real,
        block: keys.block(bob.agent.did),
        credential: new Uint8Array(),
        issuedAtMs: Date.now() + 1_000,
      });
    await expect(alice.agent.addContact(forged())).rejects.toMatchObject({ code: 'BAD_CARD' });
    expect(alice.agent.contacts()).toEqual([]);
    await alice.agent.addContact(bob.agent.card());
    const before = alice.agent.contacts();
    await expect(alice.agent.addContact(forged())).rejects.toMatchObject({ code: 'BAD_CARD' });
    expect(alice.agent.contacts()).toEqual(before);
  });

  it('with another post-quantum key than the verified one need a credential for it', async () => {
    // As if Ed25519 were broken: the attacker has that key of Bob's, and no other.
    const { ed25519 } = IdentityKeys.fromSecrets(
      provider,
      bob.home.vault.get('identity') ?? new Uint8Array(),
    );
    const others = IdentityKeys.generate(provider);
    const keys = { ed25519, mlDsa87: others.mlDsa87 };
    const block = { ...real.block, ik: others.ik.publicKey, mlDsa87: others.mlDsa87.publicKey };
    const card = (credential: Uint8Array): string =>
      encodeCard(provider, keys, { ...real, block, credential, issuedAtMs: Date.now() + 1_000 });
    const before = alice.agent.contacts();
    for (const credential of [new Uint8Array(), real.credential, await credentialFor(newIssuer(), block)]) {
      await expect(alice.agent.addContact(card(credential))).rejects.toMatchObject({ code: 'BAD_CARD' });
    }
    expect(alice.agent.contacts()).toEqual(before);
    expect(await alice.agent.addContact(card(await credentialFor(world.issuer, block)))).toMatchObject({
      verified: true,
    });
  });
});

describe('a home restored from a copy', () => {
  it('meets its peers again, and loses no message', async () => {
    let alice = await world.person('copied-alice');
    const bob = await world.person('meeting-bob');
    const bobDid = (await alice.agent.addContact(bob.agent.card())).did;
    await alice.agent.send(bobDid, text('one'));
    const aliceDid = alice.agent.did;
    await alice.leave();
    cpSync(join(world.dir, 'copied-alice'), join(world.dir, 'copy'), { recursive: true });
    alice = await world.come('copied-alice');
    for (const body of ['two', 'three', 'four']) {
      await alice.agent.send(bobDid, text(body));
      await bob.agent.send(aliceDid, text(`${body}?`));
    }
    await alice.leave();
    alice = await world.come('copy');
    expect(await alice.agent.send(bobDid, text('five'))).toMatchObject({ route: 'p2p' });
    expect(await alice.agent.send(bobDid, text('six'))).toMatchObject({ route: 'p2p' });
    expect(textsOf(bob)).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
    await bob.leave();
    await alice.leave();
  });
});
