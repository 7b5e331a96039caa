/** Agents and a real directory: what they publish, pairs for first messages, and everything that works without it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '@wotid/identity';
import { clockFromNow, Network, text, type Person } from './people.ts';
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

const pairsOf = (person: Person): number => person.agent.mailbox.oneTimePairs()?.pairs.length ?? -1;

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
