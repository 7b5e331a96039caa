import { bcs } from '@iota/iota-sdk/bcs';
import { Ed25519Keypair } from '@iota/iota-sdk/keypairs/ed25519';
import { Transaction } from '@iota/iota-sdk/transactions';
import { fromBase64, toBase64 } from '@iota/iota-sdk/utils';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changes, createdId, everything, publishZoo, startWorld, type World } from './zoo.ts';

let world: World;
let zoo: string;
beforeAll(async () => {
  world = await startWorld();
  ({ zoo } = await publishZoo(world));
});
afterAll(() => world[Symbol.asyncDispose]());

const born =
  (name: string) =>
  (tx: Transaction): void => {
    const animal = tx.moveCall({ target: `${zoo}::zoo::born`, arguments: [tx.pure.string(name)] });
    tx.transferObjects([animal], world.address);
  };

describe('executing', () => {
  it('publishes: package, modules, init events and what init made', async () => {
    const { zoo: again, response } = await publishZoo(world);
    expect(response.effects?.status).toEqual({ status: 'success' });
    const [published] = changes(response, 'published');
    expect(published).toMatchObject({ packageId: again, version: '1', modules: ['shell', 'signs', 'zoo'] });
    expect(response.events?.map(({ type }) => type).sort()).toEqual(
      [
        `${again}::zoo::ZooOpened`,
        `0x2::display::DisplayCreated<${again}::signs::Sign>`,
        `0x2::display::VersionUpdated<${again}::signs::Sign>`,
      ].sort(),
    );
    expect(response.events?.find(({ type }) => type.endsWith('ZooOpened'))).toMatchObject({
      packageId: again,
      transactionModule: 'zoo',
      sender: world.address,
      parsedJson: { keeper: createdId(response, '::zoo::Keeper') },
      bcsEncoding: 'base64',
    });
    expect(response.confirmedLocalExecution).toBe(true);
    expect(response.checkpoint).toBeUndefined();
    expect(response.balanceChanges).toEqual(
      [
        { owner: { AddressOwner: world.address }, coinType: `${again}::shell::SHELL`, amount: '1000' },
        {
          owner: { AddressOwner: world.address },
          coinType: '0x2::iota::IOTA',
          amount: netGas(response.effects).toString(),
        },
      ].sort((left, right) => (left.coinType.padStart(90, '0') < right.coinType.padStart(90, '0') ? -1 : 1)),
    );
  });

  it('answers the same transaction when it is read later, with checkpoint and time', async () => {
    const executed = await world.run(born('Rex'));
    const read = await world.client.waitForTransaction({ digest: executed.digest, options: everything });
    expect(read.checkpoint).toMatch(/^[0-9]+$/);
    expect(read.timestampMs).toMatch(/^[0-9]{13}$/);
    const { confirmedLocalExecution: _, ...common } = executed;
    expect(read).toMatchObject(common);
    const [same] = await world.client.multiGetTransactionBlocks({
      digests: [executed.digest],
      options: everything,
    });
    expect(same).toEqual(read);
    expect(await world.client.getTransactionBlock({ digest: executed.digest })).toEqual({
      digest: executed.digest,
      checkpoint: read.checkpoint,
      timestampMs: read.timestampMs,
    });
    expect(await world.client.isTransactionIndexedOnNode({ digest: executed.digest })).toBe(true);
    const checkpoint = await world.client.getCheckpoint({ id: read.checkpoint as string });
    expect(checkpoint.transactions).toContain(executed.digest);
    expect(await world.client.getCheckpoint({ id: checkpoint.digest })).toEqual(checkpoint);
  });

  it('gives raw bytes that the SDK decodes to what the JSON says', async () => {
    const response = await world.run(born('Rexa'));
    const [signed] = bcs.SenderSignedData.parse(fromBase64(response.rawTransaction as string));
    expect(signed?.intentMessage.value.V1.sender).toBe(world.address);
    expect(signed?.txSignatures).toEqual(response.transaction?.txSignatures);
    const effects = bcs.TransactionEffects.parse(Uint8Array.from(response.rawEffects ?? [])).V1;
    expect(effects.transactionDigest).toBe(response.digest);
    expect(effects.gasUsed).toEqual(response.effects?.gasUsed);
    expect(effects.dependencies).toEqual(response.effects?.dependencies);
    expect(response.transaction?.data).toMatchObject({
      messageVersion: 'v1',
      sender: world.address,
      gasData: { owner: world.address, price: '1000' },
      transaction: {
        kind: 'ProgrammableTransaction',
        inputs: [
          { type: 'pure', valueType: '0x1::string::String', value: 'Rexa' },
          { type: 'pure', valueType: 'address', value: world.address },
        ],
        transactions: [
          { MoveCall: { package: zoo, module: 'zoo', function: 'born', arguments: [{ Input: 0 }] } },
          { TransferObjects: [[{ Result: 0 }], { Input: 1 }] },
        ],
      },
    });
  });

  it('shows mutation, wrapping, unwrapping and deletion as such', async () => {
    const animal = createdId(await world.run(born('Felix')), '::zoo::Animal');
    const wrapped = await world.run((tx) => {
      const box = tx.moveCall({ target: `${zoo}::zoo::wrap`, arguments: [tx.object(animal)] });
      tx.transferObjects([box], world.address);
    });
    expect(changes(wrapped, 'wrapped')).toMatchObject([
      { objectId: animal, objectType: `${zoo}::zoo::Animal` },
    ]);
    const boxId = createdId(wrapped, `::zoo::Box<${zoo}::zoo::Animal>`);
    expect((await world.client.getObject({ id: animal })).error).toMatchObject({
      code: 'deleted',
      object_id: animal,
    });

    const unwrapped = await world.run((tx) => {
      const free = tx.moveCall({ target: `${zoo}::zoo::unwrap`, arguments: [tx.object(boxId)] });
      tx.transferObjects([free], world.address);
    });
    expect(changes(unwrapped, 'deleted')).toMatchObject([{ objectId: boxId }]);
    expect(changes(unwrapped, 'unwrapped')).toMatchObject([{ objectId: animal }]);
    expect(unwrapped.effects?.unwrapped?.[0]?.reference.objectId).toBe(animal);

    const deleted = await world.run((tx) => {
      const [fed] = tx.splitCoins(tx.gas, [5]);
      tx.moveCall({ target: `${zoo}::zoo::pay`, arguments: [tx.object(animal), fed as never] });
      const coin = tx.moveCall({ target: `${zoo}::zoo::set_free`, arguments: [tx.object(animal)] });
      tx.transferObjects([coin], world.address);
    });
    expect(deleted.effects?.status).toEqual({ status: 'success' });
    expect(changes(deleted, 'deleted')).toMatchObject([
      { objectId: animal, objectType: `${zoo}::zoo::Animal` },
    ]);
    expect(deleted.balanceChanges).toEqual([
      {
        owner: { AddressOwner: world.address },
        coinType: '0x2::iota::IOTA',
        amount: netGas(deleted.effects).toString(),
      },
    ]);
  });

  it('shows an abort with its place, and charges gas alone', async () => {
    const keeper = await ownedOf('::zoo::Keeper');
    const tx = new Transaction();
    tx.moveCall({ target: `${zoo}::zoo::refuse`, arguments: [tx.object(keeper)] });
    tx.setGasBudget(10_000_000);
    const response = await world.client.signAndExecuteTransaction({
      transaction: tx,
      signer: world.keypair,
      options: everything,
    });
    expect(response.effects?.status.status).toBe('failure');
    expect(response.effects?.status.error).toMatch(
      new RegExp(
        `^MoveAbort\\(MoveLocation \\{ module: ModuleId \\{ address: ${zoo.slice(2)}, name: Identifier\\("zoo"\\) \\}, function: [0-9]+, instruction: [0-9]+, function_name: Some\\("refuse"\\) \\}, 7\\) in command 0$`,
      ),
    );
    expect(response.events).toEqual([]);
    expect(response.balanceChanges).toEqual([
      {
        owner: { AddressOwner: world.address },
        coinType: '0x2::iota::IOTA',
        amount: netGas(response.effects).toString(),
      },
    ]);
  });

  it('refuses what cannot be executed, in a node’s words', async () => {
    const tx = new Transaction();
    tx.transferObjects([tx.splitCoins(tx.gas, [1])], world.address);
    tx.setSender(world.address);
    const bytes = await tx.build({ client: world.client });
    const stranger = await Ed25519Keypair.generate().signTransaction(bytes);
    const send = (signature: string | string[]): Promise<unknown> =>
      world.client.executeTransactionBlock({ transactionBlock: bytes, signature });
    await expect(send(stranger.signature)).rejects.toMatchObject({
      code: -32002,
      message: expect.stringMatching(/^Invalid user signature: /),
    });
    await expect(send([])).rejects.toMatchObject({ code: -32002 });
    await expect(send('AAAA')).rejects.toMatchObject({ code: expect.any(Number) });
    await expect(send('not base64!')).rejects.toMatchObject({ code: -32602 });
    await expect(
      world.client.executeTransactionBlock({
        transactionBlock: toBase64(bytes.subarray(1)),
        signature: stranger.signature,
      }),
    ).rejects.toMatchObject({ code: -32602 });

    const { signature } = await world.keypair.signTransaction(bytes);
    const first = await world.client.executeTransactionBlock({ transactionBlock: bytes, signature });
    // The same transaction again is answered, not executed.
    const count = await world.client.getTotalTransactionBlocks();
    expect((await world.client.executeTransactionBlock({ transactionBlock: bytes, signature })).digest).toBe(
      first.digest,
    );
    expect(await world.client.getTotalTransactionBlocks()).toBe(count);

    // Another transaction over the same, now replaced, gas coin.
    const stale = Transaction.from(bytes);
    stale.setGasBudget(20_000_000);
    const staleBytes = await stale.build({ client: world.client });
    const signed = await world.keypair.signTransaction(staleBytes);
    await expect(
      world.client.executeTransactionBlock({ transactionBlock: staleBytes, signature: signed.signature }),
    ).rejects.toMatchObject({
      code: -32002,
      message: expect.stringMatching(
        /^Transaction execution failed due to issues with transaction inputs, please review the errors and try again: Object \(0x[0-9a-f]{64}, SequenceNumber\([0-9]+\), o#\w+\) is not available for consumption, its current version: SequenceNumber\([0-9]+\)\.$/,
      ),
    });
  });
});

describe('damaged transactions', () => {
  it('are refused or fail, never an internal error, and change nothing', async () => {
    const tx = new Transaction();
    const [coin] = tx.splitCoins(tx.gas, [5]);
    const animal = tx.moveCall({ target: `${zoo}::zoo::born`, arguments: [tx.pure.string('Mole')] });
    tx.moveCall({ target: `${zoo}::zoo::pay`, arguments: [animal, coin as never] });
    tx.transferObjects([animal], world.address);
    tx.setSender(world.address);
    const bytes = await tx.build({ client: world.client });
    const kind = await tx.build({ client: world.client, onlyTransactionKind: true });
    const { signature } = await world.keypair.signTransaction(bytes);
    const count = await world.client.getTotalTransactionBlocks();
    const call = async (method: string, params: unknown[]): Promise<number | undefined> => {
      const answer = await fetch(world.net.rpcUrl, {
        method: 'POST',
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { error?: { code: number } }).error?.code;
    };
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const [badBytes, badKind] = [bytes.slice(), kind.slice()];
        for (const bad of [badBytes, badKind]) {
          for (const [at, mask] of changes) bad[at % bad.length] = (bad[at % bad.length] as number) ^ mask;
        }
        expect(await call('iota_dryRunTransactionBlock', [toBase64(badBytes)])).not.toBe(-32603);
        expect(await call('iota_devInspectTransactionBlock', [world.address, toBase64(badKind)])).not.toBe(
          -32603,
        );
        // Two changes may cancel out; the bytes are then those that were signed.
        if (toBase64(badBytes) !== toBase64(bytes)) {
          const code = await call('iota_executeTransactionBlock', [toBase64(badBytes), [signature]]);
          expect([-32602, -32600, -32002]).toContain(code);
        }
      }),
      { numRuns: 150 },
    );
    expect(await world.client.getTotalTransactionBlocks()).toBe(count);
  });
});

