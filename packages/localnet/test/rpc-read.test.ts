import type { IotaObjectData } from '@iota/iota-sdk/client';
import { Transaction } from '@iota/iota-sdk/transactions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createdId, publishZoo, startWorld, type World } from './zoo.ts';

let world: World;
let zoo: string;
beforeAll(async () => {
  world = await startWorld();
  ({ zoo } = await publishZoo(world));
});
afterAll(() => world[Symbol.asyncDispose]());

const everyOption = {
  showType: true,
  showOwner: true,
  showPreviousTransaction: true,
  showDisplay: true,
  showContent: true,
  showBcs: true,
  showStorageRebate: true,
} as const;

/** Follows the cursors of a paged method to the end. */
async function allPages<Item, Cursor>(
  page: (
    cursor: Cursor | null | undefined,
  ) => Promise<{ data: Item[]; hasNextPage: boolean; nextCursor?: Cursor | null }>,
): Promise<{ readonly items: Item[]; readonly sizes: number[] }> {
  const items: Item[] = [];
  const sizes: number[] = [];
  let cursor: Cursor | null | undefined;
  for (;;) {
    const { data, hasNextPage, nextCursor } = await page(cursor);
    items.push(...data);
    sizes.push(data.length);
    if (!hasNextPage) return { items, sizes };
    cursor = nextCursor;
  }
}

async function bornAnimal(name: string, to = world.address): Promise<string> {
  const response = await world.run((tx) => {
    tx.moveCall({ target: `${zoo}::zoo::born_to`, arguments: [tx.pure.string(name), tx.pure.address(to)] });
  });
  return createdId(response, '::zoo::Animal');
}

async function newEnclosure(): Promise<string> {
  const response = await world.run((tx) => void tx.moveCall({ target: `${zoo}::zoo::open_enclosure` }));
  return createdId(response, '::zoo::Enclosure');
}

