import { bcs, bytesType, concatBytes, decodeStrict, utf8 } from '@wotid/core';
import { hybridSignatureType, IdentityKeys, identityBlockType, signHybrid } from '@wotid/crypto';
import {
  createPrekeys,
  decodePrekeys,
  emptyPrekeys,
  encodePrekeys,
  erasePrekeys,
  openInit,
  ownIdentity,
  prekeyPolicy,
  verifyPrekeys,
  type PrekeyStore,
  type VerifyPrekeysInit,
} from '@wotid/session';
import { describe, expect, it } from 'vitest';
import { chain, codeOf, dayMs, init, native, openInitInit, person, startMs, verified } from './people.ts';

const bob = person('bob');
const eve = person('eve');
const place = { ...chain, nowMs: startMs };
const check = (published: Uint8Array, changes: Partial<VerifyPrekeysInit> = {}): string =>
  codeOf(() => verifyPrekeys(native, published, { ...place, ...changes }));

const publishedType = bcs.struct('published', {
  identityBlock: identityBlockType,
  publication: bytesType,
  signature: hybridSignatureType,
});
const parts = decodeStrict(publishedType, bob.published, { what: 'published', maxBytes: 20_000 });
const published = (changes: Partial<typeof parts>): Uint8Array =>
  new Uint8Array(publishedType.serialize({ ...parts, ...changes }, { maxSize: 20_000 }).toBytes());
/** Bob's publication with some bytes replaced, signed again by Bob himself. */
const resigned = (offset: number, bytes: Uint8Array): Uint8Array => {
  const publication = parts.publication.slice();
  publication.set(bytes, offset);
  return published({ publication, signature: signHybrid(native, bob.own.keys, 'prekeys', publication) });
};
// Offsets behind version, chainId, mailboxId, suites, minLevel, did, idFp.
const suitesAt = 1 + 9 + 32;
const numberAt = suitesAt + 2 + 1 + bob.own.block.did.length + 32;
const spkIdAt = numberAt + 4 + 16;

