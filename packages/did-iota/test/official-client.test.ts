/**
 * Our Move package under IOTA's own client, which builds, pays for and signs its transactions itself: whatever it calls
 * is there, with the arguments, results and objects that it expects.
 */
import { createRequire } from 'node:module';
import { IotaClient } from '@iota/iota-sdk/client';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { Transaction, type TransactionArgument, type TransactionResult } from '@iota/iota-sdk/transactions';
import type * as IdentityWasm from '@iota/identity-wasm/node/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World, type Person } from './network.ts';

const library = createRequire(import.meta.url)('@iota/identity-wasm/node') as typeof IdentityWasm;
const { ControllerToken, IdentityClient, IdentityClientReadOnly, IotaDocument, OnChainIdentity } = library;

let world: World;
let alice: IdentityWasm.IdentityClient;
let bob: IdentityWasm.IdentityClient;
const people = new Map<IdentityWasm.IdentityClient, Person>();
beforeAll(async () => {
  world = await World.start();
  [alice, bob] = await Promise.all([client(), client()]);
});
afterAll(() => world.net.stop());

/** The client of somebody with coins. */
async function client(): Promise<IdentityWasm.IdentityClient> {
  const keypair = new Ed25519Keypair();
  const person = await world.person(keypair);
  const iota = new IotaClient({ url: world.net.rpcUrl });
  const reader = await IdentityClientReadOnly.create(
    iota as unknown as Parameters<typeof IdentityClientReadOnly.create>[0],
    world.network.packageId,
  );
  const made = await IdentityClient.create(reader, {
    sign: async (bytes: Uint8Array) => (await keypair.signTransaction(bytes)).signature,
    publicKey: () => Promise.resolve(keypair.getPublicKey()),
    iotaPublicKeyBytes: () => Promise.resolve(keypair.getPublicKey().toIotaBytes()),
    keyId: () => 'owner',
  } as unknown as Parameters<typeof IdentityClient.create>[1]);
  people.set(made, person);
  return made;
}

/** An identity of Alice's alone, or of both, who must agree unless she may delegate. */
async function identity(of: 'alice' | 'both', canDelegate = false): Promise<IdentityWasm.OnChainIdentity> {
  let builder = alice
    .createIdentity(new IotaDocument(world.net.chainId))
    .controller(alice.senderAddress(), 1n, canDelegate);
  if (of === 'both') builder = builder.controller(bob.senderAddress(), 1n).threshold(canDelegate ? 1n : 2n);
  const { output } = await builder.finish().buildAndExecute(alice);
  return output;
}

async function tokenOf(
  one: IdentityWasm.OnChainIdentity,
  holder: IdentityWasm.IdentityClient,
): Promise<IdentityWasm.ControllerToken> {
  const token = await one.getControllerToken(holder);
  if (token === undefined) throw new Error('no token');
  return token;
}

function changed(one: IdentityWasm.OnChainIdentity, name: string): IdentityWasm.IotaDocument {
  const document = one.didDocument();
  document.setAlsoKnownAs([name]);
  return document;
}

interface UpdateProposal {
  readonly votes: bigint;
  approve(
    identity: IdentityWasm.OnChainIdentity,
    token: IdentityWasm.ControllerToken,
  ): { buildAndExecute(client: IdentityWasm.IdentityClient): Promise<unknown> };
  intoTx: UpdateProposal['approve'];
}

/** Alice proposes a document. In this version of the library the methods of a proposal hang on a class of another name. */
async function proposeUpdate(one: IdentityWasm.OnChainIdentity, name: string): Promise<UpdateProposal> {
  const { output } = await one
    .updateDidDocument(changed(one, name), await tokenOf(one, alice))
    .buildAndExecute(alice);
  if (output === undefined) throw new Error('it was executed by one alone');
  const { UpdatedDidProposal } = library as unknown as { UpdatedDidProposal: { prototype: object } };
  return Object.setPrototypeOf(output, UpdatedDidProposal.prototype) as unknown as UpdateProposal;
}

/** Executes what the library says is a builder and is a transaction without one. */
async function run(built: unknown, by: IdentityWasm.IdentityClient): Promise<void> {
  const transaction = built as IdentityWasm.DelegationTokenRevocation;
  const commands = await transaction.buildProgrammableTransaction(by.readOnly());
  await people.get(by)!.queue.execute(() => Transaction.fromKind(Uint8Array.of(0, ...commands)));
}

const namesOf = async (objectId: string): Promise<string[]> =>
  (await OnChainIdentity.getById(objectId, alice.readOnly())).didDocument().alsoKnownAs();

