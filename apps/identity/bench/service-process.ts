/**
 * A service in a process of its own. The first line on stdin is its {@link ServiceOptions}; it prints its URL and an
 * operator's token, and ends when stdin does.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createLocalSigner, didJwkMethod, Resolver } from '@wotid/credential';
import { NodeProvider } from '@wotid/crypto';
import { DidReader, didIotaMethod, didNetworkOf } from '@wotid/did-iota';
import { createIotaClient, MailboxReader } from '@wotid/mailbox';
import { createIdentityService, createLocalOperator, openDatabase } from '../src/index.ts';
import type { ServiceOptions } from './service.ts';

const [line] = (await once(createInterface({ input: process.stdin }), 'line')) as [string];
const { databaseUrl, publicUrl, statusTtlMs, seeds, network } = JSON.parse(line) as ServiceOptions;
const provider = new NodeProvider();
const database = await openDatabase(databaseUrl);
const mailboxes =
  network?.mailboxPackage === undefined
    ? undefined
    : new MailboxReader({ client: createIotaClient(network.rpcUrl), packageId: network.mailboxPackage });
const service = createIdentityService({
  database,
  port: 0,
  ratePerSecond: 1_000_000,
  ...(publicUrl !== undefined && { publicUrl }),
  resolver: new Resolver({
    ...didJwkMethod,
    ...(network?.identityPackage !== undefined &&
      didIotaMethod(
        new DidReader({
          rpcUrl: network.rpcUrl,
          network: didNetworkOf(network.chainId, network.identityPackage),
        }),
      )),
  }),
  issuer: {
    signer: createLocalSigner({
      provider,
      ed25519: provider.signFromSecret('ed25519', Uint8Array.fromHex(seeds.ed25519)),
      mlDsa87: provider.signFromSecret('ml-dsa-87', Uint8Array.fromHex(seeds.mlDsa87)),
    }),
    secret: Uint8Array.fromHex(seeds.secret),
    statusTtlMs,
  },
  ...(mailboxes !== undefined &&
    network !== undefined && {
      directory: {
        anchor: { chainId: network.chainId, readPrekeys: (mailboxId) => mailboxes.readPrekeys(mailboxId) },
      },
    }),
});
const url = await service.start();
const token = await createLocalOperator(database, `bench-${provider.random.bytes(4).toHex()}`);
console.log(JSON.stringify({ url, token }));
// The parent's end ends this process too.
process.stdin.resume().on('end', () => {
  void service
    .close()
    .then(() => database.close())
    .then(() => process.exit());
});
