/** One-time pairs: the tree that signs them all at once, what each proves, and that each opens one first message. */
import { concatBytes } from '@wotid/core';
import { NobleProvider } from '@wotid/crypto';
import {
  consumeOneTimePair,
  createPrekeys,
  decodePrekeys,
  emptyPrekeys,
  encodePrekeys,
  erasePrekeys,
  MAX_ONE_TIME_PAIR_BYTES,
  ONE_TIME_PAIRS,
  oneTimePairs,
  openInit,
  prekeyPolicy,
  verifyOneTimePair,
  type OneTimePairs,
  type PrekeyStore,
} from '@wotid/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merkleLeaf, merklePaths, merkleRoot, rootOfPath } from '../src/prekeys/merkle.ts';
import { revealPrekeys } from '../src/prekeys/store.ts';
import {
  accept,
  chain,
  codeOf,
  dayMs,
  init,
  native,
  openInitInit,
  person,
  startMs,
  verified,
} from './people.ts';

const hex = (bytes: Uint8Array): string => bytes.toHex();
const node = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  native.sha256(concatBytes(Uint8Array.of(1), left, right));

/** RFC 9162, section 2.1.3.2, as the RFC states it, step by step: another way to the root than ours. */
function rootByTheRfc(
  leaf: Uint8Array,
  index: number,
  count: number,
  path: readonly Uint8Array[],
): Uint8Array | null {
  let [fn, sn, r] = [index, count - 1, leaf];
  for (const p of path) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      r = node(p, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else r = node(r, p);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? r : null;
}

describe('the tree', () => {
  const leaves = Array.from({ length: 256 }, (_, at) => merkleLeaf(native, Uint8Array.of(at)));

  it('hashes an empty entry, one leaf and two as RFC 9162 says', () => {
    const leaf = merkleLeaf(native, new Uint8Array());
    expect(hex(leaf)).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(merkleRoot(native, [leaf, leaf])).toEqual(node(leaf, leaf));
    expect(merkleRoot(native, [leaf])).toEqual(leaf);
    expect(() => merkleRoot(native, [])).toThrow(RangeError);
  });

  it('leads from each leaf to the root, by our way and by that of the RFC, and by no other path', () => {
    const cases = fc
      .integer({ min: 1, max: 256 })
      .chain((count) => fc.tuple(fc.constant(count), fc.integer({ min: 0, max: count - 1 }), fc.nat()));
    fc.assert(
      fc.property(cases, ([count, index, salt]) => {
        const part = leaves.slice(0, count);
        const root = merkleRoot(native, part);
        const leaf = part[index] as Uint8Array;
        const path = merklePaths(native, part).paths[index] ?? [];
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
        expect(rootByTheRfc(leaf, index, count, path)).toEqual(root);
        expect(rootOfPath(native, leaf, index, count, path)).toEqual(root);
        const otherIndex = (index + 1 + (salt % 255)) % 256;
        expect(rootOfPath(native, leaf, otherIndex, count, path)).not.toEqual(root);
        expect(rootOfPath(native, merkleLeaf(native, leaf), index, count, path)).not.toEqual(root);
        expect(rootOfPath(native, leaf, index, count, [...path, leaf])).not.toEqual(root);
        if (path.length === 0) return;
        expect(rootOfPath(native, leaf, index, count, path.slice(1))).not.toEqual(root);
        const changed = path.with(salt % path.length, leaf);
        expect(rootOfPath(native, leaf, index, count, changed)).not.toEqual(root);
      }),
      { numRuns: 300 },
    );
  });
});

const bob = person('bob', native, { oneTimePairs: 11 });
const { publication } = verified(native, bob);
const exported = oneTimePairs(native, bob.prekeys) as OneTimePairs;
const pairAt = (index: number): Uint8Array => exported.pairs[index]?.bytes as Uint8Array;
const alice = person('alice');
const verifiedId = (index: number): number => verifyOneTimePair(native, publication, pairAt(index)).id;
const check = (bytes: Uint8Array, against = publication): string =>
  codeOf(() => verifyOneTimePair(native, against, bytes));

describe('a one-time pair', () => {
  it('proves that the publication has signed it, to either provider', () => {
    expect([exported.number, exported.pairs.length, publication.otCount]).toEqual([1, 11, 11]);
    const keys = new Set<string>();
    for (const { index, bytes } of exported.pairs) {
      for (const provider of [native, new NobleProvider()]) {
        const pair = verifyOneTimePair(provider, publication, bytes);
        expect(pair.index).toBe(index);
        keys.add(hex(pair.opk)).add(hex(pair.kem));
      }
      expect(bytes.length).toBe(1_607 + 32 * (index < 8 ? 4 : index < 10 ? 3 : 2));
    }
    expect(keys.size).toBe(22);
  });

  it('is refused with any byte changed, cut off or added, and under another publication', () => {
    const bytes = pairAt(6);
    for (let at = 0; at < bytes.length; at += at < 40 || at > 1_600 ? 1 : 61) {
      const copy = bytes.slice();
      copy[at] = (copy[at] as number) ^ (1 << (at % 8));
      expect(check(copy)).toBe('PAIR_INVALID');
      expect(check(bytes.subarray(0, at))).toBe('PAIR_INVALID');
    }
    expect(check(concatBytes(bytes, Uint8Array.of(0)))).toBe('PAIR_INVALID');
    expect(check(new Uint8Array(MAX_ONE_TIME_PAIR_BYTES + 1))).toBe('PAIR_INVALID');
    const other = person('eve', native, { oneTimePairs: 11 });
    expect(check(bytes, verified(native, other).publication)).toBe('PAIR_INVALID');
    for (const otCount of [0, 6, 17]) {
      expect(check(bytes, { ...publication, otCount })).toBe('PAIR_INVALID');
    }
    expect(check(bytes)).toBe('none');
  });

  it('that its owner has signed wrongly is refused: a foreign id, keys that are none', () => {
    const pair = verifyOneTimePair(native, publication, pairAt(0));
    const only = (id: number, opk: Uint8Array, kem: Uint8Array): string => {
      const idBytes = new Uint8Array(4);
      new DataView(idBytes.buffer).setUint32(0, id, true);
      const entry = concatBytes(idBytes, opk, kem);
      const bytes = concatBytes(Uint8Array.of(0, 0), entry, Uint8Array.of(0));
      return check(bytes, { ...publication, otCount: 1, otRoot: merkleLeaf(native, entry) });
    };
    const idOf = (opk: Uint8Array): number =>
      new DataView(native.sha256(concatBytes(Uint8Array.of(5), opk)).buffer).getUint32(0, true);
    expect(only(pair.id, pair.opk, pair.kem)).toBe('none');
    expect(only(pair.id ^ 1, pair.opk, pair.kem)).toBe('PAIR_INVALID');
    expect(only(0, pair.opk, pair.kem)).toBe('PAIR_INVALID');
    const noKey = new Uint8Array(32).fill(0xff);
    expect(only(idOf(noKey), noKey, pair.kem)).toBe('PAIR_INVALID');
    expect(only(pair.id, pair.opk, new Uint8Array(1_568).fill(0xff))).toBe('PAIR_INVALID');
  });

  it('is at most 2 KiB, of as many as there can be', () => {
    const most = person('most', native, { oneTimePairs: 256 });
    const { publication: large } = verified(native, most);
    const pairs = oneTimePairs(native, most.prekeys)?.pairs ?? [];
    expect(pairs.length).toBe(256);
    expect(Math.max(...pairs.map(({ bytes }) => bytes.length))).toBe(MAX_ONE_TIME_PAIR_BYTES);
    expect(MAX_ONE_TIME_PAIR_BYTES).toBeLessThanOrEqual(2_048);
    expect(check(pairs[255]?.bytes as Uint8Array, large)).toBe('none');
    expect(() => person('more', native, { oneTimePairs: 257 })).toThrow(RangeError);
    const store = decodePrekeys(encodePrekeys(most.prekeys));
    expect(oneTimePairs(native, store)?.pairs).toEqual(pairs);
  });
});

describe('a first message to a one-time pair', () => {
  const started = init(alice, bob, 'for once', { oneTimePair: pairAt(3) });

  it('opens once; then the pair is gone and the others stay', () => {
    const accepted = accept(bob, started.envelope);
    expect(new TextDecoder().decode(accepted.message.payload)).toBe('for once');
    const left = oneTimePairs(native, accepted.prekeys)?.pairs.map(({ index }) => index);
    expect(left).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10]);
    const used = { ...bob, prekeys: decodePrekeys(encodePrekeys(accepted.prekeys)) };
    expect(codeOf(() => accept(used, started.envelope))).toBe('PREKEY_UNKNOWN');
    // Another message to the same pair: somebody has handed it out twice.
    const again = init(person('carol'), bob, 'for twice', { oneTimePair: pairAt(3) });
    expect(codeOf(() => accept(used, again.envelope))).toBe('PREKEY_UNKNOWN');
    expect(codeOf(() => accept(used, init(alice, bob, 'x', { oneTimePair: pairAt(4) }).envelope))).toBe(
      'none',
    );
    expect(codeOf(() => accept(used, started.envelope, { isReplayed: () => true }))).toBe('INIT_REPLAYED');
    // Two that were read before either was stored: the second one must not be stored.
    const { oneTimePair } = accepted;
    expect(oneTimePair).toEqual({ spkId: publication.spkId, opkId: verifiedId(3) });
    expect(codeOf(() => consumeOneTimePair(accepted.prekeys, oneTimePair!))).toBe('PREKEY_UNKNOWN');
    // New prekeys that were made meanwhile stay.
    const newer = createPrekeys(native, bob.prekeys, {
      ...chain,
      ours: bob.own,
      number: 2,
      nowMs: startMs,
      oneTimePairs: 1,
    });
    expect(consumeOneTimePair(newer.store, oneTimePair!).numbers).toEqual([1, 2]);
  });

  it('burns no pair when it is garbage, when its sender is nobody, or when it is not accepted', () => {
    const before = encodePrekeys(bob.prekeys);
    for (let at = 0; at < started.envelope.length; at += 97) {
      const copy = started.envelope.slice();
      copy[at] = (copy[at] as number) ^ 1;
      expect(codeOf(() => accept(bob, copy))).not.toBe('none');
    }
    // The seal and the signature are right, the first ratchet message behind them is not.
    const cut = started.envelope.slice();
    cut[cut.length - 1] = (cut.at(-1) as number) ^ 1;
    using broken = openInit(native, cut, openInitInit(bob));
    expect(codeOf(() => broken.accept(startMs))).toBe('INIT_REJECTED');
    // The credential was refused: nobody calls accept.
    using _refused = openInit(native, started.envelope, openInitInit(bob));
    expect(encodePrekeys(bob.prekeys)).toEqual(before);
    expect(codeOf(() => accept(bob, started.envelope))).toBe('none');
  });

  it('does not open with the ids of other keys, or with half a pair', () => {
    const ids = (change: (view: DataView) => void): string => {
      const copy = started.envelope.slice();
      change(new DataView(copy.buffer));
      return codeOf(() => accept(bob, copy));
    };
    const { kemId } = publication;
    expect(ids((view) => view.setUint32(7, 0, true))).toBe('PREKEY_UNKNOWN');
    expect(ids((view) => view.setUint32(11, kemId, true))).toBe('PREKEY_UNKNOWN');
    const lastResort = (view: DataView): void => {
      view.setUint32(7, 0, true);
      view.setUint32(11, kemId, true);
    };
    expect(ids(lastResort)).toBe('INIT_REJECTED');
  });

  it('is not made with a pair of somebody else', () => {
    const eve = person('eve', native, { oneTimePairs: 2 });
    const [theirs] = oneTimePairs(native, eve.prekeys)?.pairs ?? [];
    expect(codeOf(() => init(alice, bob, 'x', { oneTimePair: theirs?.bytes as Uint8Array }))).toBe(
      'PAIR_INVALID',
    );
  });

  it('cannot be read by whoever takes all keys that are left after it was read', () => {
    const accepted = accept(bob, started.envelope);
    const thief = { ...bob, prekeys: accepted.prekeys };
    expect(codeOf(() => openInit(native, started.envelope, openInitInit(thief)))).toBe('PREKEY_UNKNOWN');
    // The last-resort way stays open: that is what one-time pairs are for.
    const lastResort = init(alice, bob);
    expect(codeOf(() => openInit(native, lastResort.envelope, openInitInit(thief)))).toBe('none');
  });
});

