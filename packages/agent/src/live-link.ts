/**
 * One connection whose gate both sides have passed, and its message stream. Knows envelopes as bytes only.
 *
 * The gate's initiator opens the one message stream, both sides use it in both directions; a second one replaces a
 * broken first. An envelope is one frame.
 */
import { errorText, silentLogger, type Logger } from '@wotid/core';
import type { PeerIdentity } from '@wotid/session';
import { TransportError, type FrameStream, type PeerConnection } from '@wotid/transport';

/** Time for the gate's initiator to open the message stream after the gate; a round trip and scheduling. */
const streamTimeoutMs = 5_000;

export interface LiveLinkInit {
  readonly peer: PeerIdentity;
  readonly sid: Uint8Array;
  readonly connection: PeerConnection;
  /** Opens an envelope, one at a time; what it throws is the peer's fault, is counted, and ends the link when it goes on. */
  readonly onEnvelope: (envelope: Uint8Array) => void | Promise<void>;
  readonly onClosed: () => void;
  readonly logger?: Logger;
}

/** Envelopes in a row that do not open before the link ends: late copies happen, a stream of garbage does not. */
const maxBadEnvelopes = 16;

export class LiveLink {
  readonly peer: PeerIdentity;
  readonly sid: Uint8Array;
  readonly connection: PeerConnection;
  readonly #init: LiveLinkInit;
  readonly #log: Logger;
  readonly #ready = Promise.withResolvers<FrameStream>();
  readonly #endListeners = new Set<() => void>();
  #sending: Promise<void> = Promise.resolve();
  #stream: FrameStream | undefined;
  #badEnvelopes = 0;
  #isClosed = false;

  constructor(init: LiveLinkInit) {
    this.peer = init.peer;
    this.sid = init.sid;
    this.connection = init.connection;
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
    this.#ready.promise.catch(() => {});
  }

  /** Calls `listener` once, when the link ends; at once when it has. Returns how to stop. */
  onEnd(listener: () => void): () => void {
    if (!this.isOpen) {
      listener();
      return () => {};
    }
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.connection.isOpen;
  }

  /** Takes the message stream and reads it until it ends. A later stream replaces an earlier one. */
  async serve(stream: FrameStream): Promise<void> {
    const previous = this.#stream;
    this.#stream = stream;
    previous?.abort('replaced by a newer stream');
    this.#ready.resolve(stream);
    try {
      for (;;) await this.#accept(await stream.receive());
    } catch (error) {
      if (this.#stream !== stream) return;
      const isOrderly = error instanceof TransportError && error.code === 'STREAM_CLOSED';
      if (!isOrderly) this.#log.info('link.ended', { reason: errorText(error) });
      await this.close();
    }
  }

  /**
   * Sends one envelope, after those before it: a burst waits here instead of overflowing the stream.
   * @throws TransportError when the stream does not come up, is closed, or the peer takes nothing
   */
  send(envelope: Uint8Array): Promise<void> {
    const turn = this.#sending.then(async () => {
      const stream = this.#stream ?? (await this.#streamInTime());
      await stream.send(envelope);
    });
    this.#sending = turn.catch(() => {});
    return turn;
  }

  /** Ends the link with its connection. Idempotent; never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ready.reject(new TransportError('STREAM_CLOSED', 'the link is closed'));
    for (const listener of this.#endListeners) listener();
    this.#endListeners.clear();
    this.#init.onClosed();
    await this.connection.close();
  }

  async #accept(envelope: Uint8Array): Promise<void> {
    try {
      await this.#init.onEnvelope(envelope);
      this.#badEnvelopes = 0;
    } catch (error) {
      this.#badEnvelopes += 1;
      this.#log.info('link.bad-envelope', { reason: errorText(error), inARow: this.#badEnvelopes });
      if (this.#badEnvelopes >= maxBadEnvelopes) throw error;
    }
  }

  async #streamInTime(): Promise<FrameStream> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new TransportError('TIMEOUT', `no message stream within ${streamTimeoutMs} ms`)),
      streamTimeoutMs,
    );
    try {
      return await Promise.race([this.#ready.promise, promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
