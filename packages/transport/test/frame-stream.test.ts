import { randomBytes } from 'node:crypto';
import type { Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  GATE_PROTOCOL,
  MAX_GATE_FRAME_BYTES,
  MAX_MESSAGE_FRAME_BYTES,
  MESSAGE_PROTOCOL,
  type FrameStream,
  type TransportInit,
} from '../src/index.ts';
import { encodeFrame } from '../src/frame-buffer.ts';
import { READ_AHEAD_BYTES, STREAM_WINDOW_BYTES } from '../src/limits.ts';
import { codeOf, gatePair, startNode, startStranger, TCP, WS } from './nodes.ts';

/** Our node with a stream that a stranger writes raw bytes to. */
async function rawPair(
  init: Partial<TransportInit> = {},
  protocol: string = GATE_PROTOCOL,
): Promise<{ raw: Stream; inbound: FrameStream }> {
  const ours = await startNode({ admitMessages: () => true, ...init });
  const stranger = await startStranger();
  const arrived = Promise.withResolvers<FrameStream>();
  const finished = Promise.withResolvers<void>();
  onTestFinished(() => finished.resolve());
  for (const handle of ['onGate', 'onMessages'] as const) {
    ours[handle]((stream) => {
      arrived.resolve(stream);
      return finished.promise;
    });
  }
  const connection = await stranger.dial(multiaddr(ours.addresses()[0]));
  const raw = await connection.newStream(protocol);
  return { raw, inbound: await arrived.promise };
}

describe('frames', () => {
  it.each([
    ['TCP', TCP],
    ['WebSocket', WS],
  ])('of every size arrive whole and in order over %s', async (_name, listen) => {
    const { outbound, inbound } = await gatePair({ listener: { listen: [listen] } });
    const edges = [0, 1, 127, 128, 16_383, 16_384, MAX_GATE_FRAME_BYTES - 1, MAX_GATE_FRAME_BYTES];
    const sizes = fc.array(
      fc.oneof(
        fc.constantFrom(...edges),
        fc.nat(70_000).filter((n) => n <= MAX_GATE_FRAME_BYTES),
      ),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (lengths, forward) => {
        const [from, to] = forward ? [outbound, inbound] : [inbound, outbound];
        const frames = lengths.map((length) => randomBytes(length));
        const sent = Promise.all(frames.map((frame) => from.send(frame)));
        for (const frame of frames) expect(Buffer.compare(await to.receive(), frame)).toBe(0);
        await sent;
      }),
      { numRuns: 40 },
    );
  });

  it('are copied when sent: the caller may wipe its own', async () => {
    const { outbound, inbound } = await gatePair();
    const frame = Uint8Array.of(1, 2, 3);
    const sending = outbound.send(frame);
    frame.fill(0);
    await sending;
    expect(await inbound.receive()).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('above the limit are not sent, and the stream stays usable', async () => {
    const { outbound, inbound } = await gatePair();
    expect(await codeOf(outbound.send(new Uint8Array(MAX_GATE_FRAME_BYTES + 1)))).toBe('FRAME_TOO_LARGE');
    await outbound.send(Uint8Array.of(1));
    expect(await inbound.receive()).toEqual(Uint8Array.of(1));
  });

  it('of 256 KiB fit the message protocol and one byte more does not', async () => {
    const { raw, inbound } = await rawPair({}, MESSAGE_PROTOCOL);
    const frame = randomBytes(MAX_MESSAGE_FRAME_BYTES);
    raw.send(encodeFrame(frame));
    expect(Buffer.compare(await inbound.receive(), frame)).toBe(0);
    raw.send(encodeFrame(new Uint8Array(MAX_MESSAGE_FRAME_BYTES + 1)).subarray(0, 5));
    expect(await codeOf(inbound.receive())).toBe('FRAME_TOO_LARGE');
  });

  it('above what the reader accepts now are refused by their length alone; the reader can still answer', async () => {
    const { raw, inbound } = await rawPair();
    const answer = new Promise<Uint8Array>((resolve) => {
      raw.addEventListener('message', (event) => resolve(new Uint8Array(event.data.subarray())));
    });
    raw.send(encodeFrame(new Uint8Array(4_097)).subarray(0, 2));
    expect(await codeOf(inbound.receive({ maxBytes: 4_096 }))).toBe('FRAME_TOO_LARGE');
    expect(await codeOf(inbound.receive())).toBe('FRAME_TOO_LARGE');
    await inbound.send(Uint8Array.of(4));
    expect((await answer).toHex()).toBe('0104');
  });

  it.each(['8000', 'ffffffffff', '80808080808001'])('with the garbage length %s end reading', async (hex) => {
    const { raw, inbound } = await rawPair();
    raw.send(Uint8Array.fromHex(hex));
    expect(await codeOf(inbound.receive())).toBe('MALFORMED_FRAME');
    raw.send(encodeFrame(Uint8Array.of(1)));
    expect(await codeOf(inbound.receive())).toBe('MALFORMED_FRAME');
  });

  it('survive arbitrary bytes: a frame, a typed error or a wait, never anything else', async () => {
    const ours = await startNode();
    const arrived: ((stream: FrameStream) => void)[] = [];
    ours.onGate((stream) => {
      arrived.shift()?.(stream);
      return stream.closed.then(() => {});
    });
    const stranger = await startStranger();
    const connection = await stranger.dial(multiaddr(ours.addresses()[0]));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), async (bytes) => {
        const inboundPromise = new Promise<FrameStream>((resolve) => arrived.push(resolve));
        const raw = await connection.newStream(GATE_PROTOCOL);
        const inbound = await inboundPromise;
        raw.send(bytes);
        await raw.close();
        const codes = ['MALFORMED_FRAME', 'FRAME_TOO_LARGE', 'STREAM_CLOSED'];
        for (;;) {
          try {
            expect((await inbound.receive()).length).toBeLessThan(bytes.length);
          } catch (error) {
            expect(codes).toContain((error as { code?: string }).code);
            break;
          }
        }
        inbound.abort('seen enough');
        await inbound.closed;
      }),
      { numRuns: 30 },
    );
  });
});

