/**
 * Connections to peers: dials, opens and answers gates, keeps one live link per peer. Nobody's envelope gets past here
 * before both sides have passed the gate on that very connection.
 */
import { errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import {
  createGateInitiator,
  createGateResponder,
  gateCodeName,
  gateCodes,
  GateLimiter,
  isGateCode,
  survivingGate,
  type GateMachine,
  type GateObservation as MachineObservation,
  type GateResult,
  type GateTermination,
  type OwnIdentity,
  type PeerVerdict,
  type VerifyPeer,
} from '@wotid/session';
import {
  createTransport,
  type FrameStream,
  type PeerConnection,
  type RemotePeer,
  type Transport,
} from '@wotid/transport';
import type { AdmittedPeer, Admission } from './admission.ts';
import { AgentError } from './errors.ts';
import { runGate, type GateOutcome } from './gate-runner.ts';
import { initiatorSessions, responderSessions, type GateSessionsInit } from './gate-sessions.ts';
import { LiveLink } from './live-link.ts';
import type { ConnectReport, GateRefusal } from './types.ts';

/** A gate message before encryption, with the peer it went to or came from: for audits. */
export interface GateObservation extends MachineObservation {
  readonly peerId: string;
}

export interface LinksInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly ours: OwnIdentity;
  /** Our credential; `null` while we have none, and nobody is let in then. */
  readonly credential: () => Uint8Array | null;
  readonly admission: Admission;
  readonly sessions: Omit<GateSessionsInit, 'provider' | 'clock' | 'ours'>;
  readonly peerKeySeed: Uint8Array;
  readonly listen: readonly string[];
  readonly dialTimeoutMs: number;
  readonly observeGate?: (observation: GateObservation) => void;
  readonly onEnvelope: (link: LiveLink, envelope: Uint8Array) => void;
  readonly onLink: (link: LiveLink) => void;
  readonly onGone: (link: LiveLink) => void;
  readonly onRefused: (refusal: GateRefusal) => void;
}

/** Where to find a peer. */
export interface PeerPlace {
  readonly did: string;
  readonly peerId: string;
  readonly addresses: readonly string[];
}

/** Time for the peer's gate to end where two gates crossed and theirs goes on. */
const crossedGateMs = 10_000;

export class Links {
  readonly #init: LinksInit;
  readonly #log: Logger;
  readonly #limiter: GateLimiter;
  readonly #byDid = new Map<string, { readonly link: LiveLink; readonly report: ConnectReport }>();
  readonly #byConnection = new Map<string, LiveLink>();
  readonly #connecting = new Map<string, Promise<ConnectReport>>();
  /** Gates that we have opened and that run, by PeerId. */
  readonly #outbound = new Map<string, GateMachine<AdmittedPeer>>();
  readonly #waiters = new Map<string, Set<() => void>>();
  #transport!: Transport;

  private constructor(init: LinksInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
    // Other agents of this machine share its loopback address; what they can do here they can do without us.
    this.#limiter = new GateLimiter({ clock: init.clock, limits: { exemptLoopback: true } });
  }