describe('pairs of several publications', () => {
  const next = (store: PrekeyStore, number: number, nowMs: number): ReturnType<typeof createPrekeys> =>
    createPrekeys(native, store, { ...chain, ours: bob.own, number, nowMs, oneTimePairs: 3 });

  it('of an older one still open messages, are handed out no more, and go with it', () => {
    const later = startMs + 7 * dayMs;
    const second = next(bob.prekeys, 2, later);
    expect(oneTimePairs(native, second.store)).toMatchObject({ number: 2, pairs: { length: 3 } });
    const waiting = init(alice, bob, 'late', { oneTimePair: pairAt(5) });
    const accepted = accept({ ...bob, prekeys: second.store }, waiting.envelope, { nowMs: later });
    expect(revealPrekeys(accepted.prekeys).map(({ pairs }) => pairs.length)).toEqual([10, 3]);
    const copy = decodePrekeys(encodePrekeys(second.store));
    const erased = erasePrekeys(copy, startMs + 44 * dayMs);
    expect(revealPrekeys(erased).map(({ pairs }) => pairs.length)).toEqual([3]);
    for (const { pairs } of revealPrekeys(copy).slice(0, 1))
      for (const { seed } of pairs) expect(seed).toEqual(new Uint8Array(32));
  });

  it('are refilled below 16, at most every six hours, and only when a directory has them', () => {
    const { store } = createPrekeys(native, emptyPrekeys(), {
      ...chain,
      ours: bob.own,
      number: 1,
      nowMs: startMs,
    });
    expect(oneTimePairs(native, store)?.pairs.length).toBe(ONE_TIME_PAIRS);
    const isDue = (nowMs: number, left?: number): boolean => prekeyPolicy(store, nowMs, left).isRotationDue;
    const sixHours = startMs + dayMs / 4;
    expect(isDue(sixHours, 15)).toBe(true);
    expect(isDue(sixHours - 1, 0)).toBe(false);
    expect(isDue(sixHours, 16)).toBe(false);
    expect(isDue(sixHours)).toBe(false);
  });

  it('have a record that is refused when places are twice or beyond the tree', () => {
    const [generation] = revealPrekeys(bob.prekeys);
    const { constructor } = Object.getPrototypeOf(bob.prekeys) as {
      constructor: new (generations: unknown) => PrekeyStore;
    };
    const recordOf = (changes: object): Uint8Array =>
      encodePrekeys(new constructor([{ ...generation, ...changes }]));
    const { pairs, leaves } = generation!;
    expect(codeOf(() => decodePrekeys(recordOf({})))).toBe('none');
    expect(codeOf(() => decodePrekeys(recordOf({ pairs: [pairs[0], pairs[0]] })))).toBe('RECORD_INVALID');
    expect(codeOf(() => decodePrekeys(recordOf({ leaves: leaves.slice(0, 3) })))).toBe('RECORD_INVALID');
    expect(codeOf(() => decodePrekeys(recordOf({ leaves: [] })))).toBe('none');
  });
});