describe('time', () => {
  it('a reader that gives up loses nothing', async () => {
    const { outbound, inbound } = await gatePair();
    expect(await codeOf(inbound.receive({ timeoutMs: 20 }))).toBe('TIMEOUT');
    expect(await codeOf(inbound.receive({ signal: AbortSignal.abort() }))).toBe('ABORTED');
    const controller = new AbortController();
    const waiting = codeOf(inbound.receive({ signal: controller.signal }));
    expect(await codeOf(inbound.receive())).toBe('BUSY');
    controller.abort();
    expect(await waiting).toBe('ABORTED');
    await outbound.send(Uint8Array.of(5));
    expect(await inbound.receive()).toEqual(Uint8Array.of(5));
  });

  it('a peer that stalls inside a frame is cut off', async () => {
    const { raw, inbound } = await rawPair({ limits: { frameTimeoutMs: 50 } });
    raw.send(encodeFrame(new Uint8Array(100)).subarray(0, 50));
    expect(await codeOf(inbound.receive())).toBe('TIMEOUT');
    expect(await inbound.closed).toEqual({ reset: true });
  });

  it('a peer that reads nothing is cut off, and what is queued stays bounded', async () => {
    const maxQueuedSendBytes = 4 * MAX_GATE_FRAME_BYTES;
    const { raw, inbound } = await rawPair({ limits: { sendTimeoutMs: 100, maxQueuedSendBytes } });
    raw.pause();
    const frame = new Uint8Array(MAX_GATE_FRAME_BYTES);
    // The window takes about 256 KiB; after that nothing moves.
    const codes: Promise<string>[] = [];
    for (let i = 0; i < 20; i++) codes.push(codeOf(inbound.send(frame)));
    const seen = await Promise.all(codes);
    expect(seen).toContain('OVERLOADED');
    while (inbound.isWritable) seen.push(await codeOf(inbound.send(frame)));
    expect(seen).toContain('TIMEOUT');
    expect(new Set(seen)).toEqual(
      new Set(['no error', 'OVERLOADED', 'TIMEOUT', 'STREAM_CLOSED'].filter((c) => seen.includes(c))),
    );
    expect(await inbound.closed).toEqual({ reset: true });
    expect(await codeOf(inbound.send(Uint8Array.of(1)))).toBe('TIMEOUT');
  });

  it('a stream without traffic ends', async () => {
    const { outbound, inbound } = await gatePair({ listener: { limits: { gateIdleTimeoutMs: 50 } } });
    expect(await codeOf(outbound.receive())).toBe('STREAM_CLOSED');
    expect(await codeOf(inbound.receive())).toBe('TIMEOUT');
  });

  it('a peer that keeps its half open after our close is reset', async () => {
    const { raw, inbound } = await rawPair({ limits: { closeLingerMs: 50 } });
    await inbound.close();
    expect(await inbound.closed).toEqual({ reset: true });
    expect(['reset', 'closed', 'aborted']).toContain(
      await new Promise((resolve) => {
        if (raw.status !== 'open') resolve(raw.status);
        else raw.addEventListener('close', () => resolve(raw.status));
      }),
    );
  });
});