describe('objects', () => {
  it('shows content, bytes, owner and the rest only when asked', async () => {
    const id = await bornAnimal('Rex');
    const plain = await world.client.getObject({ id });
    expect(Object.keys(plain.data as object).sort()).toEqual(['digest', 'objectId', 'version']);
    const { data } = await world.client.getObject({ id, options: everyOption });
    expect(data).toMatchObject({
      objectId: id,
      type: `${zoo}::zoo::Animal`,
      owner: { AddressOwner: world.address },
      previousTransaction: expect.stringMatching(/^\w{43,44}$/),
      storageRebate: expect.stringMatching(/^[1-9][0-9]+$/),
      display: { data: null, error: null },
      bcs: { dataType: 'moveObject', type: `${zoo}::zoo::Animal`, version: Number(data?.version) },
    });
    expect(data?.content).toEqual({
      dataType: 'moveObject',
      type: `${zoo}::zoo::Animal`,
      fields: {
        id: { id },
        name: 'Rex',
        age: 3,
        weight: '340282366920938463463374607431768211455',
        tame: true,
        plate: { type: `${zoo}::zoo::Plate`, fields: { number: 12, text: 'north' } },
        no_plate: null,
        mood: {
          type: `${zoo}::zoo::Mood`,
          variant: 'Hungry',
          fields: {
            since: '18446744073709551615',
            plates: [{ type: `${zoo}::zoo::Plate`, fields: { number: 1, text: 'a' } }],
          },
        },
        seen_by: [`0x${'0'.repeat(63)}2`, world.address],
        secret: [0, 255],
        lair: `0x${'0'.repeat(62)}ab`,
        purse: '0',
      },
    });
  });

  it('shows objects through the template of their type, and says which part of it fails', async () => {
    const { data } = await world.client.getOwnedObjects({
      owner: world.address,
      filter: { StructType: `${zoo}::signs::Sign` },
      options: { showDisplay: true },
    });
    expect(data).toHaveLength(1);
    expect(data[0]?.data?.display).toEqual({
      data: { name: 'Sign: Exit, 40 cm', link: `https://zoo.example/${data[0]?.data?.objectId}` },
      error: { code: 'display', error: 'Vector is not supported as a Display value letters' },
    });
  });

  it('shows packages with modules, origins and linkage', async () => {
    const { data } = await world.client.getObject({
      id: zoo,
      options: { showBcs: true, showType: true, showOwner: true },
    });
    expect(data?.type).toBe('package');
    expect(data?.owner).toBe('Immutable');
    const raw = data?.bcs as Extract<IotaObjectData['bcs'], { dataType: 'package' }>;
    expect(Object.keys(raw.moduleMap)).toEqual(['shell', 'signs', 'zoo']);
    expect(raw.typeOriginTable).toContainEqual({ module_name: 'zoo', datatype_name: 'Mood', package: zoo });
    expect(raw.linkageTable[`0x${'0'.repeat(63)}2`]).toEqual({
      upgraded_id: `0x${'0'.repeat(63)}2`,
      upgraded_version: 1,
    });
  });

  it('distinguishes what is missing, gone, past and yet to come', async () => {
    const id = await bornAnimal('Old');
    const before = (await world.client.getObject({ id })).data as IotaObjectData;
    const gone = await world.run((tx) => {
      const coin = tx.moveCall({ target: `${zoo}::zoo::set_free`, arguments: [tx.object(id)] });
      tx.transferObjects([coin], world.address);
    });
    const tombstone = gone.effects?.deleted?.find(({ objectId }) => objectId === id);
    expect(await world.client.getObject({ id })).toEqual({
      error: { code: 'deleted', object_id: id, version: tombstone?.version, digest: tombstone?.digest },
    });
    const nobody = `0x${'99'.repeat(32)}`;
    expect(await world.client.multiGetObjects({ ids: [nobody, zoo] })).toEqual([
      { error: { code: 'notExists', object_id: nobody } },
      { data: { objectId: zoo, version: '1', digest: expect.any(String) } },
    ]);
    const past = (version: number): Promise<unknown> => world.client.tryGetPastObject({ id, version });
    expect(await past(Number(before.version))).toEqual({ status: 'VersionFound', details: before });
    expect(await past(Number(tombstone?.version))).toEqual({ status: 'ObjectDeleted', details: tombstone });
    expect(await past(1)).toEqual({ status: 'VersionNotFound', details: [id, 1] });
    expect(await past(Number(tombstone?.version) + 1)).toMatchObject({
      status: 'VersionTooHigh',
      details: { object_id: id, asked_version: Number(tombstone?.version) + 1 },
    });
    expect(await world.client.tryGetPastObject({ id: nobody, version: 1 })).toEqual({
      status: 'ObjectNotExists',
      details: nobody,
    });
  });

  it('refuses more than 50 ids and malformed ids', async () => {
    const ids = Array.from({ length: 51 }, (_, index) => `0x${(index + 1).toString(16).padStart(64, '0')}`);
    await expect(world.client.multiGetObjects({ ids })).rejects.toMatchObject({
      code: -32602,
      message: 'Input exceeds limit of 50',
    });
    await expect(world.client.call('iota_getObject', ['0xzz'])).rejects.toMatchObject({ code: -32602 });
    await expect(world.client.call('iota_getObject', [zoo, { showType: 1 }])).rejects.toMatchObject({
      code: -32602,
    });
  });
});

