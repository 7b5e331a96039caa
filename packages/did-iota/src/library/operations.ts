/** What is asked of the library: reading an identity, and the commands of the transactions that make or change one. */
import { createRequire } from 'node:module';
import type * as IdentityWasm from '@iota/identity-wasm/node/index.js';
import { bcs } from '@iota/iota-sdk/bcs';
import { maxControllerCaps } from '../limits.ts';
import type { DidNetwork } from '../networks.ts';
import { Failure, reasonOf } from './failure.ts';
import { NodeSession } from './node-session.ts';

/** Where to ask. */
export interface OperationContext {
  readonly rpcUrl: string;
  readonly network: DidNetwork;
}

/** An identity as the library reads it. The document is not checked. */
export interface IdentityState {
  /** `null` when it is deactivated. */
  readonly document: unknown;
  readonly deactivated: boolean;
  readonly forever: boolean;
  /** RFC 3339. */
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  /** Several must agree to change it. */
  readonly isShared: boolean;
}

/** An identity and the capability by which an address controls it. */
export interface ControlledIdentity {
  readonly objectId: string;
  readonly capId: string;
}

/** Input and result of each operation; the bytes are BCS of a `ProgrammableTransaction`. */
export interface Operations {
  readonly read: { input: { readonly objectId: string }; result: IdentityState };
  readonly controlledBy: { input: { readonly address: string }; result: readonly ControlledIdentity[] };
  readonly placeholder: { input: Record<never, never>; result: string };
  readonly publish: {
    input: { readonly document: unknown; readonly address: string };
    result: Uint8Array<ArrayBuffer>;
  };
  readonly update: {
    input: ControlledIdentity & { readonly document: unknown };
    result: Uint8Array<ArrayBuffer>;
  };
  readonly deactivate: {
    input: ControlledIdentity & { readonly forever: boolean };
    result: Uint8Array<ArrayBuffer>;
  };
}

type Library = typeof IdentityWasm;
type ReadOnlyClient = IdentityWasm.IdentityClientReadOnly;

interface Session {
  readonly node: NodeSession;
  readonly network: DidNetwork;
  /** A client of the library on `node`. */
  client(): Promise<ReadOnlyClient>;
}

type Implementations = {
  readonly [Name in keyof Operations]: (
    session: Session,
    input: Operations[Name]['input'],
  ) => Promise<Operations[Name]['result']>;
};

// The library is CommonJS.
const library = createRequire(import.meta.url)('@iota/identity-wasm/node') as Library;
const capType = bcs.struct('ControllerCap', { id: bcs.Address, controllerOf: bcs.Address });

const implementations: Implementations = {
  read: async (session, { objectId }) => {
    const identity = await identityOf(session, objectId);
    const base = { document: null, deactivated: true, isShared: identity.isShared() } as const;
    if (identity.hasDeletedDid()) return { ...base, forever: true, createdAt: null, updatedAt: null };
    const { doc, meta } = identity.didDocument().toJSON() as {
      readonly doc: unknown;
      readonly meta: { readonly created?: string; readonly updated?: string; readonly deactivated?: boolean };
    };
    const times = { forever: false, createdAt: meta.created ?? null, updatedAt: meta.updated ?? null };
    if (meta.deactivated === true) return { ...base, ...times };
    return { ...base, ...times, document: doc, deactivated: false };
  },

  controlledBy: async ({ node, network }, { address }) => {
    await node.client.getChainIdentifier();
    const page = await node.client.getOwnedObjects({
      owner: address,
      filter: { StructType: `${network.packageId}::controller::ControllerCap` },
      options: { showBcs: true },
      limit: maxControllerCaps,
    });
    return page.data.flatMap(({ data }) => {
      if (data?.bcs?.dataType !== 'moveObject') return [];
      const { id, controllerOf } = capType.parse(Uint8Array.fromBase64(data.bcs.bcsBytes));
      return [{ capId: id, objectId: controllerOf }];
    });
  },

  placeholder: ({ network }) => Promise.resolve(library.IotaDID.placeholder(network.name).toString()),

  publish: async (session, { document, address }) =>
    commandsOf(await session.client(), new library.PublishDidDocument(libraryDocument(document), address)),

  update: async (session, { objectId, capId, document }) => {
    const [identity, client] = [await identityOf(session, objectId), await session.client()];
    const token = await library.ControllerToken.getById(capId, client);
    return commandsOf(client, identity.updateDidDocument(libraryDocument(document), token).transaction);
  },

  deactivate: async (session, { objectId, capId, forever }) => {
    const [identity, client] = [await identityOf(session, objectId), await session.client()];
    const token = await library.ControllerToken.getById(capId, client);
    const change = forever ? identity.deleteDid(token) : identity.deactivateDid(token);
    return commandsOf(client, change.transaction);
  },
};

/** Runs an operation, and explains what it throws by what the node did. @throws Failure */
export async function runOperation<Name extends keyof Operations>(
  name: Name,
  { rpcUrl, network }: OperationContext,
  input: Operations[Name]['input'],
  signal: AbortSignal,
): Promise<Operations[Name]['result']> {
  const node = new NodeSession({ rpcUrl, network, signal });
  let opened: Promise<ReadOnlyClient> | undefined;
  const client = (): Promise<ReadOnlyClient> => (opened ??= openClient(node, network));
  try {
    return await implementations[name]({ node, network, client }, input);
  } catch (error) {
    if (node.problem !== null) throw node.problem;
    if (error instanceof Failure) throw error;
    throw new Failure({ code: 'RPC_REFUSED', message: `this cannot be done: ${reasonOf(error)}` });
  }
}

/** On IOTA's networks the library knows the package, and must not be told another. */
async function openClient(node: NodeSession, network: DidNetwork): Promise<ReadOnlyClient> {
  // The library asks again and panics when there is no answer; the session knows it then.
  await node.client.getChainIdentifier();
  const { IdentityClientReadOnly } = library;
  // The library's type is that of its CommonJS copy of the SDK, whose private fields are its own.
  const client = node.client as unknown as Parameters<typeof IdentityClientReadOnly.create>[0];
  return network.isOfficial
    ? IdentityClientReadOnly.create(client)
    : IdentityClientReadOnly.create(client, network.packageId);
}

async function identityOf(
  { node, network, client }: Session,
  objectId: string,
): Promise<IdentityWasm.OnChainIdentity> {
  const opened = await client();
  try {
    return await library.OnChainIdentity.getById(objectId, opened);
  } catch (error) {
    if (node.problem !== null) throw error;
    const type = node.typeOf(objectId);
    if (type === null) throw new Failure({ code: 'NOT_FOUND', message: `there is no identity ${objectId}` });
    if (type !== `${network.packageId}::identity::Identity`) {
      throw new Failure({ code: 'NOT_AN_IDENTITY', message: `${objectId} is no identity` });
    }
    throw new Failure({ code: 'BAD_DOCUMENT', message: `unusable DID document: ${reasonOf(error)}` });
  }
}

function libraryDocument(document: unknown): IdentityWasm.IotaDocument {
  return library.IotaDocument.fromJSON({ doc: document, meta: {} });
}

async function commandsOf(
  client: ReadOnlyClient,
  transaction: { buildProgrammableTransaction(client: ReadOnlyClient): Promise<Uint8Array> },
): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await transaction.buildProgrammableTransaction(client));
}
