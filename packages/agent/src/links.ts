/**
 * Connections to peers: dials, opens and answers gates, keeps one live link per peer. Nobody's envelope gets past here
 * before both sides have passed the gate on that very connection.
 */
import { equalBytes, errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider, KemKeyPair } from '@wotid/crypto';
import {
  createGateInitiator,
  createGateResponder,
  gateCodeName,
  gateCodes,
  GateLimiter,
  type GateLimits,
  isGateCode,
  survivingGate,
  type GateInitiatorInit,
  type GateMachine,
  type GateObservation as MachineObservation,
  type GateResult,
  type GateTermination,
  type OwnIdentity,
  type PeerVerdict,
  type SecurityPolicy,
  type VerifyPeer,
} from '@wotid/session';
import type { FrameStream, PeerConnection, RemotePeer, Transport } from '@wotid/transport';
import type { AdmittedPeer, Admission } from './admission.ts';
import type { PublishedKem } from './home/handshake-store.ts';
import { AgentError } from './errors.ts';
import { gateError, reportOf } from './gate-report.ts';
import { runGate, supersededBy, type GateOutcome } from './gate-runner.ts';
import { initiatorSessions, responderSessions, type GateSessionsInit } from './gate-sessions.ts';
import { LinkTable } from './link-table.ts';
import { LiveLink } from './live-link.ts';
import { NodeHost } from './node-host.ts';
import { peerIdOf, type PeerIdForms } from './peer-id.ts';
import type { PeerPrekeys } from './peer-prekeys.ts';
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
  readonly policy: () => SecurityPolicy;
  readonly prekeys: PeerPrekeys;
  /** Our published KEM key by its id. */
  readonly kemPrekey: (kemId: number) => KemKeyPair | null;
  /** 32-byte Ed25519 seed; copied. */
  readonly peerKeySeed: Uint8Array;
  /** None: the node starts with the first connection that we open. */
  readonly listen: readonly string[];
  readonly dialTimeoutMs: number;
  readonly gateLimits?: Partial<GateLimits>;
  /** An inbound connection without a gate is closed after this time; default 60,000. */
  readonly gatelessMs?: number;
  readonly observeGate?: (observation: GateObservation) => void;
  readonly onEnvelope: (link: LiveLink, envelope: Uint8Array) => void | Promise<void>;
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

/** A gate that runs. */
interface RunningGate {
  readonly machine: GateMachine<AdmittedPeer>;
  readonly superseded: AbortController;
}

interface InboundGate extends RunningGate {
  readonly peerId: string;
  readonly stream: FrameStream;
}

/** Ends a gate without a word. */
function supersede({ machine, superseded }: RunningGate): void {
  machine.dispose();
  superseded.abort();
}

