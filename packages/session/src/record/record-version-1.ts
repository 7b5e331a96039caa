/**
 * Session records of version 1, which were written before epochs, levels and suites: level 3, suite 1, epoch 0. They are
 * read, and written again as version 2.
 *
 * The facts are those of version 2 up to `messageCount`, then rekeySequence u32 and isRekeying bool (0 and false),
 * replacedAt Option u64, isConfirmed and isPeerVerified bool. The ratchet:
 *
 * | size | field |
 * |---|---|
 * | 64 + 32 + 32 | sessionAd, rootKey, secret of our ratchet key |
 * | 1 or 33 | Option of the peer's ratchet key |
 * | 1 or 67 | Option of the sending chain |
 * | 1 or 68 + | Option of the receiving chain with its skipped keys |
 * | 32 + 32 | next sending and next receiving header key |
 * | 2 | pn |
 * | 1 + | old chains |
 * | 32 + 4 | pqRoot, sendEpoch u32 = 0 |
 * | 1 + 72 | vector of one {epoch u32 = 0, send {chainKey 32, i u16}, receive {chainKey 32, i u16}} |
 * | 1-2 + 46 each | vector of {epoch u32 = 0, i u16, key 32, storedAt u64} |
 */
import { bcs, decodeStrict, fixedBytesType, optionType, shortTextType, type BcsType } from '@wotid/core';
import { LEVEL_QUANTUM_RESISTANT } from '../levels.ts';
import { KEY_BYTES, SESSION_AD_BYTES, SESSION_ID_BYTES } from '../limits.ts';
import { SUITE_AES_256_GCM } from '../suites.ts';
import { safeU64Type } from '../wire/codec.ts';
import type { RatchetRecord } from './ratchet-record.ts';
import type { SessionRecord } from './session-record.ts';

const keyType = fixedBytesType(KEY_BYTES);
const hashType = fixedBytesType(32);
const skippedEcType = bcs.vector(
  bcs.struct('skipped EC key', { n: bcs.u16(), messageKey: keyType, storedAtMs: safeU64Type }),
);
const ecChain = { headerKey: keyType, chainKey: keyType, n: bcs.u16() };
const pqChainType = bcs.struct('PQ chain', { chainKey: keyType, i: bcs.u16() });

const ratchetType = bcs.struct('ratchet of version 1', {
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
});

const sessionType = bcs.struct('session record of version 1', {
  version: bcs.u8(),
  stateVersion: safeU64Type,
  sid: fixedBytesType(SESSION_ID_BYTES),
  isInitiator: bcs.bool(),
  isFromGate: bcs.bool(),
  level: bcs.u8(),
  suite: bcs.u8(),
  ourDid: shortTextType,
  ourIdFp: hashType,
  peerDid: shortTextType,
  peerIdFp: hashType,
  initHash: hashType,
  initiatedAtMs: safeU64Type,
  createdAtMs: safeU64Type,
  lastUsedMs: safeU64Type,
  messageCount: safeU64Type,
  rekeySequence: bcs.u32(),
  isRekeying: bcs.bool(),
  replacedAtMs: optionType(safeU64Type),
  isConfirmed: bcs.bool(),
  isPeerVerified: bcs.bool(),
  ratchet: ratchetType as unknown as BcsType<RatchetV1, RatchetV1>,
});

interface RatchetV1 extends Pick<
  RatchetRecord,
  'sessionAd' | 'sending' | 'receiving' | 'previousLength' | 'oldChains'
> {
  readonly rootKey: Uint8Array;
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array | null;
  readonly nextSendingHeaderKey: Uint8Array;
  readonly nextReceivingHeaderKey: Uint8Array;
  readonly pqRoot: Uint8Array;
  readonly sendEpoch: number;
  readonly epochs: readonly {
    readonly epoch: number;
    readonly sending: { readonly chainKey: Uint8Array; readonly i: number };
    readonly receiving: { readonly chainKey: Uint8Array; readonly i: number };
  }[];
  readonly pqSkipped: NonNullable<RatchetRecord['pq']>['skipped'];
}

/**
 * A record of version 1 in the form of version 2: the handshake was the last time that identities were proven.
 * @returns `null` for a record of another level, suite or epoch, which version 1 never wrote
 * @throws DecodeError
 */
export function decodeVersion1(bytes: Uint8Array, maxBytes: number): SessionRecord | null {
  const record = decodeStrict(sessionType, bytes, { what: 'session record', maxBytes });
  const { ratchet, isInitiator, isFromGate, rekeySequence, isRekeying, level, suite, ...facts } = record;
  const [epoch] = ratchet.epochs;
  const isVersion1 =
    level === LEVEL_QUANTUM_RESISTANT &&
    suite === SUITE_AES_256_GCM &&
    rekeySequence === 0 &&
    !isRekeying &&
    ratchet.sendEpoch === 0 &&
    ratchet.epochs.length === 1 &&
    ratchet.pqSkipped.every((key) => key.epoch === 0);
  if (!isVersion1 || epoch === undefined || epoch.epoch !== 0) return null;
  return {
    ...facts,
    level,
    suite,
    isInitiator,
    isFromGate,
    rekeyedAtMs: facts.createdAtMs,
    rekeyedCount: 0,
    authenticatedAtMs: facts.createdAtMs,
    authenticatedCount: 0,
    isLastResort: !isFromGate,
    ratchet: {
      sessionAd: ratchet.sessionAd,
      dh: {
        rootKey: ratchet.rootKey,
        ours: ratchet.ours,
        theirs: ratchet.theirs,
        nextSendingHeaderKey: ratchet.nextSendingHeaderKey,
        nextReceivingHeaderKey: ratchet.nextReceivingHeaderKey,
      },
      sending: ratchet.sending,
      receiving: ratchet.receiving,
      previousLength: ratchet.previousLength,
      oldChains: ratchet.oldChains,
      pq: {
        root: ratchet.pqRoot,
        isSigned: true,
        sending: { epoch: 0, ...epoch.sending },
        previousLength: 0,
        receiving: [{ epoch: 0, ...epoch.receiving }],
        skipped: ratchet.pqSkipped,
        slot: { idle: true },
      },
    },
  };
}
