/**
 * The agent's node: started when it is to listen or first needed, and its connections on which nobody has opened a gate
 * closed. It knows nothing of gates and links but whether a connection has one.
 */
import { silentLogger, type Logger } from '@wotid/core';
import { wipe } from '@wotid/crypto';
import { createTransport, type StreamHandler, type Transport } from '@wotid/transport';
import { AgentError } from './errors.ts';

export interface NodeHostInit {
  /** 32-byte Ed25519 seed; copied. */
  readonly peerKeySeed: Uint8Array;
  readonly dialTimeoutMs: number;
  /** An inbound connection without a gate is closed after this time; default 60,000. */
  readonly gatelessMs?: number | undefined;
  readonly logger?: Logger | undefined;
  readonly onGate: StreamHandler;
  readonly onMessages: StreamHandler;
  readonly onDisconnect: (connectionId: string) => void;
  /** Whether a connection has a link. */
  readonly hasLink: (connectionId: string) => boolean;
  /** Whether a gate runs on a connection. */
  readonly hasGate: (connectionId: string) => boolean;
}

/** Strangers get this long to open a gate: a round trip. Connections are limited, and others wait for the place. */
const defaultGatelessMs = 60_000;

export class NodeHost {
  readonly #init: NodeHostInit;
  readonly #log: Logger;
  readonly #peerKeySeed: Uint8Array;
  /** When an inbound connection without a gate was first seen, by its id. */
  readonly #gatelessSince = new Map<string, number>();
  #sweepTimer: NodeJS.Timeout | undefined;
  #starting: Promise<Transport> | undefined;
  #transport: Transport | undefined;
  #listen: readonly string[] = [];
  #isClosed = false;

  constructor(init: NodeHostInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
    this.#peerKeySeed = init.peerKeySeed.slice();
  }

  /** Multiaddrs; none before the node was started. */
  addresses(): string[] {
    return this.#transport?.addresses() ?? [];
  }

  /**
   * Starts the node where others reach it. With no address nothing starts yet: the first connection that we open does it.
   * @throws AgentError `CLOSED`; TransportError
   */
  async listen(addresses: readonly string[]): Promise<void> {
    this.#listen = addresses;
    if (addresses.length > 0) await this.transport();
  }

  /** The node, started by the first call. @throws AgentError `CLOSED`; TransportError */
  transport(): Promise<Transport> {
    this.assertOpen();
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** @throws AgentError `CLOSED` */
  assertOpen(): void {
    if (!this.#isClosed) return;
    throw new AgentError('CLOSED', 'the agent has been closed', { hint: 'Open it again.' });
  }

  /** Refuses new connections from now on. */
  stop(): void {
    this.#isClosed = true;
    clearInterval(this.#sweepTimer);
  }

  /** Ends the node. Never rejects. */
  async close(): Promise<void> {
    this.stop();
    await this.#starting?.catch(() => {});
    clearInterval(this.#sweepTimer);
    await this.#transport?.close();
    wipe(this.#peerKeySeed);
  }

  async #start(): Promise<Transport> {
    const { dialTimeoutMs, logger, hasLink, gatelessMs = defaultGatelessMs } = this.#init;
    const transport = await createTransport({
      peerKeySeed: this.#peerKeySeed,
      listen: this.#listen,
      limits: { dialTimeoutMs },
      ...(logger === undefined ? {} : { logger }),
      // One gate a connection: a second one would end the link of the first.
      admitGate: ({ connectionId }) => !hasLink(connectionId),
      admitMessages: ({ connectionId }) => hasLink(connectionId),
    });
    this.#transport = transport;
    transport.onGate(this.#init.onGate);
    transport.onMessages(this.#init.onMessages);
    transport.onDisconnect(({ connectionId }) => {
      this.#gatelessSince.delete(connectionId);
      this.#init.onDisconnect(connectionId);
    });
    this.#sweepTimer = setInterval(() => this.#closeGateless(transport, gatelessMs), gatelessMs / 4).unref();
    return transport;
  }

  #closeGateless(transport: Transport, gatelessMs: number): void {
    const { hasLink, hasGate } = this.#init;
    const now = performance.now();
    for (const connection of transport.connections()) {
      const { connectionId, direction, peerId } = connection.remote;
      if (direction === 'outbound' || hasLink(connectionId) || hasGate(connectionId)) {
        this.#gatelessSince.delete(connectionId);
        continue;
      }
      const since = this.#gatelessSince.get(connectionId) ?? now;
      this.#gatelessSince.set(connectionId, since);
      if (now - since < gatelessMs) continue;
      this.#log.info('link.no-gate', { peerId });
      void connection.close();
    }
  }
}
