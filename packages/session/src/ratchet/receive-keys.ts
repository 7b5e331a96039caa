/**
 * The keys of received messages: advancing chains past skipped messages, and taking stored keys of late ones. Pure
 * bookkeeping over the values of `state.ts` and `pq-state.ts`; every function leaves its inputs as they are.
 */
import { wipe, type CryptoProvider } from '@wotid/crypto';
import { ecChainStep, pqChainStep, type ChainStep } from '../kdf.ts';
import {
  MAX_CHAIN_INDEX,
  MAX_JUMP,
  MAX_OLD_HEADER_KEYS,
  MAX_SKIPPED_KEYS,
  SKIPPED_KEY_TTL_MS,
} from '../limits.ts';
import type { RatchetHeader } from './header.ts';
import { idleSlot, type PqChain, type PqRatchet, type SkippedPqKey } from './pq-state.ts';
import type { OldChain, ReceivingChain, SkippedEcKey } from './state.ts';

/** A chain advanced to `index`, with the keys of the messages in between. */
interface Advanced {
  readonly chainKey: Uint8Array<ArrayBuffer>;
  /** Keys of the skipped messages, lowest index first. */
  readonly skippedKeys: readonly Uint8Array<ArrayBuffer>[];
  readonly messageKey: Uint8Array<ArrayBuffer>;
}

/** True when a message with index `to` may come next in a chain whose next index is `from`. */
function isReachable(from: number, to: number): boolean {
  return to >= from && to - from <= MAX_JUMP && to <= MAX_CHAIN_INDEX;
}

function advance(
  provider: CryptoProvider,
  step: (provider: CryptoProvider, chainKey: Uint8Array) => ChainStep,
  chainKey: Uint8Array,
  distance: number,
): Advanced {
  const skippedKeys: Uint8Array<ArrayBuffer>[] = [];
  let current = step(provider, chainKey);
  for (let k = 0; k < distance; k++) {
    skippedKeys.push(current.messageKey);
    const next = step(provider, current.chainKey);
    wipe(current.chainKey);
    current = next;
  }
  return { ...current, skippedKeys };
}

/** A message key's EC share and the receiving chain after it. */
export interface TakenEc {
  readonly ecKey: Uint8Array;
  readonly chain: ReceivingChain;
}

/** The EC share of message `n` at or ahead of the chain's index; `null` when it is behind or too far. */
export function advanceEc(
  provider: CryptoProvider,
  chain: ReceivingChain,
  n: number,
  nowMs: number,
): TakenEc | null {
  if (!isReachable(chain.n, n)) return null;
  const { chainKey, skippedKeys, messageKey } = advance(provider, ecChainStep, chain.chainKey, n - chain.n);
  const fresh = skippedKeys.map((key, k) => ({ n: chain.n + k, messageKey: key, storedAtMs: nowMs }));
  return {
    ecKey: messageKey,
    chain: { headerKey: chain.headerKey, chainKey, n: n + 1, skipped: [...chain.skipped, ...fresh] },
  };
}

/**
 * What remains of a receiving chain when the peer has moved on after `length` messages; `null` when that is behind what
 * we have received already or too far ahead.
 */
export function endChain(
  provider: CryptoProvider,
  chain: ReceivingChain,
  length: number,
  nowMs: number,
): OldChain | null {
  if (length === chain.n) return { headerKey: chain.headerKey, skipped: chain.skipped };
  const last = length - chain.n > MAX_JUMP ? null : advanceEc(provider, chain, length - 1, nowMs);
  if (last === null) return null;
  wipe(last.chain.chainKey);
  const { headerKey, skipped } = last.chain;
  return { headerKey, skipped: [...skipped, { n: length - 1, messageKey: last.ecKey, storedAtMs: nowMs }] };
}

/** A stored EC share and the list without it; `null` when it was used, evicted, or is too old. */
export function takeSkippedEc(
  skipped: readonly SkippedEcKey[],
  n: number,
  nowMs: number,
): { readonly ecKey: Uint8Array; readonly skipped: readonly SkippedEcKey[] } | null {
  const found = skipped.find((key) => key.n === n);
  if (found === undefined || isExpired(found, nowMs)) return null;
  return { ecKey: found.messageKey, skipped: skipped.filter((key) => key !== found) };
}

/** A message key's PQ share and the PQ ratchet after it. */
export interface TakenPq {
  readonly pqKey: Uint8Array;
  readonly pq: PqRatchet;
  /** The message is late: its share had been stored when a later one arrived. */
  readonly isLate: boolean;
}

/**
 * The PQ share of a message and the PQ ratchet after it; `null` when there is none. The first message of the newest
 * epoch ends the peer's chain of the one before at the length that its header tells, and shows that the peer has the
 * epoch, so that we send in it from now on.
 */
