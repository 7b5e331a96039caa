/**
 * Who may talk: the check of a peer's credential, the same for the gate, for first messages in the mailbox and for
 * contact cards. That the peer holds the keys of its identity block is proven by the signature that came with it.
 */
import type { Clock } from '@wotid/core';
import {
  checkDidKey,
  credentialFailureCodes,
  type AcceptedCredential,
  type CredentialFailureCode,
  type DidKeyCheck,
  type StatusChecker,
  type TrustedIssuer,
} from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { PeerIdentity } from '@wotid/session';
import type { AgentDidResolver } from './did-resolver.ts';
import { verifyFollowing, type FollowingInit } from './issuer-keys.ts';

/** What {@link Admission} rests on. */
export interface AdmissionInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly resolver: AgentDidResolver;
  /** Looks up revocation. Without it nobody is let in whose credential names a status list. */
  readonly status?: StatusChecker;
  /** The issuers trusted at the time of the check. */
  readonly trustedIssuers: () => readonly TrustedIssuer[];
  /** Asks an issuer whose keys may have changed. Default: they do not. */
  readonly follow?: FollowingInit['follow'];
}

/** A peer whose credential passed, with the bytes that did. */
export interface AdmittedPeer {
  readonly bytes: Uint8Array;
  readonly accepted: AcceptedCredential;
}

/** Outcome of {@link Admission.check}. */
export type AdmissionVerdict =
  | { readonly ok: true; readonly accepted: AcceptedCredential }
  | {
      readonly ok: false;
      readonly name: CredentialFailureCode;
      /** The gate's code, not collapsed. */
      readonly code: number;
      /** For our own user, never for the peer. */
      readonly reason: string;
      /** False when it can pass by itself: something that could not be had. */
      readonly isFinal: boolean;
    };

/** Failures that say nothing about the human. */
const passing: readonly CredentialFailureCode[] = ['DID_UNRESOLVED', 'STATUS_UNKNOWN'];

export class Admission {
  readonly #init: AdmissionInit;

  constructor(init: AdmissionInit) {
    this.#init = init;
  }

  /**
   * Checks that `credential` makes `peer` a verified human for us, and that the peer's DID names the block's key.
   * Never throws on what the peer sent.
   */
  async check(peer: PeerIdentity, credential: Uint8Array, signal?: AbortSignal): Promise<AdmissionVerdict> {
    const { provider, clock, status } = this.#init;
    const abortable = signal === undefined ? {} : { signal };
    const { verdict, mayPass } = await verifyFollowing(
      credential,
      {
        provider,
        expectedSubject: peer.block.did,
        idFp: peer.idFp,
        nowMs: clock.nowMs(),
        ...(status === undefined ? {} : { status }),
        ...abortable,
      },
      this.#init,
    );
    if (!verdict.ok) return refusal(verdict.code, verdict.reason, mayPass);
    const key = await this.checkKey(peer, signal);
    return key.ok ? { ok: true, accepted: verdict } : refusal(key.code, key.reason);
  }

  /**
   * Checks that the peer's DID names the Ed25519 key of its identity block, and no other block: without that anybody can
   * write its DID. What does not fit a remembered document is compared with the present one.
   */
  async checkKey({ block, idFp }: PeerIdentity, signal?: AbortSignal): Promise<DidKeyCheck> {
    const { resolver } = this.#init;
    const check = (): Promise<DidKeyCheck> =>
      checkDidKey({
        resolver,
        did: block.did,
        ed25519: block.ed25519,
        idFp,
        ...(signal === undefined ? {} : { signal }),
      });
    const first = await check();
    if (first.ok || first.code !== 'DID_KEY_MISMATCH' || !resolver.forget(block.did)) return first;
    return check();
  }
}

function refusal(name: CredentialFailureCode, reason: string, mayPass = false): AdmissionVerdict {
  const isFinal = !mayPass && !passing.includes(name);
  return { ok: false, name, code: credentialFailureCodes[name], reason, isFinal };
}
