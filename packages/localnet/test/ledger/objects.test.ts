import { bcs } from '@iota/iota-sdk/bcs';
import { beforeEach, describe, expect, it } from 'vitest';
import { deriveFieldId, DELETED_DIGEST } from '../../src/ledger/hashing.ts';
import { encodeTypeTag } from '../../src/ledger/type-tags.ts';
import type { MoveObject } from '../../src/ledger/index.ts';
import {
  changed,
  clockInput,
  coins,
  gasOf,
  input,
  made,
  object,
  publish,
  run,
  succeed,
  ticket,
  world,
  type World,
} from './support.ts';
import { compile } from './sources.ts';

let w: World;
let pkg: string;

beforeEach(async () => {
  w = await world();
  pkg = (await publish(w)).id;
});

const call = (name: string): `${string}::${string}::${string}` => `${pkg}::objects::${name}`;
const value = (thing: MoveObject): bigint =>
  new DataView(thing.contents.slice().buffer).getBigUint64(32, true);
const thingOf = (id: string): MoveObject => object(w.ledger, id) as MoveObject;

async function makeThing(at = 5n): Promise<MoveObject> {
  const executed = await succeed(w.ledger, w.alice, (tx) => {
    const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(at)] });
    tx.transferObjects([thing], w.alice.address);
  });
  return made(executed, 'Thing');
}

async function makeBox(): Promise<MoveObject> {
  const executed = await succeed(w.ledger, w.alice, (tx) => {
    tx.transferObjects([tx.moveCall({ target: call('empty_box') })], w.alice.address);
  });
  return made(executed, 'Box');
}

async function makeCounter(): Promise<MoveObject> {
  return made(
    await succeed(w.ledger, w.alice, (tx) => void tx.moveCall({ target: call('share_counter') })),
    'Counter',
  );
}

describe('publishing', () => {
  it('runs init with the one-time witness and hands out the upgrade cap', async () => {
    const { id, executed } = await publish(w);
    const cap = made(executed, 'UpgradeCap');
    expect(cap.contents.slice(32, 64).toHex()).toBe(id.slice(2));
    expect(cap.contents.slice(64).toHex()).toBe('010000000000000000');
    const init = made(executed, 'Made');
    expect(init.contents[32]).toBe(1);
    expect(init.owner).toEqual({ kind: 'address', address: w.alice.address });
    expect(executed.events).toHaveLength(1);
    expect(executed.events[0]).toMatchObject({ packageId: id, transactionModule: 'objects', eventSeq: 0 });
    const found = object(w.ledger, id);
    expect(found).toMatchObject({
      kind: 'package',
      version: 1n,
      originalId: id,
      owner: { kind: 'immutable' },
    });
    expect(found.kind === 'package' && found.typeOrigins.map(({ datatype }) => datatype)).toContain('Thing');
    expect(found.kind === 'package' && [...found.linkage.keys()].map((key) => BigInt(key))).toEqual([1n, 2n]);
  });

  it('refuses a package whose modules have an address, and one without its dependencies', async () => {
    const found = object(w.ledger, pkg);
    if (found.kind !== 'package') throw new Error('not a package');
    const modules = [...found.modules.values()].map((bytes) => bytes.toBase64());
    const again = await run(w.ledger, w.alice, (tx) => {
      tx.transferObjects([tx.publish({ modules, dependencies: ['0x1', '0x2'] })], w.alice.address);
    });
    expect(again.errorText).toBe('PublishErrorNonZeroAddress in command 0');
    const { modules: fresh } = await (await import('./support.ts')).program('objects');
    const lonely = await run(w.ledger, w.alice, (tx) => {
      tx.transferObjects([tx.publish({ modules: [...fresh], dependencies: ['0x1'] })], w.alice.address);
    });
    expect(lonely.errorText).toBe('PublishUpgradeMissingDependency in command 0');
    const garbage = await run(w.ledger, w.alice, (tx) => {
      tx.transferObjects([tx.publish({ modules: ['AAAA'], dependencies: ['0x1', '0x2'] })], w.alice.address);
    });
    expect(garbage.errorText).toBe('VMVerificationOrDeserializationError in command 0');
  });

  it('refuses good Move that is no good IOTA', async () => {
    const text = 'module bad::bad;\npublic struct Bad has key { id: UID }\n';
    const { modules, dependencies } = await compile({ name: 'bad', modules: { bad: text } });
    // The identifier `id`, with its length: objects whose first field has another name.
    const renamed = modules.map((module) => {
      const bytes = Buffer.from(module, 'base64');
      const at = bytes.indexOf('\x02id', 0, 'latin1');
      if (at >= 0) bytes.write('ix', at + 1);
      return bytes.toString('base64');
    });
    expect(renamed).not.toEqual(modules);
    const executed = await run(w.ledger, w.alice, (tx) => {
      const cap = tx.publish({ modules: renamed, dependencies: [...dependencies] });
      tx.transferObjects([cap], w.alice.address);
    });
    expect(executed.errorText).toBe('IotaMoveVerificationError in command 0');
    expect(executed.effects.V1.status.Failed?.error.$kind).toBe('IotaMoveVerificationError');
  });

  it('knows the layout of published types', () => {
    const type = { address: pkg, module: 'objects', name: 'Thing', typeParams: [] };
    expect(w.ledger.layoutOf(type)).toMatchObject({
      kind: 'struct',
      fields: [{ name: 'id' }, { name: 'value', type: 'u64' }],
    });
    expect(() => w.ledger.layoutOf({ ...type, name: 'Nothing' })).toThrow(
      expect.objectContaining({ code: 'TYPE_NOT_FOUND' }),
    );
  });
});