export function takePq(
  provider: CryptoProvider,
  pq: PqRatchet,
  { epoch, i, pi }: Pick<RatchetHeader, 'epoch' | 'i' | 'pi'>,
  nowMs: number,
): TakenPq | null {
  const stored = pq.skipped.find((key) => key.epoch === epoch && key.i === i);
  if (stored !== undefined) {
    if (isExpired(stored, nowMs)) return null;
    const skipped = pq.skipped.filter((key) => key !== stored);
    return { pqKey: stored.messageKey, pq: { ...pq, skipped }, isLate: true };
  }
  const chain = pq.receiving.find((candidate) => candidate.epoch === epoch);
  if (chain === undefined || !isReachable(chain.i, i)) return null;
  const before = pq.receiving[0] as PqChain;
  const ended = chain === before ? [] : endPqChain(provider, before, pi, nowMs);
  if (ended === null) return null;
  const { chainKey, skippedKeys, messageKey } = advance(provider, pqChainStep, chain.chainKey, i - chain.i);
  const fresh = skippedKeys.map((key, k) => ({ epoch, i: chain.i + k, messageKey: key, storedAtMs: nowMs }));
  const advanced = { epoch, chainKey, i: i + 1 };
  const skipped = [...pq.skipped, ...ended, ...fresh];
  if (chain === before) {
    const receiving = [advanced, ...pq.receiving.slice(1)];
    return { pqKey: messageKey, pq: { ...pq, receiving, skipped }, isLate: false };
  }
  const confirmed = pq.slot.kind === 'answered' ? sendInEpoch(pq, epoch, pq.slot.chainKey) : pq;
  return { pqKey: messageKey, pq: { ...confirmed, receiving: [advanced], skipped }, isLate: false };
}

function sendInEpoch(pq: PqRatchet, epoch: number, chainKey: Uint8Array): PqRatchet {
  return { ...pq, sending: { epoch, chainKey, i: 0 }, previousLength: pq.sending.i, slot: idleSlot };
}

/** The keys of the messages that are still to come in a chain that the peer has ended after `length`. */
function endPqChain(
  provider: CryptoProvider,
  { epoch, chainKey, i: from }: PqChain,
  length: number,
  nowMs: number,
): readonly SkippedPqKey[] | null {
  if (length === from) return [];
  if (length < from || length - from > MAX_JUMP || !isReachable(from, length - 1)) return null;
  const last = advance(provider, pqChainStep, chainKey, length - 1 - from);
  wipe(last.chainKey);
  return [...last.skippedKeys, last.messageKey].map((messageKey, k) => ({
    epoch,
    i: from + k,
    messageKey,
    storedAtMs: nowMs,
  }));
}

/** Applies age, count and header-key bounds to the stored EC keys, oldest first. */
export function boundEc(
  oldChains: readonly OldChain[],
  receiving: ReceivingChain,
  nowMs: number,
): { readonly oldChains: readonly OldChain[]; readonly receiving: ReceivingChain } {
  let excess = -MAX_SKIPPED_KEYS + receiving.skipped.length;
  for (const chain of oldChains) excess += chain.skipped.length;
  const trim = <C extends OldChain>(chain: C): C => {
    const young = chain.skipped.some((key) => isExpired(key, nowMs))
      ? chain.skipped.filter((key) => !isExpired(key, nowMs))
      : chain.skipped;
    excess -= chain.skipped.length - young.length;
    const evicted = Math.min(Math.max(excess, 0), young.length);
    excess -= evicted;
    const skipped = evicted > 0 ? young.slice(evicted) : young;
    return skipped === chain.skipped ? chain : { ...chain, skipped };
  };
  const kept = oldChains.map(trim).filter((chain) => chain.skipped.length > 0);
  return { oldChains: kept.slice(-MAX_OLD_HEADER_KEYS), receiving: trim(receiving) };
}

/** Applies age and count bounds to the stored PQ keys, oldest first. */
export function boundPq(pq: PqRatchet, nowMs: number): PqRatchet {
  const young = pq.skipped.some((key) => isExpired(key, nowMs))
    ? pq.skipped.filter((key) => !isExpired(key, nowMs))
    : pq.skipped;
  const skipped = young.length > MAX_SKIPPED_KEYS ? young.slice(-MAX_SKIPPED_KEYS) : young;
  return skipped === pq.skipped ? pq : { ...pq, skipped };
}

function isExpired(key: { readonly storedAtMs: number }, nowMs: number): boolean {
  return nowMs - key.storedAtMs > SKIPPED_KEY_TTL_MS;
}