describe('owned objects', () => {
  it('pages through more than 50, each exactly once, also while others arrive and leave', async () => {
    const owner = `0x${'c0'.repeat(32)}`;
    const make = (count: number): Promise<unknown> =>
      world.run(
        (tx) =>
          void tx.moveCall({
            target: `${zoo}::zoo::many`,
            arguments: [tx.pure.u64(count), tx.pure.address(owner)],
          }),
      );
    await make(120);
    const { items, sizes } = await allPages((cursor: string | null | undefined) =>
      world.client.getOwnedObjects({ owner, cursor, options: { showContent: true } }),
    );
    expect(sizes).toEqual([50, 50, 20]);
    const ids = items.map(({ data }) => data?.objectId as string);
    expect(new Set(ids).size).toBe(120);
    expect(ids).toEqual(ids.toSorted());
    const fields = items.map(
      ({ data }) => (data?.content as unknown as { fields: { content: string } } | null)?.fields.content,
    );
    expect(fields.map(Number).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 120 }, (_, index) => index),
    );

    const first = await world.client.getOwnedObjects({ owner, limit: 7 });
    await make(30);
    const rest = await allPages((cursor: string | null | undefined) =>
      world.client.getOwnedObjects({ owner, cursor: cursor ?? first.nextCursor, limit: 40 }),
    );
    const seen = [...first.data, ...rest.items].map(({ data }) => data?.objectId as string);
    expect(new Set(seen).size).toBe(seen.length);
    for (const id of ids) expect(seen).toContain(id);
  });

  it('filters by every filter, alone and combined', async () => {
    const owner = `0x${'c1'.repeat(32)}`;
    const animal = await bornAnimal('Filter', owner);
    await world.run((tx) => {
      tx.moveCall({ target: `${zoo}::zoo::many`, arguments: [tx.pure.u64(2), tx.pure.address(owner)] });
      tx.transferObjects([tx.splitCoins(tx.gas, [7])], owner);
    });
    const find = async (
      filter: Parameters<typeof world.client.getOwnedObjects>[0]['filter'],
    ): Promise<string[]> => {
      const { data } = await world.client.getOwnedObjects({
        owner,
        filter: filter ?? null,
        options: { showType: true },
      });
      return data.map(({ data: object }) => String(object?.type).replace(/^.*::(\w+)(<.*)?$/, '$1')).sort();
    };
    const [Animal, Box, Coin] = ['Animal', 'Box', 'Coin'];
    expect(await find(null)).toEqual([Animal, Box, Box, Coin]);
    expect(await find({ Package: zoo })).toEqual([Animal, Box, Box]);
    expect(await find({ MoveModule: { package: '0x2', module: 'coin' } })).toEqual([Coin]);
    expect(await find({ StructType: `${zoo}::zoo::Box` })).toEqual([Box, Box]);
    expect(await find({ StructType: `${zoo}::zoo::Box<u64>` })).toEqual([Box, Box]);
    expect(await find({ StructType: `${zoo}::zoo::Box<u8>` })).toEqual([]);
    expect(await find({ StructType: '0x2::coin::Coin<0x2::iota::IOTA>' })).toEqual([Coin]);
    expect(await find({ ObjectId: animal })).toEqual([Animal]);
    expect(await find({ ObjectIds: [animal, zoo] })).toEqual([Animal]);
    expect(await find({ AddressOwner: owner })).toHaveLength(4);
    expect(await find({ AddressOwner: zoo })).toEqual([]);
    expect(await find({ ObjectOwner: owner })).toEqual([]);
    const { version } = (await world.client.getObject({ id: animal })).data as IotaObjectData;
    expect(await find({ Version: version })).toEqual([Animal]);
    expect(
      await find({ MatchAll: [{ Package: zoo }, { MatchNone: [{ StructType: `${zoo}::zoo::Box` }] }] }),
    ).toEqual([Animal]);
    expect(await find({ MatchAny: [{ ObjectId: animal }, { StructType: '0x2::coin::Coin' }] })).toEqual([
      Animal,
      Coin,
    ]);
    expect(await find({ MatchAll: [] })).toHaveLength(4);
    expect(await find({ MatchAny: [] })).toEqual([]);
    let nested: object = { Package: zoo };
    for (let depth = 0; depth < 20; depth++) nested = { MatchAll: [nested] };
    await expect(find(nested as never)).rejects.toMatchObject({ code: -32602 });
    await expect(find({ Else: 1 } as never)).rejects.toMatchObject({ code: -32602 });
    for (const limit of [0, 51]) {
      await expect(world.client.getOwnedObjects({ owner, limit })).rejects.toMatchObject({ code: -32602 });
    }
  });

  it('lists what was sent to an object, and receives it with types that the SDK resolves', async () => {
    const enclosure = await newEnclosure();
    const animal = await bornAnimal('Sent', enclosure);
    const { data } = await world.client.getOwnedObjects({ owner: enclosure, filter: { Package: zoo } });
    expect(data.map((object) => object.data?.objectId)).toEqual([animal]);
    const received = await world.run((tx) => {
      const taken = tx.moveCall({
        target: `${zoo}::zoo::collect`,
        arguments: [tx.object(enclosure), tx.object(animal)],
      });
      tx.transferObjects([taken], world.address);
    });
    expect(received.effects?.status).toEqual({ status: 'success' });
    const inputs = received.transaction?.data.transaction as { inputs: { objectType?: string }[] };
    expect(inputs.inputs.map(({ objectType }) => objectType)).toEqual([
      'sharedObject',
      'receiving',
      undefined,
    ]);
    expect((await world.client.getOwnedObjects({ owner: enclosure })).data).toEqual([]);
  });
});

