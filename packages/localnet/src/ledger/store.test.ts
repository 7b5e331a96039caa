import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coinContents } from './coins.ts';
import { ConservationCheck } from './conservation.ts';
import { withDigest } from './object-bcs.ts';
import { SortedIds } from './sorted-ids.ts';
import { Store, type CommittedTransaction, type Journal } from './store.ts';
import { GAS_COIN_TYPE } from './type-tags.ts';
import type { Checkpoint, ExecutedTransaction, MoveObject, Owner } from './types.ts';

const address = (digit: string): string => `0x${digit.repeat(64)}`;

function coin(id: string, version: bigint, owner: Owner, balance = 5n): MoveObject {
  return withDigest({
    kind: 'move',
    id,
    version,
    owner,
    type: GAS_COIN_TYPE,
    contents: coinContents(id, balance),
    previousTransaction: '1'.repeat(32),
    storageRebate: 0n,
  });
}

const at = (digit: string): Owner => ({ kind: 'address', address: address(digit) });

function transaction(
  digest: string,
  init: Partial<ExecutedTransaction> & Partial<CommittedTransaction>,
): CommittedTransaction {
  const { tombstones = [], received = [], ...rest } = init;
  return {
    transaction: { digest, written: [], replaced: [], events: [], ...rest } as unknown as ExecutedTransaction,
    tombstones,
    received,
  };
}

const checkpoint = (sequence: bigint): Checkpoint =>
  ({ sequence, digest: `checkpoint ${sequence}` }) as Checkpoint;

describe('store', () => {
  it('changes nothing when its journal cannot keep a commit, or cannot forget one', () => {
    const store = new Store();
    const one = coin(address('1'), 1n, at('a'));
    const journal: Journal = {
      append() {
        throw new Error('the disk is full');
      },
      truncate() {
        throw new Error('the disk is gone');
      },
      close() {},
    };
    const first = [transaction('first', { written: [one] })] as const;
    store.journal = journal;
    expect(() => store.commit(first, checkpoint(0n))).toThrow('the disk is full');
    expect([store.get(one.id), store.transactionCount, store.checkpointCount]).toEqual([undefined, 0n, 0n]);
    store.journal = undefined;
    store.commit(first, checkpoint(0n));
    store.journal = journal;
    expect(() => store.truncate(0n)).toThrow('the disk is gone');
    expect([store.get(one.id), store.transactionCount, store.checkpointCount]).toEqual([one, 1n, 1n]);
  });

  it('keeps every version and lists what an owner has now', () => {
    const store = new Store();
    const [one, two] = [coin(address('1'), 1n, at('a')), coin(address('2'), 1n, at('a'))];
    store.commit([transaction('first', { written: [two, one] })], checkpoint(0n));
    expect([...store.ownedBy(address('a'))]).toEqual([one, two]);
    expect([...store.ownedBy(address('a'), one.id)]).toEqual([two]);
    const moved = coin(one.id, 4n, { kind: 'object', parent: two.id });
    const tombstone = { kind: 'deleted', id: two.id, version: 4n, transaction: 'second' } as const;
    store.commit([transaction('second', { written: [moved], tombstones: [tombstone] })], checkpoint(1n));
    expect([...store.ownedBy(address('a'))]).toEqual([]);
    expect([...store.childrenOf(two.id)]).toEqual([moved]);
    expect(store.get(two.id)).toBe(tombstone);
    expect(store.live(two.id)).toBe(undefined);
    expect(store.getAt(one.id, 1n)).toBe(one);
    expect(store.getAt(one.id, 2n)).toBe(undefined);
    expect(store.getAt(one.id, 4n)).toBe(moved);
    expect([store.transactionCount, store.checkpointCount]).toEqual([2n, 2n]);
  });

  it('refuses to go back, as a whole', () => {
    const store = new Store();
    const old = coin(address('1'), 3n, at('a'));
    store.commit([transaction('first', { written: [old] })], checkpoint(0n));
    const fresh = coin(address('2'), 1n, at('a'));
    expect(() =>
      store.commit([transaction('second', { written: [fresh, coin(old.id, 3n, at('b'))] })], checkpoint(1n)),
    ).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(store.get(fresh.id)).toBe(undefined);
    expect(store.get(old.id)).toBe(old);
    expect(store.getTransaction('second')).toBe(undefined);
    expect(store.checkpointCount).toBe(1n);
  });

  it('lists in order while it changes', () => {
    const store = new Store();
    const coins = ['2', '4', '6'].map((digit) => coin(address(digit), 1n, at('a')));
    store.commit([transaction('first', { written: coins })], checkpoint(0n));
    const seen: string[] = [];
    for (const { id } of store.ownedBy(address('a'))) {
      seen.push(id);
      if (seen.length === 1) {
        const written = [
          coin(address('1'), 1n, at('a')),
          coin(address('5'), 1n, at('a')),
          coin(address('4'), 2n, at('b')),
        ];
        store.commit([transaction('second', { written })], checkpoint(1n));
      }
    }
    expect(seen).toEqual(['2', '5', '6'].map(address));
  });
});

describe('sorted ids', () => {
  it('agree with a sorted set', () => {
    const id = fc.integer({ min: 0, max: 30 }).map((value) => String(value).padStart(2, '0'));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), id), { maxLength: 60 }), id, (changes, after) => {
        const [ids, model] = [new SortedIds(), new Set<string>()];
        for (const [add, one] of changes) {
          ids[add ? 'add' : 'delete'](one);
          model[add ? 'add' : 'delete'](one);
        }
        const sorted = [...model].sort();
        expect(ids.size).toBe(sorted.length);
        expect(ids.next(undefined)).toBe(sorted[0]);
        expect(ids.next(after)).toBe(sorted.find((one) => one > after));
      }),
    );
  });
});

describe('conservation', () => {
  const none = { get: () => undefined, wasReceived: () => false };
  const check = new ConservationCheck({} as never, new Map());
  const [before, after] = [coin(address('1'), 1n, at('a'), 1_000n), coin(address('1'), 2n, at('a'), 400n)];
  const gas = { computation: 600n, storage: 0n, rebate: 0n };

  it('lets pass what adds up, and nothing else', () => {
    check.assert(none, [before], [after], gas);
    for (const computation of [599n, 601n]) {
      expect(() => check.assert(none, [before], [after], { ...gas, computation })).toThrow(
        expect.objectContaining({ code: 'CONSERVATION_VIOLATED' }),
      );
    }
    expect(() => check.assert(none, [before], [{ ...after, storageRebate: 1n }], gas)).toThrow();
    expect(() => check.assert(none, [], [after], { ...gas, computation: 0n })).toThrow();
  });
});
