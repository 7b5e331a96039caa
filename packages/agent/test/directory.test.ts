/** Agents and a real directory: pairs for first messages, and everything that works without it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  createIdentityService,
  openDatabase,
  type Database,
  type IdentityServiceInit,
} from '@wotid/identity';
import { didJwkMethod, encodeTrustedIssuer, Resolver } from '@wotid/credential';
import { DidController, didIotaMethod, didNetworkOf, DidReader } from '@wotid/did-iota';
import { signContactRecord, verifyContactRecord } from '@wotid/directory';
import { createIotaClient, MailboxReader } from '@wotid/mailbox';
import { createPrekeys, emptyPrekeys } from '@wotid/session';
import { LiveIdentity } from '../src/identity.ts';
import { clockFromNow, failure, Network, provider, text, type Person } from './people.ts';

let network: Network;
let database: Database;
let url: string;
/** One more service with a directory on a database of its own. */
let serveAnother: (init: Partial<IdentityServiceInit>) => Promise<[Database, string]>;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  network = await Network.start();
  const client = createIotaClient(network.localnet.rpcUrl);
  const reader = new MailboxReader({ client, packageId: network.packageId });
  const chainId = await client.getChainIdentifier();
  const { rpcUrl } = network.localnet;
  const did = new DidReader({ rpcUrl, network: didNetworkOf(chainId, await network.identityPackage()) });
  serveAnother = async (init) => {
    const at = await openDatabase('memory:');
    const service = createIdentityService({
      database: at,
      port: 0,
      resolver: new Resolver({ ...didJwkMethod, ...didIotaMethod(did) }),
      directory: {
        anchor: {
          chainId,
          readPrekeys: (mailboxId) => reader.readPrekeys(mailboxId),
        },
        trustedIssuers: [network.issuer.trustedIssuer],
      },
      ...init,
    });
    ends.push(async () => {
      await service.close();
      await at.close();
    });
    return [at, await service.start()];
  };
  [database, url] = await serveAnother({});
});
afterAll(async () => {
  await network.stop();
  for (const end of ends) await end();
});

const pairsOf = (person: Person): number => person.agent.mailbox.oneTimePairs()?.pairs.length ?? -1;
/** A server that answers every request in the same way. */
async function liar(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer as never).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('first messages', () => {
  it('go to a one-time pair of the directory, and without it to the last resort', async () => {
    const [alice, bob] = await Promise.all([network.person(), network.person()]);
    expect(await bob.agent.directory.set(url)).toMatchObject({
      url,
      state: 'published',
      pairsLeft: 64,
      prekeysNumber: 1,
      leavesCredential: false,
      lastError: null,
      record: { addresses: bob.agent.addresses, hasCredential: false },
    });
    await alice.agent.directory.set(url);
    await alice.agent.addContact(bob.card);
    await bob.leave();
    await alice.agent.send(bob.did, text('for once'));
    expect(await bob.back()).toMatchObject({ opened: 1, unreadable: [] });
    expect([bob.texts, pairsOf(bob)]).toEqual([['for once'], 63]);
    expect(await bob.agent.directory.status()).toMatchObject({ url, state: 'published', pairsLeft: 63 });
    // Nobody listens there any more.
    const carol = await network.person();
    await carol.agent.directory.set(await liar((request) => void request.socket.destroy()));
    await carol.agent.addContact(bob.card);
    await bob.leave();
    await carol.agent.send(bob.did, text('anyway'));
    expect(await bob.back()).toMatchObject({ opened: 1, unreadable: [] });
    expect([bob.texts, pairsOf(bob)]).toEqual([['for once', 'anyway'], 63]);
    expect(carol.logs.join('\n')).toContain('warn prekeys.no-pair');
  });

  it('wait for no directory that lies', async () => {
    const bob = await network.person();
    let number = 7;
    const at = await liar((request, response) => {
      const token = { token: 'x'.repeat(43), expiresInSec: 600, isVerifiedHuman: true };
      const pair = Buffer.from('no pair at all').toString('base64url');
      response.end(JSON.stringify(request.url === '/directory/token' ? token : { number, pair, left: 0 }));
    });
    for (number of [7, 1]) {
      const alice = await network.person({ mailbox: false });
      await alice.agent.directory.set(at);
      await alice.agent.addContact(bob.card);
      await bob.leave();
      await alice.agent.send(bob.did, text(`${number}`));
      await bob.back();
      expect(alice.logs.join('\n')).toContain(
        number === 7 ? 'warn directory.other-prekeys' : 'warn prekeys.bad-pair',
      );
    }
    expect([bob.texts, pairsOf(bob)]).toEqual([['7', '1'], 64]);
  });
});

