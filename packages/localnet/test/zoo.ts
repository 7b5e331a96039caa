/** The zoo package on a running network, and an account to use it: what the tests of the JSON-RPC share. */
import { fileURLToPath } from 'node:url';
import {
  IotaClient,
  type IotaTransactionBlockResponse,
  type IotaObjectChange,
  type ExecuteTransactionBlockParams,
} from '@iota/iota-sdk/client';
import { requestIotaFromFaucetV0 } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { Transaction } from '@iota/iota-sdk/transactions';
import { buildMovePackage, type BuiltPackage } from '@wotid/move-build';
import { startLocalnet, type Localnet, type LocalnetInit } from '../src/index.ts';

/** The framework to test with instead of ours, see `ledger/support.ts`. */
export const testFramework: string | undefined = process.env['TEST_FRAMEWORK'];

let built: Promise<BuiltPackage> | undefined;
/** Compiles the zoo once per test process. */
export function zooPackage(): Promise<BuiltPackage> {
  built ??= buildMovePackage(fileURLToPath(new URL('programs/rpc-zoo', import.meta.url)));
  return built;
}

export const everything = {
  showInput: true,
  showRawInput: true,
  showEffects: true,
  showRawEffects: true,
  showEvents: true,
  showObjectChanges: true,
  showBalanceChanges: true,
} as const;

export interface World extends AsyncDisposable {
  readonly net: Localnet;
  readonly client: IotaClient;
  readonly keypair: Ed25519Keypair;
  readonly address: string;
  /** Builds, signs and executes; the SDK finds gas coins and budget. */
  run(
    build: (tx: Transaction) => void,
    options?: ExecuteTransactionBlockParams['options'],
  ): Promise<IotaTransactionBlockResponse>;
}

/** A network on free ports and an account with faucet money. */
export async function startWorld(init: LocalnetInit = {}): Promise<World> {
  const net = await startLocalnet({
    port: 0,
    faucetPort: 0,
    ...(testFramework !== undefined && { framework: testFramework }),
    ...init,
  });
  const client = new IotaClient({ url: net.rpcUrl });
  const keypair = Ed25519Keypair.generate();
  const address = keypair.toIotaAddress();
  await requestIotaFromFaucetV0({ host: net.faucetUrl, recipient: address });
  return {
    net,
    client,
    keypair,
    address,
    run: async (build, options = everything) => {
      const transaction = new Transaction();
      build(transaction);
      return client.signAndExecuteTransaction({ transaction, signer: keypair, options });
    },
    [Symbol.asyncDispose]: () => net.stop(),
  };
}

/** Publishes the zoo; answers its package id and the response. */
export async function publishZoo(
  world: World,
): Promise<{ readonly zoo: string; readonly response: IotaTransactionBlockResponse }> {
  const { modules, dependencies } = await zooPackage();
  const response = await world.run((tx) => {
    const cap = tx.publish({ modules: [...modules], dependencies: [...dependencies] });
    tx.transferObjects([cap], world.address);
  });
  const [published] = changes(response, 'published');
  if (published === undefined) throw new Error(`not published: ${JSON.stringify(response.effects?.status)}`);
  return { zoo: published.packageId, response };
}

/** Object changes of one kind. */
export function changes<Kind extends IotaObjectChange['type']>(
  response: IotaTransactionBlockResponse,
  type: Kind,
): Extract<IotaObjectChange, { type: Kind }>[] {
  return (response.objectChanges ?? []).filter(
    (change): change is Extract<IotaObjectChange, { type: Kind }> => change.type === type,
  );
}

/** The id of the one object of `typeSuffix` that the transaction created. */
export function createdId(response: IotaTransactionBlockResponse, typeSuffix: string): string {
  const found = changes(response, 'created').filter(({ objectType }) => objectType.endsWith(typeSuffix));
  const [only] = found;
  if (only === undefined || found.length !== 1) {
    throw new Error(`${found.length} × ${typeSuffix}: ${JSON.stringify(response.effects?.status)}`);
  }
  return only.objectId;
}
