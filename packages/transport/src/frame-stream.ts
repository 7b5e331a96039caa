/**
 * Opaque frames over one libp2p stream, bounded in size, memory and time. Knows no protocol: gate and message
 * streams differ in their limits only.
 *
 * Memory per stream: at most one announced frame or `READ_AHEAD_BYTES` held here, plus one flow-control window in the
 * multiplexer while the peer is paused; sending holds at most `maxQueuedSendBytes`.
 */
import type { Stream, StreamMessageEvent } from '@libp2p/interface';
import { TransportError } from './errors.ts';
import { encodeFrame, FrameBuffer, tooLarge } from './frame-buffer.ts';
import { READ_AHEAD_BYTES } from './limits.ts';

/** Settings of a {@link FrameStream}. */
export interface FrameStreamInit {
  readonly maxFrameBytes: number;
  readonly maxQueuedSendBytes: number;
  readonly frameTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly closeLingerMs: number;
  readonly idleTimeoutMs: number;
  /** Sees every frame, before encryption; it gets copies. */
  readonly tap?: ((direction: 'sent' | 'received', frame: Uint8Array) => void) | undefined;
}

/** Settings of {@link FrameStream.receive}. */
export interface ReceiveOptions {
  /** Largest frame accepted now; default and ceiling is the stream's own limit. */
  readonly maxBytes?: number;
  /** Rejects with `TIMEOUT` after this many milliseconds; the stream stays usable and no byte is lost. */
  readonly timeoutMs?: number;
  /** Rejects with `ABORTED`; the stream stays usable and no byte is lost. */
  readonly signal?: AbortSignal;
}

/** How a stream ended. */
export interface StreamEnd {
  /** True when either side reset it or the connection broke; false after both halves were closed. */
  readonly reset: boolean;
}

/** A two-way stream of frames; made by the transport. */
export class FrameStream {
  /** Resolves, never rejects, when neither direction can carry anything more. */
  readonly closed: Promise<StreamEnd>;

