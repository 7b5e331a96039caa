/**
 * Random histories: whatever people do, IOTA is conserved, versions grow, everything has one owner, failures change
 * nothing but gas and versions, the SDK decodes every effect, and the same history gives the same digests.
 */
import { bcs } from '@iota/iota-sdk/bcs';
import { Transaction } from '@iota/iota-sdk/transactions';
import { SeededRandom } from '@wotid/testkit';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { coinBalance } from '../../src/ledger/coins.ts';
import type { ExecutedTransaction, Ledger, LedgerObject, MoveObject } from '../../src/ledger/index.ts';
import { encodeObject } from '../../src/ledger/object-bcs.ts';
import { typedDigest } from '../../src/ledger/hashing.ts';
import { identity, replay } from './replay.ts';
import {
  coins,
  framework,
  gasOf,
  input,
  program,
  publish,
  run,
  ticket,
  world,
  type World,
} from './support.ts';

const SUPPLY = 4_600_000_000_000_000_000n;

/** One step of a history; `pick` chooses among the objects there are. */
interface Step {
  readonly action: (typeof actions)[number];
  readonly pick: number;
  readonly amount: number;
  readonly fail: boolean;
}

const actions = [
  'pay',
  'merge',
  'purse',
  'empty',
  'thing',
  'send to box',
  'receive',
  'wrap',
  'unwrap',
  'field',
  'child',
  'shared',
] as const;

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(...actions),
  pick: fc.nat(50),
  amount: fc.nat(3_000),
  fail: fc.boolean(),
});

function fill(tx: Transaction, w: World, pkg: string, { action, pick, amount, fail }: Step): void {
  const { ledger, alice, bob } = w;
  const call = (name: string, args: Parameters<Transaction['moveCall']>[0]['arguments'] = []) =>
    tx.moveCall({ target: `${pkg}::objects::${name}`, arguments: args });
  const mine = (name: string): MoveObject | undefined => {
    const found = [...ledger.ownedBy(alice.address)].filter(({ type }) => type.name === name);
    return found[pick % Math.max(found.length, 1)];
  };
  const thing = mine('Thing');
  const box = mine('Box');
  const counter = findShared(ledger);
  switch (action) {
    case 'pay':
      tx.transferObjects([tx.splitCoins(tx.gas, [amount])], pick % 2 === 0 ? bob.address : alice.address);
      break;
    case 'merge': {
      const other = richest(w)[1];
      if (other !== undefined) tx.mergeCoins(tx.gas, [input(tx, ledger, other.id)]);
      break;
    }
    case 'purse':
      tx.transferObjects([call('purse', [tx.splitCoins(tx.gas, [amount])])], alice.address);
      break;
    case 'empty': {
      const purse = mine('Purse');
      if (purse !== undefined)
        tx.transferObjects([call('empty', [input(tx, ledger, purse.id)])], bob.address);
      break;
    }
    case 'thing':
      tx.transferObjects([call('thing', [tx.pure.u64(amount)]), call('empty_box')], alice.address);
      break;
    case 'send to box':
      if (thing !== undefined && box !== undefined) tx.transferObjects([input(tx, ledger, thing.id)], box.id);
      break;
    case 'receive': {
      const sent = box === undefined ? undefined : [...ledger.ownedBy(box.id)][0];
      if (box !== undefined && sent !== undefined) {
        tx.transferObjects([call('receive', [input(tx, ledger, box.id), ticket(tx, sent)])], alice.address);
      }
      break;
    }
    case 'wrap':
      if (thing !== undefined && box !== undefined)
        call('wrap', [input(tx, ledger, box.id), input(tx, ledger, thing.id)]);
      break;
    case 'unwrap':
      if (box !== undefined) tx.transferObjects([call('unwrap', [input(tx, ledger, box.id)])], alice.address);
      break;
    case 'field':
      if (box !== undefined) {
        const name = tx.pure.u64(amount % 3);
        const args = [input(tx, ledger, box.id), name];
        if (pick % 2 === 0) call('add_field', [...args, tx.pure.u64(amount)]);
        else call('remove_field', args);
      }
      break;
    case 'child':
      if (thing !== undefined && box !== undefined) {
        call('add_child', [input(tx, ledger, box.id), tx.pure.u64(amount), input(tx, ledger, thing.id)]);
      }
      break;
    case 'shared':
      if (counter === undefined) call('share_counter');
      else if (pick % 5 === 0) call('delete_counter', [input(tx, ledger, counter.id)]);
      else call('increment', [input(tx, ledger, counter.id)]);
  }
  if (fail) call('check', [tx.pure.u64(0)]);
}

function richest({ ledger, alice }: World): MoveObject[] {
  const held = (coin: MoveObject): bigint => coinBalance(coin.contents);
  return coins(ledger, alice.address).sort((left, right) => Number(held(right) - held(left)));
}

function findShared(ledger: Ledger): MoveObject | undefined {
  return liveObjects(ledger).find(({ type }) => type.name === 'Counter');
}

function liveObjects(ledger: Ledger): MoveObject[] {
  return everything(ledger).filter((object) => object.kind === 'move');
}