describe('a prekey publication', () => {
  it('verifies for its place, owner and time, and fits one argument of a transaction', () => {
    const { owner, publication } = verified(native, bob);
    expect(owner.idFp).toEqual(bob.own.idFp);
    expect(publication).toMatchObject({
      number: 1,
      minLevel: 3,
      suites: 7,
      otCount: 0,
      did: 'did:example:bob',
    });
    expect(check(bob.published, { did: 'did:example:bob', idFp: bob.own.idFp, lastNumber: 1 })).toBe('none');
    expect(bob.published.length).toBeLessThan(9_400);
    // Fixed fields 1 + 32 + 1 + 1 + 32 + 4 + 16 + 36 + 1572 + 34, and two short texts.
    expect(parts.publication.length).toBe(1_729 + (1 + 8) + (1 + bob.own.block.did.length));
  });

  it('is refused for another place, owner or time, or when a newer one is known', () => {
    expect(check(bob.published, { chainId: '6364aad5' })).toBe('PREKEYS_MISMATCH');
    expect(check(bob.published, { mailboxId: new Uint8Array(32) })).toBe('PREKEYS_MISMATCH');
    expect(check(bob.published, { did: 'did:example:eve' })).toBe('PREKEYS_MISMATCH');
    expect(check(bob.published, { idFp: eve.own.idFp })).toBe('PREKEYS_MISMATCH');
    expect(check(bob.published, { nowMs: startMs + 14 * dayMs })).toBe('PREKEYS_EXPIRED');
    expect(check(bob.published, { nowMs: startMs + 14 * dayMs - 1 })).toBe('none');
    expect(check(bob.published, { nowMs: startMs - 300_000 })).toBe('none');
    expect(check(bob.published, { nowMs: startMs - 300_001 })).toBe('PREKEYS_EXPIRED');
    expect(check(bob.published, { lastNumber: 2 })).toBe('PREKEYS_OUTDATED');
  });

  it('is refused when its owner signed something unacceptable', () => {
    expect(check(resigned(0, Uint8Array.of(2)))).toBe('UNSUPPORTED');
    expect(check(resigned(suitesAt, Uint8Array.of(8)))).toBe('UNSUPPORTED');
    expect(check(resigned(suitesAt + 1, Uint8Array.of(0)))).toBe('UNSUPPORTED');
    expect(check(resigned(suitesAt + 1, Uint8Array.of(4)))).toBe('UNSUPPORTED');
    const later = new Uint8Array(8);
    new DataView(later.buffer).setBigUint64(0, BigInt(startMs + 14 * dayMs + 1), true);
    expect(check(resigned(numberAt + 12, later))).toBe('PREKEYS_INVALID');
    expect(check(resigned(spkIdAt, new Uint8Array(4)))).toBe('PREKEYS_INVALID');
    expect(check(resigned(spkIdAt + 36, new Uint8Array(4)))).toBe('PREKEYS_INVALID');
    // Keys that are none, under the ids that they would have.
    const withId = (tag: number, key: Uint8Array): Uint8Array =>
      concatBytes(native.sha256(concatBytes(Uint8Array.of(tag), key)).subarray(0, 4), key);
    using x25519 = native.x25519Generate();
    using kem = native.kemGenerate();
    expect(check(resigned(spkIdAt, withId(5, x25519.publicKey)))).toBe('none');
    expect(check(resigned(spkIdAt, withId(5, new Uint8Array(32).fill(0xff))))).toBe('PREKEYS_INVALID');
    expect(check(resigned(spkIdAt + 36, withId(10, kem.publicKey)))).toBe('none');
    expect(check(resigned(spkIdAt + 36, withId(10, new Uint8Array(1_568).fill(0xff))))).toBe(
      'PREKEYS_INVALID',
    );
    expect(check(resigned(suitesAt + 2 + 1 + 'did:example:'.length, utf8('eve')))).toBe('PREKEYS_INVALID');
    expect(check(resigned(suitesAt + 2 + 1 + bob.own.block.did.length, eve.own.idFp))).toBe(
      'PREKEYS_INVALID',
    );
    expect(check(resigned(numberAt, Uint8Array.of(9)))).toBe('none');
  });

  it('is refused with a signature of another purpose or person, one half of it, or a foreign block', () => {
    const sign = (keys: IdentityKeys, purpose: 'prekeys' | 'init'): Uint8Array =>
      signHybrid(native, keys, purpose, parts.publication);
    expect(check(published({ signature: sign(bob.own.keys, 'init') }))).toBe('PREKEYS_INVALID');
    expect(check(published({ signature: sign(eve.own.keys, 'prekeys') }))).toBe('PREKEYS_INVALID');
    const mine = sign(bob.own.keys, 'prekeys');
    const theirs = sign(eve.own.keys, 'prekeys');
    const halves = [
      concatBytes(mine.subarray(0, 65), theirs.subarray(65)),
      concatBytes(theirs.subarray(0, 65), mine.subarray(65)),
    ];
    for (const signature of halves) expect(check(published({ signature }))).toBe('PREKEYS_INVALID');
    expect(check(published({ identityBlock: eve.own.block }))).toBe('PREKEYS_INVALID');
    const relabelled = ownIdentity(native, eve.own.keys, 'did:example:bob').block;
    expect(check(published({ identityBlock: relabelled }))).toBe('PREKEYS_INVALID');
  });
});

