/** A session: the ratchet of one handshake and the facts about it that are not secret. */
import type { SecurityLevel } from './levels.ts';
import type { AgreedSession } from './pqxdh/agreement.ts';
import type { OwnIdentity, PeerIdentity } from './identity.ts';
import { isRekeying } from './ratchet/pq-state.ts';
import { revealRatchet, wipeReplacedRatchet, type RatchetState } from './ratchet/state.ts';
import type { Suite } from './suites.ts';

/** Which side of the handshake we were. */
export type SessionRole = 'initiator' | 'responder';
/** How the session began: at the gate, with both present, or by a message to somebody who was away. */
export type SessionOrigin = 'gate' | 'mailbox';

/** The public facts of a session. */
export interface SessionFacts {
  /** 16 bytes; the same on both sides. */
  readonly sid: Uint8Array;
  readonly role: SessionRole;
  readonly origin: SessionOrigin;
  readonly level: SecurityLevel;
  readonly suite: Suite;
  readonly ourDid: string;
  /** 32 bytes. */
  readonly ourIdFp: Uint8Array;
  readonly peerDid: string;
  /** 32 bytes. */
  readonly peerIdFp: Uint8Array;
  /** H256 of the handshake's public part, 32 bytes: settles simultaneous initiations, recognizes replays. */
  readonly initHash: Uint8Array;
  /** Time of the handshake that both sides know: the signed `ts` of the initiator. Milliseconds since the epoch. */
  readonly initiatedAtMs: number;
  /** When this side made the session, by its own clock. */
  readonly createdAtMs: number;
  /** When this side last sealed or opened a message. */
  readonly lastUsedMs: number;
  /** Messages sealed and opened. */
  readonly messageCount: number;
  /** Number of rekeys: the post-quantum epoch in which we send, 0 after the handshake. */
  readonly rekeySequence: number;
  /** An Offer or Answer of ours is under way, or the peer has not shown yet to have the epoch that came of it. */
  readonly isRekeying: boolean;
  /** When `rekeySequence` last grew, by our clock; at first that of the handshake. */
  readonly rekeyedAtMs: number;
  /** `messageCount` then. */
  readonly rekeyedCount: number;
  /** When both ends last proved their identities, by our clock: in the handshake, or by a signed rekey. */
  readonly authenticatedAtMs: number;
  /** `messageCount` then. */
  readonly authenticatedCount: number;
  /** The handshake used the responder's last-resort KEM key, which opens it until it is erased. */
  readonly isLastResort: boolean;
  /** When a newer session took over, after which this one only receives; `null` = active. */
  readonly replacedAtMs: number | null;
  /** True once the peer has answered in this session, so that it surely has it too. */
  readonly isConfirmed: boolean;
  /** False while the peer's credential has not been seen and verified yet. */
  readonly isPeerVerified: boolean;
  /** Grows with every change; a stored record with a lower one than seen before was rolled back. */
  readonly stateVersion: number;
}

/** A session. An immutable value: every change makes a new one. */
export interface Session extends SessionFacts {
  readonly ratchet: RatchetState;
}

/** What {@link newSession} needs beside the agreed keys. */
export interface NewSessionInit {
  readonly role: SessionRole;
  readonly origin: SessionOrigin;
  readonly level: SecurityLevel;
  readonly suite: Suite;
  readonly ours: OwnIdentity;
  readonly peer: PeerIdentity;
  readonly initHash: Uint8Array;
  readonly initiatedAtMs: number;
  readonly isPeerVerified: boolean;
  /** Default: true for a session that begins in the mailbox. */
  readonly isLastResort?: boolean;
  readonly nowMs: number;
}

/** Internal: the first value of a session. */
export function newSession(agreed: AgreedSession, init: NewSessionInit): Session {
  return {
    sid: agreed.sid,
    role: init.role,
    origin: init.origin,
    level: init.level,
    suite: init.suite,
    ourDid: init.ours.block.did,
    ourIdFp: init.ours.idFp,
    peerDid: init.peer.block.did,
    peerIdFp: init.peer.idFp,
    initHash: init.initHash,
    initiatedAtMs: init.initiatedAtMs,
    createdAtMs: init.nowMs,
    lastUsedMs: init.nowMs,
    messageCount: 0,
    rekeySequence: 0,
    isRekeying: false,
    rekeyedAtMs: init.nowMs,
    rekeyedCount: 0,
    authenticatedAtMs: init.nowMs,
    authenticatedCount: 0,
    isLastResort: init.isLastResort ?? init.origin === 'mailbox',
    replacedAtMs: null,
    isConfirmed: false,
    isPeerVerified: init.isPeerVerified,
    stateVersion: 1,
    ratchet: agreed.ratchet,
  };
}

/** What a step has shown beside the new state of the ratchet. */
export interface StepFacts {
  /** The peer has the session. */
  readonly isConfirmed?: boolean;
  /** The peer uses an epoch that both ends have signed. */
  readonly isAuthenticated?: boolean;
}

/** The session after `ratchet` took a step at `nowMs`. Internal. */
export function steppedSession(
  session: Session,
  ratchet: RatchetState,
  nowMs: number,
  facts: StepFacts = {},
): Session {
  const { pq } = revealRatchet(ratchet);
  const messageCount = session.messageCount + 1;
  const rekeySequence = pq?.sending.epoch ?? 0;
  const rekeyed = { rekeySequence, rekeyedAtMs: nowMs, rekeyedCount: messageCount };
  return {
    ...session,
    ...(rekeySequence === session.rekeySequence ? {} : rekeyed),
    ...(facts.isAuthenticated === true ? { authenticatedAtMs: nowMs, authenticatedCount: messageCount } : {}),
    ...(facts.isConfirmed === true ? { isConfirmed: true } : {}),
    isRekeying: pq !== null && isRekeying(pq),
    ratchet,
    lastUsedMs: nowMs,
    messageCount,
    stateVersion: session.stateVersion + 1,
  };
}

/** The session once its peer's credential has been verified. */
export function markPeerVerified(session: Session): Session {
  return session.isPeerVerified
    ? session
    : { ...session, isPeerVerified: true, stateVersion: session.stateVersion + 1 };
}

/**
 * Wipes the secrets that `next` no longer needs of `old`: call it once `next` is stored. `old` is unusable afterwards.
 * Best effort; without it the garbage collector drops them unwiped.
 * @param next `null` when the session is erased
 */
export function wipeReplaced(old: Session, next: Session | null): void {
  wipeReplacedRatchet(old.ratchet, next?.ratchet ?? null);
}
