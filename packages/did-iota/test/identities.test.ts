import { createRequire } from 'node:module';
import { IotaClient } from '@iota/iota-sdk/client';
import { Transaction } from '@iota/iota-sdk/transactions';
import type * as IdentityWasm from '@iota/identity-wasm/node/index.js';
import { parseEd25519Jwk, parseMlDsa87Jwk } from '@wotid/credential';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { didKeyIds, mailboxOf, type DidContent } from '../src/index.ts';
import { randomContent, World, type Person } from './network.ts';

let world: World;
let alice: Person;
beforeAll(async () => {
  world = await World.start();
  alice = await world.person();
});
afterAll(() => world.net.stop());

const mailboxId = `0x${'ab'.repeat(32)}`;
const idFp = new Uint8Array(32).fill(7);

describe('an identity', () => {
  it('is created with both keys, and found by its DID', async () => {
    const content = randomContent();
    const { did, objectId, capId, gas } = await alice.controller.create(content);
    expect(did).toBe(`did:iota:${world.net.chainId}:${objectId}`);
    expect(gas.netNanos).toBeGreaterThan(0n);
    const { document, deactivated, createdAt } = await world.reader.resolve(did);
    const keyIds = didKeyIds(did, content);
    expect(document).toMatchObject({
      id: did,
      authentication: Object.values(keyIds),
      assertionMethod: Object.values(keyIds),
    });
    const [first, second] = document?.verificationMethod ?? [];
    expect([first?.id, second?.id]).toEqual(Object.values(keyIds));
    expect(parseEd25519Jwk(first?.publicKeyJwk as never)).toEqual(content.ed25519);
    expect(parseMlDsa87Jwk(second?.publicKeyJwk as never)).toEqual(content.mlDsa87);
    expect(deactivated).toBe(false);
    expect(Date.parse(createdAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
    // Nothing that tells where its owner is.
    expect(JSON.stringify(document)).not.toMatch(/ip4|p2p|12D3/);
    expect(await world.reader.controlledBy(alice.queue.address)).toContainEqual({ objectId, capId });
  });

  it('names key ids by thumbprint: the same key the same, another key another', () => {
    // RFC 8037, appendix A.3: the thumbprint of the key of appendix A.2.
    const ed25519 = Uint8Array.fromBase64('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', {
      alphabet: 'base64url',
    });
    const other = randomContent();
    expect(didKeyIds('did:iota:0x1', { ...other, ed25519 }).ed25519).toBe(
      'did:iota:0x1#kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    );
  });

  it('gets a fingerprint, a mailbox and other keys, and keeps what others have put there', async () => {
    const content = randomContent();
    const { did } = await alice.controller.create(content);
    await alice.controller.update(did, {
      ...content,
      idFp,
      mailbox: { chainId: world.net.chainId, mailboxId },
    });
    const document = (await world.reader.resolve(did)).document!;
    expect(document.alsoKnownAs).toEqual(['ni:///sha-256;BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc']);
    expect(mailboxOf(document)).toEqual({ chainId: world.net.chainId, mailboxId });

    const library = createRequire(import.meta.url)('@iota/identity-wasm/node') as typeof IdentityWasm;
    await withOfficialClient(library, alice, async (client) => {
      const theirs = await client.resolveDid(library.IotaDID.parse(did));
      expect(theirs.toJSON()).toMatchObject({ doc: document });
      theirs.setAlsoKnownAs([...theirs.alsoKnownAs(), 'https://example.org/me']);
      theirs.insertService(
        new library.Service({
          id: `${did}#files`,
          type: 'Files',
          serviceEndpoint: 'https://example.org/files',
        }),
      );
      await (await client.publishDidUpdate(theirs)).buildAndExecute(client);
    });

    const rotated: DidContent = { ...randomContent(), idFp: new Uint8Array(32).fill(8), mailbox: null };
    await alice.controller.update(did, rotated);
    const after = (await world.reader.resolve(did)).document!;
    expect(after.verificationMethod?.map(({ id }) => id)).toEqual(Object.values(didKeyIds(did, rotated)));
    expect(after.alsoKnownAs).toHaveLength(2);
    expect(after.alsoKnownAs?.[0]).toBe('https://example.org/me');
    expect(after.alsoKnownAs?.[1]).not.toBe(document.alsoKnownAs?.[0]);
    expect(after.service?.map(({ type }) => type)).toEqual(['Files']);
    expect(mailboxOf(after)).toBeNull();
  });

  it('is deactivated and comes back, or does not', async () => {
    const content = randomContent();
    const { did } = await alice.controller.create(content);
    await alice.controller.deactivate(did);
    expect(await world.reader.resolve(did)).toMatchObject({
      document: null,
      deactivated: true,
      forever: false,
    });
    await alice.controller.update(did, content);
    expect((await world.reader.resolve(did)).document?.id).toBe(did);
    await alice.controller.deactivate(did, { forever: true });
    expect(await world.reader.resolve(did)).toMatchObject({
      document: null,
      deactivated: true,
      forever: true,
    });
    await expect(alice.controller.update(did, content)).rejects.toMatchObject({ code: 'DEACTIVATED' });
    await expect(alice.controller.deactivate(did)).rejects.toMatchObject({ code: 'DEACTIVATED' });
  });

  it('is changed by its controller alone', async () => {
    const content = randomContent();
    const { did } = await alice.controller.create(content);
    const mallory = await world.person();
    for (const attempt of [
      mallory.controller.update(did, randomContent()),
      mallory.controller.deactivate(did, { forever: true }),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    }
    expect((await world.reader.resolve(did)).document?.authentication).toEqual(
      Object.values(didKeyIds(did, content)),
    );
  });

  it('of several controllers is left to those who can vote', async () => {
    const bob = await world.person();
    const { chainId } = world.net;
    const library = createRequire(import.meta.url)('@iota/identity-wasm/node') as typeof IdentityWasm;
    const objectId = await withOfficialClient(library, alice, async (client) => {
      const { output } = await client
        .createIdentity(new library.IotaDocument(chainId))
        .controller(alice.queue.address, 1n)
        .controller(bob.queue.address, 1n)
        .threshold(2n)
        .finish()
        .buildAndExecute(client);
      return output.id();
    });
    await expect(
      alice.controller.update(`did:iota:${chainId}:${objectId}`, randomContent()),
    ).rejects.toMatchObject({ code: 'SHARED_CONTROL' });
  });

  it('shares the queue of its account: nothing collides, and the last change counts', async () => {
    const { did } = await alice.controller.create(randomContent());
    const contents = Array.from({ length: 4 }, () => randomContent());
    const others = Array.from({ length: 4 }, () =>
      alice.queue.execute((tx: Transaction) => {
        tx.transferObjects([tx.splitCoins(tx.gas, [1n])], alice.queue.address);
      }),
    );
    await Promise.all([...contents.map((content) => alice.controller.update(did, content)), ...others]);
    expect((await world.reader.resolve(did)).document?.authentication).toEqual(
      Object.values(didKeyIds(did, contents.at(-1)!)),
    );
  });

  it('costs nothing when nothing can be written', async () => {
    const { did } = await alice.controller.create(randomContent());
    const before = await alice.queue.balanceNanos();
    await expect(
      alice.controller.update(did, randomContent({ mlDsa87: new Uint8Array(20_000) })),
    ).rejects.toThrow();
    await expect(
      alice.controller.update(did, randomContent({ mailbox: { chainId: 'zz', mailboxId } })),
    ).rejects.toThrow();
    expect(await alice.queue.balanceNanos()).toBe(before);
  });
});

/** The library's own client, with its own transactions. */
async function withOfficialClient<T>(
  library: typeof IdentityWasm,
  person: Person,
  work: (client: IdentityWasm.IdentityClient) => Promise<T>,
): Promise<T> {
  const { IdentityClient, IdentityClientReadOnly } = library;
  const client = new IotaClient({ url: world.net.rpcUrl });
  const reader = await IdentityClientReadOnly.create(
    client as unknown as Parameters<typeof IdentityClientReadOnly.create>[0],
    world.network.packageId,
  );
  const { keypair } = person;
  const full = await IdentityClient.create(reader, {
    sign: async (bytes: Uint8Array) => (await keypair.signTransaction(bytes)).signature,
    publicKey: () => Promise.resolve(keypair.getPublicKey()),
    iotaPublicKeyBytes: () => Promise.resolve(keypair.getPublicKey().toIotaBytes()),
    keyId: () => 'owner',
  } as unknown as Parameters<typeof IdentityClient.create>[1]);
  return work(full);
}
