import { WotError } from '@wotid/core';

/** Codes of {@link TransportError}. */
export type TransportErrorCode =
  /** Text that is not a multiaddr, lacks a PeerId, or names something we cannot speak. */
  | 'BAD_ADDRESS'
  /** A seed, a limit or another setting is wrong. */
  | 'BAD_SETTING'
  /** An address or a peer that wot.id never uses: TLS, wss, QUIC, WebRTC, WebTransport, relays. */
  | 'DENIED'
  /** A listen address cannot be bound. */
  | 'CANNOT_LISTEN'
  /** Nobody answers at any of the addresses, or the handshake broke off. */
  | 'UNREACHABLE'
  /** The peer at the address has another PeerId than the one dialled. */
  | 'PEER_MISMATCH'
  /** The peer, or the connection, does not use Noise. */
  | 'NOT_NOISE'
  /** The peer does not speak the protocol of the stream. */
  | 'UNSUPPORTED_PROTOCOL'
  /** Too many streams of this protocol on the connection, or too many bytes queued for sending. */
  | 'OVERLOADED'
  /** A deadline passed: dial, stream opening, a frame, a slow reader. */
  | 'TIMEOUT'
  /** The caller's signal was aborted. */
  | 'ABORTED'
  /** A frame above the limit, ours or the peer's. */
  | 'FRAME_TOO_LARGE'
  /** The peer's length prefix is not a minimal varint. */
  | 'MALFORMED_FRAME'
  /** The stream ended; `data.reset` tells a reset from an orderly end, `data.truncated` that it was inside a frame. */
  | 'STREAM_CLOSED'
  /** The connection, or the whole node, is closed. */
  | 'CLOSED'
  /** A second `receive` while one is waiting: a bug of the caller. */
  | 'BUSY';

/** A failure of the peer-to-peer transport. */
export class TransportError extends WotError<TransportErrorCode> {}
