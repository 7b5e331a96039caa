import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { plaintext } from '@libp2p/plaintext';
import { tls } from '@libp2p/tls';
import { noise } from '@libp2p/noise';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createTransport,
  GATE_PROTOCOL,
  MESSAGE_PROTOCOL,
  type PeerConnection,
  type RemotePeer,
  type TapEvent,
} from '../src/index.ts';
import { isNoise } from '../src/transport.ts';
import { codeOf, gatePair, startNode, startStranger, TCP, WS, type EncrypterFactory } from './nodes.ts';

const hello = new TextEncoder().encode('hello');

describe('connections', () => {
  it.each([
    ['TCP', TCP],
    ['WebSocket', WS],
  ])('carries gate and message frames both ways over %s', async (_name, listen) => {
    const listener = await startNode({ listen: [listen], admitMessages: () => true });
    const dialer = await startNode({ listen: [], admitMessages: () => true });
    const arrived = Promise.withResolvers<PeerConnection>();
    for (const node of [listener, dialer]) {
      for (const handle of ['onGate', 'onMessages'] as const) {
        node[handle](async (stream, _remote, connection) => {
          if (node === listener) arrived.resolve(connection);
          for (let i = 0; i < 2; i++) await stream.send(await stream.receive());
        });
      }
    }
    const connection = await dialer.dial(listener.addresses()[0] as string);
    expect(connection.remote).toMatchObject({
      peerId: listener.peerId,
      peerIdBytes: listener.peerIdBytes,
      direction: 'outbound',
      encryption: '/noise',
      ipPrefix: '127.0.0.0/24',
      isLoopback: true,
    });
    const streams = [await dialer.openGate(connection), await dialer.openMessages(connection)];
    // The listener opens streams over the same connection too.
    const back = await arrived.promise;
    expect(back.remote).toMatchObject({ peerId: dialer.peerId, direction: 'inbound', isLoopback: true });
    streams.push(await listener.openGate(back), await listener.openMessages(back));
    for (const stream of streams) {
      for (const frame of [hello, randomBytes(60_000)]) {
        await stream.send(frame);
        expect(Buffer.compare(await stream.receive(), frame)).toBe(0);
      }
      expect(await codeOf(stream.receive())).toBe('STREAM_CLOSED');
      await stream.close();
      expect(await stream.closed).toEqual({ reset: false });
    }
  });

  it('derives the PeerId from its seed, as multihash bytes too', async () => {
    const peerKeySeed = new Uint8Array(32).fill(7);
    const [first, again] = [await startNode({ peerKeySeed }), await startNode({ peerKeySeed })];
    expect(again.peerId).toBe(first.peerId);
    // Identity multihash (00), length 36, then the protobuf of an Ed25519 key (libp2p specs, peer ids).
    expect(first.peerIdBytes.toHex()).toMatch(/^002408011220[0-9a-f]{64}$/);
    expect(peerKeySeed).toEqual(new Uint8Array(32).fill(7));
  });

  it('returns the open connection, or a fresh one on demand', async () => {
    const { dialer, listener, connection } = await gatePair();
    const address = listener.addresses()[0] as string;
    expect((await dialer.dial(address)).remote.connectionId).toBe(connection.remote.connectionId);
    const fresh = await dialer.dial(address, { fresh: true });
    expect(fresh.remote.connectionId).not.toBe(connection.remote.connectionId);
    expect(dialer.connections()).toHaveLength(2);
  });

  it('serves many dials at once, also to one peer', async () => {
    const listener = await startNode({ listen: [TCP, WS] });
    listener.onGate(async (stream) => stream.send(await stream.receive()));
    const dialers = await Promise.all(Array.from({ length: 6 }, () => startNode({ listen: [] })));
    const echoes = dialers.map(async (dialer, i) => {
      for (const [j, address] of listener.addresses().entries()) {
        const connection = await dialer.dial({ peerId: listener.peerId, addrs: [address] }, { fresh: true });
        const stream = await dialer.openGate(connection);
        await stream.send(Uint8Array.of(i, j));
        expect(await stream.receive()).toEqual(Uint8Array.of(i, j));
      }
    });
    await Promise.all(echoes);
    expect(listener.connections()).toHaveLength(12);
  });

  it('tells of a disconnect once on each side', async () => {
    const { dialer, listener, connection, remote } = await gatePair();
    const gone: RemotePeer[] = [];
    const both = Promise.withResolvers<void>();
    const seen = (peer: RemotePeer): void => {
      if (gone.push(peer) === 2) both.resolve();
    };
    dialer.onDisconnect(seen);
    listener.onDisconnect(seen);
    const stop = listener.onDisconnect(() => expect.unreachable());
    stop();
    expect(connection.isOpen).toBe(true);
    await connection.close();
    await both.promise;
    expect(gone.map((peer) => peer.connectionId).toSorted()).toEqual(
      [connection.remote.connectionId, remote.connectionId].toSorted(),
    );
    expect(connection.isOpen).toBe(false);
    expect(await codeOf(dialer.openGate(connection))).toBe('CLOSED');
    await connection.close();
  });

  it('closes twice, and refuses work afterwards', async () => {
    const { dialer, listener, connection, outbound } = await gatePair();
    const receiving = codeOf(outbound.receive());
    await Promise.all([dialer.close(), dialer.close()]);
    expect(await receiving).toBe('STREAM_CLOSED');
    expect(await codeOf(dialer.dial(listener.addresses()[0] as string))).toBe('CLOSED');
    expect(await codeOf(dialer.openGate(connection))).toBe('CLOSED');
  });
});

