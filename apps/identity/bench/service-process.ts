/**
 * A service in a process of its own, on the database that `WOTID_BENCH_DB` names or one in memory. Prints its URL and an
 * operator's token. Arguments: ttl of status lists in seconds; optionally the node and the identity package of a network
 * whose did:iota it resolves.
 */
import { createLocalSigner, didJwkMethod, Resolver } from '@wotid/credential';
import { NodeProvider } from '@wotid/crypto';
import { DidReader, didIotaMethod, didNetworkOf } from '@wotid/did-iota';
import { createIdentityService, createLocalOperator, openDatabase } from '../src/index.ts';

const [ttlSec, rpcUrl, chainId, packageId] = process.argv.slice(2);
const provider = new NodeProvider();
const database = await openDatabase(process.env['WOTID_BENCH_DB'] ?? 'memory:');
const service = createIdentityService({
  database,
  port: 0,
  ratePerSecond: 1_000_000,
  resolver: new Resolver({
    ...didJwkMethod,
    ...(rpcUrl !== undefined &&
      chainId !== undefined &&
      packageId !== undefined &&
      didIotaMethod(new DidReader({ rpcUrl, network: didNetworkOf(chainId, packageId) }))),
  }),
  issuer: {
    signer: createLocalSigner({
      provider,
      ed25519: provider.signGenerate('ed25519'),
      mlDsa87: provider.signGenerate('ml-dsa-87'),
    }),
    secret: provider.random.bytes(32),
    statusTtlMs: Number(ttlSec) * 1_000,
  },
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