describe('coins', () => {
  it('lists, sums and describes coins of every type', async () => {
    const all = await world.client.getAllCoins({ owner: world.address });
    const types = all.data.map(({ coinType }) => coinType);
    expect(types).toEqual(types.toSorted());
    const shell = types.find((type) => type.endsWith('::shell::SHELL')) as string;
    const shells = await world.client.getCoins({ owner: world.address, coinType: shell });
    expect(shells.data.map(({ balance }) => balance).sort()).toEqual(['300', '700']);
    expect(await world.client.getBalance({ owner: world.address, coinType: shell })).toEqual({
      coinType: shell,
      coinObjectCount: 2,
      totalBalance: '1000',
    });
    const balances = await world.client.getAllBalances({ owner: world.address });
    expect(balances.map(({ coinType }) => coinType).sort()).toEqual(['0x2::iota::IOTA', shell].sort());
    expect(await world.client.getBalance({ owner: world.address })).toEqual(
      balances.find(({ coinType }) => coinType === '0x2::iota::IOTA'),
    );
    expect(await world.client.getCoinMetadata({ coinType: shell })).toEqual({
      decimals: 2,
      symbol: 'SHL',
      name: 'Shell',
      description: 'What the zoo takes',
      iconUrl: null,
      id: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    });
    expect(await world.client.getTotalSupply({ coinType: shell })).toEqual({ value: '1000' });
    expect(await world.client.getCoinMetadata({ coinType: '0x2::iota::IOTA' })).toMatchObject({
      decimals: 9,
    });
    expect(
      BigInt((await world.client.getTotalSupply({ coinType: '0x2::iota::IOTA' })).value),
    ).toBeGreaterThan(0n);
    expect(await world.client.getCoinMetadata({ coinType: `${zoo}::zoo::Keeper` })).toBeNull();
    await expect(world.client.getTotalSupply({ coinType: `${zoo}::zoo::Keeper` })).rejects.toMatchObject({
      code: -32602,
    });
  });

  it('pages through more coins than fit a page', async () => {
    const owner = `0x${'c2'.repeat(32)}`;
    await world.run((tx) => {
      const coins = tx.splitCoins(
        tx.gas,
        Array.from({ length: 70 }, (_, index) => index + 1),
      );
      tx.transferObjects(
        Array.from({ length: 70 }, (_, index) => coins[index] as never),
        owner,
      );
    });
    const pages = await allPages((cursor: string | null | undefined) =>
      world.client.getCoins({ owner, cursor }),
    );
    expect(pages.sizes).toEqual([50, 20]);
    expect(pages.items.reduce((sum, { balance }) => sum + Number(balance), 0)).toBe((70 * 71) / 2);
    const all = await allPages((cursor: string | null | undefined) =>
      world.client.getAllCoins({ owner, cursor, limit: 33 }),
    );
    expect(all.sizes).toEqual([33, 33, 4]);
    expect(all.items).toEqual(pages.items);
    await expect(world.client.getAllCoins({ owner, cursor: `0x${'12'.repeat(32)}` })).rejects.toMatchObject({
      code: -32602,
      message: 'cursor not found',
    });
  });
});