describe('private prekeys', () => {
  const next = (store: PrekeyStore, number: number, nowMs: number): PrekeyStore =>
    createPrekeys(native, store, { ...chain, ours: bob.own, number, nowMs }).store;

  it('rotate after 7 days and are erased 30 days after the end of their publication', () => {
    expect(prekeyPolicy(emptyPrekeys(), startMs).isRotationDue).toBe(true);
    expect(prekeyPolicy(bob.prekeys, startMs + 7 * dayMs - 1).isRotationDue).toBe(false);
    expect(prekeyPolicy(bob.prekeys, startMs + 7 * dayMs).isRotationDue).toBe(true);
    const two = next(bob.prekeys, 2, startMs + 7 * dayMs);
    expect(two.numbers).toEqual([1, 2]);
    expect(prekeyPolicy(two, startMs + 8 * dayMs)).toMatchObject({ isRotationDue: false, toErase: [] });
    expect(prekeyPolicy(two, startMs + 44 * dayMs - 1).toErase).toEqual([]);
    expect(prekeyPolicy(two, startMs + 44 * dayMs).toErase).toEqual([1]);
    const copy = decodePrekeys(encodePrekeys(two));
    expect(erasePrekeys(copy, startMs + 44 * dayMs).numbers).toEqual([2]);
    expect(erasePrekeys(two, startMs + 44 * dayMs - 1)).toBe(two);
  });

  it('are made anew when the clock is set back, because everybody refuses those from the future', () => {
    expect(prekeyPolicy(bob.prekeys, startMs - 300_000).isRotationDue).toBe(false);
    const earlier = startMs - 300_001;
    expect(check(bob.published, { nowMs: earlier })).toBe('PREKEYS_EXPIRED');
    expect(prekeyPolicy(bob.prekeys, earlier)).toMatchObject({ isRotationDue: true, rotateAtMs: earlier });
    const made = createPrekeys(native, bob.prekeys, { ...chain, ours: bob.own, number: 2, nowMs: earlier });
    expect(check(made.published, { nowMs: earlier })).toBe('none');
    expect(prekeyPolicy(made.store, earlier).isRotationDue).toBe(false);
  });

  it('open nothing from the moment when they should be erased, whether they were or not', () => {
    const { envelope } = init(person('alice'), bob);
    const at = (nowMs: number): string =>
      codeOf(() => openInit(native, envelope, openInitInit(bob, { nowMs })));
    expect(at(startMs + 44 * dayMs - 1)).toBe('none');
    // The replay cache may have forgotten this very message by now.
    expect(at(startMs + 44 * dayMs)).toBe('PREKEY_UNKNOWN');
  });

  it('open messages to any live publication, and none to an erased one', () => {
    const alice = person('alice');
    const { envelope } = init(alice, bob);
    const nowMs = startMs + 43 * dayMs;
    const two = next(decodePrekeys(encodePrekeys(bob.prekeys)), 2, startMs + 7 * dayMs);
    using pending = openInit(native, envelope, openInitInit(bob, { prekeys: two, nowMs }));
    expect(pending.accept(nowMs).replay.keepUntilMs).toBe(startMs + 44 * dayMs);
    const later = erasePrekeys(two, startMs + 44 * dayMs);
    expect(codeOf(() => openInit(native, envelope, openInitInit(bob, { prekeys: later, nowMs })))).toBe(
      'PREKEY_UNKNOWN',
    );
  });

  it('are bounded: the oldest go, so that new ones can always be published', () => {
    let store = emptyPrekeys();
    for (let number = 1; number <= 17; number++) store = next(store, number, startMs);
    expect(decodePrekeys(encodePrekeys(store)).numbers).toEqual(
      Array.from({ length: 16 }, (_, index) => index + 2),
    );
  });

  it('refuse a record that was damaged', () => {
    const bytes = encodePrekeys(bob.prekeys);
    expect(codeOf(() => decodePrekeys(bytes.subarray(1)))).toBe('RECORD_INVALID');
    expect(codeOf(() => decodePrekeys(concatBytes(bytes, Uint8Array.of(0))))).toBe('RECORD_INVALID');
    expect(codeOf(() => decodePrekeys(concatBytes(Uint8Array.of(9), bytes.subarray(1))))).toBe(
      'RECORD_INVALID',
    );
    expect(codeOf(() => decodePrekeys(new Uint8Array()))).toBe('RECORD_INVALID');
  });
});
