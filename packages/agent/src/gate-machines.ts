/** The state machines of gates, each with what both ends of this agent bring: identity, policy, and the check of the peer. */
import { errorText, silentLogger, type Clock, type Logger } from '@wotid/core';
import type { CryptoProvider, KemKeyPair } from '@wotid/crypto';
import {
  createGateInitiator,
  createGateResponder,
  gateCodes,
  isGateCode,
  type GateInitiatorInit,
  type GateMachine,
  type GateObservation as MachineObservation,
  type GateResponderInit,
  type OwnIdentity,
  type PeerVerdict,
  type SecurityPolicy,
  type VerifyPeer,
} from '@wotid/session';
import type { RemotePeer } from '@wotid/transport';
import type { AdmittedPeer, Admission } from './admission.ts';
import type { Contacts } from './contacts.ts';

/** A gate message before encryption, with the peer it went to or came from: for audits. */
export interface GateObservation extends MachineObservation {
  readonly peerId: string;
}

export interface GateMachinesInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly ours: OwnIdentity;
  readonly admission: Admission;
  readonly contacts: Contacts;
  readonly policy: () => SecurityPolicy;
  /** Our published KEM key by its id. */
  readonly kemPrekey: (kemId: number) => KemKeyPair | null;
  readonly observeGate?: (observation: GateObservation) => void;
}

/** What both ends of a gate have in common. */
type Common = Pick<
  GateInitiatorInit<AdmittedPeer>,
  | 'provider'
  | 'clock'
  | 'ours'
  | 'ourPeerId'
  | 'theirPeerId'
  | 'verifyPeer'
  | 'policy'
  | 'reachedLevel'
  | 'observe'
>;

export class GateMachines {
  readonly #init: GateMachinesInit;
  readonly #ourPeerId: Uint8Array;

  /** @param ourPeerId the multihash bytes */
  constructor(init: GateMachinesInit, ourPeerId: Uint8Array) {
    this.#init = init;
    this.#ourPeerId = ourPeerId;
  }

  initiator(
    remote: RemotePeer,
    ends: Pick<
      GateInitiatorInit<AdmittedPeer>,
      'expectedDid' | 'credential' | 'sessions' | 'responderKemPrekey'
    >,
  ): ReturnType<typeof createGateInitiator<AdmittedPeer>> {
    return createGateInitiator<AdmittedPeer>({ ...this.#common(remote), ...ends });
  }

  responder(
    remote: RemotePeer,
    ends: Pick<GateResponderInit<AdmittedPeer>, 'credential' | 'sessions'>,
  ): GateMachine<AdmittedPeer> {
    const { kemPrekey } = this.#init;
    return createGateResponder<AdmittedPeer>({ ...this.#common(remote), ...ends, kemPrekey });
  }

  #common(remote: RemotePeer): Common {
    const { provider, clock, ours, policy, contacts } = this.#init;
    return {
      provider,
      clock,
      ours,
      ourPeerId: this.#ourPeerId,
      theirPeerId: remote.peerIdBytes,
      verifyPeer: this.#verifyPeer,
      policy: policy(),
      reachedLevel: (did) => contacts.reachedLevel(did),
      ...this.#observer(remote),
    };
  }

  readonly #verifyPeer: VerifyPeer<AdmittedPeer> = async (peer): Promise<PeerVerdict<AdmittedPeer>> => {
    const { identityBlock: block, idFp, credentialBytes: bytes, signal } = peer;
    const verdict = await this.#init.admission.check({ block, idFp }, bytes, signal);
    if (verdict.ok) return { ok: true, credential: { bytes, accepted: verdict.accepted } };
    const code = isGateCode(verdict.code) ? verdict.code : gateCodes.POLICY;
    return { ok: false, code, reason: verdict.reason };
  };

  #observer(remote: RemotePeer): { readonly observe?: (observation: MachineObservation) => void } {
    const { observeGate, logger = silentLogger } = this.#init;
    if (observeGate === undefined) return {};
    const observe = (observation: MachineObservation): void => {
      try {
        observeGate({ ...observation, peerId: remote.peerId });
      } catch (error) {
        // An audit that cannot write must not end the gate.
        logger.error('gate.observer', { error: errorText(error) });
      }
    };
    return { observe };
  }
}
