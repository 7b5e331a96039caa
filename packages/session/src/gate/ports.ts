/** What the gate asks of its owner: who is acceptable, and which session follows. */
import type { Clock } from '@wotid/core';
import type { CryptoProvider, IdentityBlock } from '@wotid/crypto';
import type { OwnIdentity, PeerIdentity } from '../identity.ts';
import type { SecurityLevel } from '../levels.ts';
import type { SecurityPolicy } from '../security-policy.ts';
import type { Suite } from '../suites.ts';
import type { GateCode } from './codes.ts';
import type { GateBundle } from './messages.ts';

/** A result that may need storage or the network. */
export type MaybePromise<T> = T | Promise<T>;

/** What is known of a peer whose keys are proven and whose credential is not. */
export interface PeerToVerify {
  readonly did: string;
  /** Fingerprint of `identityBlock`, 32 bytes; the credential's `cnf` must name it. */
  readonly idFp: Uint8Array;
  readonly identityBlock: IdentityBlock;
  /** At most 49,152 bytes, as the peer sent them. */
  readonly credentialBytes: Uint8Array;
  readonly nowMs: number;
  /** Aborted when the gate ends meanwhile (timeout, closed stream). */
  readonly signal: AbortSignal;
}

/** The verdict on a peer. */
export type PeerVerdict<Credential> =
  | { readonly ok: true; readonly credential: Credential }
  | { readonly ok: false; readonly code: GateCode; readonly reason?: string };

/**
 * Checks that the credential is valid, names this DID and is bound to this block, and that the DID names the block's
 * key: cheap checks first, the network last. Rejecting counts as {@link gateCodes}' `POLICY`.
 */
export type VerifyPeer<Credential> = (peer: PeerToVerify) => Promise<PeerVerdict<Credential>>;

/** What a session start needs to know of the gate. */
export interface GateSessionContext<Credential> {
  readonly peer: PeerIdentity;
  readonly credential: Credential;
  /** th4, 64 bytes: goes into the session's associated data. */
  readonly gateHash: Uint8Array;
  /**
   * 64 bytes, salt of the session's keys. Usable during the call only: they are wiped when the gate ends, and it throws
   * after that. A function, so that a context that is printed does not show them.
   */
  readonly exporter: () => Uint8Array;
  readonly level: SecurityLevel;
  readonly suite: Suite;
  /** The initiator's signed time, known to both sides. Milliseconds since the Unix epoch. */
  readonly initiatedAtMs: number;
}

/** What the gate needs to know of a session to go on with it: it does so at the same level and suite alone. */
export interface LiveSession {
  /** 16 bytes. */
  readonly sid: Uint8Array;
  readonly level: number;
  readonly suite: number;
}

/**
 * The sessions of an initiator, one object per gate. What must survive a crash is stored before a call returns: its
 * bytes leave at once. A new session takes over from an older one only with `complete`.
 */
export interface InitiatorSessions<Credential> {
  /** The active session with this identity, or `null`. */
  liveSession(peer: PeerIdentity): MaybePromise<LiveSession | null>;
  /** Starts a session on the responder's one-time prekeys: PQXDH public part and first ratchet message. */
  open(context: GateSessionContext<Credential>, bundle: GateBundle): MaybePromise<Uint8Array>;
  /** A ratchet message of the session that goes on, which shows the responder that both ratchets still fit. */
  resume(context: GateSessionContext<Credential>, sid: Uint8Array): MaybePromise<Uint8Array>;
  /** Opens the responder's first reply. Throwing ends the gate. */
  complete(context: GateSessionContext<Credential>, reply: Uint8Array): MaybePromise<void>;
}

/** The sessions of a responder, one object per gate. */
export interface ResponderSessions<Credential> {
  /** The active session with this identity, or `null`. */
  liveSession(peer: PeerIdentity): MaybePromise<LiveSession | null>;
  /** Fresh one-time prekeys for this gate: with a KEM key at level 3 only. */
  bundle(peer: PeerIdentity, level: SecurityLevel): MaybePromise<GateBundle>;
  /** Opens the initiator's start of a session and gives the first reply. */
  accept(context: GateSessionContext<Credential>, message: Uint8Array): MaybePromise<Uint8Array>;
  /** Opens the initiator's message in the session that goes on and gives the reply. */
  resume(
    context: GateSessionContext<Credential>,
    sid: Uint8Array,
    message: Uint8Array,
  ): MaybePromise<Uint8Array>;
}

/** One message of the gate as it is before encryption. */
export interface GateObservation {
  readonly direction: 'sent' | 'received';
  /** `M1` to `M6`, or `Terminate`. */
  readonly name: string;
  /** The frame (M1, M2) or the plaintext of a sealed one, kind byte first; a copy. */
  readonly plaintext: Uint8Array;
}

/** What both roles need. */
export interface GateInit<Credential> {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly ours: OwnIdentity;
  /** Our credential as the peer will verify it, at most 49,152 bytes. */
  readonly credential: Uint8Array;
  /** Multihash bytes of our own PeerId, at most 255. */
  readonly ourPeerId: Uint8Array;
  /** Multihash bytes of the peer's PeerId, **as the connection has proved it**, never from a message. */
  readonly theirPeerId: Uint8Array;
  readonly verifyPeer: VerifyPeer<Credential>;
  /** Levels and suites; default level 3 alone and every suite. */
  readonly policy?: SecurityPolicy;
  /** The level reached with this DID before, or `null`: a gate at a lower one ends with `LEVEL`. */
  readonly reachedLevel?: (did: string) => SecurityLevel | null;
  /** For audits: sees every message before encryption, credentials included. Must not throw. */
  readonly observe?: (observation: GateObservation) => void;
}

/** A gate that both sides passed. */
export interface GateResult<Credential> {
  readonly role: 'initiator' | 'responder';
  readonly did: string;
  readonly peer: PeerIdentity;
  /** What the injected check returned. */
  readonly credential: Credential;
  /** th4, 64 bytes. */
  readonly gateHash: Uint8Array;
  readonly level: SecurityLevel;
  readonly suite: Suite;
  /** Whether M1 carried an encapsulation to the responder's published prekey: then nobody else can have read M3. */
  readonly isToPublishedPrekey: boolean;
  /** The id of the session that goes on, or `null` when the gate started a new one. */
  readonly resumedSid: Uint8Array | null;
  /** The initiator's signed time. Milliseconds since the Unix epoch. */
  readonly initiatedAtMs: number;
}

/** A gate that ended without a session. */
export interface GateTermination {
  /** The precise code when we ended it; what the peer sent when it did (any byte). */
  readonly code: number;
  /** What is, or was, on the wire. */
  readonly wireCode: number;
  readonly by: 'us' | 'peer';
  /** For logs; names no key and no content. */
  readonly reason: string;
  /** The underlying error, if any: a bug or a failed resource of ours when `code` is `POLICY`. */
  readonly cause?: unknown;
}

/** What to do after a step: send the frames in order, then stop if the gate has ended either way. */
export interface GateStep<Credential> {
  readonly send: readonly Uint8Array[];
  readonly done?: GateResult<Credential>;
  readonly terminate?: GateTermination;
}
