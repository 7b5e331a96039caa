/** Agents whose DID is a document on chain: real chain, real library, real gates. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { createIssuer, createLocalSigner, encodeTrustedIssuer, fingerprintUri } from '@wotid/credential';
import { IdentityKeys } from '@wotid/crypto';
import { DidController, didKeyIds, didNetworkOf, DidReader, mailboxOf } from '@wotid/did-iota';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownIdentity } from '@wotid/session';
import { Home } from '../src/index.ts';
import { secretNames } from '../src/home/vault.ts';
import { settingNames } from '../src/network-profile.ts';
import { clockFromNow, failure, meet, Network, passphrase, provider, text, Person } from './people.ts';

let network: Network;
let reader: DidReader;
beforeAll(async () => {
  network = await Network.start();
  const { rpcUrl, chainId } = network.localnet;
  reader = new DidReader({ rpcUrl, network: didNetworkOf(chainId, await network.identityPackage()) });
});
afterAll(() => network.stop());

type Init = NonNullable<Parameters<Network['person']>[0]>;
const citizen = (init: Init = {}): Promise<Person> => network.person({ didMethod: 'iota', ...init });
/** With a DID and a credential; nobody can leave them a message. */
const resident = (init: Init = {}): Promise<Person> => citizen({ mailbox: false, ...init });
const controllerOf = (person: Person): DidController =>
  new DidController({ reader, transactions: person.agent.wallet.queue('owner') });
const contentOf = (person: Person): Parameters<DidController['update']>[1] => {
  using keys = IdentityKeys.fromSecrets(provider, person.home.vault.get(secretNames.identity)!);
  return { ed25519: keys.ed25519.publicKey, mlDsa87: keys.mlDsa87.publicKey, idFp: null, mailbox: null };
};
const fingerprintOf = (person: Person): string => person.agent.status().fingerprint!;

describe('a did:iota', () => {
  it('comes before everything that shows it', async () => {
    const alice = await network.person({ credential: false, mailbox: false });
    expect(alice.agent.status().did).toBe(alice.did);
    const bob = await citizen({ credential: false, mailbox: false, funded: true, trust: false });
    expect(bob.did).toMatch(/^did:iota:[0-9a-f]{8}:0x[0-9a-f]{64}$/);

    const home = await network.home(undefined, 'iota');
    const carol = new Person(home, {});
    await carol.start({ listen: ['/ip4/127.0.0.1/tcp/0'] });
    expect(carol.agent.status()).toMatchObject({ did: null, fingerprint: null });
    expect(await carol.agent.identity.show()).toMatchObject({ did: null, state: 'unpublished' });
    for (const attempt of [
      async () => carol.agent.card(),
      async () => carol.agent.credentialRequest(),
      () => carol.agent.credential.import(''),
      () => carol.agent.mailbox.create(),
      () => carol.agent.identity.rotate(),
      () => carol.agent.identity.deactivate(false),
    ]) {
      expect(await failure(attempt())).toBe('NO_DID');
    }
    expect(await failure(carol.agent.identity.create())).toBe('NO_GAS');
    await carol.agent.wallet.requestFunds('owner');
    // Both at once make one.
    const [one, other] = await Promise.all([carol.agent.identity.create(), carol.agent.identity.create()]);
    expect(one.created).not.toBeNull();
    expect(other).toEqual({ ...one, created: null, published: null });
    await carol.close();
  });

  it('has a document with both keys, the fingerprint and the mailbox, and nothing that moves', async () => {
    const alice = await citizen();
    const { document } = await reader.resolve(alice.did);
    const { mailboxId, fingerprint } = alice.agent.status();
    expect(document?.authentication).toEqual(Object.values(didKeyIds(alice.did, contentOf(alice))));
    expect(document?.alsoKnownAs).toEqual([fingerprintUri(Uint8Array.fromHex(fingerprint!))]);
    expect(mailboxOf(document!)).toEqual({ chainId: network.localnet.chainId, mailboxId });
    const written = JSON.stringify(document);
    for (const secret of [alice.agent.peerId, '/ip4', alice.agent.wallet.address('postage')]) {
      expect(written).not.toContain(secret);
    }
    expect(await alice.agent.identity.show()).toMatchObject({
      state: 'active',
      isCurrent: true,
      mailboxId,
      isRotating: false,
    });
  });

  it('is found again when a crash kept it from being noted', async () => {
    const alice = await resident({ credential: false });
    const { did } = alice;
    alice.home.settings.set({ [settingNames.did]: undefined, [settingNames.publishedDocument]: undefined });
    await alice.restart();
    expect(alice.agent.status().did).toBeNull();
    expect(await alice.agent.identity.create()).toMatchObject({ did, created: null });
    expect(await reader.controlledBy(alice.agent.wallet.address('owner'))).toHaveLength(1);
  });

  it('lets people pass the gate, and leave messages for each other', async () => {
    const [alice, bob] = await Promise.all([citizen(), citizen()]);
    await meet(alice, bob);
    expect((await alice.agent.send(bob.did, text('online'))).route).toBe('p2p');
    await bob.leave();
    expect((await alice.agent.send(bob.did, text('away'))).route).toBe('mailbox');
    await bob.back();
    expect(bob.texts).toEqual(['online', 'away']);
  });

  it('of an issuer counts as well', async () => {
    const keys = IdentityKeys.generate(provider);
    const authority = await network.person({ didMethod: 'iota', credential: false, mailbox: false });
    const content = {
      ed25519: keys.ed25519.publicKey,
      mlDsa87: keys.mlDsa87.publicKey,
      idFp: null,
      mailbox: null,
    };
    const { did } = await controllerOf(authority).create(content);
    const ids = didKeyIds(did, content);
    const signer = createLocalSigner({
      provider,
      ed25519: keys.ed25519,
      mlDsa87: keys.mlDsa87,
      did,
      ed25519KeyId: ids.ed25519,
      mlDsa87KeyId: ids.mlDsa87,
    });
    const issuer = createIssuer({ provider, signer });
    const [alice, bob] = await Promise.all([
      resident({ credential: false }),
      resident({ credential: false }),
    ]);
    for (const person of [alice, bob]) {
      person.agent.trust.add(encodeTrustedIssuer(issuer.trustedIssuer));
      await person.agent.credential.import(await network.credentialFor(person, { issuer }));
    }
    await meet(alice, bob);
    expect((await alice.agent.send(bob.did, text('by another authority'))).route).toBe('p2p');
  });
});