  /** Starts the node. @throws TransportError */
  static async start(init: LinksInit): Promise<Links> {
    const links = new Links(init);
    links.#transport = await createTransport({
      peerKeySeed: init.peerKeySeed,
      listen: init.listen,
      limits: { dialTimeoutMs: init.dialTimeoutMs },
      ...(init.logger === undefined ? {} : { logger: init.logger }),
      admitMessages: (remote) => links.#byConnection.has(remote.connectionId),
    });
    links.#transport.onGate((stream, remote, connection) => links.#answer(stream, remote, connection));
    links.#transport.onMessages(async (stream, remote) => {
      await links.#byConnection.get(remote.connectionId)?.serve(stream);
    });
    links.#transport.onDisconnect((remote) => void links.#byConnection.get(remote.connectionId)?.close());
    return links;
  }

  get peerId(): string {
    return this.#transport.peerId;
  }

  addresses(): string[] {
    return this.#transport.addresses();
  }

  /** The live link with a peer, or `undefined`. */
  get(did: string): LiveLink | undefined {
    const entry = this.#byDid.get(did);
    return entry?.link.isOpen === true ? entry.link : undefined;
  }

  /**
   * Connects to a peer and passes the gate, or reports the link that is there. Calls for one peer at the same time share
   * their gate.
   * @param presentation shows this credential instead of ours, on a connection of its own
   * @throws AgentError `NO_ROUTE`, `NO_CREDENTIAL`, `GATE_REFUSED`, `GATE_FAILED`; TransportError
   */
  async connect(place: PeerPlace, presentation?: Uint8Array): Promise<ConnectReport> {
    const entry = this.#byDid.get(place.did);
    if (presentation === undefined && entry?.link.isOpen === true) return entry.report;
    const key = presentation === undefined ? place.did : `${place.did} ${this.#init.clock.nowMs()}`;
    let connecting = this.#connecting.get(key);
    if (connecting === undefined) {
      connecting = this.#open(place, presentation).finally(() => this.#connecting.delete(key));
      this.#connecting.set(key, connecting);
    }
    return connecting;
  }

  /** Ends all links and the node. Never rejects. */
  async close(): Promise<void> {
    for (const machine of this.#outbound.values()) machine.dispose();
    await Promise.all([...this.#byConnection.values()].map((link) => link.close()));
    await this.#transport.close();
  }

  async #open(place: PeerPlace, presentation: Uint8Array | undefined): Promise<ConnectReport> {
    const { provider, clock, ours } = this.#init;
    const credential = presentation ?? this.#init.credential();
    if (credential === null) {
      throw new AgentError('NO_CREDENTIAL', 'you have no Verified Human credential to show', {
        hint: 'Get one: wotid credential request, then wotid credential import.',
      });
    }
    if (place.addresses.length === 0) {
      throw new AgentError('NO_ROUTE', 'this contact’s card has no address', {
        hint: 'Ask them for a newer card.',
      });
    }
    const startedAt = performance.now();
    const connection = await this.#transport.dial(
      { peerId: place.peerId, addrs: place.addresses },
      presentation === undefined ? {} : { fresh: true },
    );
    const { remote } = connection;
    const stream = await this.#transport.openGate(connection);
    const machine = createGateInitiator<AdmittedPeer>({
      provider,
      clock,
      ours,
      credential,
      ourPeerId: this.#transport.peerIdBytes,
      theirPeerId: remote.peerIdBytes,
      expectedDid: place.did,
      verifyPeer: this.#verifyPeer,
      sessions: initiatorSessions(this.#sessionsInit()),
      ...this.#observer(remote),
    });
    this.#outbound.set(remote.peerId, machine);
    let link: LiveLink | undefined;
    let outcome: GateOutcome<AdmittedPeer>;
    try {
      outcome = await runGate({
        machine,
        stream,
        first: machine.start(),
        onPassed: (result) => (link = this.#link(result, connection)),
      });
    } finally {
      this.#outbound.delete(remote.peerId);
    }
    await stream.close();
    if (outcome.result === undefined || link === undefined) {
      if (outcome.refused?.code === gateCodes.GLARE) return this.#crossed(place.did);
      await connection.close();
      throw gateError(outcome);
    }
    const messages = await this.#transport.openMessages(connection);
    void link.serve(messages);
    return this.#register(link, reportOf(outcome, remote, performance.now() - startedAt));
  }

  async #answer(stream: FrameStream, remote: RemotePeer, connection: PeerConnection): Promise<void> {
    const { provider, clock, ours } = this.#init;
    const startedAt = performance.now();
    using sessions = responderSessions(this.#sessionsInit());
    const credential = this.#init.credential();
    const machine = createGateResponder<AdmittedPeer>({
      provider,
      clock,
      ours,
      credential: credential ?? new Uint8Array(),
      ourPeerId: this.#transport.peerIdBytes,
      theirPeerId: remote.peerIdBytes,
      verifyPeer: this.#verifyPeer,
      sessions,
      ...this.#observer(remote),
    });
    const place = this.#limiter.admit({
      peerId: remote.peerId,
      ipPrefix: remote.ipPrefix ?? undefined,
      isLoopback: remote.isLoopback,
    });
    let link: LiveLink | undefined;
    try {
      const outcome = await runGate({
        machine,
        stream,
        ...this.#refuseAtOnce(machine, remote, credential === null, place.ok),
        onPassed: (result) => (link = this.#link(result, connection)),
      });
      if (outcome.result !== undefined && link !== undefined) {
        this.#register(link, reportOf(outcome, remote, performance.now() - startedAt));
        return;
      }
      if (outcome.refused?.by === 'us') this.#reportRefusal('inbound', remote, outcome.refused);
      else this.#log.info('gate.ended', { reason: outcome.refused?.reason ?? outcome.broken ?? '' });
    } finally {
      if (place.ok) place.release();
    }
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
    const crossing = this.#outbound.get(remote.peerId);
    if (crossing === undefined || crossing.hasEnded) return {};
    if (survivingGate(this.#transport.peerIdBytes, remote.peerIdBytes) === 'ours') {
      return { first: machine.abort(gateCodes.GLARE) };
    }
    crossing.abort(gateCodes.GLARE);
    return {};
  }

  /** Our gate lost against one that the peer opened at the same time: waits for that one. */
  async #crossed(did: string): Promise<ConnectReport> {
    if (this.get(did) === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const waiting = this.#waiters.get(did) ?? new Set();
      this.#waiters.set(did, waiting.add(resolve));
      const timer = setTimeout(resolve, crossedGateMs);
      await promise;
      clearTimeout(timer);
      waiting.delete(resolve);
    }
    const entry = this.#byDid.get(did);
    if (entry?.link.isOpen !== true) {
      throw new AgentError('GATE_FAILED', 'the peer opened a gate at the same time and did not finish it', {
        hint: 'Try again.',
      });
    }
    return entry.report;
  }

  #link(result: GateResult<AdmittedPeer>, connection: PeerConnection): LiveLink {
    const { did } = result;
    const session = result.resumedSid ?? this.#init.sessions.keeper.active(did)?.sid ?? new Uint8Array(16);
    const link: LiveLink = new LiveLink({
      peer: result.peer,
      sid: session,
      connection,
      logger: this.#log,
      onEnvelope: (envelope) => this.#init.onEnvelope(link, envelope),
      onClosed: () => {
        this.#byConnection.delete(connection.remote.connectionId);
        if (this.#byDid.get(did)?.link === link) this.#byDid.delete(did);
        this.#init.onGone(link);
      },
    });
    this.#byConnection.set(connection.remote.connectionId, link);
    return link;
  }

  #register(link: LiveLink, report: ConnectReport): ConnectReport {
    const { did } = link.peer.block;
    const previous = this.#byDid.get(did);
    const full = { ...report, sessionId: link.sid.toHex() };
    this.#byDid.set(did, { link, report: full });
    if (previous !== undefined && previous.link !== link) void previous.link.close();
    for (const wake of this.#waiters.get(did) ?? []) wake();
    this.#waiters.delete(did);
    this.#init.onLink(link);
    return full;
  }

  #sessionsInit(): GateSessionsInit {
    const { provider, clock, ours, sessions } = this.#init;
    return { provider, clock, ours, ...sessions };
  }

  readonly #verifyPeer: VerifyPeer<AdmittedPeer> = async (peer): Promise<PeerVerdict<AdmittedPeer>> => {
    const { identityBlock: block, idFp, credentialBytes: bytes, signal } = peer;
    const verdict = await this.#init.admission.check({ block, idFp }, bytes, signal);
    if (verdict.ok) return { ok: true, credential: { bytes, accepted: verdict.accepted } };
    const code = isGateCode(verdict.code) ? verdict.code : gateCodes.POLICY;
    return { ok: false, code, reason: verdict.reason };
  };

  #observer(remote: RemotePeer): { readonly observe?: (observation: MachineObservation) => void } {
    const { observeGate } = this.#init;
    if (observeGate === undefined) return {};
    return { observe: (observation) => observeGate({ ...observation, peerId: remote.peerId }) };
  }

  #reportRefusal(direction: GateRefusal['direction'], remote: RemotePeer, refused: GateTermination): void {
    const { code, wireCode, reason, cause } = refused;
    this.#init.onRefused({
      direction,
      peerId: remote.peerId,
      code,
      name: gateCodeName(code),
      wireCode,
      reason,
    });
    if (code === gateCodes.POLICY && cause !== undefined) {
      this.#log.error('gate.failed', { error: errorText(cause) });
    }
  }
}

