/** Agents and a real directory: pairs for first messages, and everything that works without it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createIdentityService, openDatabase, type Database, type IdentityService } from '@wotid/identity';
import { didJwkMethod, Resolver } from '@wotid/credential';
import { didIotaMethod, didNetworkOf, DidReader } from '@wotid/did-iota';
import { createIotaClient, MailboxReader } from '@wotid/mailbox';
import { createPrekeys, emptyPrekeys } from '@wotid/session';
import { LiveIdentity } from '../src/identity.ts';
import { failure, Network, provider, text, type Person } from './people.ts';

let network: Network;
let database: Database;
let service: IdentityService;
let url: string;

beforeAll(async () => {
  [network, database] = await Promise.all([Network.start(), openDatabase('memory:')]);
  const client = createIotaClient(network.localnet.rpcUrl);
  const reader = new MailboxReader({ client, packageId: network.packageId });
  const chainId = await client.getChainIdentifier();
  const { rpcUrl } = network.localnet;
  const did = new DidReader({ rpcUrl, network: didNetworkOf(chainId, await network.identityPackage()) });
  service = createIdentityService({
    database,
    port: 0,
    resolver: new Resolver({ ...didJwkMethod, ...didIotaMethod(did) }),
    directory: {
      anchor: {
        chainId,
        readPrekeys: (mailboxId) => reader.readPrekeys(mailboxId),
      },
      trustedIssuers: [network.issuer.trustedIssuer],
    },
  });
  url = await service.start();
});
afterAll(async () => {
  await network.stop();
  await service.close();
  await database.close();
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

  it('is of the keys of a did:iota too', async () => {
    const bob = await network.person({ didMethod: 'iota' });
    expect(await bob.agent.directory.set(url)).toMatchObject({ url, state: 'published', pairsLeft: 64 });
    await bob.agent.rotateKeys();
    expect((await bob.agent.directory.status()).state).toContain('no credential');
    await bob.agent.credential.import(await network.credentialFor(bob));
    expect(await bob.agent.directory.publish()).toMatchObject({ pairsLeft: 64 });
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