describe('dynamic fields', () => {
  it('lists fields and object fields, and finds them by name', async () => {
    const enclosure = await newEnclosure();
    const animal = await bornAnimal('Tiger');
    await world.run((tx) => {
      const target = (name: string): `${string}::${string}::${string}` => `${zoo}::zoo::${name}`;
      const parent = tx.object(enclosure);
      tx.moveCall({
        target: target('label'),
        arguments: [parent, tx.pure.vector('u8', [1, 2]), tx.pure.u64(42)],
      });
      tx.moveCall({
        target: target('label_structured'),
        arguments: [parent, tx.pure.string('x'), tx.pure.u32(9)],
      });
      tx.moveCall({ target: target('house'), arguments: [parent, tx.pure.string('den'), tx.object(animal)] });
    });
    const { data } = await world.client.getDynamicFields({ parentId: enclosure });
    const byType = Object.fromEntries(data.map((field) => [field.name.type, field]));
    expect(byType['vector<u8>']).toMatchObject({
      name: { type: 'vector<u8>', value: [1, 2] },
      bcsEncoding: 'base64',
      bcsName: 'AgEC',
      type: 'DynamicField',
      objectType: 'u64',
    });
    const structured = byType[`${zoo}::zoo::Name`];
    expect(structured).toMatchObject({ name: { value: { text: 'x', number: 9 } }, objectType: 'bool' });
    const housed = byType['0x1::string::String'];
    expect(housed).toMatchObject({
      name: { value: 'den' },
      type: 'DynamicObject',
      objectType: `${zoo}::zoo::Animal`,
      objectId: animal,
    });
    for (const field of data) {
      const found = await world.client.getDynamicFieldObject({
        parentObjectId: enclosure,
        name: field.name,
        options: { showContent: true, showOwner: true },
      });
      expect(found.data).toMatchObject({
        objectId: field.objectId,
        version: String(field.version),
        digest: field.digest,
      });
      expect(
        (await world.client.getDynamicFieldObjectV1({ parentId: enclosure, name: field.name })).data,
      ).toMatchObject({
        objectId: field.objectId,
        content: { dataType: 'moveObject' },
      });
    }
    const tiger = await world.client.getDynamicFieldObject({
      parentObjectId: enclosure,
      name: { type: '0x1::string::String', value: 'den' },
      options: { showContent: true },
    });
    expect(tiger.data?.content).toMatchObject({ fields: { name: 'Tiger' } });
    expect(
      await world.client.getDynamicFieldObject({ parentObjectId: enclosure, name: { type: 'u8', value: 1 } }),
    ).toEqual({ error: { code: 'dynamicFieldNotFound', parent_object_id: enclosure } });
    await expect(
      world.client.getDynamicFieldObject({ parentObjectId: enclosure, name: { type: 'u8', value: 'x' } }),
    ).rejects.toMatchObject({ code: -32602 });
    await expect(
      world.client.getDynamicFieldObject({
        parentObjectId: enclosure,
        name: { type: `${zoo}::zoo::Ghost`, value: 1 },
      }),
    ).rejects.toMatchObject({ code: -32602 });
  });

  it('pages through more than 50 with cursors that survive removal and addition', async () => {
    const enclosure = await newEnclosure();
    const label = (from: number, count: number): Promise<unknown> =>
      world.run((tx) => {
        const target = `${zoo}::zoo::label_many` as const;
        tx.moveCall({ target, arguments: [tx.object(enclosure), tx.pure.u64(from), tx.pure.u64(count)] });
      });
    await label(0, 60);
    const first = await world.client.getDynamicFields({ parentId: enclosure, limit: 10 });
    await label(60, 60);
    const rest = await allPages((cursor: string | null | undefined) =>
      world.client.getDynamicFields({ parentId: enclosure, cursor: cursor ?? first.nextCursor }),
    );
    const names = [...first.data, ...rest.items].map(({ name }) => Number(name.value));
    expect(new Set(names).size).toBe(names.length);
    for (let index = 0; index < 60; index++) expect(names).toContain(index);
    const { items, sizes } = await allPages((cursor: string | null | undefined) =>
      world.client.getDynamicFields({ parentId: enclosure, cursor }),
    );
    expect(sizes).toEqual([50, 50, 20]);
    expect(items.map(({ name }) => Number(name.value)).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 120 }, (_, index) => index),
    );
  });
});

