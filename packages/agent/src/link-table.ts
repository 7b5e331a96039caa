/** The live links: one a peer, found by DID or by connection. It opens none. */
import { AgentError } from './errors.ts';
import type { LiveLink } from './live-link.ts';
import type { ConnectReport } from './types.ts';

/** A link and how its gate went. */
export interface LinkEntry {
  readonly link: LiveLink;
  readonly report: ConnectReport;
}

export interface LinkTableInit {
  readonly onLink: (link: LiveLink) => void;
  readonly onGone: (link: LiveLink) => void;
}

export class LinkTable {
  readonly #init: LinkTableInit;
  readonly #byDid = new Map<string, LinkEntry>();
  readonly #byConnection = new Map<string, LiveLink>();
  readonly #waiters = new Map<string, Set<() => void>>();

  constructor(init: LinkTableInit) {
    this.#init = init;
  }

  /** The open link with a peer, or `undefined`. */
  get(did: string): LinkEntry | undefined {
    const entry = this.#byDid.get(did);
    return entry?.link.isOpen === true ? entry : undefined;
  }

  /** DIDs of all peers whose gate was passed on a connection that is there. */
  dids(): string[] {
    return [...new Set(Array.from(this.#byConnection.values(), ({ peer }) => peer.block.did))];
  }

  /** Closes all links with a peer. Never rejects. */
  async closeAll(did: string): Promise<void> {
    const links = [...this.#byConnection.values()].filter(({ peer }) => peer.block.did === did);
    await Promise.all(links.map((link) => link.close()));
  }

  onConnection(connectionId: string): LiveLink | undefined {
    return this.#byConnection.get(connectionId);
  }

  /** Takes in a link whose gate was passed; its connection may carry messages from now on. */
  add(link: LiveLink): void {
    this.#byConnection.set(link.connection.remote.connectionId, link);
  }

  /**
   * Makes a link the one with its peer; an earlier one is closed.
   * @throws AgentError `GATE_FAILED` when its connection is gone already
   */
  register(link: LiveLink, report: ConnectReport): ConnectReport {
    const { did } = link.peer.block;
    if (!link.isOpen) {
      throw new AgentError('GATE_FAILED', 'the connection broke after the gate', { hint: 'Try again.' });
    }
    const previous = this.#byDid.get(did);
    const full = { ...report, sessionId: link.sid.toHex() };
    this.#byDid.set(did, { link, report: full });
    if (previous !== undefined && previous.link !== link) void previous.link.close();
    for (const wake of this.#waiters.get(did) ?? []) wake();
    this.#init.onLink(link);
    return full;
  }

  /** Forgets a link that has ended. */
  remove(link: LiveLink): void {
    const { connectionId } = link.connection.remote;
    const { did } = link.peer.block;
    if (this.#byConnection.get(connectionId) === link) this.#byConnection.delete(connectionId);
    // Otherwise a newer link has taken its place, or it never came up.
    if (this.#byDid.get(did)?.link !== link) return;
    this.#byDid.delete(did);
    this.#init.onGone(link);
  }

  /** The open link with a peer, once there is one, or `undefined` after `timeoutMs`. */
  async waitFor(did: string, timeoutMs: number): Promise<LinkEntry | undefined> {
    if (this.get(did) !== undefined) return this.get(did);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiters.get(did) ?? new Set();
    this.#waiters.set(did, waiting.add(resolve));
    const timer = setTimeout(resolve, timeoutMs);
    await promise;
    clearTimeout(timer);
    waiting.delete(resolve);
    if (waiting.size === 0) this.#waiters.delete(did);
    return this.get(did);
  }

  /** Closes all links, and lets nobody wait. Never rejects. */
  async close(): Promise<void> {
    for (const waiting of this.#waiters.values()) for (const wake of waiting) wake();
    await Promise.all(Array.from(this.#byConnection.values(), (link) => link.close()));
  }
}
