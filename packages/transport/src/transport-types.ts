/** What the owner of a node sees: settings, connections, handlers. */
import type { Logger } from '@wotid/core';
import type { DialTarget, IpFacts } from './addresses.ts';
import type { FrameStream } from './frame-stream.ts';
import type { TransportLimits } from './limits.ts';

/** Protocol of the VC-gated handshake: one stream, frames are the gate's messages. */
export const GATE_PROTOCOL = '/wot.id/gate/1';
/** Protocol of ratchet messages, admitted only after a completed gate on the same connection. */
export const MESSAGE_PROTOCOL = '/wot.id/msg/1';
/** Protocol id of Noise in libp2p (libp2p specs, noise). */
export const NOISE_PROTOCOL = '/noise';

/** A protocol of this node. */
export type WotProtocol = typeof GATE_PROTOCOL | typeof MESSAGE_PROTOCOL;

/** The peer at the other end of one connection, as proved by the Noise handshake. */
export interface RemotePeer extends IpFacts {
  /** Text form of the PeerId. */
  readonly peerId: string;
  /** The PeerId as multihash bytes (38 bytes for Ed25519), as the gate's prologue takes it. */
  readonly peerIdBytes: Uint8Array;
  readonly remoteAddr: string;
  readonly direction: 'inbound' | 'outbound';
  /** Always `/noise`. */
  readonly encryption: string;
  /** Unique within this node's life. */
  readonly connectionId: string;
}

/** One encrypted connection to a peer. */
export interface PeerConnection {
  readonly remote: RemotePeer;
  readonly isOpen: boolean;
  /** Closes it with all its streams. Never rejects. */
  close(): Promise<void>;
}

/** Called for each inbound stream; the stream is closed when it returns and reset when it throws. */
export type StreamHandler = (
  stream: FrameStream,
  remote: RemotePeer,
  connection: PeerConnection,
) => void | Promise<void>;

/** A frame as it was before encryption, for debugging and demonstrations. */
export interface TapEvent {
  readonly direction: 'sent' | 'received';
  readonly protocol: typeof GATE_PROTOCOL;
  /** A copy of the frame, without its length prefix. */
  readonly bytes: Uint8Array;
  readonly connectionId: string;
}

/** Settings of a node. */
export interface TransportInit {
  /** 32-byte Ed25519 seed of the PeerId: random, and never one of the identity keys. Not kept. */
  readonly peerKeySeed: Uint8Array;
  /** Addresses to listen on, such as `/ip4/0.0.0.0/tcp/4001` and `/ip4/0.0.0.0/tcp/4002/ws`; default none. */
  readonly listen?: readonly string[];
  /** Addresses to tell others instead of those listened on (port forwarding, DNS names). */
  readonly announce?: readonly string[];
  readonly limits?: Partial<TransportLimits>;
  readonly logger?: Logger;
  /** Whether a peer may open a gate stream now; default yes. Asked before the handler; a refusal is a reset. */
  readonly admitGate?: (remote: RemotePeer) => boolean;
  /** Whether this connection has completed its gate; default no. Asked before the handler; a refusal is a reset. */
  readonly admitMessages?: (remote: RemotePeer) => boolean;
  /** Debugging aid: sees the frames of the gate protocol alone, unencrypted. Off unless given. */
  readonly tap?: (event: TapEvent) => void;
}

/** Settings of {@link Transport.dial}. */
export interface DialOptions {
  readonly signal?: AbortSignal;
  /** Makes a new connection even when one to this peer is open. Dials of one peer at the same time share theirs. */
  readonly fresh?: boolean;
}

/** A running node. */
export interface Transport {
  readonly peerId: string;
  /** Multihash bytes of our PeerId, as the gate's prologue takes it. */
  readonly peerIdBytes: Uint8Array;
  /** Where others can dial us, each address ending in `/p2p/<PeerId>`. */
  addresses(): string[];
  /**
   * Connects to a peer, or returns the open connection to it. The PeerId must be known: whoever answers proves it.
   * @throws TransportError `BAD_ADDRESS`, `DENIED`, `UNREACHABLE`, `PEER_MISMATCH`, `NOT_NOISE`, `TIMEOUT`,
   *   `ABORTED`, `CLOSED`
   */
  dial(target: DialTarget, options?: DialOptions): Promise<PeerConnection>;
  /** @throws TransportError `UNSUPPORTED_PROTOCOL`, `CLOSED`, `OVERLOADED`, `TIMEOUT`, `ABORTED`, `NOT_NOISE` */
  openGate(connection: PeerConnection, options?: { readonly signal?: AbortSignal }): Promise<FrameStream>;
  /**
   * Opens a message stream. A peer that refuses it (no gate yet) resets it: the first `receive` says so.
   * @throws TransportError as {@link Transport.openGate}
   */
  openMessages(connection: PeerConnection, options?: { readonly signal?: AbortSignal }): Promise<FrameStream>;
  /** Sets the handler of inbound gate streams, replacing an earlier one. Without one they are reset. */
  onGate(handler: StreamHandler): void;
  /** Sets the handler of inbound message streams, replacing an earlier one. Without one they are reset. */
  onMessages(handler: StreamHandler): void;
  /** Tells when a connection is gone, once each. Returns how to stop listening. */
  onDisconnect(listener: (remote: RemotePeer) => void): () => void;
  /** All open connections. */
  connections(): PeerConnection[];
  /** Closes every stream, connection and listener. Idempotent; never rejects. */
  close(): Promise<void>;
}