describe('owned objects', () => {
  it('are made, changed, sent, frozen and deleted', async () => {
    const thing = await makeThing();
    expect(value(thing)).toBe(5n);
    const set = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('set'), arguments: [input(tx, w.ledger, thing.id), tx.pure.u64(9)] });
    });
    expect(changed(set, 'mutated')).toContain(thing.id);
    expect(value(thingOf(thing.id))).toBe(9n);
    expect(thingOf(thing.id).version).toBe(BigInt(set.effects.V1.lamportVersion));
    expect(thingOf(thing.id).previousTransaction).toBe(set.digest);
    expect(w.ledger.getObjectAt(thing.id, thing.version)).toBe(thing);

    await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({
        target: call('send'),
        arguments: [input(tx, w.ledger, thing.id), tx.pure.address(w.bob.address)],
      });
    });
    expect([...w.ledger.ownedBy(w.bob.address)].map(({ id }) => id)).toEqual([thing.id]);
    expect([...w.ledger.ownedBy(w.alice.address)].map(({ id }) => id)).not.toContain(thing.id);

    const other = await makeThing(6n);
    const deletion = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('delete'), arguments: [input(tx, w.ledger, other.id)] });
    });
    expect(changed(deletion, 'deleted')).toEqual([other.id]);
    expect(w.ledger.getObject(other.id)).toMatchObject({ kind: 'deleted', transaction: deletion.digest });
    // The deposit of a deleted object goes to whoever paid for its deletion.
    expect(gasOf(deletion)[2]).toBe(980_400n + other.storageRebate);
  });

  it('cannot be changed or taken once frozen', async () => {
    const thing = await makeThing();
    await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('freeze_thing'), arguments: [input(tx, w.ledger, thing.id)] });
    });
    const frozen = thingOf(thing.id);
    expect(frozen.owner).toEqual({ kind: 'immutable' });
    const read = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('value'), arguments: [input(tx, w.ledger, thing.id)] });
    });
    expect(changed(read, 'mutated')).toHaveLength(1);
    expect(thingOf(thing.id)).toBe(frozen);
    expect(read.effects.V1.dependencies).toContain(frozen.previousTransaction);
    const set = await run(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('set'), arguments: [input(tx, w.ledger, thing.id), tx.pure.u64(1)] });
    });
    expect(set.errorText).toBe(
      'CommandArgumentError { arg_idx: 0, kind: InvalidObjectByMutRef } in command 0',
    );
    const taken = await run(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('delete'), arguments: [input(tx, w.ledger, thing.id)] });
    });
    expect(taken.errorText).toBe(
      'CommandArgumentError { arg_idx: 0, kind: InvalidObjectByValue } in command 0',
    );
    expect(thingOf(thing.id)).toBe(frozen);
  });

  it('keep their content when the transaction fails, but get a new version', async () => {
    const thing = await makeThing();
    const executed = await run(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('set'), arguments: [input(tx, w.ledger, thing.id), tx.pure.u64(9)] });
      tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(1)] });
      tx.moveCall({ target: call('check'), arguments: [tx.pure.u64(0)] });
    });
    expect(executed.errorText).toMatch(/^MoveAbort/);
    expect(changed(executed, 'mutated').sort()).toEqual(
      [thing.id, coins(w.ledger, w.alice.address)[0]!.id].sort(),
    );
    expect(changed(executed, 'created')).toEqual([]);
    expect(executed.events).toEqual([]);
    const after = thingOf(thing.id);
    expect(after.contents).toEqual(thing.contents);
    expect(after.version).toBeGreaterThan(thing.version);
    expect(executed.effects.V1.status).toMatchObject({ $kind: 'Failed', Failed: { command: '2' } });
  });

  it('without store cannot be transferred by command', async () => {
    const executed = await run(w.ledger, w.alice, (tx) => {
      tx.transferObjects([tx.moveCall({ target: call('private') })], w.alice.address);
    });
    expect(executed.errorText).toBe('InvalidTransferObject in command 1');
    await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('keep_private'), arguments: [tx.moveCall({ target: call('private') })] });
    });
  });
});

