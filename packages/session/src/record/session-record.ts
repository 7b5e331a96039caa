/**
 * The stored form of a session (BCS): version u8 = 01, then the facts in the order of `sessionType` below, then the
 * ratchet (`ratchet-record.ts`). About 1 KB when idle, at most 96 KB. It is secret: seal it with AAD
 * {@link sessionRecordAad}.
 */
import {
  bcs,
  concatBytes,
  decodeStrict,
  fixedBytesType,
  optionType,
  shortTextType,
  u64le,
} from '@wotid/core';
import { wipe, type CryptoProvider } from '@wotid/crypto';
import { SessionError } from '../errors.ts';
import { LEVEL_QUANTUM_RESISTANT } from '../levels.ts';
import { SESSION_ID_BYTES } from '../limits.ts';
import type { Session, SessionFacts } from '../session.ts';
import { sessionId } from '../kdf.ts';
import { SUITE_AES_256_GCM } from '../suites.ts';
import { safeU64Type } from '../wire/codec.ts';
import { ratchetFromRecord, ratchetRecord, ratchetRecordType } from './ratchet-record.ts';

/** 1024 skipped EC keys of 42 bytes, as many PQ keys of 46, two DIDs of 255 and the rest. */
export const MAX_SESSION_RECORD_BYTES = 98_304;

const VERSION = 1;
const hashType = fixedBytesType(32);
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
  rekeySequence: bcs.u32(),
  isRekeying: bcs.bool(),
  replacedAtMs: optionType(safeU64Type),
  isConfirmed: bcs.bool(),
  isPeerVerified: bcs.bool(),
  ratchet: ratchetRecordType,
});

/** The bytes of a session; the caller seals and then wipes them. */
export function encodeSession(session: Session): Uint8Array<ArrayBuffer> {
  const { role, origin, ratchet, ...facts } = session;
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
        { initialSize: 2_048, maxSize: MAX_SESSION_RECORD_BYTES },
      )
      .toBytes();
    const out = new Uint8Array(bytes);
    wipe(bytes);
    return out;
  } finally {
    wipe(record.ours);
  }
}

/**
 * The session in `bytes`, which stay the caller's to wipe.
 * @throws SessionError `RECORD_INVALID` for anything that {@link encodeSession} does not write
 */
export function decodeSession(provider: CryptoProvider, bytes: Uint8Array): Session {
  if (bytes[0] !== VERSION) throw invalid(`a session record of version ${bytes[0] ?? 'none'} is unknown`);
  let record: ReturnType<typeof sessionType.parse>;
  try {
    record = decodeStrict(sessionType, bytes, {
      what: 'session record',
      maxBytes: MAX_SESSION_RECORD_BYTES,
    });
  } catch (cause) {
    throw invalid('the session record does not decode', cause);
  }
  const { version: _, isInitiator, isFromGate, ratchet: stored, ...facts } = record;
  if (facts.level !== LEVEL_QUANTUM_RESISTANT || facts.suite !== SUITE_AES_256_GCM) {
    throw invalid('the session record has a level or suite of a later version');
  }
  if (sessionId(provider, stored.sessionAd).toHex() !== facts.sid.toHex()) {
    throw invalid('the session record names another session than its ratchet');
  }
  const ratchet = ratchetFromRecord(provider, stored);
  if (ratchet === null) throw invalid('the session record breaks an invariant of the ratchet');
  return {
    ...facts,
    role: isInitiator ? 'initiator' : 'responder',
    origin: isFromGate ? 'gate' : 'mailbox',
    ratchet,
  };
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