describe('dialling', () => {
  it('notices that another peer answers', async () => {
    const [listener, dialer, third] = [await startNode(), await startNode(), await startNode()];
    const address = (listener.addresses()[0] as string).replace(listener.peerId, third.peerId);
    expect(await codeOf(dialer.dial(address))).toBe('PEER_MISMATCH');
    expect(dialer.connections()).toHaveLength(0);
  });

  it('tries all addresses of a peer', async () => {
    const [listener, dialer] = [await startNode(), await startNode()];
    const dead = `/ip4/127.0.0.1/tcp/1`;
    const foreign = '/ip4/127.0.0.1/udp/4001/quic-v1';
    const addrs = [dead, foreign, ...listener.addresses()];
    expect((await dialer.dial({ peerId: listener.peerId, addrs })).remote.peerId).toBe(listener.peerId);
  });

  it('says what is wrong', async () => {
    const dialer = await startNode();
    const { peerId } = await startNode();
    expect(await codeOf(dialer.dial({ peerId, addrs: ['/ip4/127.0.0.1/tcp/1'] }))).toBe('UNREACHABLE');
    expect(await codeOf(dialer.dial(dialer.addresses()[0] as string))).toBe('BAD_ADDRESS');
    expect(await codeOf(dialer.dial('/ip4/127.0.0.1/tcp/1'))).toBe('BAD_ADDRESS');
    for (const foreign of [
      '/ip4/127.0.0.1/tcp/1/tls/ws',
      '/ip4/127.0.0.1/udp/1/quic-v1',
      '/ip4/1.2.3.4/tcp/1/wss',
    ]) {
      expect(await codeOf(dialer.dial(`${foreign}/p2p/${peerId}`))).toBe('DENIED');
    }
  });

  it('gives up on a listener that says nothing, or when told to', async () => {
    const silent = net.createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const sockets: net.Socket[] = [];
    silent.on('connection', (socket) => sockets.push(socket.on('error', () => {})));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { peerId } = await startNode();
    const target = { peerId, addrs: [`/ip4/127.0.0.1/tcp/${(silent.address() as net.AddressInfo).port}`] };
    const impatient = await startNode({ limits: { dialTimeoutMs: 100 } });
    expect(await codeOf(impatient.dial(target))).toBe('TIMEOUT');
    const patient = await startNode();
    const controller = new AbortController();
    const dialling = codeOf(patient.dial(target, { signal: controller.signal }));
    controller.abort();
    expect(await dialling).toBe('ABORTED');
    expect(await codeOf(patient.dial(target, { signal: AbortSignal.abort() }))).toBe('ABORTED');
  });

  it('is not harmed by garbage instead of a handshake', async () => {
    const listener = await startNode({ listen: [TCP, WS] });
    for (const address of listener.addresses()) {
      for (const garbage of [
        randomBytes(5_000),
        Buffer.from('GET / HTTP/1.1\r\n\r\n'),
        Buffer.of(0),
        Buffer.alloc(0),
      ]) {
        const { port } = new URL(`http://${address.split('/')[2]}:${address.split('/')[4]}`);
        const socket = net.connect(Number(port), '127.0.0.1').on('error', () => {});
        await new Promise((resolve) => socket.once('connect', resolve));
        socket.end(garbage);
        socket.resume();
        if (garbage.length > 1) await new Promise((resolve) => socket.once('close', resolve));
        else socket.destroy();
      }
    }
    const dialer = await startNode({ listen: [] });
    for (const address of listener.addresses()) {
      expect((await dialer.dial(address, { fresh: true })).isOpen).toBe(true);
    }
  });
});

