/** The product's ratchet and epochs against a second one, on 1,000 random inputs each: all levels and suites. */
import { randomBytes, randomInt } from 'node:crypto';
import { SECURITY_LEVELS, SUITES } from '@wotid/session';
import { expect, it } from 'vitest';
import { offerEpoch, takeAnswer, takeOffer } from '../src/ratchet/pq-epochs.ts';
import { firstEpoch, type PqRatchet } from '../src/ratchet/pq-state.ts';
import { decrypt, encrypt } from '../src/ratchet/ratchet.ts';
import { RatchetState, revealRatchet, type RatchetFields } from '../src/ratchet/state.ts';
import { native } from './people.ts';
import {
  ratchetKey,
  secondEpoch,
  secondEpochFromSeed,
  secondSeal,
  secondTurn,
  type SecondChain,
  type SecondPqChain,
} from './second-ratchet.ts';
import { zeros } from './vectors-reader.ts';

const CASES = 1_000;
const pick = <T>(list: readonly T[]): T => list[randomInt(list.length)] as T;
const number = (): number => randomInt(65_535);
const key = (): Buffer => randomBytes(32);

/** Random chains of a sender, for both implementations. */
function sender(level: number): { readonly chain: SecondChain; readonly pq: SecondPqChain | null } {
  const chain = { headerKey: key(), chainKey: key(), dh: zeros(32), pn: number(), n: number() };
  const pq = { epoch: number(), pi: number(), i: number(), chainKey: key() };
  return { chain, pq: level === 3 ? pq : null };
}

function pqOf(pq: SecondPqChain | null, receiving: PqRatchet['receiving']): PqRatchet | null {
  if (pq === null) return null;
  const { epoch, i, chainKey, pi } = pq;
  return {
    ...firstEpoch(key(), key(), key()),
    sending: { epoch, i, chainKey: Buffer.from(chainKey) },
    previousLength: pi,
    receiving,
  };
}

it('seals the same envelopes', () => {
  const kinds = new Set<string>();
  for (let n = 0; n < CASES; n++) {
    const [level, suite] = [pick(SECURITY_LEVELS), pick(SUITES)];
    kinds.add(`${level} ${suite}`);
    const { chain, pq } = sender(level);
    const sessionAd = randomBytes(64);
    const plaintext = randomBytes(1 + randomInt(300));
    using ours = native.x25519Generate();
    if (level > 1) chain.dh = Buffer.from(ours.publicKey);
    const fields: RatchetFields = {
      suite,
      sessionAd,
      dh:
        level === 1
          ? null
          : {
              rootKey: key(),
              ours,
              theirs: key(),
              nextSendingHeaderKey: key(),
              nextReceivingHeaderKey: key(),
            },
      sending: { headerKey: chain.headerKey, chainKey: Buffer.from(chain.chainKey), n: chain.n },
      receiving: null,
      previousLength: chain.pn,
      oldChains: [],
      pq: pqOf(pq, [{ epoch: pq?.epoch ?? 0, i: 0, chainKey: key() }]),
    };
    const { envelope, state } = encrypt(native, new RatchetState(fields), plaintext);
    expect(envelope.toHex()).toBe(secondSeal(suite, sessionAd, chain, pq, plaintext).toString('hex'));
    const { sending, pq: after } = revealRatchet(state);
    expect(Buffer.from(sending?.chainKey ?? []).equals(chain.chainKey)).toBe(true);
    if (pq !== null) expect(Buffer.from(after?.sending.chainKey ?? []).equals(pq.chainKey)).toBe(true);
  }
  expect(kinds.size).toBe(9);
});

