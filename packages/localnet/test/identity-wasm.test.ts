/**
 * IOTA's identity library, Rust compiled to WASM, reads from the network: it decodes answers into Rust types, so that a
 * number where it expects a string, or the reverse, is a panic and not a wrong value.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildMovePackage } from '@wotid/move-build';
import type * as IdentityWasm from '@iota/identity-wasm/node/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changes, createdId, startWorld, type World } from './zoo.ts';

// The library is CommonJS.
const { IdentityClient, IdentityClientReadOnly, IotaDID, IotaDocument } = createRequire(import.meta.url)(
  '@iota/identity-wasm/node',
) as typeof IdentityWasm;

/** The CommonJS copy of the SDK's client, a type of its own because of its private fields. */
type ClientOfLibrary = Parameters<typeof IdentityClientReadOnly.create>[0];

const absent = `0x${'cd'.repeat(32)}`;

let world: World;
let packageId: string;
let identities: IdentityWasm.IdentityClientReadOnly;
beforeAll(async () => {
  world = await startWorld();
  const built = await buildMovePackage(fileURLToPath(new URL('../../../move/identity', import.meta.url)));
  const published = await world.run((tx) => {
    const cap = tx.publish({ modules: [...built.modules], dependencies: [...built.dependencies] });
    tx.transferObjects([cap], world.address);
  });
  packageId = changes(published, 'published')[0]?.packageId as string;
  identities = await IdentityClientReadOnly.createWithPkgId(clientOf(world), packageId);
});
afterAll(() => world[Symbol.asyncDispose]());

const clientOf = ({ client }: World): ClientOfLibrary => client as unknown as ClientOfLibrary;

/** Puts a document on chain; the id of its object. */
async function put(): Promise<string> {
  const bytes = new IotaDocument(world.net.chainId).pack();
  const response = await world.run((tx) => {
    tx.moveCall({
      target: `${packageId}::identity::new`,
      arguments: [tx.pure.option('vector<u8>', [...bytes]), tx.object.clock()],
    });
  });
  expect(response.effects?.status).toEqual({ status: 'success' });
  return createdId(response, '::identity::Identity');
}

/** A client that also writes. */
async function writer(): Promise<IdentityWasm.IdentityClient> {
  const { keypair } = world;
  // Making a client takes the read-only one over.
  const reader = await IdentityClientReadOnly.createWithPkgId(clientOf(world), packageId);
  return IdentityClient.create(reader, {
    sign: async (bytes: Uint8Array) => (await keypair.signTransaction(bytes)).signature,
    publicKey: () => Promise.resolve(keypair.getPublicKey()),
    iotaPublicKeyBytes: () => Promise.resolve(keypair.getPublicKey().toIotaBytes()),
    keyId: () => 'owner',
  } as unknown as Parameters<typeof IdentityClient.create>[1]);
}

const did = (objectId: string): IdentityWasm.IotaDID => IotaDID.fromObjectId(objectId, world.net.chainId);

describe('@iota/identity-wasm', () => {
  it('knows the chain by its identifier, and that it has no identity package of IOTA’s', async () => {
    expect(identities.network()).toBe(world.net.chainId);
    expect(identities.packageId()).toBe(packageId);
    // Of the network of this test it was told the package; of another it does not know any.
    await using other = await startWorld();
    await expect(IdentityClientReadOnly.create(clientOf(other))).rejects.toThrow(
      `no information for a published \`iota_identity\` package on network ${other.net.chainId}`,
    );
  });

  it('resolves a document from the chain, also after it changed', async () => {
    const objectId = await put();
    const document = await identities.resolveDid(did(objectId));
    expect(document.id().toString()).toBe(`did:iota:${world.net.chainId}:${objectId}`);
    expect(document.metadataDeactivated()).not.toBe(true);

    document.setAlsoKnownAs(['https://example.org/me']);
    const client = await writer();
    await (await client.publishDidUpdate(document)).buildAndExecute(client);
    expect((await identities.resolveDid(did(objectId))).alsoKnownAs()).toEqual(['https://example.org/me']);
  });

  it('reads the identity, its controllers and what an address controls', async () => {
    const objectId = await put();
    const identity = await identities.getIdentity(objectId);
    const onChain = identity.toFullFledged();
    expect(onChain?.id()).toBe(objectId);
    expect(onChain?.isShared()).toBe(false);
    // It names at least one; of several, this version of the library names the first only.
    const [controlled] = (await identities.didsControlledBy(world.address)).map(String);
    expect(controlled).toMatch(new RegExp(`^did:iota:${world.net.chainId}:0x[0-9a-f]{64}$`));
    expect(await identities.didsControlledBy(absent)).toEqual([]);
  });

  it('is told by an error, not by a panic, what does not exist or is something else', async () => {
    for (const objectId of [absent, `0x${'6'.padStart(64, '0')}`, packageId]) {
      await expect(identities.resolveDid(did(objectId))).rejects.toThrow('DID resolution failed');
      await expect(identities.getIdentity(objectId)).rejects.toThrow('failed to resolve identity');
    }
    const objectId = await put();
    const client = await writer();
    const onChain = (await client.getIdentity(objectId)).toFullFledged()!;
    await onChain.deleteDid((await onChain.getControllerToken(client))!).buildAndExecute(client);
    await expect(identities.resolveDid(did(objectId))).rejects.toThrow(/deleted|could not/);
    // Still in one piece: a panic would have poisoned the WASM instance.
    expect(String((await identities.resolveDid(did(await put()))).id())).toMatch(/^did:iota:/);
  });

  it('publishes a document and changes it, with the transactions it builds itself', async () => {
    const client = await writer();
    expect(client.senderAddress()).toBe(world.address);
    const { output: document } = await client
      .publishDidDocument(new IotaDocument(world.net.chainId), world.address)
      .buildAndExecute(client);
    expect(String(document.id())).toMatch(new RegExp(`^did:iota:${world.net.chainId}:0x[0-9a-f]{64}$`));

    document.setAlsoKnownAs(['https://example.org/published']);
    await (await client.publishDidUpdate(document)).buildAndExecute(client);
    expect((await client.resolveDid(document.id())).alsoKnownAs()).toEqual(['https://example.org/published']);
  });
});