describe('wrapping', () => {
  it('hides an object in another and brings it back', async () => {
    const [thing, box] = [await makeThing(), await makeBox()];
    const wrapped = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({
        target: call('wrap'),
        arguments: [input(tx, w.ledger, box.id), input(tx, w.ledger, thing.id)],
      });
    });
    expect(changed(wrapped, 'wrapped')).toEqual([thing.id]);
    expect(w.ledger.getObject(thing.id)).toMatchObject({ kind: 'wrapped' });
    const unwrapped = await succeed(w.ledger, w.alice, (tx) => {
      const out = tx.moveCall({ target: call('unwrap'), arguments: [input(tx, w.ledger, box.id)] });
      tx.transferObjects([out], w.bob.address);
    });
    expect(changed(unwrapped, 'unwrapped')).toEqual([thing.id]);
    expect(thingOf(thing.id)).toMatchObject({ owner: { kind: 'address', address: w.bob.address } });
    expect(value(thingOf(thing.id))).toBe(5n);
  });

  it('deletes what is inside', async () => {
    const [thing, box] = [await makeThing(), await makeBox()];
    await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({
        target: call('wrap'),
        arguments: [input(tx, w.ledger, box.id), input(tx, w.ledger, thing.id)],
      });
    });
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('delete_wrapped'), arguments: [input(tx, w.ledger, box.id)] });
    });
    expect(changed(executed, 'unwrappedThenDeleted')).toEqual([thing.id]);
    expect(w.ledger.getObject(thing.id)).toMatchObject({ kind: 'deleted' });
    expect(DELETED_DIGEST).toBe('7gyGAp71YXQRoxmFBaHxofQXAipvgHyBKPyxmdSJxyvz');
  });

  it('holds IOTA in balances, conserved', async () => {
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      const purse = tx.moveCall({ target: call('purse'), arguments: [tx.splitCoins(tx.gas, [123_456n])] });
      tx.transferObjects([purse], w.alice.address);
    });
    const purse = made(executed, 'Purse');
    const back = await succeed(w.ledger, w.alice, (tx) => {
      const coin = tx.moveCall({ target: call('empty'), arguments: [input(tx, w.ledger, purse.id)] });
      tx.transferObjects([coin], w.bob.address);
    });
    expect(value(coins(w.ledger, w.bob.address)[0]!)).toBe(123_456n);
    expect(changed(back, 'deleted')).toEqual([purse.id]);
  });
});

