import type { TransactionResult } from '@iota/iota-sdk/transactions';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UpgradePolicy, type Transaction } from '@iota/iota-sdk/transactions';
import type { BuiltPackage } from '@wotid/move-build';
import type { ExecutedTransaction, PackageObject } from '../../src/ledger/index.ts';
import { compile, type SourcePackage } from './sources.ts';
import { changed, gasOf, input, made, object, run, succeed, world, type World } from './support.ts';

const shop = (text: string, extra: Readonly<Record<string, string>> = {}): SourcePackage => ({
  name: 'shop',
  modules: { shop: `module shop::shop;\n${text}`, ...extra },
});

const base = `
use iota::event;
public struct Ware has key, store { id: UID, price: u64 }
public struct Opened has copy, drop {}
public enum Size has copy, drop { Small, Large }
fun init(ctx: &mut TxContext) {
    event::emit(Opened {});
    transfer::transfer(Ware { id: object::new(ctx), price: 0 }, ctx.sender());
}
public fun make(price: u64, ctx: &mut TxContext): Ware { Ware { id: object::new(ctx), price: price + surcharge() } }
public fun price(ware: &Ware): u64 { ware.price }
public fun take(ware: Ware) { let Ware { id, price: _ } = ware; id.delete() }
public fun small(): Size { Size::Small }
public fun idle() {}
public fun fails() { abort 7 }
`;
const private1 = 'fun surcharge(): u64 { 1 }';
const private2 = 'fun surcharge(): u64 { 100 }';
const version1 = shop(base + private1);
const version2 = shop(
  `${base.replace('abort 7', 'surcharge(); abort 8')}${private2}
public struct Ticket has key, store { id: UID, ware: ID }
public fun ticket(ware: &Ware, ctx: &mut TxContext): Ticket { Ticket { id: object::new(ctx), ware: object::id(ware) } }`,
  { stall: 'module shop::stall;\npublic fun answer(): u64 { 42 }' },
);

let one: BuiltPackage;
let two: BuiltPackage;
beforeAll(async () => {
  [one, two] = [await compile(version1), await compile(version2)];
});

let w: World;
let first: string;
let cap: string;
beforeEach(async () => {
  w = await world();
  ({ id: first, cap } = await publish(one));
});

const packageOf = (executed: ExecutedTransaction): PackageObject => {
  const found = executed.written.find((written) => written.kind === 'package');
  if (found?.kind !== 'package') throw new Error('no package was written');
  return found;
};

async function publish(built: BuiltPackage): Promise<{ id: string; cap: string }> {
  const executed = await succeed(w.ledger, w.alice, (tx) => {
    const { modules, dependencies } = built;
    tx.transferObjects([tx.publish({ modules, dependencies })], w.alice.address);
  });
  return { id: packageOf(executed).id, cap: made(executed, 'UpgradeCap').id };
}

interface Terms {
  readonly policy?: number;
  readonly digest?: readonly number[];
  readonly package?: string;
  readonly dependencies?: readonly string[];
  readonly keepReceipt?: boolean;
}

const upgrading =
  (built: BuiltPackage, terms: Terms = {}) =>
  (tx: Transaction): void => {
    const held = input(tx, w.ledger, cap);
    const ticket: TransactionResult = tx.moveCall({
      target: '0x2::package::authorize_upgrade',
      arguments: [
        held,
        tx.pure.u8(terms.policy ?? UpgradePolicy.COMPATIBLE),
        tx.pure.vector('u8', [...(terms.digest ?? built.digest)]),
      ],
    });
    const receipt = tx.upgrade({
      modules: built.modules,
      dependencies: [...(terms.dependencies ?? built.dependencies)],
      package: terms.package ?? first,
      ticket,
    });
    if (terms.keepReceipt !== true)
      tx.moveCall({ target: '0x2::package::commit_upgrade', arguments: [held, receipt] });
  };

async function upgrade(built: BuiltPackage, terms?: Terms): Promise<PackageObject> {
  return packageOf(await succeed(w.ledger, w.alice, upgrading(built, terms)));
}

/** Compiles a changed first version and says how upgrading to it fails. */
async function refusal(source: SourcePackage, terms?: Terms): Promise<string | null> {
  const executed = await run(w.ledger, w.alice, upgrading(await compile(source), terms));
  if (executed.errorText !== null) {
    expect(executed.written.every(({ kind }) => kind === 'move')).toBe(true);
    expect(executed.events).toEqual([]);
  }
  return executed.errorText;
}