describe('racing for one object version', () => {
  interface Signed {
    readonly transactionBlock: Uint8Array;
    readonly signature: string;
  }

  /** Transactions that all pay from the same version of one coin. */
  async function rivals(racing: World, count: number): Promise<Signed[]> {
    const { data } = await racing.client.getCoins({ owner: racing.address });
    const [coin] = data.toSorted((left, right) => Number(BigInt(right.balance) - BigInt(left.balance)));
    if (coin === undefined) throw new Error('no coin');
    const build = async (amount: number): Promise<Signed> => {
      const tx = new Transaction();
      tx.transferObjects([tx.splitCoins(tx.gas, [amount])], racing.address);
      tx.setSender(racing.address);
      tx.setGasPayment([{ objectId: coin.coinObjectId, version: coin.version, digest: coin.digest }]);
      const transactionBlock = await tx.build({ client: racing.client });
      const { signature } = await racing.keypair.signTransaction(transactionBlock);
      return { transactionBlock, signature };
    };
    return Promise.all(Array.from({ length: count }, (_, index) => build(index + 1)));
  }

  it('lets one win by default', async () => {
    const results = await Promise.allSettled(
      (await rivals(world, 2)).map((one) => world.client.executeTransactionBlock(one)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('refuses all when conflicts lock, and names the rivals with what they hold', async () => {
    await using locking = await startWorld({ lockConflicts: true });
    const [first, second, third] = (await rivals(locking, 3)) as [Signed, Signed, Signed];
    // Straight to the ledger and in one turn of the event loop: over two sockets one could be done before the other.
    const results = await Promise.allSettled(
      [first, second].map(({ transactionBlock, signature }) =>
        locking.net.ledger.execute(transactionBlock, [fromBase64(signature)]),
      ),
    );
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(locking.client.executeTransactionBlock(third)).rejects.toMatchObject({
      code: -32002,
      message: expect.stringMatching(/^Failed to sign transaction by a quorum of validators/),
    });
    const answer = await fetch(locking.net.rpcUrl, {
      method: 'POST',
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'iota_executeTransactionBlock',
        params: [toBase64(third.transactionBlock), [third.signature]],
      }),
    });
    expect(answer.status).toBe(200);
    const { error } = (await answer.json()) as {
      error: { data: Record<string, [string, number, string][]> };
    };
    const { gasData } = bcs.TransactionData.parse(third.transactionBlock).V1;
    const [{ objectId, version, digest }] = gasData.payment as [(typeof gasData.payment)[number]];
    expect(Object.keys(error.data)).toHaveLength(2);
    for (const held of Object.values(error.data)) expect(held).toEqual([[objectId, Number(version), digest]]);
  });
});

describe('simulating', () => {
  it('dry-runs a publication: events of its own types, changes, and nothing stays', async () => {
    const { zooPackage } = await import('./zoo.ts');
    const { modules, dependencies } = await zooPackage();
    const tx = new Transaction();
    tx.transferObjects(
      [tx.publish({ modules: [...modules], dependencies: [...dependencies] })],
      world.address,
    );
    tx.setSender(world.address);
    const count = await world.client.getTotalTransactionBlocks();
    const result = await world.client.dryRunTransactionBlock({
      transactionBlock: await tx.build({ client: world.client }),
    });
    expect(result.effects.status).toEqual({ status: 'success' });
    const published = result.objectChanges.find(({ type }) => type === 'published') as { packageId: string };
    expect(result.events).toHaveLength(3);
    expect(result.events.find(({ type }) => type === `${published.packageId}::zoo::ZooOpened`)).toMatchObject(
      {
        parsedJson: { keeper: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
      },
    );
    const shown = `0x2::display::VersionUpdated<${published.packageId}::signs::Sign>`;
    expect(result.events.find(({ type }) => type === shown)).toMatchObject({ parsedJson: { version: 1 } });
    expect(result.input.sender).toBe(world.address);
    expect((await world.client.getObject({ id: published.packageId })).error).toMatchObject({
      code: 'notExists',
    });
    expect(await world.client.getTotalTransactionBlocks()).toBe(count);
  });

  it('reports a failing dry run in the effects, and broken inputs as an error with the bare sentence', async () => {
    const tx = new Transaction();
    tx.splitCoins(tx.gas, [10n ** 19n]);
    tx.setSender(world.address);
    tx.setGasBudget(10_000_000);
    const failing = await world.client.dryRunTransactionBlock({
      transactionBlock: await tx.build({ client: world.client }),
    });
    expect(failing.effects.status).toEqual({
      status: 'failure',
      error: 'InsufficientCoinBalance in command 0',
    });

    const missing = new Transaction();
    const ref = {
      objectId: `0x${'77'.repeat(32)}`,
      version: '5',
      digest: '11111111111111111111111111111111',
    };
    missing.transferObjects([missing.objectRef(ref)], world.address);
    missing.setSender(world.address);
    missing.setGasBudget(10_000_000);
    await expect(
      world.client.dryRunTransactionBlock({
        transactionBlock: await missing.build({ client: world.client }),
      }),
    ).rejects.toMatchObject({
      code: -32600,
      message: expect.stringMatching(
        /^Could not find the referenced object 0x7{64} at version Some\(SequenceNumber\(5\)\)/,
      ),
    });
  });

  it('inspects results of commands with their types', async () => {
    const tx = new Transaction();
    tx.moveCall({ target: `${zoo}::zoo::describe`, arguments: [tx.pure.u16(258), tx.pure.string('hi')] });
    const result = await world.client.devInspectTransactionBlock({
      sender: world.address,
      transactionBlock: tx,
    });
    expect(result.error).toBeUndefined();
    expect(result.results).toEqual([
      {
        returnValues: [
          [[2, 1, 2, 104, 105], expect.stringMatching(/::zoo::Plate$/)],
          [[5, 0, 0, 0, 0, 0, 0, 0], 'u64'],
        ],
      },
    ]);
    expect(result.effects.status).toEqual({ status: 'success' });
  });

  it('views functions with JSON arguments and results', async () => {
    const enclosure = createdId(
      await world.run((tx) => void tx.moveCall({ target: `${zoo}::zoo::open_enclosure` })),
      '::zoo::Enclosure',
    );
    expect(
      await world.client.view({ functionName: `${zoo}::zoo::visits`, typeArgs: [], arguments: [enclosure] }),
    ).toEqual({ functionReturnValues: ['0'] });
    expect(await world.client.view({ functionName: `${zoo}::zoo::describe`, arguments: [7, 'hi'] })).toEqual({
      functionReturnValues: [{ type: `${zoo}::zoo::Plate`, fields: { number: 7, text: 'hi' } }, '5'],
    });
    await expect(
      world.client.view({ functionName: `${zoo}::zoo::describe`, arguments: [70_000, 'hi'] }),
    ).rejects.toMatchObject({ code: -32602 });
    await expect(
      world.client.view({ functionName: `${zoo}::zoo::nothing`, arguments: [] }),
    ).rejects.toMatchObject({ code: -32602 });
  });
});

function netGas(
  effects:
    { gasUsed: { computationCost: string; storageCost: string; storageRebate: string } } | null | undefined,
): bigint {
  const { computationCost, storageCost, storageRebate } = effects?.gasUsed ?? {
    computationCost: '0',
    storageCost: '0',
    storageRebate: '0',
  };
  return BigInt(storageRebate) - BigInt(computationCost) - BigInt(storageCost);
}

async function ownedOf(suffix: string): Promise<string> {
  const { data } = await world.client.getOwnedObjects({
    owner: world.address,
    filter: { StructType: `${zoo}${suffix}` },
  });
  return data[0]?.data?.objectId as string;
}
