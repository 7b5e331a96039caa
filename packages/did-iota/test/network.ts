/** The embedded network with our identity package on it, and people who have coins. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requestIotaFromFaucet } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { startLocalnet, type Localnet } from '@wotid/localnet';
import { createIotaClient, publishMailboxPackage, TransactionQueue } from '@wotid/mailbox';
import { buildMovePackage } from '@wotid/move-build';
import {
  didNetworkOf,
  DidController,
  DidReader,
  identityContractDirectory,
  type DidContent,
  type DidNetwork,
} from '../src/index.ts';

export class World {
  readonly net: Localnet;
  readonly network: DidNetwork;
  readonly reader: DidReader;

  private constructor(net: Localnet, packageId: string) {
    this.net = net;
    this.network = didNetworkOf(net.chainId, packageId);
    this.reader = new DidReader({ rpcUrl: net.rpcUrl, network: this.network });
  }

  static async start(): Promise<World> {
    const net = await startLocalnet({ port: 0, faucetPort: 0, lockConflicts: true });
    return new World(net, await publish(net, identityContractDirectory()));
  }

  /** Somebody with coins. */
  async person(keypair: Ed25519Keypair = new Ed25519Keypair()): Promise<Person> {
    const queue = await fundedQueue(this.net, keypair);
    return { keypair, queue, controller: new DidController({ reader: this.reader, transactions: queue }) };
  }
}

export interface Person {
  readonly keypair: Ed25519Keypair;
  readonly queue: TransactionQueue;
  readonly controller: DidController;
}

/** Publishes the Move package in a folder. */
export async function publish(net: Localnet, folder: string): Promise<string> {
  const queue = await fundedQueue(net, new Ed25519Keypair());
  const { modules, dependencies } = await buildMovePackage(folder);
  return (await publishMailboxPackage({ queue, modules, dependencies })).packageId;
}

async function fundedQueue(
  { rpcUrl, faucetUrl }: Localnet,
  signer: Ed25519Keypair,
): Promise<TransactionQueue> {
  const queue = new TransactionQueue({ client: createIotaClient(rpcUrl), signer });
  await requestIotaFromFaucet({ host: faucetUrl, recipient: queue.address, delayMs: 20 });
  return queue;
}

/** Keys that nobody has. */
export const randomContent = (more: Partial<DidContent> = {}): DidContent => ({
  ed25519: crypto.getRandomValues(new Uint8Array(32)),
  mlDsa87: crypto.getRandomValues(new Uint8Array(2592)),
  idFp: null,
  mailbox: null,
  ...more,
});

/** A node between us and the real one, which answers as `answer` says. */
export class LyingNode {
  readonly #server: Server;
  /** Changes the answer to a method; what it returns is sent. A string is sent as it is; `undefined` never answers. */
  answer: (method: string, answer: unknown) => unknown = (_method, answer) => answer;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(rpcUrl: string): Promise<LyingNode> {
    const node: LyingNode = new LyingNode(
      createServer(async (request, response) => {
        const body = Buffer.concat(await Array.fromAsync(request)).toString();
        const { method } = JSON.parse(body) as { method: string };
        const headers = { 'content-type': 'application/json' };
        const answer = await (await fetch(rpcUrl, { method: 'POST', body, headers })).json();
        const changed = node.answer(method, answer);
        if (changed === undefined) return;
        response.writeHead(200, headers).end(typeof changed === 'string' ? changed : JSON.stringify(changed));
      }),
    );
    await new Promise<void>((resolve) => node.#server.listen(0, '127.0.0.1', resolve));
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
