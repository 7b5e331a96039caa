/** What an agent tells its application: results, reports and events. Plain data, no secrets, safe to print. */
import type { SessionNotice } from './session-keeper.ts';

/** What a transaction cost its sender, in NANOS (1 IOTA = 10^9). A negative `net` is a gain: returned deposits. */
export interface GasCost {
  readonly computation: bigint;
  readonly storage: bigint;
  readonly rebate: bigint;
  readonly net: bigint;
}

/** How a message reached, or waits for, its receiver. */
export type Route = 'p2p' | 'mailbox';

/** Outcome of {@link Agent.send}: the peer acknowledged it, or it waits in the peer's mailbox. */
export interface Delivery {
  /** 16 random bytes in hex. */
  readonly messageId: string;
  readonly to: string;
  readonly route: Route;
  /** Milliseconds from the call to the acknowledgement or to the transaction's effects. */
  readonly ms: number;
  /** Bytes of the envelope: what was sent over the stream or lies on chain. */
  readonly payloadBytes: number;
  /** Transaction digest, object id and cost; mailbox route only. */
  readonly digest?: string;
  readonly objectId?: string;
  readonly gas?: GasCost;
}

/** What to send. */
export type SendContent =
  | { readonly type: 'text'; readonly text: string }
  /** At most 65,536 bytes. */
  | { readonly type: 'bytes'; readonly bytes: Uint8Array };

/** How to send it. */
export interface SendOptions {
  /** Also to a contact whose credential has not passed our check. */
  readonly toUnverified?: boolean;
  /** With or without a signature that the receiver can show to others; default as the signing mode says. */
  readonly sign?: boolean;
  /** Message id, 32 hex digits, that this one answers. */
  readonly replyTo?: string;
}

/** A message as the application sees it. */
export interface InboxMessage {
  /** Position in this inbox, growing; pass it as `after` to read on. */
  readonly position: number;
  readonly messageId: string;
  readonly from: string;
  readonly type: string;
  readonly payload: Uint8Array;
  readonly seq: number;
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly route: Route;
  /** Id of the message this one answers. */
  readonly replyTo: string | null;
  /** True when its sender has signed it: `Agent.proof` gives what can be shown to others. */
  readonly isSigned: boolean;
}

/** What one look into the own mailbox did. */
export interface SyncReport {
  /** Objects of the mailbox's message type that waited. */
  readonly waiting: number;
  /** Messages shown for the first time. */
  readonly opened: number;
  /** Messages that had been shown before, by this or the other route. */
  readonly duplicates: number;
  /** Objects whose payload nobody here can open: left where they are, reported once. */
  readonly unreadable: readonly string[];
  /** Objects of other types that someone sent to the mailbox. */
  readonly foreign: number;
  /** Messages whose sender's credential does not pass: left unread, looked at again when trust changes. */
  readonly refused: number;
  /** Why, message by message. What could not be established now is looked at again the next time. */
  readonly refusals: readonly {
    readonly objectId: string;
    /** Name of the check that failed, such as `REVOKED`, `EXPIRED` or `STATUS_UNKNOWN`. */
    readonly name: string;
    readonly reason: string;
  }[];
  /** The transactions that claimed and deleted, with what they returned. */
  readonly claims: readonly { readonly digest: string; readonly gas: GasCost }[];
  /** Why what was read could not be claimed yet (no gas, no node), and what to do; the next look tries again. */
  readonly claimFailure: string | null;
}