describe('backpressure', () => {
  it('a flood waits at the sender until the reader reads, and nothing is lost', async () => {
    const ours = await startNode({ admitMessages: () => true });
    const arrived = Promise.withResolvers<FrameStream>();
    ours.onMessages((stream) => {
      arrived.resolve(stream);
      return stream.closed.then(() => {});
    });
    ours.onGate(async (stream) => {
      for (;;) await stream.send(await stream.receive());
    });
    const stranger = await startStranger();
    const connection = await stranger.dial(multiaddr(ours.addresses()[0]));
    const flood = await connection.newStream(MESSAGE_PROTOCOL);
    const probe = await connection.newStream(GATE_PROTOCOL);
    const inbound = await arrived.promise;
    const frames = Array.from({ length: 60 }, (_, i) => new Uint8Array(32_000).fill(i));
    for (const frame of frames) flood.send(encodeFrame(frame));
    // Streams of a connection are served in order: after an echo all that the window allows has been delivered.
    for (let held = -1; held !== flood.writeBufferLength;) {
      held = flood.writeBufferLength;
      const echo = new Promise((resolve) => probe.addEventListener('message', resolve, { once: true }));
      probe.send(encodeFrame(Uint8Array.of(1)));
      await echo;
    }
    const delivered = 60 * 32_000 - flood.writeBufferLength;
    expect(delivered).toBeGreaterThan(0);
    expect(delivered).toBeLessThanOrEqual(READ_AHEAD_BYTES + 2 * STREAM_WINDOW_BYTES);
    for (const frame of frames) expect(Buffer.compare(await inbound.receive(), frame)).toBe(0);
    flood.abort(new Error('done'));
  });

  it('a slow reader slows our sender down instead of filling memory', async () => {
    const { outbound, inbound } = await gatePair();
    let sent = 0;
    const frame = new Uint8Array(MAX_GATE_FRAME_BYTES);
    const sending = (async () => {
      for (let i = 0; i < 40; i++) {
        await outbound.send(frame);
        sent++;
      }
    })();
    for (let received = 1; received <= 40; received++) {
      expect((await inbound.receive()).length).toBe(MAX_GATE_FRAME_BYTES);
      expect(sent - received).toBeLessThan(16);
    }
    await sending;
  });

  it('a sender that stops waiting learns it; the frame that was begun is sent whole', async () => {
    const { outbound, inbound } = await gatePair();
    const frames = Array.from({ length: 20 }, (_, i) => new Uint8Array(MAX_GATE_FRAME_BYTES).fill(i));
    const controller = new AbortController();
    const codes = frames.map((frame) => codeOf(outbound.send(frame, { signal: controller.signal })));
    const first = await inbound.receive();
    controller.abort();
    const done = await Promise.all(codes);
    expect(first).toEqual(frames[0]);
    expect(done.at(-1)).toBe('ABORTED');
    await outbound.send(Uint8Array.of(99));
    const seen: number[] = [];
    for (;;) {
      const frame = await inbound.receive();
      if (frame.length === 1) break;
      expect(new Set(frame).size).toBe(1);
      seen.push(frame[0] as number);
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.length).toBeLessThan(19);
  });
});