describe('events and transactions', () => {
  it('queries events by every supported filter, in pages, both ways', async () => {
    const response = await world.run((tx) => {
      tx.moveCall({ target: `${zoo}::zoo::count_loudly`, arguments: [tx.pure.u64(120)] });
    });
    const type = `${zoo}::zoo::Counted<${zoo}::zoo::Animal>`;
    const { client } = world;
    const up = await allPages((cursor: { txDigest: string; eventSeq: string } | null | undefined) =>
      client.queryEvents({ query: { MoveEventType: type }, cursor }),
    );
    expect(up.sizes).toEqual([50, 50, 20]);
    const numbers = up.items.map(({ parsedJson }) => Number((parsedJson as { number: string }).number));
    expect(numbers).toEqual(Array.from({ length: 120 }, (_, index) => index));
    const down = await allPages((cursor: { txDigest: string; eventSeq: string } | null | undefined) =>
      client.queryEvents({ query: { MoveEventType: type }, cursor, order: 'descending', limit: 45 }),
    );
    expect(down.items).toEqual(up.items.toReversed());
    expect(up.items[0]).toMatchObject({
      timestampMs: expect.stringMatching(/^[0-9]{13}$/),
      id: { eventSeq: '0' },
    });

    const count = async (query: Parameters<typeof client.queryEvents>[0]['query']): Promise<number> =>
      (
        await allPages((cursor: { txDigest: string; eventSeq: string } | null | undefined) =>
          client.queryEvents({ query, cursor }),
        )
      ).items.length;
    expect(await count({ Transaction: response.digest })).toBe(120);
    const total = await count({ All: [] });
    expect(total).toBeGreaterThan(120);
    expect(await count({ MoveModule: { package: zoo, module: 'signs' } })).toBe(2);
    expect(await count({ MoveModule: { package: zoo, module: 'shell' } })).toBe(0);
    expect(await count({ MoveModule: { package: zoo, module: 'zoo' } })).toBe(total - 2);
    expect(await count({ MoveEventModule: { package: zoo, module: 'zoo' } })).toBe(total - 2);
    expect(await count({ MoveEventModule: { package: '0x2', module: 'display' } })).toBe(2);
    expect(await count({ Sender: world.address })).toBe(total);
    expect(await count({ Sender: zoo })).toBe(0);
    expect(await count({ TimeRange: { startTime: '0', endTime: '1' } })).toBe(0);
    expect(await count({ TimeRange: { startTime: '0', endTime: String(Date.now() + 60_000) } })).toBe(total);
    expect(await count({ MoveEventType: `${zoo}::zoo::Nothing` })).toBe(0);
    for (const query of [{ Package: zoo }, { Any: [] }, { All: [{ Sender: zoo }] }] as const) {
      await expect(count(query as never)).rejects.toMatchObject({ code: -32600 });
    }
    await expect(count({ Transaction: '1'.repeat(32) })).rejects.toMatchObject({ code: -32602 });
    expect(await client.call('iota_getEvents', [response.digest])).toHaveLength(120);
  });

  it('queries transactions by sender, recipient, function and checkpoint', async () => {
    const { client } = world;
    const to = `0x${'c3'.repeat(32)}`;
    const { digest } = await world.run((tx) => tx.transferObjects([tx.splitCoins(tx.gas, [1])], to));
    const query = async (
      filter: Parameters<typeof client.queryTransactionBlocks>[0]['filter'],
    ): Promise<string[]> =>
      (
        await allPages((cursor: string | null | undefined) =>
          client.queryTransactionBlocks({ filter: filter ?? null, cursor, limit: 20 }),
        )
      ).items.map((transaction) => transaction.digest);
    expect(await query({ ToAddress: to })).toEqual([digest]);
    expect(await query({ FromAddress: world.address })).toContain(digest);
    expect(await query({ FromAddress: to })).toEqual([]);
    const counted = await query({ MoveFunction: { package: zoo, module: 'zoo', function: 'count_loudly' } });
    expect(counted).toHaveLength(1);
    expect(await query({ MoveFunction: { package: zoo } })).toEqual(expect.arrayContaining(counted));
    const { checkpoint } = await client.getTransactionBlock({ digest });
    expect(await query({ Checkpoint: checkpoint as string })).toContain(digest);
    const all = await query(null);
    expect(BigInt(all.length)).toBe(await client.getTotalTransactionBlocks());
    const newest = await client.queryTransactionBlocks({
      order: 'descending',
      limit: 3,
      options: { showInput: true },
    });
    expect(newest.data.map((transaction) => transaction.digest)).toEqual(all.slice(-3).toReversed());
    await expect(query({ InputObject: zoo })).rejects.toMatchObject({ code: -32600 });
    await expect(client.getTransactionBlock({ digest: '1'.repeat(32) })).rejects.toMatchObject({
      code: -32602,
      message: `Could not find the referenced transaction [TransactionDigest(${'1'.repeat(32)})].`,
    });
    const [genesis] = all;
    expect(
      (
        await client.getTransactionBlock({
          digest: genesis as string,
          options: { showInput: true, showEffects: true, showRawInput: true },
        })
      ).transaction?.data.transaction.kind,
    ).toBe('Genesis');
  });
});

