/**
 * Connections to peers: keeps one live link per peer, and wires the node to the gates that make them. Nobody's envelope
 * gets past here before both sides have passed the gate on that very connection.
 */
import type { GateResult } from '@wotid/session';
import type { PeerConnection } from '@wotid/transport';
import type { AdmittedPeer } from './admission.ts';
import { GateAnswerer, type GateAnswererInit } from './gate-answerer.ts';
import { GateMachines, type GateMachinesInit } from './gate-machines.ts';
import { GateOpener, type GateOpenerInit, type PeerPlace } from './gate-opener.ts';
import type { GateSessionsInit } from './gate-sessions.ts';
import { LinkTable, type LinkTableInit } from './link-table.ts';
import { LiveLink } from './live-link.ts';
import { NodeHost, type NodeHostInit } from './node-host.ts';
import { peerIdOf, type PeerIdForms } from './peer-id.ts';
import { RunningGates } from './running-gates.ts';
import type { ConnectReport } from './types.ts';

export interface LinksInit
  extends
    Omit<GateMachinesInit, 'contacts'>,
    LinkTableInit,
    Pick<NodeHostInit, 'peerKeySeed' | 'dialTimeoutMs' | 'gatelessMs'>,
    Pick<GateAnswererInit, 'credential' | 'gateLimits' | 'onRefused'>,
    Pick<GateOpenerInit, 'prekeys'> {
  readonly sessions: Omit<GateSessionsInit, 'provider' | 'clock' | 'ours'>;
  readonly onEnvelope: (link: LiveLink, envelope: Uint8Array) => void | Promise<void>;
}

export class Links {
  readonly #init: LinksInit;
  readonly #table: LinkTable;
  readonly #node: NodeHost;
  readonly #running: RunningGates;
  readonly #opener: GateOpener;
  readonly #connecting = new Map<string, Promise<ConnectReport>>();
  readonly #ourPeerId: PeerIdForms;

  constructor(init: LinksInit) {
    this.#init = init;
    const { provider, clock, ours, peerKeySeed, onLink, onGone, dialTimeoutMs, gatelessMs, logger } = init;
    this.#ourPeerId = peerIdOf(provider, peerKeySeed);
    const table = new LinkTable({ onLink, onGone });
    const running = new RunningGates(this.#ourPeerId.bytes);
    const gates = {
      machines: new GateMachines({ ...init, contacts: init.sessions.contacts }, this.#ourPeerId.bytes),
      sessions: { provider, clock, ours, ...init.sessions },
      running,
      table,
      makeLink: this.#makeLink.bind(this),
    };
    const answerer = new GateAnswerer({ ...init, ...gates });
    const node = new NodeHost({
      peerKeySeed,
      dialTimeoutMs,
      gatelessMs,
      logger,
      onGate: (stream, _, connection) => answerer.answer(stream, connection),
      onMessages: async (stream, { connectionId }) => table.onConnection(connectionId)?.serve(stream),
      onDisconnect: (connectionId) => void table.onConnection(connectionId)?.close(),
      hasLink: (connectionId) => table.onConnection(connectionId) !== undefined,
      hasGate: (connectionId) => running.hasInbound(connectionId),
    });
    this.#table = table;
    this.#running = running;
    this.#node = node;
    this.#opener = new GateOpener({ ...init, ...gates, node });
  }

  /** See {@link NodeHost.listen}. */
  listen(addresses: readonly string[]): Promise<void> {
    return this.#node.listen(addresses);
  }

  get peerId(): string {
    return this.#ourPeerId.text;
  }

  addresses(): string[] {
    return this.#node.addresses();
  }

  /** DIDs of all peers with a link. */
  dids(): string[] {
    return this.#table.dids();
  }

  /** Ends every link with a peer; the next one needs another gate. Never rejects. */
  async cut(did: string): Promise<void> {
    await this.#table.closeAll(did);
  }

  /** The live link with a peer, or `undefined`. */
  get(did: string): LiveLink | undefined {
    return this.#table.get(did)?.link;
  }

  /**
   * Connects to a peer and passes the gate, or reports the link that is there. Calls for one peer at the same time share
   * their gate.
   * @param presentation shows this credential instead of ours, on a connection of its own
   * @throws as {@link GateOpener.open}
   */
  async connect(place: PeerPlace, presentation?: Uint8Array): Promise<ConnectReport> {
    if (presentation !== undefined) return this.#opener.open(place, presentation);
    const present = this.#table.get(place.did);
    if (present !== undefined) return present.report;
    let connecting = this.#connecting.get(place.did);
    if (connecting === undefined) {
      connecting = this.#opener.open(place, undefined).finally(() => this.#connecting.delete(place.did));
      this.#connecting.set(place.did, connecting);
    }
    return connecting;
  }

  /** Ends all links and gates, and lets new ones come: our keys have changed. Never rejects. */
  async endAll(): Promise<void> {
    this.#running.endAll();
    await this.#table.close();
  }

  /** Ends all links and the node. Never rejects. */
  async close(): Promise<void> {
    this.#node.stop();
    await this.endAll();
    await this.#node.close();
  }

  #makeLink(result: GateResult<AdmittedPeer>, connection: PeerConnection): LiveLink {
    const { sessions, logger, onEnvelope } = this.#init;
    const session = result.resumedSid ?? sessions.keeper.active(result.did)?.sid ?? new Uint8Array(16);
    const link: LiveLink = new LiveLink({
      peer: result.peer,
      sid: session,
      connection,
      ...(logger === undefined ? {} : { logger }),
      onEnvelope: (envelope) => onEnvelope(link, envelope),
      onClosed: () => this.#table.remove(link),
    });
    this.#table.add(link);
    return link;
  }
}