  readonly #stream: Stream;
  readonly #init: FrameStreamInit;
  readonly #received = new FrameBuffer();
  readonly #idleTimer: NodeJS.Timeout;
  #frameTimer: NodeJS.Timeout | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  #receiving = false;
  #neededBytes = 1;
  #wake: (() => void) | undefined;
  #remoteEnded = false;
  #end: StreamEnd | undefined;
  #readError: TransportError | undefined;
  #abortError: TransportError | undefined;
  #queuedBytes = 0;
  #sending: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(stream: Stream, init: FrameStreamInit) {
    this.#stream = stream;
    this.#init = init;
    this.#idleTimer = setTimeout(
      () =>
        this.#fail(
          new TransportError('TIMEOUT', `nothing happened on the stream for ${init.idleTimeoutMs} ms`),
        ),
      init.idleTimeoutMs,
    ).unref();
    this.closed = new Promise((resolve) => {
      const onClose = (): void => {
        this.#end = { reset: stream.status !== 'closed' };
        this.#remoteEnded = true;
        clearTimeout(this.#idleTimer);
        clearTimeout(this.#lingerTimer);
        this.#wakeReader();
        resolve(this.#end);
      };
      stream.addEventListener('close', onClose);
      if (stream.status !== 'open' && stream.status !== 'closing') onClose();
    });
    stream.addEventListener('remoteCloseWrite', () => {
      this.#remoteEnded = true;
      this.#wakeReader();
    });
    stream.addEventListener('message', (event) => this.#onBytes(event.data));
    this.#remoteEnded ||= stream.remoteWriteStatus === 'closed';
  }

  /** False once nothing can be sent any more. */
  get isWritable(): boolean {
    return (
      this.#closing === undefined && this.#abortError === undefined && this.#stream.writeStatus === 'writable'
    );
  }

  /**
   * Sends one frame; resolves when all its bytes were given to the connection, which waits for a slow peer. `frame` is
   * copied at once: the caller may wipe it as soon as the call returns. Frames arrive in the order of the calls. A
   * resolved promise does not mean that the peer has read it.
   * @param options.signal stops waiting with `ABORTED`; a frame that was begun is still sent whole
   * @throws TransportError `FRAME_TOO_LARGE` or `OVERLOADED` (nothing sent, stream usable), `STREAM_CLOSED`,
   *   `TIMEOUT` (the peer took nothing for `sendTimeoutMs`; the stream is reset), `ABORTED`
   */
  async send(frame: Uint8Array, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (frame.length > this.#init.maxFrameBytes) throw tooLarge(frame.length, this.#init.maxFrameBytes);
    const bytes = encodeFrame(frame);
    if (this.#queuedBytes + bytes.length > this.#init.maxQueuedSendBytes) {
      throw new TransportError(
        'OVERLOADED',
        `${this.#queuedBytes} bytes already wait to be sent to a slow peer`,
        {
          hint: 'await send() before sending more',
          data: { queuedBytes: this.#queuedBytes, maxQueuedBytes: this.#init.maxQueuedSendBytes },
        },
      );
    }
    if (!this.isWritable) throw this.#abortError ?? this.#closedError('the stream is closed for sending');
    this.#queuedBytes += bytes.length;
    const turn = this.#sending
      .then(() => {
        options.signal?.throwIfAborted();
        return this.#write(bytes, frame.length);
      })
      .finally(() => {
        this.#queuedBytes -= bytes.length;
      });
    this.#sending = turn.catch(() => {});
    await abortable(turn, options.signal);
  }

  /**
   * The next frame, newly allocated and owned by the caller. Frames that were complete before the peer closed or
   * reset the stream are still delivered. One call at a time.
   *
   * `FRAME_TOO_LARGE` and `MALFORMED_FRAME` end reading for good, since the next frame's start is unknown; sending
   * still works, so that a refusal can be told, and the caller then closes or aborts.
   * @throws TransportError `STREAM_CLOSED`, `FRAME_TOO_LARGE`, `MALFORMED_FRAME`, `TIMEOUT`, `ABORTED`, `BUSY`
   */
  async receive(options: ReceiveOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#receiving) throw new TransportError('BUSY', 'another receive() of this stream is waiting');
    this.#receiving = true;
    let timer: NodeJS.Timeout | undefined;
    let stopped: TransportError | undefined;
    const stop = (error: TransportError): void => {
      stopped ??= error;
      this.#wakeReader();
    };
    const onAbort = (): void => stop(aborted(options.signal));
    if (options.signal?.aborted === true) onAbort();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (options.timeoutMs !== undefined) {
      const { timeoutMs } = options;
      timer = setTimeout(
        () => stop(new TransportError('TIMEOUT', `no frame within ${timeoutMs} ms`, { data: { timeoutMs } })),
        timeoutMs,
      );
    }
    try {
      for (;;) {
        const frame = this.#takeFrame(Math.min(options.maxBytes ?? Infinity, this.#init.maxFrameBytes));
        if (frame !== undefined) return frame;
        if (stopped !== undefined) throw stopped;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          this.#watchFrame();
          this.#pace();
        });
      }
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#frameTimer);
      this.#frameTimer = undefined;
      options.signal?.removeEventListener('abort', onAbort);
      this.#wake = undefined;
      this.#receiving = false;
      this.#neededBytes = 1;
      this.#pace();
    }
  }

  /**
   * Sends what was queued, then closes our half. The peer's half may go on for `closeLingerMs` and is reset after
   * that. Never rejects; idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Resets the stream at once; what was queued or unread is lost. `reason` stays here, the peer sees a reset. */
  abort(reason: string): void {
    this.#fail(
      new TransportError('STREAM_CLOSED', `the stream was aborted: ${reason}`, { data: { reset: true } }),
    );
  }

  async #close(): Promise<void> {
    await this.#sending;
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(this.#init.sendTimeoutMs) });
      if (this.#end !== undefined) return;
      this.#lingerTimer = setTimeout(
        () => this.abort('the peer keeps its half open'),
        this.#init.closeLingerMs,
      );
      this.#lingerTimer.unref();
    } catch {
      this.abort('the peer does not take the last bytes');
    }
  }

  async #write(bytes: Uint8Array<ArrayBuffer>, frameBytes: number): Promise<void> {
    if (this.#abortError !== undefined) throw this.#abortError;
    this.#init.tap?.('sent', bytes.slice(bytes.length - frameBytes));
    const stream = this.#stream;
    try {
      stream.send(bytes);
    } catch (error) {
      throw this.#closedError('the stream cannot send', error);
    }
    this.#idleTimer.refresh();
    while (stream.writableNeedsDrain || stream.writeBufferLength > 0) {
      if (this.#end !== undefined)
        throw this.#abortError ?? this.#closedError('the stream ended while sending');
      const unsent = stream.writeBufferLength;
      const progressed = await this.#sendProgress();
      if (!progressed && stream.writeBufferLength >= unsent && this.#end === undefined) {
        const error = new TransportError(
          'TIMEOUT',
          `the peer took no bytes for ${this.#init.sendTimeoutMs} ms`,
          {
            data: { unsentBytes: unsent },
          },
        );
        this.#fail(error);
        throw error;
      }
      this.#idleTimer.refresh();
    }
    if (this.#end?.reset === true) throw this.#abortError ?? this.#closedError('the stream was reset');
  }

  /** True when the connection took bytes or the stream ended, false after `sendTimeoutMs`. */
  #sendProgress(): Promise<boolean> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      const done = (result: boolean): void => {
        clearTimeout(timer);
        for (const name of ['drain', 'idle', 'close'] as const) stream.removeEventListener(name, onEvent);
        // The stream goes on sending in a microtask after 'drain'; look at its buffers only after that.
        setImmediate(resolve, result);
      };
      const onEvent = (): void => done(true);
      const timer = setTimeout(() => done(false), this.#init.sendTimeoutMs).unref();
      for (const name of ['drain', 'idle', 'close'] as const) stream.addEventListener(name, onEvent);
    });
  }

  #onBytes(data: StreamMessageEvent['data']): void {
    if (this.#readError !== undefined) return;
    this.#idleTimer.refresh();
    this.#received.push(data instanceof Uint8Array ? data : data.subarray());
    this.#pace();
    if (this.#received.length >= this.#neededBytes) this.#wakeReader();
    else this.#watchFrame();
  }

  /** Pauses the peer while more than enough is held, and lets it go on when somebody needs more. */
  #pace(): void {
    const stream = this.#stream;
    const enough = this.#receiving ? Math.max(this.#neededBytes, READ_AHEAD_BYTES) : READ_AHEAD_BYTES;
    if (this.#received.length >= enough) {
      if (stream.readStatus === 'readable') stream.pause();
    } else if (stream.readStatus === 'paused' && this.#readError === undefined) {
      try {
        stream.resume();
      } catch {
        // The window update could not be sent because the connection is gone; what was buffered came out before.
      }
    }
  }

  /** One frame, or `undefined` when it has not come yet. Throws what reading ended with. */
  #takeFrame(maxBytes: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#readError !== undefined) throw this.#readError;
    try {
      const taken = this.#received.take(maxBytes);
      if (taken instanceof Uint8Array) {
        this.#init.tap?.('received', taken.slice());
        return taken;
      }
      this.#neededBytes = taken.neededBytes;
    } catch (error) {
      this.#readError = error as TransportError;
      this.#received.clear();
      if (this.#stream.readStatus === 'readable') this.#stream.pause();
      throw error;
    }
    if (this.#abortError !== undefined) throw this.#abortError;
    if (!this.#remoteEnded) return undefined;
    this.#pace();
    if (this.#received.length >= this.#neededBytes) return this.#takeFrame(maxBytes);
    if (this.#stream.readBufferLength > 0 && this.#stream.readStatus === 'readable') return undefined;
    this.#readError = this.#closedError('the peer closed the stream');
    throw this.#readError;
  }

  /** Starts the clock for a frame that has begun and is waited for. */
  #watchFrame(): void {
    if (this.#frameTimer !== undefined || this.#received.length === 0 || !this.#receiving) return;
    const { frameTimeoutMs } = this.#init;
    this.#frameTimer = setTimeout(
      () =>
        this.#fail(
          new TransportError('TIMEOUT', `the peer did not finish a frame within ${frameTimeoutMs} ms`),
        ),
      frameTimeoutMs,
    ).unref();
  }

  #fail(error: TransportError): void {
    this.#abortError ??= error;
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#lingerTimer);
    this.#stream.abort(error);
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #closedError(message: string, cause?: unknown): TransportError {
    return new TransportError('STREAM_CLOSED', message, {
      data: { reset: this.#end?.reset ?? false, truncated: this.#received.length > 0 },
      cause,
    });
  }
}

function aborted(signal: AbortSignal | undefined): TransportError {
  return new TransportError('ABORTED', 'the operation was aborted', { cause: signal?.reason });
}

async function abortable(turn: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return turn;
  const { promise, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(aborted(signal));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([turn, promise]);
  } catch (error) {
    turn.catch(() => {});
    throw signal.aborted && !(error instanceof TransportError) ? aborted(signal) : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