it('turns the ratchet alike, and opens what the second one has sealed', () => {
  for (let n = 0; n < CASES; n++) {
    const [level, suite] = [pick([2, 3] as const), pick(SUITES)];
    const sessionAd = randomBytes(64);
    const [rootKey, nextHeaderKey, nextSending] = [key(), key(), key()];
    using ours = native.x25519Generate();
    const theirSecret = key();
    // The second one turns its ratchet to our key and seals the first message of a chain.
    const turn = secondTurn(rootKey, theirSecret, ours.publicKey);
    const chain = {
      headerKey: nextHeaderKey,
      chainKey: turn.chainKey,
      dh: ratchetKey(theirSecret),
      pn: 0,
      n: 0,
    };
    const pq = level === 3 ? { epoch: number(), pi: number(), i: randomInt(65_000), chainKey: key() } : null;
    const receiving = [
      { epoch: pq?.epoch ?? 0, i: pq?.i ?? 0, chainKey: Buffer.from(pq?.chainKey ?? zeros(32)) },
    ];
    const fields: RatchetFields = {
      suite,
      sessionAd,
      dh: {
        rootKey,
        ours,
        theirs: null,
        nextSendingHeaderKey: nextSending,
        nextReceivingHeaderKey: nextHeaderKey,
      },
      sending: null,
      receiving: null,
      previousLength: 0,
      oldChains: [],
      pq: pqOf(pq, receiving),
    };
    const plaintext = randomBytes(40);
    const envelope = secondSeal(suite, sessionAd, chain, pq, plaintext);
    const opened = decrypt(native, new RatchetState(fields), envelope, 0);
    expect(Buffer.from(opened.plaintext).equals(plaintext)).toBe(true);
    // Ours has turned too, with a key of its own: the second one follows.
    const after = revealRatchet(opened.state);
    const fresh = after.dh?.ours.exportSecret() ?? new Uint8Array();
    const next = secondTurn(turn.rootKey, fresh, ratchetKey(theirSecret));
    expect(Buffer.from(after.dh?.rootKey ?? []).equals(next.rootKey)).toBe(true);
    expect(Buffer.from(after.sending?.chainKey ?? []).equals(next.chainKey)).toBe(true);
    expect(Buffer.from(after.sending?.headerKey ?? []).equals(nextSending)).toBe(true);
    expect(Buffer.from(after.dh?.nextSendingHeaderKey ?? []).equals(next.nextHeaderKey)).toBe(true);
    expect(Buffer.from(after.dh?.nextReceivingHeaderKey ?? []).equals(turn.nextHeaderKey)).toBe(true);
    expect(Buffer.from(after.receiving?.chainKey ?? []).equals(chain.chainKey)).toBe(true);
  }
});

it('makes the same epochs, offering and answering', () => {
  for (let n = 0; n < CASES; n++) {
    const root = key();
    const epoch = randomInt(65_535);
    const state = (): PqRatchet => ({
      ...firstEpoch(root, key(), key()),
      sending: { epoch, i: 0, chainKey: key() },
      receiving: [{ epoch, i: 0, chainKey: key() }],
    });
    const isInitiator = randomInt(2) === 0;
    const offered = offerEpoch(native, state(), false);
    if (offered.slot.kind !== 'offered') throw new TypeError('nothing was offered');
    const { pair } = offered.slot;
    const item = { epoch: epoch + 1, isSigned: false };
    const answered = takeOffer(
      native,
      state(),
      { ...item, key: pair.publicKey },
      { messageEpoch: epoch, isInitiator },
    );
    if (answered.slot.kind !== 'answered') throw new TypeError('nothing was answered');
    const { ciphertext } = answered.slot;
    const seed = pair.exportSeed();
    const done = takeAnswer(
      native,
      offered,
      { ...item, key: ciphertext },
      { messageEpoch: epoch, isInitiator: !isInitiator },
    );
    const second = secondEpochFromSeed(seed, root, epoch + 1, ciphertext);
    const [ours, theirs] = isInitiator ? [second.aToB, second.bToA] : [second.bToA, second.aToB];
    expect([done.root, answered.root].map((one) => Buffer.from(one).equals(second.root))).toEqual([
      true,
      true,
    ]);
    // The answering side sends what the offering one receives.
    expect(Buffer.from(answered.slot.chainKey).equals(ours)).toBe(true);
    expect(Buffer.from(done.receiving[1]?.chainKey ?? []).equals(ours)).toBe(true);
    expect(Buffer.from(done.sending.chainKey).equals(theirs)).toBe(true);
    expect(Buffer.from(answered.receiving[1]?.chainKey ?? []).equals(theirs)).toBe(true);
    // Another Offer or another number gives other keys.
    expect(secondEpoch(zeros(32), root, 1, pair.publicKey, ciphertext).root.equals(second.root)).toBe(false);
  }
});
