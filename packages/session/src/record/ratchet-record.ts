/**
 * The stored form of a ratchet, inside a session record of version 2.
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 64 | sessionAd | |
 * | 1, 130 or 162 | dh | Option {rootKey 32, ours 32 (X25519 secret), theirs Option 32, next sending and next receiving header key 32 each}; absent at level 1 |
 * | 1 or 67 | sending | Option {headerKey 32, chainKey 32, n u16} |
 * | 1 or 68 + | receiving | Option {headerKey 32, chainKey 32, n u16, skipped} |
 * | 2 | pn | length of our previous sending chain |
 * | 1 + | oldChains | vector of {headerKey 32, skipped} |
 * | 1 or 111 + | pq | Option of the post-quantum half; absent at levels 1 and 2 |
 *
 * skipped = vector of {n u16, key 32, storedAt u64}: 42 bytes each. The post-quantum half:
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 32 | root | |
 * | 1 | isSigned | bool |
 * | 36 | sending | {epoch u16, chainKey 32, i u16} |
 * | 2 | pi | length of our chain of the epoch before |
 * | 1 + 36 or 72 | receiving | vector of {epoch u16, chainKey 32, i u16}: the open epochs, oldest first |
 * | 1-2 + 44 each | skipped | vector of {epoch u16, i u16, key 32, storedAt u64} |
 * | 1, 67 or 1667 | slot | 0 idle; 1 offered {isSigned bool, seed 64, sentSince u8}; 2 answered {isSigned bool, ekHash 64, ciphertext 1568, chainKey 32, sentSince u8} |
 */
import { bcs, fixedBytesType, optionType, type BcsType } from '@wotid/core';
import { assertX25519PublicKey, wipe, type CryptoProvider } from '@wotid/crypto';
import type { SecurityLevel } from '../levels.ts';
import { levelFacts } from '../levels.ts';
import {
  KEM_BYTES,
  KEM_SEED_BYTES,
  KEY_BYTES,
  MAX_OLD_HEADER_KEYS,
  MAX_SKIPPED_KEYS,
  SESSION_AD_BYTES,
} from '../limits.ts';
import { idleSlot, type PqRatchet, type PqSlot } from '../ratchet/pq-state.ts';
import { RatchetState, revealRatchet, type DhRatchet, type RatchetFields } from '../ratchet/state.ts';
import type { Suite } from '../suites.ts';
import { safeU64Type } from '../wire/codec.ts';

const keyType = fixedBytesType(KEY_BYTES);
const skippedEcType = bcs.vector(
  bcs.struct('skipped EC key', { n: bcs.u16(), messageKey: keyType, storedAtMs: safeU64Type }),
);
const ecChain = { headerKey: keyType, chainKey: keyType, n: bcs.u16() };
const pqChainType = bcs.struct('PQ chain', { epoch: bcs.u16(), chainKey: keyType, i: bcs.u16() });

/** A slot as a record holds it: the variants as Options, of which at most one is present. */
interface SlotRecord {
  readonly offered: { readonly isSigned: boolean; readonly seed: Uint8Array; readonly sentSince: number };
  readonly answered: Omit<Extract<PqSlot, { kind: 'answered' }>, 'kind'>;
}
type SlotVariant =
  | { readonly idle: true }
  | { readonly offered: SlotRecord['offered'] }
  | { readonly answered: SlotRecord['answered'] };

interface DhRecord extends Omit<DhRatchet, 'ours'> {
  readonly ours: Uint8Array;
}
interface PqRecord extends Omit<PqRatchet, 'slot'> {
  readonly slot: SlotVariant;
}

/** The fields of a record: those of the state but its suite, our keys as their secrets. */
export interface RatchetRecord extends Omit<RatchetFields, 'suite' | 'dh' | 'pq'> {
  readonly dh: DhRecord | null;
  readonly pq: PqRecord | null;
}

const slotType = bcs.enum('PQ slot', {
  idle: null,
  offered: bcs.struct('offered', {
    isSigned: bcs.bool(),
    seed: fixedBytesType(KEM_SEED_BYTES),
    sentSince: bcs.u8(),
  }),
  answered: bcs.struct('answered', {
    isSigned: bcs.bool(),
    ekHash: fixedBytesType(64),
    ciphertext: fixedBytesType(KEM_BYTES),
    chainKey: keyType,
    sentSince: bcs.u8(),
  }),
});

const pqType = bcs.struct('PQ ratchet', {
  root: keyType,
  isSigned: bcs.bool(),
  sending: pqChainType,
  previousLength: bcs.u16(),
  receiving: bcs.vector(pqChainType),
  skipped: bcs.vector(
    bcs.struct('skipped PQ key', {
      epoch: bcs.u16(),
      i: bcs.u16(),
      messageKey: keyType,
      storedAtMs: safeU64Type,
    }),
  ),
  slot: slotType,
});