function reportOf(outcome: GateOutcome<AdmittedPeer>, remote: RemotePeer, elapsedMs: number): ConnectReport {
  const { result, bytesSent, bytesReceived } = outcome;
  return {
    peer: result?.did ?? '',
    peerId: remote.peerId,
    sessionId: '',
    resumed: result?.resumedSid != null,
    level: result?.level ?? 0,
    suite: result?.suite ?? 0,
    ms: Math.round(elapsedMs * 10) / 10,
    bytesSent,
    bytesReceived,
  };
}

function gateError(outcome: GateOutcome<AdmittedPeer>): AgentError {
  const { refused, broken } = outcome;
  if (refused === undefined) {
    return new AgentError('GATE_FAILED', `the connection broke during the gate: ${broken ?? 'closed'}`, {
      hint: 'Try again.',
    });
  }
  const { code, wireCode, by, reason } = refused;
  const data = { code, name: gateCodeName(code), wireCode, by };
  return by === 'peer'
    ? new AgentError('GATE_REFUSED', `the peer refused: ${gateCodeName(wireCode)} (${wireCode})`, {
        hint: refusalHint(wireCode),
        data,
      })
    : new AgentError('GATE_REFUSED', `the peer was refused: ${reason}`, {
        hint: 'Nothing was sent to them beyond your credential.',
        data,
      });
}

function refusalHint(wireCode: number): string {
  if (wireCode === gateCodes.VC_MALFORMED) {
    return 'They do not accept your credential: its issuer may not be one they trust, or it has expired.';
  }
  if (wireCode === gateCodes.RATE) return 'Wait a minute and try again.';
  if (wireCode === gateCodes.CLOCK) return 'Check the clock of this machine.';
  return '';
}
