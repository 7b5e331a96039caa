/** Every size, count and time that a stranger can influence, with its reason. */

/** Largest frame of `/wot.id/gate/1`: M3-M6 may have 64 KiB; the gate itself narrows M1 and M2 to 4 KiB. */
export const MAX_GATE_FRAME_BYTES: number = 64 * 1024;
/** Largest frame of `/wot.id/msg/1`: a 64 KiB file chunk or a long text, with ratchet header, signature and padding. */
export const MAX_MESSAGE_FRAME_BYTES: number = 256 * 1024;
/** Unread bytes held per stream before the peer is paused; yamux may add one window (256 KiB) on top. */
export const READ_AHEAD_BYTES: number = 64 * 1024;
/** Flow-control window of one stream. It never grows: a paused stream costs us at most this many bytes. */
export const STREAM_WINDOW_BYTES: number = 256 * 1024;
/** Length prefixes have at most 4 bytes, which is enough for 2^28 - 1. */
export const MAX_VARINT_BYTES = 4;
/** Addresses tried for one peer; a contact card with more is hostile or broken. */
export const MAX_DIAL_ADDRESSES = 16;
/** One address as text; the longest useful one (a 253-byte DNS name, port, ws, PeerId) is below 400. */
export const MAX_ADDRESS_LENGTH = 512;

/** Settings of a node that bound what peers can use up. */
export interface TransportLimits {
  /** Open connections, both directions. Above it, inbound ones are refused and the least useful are closed. */
  readonly maxConnections: number;
  /** Inbound connections still in their Noise handshake; each costs an X25519 exchange and a signature check. */
  readonly maxPendingInbound: number;
  /** Inbound connections per second and host. The library's own 5 would lock out people behind one address. */
  readonly maxInboundPerSecondPerHost: number;
  /**
   * Inbound connections from one network (IPv4 /24, IPv6 /56) whose peers may not open message streams. Without it one
   * host takes all places in 13 seconds, for as long as it likes. Enough for the people behind one address.
   */
  readonly maxStrangersPerNetwork: number;
  /** Gate streams a peer may have open on one connection. */
  readonly maxGateStreamsPerConnection: number;
  /** Message streams a peer may have open on one connection: the current one and its replacement. */
  readonly maxMessageStreamsPerConnection: number;
  readonly maxGateFrameBytes: number;
  readonly maxMessageFrameBytes: number;
  /** Bytes accepted by `send` and not yet given to the connection, per stream; more is `OVERLOADED`. */
  readonly maxQueuedSendBytes: number;
  /** A dial over all addresses of a peer, handshake included. */
  readonly dialTimeoutMs: number;
  /** One address of a dial. */
  readonly addressTimeoutMs: number;
  /** Noise and multiplexer on an inbound connection. */
  readonly inboundHandshakeTimeoutMs: number;
  /** Protocol negotiation on a new stream. */
  readonly negotiationTimeoutMs: number;
  /** A frame whose first byte came must be complete within this time while somebody waits for it. */
  readonly frameTimeoutMs: number;
  /** A peer that takes no bytes for this long while we send is cut off. */
  readonly sendTimeoutMs: number;
  /** A closed stream whose peer does not close its half is reset after this time. */
  readonly closeLingerMs: number;
  /** A gate stream without a byte in either direction; the whole gate has 30 s. */
  readonly gateIdleTimeoutMs: number;
  /** A message stream without a byte in either direction; sessions leave memory after the same 30 min. */
  readonly messageIdleTimeoutMs: number;
  /** Every connection is probed this often; a peer that does not answer is disconnected. */
  readonly livenessIntervalMs: number;
  /** A probe without an answer after this time is a dead peer. */
  readonly livenessTimeoutMs: number;
}

/** The limits of a node that is told nothing else. */
export const defaultLimits: TransportLimits = Object.freeze({
  maxConnections: 256,
  maxPendingInbound: 64,
  maxInboundPerSecondPerHost: 20,
  maxStrangersPerNetwork: 32,
  maxGateStreamsPerConnection: 1,
  maxMessageStreamsPerConnection: 2,
  maxGateFrameBytes: MAX_GATE_FRAME_BYTES,
  maxMessageFrameBytes: MAX_MESSAGE_FRAME_BYTES,
  maxQueuedSendBytes: 4 * 1024 * 1024,
  dialTimeoutMs: 10_000,
  addressTimeoutMs: 5_000,
  inboundHandshakeTimeoutMs: 10_000,
  negotiationTimeoutMs: 5_000,
  frameTimeoutMs: 15_000,
  sendTimeoutMs: 15_000,
  closeLingerMs: 5_000,
  gateIdleTimeoutMs: 30_000,
  messageIdleTimeoutMs: 30 * 60_000,
  livenessIntervalMs: 20_000,
  livenessTimeoutMs: 10_000,
});