describe('shared objects', () => {
  it('are read and changed by anyone', async () => {
    const counter = await makeCounter();
    expect(counter.owner).toEqual({ kind: 'shared', initialSharedVersion: counter.version });
    await w.ledger.faucet(w.bob.address, [5_000_000_000n]);
    for (const who of [w.bob, w.alice]) {
      await succeed(w.ledger, who, (tx) => {
        tx.moveCall({ target: call('increment'), arguments: [input(tx, w.ledger, counter.id)] });
      });
    }
    expect(value(thingOf(counter.id))).toBe(2n);
    expect(thingOf(counter.id).owner).toEqual(counter.owner);
    const before = thingOf(counter.id);
    const read = await succeed(w.ledger, w.bob, (tx) => {
      tx.moveCall({ target: call('count'), arguments: [input(tx, w.ledger, counter.id, false)] });
    });
    expect(thingOf(counter.id)).toBe(before);
    expect(read.effects.V1.unchangedSharedObjects).toEqual([
      [counter.id, expect.objectContaining({ ReadOnlyRoot: [String(before.version), before.digest] })],
    ]);
    expect(BigInt(read.effects.V1.lamportVersion)).toBeGreaterThan(before.version);
    const written = await run(w.ledger, w.bob, (tx) => {
      tx.moveCall({ target: call('increment'), arguments: [input(tx, w.ledger, counter.id, false)] });
    });
    expect(written.errorText).toBe(
      'CommandArgumentError { arg_idx: 0, kind: InvalidObjectByMutRef } in command 0',
    );
  });

  it('taken by value are shared again or deleted, nothing else', async () => {
    const counter = await makeCounter();
    await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('reshare_counter'), arguments: [input(tx, w.ledger, counter.id)] });
    });
    expect(thingOf(counter.id).owner).toEqual(counter.owner);
    expect(thingOf(counter.id).version).toBeGreaterThan(counter.version);
    const frozen = await run(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('freeze_counter'), arguments: [input(tx, w.ledger, counter.id)] });
    });
    expect(frozen.errorText).toBe('SharedObjectOperationNotAllowed');
    const gone = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('delete_counter'), arguments: [input(tx, w.ledger, counter.id)] });
    });
    expect(changed(gone, 'deleted')).toEqual([counter.id]);
    const late = await run(w.ledger, w.alice, (tx) => {
      tx.moveCall({
        target: call('increment'),
        arguments: [
          tx.sharedObjectRef({
            objectId: counter.id,
            initialSharedVersion: String(counter.version),
            mutable: true,
          }),
        ],
      });
    });
    expect(late.errorText).toBe('InputObjectDeleted');
    expect(late.effects.V1.unchangedSharedObjects[0]).toEqual([
      counter.id,
      expect.objectContaining({ MutateDeleted: gone.effects.V1.lamportVersion }),
    ]);
    expect(late.effects.V1.dependencies).toContain(gone.digest);
  });

  it('are shared when made, not later', async () => {
    const thing = await makeThing();
    const late = await run(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('share_thing'), arguments: [input(tx, w.ledger, thing.id)] });
    });
    expect(late.errorText).toMatch(
      /^MoveAbort\(MoveLocation \{ module: ModuleId \{ address: 0{63}2, name: Identifier\("transfer"\) \}, function: \d+, instruction: 0, function_name: Some\("share_object_impl"\) \}, 0\) in command 0$/,
    );
    await succeed(w.ledger, w.alice, (tx) => {
      const fresh = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(1)] });
      tx.moveCall({ target: call('share_thing'), arguments: [fresh] });
    });
  });
});

