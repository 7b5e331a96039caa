import { fileURLToPath } from 'node:url';
import { IotaClient } from '@iota/iota-sdk/client';
import { requestIotaFromFaucet } from '@iota/iota-sdk/faucet';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { Transaction } from '@iota/iota-sdk/transactions';
import { buildMovePackage } from '@wotid/move-build';
import { expect, inject, it } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    rpcUrl: string;
    faucetUrl: string;
  }
}

it('publishes the package of this project and calls it', async () => {
  const client = new IotaClient({ url: inject('rpcUrl') });
  const signer = new Ed25519Keypair();
  const owner = signer.toIotaAddress();
  await requestIotaFromFaucet({ host: inject('faucetUrl'), recipient: owner });

  const { modules, dependencies } = await buildMovePackage(
    fileURLToPath(new URL('move/hello', import.meta.url)),
  );
  const publish = new Transaction();
  const cap = publish.publish({ modules: [...modules], dependencies: [...dependencies] });
  publish.transferObjects([cap], owner);
  const published = await client.signAndExecuteTransaction({
    transaction: publish,
    signer,
    options: { showObjectChanges: true },
  });
  await client.waitForTransaction({ digest: published.digest });
  const packageId = published.objectChanges?.find((change) => change.type === 'published')?.packageId;

  const greet = new Transaction();
  greet.moveCall({ target: `${packageId}::hello::greet`, arguments: [greet.pure.string('Ada')] });
  const { digest, events } = await client.signAndExecuteTransaction({
    transaction: greet,
    signer,
    options: { showEvents: true, showEffects: true },
  });
  expect(events?.map(({ parsedJson }) => parsedJson)).toEqual([{ text: 'Hello, Ada' }]);
  await client.waitForTransaction({ digest });
  const { data } = await client.getOwnedObjects({
    owner,
    filter: { StructType: `${packageId}::hello::Greeting` },
    options: { showContent: true },
  });
  expect(data[0]?.data?.content).toMatchObject({ fields: { text: 'Hello, Ada' } });
});