describe('a peer is not let in', () => {
  /** What Bob says of Alice's gate. */
  async function refusalOf(alice: Person, bob: Person): Promise<string> {
    expect(await failure(alice.agent.connect(bob.did))).toBe('GATE_REFUSED');
    return bob.until(({ refused }) => refused.at(-1)?.name);
  }

  it('whose document names another identity block, or another key', async () => {
    const [alice, bob] = await Promise.all([resident(), resident()]);
    await meet(alice, bob);
    const content = contentOf(alice);
    await controllerOf(alice).update(alice.did, { ...content, idFp: new Uint8Array(32) });
    // Bob has met Alice's card a moment ago and would believe for a while what he read then.
    await bob.restart();
    expect(await refusalOf(alice, bob)).toBe('DID_KEY_MISMATCH');
    await controllerOf(alice).update(alice.did, { ...content, ed25519: new Uint8Array(32).fill(1) });
    expect(await refusalOf(alice, bob)).toBe('DID_KEY_MISMATCH');
    await alice.agent.identity.resume();
    expect(await alice.agent.identity.show()).toMatchObject({ isCurrent: false });
    // Her own word puts it right.
    expect((await alice.agent.identity.create()).published).not.toBeNull();
    expect(await alice.agent.identity.show()).toMatchObject({ isCurrent: true });
    expect((await alice.agent.connect(bob.did)).level).toBe(3);
  });

  it('whose DID is deactivated, until it is back', async () => {
    const [alice, bob] = await Promise.all([resident(), resident()]);
    await meet(alice, bob);
    await alice.agent.identity.deactivate(false);
    expect(await alice.agent.identity.show()).toMatchObject({ state: 'deactivated', isCurrent: false });
    // It is not brought back unasked.
    expect(await alice.agent.identity.resume()).toBe(false);
    await bob.restart();
    expect(await refusalOf(alice, bob)).toBe('DID_UNRESOLVED');
    expect((await alice.agent.identity.create()).published).not.toBeNull();
    expect((await alice.agent.connect(bob.did)).level).toBe(3);
    await alice.agent.identity.deactivate(true);
    expect(await failure(alice.agent.identity.create())).toBe('DEACTIVATED');
  });
});