describe('Noise alone', () => {
  const foreign: readonly [string, EncrypterFactory][] = [
    ['TLS', tls() as unknown as EncrypterFactory],
    ['plaintext', plaintext() as unknown as EncrypterFactory],
  ];

  it.each(foreign)('refuses a peer that speaks %s only, both ways', async (_name, encrypter) => {
    const ours = await startNode();
    const stranger = await startStranger({ encrypters: [encrypter] });
    const address = stranger.getMultiaddrs()[0]?.toString() as string;
    expect(await codeOf(ours.dial(address))).toBe('NOT_NOISE');
    await expect(stranger.dial(multiaddr(ours.addresses()[0]))).rejects.toThrow('could not negotiate /');
    expect(ours.connections()).toHaveLength(0);
  });

  it('chooses Noise with a peer that prefers something else', async () => {
    const ours = await startNode();
    ours.onGate(async (stream) => stream.send(await stream.receive()));
    const stranger = await startStranger({
      encrypters: [...foreign.map(([, factory]) => factory), noise() as never],
    });
    const connection = await ours.dial(stranger.getMultiaddrs()[0]?.toString() as string);
    expect(connection.remote.encryption).toBe('/noise');
    expect((await stranger.dial(multiaddr(ours.addresses()[0]), { force: true })).encryption).toBe('/noise');
  });

  it('asserts it on every connection', () => {
    expect(isNoise({ encryption: '/noise' })).toBe(true);
    for (const encryption of ['/tls/1.0.0', '/plaintext/2.0.0', 'native', '', undefined]) {
      expect(isNoise({ encryption } as never)).toBe(false);
    }
  });

  it('does not tell strangers what it is (no identify, no ping)', async () => {
    const ours = await startNode();
    const stranger = await startStranger();
    const connection = await stranger.dial(multiaddr(ours.addresses()[0]));
    for (const protocol of ['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0', '/wot.id/gate/2']) {
      await expect(connection.newStream(protocol)).rejects.toThrow('could not negotiate');
    }
  });
});

describe('settings', () => {
  const peerKeySeed = new Uint8Array(32);

  it.each([
    ['/ip4/127.0.0.1/tcp/0/tls/ws', 'DENIED'],
    ['/ip4/127.0.0.1/tcp/0/wss', 'DENIED'],
    ['/ip4/127.0.0.1/udp/0/quic-v1', 'DENIED'],
    ['/ip4/127.0.0.1/udp/0/webrtc-direct', 'DENIED'],
    ['nonsense', 'BAD_ADDRESS'],
    ['/ip4/192.0.2.1/tcp/0', 'CANNOT_LISTEN'],
  ])('does not listen on %s: %s', async (address, code) => {
    expect(await codeOf(createTransport({ peerKeySeed, listen: [address] }))).toBe(code);
  });

  it('says that a port is taken', async () => {
    const first = await startNode();
    const taken = (first.addresses()[0] as string).replace(/\/p2p\/.*/, '');
    expect(await codeOf(createTransport({ peerKeySeed, listen: [taken] }))).toBe('CANNOT_LISTEN');
  });

  it('refuses bad seeds and limits', async () => {
    expect(await codeOf(createTransport({ peerKeySeed: new Uint8Array(31) }))).toBe('BAD_SETTING');
    for (const maxConnections of [0, -1, 1.5, Infinity, NaN]) {
      expect(await codeOf(createTransport({ peerKeySeed, limits: { maxConnections } }))).toBe('BAD_SETTING');
    }
  });

  it('announces what it is told to', async () => {
    const node = await startNode({ announce: ['/dns4/example.org/tcp/4001'] });
    expect(node.addresses()).toEqual([`/dns4/example.org/tcp/4001/p2p/${node.peerId}`]);
  });
});