const incompatible = 'PackageUpgradeError { upgrade_error: IncompatibleUpgrade } in command 1';

it('lets a type be named by every version that has it', async () => {
  const { id } = await upgrade(two);
  const named = async (type: string): Promise<string | null> => {
    const executed = await run(w.ledger, w.alice, (tx) => {
      const [none] = [tx.moveCall({ target: '0x1::option::none', typeArguments: [type] })];
      tx.moveCall({
        target: '0x1::option::destroy_none',
        typeArguments: [`${first}::shop::Ware`],
        arguments: [none],
      });
    });
    return executed.errorText;
  };
  expect(await named(`${first}::shop::Ware`)).toBe(null);
  expect(await named(`${id}::shop::Ware`)).toBe(null);
  expect(await named(`${first}::shop::Ticket`)).toBe(
    'TypeArgumentError { argument_idx: 0, kind: TypeNotFound } in command 0',
  );
});

describe('an upgrade', () => {
  it('is a new object of the next version under a new id, for the same address', async () => {
    const executed = await succeed(w.ledger, w.alice, upgrading(two));
    const next = packageOf(executed);
    expect(next).toMatchObject({ version: 2n, originalId: first, owner: { kind: 'immutable' } });
    expect(next.id).not.toBe(first);
    expect([...next.modules.keys()]).toEqual(['shop', 'stall']);
    expect(next.typeOrigins).toEqual([
      { module: 'shop', datatype: 'Ware', package: first },
      { module: 'shop', datatype: 'Opened', package: first },
      { module: 'shop', datatype: 'Ticket', package: next.id },
      { module: 'shop', datatype: 'Size', package: first },
    ]);
    expect([...next.linkage.keys()]).toEqual(two.dependencies);
    expect(changed(executed, 'created')).toEqual([next.id]);
    const change = executed.effects.V1.changedObjects.find(([id]) => id === next.id);
    expect(change?.[1].outputState.PackageWrite).toEqual(['2', next.digest]);
    expect(object(w.ledger, first)).toMatchObject({ version: 1n });
    // The cap follows: id, package, version, policy.
    const contents = Buffer.from((object(w.ledger, cap) as { contents: Uint8Array }).contents);
    expect([contents.toString('hex', 32, 64), contents.readBigUInt64LE(64), contents[72]]).toEqual([
      next.id.slice(2),
      2n,
      0,
    ]);
  });

  it('does not run init', async () => {
    const executed = await succeed(w.ledger, w.alice, upgrading(two));
    expect(executed.events).toEqual([]);
    expect(changed(executed, 'created')).toHaveLength(1);
  });

  it('costs what publishing costs: computation by the bytes, storage by the package', async () => {
    const executed = await succeed(w.ledger, w.alice, upgrading(two));
    const next = packageOf(executed);
    const code = [...next.modules].reduce((sum, [name, bytes]) => sum + name.length + bytes.length, 0);
    const origins = next.typeOrigins.reduce(
      (sum, { module, datatype }) => sum + module.length + datatype.length + 32,
      0,
    );
    const packageBytes = 88 + code + origins + 72 * next.linkage.size;
    expect(next.storageRebate).toBe(7_600n * BigInt(packageBytes));
    const others = executed.written.filter(({ id }) => id !== next.id);
    const [, storage] = gasOf(executed);
    expect(storage).toBe(others.reduce((sum, { storageRebate }) => sum + storageRebate, next.storageRebate));
  });

  it('reads and makes the old types with the new code, while the old code goes on', async () => {
    const old = made(
      await succeed(w.ledger, w.alice, (tx) => {
        tx.transferObjects(
          [tx.moveCall({ target: `${first}::shop::make`, arguments: [tx.pure.u64(5)] })],
          w.alice.address,
        );
      }),
      'Ware',
    );
    const { id: second } = await upgrade(two);
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      const ware = input(tx, w.ledger, old.id);
      const ticket = tx.moveCall({ target: `${second}::shop::ticket`, arguments: [ware] });
      const made1 = tx.moveCall({ target: `${first}::shop::make`, arguments: [tx.pure.u64(5)] });
      const made2 = tx.moveCall({ target: `${second}::shop::make`, arguments: [tx.pure.u64(5)] });
      tx.moveCall({ target: `${first}::shop::price`, arguments: [made2] });
      tx.moveCall({ target: `${second}::shop::take`, arguments: [ware] });
      tx.transferObjects([ticket, made1, made2], w.alice.address);
    });
    const wares = executed.written.filter((one) => one.kind === 'move' && one.type.name === 'Ware');
    const prices = wares.map((ware) =>
      Buffer.from((ware as { contents: Uint8Array }).contents).readBigUInt64LE(32),
    );
    expect(prices.sort()).toEqual([105n, 6n]);
    expect(wares.every((ware) => ware.kind === 'move' && ware.type.address === first)).toBe(true);
    expect(made(executed, 'Ticket').type.address).toBe(second);
    expect(changed(executed, 'deleted')).toEqual([old.id]);
  });

  it('says in aborts which version ran', async () => {
    const { id: second } = await upgrade(two);
    const abort = async (id: string): Promise<string | null> =>
      (await run(w.ledger, w.alice, (tx) => tx.moveCall({ target: `${id}::shop::fails` }))).errorText;
    expect(await abort(first)).toMatch(
      new RegExp(`address: ${first.slice(2)}, name: Identifier\\("shop"\\) .*, 7\\) in`),
    );
    expect(await abort(second)).toMatch(
      new RegExp(`address: ${second.slice(2)}, name: Identifier\\("shop"\\) .*, 8\\) in`),
    );
  });

  it('upgrades again, from the newest version only', async () => {
    const { id: second } = await upgrade(two);
    expect(await refusal(version2, { package: first })).toBe(
      `PackageUpgradeError { upgrade_error: PackageIDDoesNotMatch { package_id: ${first}, ticket_id: ${second} } } in command 1`,
    );
    const third = await upgrade(two, { package: second });
    expect(third).toMatchObject({ version: 3n, originalId: first });
    expect(third.typeOrigins.find(({ datatype }) => datatype === 'Ticket')?.package).toBe(second);
    // What only the second version had cannot go.
    expect(await refusal(version1, { package: third.id })).toBe(incompatible);
  });
});