describe('ends', () => {
  const points: readonly (readonly [string, readonly number[], number])[] = [
    ['before anything', [], 0],
    ['inside a length', [0xac], 0],
    ['inside a frame', [3, 1], 0],
    ['after a frame', [1, 7], 1],
    ['after two frames and a half', [1, 7, 0, 5, 1], 2],
  ];

  it.each(points)('the peer closes %s', async (_where, bytes, whole) => {
    const { raw, inbound } = await rawPair();
    if (bytes.length > 0) raw.send(Uint8Array.from(bytes));
    await raw.close();
    for (let i = 0; i < whole; i++) await inbound.receive();
    await expect(inbound.receive()).rejects.toMatchObject({
      code: 'STREAM_CLOSED',
      data: { reset: false, truncated: bytes.length > (whole === 0 ? 0 : whole === 1 ? 2 : 3) },
    });
    // Our half is still open: a refusal can be told.
    await inbound.send(Uint8Array.of(1));
    await inbound.close();
    expect(await inbound.closed).toEqual({ reset: false });
    expect(await codeOf(inbound.send(Uint8Array.of(1)))).toBe('STREAM_CLOSED');
  });

  it.each(points)('the peer resets %s', async (_where, bytes, whole) => {
    const { raw, inbound } = await rawPair();
    if (bytes.length > 0) raw.send(Uint8Array.from(bytes));
    for (let i = 0; i < whole; i++) await inbound.receive();
    raw.abort(new Error('gone'));
    expect(await codeOf(inbound.receive())).toBe('STREAM_CLOSED');
    expect(await inbound.closed).toEqual({ reset: true });
    expect(await codeOf(inbound.send(Uint8Array.of(1)))).toBe('STREAM_CLOSED');
    inbound.abort('twice');
    await inbound.close();
  });

  it.each(points)('the connection breaks %s', async (_where, bytes, whole) => {
    const { outbound, inbound, connection, dialer } = await gatePair();
    // Raw bytes over our own sender: a frame stream cannot be made to stop inside a frame.
    for (let i = 0; i < whole; i++) await outbound.send(Uint8Array.of(7));
    for (let i = 0; i < whole; i++) await inbound.receive();
    const receiving = codeOf(inbound.receive());
    await (bytes.length % 2 === 0 ? connection.close() : dialer.close());
    expect(await receiving).toBe('STREAM_CLOSED');
    await inbound.closed;
    expect(await codeOf(inbound.send(Uint8Array.of(1)))).toBe('STREAM_CLOSED');
  });

  it('frames that were complete before the peer closed are delivered, even from behind a full buffer', async () => {
    const { raw, inbound } = await rawPair();
    const frames = Array.from({ length: 5 }, (_, i) => new Uint8Array(40_000).fill(i + 1));
    for (const frame of frames) raw.send(encodeFrame(frame));
    await raw.close();
    for (const frame of frames) expect(Buffer.compare(await inbound.receive(), frame)).toBe(0);
    expect(await codeOf(inbound.receive())).toBe('STREAM_CLOSED');
  });

  it('close sends what was queued', async () => {
    const { outbound, inbound } = await gatePair();
    const frames = Array.from({ length: 12 }, (_, i) => new Uint8Array(MAX_GATE_FRAME_BYTES).fill(i));
    const sending = frames.map((frame) => codeOf(outbound.send(frame)));
    const closing = outbound.close();
    expect(await codeOf(outbound.send(Uint8Array.of(1)))).toBe('STREAM_CLOSED');
    for (const frame of frames) expect(Buffer.compare(await inbound.receive(), frame)).toBe(0);
    await closing;
    expect(new Set(await Promise.all(sending))).toEqual(new Set(['no error']));
  });

  it('abort drops it', async () => {
    const { outbound, inbound } = await gatePair();
    const sending = Array.from({ length: 12 }, () =>
      codeOf(outbound.send(new Uint8Array(MAX_GATE_FRAME_BYTES))),
    );
    outbound.abort('enough');
    expect((await Promise.all(sending)).at(-1)).toBe('STREAM_CLOSED');
    expect(await codeOf(outbound.receive())).toBe('STREAM_CLOSED');
    expect(await outbound.closed).toEqual({ reset: true });
    await inbound.closed;
  });
});
