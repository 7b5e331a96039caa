/** A session: the ratchet of one handshake and the facts about it that are not secret. */
import type { AgreedSession } from './pqxdh/agreement.ts';
import type { OwnIdentity, PeerIdentity } from './identity.ts';
import { wipeReplacedRatchet, type RatchetState } from './ratchet/state.ts';

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
  readonly level: number;
  readonly suite: number;
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
  /** Number of rekeys: the post-quantum epoch, 0 after the handshake. */
  readonly rekeySequence: number;
  readonly isRekeying: boolean;
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
  readonly level: number;
  readonly suite: number;
  readonly ours: OwnIdentity;
  readonly peer: PeerIdentity;
  readonly initHash: Uint8Array;
  readonly initiatedAtMs: number;
  readonly isPeerVerified: boolean;
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
    replacedAtMs: null,
    isConfirmed: false,
    isPeerVerified: init.isPeerVerified,
    stateVersion: 1,
    ratchet: agreed.ratchet,
  };
}

/** The session after `ratchet` took a step at `nowMs`. Internal. */
export function steppedSession(
  session: Session,
  ratchet: RatchetState,
  nowMs: number,
  changes: Partial<Pick<SessionFacts, 'isConfirmed'>> = {},
): Session {
  return {
    ...session,
    ...changes,
    ratchet,
    lastUsedMs: nowMs,
    messageCount: session.messageCount + 1,
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