/** A connection whose gate both sides have passed. */
export interface ConnectReport {
  readonly peer: string;
  readonly peerId: string;
  readonly sessionId: string;
  /** True when a session that existed before goes on. */
  readonly resumed: boolean;
  readonly level: number;
  readonly suite: number;
  /** True when nobody but the owner of a publication known before can have read what was shown in the gate. */
  readonly toPublishedPrekey: boolean;
  readonly ms: number;
  /** Bytes of gate frames in each direction. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Why a gate ended without a session. `code` is our precise finding, `wireCode` what the other side was told. */
export interface GateRefusal {
  readonly direction: 'inbound' | 'outbound';
  readonly peerId: string;
  readonly code: number;
  readonly name: string;
  readonly wireCode: number;
  /** In words, for our own log. */
  readonly reason: string;
}

/** A contact has rotated keys: same DID, another identity block, and a credential for it that passes. */
export interface NewKeys {
  readonly did: string;
  /** What the user calls them; empty when they have no name here. */
  readonly alias: string;
  /** Fingerprints of the identity blocks, 32 bytes in hex. */
  readonly before: string;
  readonly after: string;
}

/** Events of an agent, by name. */
export interface AgentEvents {
  readonly message: InboxMessage;
  readonly delivery: Delivery;
  readonly peer: {
    readonly did: string;
    readonly state: 'connected' | 'disconnected';
    readonly peerId: string;
  };
  readonly keys: NewKeys;
  readonly refused: GateRefusal;
  /** A peer with a live link is believed no longer: the link has been ended. */
  readonly distrusted: { readonly did: string; readonly name: string; readonly reason: string };
  readonly sync: SyncReport;
  readonly unreadable: { readonly objectId: string };
  /** Something about a session that its user should know. */
  readonly session: SessionNotice;
  /** A contact has signed what both have written. */
  readonly checkpoint: CheckpointReport;
  /** A contact has shown a credential, and it was checked. */
  readonly presentation: PresentationReport;
}

/**
 * When messages are signed. `ratchet`: on request, or where their type needs it; everything else is deniable.
 * `checkpoint`: as well one signature after 256 messages, when the agent closes, and on demand. `always`: each message.
 */
export type SigningMode = 'ratchet' | 'checkpoint' | 'always';

/** What a checkpoint says of the messages with a peer; ranges such as `1-256`, empty for none. */
export interface CheckpointReport {
  readonly peer: string;
  readonly messageId: string;
  /** Messages of ours that it covers. */
  readonly sent: string;
  /** Messages of the peer that it covers. */
  readonly received: string;
  /**
   * `sent`: ours. Of a peer's: `agrees` or `differs` from what we have, or `incomplete` when we lack some of the
   * messages, now or for good.
   */
  readonly verdict: 'sent' | 'agrees' | 'differs' | 'incomplete';
}

/** Checkpoints that were sent on one demand; ranges over all of them, such as `1-5, 9-3000` where messages are missing. */
export interface SentCheckpoints extends CheckpointReport {
  /** How many: each covers at most 1,024 messages a direction, without gaps. */
  readonly count: number;
  /** That of the last one, whose id is `messageId`. */
  readonly delivery: Delivery;
}

/** A credential that a contact has shown in a message. */
export interface PresentationReport {
  readonly from: string;
  readonly messageId: string;
  readonly isAccepted: boolean;
  /** Why it was not accepted; empty when it was. */
  readonly reason: string;
  readonly credential: CredentialFacts | null;
}

/** The outcome of a rekey on demand. */
export interface RekeyReport {
  readonly peer: string;
  /** 16 bytes in hex. */
  readonly sessionId: string;
  readonly rekeySequence: number;
  /** False when the peer has not answered yet. */
  readonly isComplete: boolean;
}

/** A session, as its user sees it. Times in milliseconds since the Unix epoch. */
export interface SessionReport {
  /** DID of the peer. */
  readonly peer: string;
  readonly sessionId: string;
  /**
   * `receive-only`: a newer one has replaced it; `abandoned`: nothing is sent in it any more, and the next connection or
   * message starts another.
   */
  readonly state: 'active' | 'receive-only' | 'abandoned';
  readonly level: number;
  readonly suite: number;
  readonly createdAtMs: number;
  readonly lastUsedMs: number;
  readonly messageCount: number;
  readonly rekeySequence: number;
  readonly isRekeying: boolean;
  /** When both ends last proved their identities: in the handshake, or by a signed rekey. */
  readonly authenticatedAtMs: number;
  /** True when that is too long ago: the next connection starts a new session. */
  readonly isOverdue: boolean;
}

/** What proves to others that a contact has sent a message. */
export interface MessageProof {
  readonly from: string;
  readonly messageId: string;
  readonly type: string;
  readonly payload: Uint8Array;
  /** The signed body; it ends with H512 of the payload. */
  readonly body: Uint8Array;
  /** Hybrid signature over `body` for purpose `tsp`, for checkpoints `checkpoint`. */
  readonly signature: Uint8Array;
  /** The signer's identity block. */
  readonly identityBlock: Uint8Array;
}

/** Who and where an agent is. */
export interface AgentStatus {
  /** `null` before it is published. */
  readonly did: string | null;
  /** Identity fingerprint, 32 bytes in hex. */
  readonly fingerprint: string | null;
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly network: { readonly name: string; readonly rpcUrl: string; readonly chainId: string };
  readonly packageId: string | null;
  readonly mailboxId: string | null;
  readonly capId: string | null;
  readonly accounts: { readonly owner: string; readonly postage: string };
  readonly hasCredential: boolean;
  readonly trustedIssuers: number;
  readonly sessions: number;
  /** Messages that have neither arrived nor reached a mailbox yet. */
  readonly toSend: number;
  readonly inbox: number;
}

/** What a credential says, for its holder. */
export interface CredentialFacts {
  readonly issuer: string;
  readonly subject: string;
  readonly credentialId: string;
  readonly validFrom: string;
  readonly validUntil: string;
  readonly evidence: readonly { readonly method: string; readonly policy: string }[];
  /** Where its revocation would show; `null` when it cannot be revoked. */
  readonly statusList: string | null;
  readonly bytes: number;
}
