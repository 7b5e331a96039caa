/** Gates that we open: dialling, the KEM prekey to use, what to do when two gates cross, and the link that comes of it. */
import { equalBytes } from '@wotid/core';
import { gateCodes, type GateResult } from '@wotid/session';
import type { PeerConnection, Transport } from '@wotid/transport';
import type { AdmittedPeer } from './admission.ts';
import { AgentError } from './errors.ts';
import type { GateMachines } from './gate-machines.ts';
import { gateError, reportOf } from './gate-report.ts';
import { runGate, supersededBy, type GateOutcome } from './gate-runner.ts';
import { initiatorSessions, type GateSessionsInit } from './gate-sessions.ts';
import type { PublishedKem } from './home/handshake-store.ts';
import type { LinkTable } from './link-table.ts';
import type { LiveLink } from './live-link.ts';
import type { NodeHost } from './node-host.ts';
import type { PeerPrekeys } from './peer-prekeys.ts';
import type { RunningGate, RunningGates } from './running-gates.ts';
import type { ConnectReport } from './types.ts';

/** Where to find a peer. */
export interface PeerPlace {
  readonly did: string;
  readonly peerId: string;
  readonly addresses: readonly string[];
}

export interface GateOpenerInit {
  /** Our credential; `null` while we have none. */
  readonly credential: () => Uint8Array | null;
  readonly prekeys: PeerPrekeys;
  readonly node: NodeHost;
  readonly machines: GateMachines;
  readonly running: RunningGates;
  readonly sessions: GateSessionsInit;
  readonly table: LinkTable;
  readonly makeLink: (result: GateResult<AdmittedPeer>, connection: PeerConnection) => LiveLink;
}

/** Time for the peer's gate to end where two gates crossed and theirs goes on. */
const crossedGateMs = 10_000;

export class GateOpener {
  readonly #init: GateOpenerInit;

  constructor(init: GateOpenerInit) {
    this.#init = init;
  }

  /**
   * Dials a peer and passes the gate, or reports the link that came up meanwhile.
   * @param presentation shows this credential instead of ours, on a connection of its own
   * @param retried the KEM prekey of a gate that the peer could not find it for
   * @throws AgentError `NO_ROUTE`, `NO_CREDENTIAL`, `GATE_REFUSED`, `GATE_FAILED`; TransportError
   */
  async open(
    place: PeerPlace,
    presentation: Uint8Array | undefined,
    retried?: PublishedKem,
  ): Promise<ConnectReport> {
    const { node, table, prekeys } = this.#init;
    const credential = presentation ?? this.#init.credential();
    if (credential === null) {
      throw new AgentError('NO_CREDENTIAL', 'you have no Verified Human credential to show', {
        hint: 'Get one: wotid credential request OFFER.',
      });
    }
    if (place.addresses.length === 0) {
      throw new AgentError('NO_ROUTE', 'this contact’s card has no address', {
        hint: 'Ask them for a newer card.',
      });
    }
    const startedAt = performance.now();
    const transport = await node.transport();
    const [connection, known] = await Promise.all([
      transport.dial(
        { peerId: place.peerId, addrs: place.addresses },
        presentation === undefined ? {} : { fresh: true },
      ),
      retried ?? prekeys.forGate(place.did),
    ]);
    // The peer may have connected to us, and passed its gate on this very connection, while we dialled.
    const present = presentation === undefined ? table.get(place.did) : undefined;
    if (present !== undefined) return present.report;
    let link: LiveLink | undefined;
    const sessions = initiatorSessions(this.#init.sessions);
    try {
      const outcome = await this.#openGate(
        transport,
        connection,
        {
          expectedDid: place.did,
          credential,
          sessions,
          ...(known === null ? {} : { responderKemPrekey: known.kem }),
        },
        (made) => (link = made),
      );
      node.assertOpen();
      if (outcome.result === undefined || link === undefined) {
        if (outcome.refused?.code === gateCodes.GLARE) return await this.#crossed(place.did, connection);
        const latest = retried === undefined ? await this.#latestInstead(place.did, known, outcome) : null;
        if (outcome.refused === undefined) throw gateError(outcome);
        if (latest === null && !sessions.giveUpResuming()) throw gateError(outcome);
        await connection.close();
        return await this.open(place, presentation, latest ?? retried);
      }
      const messages = await transport.openMessages(connection);
      void link.serve(messages);
      return table.register(link, reportOf(outcome, connection.remote, performance.now() - startedAt));
    } catch (error) {
      const other = table.get(place.did);
      if (other?.link.connection !== connection) await (link ?? connection).close();
      // The peer's own gate may have been passed just before ours began.
      if (presentation === undefined && other !== undefined) return other.report;
      throw error;
    }
  }

  /**
   * The latest publication of a peer that does not know the KEM key of our M1, when it is another one; `null` otherwise.
   * There is no way back to a gate without: whoever sits on the peer's address could ask for it.
   */
  async #latestInstead(
    did: string,
    used: PublishedKem | null,
    { refused }: GateOutcome<AdmittedPeer>,
  ): Promise<PublishedKem | null> {
    if (used === null || refused?.code !== gateCodes.KEX || refused.by !== 'peer') return null;
    const latest = await this.#init.prekeys.refresh(did);
    return latest === null || equalBytes(latest.kem, used.kem) ? null : latest;
  }

  async #openGate(
    transport: Transport,
    connection: PeerConnection,
    ends: Parameters<GateMachines['initiator']>[1],
    onLink: (link: LiveLink) => void,
  ): Promise<GateOutcome<AdmittedPeer>> {
    const { machines, running, makeLink } = this.#init;
    const { remote } = connection;
    const stream = await transport.openGate(connection);
    const machine = machines.initiator(remote, ends);
    const gate: RunningGate = { machine, superseded: new AbortController() };
    try {
      if (running.theirsGoesOn(remote)) {
        machine.dispose();
        return { refused: supersededBy, bytesSent: 0, bytesReceived: 0 };
      }
      running.addOutbound(remote, gate);
      return await runGate({
        machine,
        stream,
        first: machine.start(),
        superseded: gate.superseded.signal,
        onPassed: (result) => onLink(makeLink(result, connection)),
      });
    } finally {
      running.removeOutbound(remote, gate);
      await stream.close();
    }
  }

  /** Our gate lost against one that the peer opened at the same time: waits for that one. */
  async #crossed(did: string, connection: PeerConnection): Promise<ConnectReport> {
    const entry = await this.#init.table.waitFor(did, crossedGateMs);
    if (entry === undefined) {
      throw new AgentError('GATE_FAILED', 'the peer opened a gate at the same time and did not finish it', {
        hint: 'Try again.',
      });
    }
    if (entry.link.connection !== connection) await connection.close();
    return entry.report;
  }
}