/** BCS of a {@link RatchetRecord}. */
export const ratchetRecordType: BcsType<RatchetRecord, RatchetRecord> = bcs.struct('ratchet', {
  sessionAd: fixedBytesType(SESSION_AD_BYTES),
  dh: optionType(
    bcs.struct('DH ratchet', {
      rootKey: keyType,
      ours: keyType,
      theirs: optionType(keyType),
      nextSendingHeaderKey: keyType,
      nextReceivingHeaderKey: keyType,
    }),
  ),
  sending: optionType(bcs.struct('sending chain', ecChain)),
  receiving: optionType(bcs.struct('receiving chain', { ...ecChain, skipped: skippedEcType })),
  previousLength: bcs.u16(),
  oldChains: bcs.vector(bcs.struct('old chain', { headerKey: keyType, skipped: skippedEcType })),
  pq: optionType(pqType),
}) as unknown as BcsType<RatchetRecord, RatchetRecord>;

/** The record of a state. Its secrets of key pairs are fresh copies ({@link wipeRecord}); the rest is the state's. */
export function ratchetRecord(state: RatchetState): RatchetRecord {
  const { dh, pq, suite: _, ...fields } = revealRatchet(state);
  return {
    ...fields,
    dh: dh === null ? null : { ...dh, ours: dh.ours.exportSecret() },
    pq: pq === null ? null : { ...pq, slot: slotRecord(pq.slot) },
  };
}

/** Wipes what {@link ratchetRecord} has copied. */
export function wipeRecord({ dh, pq }: RatchetRecord): void {
  if (dh !== null) wipe(dh.ours);
  if (pq !== null && 'offered' in pq.slot) wipe(pq.slot.offered.seed);
}

/** The state of a record, or `null` when it breaks an invariant that every stored state has. */
export function ratchetFromRecord(
  provider: CryptoProvider,
  record: RatchetRecord,
  level: SecurityLevel,
  suite: Suite,
): RatchetState | null {
  if (!isConsistent(record, level)) return null;
  const { dh, pq, ...fields } = record;
  const state = new RatchetState({
    ...fields,
    suite,
    dh: dh === null ? null : { ...dh, ours: provider.x25519FromSecret(dh.ours) },
    pq: pq === null ? null : { ...pq, slot: slotOf(provider, pq.slot) },
  });
  wipeRecord(record);
  return state;
}

function slotRecord(slot: PqSlot): SlotVariant {
  if (slot.kind === 'idle') return { idle: true };
  if (slot.kind === 'offered') {
    const { isSigned, pair, sentSince } = slot;
    return { offered: { isSigned, seed: pair.exportSeed(), sentSince } };
  }
  const { kind: _, ...answered } = slot;
  return { answered };
}

function slotOf(provider: CryptoProvider, slot: SlotVariant): PqSlot {
  if ('offered' in slot) {
    const { isSigned, seed, sentSince } = slot.offered;
    return { kind: 'offered', isSigned, pair: provider.kemFromSeed(seed), sentSince };
  }
  return 'answered' in slot ? { kind: 'answered', ...slot.answered } : idleSlot;
}

function isConsistent(record: RatchetRecord, level: SecurityLevel): boolean {
  const { dh, sending, receiving, oldChains, pq } = record;
  const { hasDhRatchet, isPostQuantum } = levelFacts(level);
  if ((dh !== null) !== hasDhRatchet || (pq !== null) !== isPostQuantum) return false;
  const chains = receiving === null ? oldChains : [...oldChains, receiving];
  let stored = 0;
  for (const chain of chains) stored += chain.skipped.length;
  if (stored > MAX_SKIPPED_KEYS || oldChains.length > MAX_OLD_HEADER_KEYS) return false;
  if (pq !== null && !isConsistentPq(pq)) return false;
  if (dh === null) return sending !== null && receiving !== null && oldChains.length === 0;
  // Only a responder that has received nothing has no sending chain, and then it knows no peer key either.
  if ((dh.theirs === null) !== (sending === null) || (sending === null && receiving !== null)) return false;
  return dh.theirs === null || isPublicKey(dh.theirs);
}

function isConsistentPq({ sending, receiving, skipped, slot }: PqRecord): boolean {
  const [first, second] = receiving;
  if (first === undefined || receiving.length > 2 || skipped.length > MAX_SKIPPED_KEYS) return false;
  if (second !== undefined && (second.epoch !== first.epoch + 1 || second.i !== 0)) return false;
  const newest = (second ?? first).epoch;
  // Who has answered goes on sending in the epoch before.
  if ('answered' in slot) return second !== undefined && sending.epoch === first.epoch;
  return sending.epoch === newest;
}

function isPublicKey(bytes: Uint8Array): boolean {
  try {
    assertX25519PublicKey(bytes);
    return true;
  } catch {
    return false;
  }
}