describe('keys that are rotated', () => {
  it('are noticed by peers, who accept them with a new credential only; the old ones are worth nothing', async () => {
    const clock = clockFromNow();
    const [alice, bob] = await Promise.all([citizen(), citizen({ clock })]);
    await meet(alice, bob);
    await alice.agent.send(bob.did, text('with the old keys'));
    const before = fingerprintOf(alice);
    const { dir } = alice.home;
    await alice.agent.close();
    alice.home.close();
    const copy = join(network.dir, 'stolen');
    cpSync(dir, copy, { recursive: true });
    await alice.reopen();

    // While Alice is away, Bob has left something in the session that both have.
    await alice.leave();
    await bob.agent.send(alice.did, text('left before'));
    await alice.restart();
    const rotated = await alice.agent.rotateKeys();
    expect(rotated).toMatchObject({ did: alice.did, before, keys: ['x25519', 'ed25519', 'ml-dsa-87'] });
    expect(alice.texts).toEqual(['left before']);
    expect(alice.agent.status()).toMatchObject({ hasCredential: false, fingerprint: rotated.after });
    expect(await alice.agent.identity.show()).toMatchObject({ isCurrent: true, isRotating: false });
    expect(await failure(alice.agent.connect(bob.did))).toBe('NO_CREDENTIAL');

    // For so long Bob may believe what he has read before.
    clock.advance(30_001);
    const thief = new Person(await Home.open({ dir: copy, passphrase }), {});
    await thief.start({ listen: [] });
    expect(await failure(thief.agent.connect(bob.did))).toBe('GATE_REFUSED');
    expect(await bob.until(({ refused }) => refused.at(-1)?.name)).toBe('DID_KEY_MISMATCH');
    await thief.close();

    // What Bob sends before he hears of it arrives.
    await bob.agent.send(alice.did, text('in the old session'));
    await alice.agent.sync();
    expect(alice.texts).toEqual(['left before', 'in the old session']);

    await alice.agent.credential.import(await network.credentialFor(alice));
    const report = await alice.agent.connect(bob.did);
    expect(report.resumed).toBe(false);
    expect(bob.agent.contacts()[0]).toMatchObject({ verified: true, fingerprint: rotated.after });
    expect(bob.events.keys).toEqual([{ did: alice.did, alias: '', before, after: rotated.after }]);
    expect((await alice.agent.send(bob.did, text('with the new keys'))).route).toBe('p2p');
    // Bob still knows where she is, though her card is of the old keys.
    expect((await bob.agent.send(alice.did, text('welcome back'))).route).toBe('p2p');
    expect(bob.texts).toEqual(['with the old keys', 'with the new keys']);
    // A stranger finds prekeys of the new block.
    const carol = await citizen();
    await carol.agent.addContact(alice.card);
    await alice.leave();
    expect((await carol.agent.send(alice.did, text('hello'))).route).toBe('mailbox');
    await alice.back();
    expect(alice.texts.at(-1)).toBe('hello');

    // Bob is shown until he has seen it, whatever he does meanwhile.
    await bob.restart();
    const noticed = { before, after: rotated.after, noticedAt: new Date(clock.nowMs()).toISOString() };
    expect(bob.agent.contact(alice.did).newKeys).toEqual(noticed);
    const again = await alice.agent.rotateKeys(['x25519']);
    await alice.agent.credential.import(await network.credentialFor(alice));
    clock.advance(30_001);
    expect(await bob.agent.addContact(alice.card)).toMatchObject({
      verified: true,
      newKeys: { before, after: again.after },
    });
    expect(bob.agent.contacts()).toMatchObject([{ newKeys: { before, after: again.after } }]);
    expect(bob.agent.acknowledgeKeys(alice.did)).toMatchObject({ fingerprint: again.after, newKeys: null });
    await bob.restart();
    expect(bob.agent.contact(alice.did).newKeys).toBeNull();
  });

  it('may be one of them', async () => {
    const alice = await resident();
    for (const name of ['x25519', 'ed25519', 'ml-dsa-87']) {
      const before = contentOf(alice);
      const rotated = await alice.agent.rotateKeys([name]);
      expect(rotated.keys).toEqual([name]);
      expect(rotated.after).not.toBe(rotated.before);
      const after = contentOf(alice);
      expect(after.ed25519.toHex() === before.ed25519.toHex()).toBe(name !== 'ed25519');
      expect(after.mlDsa87.toHex() === before.mlDsa87.toHex()).toBe(name !== 'ml-dsa-87');
      expect(await alice.agent.identity.show()).toMatchObject({ isCurrent: true });
      await alice.restart();
      expect(fingerprintOf(alice)).toBe(rotated.after);
    }
  });

  it('may be the Falcon key, alone or with the others', async () => {
    const [alice, bob] = await Promise.all([resident({ falcon: true }), resident()]);
    const keys = (): Record<string, string | undefined> => {
      using own = IdentityKeys.fromSecrets(provider, alice.home.vault.get(secretNames.identity)!);
      const { block } = ownIdentity(provider, own, alice.did);
      return {
        x25519: block.ik.toHex(),
        ed25519: block.ed25519.toHex(),
        'ml-dsa-87': block.mlDsa87.toHex(),
        'falcon-1024': block.falcon1024?.toHex(),
      };
    };
    const changed = (before: Record<string, string | undefined>): string[] =>
      Object.entries(keys()).flatMap(([name, key]) => (key === before[name] ? [] : [name]));
    const first = keys();
    expect((await alice.agent.rotateKeys(['falcon-1024'])).keys).toEqual(['falcon-1024']);
    expect(changed(first)).toEqual(['falcon-1024']);
    const second = keys();
    await alice.agent.rotateKeys();
    expect(changed(second)).toEqual(['x25519', 'ed25519', 'ml-dsa-87', 'falcon-1024']);
    await alice.restart();
    expect(await alice.agent.identity.show()).toMatchObject({ isCurrent: true, isRotating: false });
    await alice.agent.credential.import(await network.credentialFor(alice));
    await meet(alice, bob);
    expect((await alice.agent.send(bob.did, text('signed by four keys'), { sign: true })).route).toBe('p2p');
  });

  it('have to exist', async () => {
    const alice = await resident();
    for (const keys of [[], ['rsa'], ['falcon-1024'], ['ed25519', '']]) {
      expect(await failure(alice.agent.rotateKeys(keys))).toBe('BAD_REQUEST');
    }
    expect(alice.agent.identity.isRotating).toBe(false);
  });

  it('count once they are on chain, whenever the process died', async () => {
    const alice = await resident();
    const before = fingerprintOf(alice);
    using next = IdentityKeys.fromSecrets(provider, alice.home.vault.get(secretNames.identity)!).withFresh(
      provider,
      ['ed25519', 'x25519'],
    );
    alice.home.vault.set({ [secretNames.nextIdentity]: next.exportSecrets() });
    await alice.leave();
    alice.home.close();
    const copy = join(network.dir, 'interrupted');
    cpSync(alice.home.dir, copy, { recursive: true });

    // Died before the transaction: it is made up for.
    await alice.reopen();
    const after = fingerprintOf(alice);
    expect(after).not.toBe(before);
    expect(alice.agent.identity.isRotating).toBe(false);
    expect(await alice.agent.identity.show()).toMatchObject({ isCurrent: true, fingerprint: after });
    await alice.leave();
    alice.home.close();
    const balance = await alice.agent.wallet.balance('owner');

    // Died after it: nothing is paid again.
    const again = new Person(await Home.open({ dir: copy, passphrase }), {});
    await again.start({ listen: [] });
    expect(fingerprintOf(again)).toBe(after);
    expect(again.agent.status().hasCredential).toBe(false);
    expect(await again.agent.wallet.balance('owner')).toBe(balance);
    await again.close();
    await alice.reopen();
  });

  it('wait, and the old ones count, while nothing can be paid', async () => {
    const [alice, bob] = await Promise.all([resident(), resident()]);
    await meet(alice, bob);
    await alice.agent.wallet.withdraw('owner', bob.agent.wallet.address('owner'), 'all');
    const before = fingerprintOf(alice);
    expect(await failure(alice.agent.rotateKeys())).toBe('NO_GAS');
    expect(alice.agent.identity.isRotating).toBe(true);
    expect(fingerprintOf(alice)).toBe(before);
    expect((await alice.agent.send(bob.did, text('as before'))).route).toBe('p2p');
    await alice.restart();
    expect(alice.agent.identity.isRotating).toBe(true);
    await alice.agent.wallet.requestFunds('owner');
    // Its maintenance may have been faster.
    await alice.agent.identity.resume();
    expect(alice.agent.identity.isRotating).toBe(false);
    expect(fingerprintOf(alice)).not.toBe(before);
  });

  it('of a did:jwk are all but the one that is the DID', async () => {
    const alice = await network.person({ mailbox: false, funded: false });
    expect(await failure(alice.agent.rotateKeys(['ed25519']))).toBe('FIXED_DID');
    for (const attempt of [alice.agent.identity.create(), alice.agent.identity.deactivate(true)]) {
      expect(await failure(attempt)).toBe('FIXED_DID');
    }
    const { did } = alice;
    const before = fingerprintOf(alice);
    expect(await alice.agent.rotateKeys()).toMatchObject({ keys: ['x25519', 'ml-dsa-87'], published: null });
    expect(alice.did).toBe(did);
    expect(fingerprintOf(alice)).not.toBe(before);
    expect(await alice.agent.identity.show()).toMatchObject({ state: 'fixed', isCurrent: true });
  });
});
