import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Connection, ConnectionEncrypter, PeerId, PrivateKey, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { createLibp2p, type Libp2p } from 'libp2p';
import {
  createTransport,
  TransportError,
  type FrameStream,
  type PeerConnection,
  type RemotePeer,
  type Transport,
  type TransportInit,
} from '../src/index.ts';

export const TCP = '/ip4/127.0.0.1/tcp/0';
export const WS = '/ip4/127.0.0.1/tcp/0/ws';

/** A node of ours that ends with the test. */
export async function startNode(init: Partial<TransportInit> = {}): Promise<Transport> {
  const node = await createTransport({
    peerKeySeed: randomBytes(32),
    listen: [TCP],
    ...init,
    limits: { maxInboundPerSecondPerHost: 1_000, ...init.limits },
  });
  onTestFinished(() => node.close());
  return node;
}

/** What the encrypters of libp2p are made from. */
export type EncrypterFactory = (components: {
  peerId: PeerId;
  privateKey: PrivateKey;
  [other: string]: any;
}) => ConnectionEncrypter;

/** A plain libp2p node that does as it likes with our protocols: the stranger. */
export async function startStranger(
  init: {
    readonly encrypters?: readonly EncrypterFactory[];
    readonly handlers?: Readonly<Record<string, (stream: Stream, connection: Connection) => void>>;
  } = {},
): Promise<Libp2p> {
  const node = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: [TCP] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [...(init.encrypters ?? [noise()])] as never,
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
  for (const [protocol, handler] of Object.entries(init.handlers ?? {})) await node.handle(protocol, handler);
  onTestFinished(() => node.stop());
  return node;
}

/** The code that a promise is rejected with; fails when it is not one of ours. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TransportError) return error.code;
    throw error;
  }
  return 'no error';
}

/** Two nodes of ours with one gate stream between them; `inbound` is the listener's end. */
export async function gatePair(
  init: { readonly dialer?: Partial<TransportInit>; readonly listener?: Partial<TransportInit> } = {},
): Promise<{
  dialer: Transport;
  listener: Transport;
  connection: PeerConnection;
  outbound: FrameStream;
  inbound: FrameStream;
  remote: RemotePeer;
}> {
  const listener = await startNode(init.listener);
  const dialer = await startNode({ listen: [], ...init.dialer });
  const arrived = Promise.withResolvers<{ inbound: FrameStream; remote: RemotePeer }>();
  const finished = Promise.withResolvers<void>();
  onTestFinished(() => finished.resolve());
  listener.onGate((inbound, remote) => {
    arrived.resolve({ inbound, remote });
    return finished.promise;
  });
  const connection = await dialer.dial(listener.addresses()[0] as string);
  const outbound = await dialer.openGate(connection);
  return { dialer, listener, connection, outbound, ...(await arrived.promise) };
}