export class Links {
  readonly #init: LinksInit;
  readonly #log: Logger;
  readonly #limiter: GateLimiter;
  readonly #links: LinkTable;
  readonly #node: NodeHost;
  readonly #connecting = new Map<string, Promise<ConnectReport>>();
  /** Gates that we have opened and that run, by PeerId. */
  readonly #outbound = new Map<string, RunningGate>();
  /** Gates that peers have opened and that run, by connection. */
  readonly #inbound = new Map<string, InboundGate>();
  readonly #ourPeerId: PeerIdForms;
  private constructor(init: LinksInit) {
    this.#init = init;
    this.#log = init.logger ?? silentLogger;
    this.#ourPeerId = peerIdOf(init.provider, init.peerKeySeed);
    const { onLink, onGone, peerKeySeed, listen, dialTimeoutMs, gatelessMs, logger } = init;
    this.#links = new LinkTable({ onLink, onGone });
    this.#node = new NodeHost({
      peerKeySeed,
      listen,
      dialTimeoutMs,
      gatelessMs,
      logger,
      onGate: (stream, _, connection) => this.#answer(stream, connection),
      onMessages: async (stream, { connectionId }) => this.#links.onConnection(connectionId)?.serve(stream),
      onDisconnect: (connectionId) => void this.#links.onConnection(connectionId)?.close(),
      hasLink: (connectionId) => this.#links.onConnection(connectionId) !== undefined,
      hasGate: (connectionId) => this.#inbound.has(connectionId),
    });
    // Other agents of this machine share its loopback address; what they can do here they can do without us.
    this.#limiter = new GateLimiter({
      clock: init.clock,
      limits: { exemptLoopback: true, ...init.gateLimits },
    });
  }

  /** Starts the node, if it is to listen. @throws TransportError */
  static async start(init: LinksInit): Promise<Links> {
    const links = new Links(init);
    if (init.listen.length > 0) await links.#node.transport();
    return links;
  }

  get peerId(): string {
    return this.#ourPeerId.text;
  }

  addresses(): string[] {
    return this.#node.addresses();
  }

  /** DIDs of all peers with a link. */
  dids(): string[] {
    return this.#links.dids();
  }

  /** Ends every link with a peer; the next one needs another gate. Never rejects. */
  async cut(did: string): Promise<void> {
    await this.#links.closeAll(did);
  }

  /** The live link with a peer, or `undefined`. */
  get(did: string): LiveLink | undefined {
    return this.#links.get(did)?.link;
  }

  /**
   * Connects to a peer and passes the gate, or reports the link that is there. Calls for one peer at the same time share
   * their gate.
   * @param presentation shows this credential instead of ours, on a connection of its own
   * @throws AgentError `NO_ROUTE`, `NO_CREDENTIAL`, `GATE_REFUSED`, `GATE_FAILED`; TransportError
   */
  async connect(place: PeerPlace, presentation?: Uint8Array): Promise<ConnectReport> {
    if (presentation !== undefined) return this.#open(place, presentation);
    const present = this.#links.get(place.did);
    if (present !== undefined) return present.report;
    let connecting = this.#connecting.get(place.did);
    if (connecting === undefined) {
      connecting = this.#open(place, undefined).finally(() => this.#connecting.delete(place.did));
      this.#connecting.set(place.did, connecting);
    }
    return connecting;
  }

  /** Ends all links and gates, and lets new ones come: our keys have changed. Never rejects. */
  async endAll(): Promise<void> {
    for (const gate of [...this.#outbound.values(), ...this.#inbound.values()]) supersede(gate);
    await this.#links.close();
  }

  /** Ends all links and the node. Never rejects. */
  async close(): Promise<void> {
    this.#node.stop();
    for (const gate of [...this.#outbound.values(), ...this.#inbound.values()]) supersede(gate);
    await this.#links.close();
    await this.#node.close();
  }

  /** @param retried the KEM prekey of a gate that the peer could not find it for */
  async #open(
    place: PeerPlace,
    presentation: Uint8Array | undefined,
    retried?: PublishedKem,
  ): Promise<ConnectReport> {
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
    const transport = await this.#node.transport();
    const [connection, known] = await Promise.all([
      transport.dial(
        { peerId: place.peerId, addrs: place.addresses },
        presentation === undefined ? {} : { fresh: true },
      ),
      retried ?? this.#init.prekeys.forGate(place.did),
    ]);
    // The peer may have connected to us, and passed its gate on this very connection, while we dialled.
    const present = presentation === undefined ? this.#links.get(place.did) : undefined;
    if (present !== undefined) return present.report;
    let link: LiveLink | undefined;
    const sessions = initiatorSessions(this.#sessionsInit());
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
      this.#node.assertOpen();
      if (outcome.result === undefined || link === undefined) {
        if (outcome.refused?.code === gateCodes.GLARE) return await this.#crossed(place.did, connection);
        const latest = retried === undefined ? await this.#latestInstead(place.did, known, outcome) : null;
        if (outcome.refused === undefined) throw gateError(outcome);
        if (latest === null && !sessions.giveUpResuming()) throw gateError(outcome);
        await connection.close();
        return await this.#open(place, presentation, latest ?? retried);
      }
      const messages = await transport.openMessages(connection);
      void link.serve(messages);
      return this.#links.register(link, reportOf(outcome, connection.remote, performance.now() - startedAt));
    } catch (error) {
      const other = this.#links.get(place.did);
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

  #levels(): Pick<GateInitiatorInit<AdmittedPeer>, 'policy' | 'reachedLevel'> {
    const { policy, sessions } = this.#init;
    return { policy: policy(), reachedLevel: (did) => sessions.contacts.reachedLevel(did) };
  }

  async #openGate(
    transport: Transport,
    connection: PeerConnection,
    ends: Pick<
      GateInitiatorInit<AdmittedPeer>,
      'expectedDid' | 'credential' | 'sessions' | 'responderKemPrekey'
    >,
    onLink: (link: LiveLink) => void,
  ): Promise<GateOutcome<AdmittedPeer>> {
    const { provider, clock, ours } = this.#init;
    const { remote } = connection;
    const stream = await transport.openGate(connection);
    const machine = createGateInitiator<AdmittedPeer>({
      provider,
      clock,
      ours,
      ourPeerId: this.#ourPeerId.bytes,
      theirPeerId: remote.peerIdBytes,
      verifyPeer: this.#verifyPeer,
      ...this.#levels(),
      ...ends,
      ...this.#observer(remote),
    });
    const gate: RunningGate = { machine, superseded: new AbortController() };
    try {
      if (this.#mustYield(remote)) {
        machine.dispose();
        return { refused: supersededBy, bytesSent: 0, bytesReceived: 0 };
      }
      this.#outbound.set(remote.peerId, gate);
      return await runGate({
        machine,
        stream,
        first: machine.start(),
        superseded: gate.superseded.signal,
        onPassed: (result) => onLink(this.#link(result, connection)),
      });
    } finally {
      if (this.#outbound.get(remote.peerId) === gate) this.#outbound.delete(remote.peerId);
      await stream.close();
    }
  }

  async #answer(stream: FrameStream, connection: PeerConnection): Promise<void> {
    const { provider, clock, ours } = this.#init;
    const { remote } = connection;
    const startedAt = performance.now();
    using sessions = responderSessions(this.#sessionsInit());
    const credential = this.#init.credential();
    const machine = createGateResponder<AdmittedPeer>({
      provider,
      clock,
      ours,
      credential: credential ?? new Uint8Array(),
      ourPeerId: this.#ourPeerId.bytes,
      theirPeerId: remote.peerIdBytes,
      verifyPeer: this.#verifyPeer,
      ...this.#levels(),
      kemPrekey: this.#init.kemPrekey,
      sessions,
      ...this.#observer(remote),
    });
    const gate = { peerId: remote.peerId, stream, machine, superseded: new AbortController() };
    const place = this.#limiter.admit({
      peerId: remote.peerId,
      ipPrefix: remote.ipPrefix ?? undefined,
      isLoopback: remote.isLoopback,
    });
    let link: LiveLink | undefined;
    try {
      const first = this.#refuseAtOnce(machine, remote, credential === null, place.ok);
      if (!machine.hasEnded) this.#inbound.set(remote.connectionId, gate);
      const outcome = await runGate({
        machine,
        stream,
        superseded: gate.superseded.signal,
        ...first,
        onPassed: (result) => (link = this.#link(result, connection)),
      });
      if (outcome.result !== undefined && link !== undefined) {
        this.#links.register(link, reportOf(outcome, remote, performance.now() - startedAt));
        return;
      }
      if (outcome.refused?.by === 'us') this.#reportRefusal('inbound', remote, outcome.refused);
      else this.#log.info('gate.ended', { reason: outcome.refused?.reason ?? outcome.broken ?? '' });
      // Our own gate may run on the same connection.
      if (outcome.refused?.code === gateCodes.GLARE) return;
      void this.#dismiss(stream, link ?? connection);
    } finally {
      if (this.#inbound.get(remote.connectionId) === gate) this.#inbound.delete(remote.connectionId);
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
    const crossing = this.#outbound.get(remote.peerId);
    if (crossing === undefined || crossing.machine.hasEnded) return {};
    if (survivingGate(this.#ourPeerId.bytes, remote.peerIdBytes) === 'ours') {
      return { first: machine.abort(gateCodes.GLARE) };
    }
    supersede(crossing);
    return {};
  }

  /**
   * Whether a gate of ours must not begin because the peer's is under way and goes on; else a gate of theirs that runs
   * ends here. Both ends come to the same answer, whichever gate they saw first.
   */
  #mustYield(remote: RemotePeer): boolean {
    const crossing = [...this.#inbound.values()].find(
      ({ peerId, machine }) => peerId === remote.peerId && !machine.hasEnded,
    );
    if (crossing === undefined) return false;
    if (survivingGate(this.#ourPeerId.bytes, remote.peerIdBytes) === 'theirs') return true;
    for (const frame of crossing.machine.abort(gateCodes.GLARE).send) {
      crossing.stream.send(frame).catch(() => {});
    }
    crossing.superseded.abort();
    return false;
  }

  /** Our gate lost against one that the peer opened at the same time: waits for that one. */
  async #crossed(did: string, connection: PeerConnection): Promise<ConnectReport> {
    const entry = await this.#links.waitFor(did, crossedGateMs);
    if (entry === undefined) {
      throw new AgentError('GATE_FAILED', 'the peer opened a gate at the same time and did not finish it', {
        hint: 'Try again.',
      });
    }
    if (entry.link.connection !== connection) await connection.close();
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
      onClosed: () => this.#links.remove(link),
    });
    this.#links.add(link);
    return link;
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
    const observe = (observation: MachineObservation): void => {
      try {
        observeGate({ ...observation, peerId: remote.peerId });
      } catch (error) {
        // An audit that cannot write must not end the gate.
        this.#log.error('gate.observer', { error: errorText(error) });
      }
    };
    return { observe };
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