describe('receiving', () => {
  it('takes an object out of the address of another', async () => {
    const [thing, box] = [await makeThing(), await makeBox()];
    await succeed(w.ledger, w.alice, (tx) => {
      tx.transferObjects([input(tx, w.ledger, thing.id)], box.id);
    });
    const sent = thingOf(thing.id);
    expect([...w.ledger.ownedBy(box.id)]).toEqual([sent]);
    const received = await succeed(w.ledger, w.alice, (tx) => {
      const out = tx.moveCall({
        target: call('receive'),
        arguments: [input(tx, w.ledger, box.id), ticket(tx, sent)],
      });
      tx.transferObjects([out], w.alice.address);
    });
    expect(changed(received, 'mutated')).toContain(thing.id);
    expect(received.effects.V1.dependencies).toContain(sent.previousTransaction);
    expect(thingOf(thing.id).owner).toEqual({ kind: 'address', address: w.alice.address });

    // A ticket that was used passes the input check, as on a node, and aborts in Move.
    const again = await run(w.ledger, w.alice, (tx) => {
      const out = tx.moveCall({
        target: call('receive'),
        arguments: [input(tx, w.ledger, box.id), ticket(tx, sent)],
      });
      tx.transferObjects([out], w.alice.address);
    });
    expect(again.errorText).toMatch(/Some\("receive_impl"\) \}, 3\) in command 0$/);
  });

  it('needs the parent, the type and the version; an unused ticket is dropped', async () => {
    const [thing, box, other] = [await makeThing(), await makeBox(), await makeBox()];
    await succeed(w.ledger, w.alice, (tx) => {
      tx.transferObjects([input(tx, w.ledger, thing.id), input(tx, w.ledger, other.id)], box.id);
    });
    const stranger = await makeBox();
    const wrongParent = await run(w.ledger, w.alice, (tx) => {
      const out = tx.moveCall({
        target: call('receive'),
        arguments: [input(tx, w.ledger, stranger.id), ticket(tx, thingOf(thing.id))],
      });
      tx.transferObjects([out], w.alice.address);
    });
    expect(wrongParent.errorText).toMatch(/Some\("receive_impl"\) \}, 3\) in command 0$/);
    const wrongType = await run(w.ledger, w.alice, (tx) => {
      const out = tx.moveCall({
        target: call('receive'),
        arguments: [input(tx, w.ledger, box.id), ticket(tx, thingOf(other.id))],
      });
      tx.transferObjects([out], w.alice.address);
    });
    expect(wrongType.errorText).toMatch(/Some\("receive_impl"\) \}, 2\) in command 0$/);
    const looked = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('look_at_ticket'), arguments: [ticket(tx, thingOf(thing.id))] });
    });
    expect(changed(looked, 'mutated')).not.toContain(thing.id);
    expect(BigInt(looked.effects.V1.lamportVersion)).toBeGreaterThan(thingOf(thing.id).version);
  });
});