describe('a package that depends on another', () => {
  const app: SourcePackage = {
    name: 'app',
    modules: {
      app: `module app::app;
public fun sell(ctx: &mut TxContext): shop::shop::Ware { shop::shop::make(5, ctx) }
public fun price(ware: &shop::shop::Ware): u64 { shop::shop::price(ware) }`,
    },
  };

  it('runs against the version that it was published with', async () => {
    const built = await compile({ ...app, uses: [{ source: version1, address: first }] });
    const { id: second } = await upgrade(two);
    const newer = built.dependencies.map((id) => (id === first ? second : id));
    const old = await publish(built);
    const young = await publish({ ...built, dependencies: newer });
    const executed = await succeed(w.ledger, w.alice, (tx) => {
      const wares = [old, young].map(({ id }) => tx.moveCall({ target: `${id}::app::sell` }));
      tx.transferObjects(wares, w.alice.address);
    });
    const prices = executed.written
      .filter((one) => one.kind === 'move' && one.type.name === 'Ware')
      .map((ware) => Buffer.from((ware as { contents: Uint8Array }).contents).readBigUInt64LE(32));
    expect(prices.sort()).toEqual([105n, 6n]);
  });

  it('cannot go back behind the version that a dependency runs against', async () => {
    const built = await compile({ ...app, uses: [{ source: version1, address: first }] });
    const { id: second } = await upgrade(two);
    const newer = built.dependencies.map((id) => (id === first ? second : id));
    const { id: appId } = await publish({ ...built, dependencies: newer });
    const top: SourcePackage = {
      name: 'top',
      modules: {
        top: 'module top::top;\npublic fun price(ware: &shop::shop::Ware): u64 { app::app::price(ware) }',
      },
      uses: [
        { source: { ...app, uses: [{ source: version1, address: first }] }, address: appId },
        { source: version1, address: first },
      ],
    };
    const topBuilt = await compile(top);
    const executed = await run(w.ledger, w.alice, (tx) => {
      const { modules, dependencies } = topBuilt;
      tx.transferObjects([tx.publish({ modules, dependencies })], w.alice.address);
    });
    expect(executed.errorText).toBe('PublishUpgradeDependencyDowngrade in command 0');
  });
});

