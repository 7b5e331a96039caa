/** An upgraded package as the SDK sees it. */
import { UpgradePolicy } from '@iota/iota-sdk/transactions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from './ledger/sources.ts';
import { changes, createdId, startWorld, type World } from './zoo.ts';

const source = (more: string): Parameters<typeof compile>[0] => ({
  name: 'shop',
  modules: {
    shop: `module shop::shop;
use iota::event;
public struct Ware has key, store { id: UID, price: u64 }
public struct Sold has copy, drop { price: u64 }
public fun make(price: u64, ctx: &mut TxContext): Ware { Ware { id: object::new(ctx), price } }
public fun sell(ware: Ware) { let Ware { id, price } = ware; id.delete(); event::emit(Sold { price }) }
${more}`,
  },
});

let world: World;
let first: string;
let second: string;
let ware: string;
let response: Awaited<ReturnType<World['run']>>;
beforeAll(async () => {
  world = await startWorld();
  const one = await compile(source(''));
  const published = await world.run((tx) => {
    const { modules, dependencies } = one;
    tx.transferObjects([tx.publish({ modules, dependencies })], world.address);
  });
  first = changes(published, 'published')[0]?.packageId ?? '';
  const cap = createdId(published, '::package::UpgradeCap');
  const made = await world.run((tx) => {
    const one = tx.moveCall({ target: `${first}::shop::make`, arguments: [tx.pure.u64(5)] });
    tx.transferObjects([one], world.address);
  });
  ware = createdId(made, '::shop::Ware');
  const two = await compile(
    source(`public struct Refund has key, store { id: UID, of: ID }
public struct Refunded has copy, drop { of: ID }
public fun refund(ware: &Ware, ctx: &mut TxContext): Refund {
    event::emit(Refunded { of: object::id(ware) });
    Refund { id: object::new(ctx), of: object::id(ware) }
}`),
  );
  response = await world.run((tx) => {
    const ticket = tx.moveCall({
      target: '0x2::package::authorize_upgrade',
      arguments: [tx.object(cap), tx.pure.u8(UpgradePolicy.COMPATIBLE), tx.pure.vector('u8', two.digest)],
    });
    const { modules, dependencies } = two;
    const receipt = tx.upgrade({ modules, dependencies, package: first, ticket });
    tx.moveCall({ target: '0x2::package::commit_upgrade', arguments: [tx.object(cap), receipt] });
  });
  second = changes(response, 'published')[0]?.packageId ?? '';
});
afterAll(() => world[Symbol.asyncDispose]());

describe('an upgraded package over JSON-RPC', () => {
  it('is published once more, with the next version', () => {
    expect(response.effects?.status).toEqual({ status: 'success' });
    expect(changes(response, 'published')).toEqual([
      expect.objectContaining({ packageId: second, version: '2', modules: ['shop'] }),
    ]);
    expect(response.effects?.created).toEqual([
      { owner: 'Immutable', reference: expect.objectContaining({ objectId: second, version: 2 }) },
    ]);
    expect(response.events).toEqual([]);
    expect(response.transaction?.data.transaction).toMatchObject({
      transactions: [
        { MoveCall: { function: 'authorize_upgrade' } },
        { Upgrade: [expect.any(Array), first, { Result: 0 }] },
        { MoveCall: { function: 'commit_upgrade' } },
      ],
    });
  });

  it('shows origins of its types and what it runs against', async () => {
    const { data } = await world.client.getObject({ id: second, options: { showBcs: true, showType: true } });
    expect(data).toMatchObject({ version: '2', type: 'package' });
    expect(data?.bcs).toMatchObject({
      dataType: 'package',
      id: second,
      version: 2,
      typeOriginTable: [
        { module_name: 'shop', datatype_name: 'Ware', package: first },
        { module_name: 'shop', datatype_name: 'Sold', package: first },
        { module_name: 'shop', datatype_name: 'Refund', package: second },
        { module_name: 'shop', datatype_name: 'Refunded', package: second },
      ],
    });
    const linkage = data?.bcs?.dataType === 'package' ? data.bcs.linkageTable : {};
    expect(Object.keys(linkage).map((id) => BigInt(id))).toEqual([1n, 2n]);
    const { data: old } = await world.client.getObject({ id: first, options: { showBcs: true } });
    expect(old?.version).toBe('1');
  });

  it('has normalized modules that call themselves by the first id', async () => {
    const module = await world.client.getNormalizedMoveModule({ package: second, module: 'shop' });
    expect(BigInt(module.address)).toBe(BigInt(first));
    expect(Object.keys(module.exposedFunctions)).toEqual(['make', 'refund', 'sell']);
    const old = await world.client.getNormalizedMoveModule({ package: first, module: 'shop' });
    expect(Object.keys(old.exposedFunctions)).toEqual(['make', 'sell']);
  });

  it('takes objects of the first version, and its types have two addresses', async () => {
    const executed = await world.run((tx) => {
      const held = tx.object(ware);
      const refund = tx.moveCall({ target: `${second}::shop::refund`, arguments: [held] });
      tx.moveCall({ target: `${second}::shop::sell`, arguments: [held] });
      tx.transferObjects([refund], world.address);
    });
    expect(executed.effects?.status).toEqual({ status: 'success' });
    expect(changes(executed, 'created')).toEqual([
      expect.objectContaining({ objectType: `${second}::shop::Refund` }),
    ]);
    expect(changes(executed, 'deleted')).toEqual([
      expect.objectContaining({ objectId: ware, objectType: `${first}::shop::Ware` }),
    ]);
    // Emitting module: by the first id; types: by the id that brought them.
    expect(executed.events?.map(({ packageId, type }) => [packageId, type])).toEqual([
      [first, `${second}::shop::Refunded`],
      [first, `${first}::shop::Sold`],
    ]);
    const { data } = await world.client.getOwnedObjects({
      owner: world.address,
      filter: { StructType: `${second}::shop::Refund` },
      options: { showContent: true },
    });
    expect(data[0]?.data?.content).toMatchObject({ fields: { of: ware } });
    const { data: events } = await world.client.queryEvents({
      query: { MoveEventType: `${second}::shop::Refunded` },
    });
    expect(events).toHaveLength(1);
  });
});