describe('dynamic fields', () => {
  it('are added, changed, read and removed', async () => {
    const box = await makeBox();
    const id = deriveFieldId(box.id, bcs.u64().serialize(7).toBytes(), encodeTypeTag('u64'));
    const added = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({
        target: call('add_field'),
        arguments: [input(tx, w.ledger, box.id), tx.pure.u64(7), tx.pure.u64(70)],
      });
    });
    expect(changed(added, 'created')).toEqual([id]);
    expect([...w.ledger.childrenOf(box.id)].map((child) => child.id)).toEqual([id]);
    expect(thingOf(id).owner).toEqual({ kind: 'object', parent: box.id });
    const field = thingOf(id);

    const read = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('get_field'), arguments: [input(tx, w.ledger, box.id), tx.pure.u64(7)] });
    });
    expect(changed(read, 'mutated')).not.toContain(id);
    const set = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({
        target: call('set_field'),
        arguments: [input(tx, w.ledger, box.id), tx.pure.u64(7), tx.pure.u64(71)],
      });
    });
    expect(changed(set, 'mutated')).toContain(id);
    expect(thingOf(id).contents.at(-8)).toBe(71);
    expect(thingOf(id).version).toBeGreaterThan(field.version);
    const removed = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('remove_field'), arguments: [input(tx, w.ledger, box.id), tx.pure.u64(7)] });
    });
    expect(changed(removed, 'deleted')).toEqual([id]);
    expect([...w.ledger.childrenOf(box.id)]).toEqual([]);
  });

  it('abort when missing, present or of another type', async () => {
    const box = await makeBox();
    const on = (name: string, ...args: bigint[]) =>
      run(w.ledger, w.alice, (tx) => {
        tx.moveCall({
          target: call(name),
          arguments: [input(tx, w.ledger, box.id), ...args.map((arg) => tx.pure.u64(arg))],
        });
      });
    expect((await on('get_field', 1n)).errorText).toMatch(
      /Some\("borrow_child_object"\) \}, 1\) in command 0$/,
    );
    expect((await on('remove_field', 1n)).errorText).toMatch(
      /Some\("remove_child_object"\) \}, 1\) in command 0$/,
    );
    expect((await on('add_field', 1n, 1n)).errorText).toBe(null);
    expect((await on('add_field', 1n, 1n)).errorText).toMatch(/Some\("add"\) \}, 0\) in command 0$/);
    expect((await on('get_field_as_bool', 1n)).errorText).toMatch(
      /Some\("borrow_child_object"\) \}, 2\) in command 0$/,
    );
  });

  it('hold objects that stay objects', async () => {
    const [thing, box] = [await makeThing(), await makeBox()];
    const added = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({
        target: call('add_child'),
        arguments: [input(tx, w.ledger, box.id), tx.pure.u64(1), input(tx, w.ledger, thing.id)],
      });
    });
    const [field] = changed(added, 'created');
    const wrapper = {
      address: `0x${'2'.padStart(64, '0')}`,
      module: 'dynamic_object_field',
      name: 'Wrapper',
    };
    const tag = { struct: { ...wrapper, typeParams: ['u64' as const] } };
    expect(field).toBe(deriveFieldId(box.id, bcs.u64().serialize(1).toBytes(), encodeTypeTag(tag)));
    expect(thingOf(thing.id).owner).toEqual({ kind: 'object', parent: field });
    const set = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({
        target: call('set_child'),
        arguments: [input(tx, w.ledger, box.id), tx.pure.u64(1), tx.pure.u64(8)],
      });
    });
    expect(changed(set, 'mutated')).toContain(thing.id);
    expect(changed(set, 'mutated')).not.toContain(field);
    expect(value(thingOf(thing.id))).toBe(8n);
    await expect(
      run(w.ledger, w.alice, (tx) => {
        tx.moveCall({ target: call('delete'), arguments: [input(tx, w.ledger, thing.id)] });
      }),
    ).rejects.toThrow(`Object ${thing.id} is owned by object ${field}. Objects owned by other objects`);
    const removed = await succeed(w.ledger, w.alice, (tx) => {
      const out = tx.moveCall({
        target: call('remove_child'),
        arguments: [input(tx, w.ledger, box.id), tx.pure.u64(1)],
      });
      tx.transferObjects([out], w.bob.address);
    });
    expect(changed(removed, 'deleted')).toEqual([field]);
    expect(changed(removed, 'mutated')).toContain(thing.id);
    expect(thingOf(thing.id).owner).toEqual({ kind: 'address', address: w.bob.address });
  });

  it('come back under their old id', async () => {
    const box = await makeBox();
    const on = (name: string, ...args: bigint[]) =>
      succeed(w.ledger, w.alice, (tx) => {
        tx.moveCall({
          target: call(name),
          arguments: [input(tx, w.ledger, box.id), ...args.map((arg) => tx.pure.u64(arg))],
        });
      });
    const [id] = changed(await on('add_field', 7n, 1n), 'created');
    await on('remove_field', 7n);
    expect(changed(await on('add_field', 7n, 2n), 'created')).toEqual([id]);
    expect(thingOf(id!).contents.at(-8)).toBe(2);
    const swapped = await succeed(w.ledger, w.alice, (tx) => {
      const parent = input(tx, w.ledger, box.id);
      tx.moveCall({ target: call('remove_field'), arguments: [parent, tx.pure.u64(7)] });
      tx.moveCall({ target: call('add_field'), arguments: [parent, tx.pure.u64(7), tx.pure.u64(3)] });
    });
    expect(changed(swapped, 'mutated')).toContain(id);
    expect(thingOf(id!).contents.at(-8)).toBe(3);
  });

  it('that come and go in one transaction leave nothing', async () => {
    const box = await makeBox();
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      const parent = input(tx, w.ledger, box.id);
      const thing = tx.moveCall({ target: call('thing'), arguments: [tx.pure.u64(3)] });
      tx.moveCall({ target: call('add_child'), arguments: [parent, tx.pure.u64(1), thing] });
      tx.moveCall({ target: call('set_child'), arguments: [parent, tx.pure.u64(1), tx.pure.u64(4)] });
      const out = tx.moveCall({ target: call('remove_child'), arguments: [parent, tx.pure.u64(1)] });
      tx.moveCall({ target: call('delete'), arguments: [out] });
      tx.moveCall({ target: call('add_field'), arguments: [parent, tx.pure.u64(2), tx.pure.u64(2)] });
      tx.moveCall({ target: call('remove_field'), arguments: [parent, tx.pure.u64(2)] });
    });
    expect(executed.effects.V1.changedObjects).toHaveLength(2);
    expect(executed.events).toHaveLength(1);
  });
});

