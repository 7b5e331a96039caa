/**
 * The stored form of a ratchet, inside a session record.
 *
 * | size | field | meaning |
 * |---|---|---|
 * | 64 | sessionAd | |
 * | 32 | rootKey | |
 * | 32 | ours | X25519 secret of our ratchet key |
 * | 1 or 33 | theirs | Option of the peer's ratchet key |
 * | 1 or 67 | sending | Option {headerKey 32, chainKey 32, n u16} |
 * | 1 or 68 + | receiving | Option {headerKey 32, chainKey 32, n u16, skipped} |
 * | 32 + 32 | next header keys | sending, receiving |
 * | 2 | pn | length of our previous sending chain |
 * | 1 + | oldChains | vector of {headerKey 32, skipped} |
 * | 32 | pqRoot | |
 * | 4 | sendEpoch | |
 * | 1 + 72 each | epochs | vector of {epoch u32, send {chainKey 32, i u16}, receive {chainKey 32, i u16}} |
 * | 1-2 + 46 each | pqSkipped | vector of {epoch u32, i u16, key 32, storedAt u64} |
 *
 * skipped = vector of {n u16, key 32, storedAt u64}: 42 bytes each.
 */
import { bcs, fixedBytesType, optionType, type BcsType } from '@wotid/core';
import { assertX25519PublicKey, wipe, type CryptoProvider } from '@wotid/crypto';
import { KEY_BYTES, MAX_OLD_HEADER_KEYS, MAX_SKIPPED_KEYS, SESSION_AD_BYTES } from '../limits.ts';
import { RatchetState, revealRatchet, type RatchetFields } from '../ratchet/state.ts';
import { safeU64Type } from '../wire/codec.ts';

/** Epochs whose chains are kept at once. */
const MAX_EPOCHS = 2;

const keyType = fixedBytesType(KEY_BYTES);
const skippedEcType = bcs.vector(
  bcs.struct('skipped EC key', { n: bcs.u16(), messageKey: keyType, storedAtMs: safeU64Type }),
);
const ecChain = { headerKey: keyType, chainKey: keyType, n: bcs.u16() };
const pqChainType = bcs.struct('PQ chain', { chainKey: keyType, i: bcs.u16() });

/** The fields of a record: those of the state, our ratchet key as its secret, the PQ half flat. */
export interface RatchetRecord extends Omit<RatchetFields, 'ours' | 'pq'> {
  readonly ours: Uint8Array;
  readonly pqRoot: Uint8Array;
  readonly sendEpoch: number;
  readonly epochs: RatchetFields['pq']['epochs'];
  readonly pqSkipped: RatchetFields['pq']['skipped'];
}

/** BCS of a {@link RatchetRecord}. */
export const ratchetRecordType: BcsType<RatchetRecord, RatchetRecord> = bcs.struct('ratchet', {
  sessionAd: fixedBytesType(SESSION_AD_BYTES),
  rootKey: keyType,
  ours: keyType,
  theirs: optionType(keyType),
  sending: optionType(bcs.struct('sending chain', ecChain)),
  receiving: optionType(bcs.struct('receiving chain', { ...ecChain, skipped: skippedEcType })),
  nextSendingHeaderKey: keyType,
  nextReceivingHeaderKey: keyType,
  previousLength: bcs.u16(),
  oldChains: bcs.vector(bcs.struct('old chain', { headerKey: keyType, skipped: skippedEcType })),
  pqRoot: keyType,
  sendEpoch: bcs.u32(),
  epochs: bcs.vector(
    bcs.struct('PQ epoch', { epoch: bcs.u32(), sending: pqChainType, receiving: pqChainType }),
  ),
  pqSkipped: bcs.vector(
    bcs.struct('skipped PQ key', {
      epoch: bcs.u32(),
      i: bcs.u16(),
      messageKey: keyType,
      storedAtMs: safeU64Type,
    }),
  ),
}) as unknown as BcsType<RatchetRecord, RatchetRecord>;

/** The record of a state. Its `ours` is a fresh copy that the caller wipes; the rest is shared with the state. */
export function ratchetRecord(state: RatchetState): RatchetRecord {
  const { ours, pq, ...fields } = revealRatchet(state);
  return {
    ...fields,
    ours: ours.exportSecret(),
    pqRoot: pq.pqRoot,
    sendEpoch: pq.sendEpoch,
    epochs: pq.epochs,
    pqSkipped: pq.skipped,
  };
}

/** The state of a record, or `null` when it breaks an invariant that every stored state has. */
export function ratchetFromRecord(provider: CryptoProvider, record: RatchetRecord): RatchetState | null {
  if (!isConsistent(record)) return null;
  const { ours: secret, pqRoot, sendEpoch, epochs, pqSkipped, ...fields } = record;
  const ours = provider.x25519FromSecret(secret);
  wipe(secret);
  return new RatchetState({ ...fields, ours, pq: { pqRoot, sendEpoch, epochs, skipped: pqSkipped } });
}

function isConsistent(record: RatchetRecord): boolean {
  const { theirs, sending, receiving, oldChains, epochs, pqSkipped } = record;
  const chains = receiving === null ? oldChains : [...oldChains, receiving];
  let stored = 0;
  for (const chain of chains) stored += chain.skipped.length;
  if (stored > MAX_SKIPPED_KEYS || pqSkipped.length > MAX_SKIPPED_KEYS) return false;
  if (oldChains.length > MAX_OLD_HEADER_KEYS) return false;
  // Only a responder that has received nothing has no sending chain, and then it knows no peer key either.
  if ((theirs === null) !== (sending === null) || (sending === null && receiving !== null)) return false;
  if (epochs.length < 1 || epochs.length > MAX_EPOCHS) return false;
  if (!epochs.some((candidate) => candidate.epoch === record.sendEpoch)) return false;
  if (new Set(epochs.map((candidate) => candidate.epoch)).size !== epochs.length) return false;
  if (theirs === null) return true;
  try {
    assertX25519PublicKey(theirs);
    return true;
  } catch {
    return false;
  }
}