describe('admission', () => {
  it('resets message streams until the owner admits the connection', async () => {
    const gated = new Set<string>();
    const asked: RemotePeer[] = [];
    const listener = await startNode({
      admitMessages: (remote) => {
        asked.push(remote);
        return gated.has(remote.connectionId);
      },
    });
    let handled = 0;
    listener.onMessages(async (stream) => {
      handled++;
      await stream.send(hello);
    });
    listener.onGate((_stream, remote) => {
      gated.add(remote.connectionId);
    });
    const dialer = await startNode({ listen: [] });
    const connection = await dialer.dial(listener.addresses()[0] as string);
    const refused = await dialer.openMessages(connection);
    expect(await codeOf(refused.receive())).toBe('STREAM_CLOSED');
    expect(await refused.closed).toEqual({ reset: true });
    expect(asked[0]?.peerId).toBe(dialer.peerId);
    expect(handled).toBe(0);
    const gate = await dialer.openGate(connection);
    expect(await codeOf(gate.receive())).toBe('STREAM_CLOSED');
    expect(await (await dialer.openMessages(connection)).receive()).toEqual(hello);
  });

  it('refuses messages when nobody decides, streams without a handler, and gates on demand', async () => {
    const listener = await startNode({ admitGate: () => false });
    const dialer = await startNode({ listen: [] });
    listener.onMessages((stream) => stream.send(hello));
    listener.onGate((stream) => stream.send(hello));
    const connection = await dialer.dial(listener.addresses()[0] as string);
    for (const stream of [await dialer.openMessages(connection), await dialer.openGate(connection)]) {
      expect(await codeOf(stream.receive())).toBe('STREAM_CLOSED');
    }
    const [back] = listener.connections();
    const unhandled = await listener.openGate(back as NonNullable<typeof back>);
    expect(await codeOf(unhandled.receive())).toBe('STREAM_CLOSED');
    expect(connection.isOpen).toBe(true);
  });

  it('allows one gate stream per connection, and another one after it', async () => {
    const { dialer, connection, outbound, inbound } = await gatePair();
    const second = await dialer.openGate(connection);
    expect(await codeOf(second.receive())).toBe('STREAM_CLOSED');
    inbound.abort('enough');
    await outbound.closed;
    const third = await dialer.openGate(connection);
    await third.send(hello);
    expect(await codeOf(third.receive({ timeoutMs: 50 }))).toBe('TIMEOUT');
  });

  it('limits connections by number, and by rate per host', async () => {
    const few = await startNode({ limits: { maxConnections: 2 } });
    const slow = await startNode({ limits: { maxInboundPerSecondPerHost: 3 } });
    for (const [listener, allowed] of [
      [few, 2],
      [slow, 3],
    ] as const) {
      const dialers = await Promise.all(Array.from({ length: 5 }, () => startNode({ listen: [] })));
      const codes = await Promise.all(
        dialers.map((dialer) => codeOf(dialer.dial(listener.addresses()[0] as string))),
      );
      expect(codes.filter((code) => code === 'no error').length).toBeLessThanOrEqual(allowed);
      expect(listener.connections().length).toBeGreaterThan(0);
      expect(listener.connections().length).toBeLessThanOrEqual(allowed);
    }
  });

  it('keeps places for others when one network holds connections without an admission', async () => {
    const admitted = new Set<string>();
    const listener = await startNode({
      limits: { maxStrangersPerNetwork: 2 },
      admitMessages: ({ peerId }) => admitted.has(peerId),
    });
    const dialers = await Promise.all(Array.from({ length: 4 }, () => startNode({ listen: [] })));
    const address = listener.addresses()[0] as string;
    for (const dialer of dialers) {
      // One too many is closed just after its handshake, which its dialer may or may not have ended by then.
      await codeOf(dialer.dial(address));
    }
    await vi.waitFor(() => expect(listener.connections()).toHaveLength(2));
    for (const { remote } of listener.connections()) admitted.add(remote.peerId);
    const friend = await startNode({ listen: [] });
    admitted.add(friend.peerId);
    await friend.dial(address);
    await vi.waitFor(() => expect(listener.connections()).toHaveLength(3));
  });

  it('resets the stream of a handler that throws, and lives', async () => {
    const listener = await startNode();
    listener.onGate(() => {
      throw new Error('a bug');
    });
    const dialer = await startNode({ listen: [] });
    const connection = await dialer.dial(listener.addresses()[0] as string);
    const stream = await dialer.openGate(connection);
    expect(await codeOf(stream.receive())).toBe('STREAM_CLOSED');
    expect(await stream.closed).toEqual({ reset: true });
    expect(connection.isOpen).toBe(true);
  });

  it('says when the peer does not speak the protocol', async () => {
    const stranger = await startStranger();
    const dialer = await startNode();
    const connection = await dialer.dial(stranger.getMultiaddrs()[0]?.toString() as string);
    expect(await codeOf(dialer.openGate(connection))).toBe('UNSUPPORTED_PROTOCOL');
    expect(await codeOf(dialer.openGate(connection, { signal: AbortSignal.abort() }))).toBe('ABORTED');
  });
});

describe('tap', () => {
  it('sees gate frames alone, in clear, as copies', async () => {
    const seen: TapEvent[] = [];
    const { outbound, inbound, dialer, connection, listener } = await gatePair({
      listener: { admitMessages: () => true, tap: (event) => seen.push(event) },
    });
    await outbound.send(hello);
    const got = await inbound.receive();
    got.fill(0);
    const answer = Uint8Array.of(1, 2, 3);
    await inbound.send(answer);
    answer.fill(0);
    await outbound.receive();
    listener.onMessages(async (stream) => stream.send(await stream.receive()));
    const messages = await dialer.openMessages(connection);
    await messages.send(Uint8Array.of(9));
    await messages.receive();
    expect(seen.map(({ direction, protocol, bytes }) => [direction, protocol, bytes.toHex()])).toEqual([
      ['received', GATE_PROTOCOL, hello.toHex()],
      ['sent', GATE_PROTOCOL, '010203'],
    ]);
    expect(MESSAGE_PROTOCOL).not.toBe(GATE_PROTOCOL);
  });
});