describe('what an agent publishes', () => {
  it('follows its mailbox, and pairs go to one directory once', async () => {
    const bob = await network.person();
    await bob.agent.directory.set(url);
    await bob.agent.mailbox.publishPrekeys();
    await bob.agent.directory.close();
    const rows = await database.query('SELECT number FROM directory_prekeys WHERE did = $1', [bob.did]);
    expect(rows).toEqual([{ number: 2n }]);
    await bob.restart();
    expect(await bob.agent.directory.status()).toMatchObject({ pairsLeft: 64 });
    // A directory that has lost its memory does not get them again, nor does another one.
    await database.query('DELETE FROM directory_pair WHERE did = $1', [bob.did]);
    expect(await bob.agent.directory.publish()).toMatchObject({ pairsLeft: 0 });
    expect(pairsOf(bob)).toBe(64);
  });

  it('is a contact record with a seq above all before, also for a home that was restored', async () => {
    const bob = await network.person();
    const record = async (): Promise<{ seq: bigint }> =>
      (
        await database.query<{ seq: bigint }>('SELECT seq FROM directory_contact WHERE did = $1', [bob.did])
      )[0]!;
    await bob.agent.directory.set(url);
    const first = await record();
    const old = bob.home.settings.getBytes('directory.record');
    await bob.agent.directory.publish();
    expect(await record()).toEqual(first);
    // Another address, as after a move.
    await bob.restart({ listen: ['/ip4/127.0.0.1/tcp/0'] });
    await bob.agent.directory.publish();
    const second = await record();
    expect(second.seq > first.seq).toBe(true);
    bob.home.settings.set({ 'directory.record': old });
    await bob.agent.directory.publish();
    expect((await record()).seq > second.seq).toBe(true);
  });

  it('is nothing without a directory, a credential or a URL that can be used', async () => {
    const person = await network.person({ credential: false, mailbox: false, funded: false });
    const { directory } = person.agent;
    expect(await directory.status()).toMatchObject({ url: null, state: 'not set', pairsLeft: null });
    await expect(directory.publish()).rejects.toMatchObject({ code: 'NO_DIRECTORY' });
    await expect(directory.set('http://id.example')).rejects.toMatchObject({ code: 'BAD_DIRECTORY_URL' });
    expect((await directory.set(url)).state).toContain('no credential');
    await expect(directory.publish()).rejects.toMatchObject({ code: 'NO_CREDENTIAL' });
    expect(await directory.set(null)).toMatchObject({ url: null });
  });

  it('follows at once when there is a credential, and another one', async () => {
    const bob = await network.person({ credential: false });
    expect(await bob.agent.directory.set(url, { leaveCredential: true })).toMatchObject({
      state: expect.stringContaining('no credential') as string,
      lastError: { code: 'NO_CREDENTIAL' },
    });
    const record = async (): Promise<unknown> =>
      database.query('SELECT credential FROM directory_contact WHERE did = $1', [bob.did]);
    expect(await record()).toEqual([]);
    for (let k = 0; k < 2; k++) {
      await bob.agent.credential.import(await network.credentialFor(bob));
      expect(await bob.agent.directory.status()).toMatchObject({
        state: 'published',
        lastError: null,
        pairsLeft: 64,
      });
      expect(await record()).toEqual([{ credential: bob.agent.credential.bytes() }]);
    }
  });

  it('is of the keys of a did:iota too', async () => {
    const bob = await network.person({ didMethod: 'iota' });
    expect(await bob.agent.directory.set(url)).toMatchObject({ url, state: 'published', pairsLeft: 64 });
    await bob.agent.rotateKeys();
    expect((await bob.agent.directory.status()).state).toContain('no credential');
    await bob.agent.credential.import(await network.credentialFor(bob));
    expect(await bob.agent.directory.publish()).toMatchObject({ pairsLeft: 64 });
  });

  it('is forgotten before its DID proves nothing any more', async () => {
    const [alice, bob] = await Promise.all([
      network.person({ didMethod: 'iota', mailbox: false }),
      network.person({ didMethod: 'iota' }),
    ]);
    await alice.agent.directory.set(url);
    await bob.agent.directory.set(url, { leaveCredential: true });
    const rows = (): Promise<readonly { record: Uint8Array }[]> =>
      database.query('SELECT record FROM directory_contact WHERE did = $1', [bob.did]);
    const [{ record } = { record: new Uint8Array() }] = await rows();
    await bob.agent.identity.deactivate(false);
    expect(await rows()).toEqual([]);
    // A directory that has kept it all the same.
    await database.query(
      'INSERT INTO directory_contact (did, seq, record, expires_at_ms) VALUES ($1, 1, $2, $3)',
      [bob.did, record, Date.now() + 60_000],
    );
    await expect(alice.agent.lookup.lookup(bob.did)).rejects.toMatchObject({
      code: 'BAD_CARD',
      message: expect.stringContaining('deactivated') as string,
    });
  });
});