describe('the network', () => {
  it('names itself, its gas price, its checkpoints and its epoch', async () => {
    const { client, net } = world;
    expect(await client.getChainIdentifier()).toBe(net.chainId);
    expect(net.chainId).toMatch(/^[0-9a-f]{8}$/);
    expect(await client.getReferenceGasPrice()).toBe(1000n);
    expect(await client.getRpcApiVersion()).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+/);
    const latest = await client.getLatestCheckpointSequenceNumber();
    const first = await client.getCheckpoint({ id: '0' });
    expect(first.previousDigest).toBeUndefined();
    await expect(client.getCheckpoint({ id: String(Number(latest) + 1) })).rejects.toMatchObject({
      code: -32602,
    });
    const pages = await allPages((cursor: string | null | undefined) =>
      client.getCheckpoints({ descendingOrder: false, limit: 4, cursor: cursor ?? null }),
    );
    expect(pages.items).toHaveLength(Number(latest) + 1);
    for (const [index, checkpoint] of pages.items.entries()) {
      expect(checkpoint.sequenceNumber).toBe(String(index));
      if (index > 0) expect(checkpoint.previousDigest).toBe(pages.items[index - 1]?.digest);
    }
    const newest = await client.getCheckpoints({ descendingOrder: true, limit: 2 });
    expect(newest.data.map(({ sequenceNumber }) => Number(sequenceNumber))).toEqual([
      Number(latest),
      Number(latest) - 1,
    ]);
    expect(await client.getLatestIotaSystemState()).toMatchObject({
      epoch: '0',
      referenceGasPrice: '1000',
      activeValidators: [],
      committeeMembers: [],
    });
    expect(await client.getLatestIotaSystemStateV2()).toHaveProperty('V2.epoch', '0');
    expect(await client.getCurrentEpoch()).toMatchObject({ epoch: '0', validators: [] });
    expect(await client.getCommitteeInfo()).toEqual({ epoch: '0', validators: [] });
    expect(await client.getProtocolConfig()).toMatchObject({
      attributes: { max_tx_size_bytes: { u64: '131072' } },
    });
    expect(await client.getStakes({ owner: world.address })).toEqual([]);
    await expect(client.getNetworkMetrics()).rejects.toMatchObject({
      code: -32601,
      message: expect.stringContaining('not implemented by the embedded network'),
    });
  });

  it('describes modules as the SDK’s builder reads them', async () => {
    const { client } = world;
    const fn = await client.getNormalizedMoveFunction({ package: zoo, module: 'zoo', function: 'collect' });
    expect(fn).toEqual({
      visibility: 'Public',
      isEntry: false,
      typeParameters: [],
      parameters: [
        {
          MutableReference: {
            Struct: {
              address: zoo.replace(/^0x0+/, '0x'),
              module: 'zoo',
              name: 'Enclosure',
              typeArguments: [],
            },
          },
        },
        {
          Struct: {
            address: '0x2',
            module: 'transfer',
            name: 'Receiving',
            typeArguments: [
              {
                Struct: {
                  address: zoo.replace(/^0x0+/, '0x'),
                  module: 'zoo',
                  name: 'Animal',
                  typeArguments: [],
                },
              },
            ],
          },
        },
      ],
      return: [
        { Struct: { address: zoo.replace(/^0x0+/, '0x'), module: 'zoo', name: 'Animal', typeArguments: [] } },
      ],
    });
    const module = await client.getNormalizedMoveModule({ package: zoo, module: 'zoo' });
    expect(module.structs['Box']).toMatchObject({
      abilities: { abilities: ['Store', 'Key'] },
      typeParameters: [{ constraints: { abilities: ['Store'] }, isPhantom: false }],
    });
    expect(Object.keys(module.enums?.['Mood']?.variants ?? {})).toEqual(['Calm', 'Hungry']);
    expect(module.exposedFunctions['born_to']).toMatchObject({ visibility: 'Private', isEntry: true });
    expect(module.exposedFunctions['hidden']).toMatchObject({ visibility: 'Friend' });
    expect(module.exposedFunctions['init']).toBeUndefined();
    expect(await client.getNormalizedMoveStruct({ package: zoo, module: 'zoo', struct: 'Box' })).toEqual(
      module.structs['Box'],
    );
    expect(Object.keys(await client.getNormalizedMoveModulesByPackage({ package: zoo }))).toEqual([
      'shell',
      'signs',
      'zoo',
    ]);
    expect(await client.getMoveFunctionArgTypes({ package: zoo, module: 'zoo', function: 'label' })).toEqual([
      { Object: 'ByMutableReference' },
      'Pure',
      'Pure',
    ]);
    await expect(
      client.getNormalizedMoveFunction({ package: zoo, module: 'zoo', function: 'nothing' }),
    ).rejects.toMatchObject({ code: -32602, message: 'No function was found with function name nothing' });
    await expect(client.getNormalizedMoveModule({ package: zoo, module: 'nothing' })).rejects.toMatchObject({
      code: -32602,
    });
    await expect(
      client.getNormalizedMoveModulesByPackage({ package: `0x${'98'.repeat(32)}` }),
    ).rejects.toMatchObject({ message: `Package object does not exist with ID 0x${'98'.repeat(32)}` });
  });

  it('refuses a transaction that the SDK cannot build, before it costs anything', async () => {
    const tx = new Transaction();
    tx.moveCall({ target: `${zoo}::zoo::refuse`, arguments: [tx.object(`0x${'97'.repeat(32)}`)] });
    await expect(
      world.client.signAndExecuteTransaction({ transaction: tx, signer: world.keypair }),
    ).rejects.toThrow();
  });
});
