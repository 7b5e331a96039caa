/**
 * The libp2p node of wot.id: TCP and plain WebSocket, Noise as the only encrypter, yamux, two protocols of opaque
 * frames. It knows neither credentials nor ratchets; who may do what is asked of its owner.
 *
 * Deliberately absent: identify (it would tell every stranger our software version and all our addresses), TLS,
 * QUIC, WebRTC, WebTransport, peer routing, relays.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Connection, PeerId, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { errorText, silentLogger, type Logger } from '@wotid/core';
import { createLibp2p, type Libp2p } from 'libp2p';
import {
  ipFacts,
  isAllowedAddress,
  parseDialTarget,
  parseListenAddress,
  type DialTarget,
} from './addresses.ts';
import { dialError, streamError } from './error-mapping.ts';
import { TransportError } from './errors.ts';
import { FrameStream } from './frame-stream.ts';
import { silentComponentLogger } from './libp2p-logger.ts';
import { defaultLimits, STREAM_WINDOW_BYTES, type TransportLimits } from './limits.ts';
import {
  GATE_PROTOCOL,
  MESSAGE_PROTOCOL,
  NOISE_PROTOCOL,
  type DialOptions,
  type PeerConnection,
  type RemotePeer,
  type StreamHandler,
  type Transport,
  type TransportInit,
  type WotProtocol,
} from './transport-types.ts';

/**
 * Starts a node.
 * @throws TransportError `BAD_SETTING`, `BAD_ADDRESS`, `DENIED` (an address of another transport), `CANNOT_LISTEN`
 */
export async function createTransport(init: TransportInit): Promise<Transport> {
  const limits: TransportLimits = { ...defaultLimits, ...init.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value <= 0) {
      throw new TransportError('BAD_SETTING', `the limit ${name} must be a positive integer, not ${value}`);
    }
  }
  if (init.peerKeySeed.length !== 32) {
    throw new TransportError('BAD_SETTING', `a PeerId seed has 32 bytes, not ${init.peerKeySeed.length}`);
  }
  const listen = (init.listen ?? []).map((text) => parseListenAddress(text).toString());
  const announce = (init.announce ?? []).map((text) => parseListenAddress(text).toString());
  let libp2p: Libp2p;
  try {
    libp2p = await createLibp2p({
      privateKey: await generateKeyPairFromSeed('Ed25519', init.peerKeySeed),
      addresses: { listen, announce },
      transports: [
        tcp({ maxConnections: limits.maxConnections }),
        webSockets({ bufferedAmountPollInterval: 20 }),
      ],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux(yamuxInit(limits))],
      connectionGater: { denyDialMultiaddr: (address) => !isAllowedAddress(address) },
      connectionManager: {
        maxConnections: limits.maxConnections,
        maxIncomingPendingConnections: limits.maxPendingInbound,
        inboundConnectionThreshold: limits.maxInboundPerSecondPerHost,
        inboundUpgradeTimeout: limits.inboundHandshakeTimeoutMs,
        inboundStreamProtocolNegotiationTimeout: limits.negotiationTimeoutMs,
        outboundStreamProtocolNegotiationTimeout: limits.negotiationTimeoutMs,
        dialTimeout: limits.dialTimeoutMs,
        addressDialTimeout: limits.addressTimeoutMs,
        // No dnsaddr: it would make us ask the DNS for addresses that nobody signed.
        resolvers: {},
      },
      connectionMonitor: {
        pingInterval: limits.livenessIntervalMs,
        pingTimeout: { minTimeout: limits.livenessTimeoutMs, maxTimeout: limits.livenessTimeoutMs },
      },
      logger: silentComponentLogger,
      start: false,
    });
  } catch (error) {
    throw new TransportError('BAD_SETTING', `the node cannot be made: ${errorText(error)}`, { cause: error });
  }
  const node = new Node(libp2p, limits, init);
  await node.start(listen);
  return node;
}

/** Flow control and stream counts of a connection; probing and one negotiation need a few streams beside ours. */
function yamuxInit(limits: TransportLimits): Parameters<typeof yamux>[0] {
  const spareStreams = 4;
  return {
    maxInboundStreams:
      limits.maxGateStreamsPerConnection + limits.maxMessageStreamsPerConnection + spareStreams,
    maxOutboundStreams: 64,
    maxEarlyStreams: spareStreams,
    streamOptions: {
      initialStreamWindowSize: STREAM_WINDOW_BYTES,
      maxStreamWindowSize: STREAM_WINDOW_BYTES,
      maxReadBufferLength: 2 * STREAM_WINDOW_BYTES,
    },
  };
}

class Node implements Transport {
  readonly #libp2p: Libp2p;
  readonly #limits: TransportLimits;
  readonly #init: Pick<TransportInit, 'admitGate' | 'admitMessages' | 'tap'>;
  readonly #log: Logger;
  readonly #wrapped = new WeakMap<Connection, WrappedConnection>();
  readonly #disconnectListeners = new Set<(remote: RemotePeer) => void>();
  readonly #handlers = new Map<WotProtocol, StreamHandler>();
  #closing: Promise<void> | undefined;

