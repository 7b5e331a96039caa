/** A network of people with a directory, for the tests that need one; and a server that lies. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  createIdentityService,
  openDatabase,
  type Database,
  type IdentityServiceInit,
} from '@wotid/identity';
import { didJwkMethod, Resolver } from '@wotid/credential';
import { didIotaMethod, didNetworkOf, DidReader } from '@wotid/did-iota';
import { createIotaClient, MailboxReader } from '@wotid/mailbox';
import { Network } from './people.ts';

/** A network, and identity services with a directory that read its chain. */
export interface DirectoryNetwork {
  readonly network: Network;
  /** Of the service at `url`. */
  readonly database: Database;
  readonly url: string;
  /** One more service with a directory on a database of its own. */
  readonly serveAnother: (init: Partial<IdentityServiceInit>) => Promise<[Database, string]>;
  readonly stop: () => Promise<void>;
}

export async function startDirectoryNetwork(): Promise<DirectoryNetwork> {
  const ends: (() => Promise<void>)[] = [];
  const network = await Network.start();
  const client = createIotaClient(network.localnet.rpcUrl);
  const reader = new MailboxReader({ client, packageId: network.packageId });
  const chainId = await client.getChainIdentifier();
  const { rpcUrl } = network.localnet;
  const did = new DidReader({ rpcUrl, network: didNetworkOf(chainId, await network.identityPackage()) });
  const serveAnother: DirectoryNetwork['serveAnother'] = async (init) => {
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
  const [database, url] = await serveAnother({});
  const stop = async (): Promise<void> => {
    await network.stop();
    for (const end of ends) await end();
  };
  return { network, database, url, serveAnother, stop };
}

/** A server that answers every request in the same way. */
export async function liar(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer as never).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