function everything(ledger: Ledger): LedgerObject[] {
  const live = new Map<string, LedgerObject>();
  for (let sequence = 0n; sequence < ledger.transactionCount; sequence++) {
    for (const { id } of ledger.getTransactionAt(sequence)!.written) {
      const now = ledger.getObject(id);
      if (now?.kind === 'move' || now?.kind === 'package') live.set(id, now);
    }
  }
  return [...live.values()];
}

/** All NANOS there are: coins, purses, and the deposits in every live object. */
function totalIota(ledger: Ledger): bigint {
  let total = 0n;
  for (const object of everything(ledger)) {
    total += object.storageRebate;
    if (object.kind === 'package') continue;
    if (object.type.name === 'Coin' || object.type.name === 'Purse') total += coinBalance(object.contents);
  }
  return total;
}

function checkTransaction(executed: ExecutedTransaction): void {
  const { effects, effectsBytes } = executed;
  expect(bcs.TransactionEffects.parse(effectsBytes)).toEqual(effects);
  expect(bcs.TransactionEffects.serialize(effects as never).toBytes()).toEqual(effectsBytes);
  expect(effects.V1.transactionDigest).toBe(executed.digest);
  for (const object of executed.written) {
    expect(object.digest).toBe(typedDigest('Object', encodeObject(object)));
    expect(object.previousTransaction).toBe(executed.digest);
    if (object.kind !== 'move') continue;
    expect(object.version).toBe(BigInt(effects.V1.lamportVersion));
    const before = executed.replaced.find(({ id }) => id === object.id);
    if (before !== undefined) expect(object.version).toBeGreaterThan(before.version);
  }
  if (executed.errorText !== null) {
    expect(executed.events).toEqual([]);
    const [gasId] = effects.V1.changedObjects[effects.V1.gasObjectIndex!]!;
    for (const object of executed.written) {
      const before = executed.replaced.find(({ id }) => id === object.id);
      expect(before).toMatchObject({ owner: object.owner });
      if (object.id !== gasId && object.kind === 'move')
        expect(before).toMatchObject({ contents: object.contents });
    }
  }
}

/** Every live object is listed under its owner and under no other. */
function checkOwners(w: World): void {
  const objects = liveObjects(w.ledger);
  const listed = new Map<string, number>();
  const owners = new Set([w.alice.address, w.bob.address, ...objects.map(({ id }) => id)]);
  for (const owner of owners) {
    for (const index of [w.ledger.ownedBy(owner), w.ledger.childrenOf(owner)]) {
      let last = '';
      for (const { id, owner: actual } of index) {
        expect(id > last).toBe(true);
        last = id;
        listed.set(id, (listed.get(id) ?? 0) + 1);
        expect(actual.kind === 'address' ? actual.address : actual.kind === 'object' && actual.parent).toBe(
          owner,
        );
      }
    }
  }
  for (const { id, owner } of objects) {
    // A child may belong to an id that is inside of another object, as Random's state does.
    const known =
      (owner.kind === 'address' && owners.has(owner.address)) ||
      (owner.kind === 'object' && owners.has(owner.parent));
    expect(listed.get(id) ?? 0).toBe(known ? 1 : 0);
  }
}

async function play(steps: readonly Step[]): Promise<World> {
  const w = await world();
  const { id } = await publish(w);
  let burned = 0n;
  for (let sequence = 0n; sequence < w.ledger.transactionCount; sequence++) {
    burned += gasOf(w.ledger.getTransactionAt(sequence)!)[0];
  }
  for (const one of steps) {
    w.clock.advance(one.amount);
    const executed = await run(w.ledger, w.alice, (tx) => fill(tx, w, id, one), {
      budget: 100_000_000n,
      gas: richest(w).slice(0, 1),
    });
    checkTransaction(executed);
    burned += gasOf(executed)[0];
  }
  expect(totalIota(w.ledger) + burned).toBe(SUPPLY);
  checkOwners(w);
  return w;
}

beforeAll(() => program('objects'));

describe('random histories', () => {
  it('keep what must be kept', async () => {
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const w = await play(steps);
        for (let sequence = 0n; sequence < w.ledger.transactionCount; sequence++) {
          reached.add(w.ledger.getTransactionAt(sequence)!.errorText === null ? 'success' : 'failure');
        }
      }),
      { numRuns: 20, seed: 7 },
    );
    expect([...reached].sort()).toEqual(['failure', 'success']);
  });

  it('are the same again from genesis and the log alone, and end where a snapshot was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 15 }),
        fc.array(step, { maxLength: 8 }),
        async (steps, reverted) => {
          const w = await play(steps);
          const before = identity(w.ledger);
          const snapshot = w.ledger.snapshot();
          const pkg = w.ledger.getTransactionAt(2n)!.written.find(({ kind }) => kind === 'package')!.id;
          for (const one of reverted) {
            await run(w.ledger, w.alice, (tx) => fill(tx, w, pkg, one), {
              budget: 100_000_000n,
              gas: richest(w).slice(0, 1),
            });
          }
          w.ledger.revert(snapshot);
          checkOwners(w);
          expect(identity(w.ledger)).toEqual(before);
          const again = await replay(w.ledger, { framework, random: new SeededRandom(1) });
          expect(identity(again)).toEqual(before);
        },
      ),
      { numRuns: 5, seed: 11 },
    );
  });
});
