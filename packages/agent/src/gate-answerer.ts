/** Gates that peers open: who is let in at all, what ends a gate before it begins, and the link that comes of it. */
import { errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import {
  gateCodeName,
  gateCodes,
  GateLimiter,
  type GateLimits,
  type GateMachine,
  type GateResult,
  type GateTermination,
} from '@wotid/session';
import type { FrameStream, PeerConnection, RemotePeer } from '@wotid/transport';
import type { AdmittedPeer } from './admission.ts';
import type { GateMachines } from './gate-machines.ts';
import { reportOf } from './gate-report.ts';
import { runGate } from './gate-runner.ts';
import { responderSessions, type GateSessionsInit } from './gate-sessions.ts';
import type { LinkTable } from './link-table.ts';
import type { LiveLink } from './live-link.ts';
import type { RunningGates } from './running-gates.ts';
import type { GateRefusal } from './types.ts';

export interface GateAnswererInit {
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Our credential; `null` while we have none, and nobody is let in then. */
  readonly credential: () => Uint8Array | null;
  readonly gateLimits?: Partial<GateLimits>;
  readonly machines: GateMachines;
  readonly running: RunningGates;
  readonly sessions: GateSessionsInit;
  readonly table: LinkTable;
  readonly makeLink: (result: GateResult<AdmittedPeer>, connection: PeerConnection) => LiveLink;
  readonly onRefused: (refusal: GateRefusal) => void;
}

export class GateAnswerer {
  readonly #init: GateAnswererInit;
  readonly #log: Logger;
  readonly #limiter: GateLimiter;

  constructor(init: GateAnswererInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
    // Other agents of this machine share its loopback address; what they can do here they can do without us.
    this.#limiter = new GateLimiter({
      clock: init.clock,
      limits: { exemptLoopback: true, ...init.gateLimits },
    });
  }

  /** Answers one gate, to its end. */
  async answer(stream: FrameStream, connection: PeerConnection): Promise<void> {
    const { machines, running, table, makeLink } = this.#init;
    const { remote } = connection;
    const startedAt = performance.now();
    using sessions = responderSessions(this.#init.sessions);
    const credential = this.#init.credential();
    const machine = machines.responder(remote, { credential: credential ?? new Uint8Array(), sessions });
    const gate = { peerId: remote.peerId, stream, machine, superseded: new AbortController() };
    const place = this.#limiter.admit({
      peerId: remote.peerId,
      ipPrefix: remote.ipPrefix ?? undefined,
      isLoopback: remote.isLoopback,
    });
    let link: LiveLink | undefined;
    try {
      const first = this.#refuseAtOnce(machine, remote, credential === null, place.ok);
      if (!machine.hasEnded) running.addInbound(remote, gate);
      const outcome = await runGate({
        machine,
        stream,
        superseded: gate.superseded.signal,
        ...first,
        onPassed: (result) => (link = makeLink(result, connection)),
      });
      if (outcome.result !== undefined && link !== undefined) {
        table.register(link, reportOf(outcome, remote, performance.now() - startedAt));
        return;
      }
      if (outcome.refused?.by === 'us') this.#reportRefusal(remote, outcome.refused);
      else this.#log.info('gate.ended', { reason: outcome.refused?.reason ?? outcome.broken ?? '' });
      // Our own gate may run on the same connection.
      if (outcome.refused?.code === gateCodes.GLARE) return;
      void this.#dismiss(stream, link ?? connection);
    } finally {
      running.removeInbound(remote, gate);
      if (place.ok) place.release();
    }
  }

  /** Ends the connection of a peer that was refused, once it has read why: it needs the place no longer. */
  async #dismiss(stream: FrameStream, connection: { close(): Promise<void> }): Promise<void> {
    await stream.close();
    await stream.closed;
    await connection.close();
  }

  /** What ends an inbound gate before its first message is even read. */
  #refuseAtOnce(
    machine: GateMachine<AdmittedPeer>,
    remote: RemotePeer,
    isWithoutCredential: boolean,
    isAdmitted: boolean,
  ): { readonly first?: ReturnType<GateMachine<AdmittedPeer>['abort']> } {
    if (!isAdmitted) return { first: machine.abort(gateCodes.RATE, 'too many gates') };
    if (isWithoutCredential) return { first: machine.abort(gateCodes.POLICY, 'we have no credential yet') };
    return this.#init.running.oursGoesOn(remote) ? { first: machine.abort(gateCodes.GLARE) } : {};
  }

  #reportRefusal({ peerId }: RemotePeer, refused: GateTermination): void {
    const { code, wireCode, reason, cause } = refused;
    this.#init.onRefused({ direction: 'inbound', peerId, code, name: gateCodeName(code), wireCode, reason });
    if (code === gateCodes.POLICY && cause !== undefined) {
      this.#log.error('gate.failed', { error: errorText(cause) });
    }
  }
}