describe('one-time pairs', () => {
  it('are made anew when fewer than 16 are left, six hours after the last at the earliest', async () => {
    const clock = clockFromNow();
    const [own, at] = await serveAnother({ clock });
    const bob = await network.person({ clock });
    await bob.agent.directory.set(at);
    /** What the directory has when so many are left of publication `number`, and bob's agent has looked. */
    const whenLeft = async (number: number, left: number): Promise<unknown> => {
      await own.query('UPDATE directory_pair SET pair = NULL WHERE did = $1 AND number = $2 AND index < $3', [
        bob.did,
        number,
        64 - left,
      ]);
      bob.agent.directory.publishSoon();
      const { prekeysNumber, pairsLeft } = await bob.agent.directory.status();
      return [prekeysNumber, pairsLeft];
    };
    expect(await whenLeft(1, 15)).toEqual([1, 15]);
    clock.advance(6 * 3_600_000 + 1_000);
    expect(await whenLeft(1, 15)).toEqual([2, 64]);
    clock.advance(6 * 3_600_000 + 1_000);
    expect(await whenLeft(2, 16)).toEqual([2, 16]);
    expect(await whenLeft(2, 15)).toEqual([3, 64]);
  });
});

describe('a contact who has moved', () => {
  it('is looked up again and reached at once, but not with every message', async () => {
    const clock = clockFromNow();
    const [alice, bob] = await Promise.all([network.person({ clock }), network.person({ clock })]);
    for (const { agent } of [alice, bob]) await agent.directory.set(url);
    await bob.agent.directory.publish({ leaveCredential: true });
    const send = async (what: string): Promise<string> => (await alice.agent.send(bob.did, text(what))).route;
    const gone = (times: number): Promise<unknown> =>
      alice.until(({ peer }) => peer.filter(({ state }) => state === 'disconnected').length === times);
    const move = async (): Promise<void> => {
      await bob.restart({ listen: ['/ip4/127.0.0.1/tcp/0'] });
      await bob.agent.directory.publish();
    };
    expect(await send('1')).toBe('p2p');
    const before = bob.agent.addresses;
    await move();
    await gone(1);
    expect(bob.agent.addresses).not.toEqual(before);
    expect(await Promise.all([send('2'), send('3')])).toEqual(['p2p', 'p2p']);
    await move();
    await gone(2);
    expect(await send('4')).toBe('mailbox');
    clock.advance(300_001);
    expect(await send('5')).toBe('p2p');
    expect((await alice.agent.connect(bob.did)).peer).toBe(bob.did);
    await bob.agent.sync();
    expect(bob.texts.toSorted()).toEqual(['1', '2', '3', '4', '5']);
  });
});

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
