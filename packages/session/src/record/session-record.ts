/**
 * The stored form of a session (BCS): version u8 = 02, then the facts in the order of `sessionType` below, then the
 * ratchet (`ratchet-record.ts`). About 0.8 KB when idle, 2.4 KB during a rekey, at most 96 KB. It is secret: seal it with
 * AAD {@link sessionRecordAad}. Records of version 1 are read too.
 */
import {
  bcs,
  concatBytes,
  decodeStrict,
  fixedBytesType,
  optionType,
  shortTextType,
  u64le,
  type BcsType,
} from '@wotid/core';
import { wipe, type CryptoProvider } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import { sessionId } from '../kdf.ts';
import { isSecurityLevel } from '../levels.ts';
import { SESSION_ID_BYTES } from '../limits.ts';
import { isRekeying } from '../ratchet/pq-state.ts';
import { revealRatchet } from '../ratchet/state.ts';
import type { Session, SessionFacts } from '../session.ts';
import { isSuite } from '../suites.ts';
import { safeU64Type } from '../wire/codec.ts';
import {
  ratchetFromRecord,
  ratchetRecord,
  ratchetRecordType,
  wipeRecord,
  type RatchetRecord,
} from './ratchet-record.ts';
import { decodeVersion1 } from './record-version-1.ts';

/** 1024 skipped EC keys of 42 bytes, as many PQ keys of 44, two DIDs of 255 and the rest. */
export const MAX_SESSION_RECORD_BYTES = 98_304;

const VERSION = 2;
const hashType = fixedBytesType(32);

/** The facts of a session that a record holds, with its ratchet. */
export interface SessionRecord extends Omit<
  SessionFacts,
  'role' | 'origin' | 'level' | 'suite' | 'rekeySequence' | 'isRekeying'
> {
  readonly version: number;
  readonly level: number;
  readonly suite: number;
  readonly isInitiator: boolean;
  readonly isFromGate: boolean;
  readonly ratchet: RatchetRecord;
}

const sessionType = bcs.struct('session record', {
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
  rekeyedAtMs: safeU64Type,
  rekeyedCount: safeU64Type,
  authenticatedAtMs: safeU64Type,
  authenticatedCount: safeU64Type,
  isLastResort: bcs.bool(),
  replacedAtMs: optionType(safeU64Type),
  isConfirmed: bcs.bool(),
  isPeerVerified: bcs.bool(),
  ratchet: ratchetRecordType,
}) as unknown as BcsType<SessionRecord, SessionRecord>;

/** The bytes of a session; the caller seals and then wipes them. */
export function encodeSession(session: Session): Uint8Array<ArrayBuffer> {
  const { role, origin, rekeySequence: _, isRekeying: __, ratchet, ...facts } = session;
  const record = ratchetRecord(ratchet);
  try {
    const bytes = sessionType
      .serialize(
        {
          ...facts,
          version: VERSION,
          isInitiator: role === 'initiator',
          isFromGate: origin === 'gate',
          ratchet: record,
        },
        { initialSize: 2_560, maxSize: MAX_SESSION_RECORD_BYTES },
      )
      .toBytes();
    const out = new Uint8Array(bytes);
    wipe(bytes);
    return out;
  } finally {
    wipeRecord(record);
  }
}

/**
 * The session in `bytes`, which stay the caller's to wipe.
 * @throws SessionError `RECORD_INVALID` for anything that {@link encodeSession} or version 1 does not write
 */
export function decodeSession(provider: CryptoProvider, bytes: Uint8Array): Session {
  const {
    version: _,
    isInitiator,
    isFromGate,
    ratchet: stored,
    level,
    suite,
    ...facts
  } = decodeRecord(bytes);
  if (!isSecurityLevel(level) || !isSuite(suite)) {
    throw invalid('the session record has a level or suite of a later version');
  }
  if (sessionId(provider, stored.sessionAd).toHex() !== facts.sid.toHex()) {
    throw invalid('the session record names another session than its ratchet');
  }
  const ratchet = ratchetFromRecord(provider, stored, level, suite);
  if (ratchet === null) throw invalid('the session record breaks an invariant of the ratchet');
  const { pq } = revealRatchet(ratchet);
  return {
    ...facts,
    level,
    suite,
    role: isInitiator ? 'initiator' : 'responder',
    origin: isFromGate ? 'gate' : 'mailbox',
    rekeySequence: pq?.sending.epoch ?? 0,
    isRekeying: pq !== null && isRekeying(pq),
    ratchet,
  };
}

/** @throws SessionError `RECORD_INVALID` */
function decodeRecord(bytes: Uint8Array): SessionRecord {
  const version = bytes[0];
  if (version !== VERSION && version !== 1) {
    throw invalid(`a session record of version ${version ?? 'none'} is unknown`);
  }
  let record: SessionRecord | null;
  try {
    record =
      version === 1
        ? decodeVersion1(bytes, MAX_SESSION_RECORD_BYTES)
        : decodeStrict(sessionType, bytes, { what: 'session record', maxBytes: MAX_SESSION_RECORD_BYTES });
  } catch (cause) {
    throw invalid('the session record does not decode', cause);
  }
  if (record === null) throw invalid('the session record says what its version never did');
  return record;
}

/**
 * What seals a record to its place and age, 24 bytes: sid, then stateVersion u64. Keep the highest stateVersion apart
 * from the record: one that opens only with a lower number was rolled back, and must not send.
 */
export function sessionRecordAad(
  session: Pick<SessionFacts, 'sid' | 'stateVersion'>,
): Uint8Array<ArrayBuffer> {
  return concatBytes(session.sid, u64le(BigInt(session.stateVersion)));
}

function invalid(message: string, cause?: unknown): SessionError {
  return new SessionError('RECORD_INVALID', message, {
    hint: 'the home may be damaged or from another version; a new handshake starts a new session',
    cause,
  });
}