  constructor(libp2p: Libp2p, limits: TransportLimits, init: TransportInit) {
    this.#libp2p = libp2p;
    this.#limits = limits;
    this.#init = { ...init };
    this.#log = init.logger ?? silentLogger;
  }

  get peerId(): string {
    return this.#libp2p.peerId.toString();
  }

  get peerIdBytes(): Uint8Array {
    return peerIdBytes(this.#libp2p.peerId);
  }

  async start(listen: readonly string[]): Promise<void> {
    const libp2p = this.#libp2p;
    libp2p.addEventListener('connection:open', (event) => {
      if (!isNoise(event.detail)) {
        this.#log.warn('transport.not-noise', { encryption: event.detail.encryption });
        event.detail.abort(notNoise(event.detail));
      } else if (this.#isOneStrangerTooMany(event.detail)) {
        event.detail.abort(new TransportError('DENIED', 'too many connections from one network'));
      }
    });
    libp2p.addEventListener('connection:close', (event) => this.#onConnectionClose(event.detail));
    // Strangers with fresh PeerIds must not fill our memory: nothing of a peer is kept beyond its last connection.
    libp2p.addEventListener('peer:disconnect', (event) => {
      libp2p.peerStore.delete(event.detail).catch((error: unknown) => {
        this.#log.debug('transport.peer-store', { error: errorText(error) });
      });
    });
    const handle = (protocol: WotProtocol, maxInboundStreams: number): Promise<void> =>
      libp2p.handle(protocol, (stream, connection) => this.#onStream(protocol, stream, connection), {
        maxInboundStreams,
      });
    await handle(GATE_PROTOCOL, this.#limits.maxGateStreamsPerConnection);
    await handle(MESSAGE_PROTOCOL, this.#limits.maxMessageStreamsPerConnection);
    try {
      await libp2p.start();
    } catch (error) {
      throw new TransportError('CANNOT_LISTEN', `cannot listen on ${listen.join(', ')}`, {
        hint: 'the port may be taken, or the address not be one of this machine',
        data: { listen },
        cause: error,
      });
    }
  }

  addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map((address) => address.toString());
  }

  async dial(target: DialTarget, options: DialOptions = {}): Promise<PeerConnection> {
    this.#assertOpen();
    const { peerId, addrs } = parseDialTarget(target);
    if (peerId.equals(this.#libp2p.peerId)) {
      throw new TransportError('BAD_ADDRESS', 'this is our own PeerId', { hint: 'dial another peer' });
    }
    const deadline = AbortSignal.timeout(this.#limits.dialTimeoutMs);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
    let connection: Connection;
    try {
      connection = await this.#libp2p.dial([...addrs], { signal, force: options.fresh === true });
    } catch (error) {
      if (this.#closing !== undefined) throw closedError();
      throw dialError(error, { peerId: peerId.toString(), caller: options.signal, deadline });
    }
    // Noise has proved the PeerId of a fresh connection; this also covers one that was already open.
    if (!connection.remotePeer.equals(peerId)) {
      throw new TransportError('PEER_MISMATCH', `the peer that answered is not ${peerId.toString()}`);
    }
    return this.#wrap(connection);
  }

  openGate(
    connection: PeerConnection,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<FrameStream> {
    return this.#open(GATE_PROTOCOL, connection, options.signal);
  }

  openMessages(
    connection: PeerConnection,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<FrameStream> {
    return this.#open(MESSAGE_PROTOCOL, connection, options.signal);
  }

  onGate(handler: StreamHandler): void {
    this.#handlers.set(GATE_PROTOCOL, handler);
  }

  onMessages(handler: StreamHandler): void {
    this.#handlers.set(MESSAGE_PROTOCOL, handler);
  }

  onDisconnect(listener: (remote: RemotePeer) => void): () => void {
    this.#disconnectListeners.add(listener);
    return () => this.#disconnectListeners.delete(listener);
  }

  connections(): PeerConnection[] {
    return this.#libp2p
      .getConnections()
      .filter((connection) => connection.status === 'open' && isNoise(connection))
      .map((connection) => this.#wrap(connection));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#libp2p.stop();
    } catch (error) {
      this.#log.warn('transport.close', { error: errorText(error) });
    }
  }

  async #open(
    protocol: WotProtocol,
    peer: PeerConnection,
    caller: AbortSignal | undefined,
  ): Promise<FrameStream> {
    this.#assertOpen();
    if (!(peer instanceof WrappedConnection)) throw closedError();
    const connection = peer.libp2pConnection;
    const deadline = AbortSignal.timeout(this.#limits.negotiationTimeoutMs);
    const signal = caller === undefined ? deadline : AbortSignal.any([caller, deadline]);
    try {
      signal.throwIfAborted();
      const stream = await connection.newStream(protocol, { signal, maxOutboundStreams: 64 });
      return this.#frameStream(protocol, stream, connection);
    } catch (error) {
      throw streamError(error, { protocol, caller, deadline, isOpen: connection.status === 'open' });
    }
  }

  #onStream(protocol: WotProtocol, stream: Stream, connection: Connection): void {
    const handler = this.#handlers.get(protocol);
    const admit =
      protocol === GATE_PROTOCOL ? (this.#init.admitGate ?? (() => true)) : this.#init.admitMessages;
    let frames: FrameStream;
    let peer: WrappedConnection;
    try {
      peer = this.#wrap(connection);
      if (handler === undefined || admit?.(peer.remote) !== true) {
        this.#log.info('transport.stream-refused', { protocol, connectionId: connection.id });
        stream.abort(new TransportError('DENIED', 'the stream is not admitted'));
        return;
      }
      frames = this.#frameStream(protocol, stream, connection);
    } catch (error) {
      this.#log.warn('transport.stream-failed', { protocol, error: errorText(error) });
      stream.abort(new TransportError('DENIED', 'the stream is not admitted'));
      return;
    }
    // Not awaited by libp2p: a handler lives as long as its stream.
    Promise.resolve()
      .then(() => handler(frames, peer.remote, peer))
      .then(
        () => frames.close(),
        (error: unknown) => {
          this.#log.info('transport.handler-failed', { protocol, error: errorText(error) });
          frames.abort('its handler failed');
        },
      );
  }

  #frameStream(protocol: WotProtocol, stream: Stream, connection: Connection): FrameStream {
    const limits = this.#limits;
    const isGate = protocol === GATE_PROTOCOL;
    const { tap } = this.#init;
    return new FrameStream(stream, {
      ...limits,
      maxFrameBytes: isGate ? limits.maxGateFrameBytes : limits.maxMessageFrameBytes,
      idleTimeoutMs: isGate ? limits.gateIdleTimeoutMs : limits.messageIdleTimeoutMs,
      tap:
        tap === undefined || !isGate
          ? undefined
          : (direction, bytes) =>
              tap({ direction, protocol: GATE_PROTOCOL, bytes, connectionId: connection.id }),
    });
  }

  #wrap(connection: Connection): WrappedConnection {
    if (!isNoise(connection)) {
      const error = notNoise(connection);
      connection.abort(error);
      throw error;
    }
    const known = this.#wrapped.get(connection);
    if (known !== undefined) return known;
    const wrapped = new WrappedConnection(connection);
    this.#wrapped.set(connection, wrapped);
    return wrapped;
  }

  #isOneStrangerTooMany(connection: Connection): boolean {
    if (connection.direction !== 'inbound') return false;
    const { ipPrefix } = this.#wrap(connection).remote;
    const strangers = this.connections().filter(
      ({ remote }) =>
        remote.direction === 'inbound' &&
        remote.ipPrefix === ipPrefix &&
        this.#init.admitMessages?.(remote) !== true,
    );
    return strangers.length > this.#limits.maxStrangersPerNetwork;
  }

  #onConnectionClose(connection: Connection): void {
    if (!isNoise(connection)) return;
    const { remote } = this.#wrap(connection);
    for (const listener of this.#disconnectListeners) {
      try {
        listener(remote);
      } catch (error) {
        this.#log.error('transport.disconnect-listener', { error: errorText(error) });
      }
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

class WrappedConnection implements PeerConnection {
  readonly remote: RemotePeer;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.remote = Object.freeze({
      peerId: connection.remotePeer.toString(),
      peerIdBytes: peerIdBytes(connection.remotePeer),
      remoteAddr: connection.remoteAddr.toString(),
      direction: connection.direction,
      encryption: connection.encryption ?? '',
      connectionId: connection.id,
      ...ipFacts(connection.remoteAddr),
    });
  }

  get libp2pConnection(): Connection {
    return this.#connection;
  }

  get isOpen(): boolean {
    return this.#connection.status === 'open';
  }

  async close(): Promise<void> {
    try {
      await this.#connection.close();
    } catch (error) {
      this.#connection.abort(error instanceof Error ? error : new Error(errorText(error)));
    }
  }
}

/** Whether a connection is encrypted with Noise and nothing else; asserted although no other encrypter is configured. */
export function isNoise(connection: Pick<Connection, 'encryption'>): boolean {
  return connection.encryption === NOISE_PROTOCOL;
}

function notNoise(connection: Pick<Connection, 'encryption'>): TransportError {
  return new TransportError('NOT_NOISE', `the connection uses ${connection.encryption ?? 'no encryption'}`, {
    hint: 'wot.id talks over Noise only',
  });
}

const peerIdBytes = (peerId: PeerId): Uint8Array => new Uint8Array(peerId.toMultihash().bytes);

const closedError = (): TransportError =>
  new TransportError('CLOSED', 'the connection or the node is closed');
