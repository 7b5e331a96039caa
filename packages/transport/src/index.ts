/**
 * The libp2p node of wot.id: Noise only, gate and message streams as opaque frames.
 *
 * It owns sockets, framing, limits and timeouts. It does not own credentials, sessions, retries or discovery.
 * @module
 */
export type { DialTarget, IpFacts } from './addresses.ts';
export * from './errors.ts';
export { FrameStream, type FrameStreamInit, type ReceiveOptions, type StreamEnd } from './frame-stream.ts';
export {
  defaultLimits,
  MAX_GATE_FRAME_BYTES,
  MAX_MESSAGE_FRAME_BYTES,
  type TransportLimits,
} from './limits.ts';
export { createTransport } from './transport.ts';
export {
  GATE_PROTOCOL,
  MESSAGE_PROTOCOL,
  NOISE_PROTOCOL,
  type DialOptions,
  type PeerConnection,
  type RemotePeer,
  type StreamHandler,
  type TapEvent,
  type Transport,
  type TransportInit,
  type WotProtocol,
} from './transport-types.ts';