describe('a compatible upgrade', () => {
  it.each<[string, SourcePackage]>([
    ['removes a public function', shop(base.replace('public fun idle() {}', '') + private1)],
    [
      'makes a public function less',
      shop(base.replace('public fun idle', 'public(package) fun idle') + private1),
    ],
    ['changes parameters', shop(base.replace('idle()', 'idle(_: u8)') + private1)],
    [
      'changes a field',
      shop(
        base
          .replaceAll('price: u64 }', 'cost: u64 }')
          .replace('ware.price', 'ware.cost')
          .replace('{ id, price: _ }', '{ id, cost: _ }')
          .replace('price: 0', 'cost: 0')
          .replace('price: price +', 'cost: price +') + private1,
      ),
    ],
    [
      'adds a field',
      shop(
        base
          .replace('Opened has copy, drop {}', 'Opened has copy, drop { at: u64 }')
          .replace('Opened {}', 'Opened { at: 0 }') + private1,
      ),
    ],
    [
      'adds an ability',
      shop(base.replace('Opened has copy, drop', 'Opened has copy, drop, store') + private1),
    ],
    ['adds a variant', shop(base.replace('Small, Large', 'Small, Large, Huge') + private1)],
    [
      'removes a struct',
      shop(
        base
          .replace('public struct Opened has copy, drop {}', '')
          .replace('event::emit(Opened {});', '')
          .replace('use iota::event;', '') + private1,
      ),
    ],
    ['removes a module', { name: 'shop', modules: { other: 'module shop::other;\npublic fun idle() {}' } }],
  ])('never %s', async (_what, source) => {
    expect(await refusal(source)).toBe(incompatible);
  });

  it.each<[string, SourcePackage]>([
    ['change what functions do', shop(base + private2)],
    ['remove private functions', shop(base.replace('price + surcharge()', 'price'))],
    ['open what was private', shop(base + private1.replace('fun', 'public fun'))],
    ['add modules, functions and types', version2],
  ])('may %s', async (_what, source) => {
    expect(await refusal(source)).toBeNull();
  });
});

describe('stricter policies', () => {
  const more = shop(`${base}${private1}\npublic fun more(): u64 { 1 }\npublic struct More has drop {}`);

  it('additive: everything that is there stays as it is', async () => {
    const terms = { policy: UpgradePolicy.ADDITIVE };
    expect(await refusal(shop(base + private2), terms)).toBe(incompatible);
    expect(await refusal(shop(base.replace('abort 7', 'abort 9') + private1), terms)).toBe(incompatible);
    expect(await refusal(shop(base + private1.replace('fun', 'public fun')), terms)).toBe(incompatible);
    expect(await refusal(more, terms)).toBeNull();
  });

  it('dependencies only: nothing is added either', async () => {
    const terms = { policy: UpgradePolicy.DEP_ONLY };
    expect(await refusal(more, terms)).toBe(incompatible);
    expect(await refusal(version1, terms)).toBeNull();
  });

  it('bind the cap for ever', async () => {
    await succeed(w.ledger, w.alice, (tx) =>
      tx.moveCall({ target: '0x2::package::only_additive_upgrades', arguments: [input(tx, w.ledger, cap)] }),
    );
    expect(await refusal(version1)).toMatch(/MoveAbort\(.*Some\("authorize_upgrade"\) }, 1\) in command 0$/);
    expect(await refusal(more, { policy: UpgradePolicy.ADDITIVE })).toBeNull();
  });

  it('must be known', async () => {
    expect(await refusal(version1, { policy: 5 })).toBe(
      'PackageUpgradeError { upgrade_error: UnknownUpgradePolicy { policy: 5 } } in command 1',
    );
  });
});

describe('the ticket', () => {
  it('is for certain modules and dependencies', async () => {
    const digest = [...one.digest];
    const wrong = await refusal(version2, { digest });
    expect(wrong).toBe(
      `PackageUpgradeError { upgrade_error: DigestDoesNotMatch { digest: [${two.digest.join(', ')}] } } in command 1`,
    );
    const dependencies = [...two.dependencies, first];
    expect(await refusal(version2, { dependencies })).toContain('DigestDoesNotMatch');
  });

  it('cannot be made up', async () => {
    const executed = await run(w.ledger, w.alice, (tx) => {
      const { modules, dependencies } = two;
      const receipt = tx.upgrade({ modules, dependencies, package: first, ticket: tx.pure.u64(1) });
      tx.moveCall({ target: '0x2::package::commit_upgrade', arguments: [input(tx, w.ledger, cap), receipt] });
    });
    expect(executed.errorText).toBe(
      'CommandArgumentError { arg_idx: 0, kind: InvalidUsageOfPureArg } in command 0',
    );
  });

  it('leaves a receipt that the cap must take', async () => {
    expect(await refusal(version2, { keepReceipt: true })).toBe(
      'UnusedValueWithoutDrop { result_idx: 1, secondary_idx: 0 }',
    );
    expect(object(w.ledger, first)).toMatchObject({ version: 1n });
  });
});
