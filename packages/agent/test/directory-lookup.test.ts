/** What an agent takes of a directory that it asks about somebody, and what it does not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '@wotid/identity';
import { encodeTrustedIssuer } from '@wotid/credential';
import { DidController, didNetworkOf, DidReader } from '@wotid/did-iota';
import { signContactRecord, verifyContactRecord } from '@wotid/directory';
import { createPrekeys, emptyPrekeys } from '@wotid/session';
import { LiveIdentity } from '../src/identity.ts';
import { failure, Network, provider, text, type Person } from './people.ts';
import { liar, startDirectoryNetwork, type DirectoryNetwork } from './directory-network.ts';

let world: DirectoryNetwork;
let network: Network;
let database: Database;
let url: string;
let serveAnother: DirectoryNetwork['serveAnother'];
beforeAll(async () => {
  world = await startDirectoryNetwork();
  ({ network, database, url, serveAnother } = world);
});
afterAll(() => world.stop());

describe('a lookup', () => {
  const couple = async (): Promise<[Person, Person]> => {
    const people = await Promise.all([network.person(), network.person()]);
    for (const { agent } of people) await agent.directory.set(url);
    return people;
  };

  it('finds who has published, for a connection without a card', async () => {
    const [alice, bob] = await couple();
    expect(await alice.agent.connect(bob.did)).toMatchObject({ level: 3, toPublishedPrekey: true });
    expect(alice.agent.contacts()).toMatchObject([{ did: bob.did, verified: true }]);
    expect(await bob.agent.lookup.lookup(alice.did, 'alice')).toMatchObject({
      alias: 'alice',
      verified: true,
      prekeys: 'as on chain',
      addresses: alice.agent.addresses,
      mailboxId: alice.agent.mailbox.ids?.mailboxId,
    });
    // What was looked up once is known without the directory, and a later card takes its place.
    await bob.agent.directory.set(null);
    await bob.restart();
    expect((await bob.agent.send(alice.did, text('hello'))).route).toBe('p2p');
    expect(await bob.agent.addContact(alice.card)).toMatchObject({ alias: 'alice', verified: true });
  });

  it('makes nobody a verified human, and is for verified humans', async () => {
    const [alice, bob] = await couple();
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({ verified: false, level: null });
    const stranger = await network.person({ credential: false, mailbox: false, funded: false });
    expect(await failure(stranger.agent.lookup.lookup(bob.did))).toBe('NO_DIRECTORY');
    await stranger.agent.directory.set(url);
    await expect(stranger.agent.lookup.lookup(bob.did)).rejects.toMatchObject({
      code: 'DIRECTORY_REFUSED',
      data: { code: 'CREDENTIAL_REQUIRED' },
    });
    expect(await failure(alice.agent.lookup.lookup(stranger.did))).toBe('NO_CONTACT');
    expect(await failure(alice.agent.lookup.lookup(alice.did))).toBe('BAD_CARD');
  });

  it('of who has left a credential is enough to write to them first, online and while they are away', async () => {
    const [alice, bob] = await couple();
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({ verified: false, credential: 'none' });
    await bob.leave();
    const unverified = await alice.agent.send(bob.did, text('?')).catch((error: unknown) => error);
    expect(unverified).toMatchObject({ code: 'NOT_DELIVERED', data: { reason: 'UNVERIFIED_PEER' } });
    // There is no issuer to trust here: what is missing is a credential.
    expect(String((unverified as { hint: string }).hint)).not.toContain('trust add');
    await bob.restart();
    expect(await bob.agent.directory.publish({ leaveCredential: true })).toMatchObject({
      state: 'published',
      leavesCredential: true,
      record: { hasCredential: true },
    });
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({
      verified: true,
      reason: null,
      credential: 'left',
      prekeys: 'as on chain',
    });
    // Somebody who has nothing but the DID.
    const carol = await network.person();
    await carol.agent.directory.set(url);
    await bob.leave();
    expect((await alice.agent.send(bob.did, text('from alice'))).route).toBe('mailbox');
    expect((await carol.agent.send(bob.did, text('from carol'))).route).toBe('mailbox');
    await bob.back();
    expect(bob.texts.toSorted()).toEqual(['from alice', 'from carol']);
    const dora = await network.person();
    await dora.agent.directory.set(url);
    expect((await dora.agent.send(bob.did, text('from dora'))).route).toBe('p2p');
  });

  it('names a directory that swaps credentials, and does without one that is withheld or taken back', async () => {
    const [alice, bob] = await couple();
    await bob.agent.directory.publish({ leaveCredential: true });
    const lookup = (): Promise<unknown> => alice.agent.lookup.lookup(bob.did);
    const serve = (credential: Uint8Array | null): Promise<unknown> =>
      database.query('UPDATE directory_contact SET credential = $2 WHERE did = $1', [bob.did, credential]);
    await serve(alice.agent.credential.bytes());
    expect(await failure(lookup())).toBe('CREDENTIAL_SWAPPED');
    expect(alice.agent.contacts()).toEqual([]);
    expect(await failure(alice.agent.lookup.lookup('bob'))).toBe('BAD_REQUEST');
    await serve(null);
    expect(await lookup()).toMatchObject({ verified: false, credential: 'withheld' });
    await serve(bob.agent.credential.bytes());
    expect(await lookup()).toMatchObject({ verified: true, credential: 'left' });
    await bob.agent.directory.publish({ leaveCredential: false });
    const carol = await network.person({ trust: false, credential: false, mailbox: false });
    carol.agent.trust.add(encodeTrustedIssuer(network.issuer.trustedIssuer));
    await carol.agent.credential.import(await network.credentialFor(carol));
    await carol.agent.directory.set(url);
    expect(await carol.agent.lookup.lookup(bob.did)).toMatchObject({ verified: false, credential: 'none' });
    // A directory that is used no longer forgets it, record and all; the next one does not get it unasked.
    await bob.agent.directory.publish({ leaveCredential: true });
    const [elsewhere, other] = await serveAnother({});
    expect(await bob.agent.directory.set(other)).toMatchObject({
      state: 'published',
      leavesCredential: false,
    });
    const left = (at: Database): Promise<unknown> =>
      at.query('SELECT credential FROM directory_contact WHERE did = $1', [bob.did]);
    expect([await left(database), await left(elsewhere)]).toEqual([[], [{ credential: null }]]);
    // Who has verified it once keeps it.
    expect(await failure(lookup())).toBe('NO_CONTACT');
    expect(alice.agent.contact(bob.did)).toMatchObject({ verified: true });
  });

  it('takes the record back with the credential of who is no verified human any more', async () => {
    const trustedIssuers = [network.issuer.trustedIssuer];
    const anchor = { chainId: '00000000', readPrekeys: () => Promise.resolve(null) };
    const [at, there] = await serveAnother({ directory: { anchor, trustedIssuers } });
    const bob = await network.person({ mailbox: false, funded: false });
    expect(await bob.agent.directory.set(there, { leaveCredential: true })).toMatchObject({
      state: 'published',
      record: { hasCredential: true },
    });
    const rows = (): Promise<readonly unknown[]> => at.query('SELECT did FROM directory_contact');
    trustedIssuers.length = 0;
    expect(await failure(bob.agent.directory.publish())).toBe('DIRECTORY_REFUSED');
    expect(await rows()).toHaveLength(1);
    expect(await bob.agent.directory.publish({ leaveCredential: false })).toMatchObject({
      state: expect.stringContaining('not trusted') as string,
      leavesCredential: false,
    });
    expect(await rows()).toEqual([]);
    trustedIssuers.push(network.issuer.trustedIssuer);
    await bob.agent.directory.publish();
    expect(await rows()).toHaveLength(1);
    const settled = bob.agent.directory.set(null);
    // A reason to publish at this very moment.
    await bob.agent.credential.import(await network.credentialFor(bob));
    await settled;
    expect([await bob.agent.directory.status(), await rows()]).toMatchObject([{ state: 'not set' }, []]);
    // What another directory said is no news of the next one. One that does not answer may have something still.
    const away = await liar((_, response) => void response.writeHead(503).end());
    expect(await bob.agent.directory.set(away)).toMatchObject({ publishedAt: null });
    expect(await bob.agent.directory.set(null)).toMatchObject({
      state: 'not set',
      lastError: { code: 'RECORD_STAYS', message: expect.stringContaining(away) as string },
    });
    expect(await bob.agent.directory.status()).toMatchObject({ publishedAt: null, lastError: null });
  });

  it('verifies a credential as that of a card: its issuer has to be trusted', async () => {
    const [alice, bob] = await couple();
    await bob.agent.directory.publish({ leaveCredential: true });
    const { did } = network.issuer.trustedIssuer;
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({ verified: true, reason: null });
    alice.agent.trust.remove(did);
    const doubted = { verified: false, reason: expect.stringContaining('issuer') as string };
    // Verified once, and not any more: what has just been checked is what is said.
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({ ...doubted, credential: 'left' });
    expect(await alice.agent.addContact(bob.card)).toMatchObject(doubted);
    expect(await alice.agent.lookAt(bob.did)).toMatchObject(doubted);
    await bob.leave();
    const refused = await alice.agent.send(bob.did, text('now?')).catch((error: unknown) => error);
    expect((refused as { hint: string }).hint).toContain('trust add');
    alice.agent.trust.add(encodeTrustedIssuer(network.issuer.trustedIssuer));
    expect((await alice.agent.send(bob.did, text('now'))).route).toBe('mailbox');
  });

  it('compares the mailbox with the one in the DID document', async () => {
    const [alice, bob] = await Promise.all([
      network.person({ didMethod: 'iota' }),
      network.person({ didMethod: 'iota' }),
    ]);
    for (const { agent } of [alice, bob]) await agent.directory.set(url);
    const { rpcUrl, chainId } = network.localnet;
    const reader = new DidReader({ rpcUrl, network: didNetworkOf(chainId, await network.identityPackage()) });
    const controller = new DidController({ reader, transactions: bob.agent.wallet.queue('owner') });
    const { keys, idFp } = LiveIdentity.load(provider, bob.home);
    const says = { ed25519: keys.ed25519.publicKey, mlDsa87: keys.mlDsa87.publicKey, idFp };
    for (const mailbox of [{ chainId, mailboxId: `0x${'7'.repeat(64)}` }, null]) {
      await controller.update(bob.did, { ...says, mailbox });
      expect(await failure(alice.agent.lookup.lookup(bob.did))).toBe('MAILBOX_MISMATCH');
    }
    expect(alice.agent.contacts()).toEqual([]);
    await bob.agent.identity.create();
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({
      mailboxId: bob.agent.mailbox.ids?.mailboxId,
    });
  });

  it('takes a record for older by its number alone: a card has none', async () => {
    const [alice, bob] = await couple();
    const first = bob.home.settings.getBytes('directory.record')!;
    const serve = (record: Uint8Array): Promise<unknown> =>
      database.query('UPDATE directory_contact SET record = $2 WHERE did = $1', [bob.did, record]);
    // A later card that says the same, then one that says something else.
    expect(await alice.agent.addContact(bob.card)).toMatchObject({ addresses: bob.agent.addresses });
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({ addresses: bob.agent.addresses });
    await bob.restart({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] });
    await bob.agent.directory.publish();
    const second = bob.home.settings.getBytes('directory.record')!;
    await serve(first);
    await alice.agent.addContact(bob.card);
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({ addresses: bob.agent.addresses });
    await serve(second);
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({ addresses: bob.agent.addresses });
    // A card takes the place of a record, and does not make its number forgotten.
    await alice.agent.addContact(bob.card);
    await serve(first);
    expect(await failure(alice.agent.lookup.lookup(bob.did))).toBe('ROLLED_BACK');
    const { keys, block } = LiveIdentity.load(provider, bob.home);
    const { seq, issuedAtMs, ...place } = verifyContactRecord(provider, second, null);
    const sign = (addresses: readonly string[]): Uint8Array =>
      signContactRecord(provider, keys, { ...place, addresses, block, seq, issuedAtMs });
    await serve(sign([]));
    expect(await failure(alice.agent.lookup.lookup(bob.did))).toBe('EQUIVOCATION');
    // The same said once more has another signature.
    await serve(sign(place.addresses));
    expect(await alice.agent.lookup.lookup(bob.did)).toMatchObject({ addresses: bob.agent.addresses });
    // An older card is no reason to forget a later record, and none to refuse what it proves.
    const carol = await network.person();
    const early = bob.card;
    await carol.agent.directory.set(url);
    await bob.restart({ listen: ['/ip4/127.0.0.1/tcp/0'] });
    await bob.agent.directory.publish();
    await carol.agent.lookup.lookup(bob.did);
    expect(await carol.agent.addContact(early)).toMatchObject({
      verified: true,
      addresses: bob.agent.addresses,
    });
    // Of two records the number decides, also when their owner's clock has gone back.
    const third = verifyContactRecord(provider, bob.home.settings.getBytes('directory.record')!, null);
    const addresses = ['/ip4/192.0.2.1/tcp/1'];
    const dates = { issuedAtMs: third.issuedAtMs - 60_000, expiresAtMs: third.issuedAtMs + 60_000 };
    await serve(signContactRecord(provider, keys, { ...third, seq: third.seq + 1n, addresses, ...dates }));
    expect(await carol.agent.lookup.lookup(bob.did)).toMatchObject({ addresses });
  });

  it('names a directory that goes back, answers for another, or has another head than the chain', async () => {
    const [alice, bob] = await couple();
    const lookup = (): Promise<unknown> => alice.agent.lookup.lookup(bob.did);
    const serve = (record: Uint8Array): Promise<unknown> =>
      database.query('UPDATE directory_contact SET record = $2 WHERE did = $1', [bob.did, record]);
    const first = bob.home.settings.getBytes('directory.record')!;
    await bob.restart({ listen: ['/ip4/127.0.0.1/tcp/0'] });
    await bob.agent.directory.publish();
    const second = bob.home.settings.getBytes('directory.record')!;
    expect(await lookup()).toMatchObject({ addresses: bob.agent.addresses });
    await serve(first);
    expect(await failure(lookup())).toBe('ROLLED_BACK');
    await serve(alice.home.settings.getBytes('directory.record')!);
    expect(await failure(lookup())).toBe('BAD_CONTACT_RECORD');
    await serve(second.with(-1, second.at(-1)! ^ 1));
    expect(await failure(lookup())).toBe('BAD_CONTACT_RECORD');
    await serve(second);
    const { mailboxId } = bob.agent.mailbox.ids!;
    for (const number of [1, 2]) {
      const { published } = createPrekeys(provider, emptyPrekeys(), {
        ours: LiveIdentity.load(provider, bob.home),
        number,
        nowMs: Date.now(),
        chainId: bob.agent.status().network.chainId,
        mailboxId: Uint8Array.fromHex(mailboxId.slice(2)),
      });
      await database.query('UPDATE directory_prekeys SET prekeys = $2 WHERE did = $1', [bob.did, published]);
      expect(await failure(lookup())).toBe('EQUIVOCATION');
    }
    expect(alice.agent.contacts()).toMatchObject([{ did: bob.did, addresses: bob.agent.addresses }]);
  });
});