describe('clock and events', () => {
  it('shows the time of the transaction', async () => {
    w.clock.advance(12_345);
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('tick'), arguments: [clockInput(tx)] });
    });
    const at = bcs.u64().parse(executed.events[0]!.contents);
    expect(BigInt(at)).toBe(w.ledger.nowMs());
    expect(executed.timestampMs).toBe(w.ledger.nowMs());
    const prologue = w.ledger.getTransactionAt(executed.sequence - 1n)!;
    expect(prologue.data.V1.kind.$kind).toBe('ConsensusCommitPrologue');
    expect(prologue.checkpoint).toBe(executed.checkpoint);
    expect(w.ledger.getCheckpoint(executed.checkpoint)?.transactions).toEqual([
      prologue.digest,
      executed.digest,
    ]);
    expect(executed.effects.V1.dependencies).toContain(prologue.digest);
    const count = w.ledger.transactionCount;
    await succeed(w.ledger, w.alice, (tx) => void tx.moveCall({ target: call('burn_nothing') }));
    expect(w.ledger.transactionCount).toBe(count + 1n);
  });

  it('keeps events in order and their number bounded', async () => {
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      tx.moveCall({ target: call('emit_many'), arguments: [tx.pure.u64(3)] });
    });
    expect(executed.events.map(({ contents }) => contents[0])).toEqual([0, 1, 2]);
    expect(executed.effects.V1.eventsDigest).not.toBe(null);
    const tooMany = await run(
      w.ledger,
      w.alice,
      (tx) => void tx.moveCall({ target: call('emit_many'), arguments: [tx.pure.u64(1_025)] }),
      { budget: 5_000_000_000n },
    );
    expect(tooMany.errorText).toMatch(/^MovePrimitiveRuntimeError\(MoveLocationOpt\(Some\(/);
  });
});