describe('IOTA’s client', () => {
  it('publishes, resolves, updates, deactivates and deletes a document', async () => {
    const { output: document } = await alice
      .publishDidDocument(new IotaDocument(world.net.chainId), alice.senderAddress())
      .buildAndExecute(alice);
    document.setAlsoKnownAs(['https://example.org/one']);
    await (await alice.publishDidUpdate(document)).buildAndExecute(alice);
    const resolved = await bob.resolveDid(document.id());
    expect(resolved.alsoKnownAs()).toEqual(['https://example.org/one']);

    const onChain = await OnChainIdentity.getById(document.id().toObjectID(), alice.readOnly());
    await onChain.deactivateDid(await tokenOf(onChain, alice)).buildAndExecute(alice);
    expect((await bob.resolveDid(document.id())).metadataDeactivated()).toBe(true);
    await onChain.deleteDid(await tokenOf(onChain, alice)).buildAndExecute(alice);
    await expect(bob.resolveDid(document.id())).rejects.toThrow('could not find DID Document');
    expect((await OnChainIdentity.getById(onChain.id(), bob.readOnly())).hasDeletedDid()).toBe(true);
  });

  it('proposes, votes and executes where several must agree', async () => {
    const ours = await identity('both');
    expect(ours.isShared()).toBe(true);
    const proposal = await proposeUpdate(ours, 'https://example.org/both');
    expect(await namesOf(ours.id())).toEqual([]);
    const theirs = await OnChainIdentity.getById(ours.id(), bob.readOnly());
    const bobs = await tokenOf(theirs, bob);
    await proposal.approve(theirs, bobs).buildAndExecute(bob);
    expect(proposal.votes).toBe(2n);
    await proposal.intoTx(theirs, bobs).buildAndExecute(bob);
    expect(await namesOf(ours.id())).toEqual(['https://example.org/both']);
  });

  it('is told the abort code of the package when the votes are too few', async () => {
    const ours = await identity('both');
    const proposal = await proposeUpdate(ours, 'https://example.org/never');
    const current = await OnChainIdentity.getById(ours.id(), alice.readOnly());
    const token = await tokenOf(current, alice);
    await expect(proposal.intoTx(current, token).buildAndExecute(alice)).rejects.toThrow(
      /multicontroller.*execute_proposal.* 2\)/s,
    );
  });

  it('sees who controls after a change, which in this version it cannot propose from JavaScript', async () => {
    const ours = await identity('alice');
    const token = await tokenOf(ours, alice);
    const target = (name: string): `${string}::${string}::${string}` =>
      `${world.network.packageId}::${name}` as never;
    const tx = new Transaction();
    const [borrowed, borrow] = tx.moveCall({
      target: target('controller::borrow'),
      arguments: [tx.object(token.id())],
    });
    const none = tx.moveCall({ target: '0x1::option::none', typeArguments: ['u64'] });
    const map = (type: string, keys: TransactionArgument, votes: readonly bigint[]): TransactionResult =>
      tx.moveCall({
        target: target('utils::vec_map_from_keys_values'),
        typeArguments: [type, 'u64'],
        arguments: [keys, tx.pure.vector('u64', [...votes])],
      });
    tx.moveCall({
      target: target('identity::propose_config_change'),
      arguments: [
        tx.object(ours.id()),
        borrowed!,
        none,
        tx.moveCall({ target: '0x1::option::some', typeArguments: ['u64'], arguments: [tx.pure.u64(2)] }),
        map('address', tx.pure.vector('address', [bob.senderAddress()]), [1n]),
        tx.pure.vector('id', []),
        map('0x2::object::ID', tx.pure.vector('id', []), []),
      ],
    });
    tx.moveCall({
      target: target('controller::put_back'),
      arguments: [tx.object(token.id()), borrowed!, borrow!],
    });
    await people.get(alice)!.queue.execute(() => tx);
    const theirs = await OnChainIdentity.getById(ours.id(), bob.readOnly());
    expect(theirs.isShared()).toBe(true);
    expect((await tokenOf(theirs, bob)).controllerOf()).toBe(ours.id());
  });

  it('delegates, revokes and destroys what it delegated', async () => {
    const ours = await identity('both', true);
    const cap = (await tokenOf(ours, alice)).toControllerCap()!;
    const { output: delegated } = await cap.delegate(bob.senderAddress(), undefined).buildAndExecute(alice);
    const bobs = (): Promise<IdentityWasm.ControllerToken> =>
      ControllerToken.getById(delegated.id, bob.readOnly());
    const update = async (name: string): Promise<unknown> => {
      const current = await OnChainIdentity.getById(ours.id(), bob.readOnly());
      return current.updateDidDocument(changed(current, name), await bobs()).buildAndExecute(bob);
    };
    await update('https://example.org/delegate');
    expect(await namesOf(ours.id())).toEqual(['https://example.org/delegate']);
    const token = (await bobs()).toDelegationToken()!;
    await run(ours.revokeDelegationToken(cap, token), alice);
    await expect(update('https://example.org/revoked')).rejects.toThrow(/multicontroller.* 0\)/s);
    const capAgain = (await tokenOf(ours, alice)).toControllerCap()!;
    await run(ours.unrevokeDelegationToken(capAgain, token), alice);
    await update('https://example.org/again');
    await run(ours.deleteDelegationToken((await bobs()).toDelegationToken()!), bob);
    await expect(bobs()).rejects.toThrow();
  });
});
