/**
 * The gates that run now, and what becomes of two that cross: both ends come to the same answer, whichever gate they saw
 * first.
 */
import { gateCodes, survivingGate, type GateMachine } from '@wotid/session';
import type { FrameStream, RemotePeer } from '@wotid/transport';
import type { AdmittedPeer } from './admission.ts';

/** A gate that runs. */
export interface RunningGate {
  readonly machine: GateMachine<AdmittedPeer>;
  readonly superseded: AbortController;
}

/** One that a peer has opened. */
export interface InboundGate extends RunningGate {
  readonly peerId: string;
  readonly stream: FrameStream;
}

export class RunningGates {
  readonly #ourPeerId: Uint8Array;
  /** Gates that we have opened, by PeerId. */
  readonly #outbound = new Map<string, RunningGate>();
  /** Gates that peers have opened, by connection. */
  readonly #inbound = new Map<string, InboundGate>();

  /** @param ourPeerId the multihash bytes */
  constructor(ourPeerId: Uint8Array) {
    this.#ourPeerId = ourPeerId;
  }

  /** Whether a peer's gate runs on a connection. */
  hasInbound(connectionId: string): boolean {
    return this.#inbound.has(connectionId);
  }

  addOutbound({ peerId }: RemotePeer, gate: RunningGate): void {
    this.#outbound.set(peerId, gate);
  }

  removeOutbound({ peerId }: RemotePeer, gate: RunningGate): void {
    if (this.#outbound.get(peerId) === gate) this.#outbound.delete(peerId);
  }

  addInbound({ connectionId }: RemotePeer, gate: InboundGate): void {
    this.#inbound.set(connectionId, gate);
  }

  removeInbound({ connectionId }: RemotePeer, gate: InboundGate): void {
    if (this.#inbound.get(connectionId) === gate) this.#inbound.delete(connectionId);
  }

  /** Whether a gate of the peer's must not begin because ours is under way and goes on; else ours ends here. */
  oursGoesOn(remote: RemotePeer): boolean {
    const crossing = this.#outbound.get(remote.peerId);
    if (crossing === undefined || crossing.machine.hasEnded) return false;
    if (survivingGate(this.#ourPeerId, remote.peerIdBytes) === 'ours') return true;
    supersede(crossing);
    return false;
  }

  /** Whether a gate of ours must not begin because the peer's is under way and goes on; else theirs ends here. */
  theirsGoesOn(remote: RemotePeer): boolean {
    const crossing = [...this.#inbound.values()].find(
      ({ peerId, machine }) => peerId === remote.peerId && !machine.hasEnded,
    );
    if (crossing === undefined) return false;
    if (survivingGate(this.#ourPeerId, remote.peerIdBytes) === 'theirs') return true;
    for (const frame of crossing.machine.abort(gateCodes.GLARE).send) {
      crossing.stream.send(frame).catch(() => {});
    }
    crossing.superseded.abort();
    return false;
  }

  /** Ends all of them without a word. */
  endAll(): void {
    for (const gate of [...this.#outbound.values(), ...this.#inbound.values()]) supersede(gate);
  }
}

function supersede({ machine, superseded }: RunningGate): void {
  machine.dispose();
  superseded.abort();
}
