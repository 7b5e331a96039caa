/** The checks on a peer's M3 or M4, cheapest first; the injected one, which may use the network, last. */
import { concatBytes } from '@wotid/core';
import {
  assertIdentityBlock,
  importIdentityVerifyingKeys,
  verifyHybrid,
  type CryptoProvider,
  type SignaturePurpose,
} from '@wotid/crypto';
import { peerIdentity, type PeerIdentity } from '../identity.ts';
import type { SecurityLevel } from '../levels.ts';
import { onlineAlgorithms } from '../signature-policy.ts';
import { gateCodes } from './codes.ts';
import { GateRefusal } from './errors.ts';
import { MAX_GATE_CREDENTIAL_BYTES, MAX_GATE_SKEW_MS } from './limits.ts';
import type { InitiatorClaims } from './messages.ts';
import type { GateInit } from './ports.ts';

/** What both gate signatures are over: the transcript so far and H512 of the signed fields. */
export function gateSignatureBody(
  provider: CryptoProvider,
  transcriptHash: Uint8Array,
  claimBytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concatBytes(transcriptHash, provider.sha512(claimBytes));
}

/** What arrived, and where in the transcript. */
export interface ClaimsToCheck {
  readonly claims: InitiatorClaims;
  /** The encoding of all signed fields. */
  readonly claimBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly purpose: SignaturePurpose;
  /** The transcript hash before this message, 64 bytes. */
  readonly transcriptHash: Uint8Array;
  readonly level: SecurityLevel;
  /** The DID that was dialled, if one was. */
  readonly expectedDid?: string | undefined;
}

/**
 * Checks in order: credential size, identity block, not ourselves, time, the level's signature over the transcript (the
 * holder binding), dialled DID, the level reached before; then credential and DID by the injected check.
 * @throws GateRefusal
 */
export async function checkPeer<Credential>(
  init: GateInit<Credential>,
  input: ClaimsToCheck,
  signal: AbortSignal,
): Promise<{ readonly peer: PeerIdentity; readonly credential: Credential; readonly ts: number }> {
  const { provider } = init;
  const { block, credential: credentialBytes } = input.claims;
  if (credentialBytes.length > MAX_GATE_CREDENTIAL_BYTES) {
    throw new GateRefusal(gateCodes.VC_MALFORMED, `a credential of ${credentialBytes.length} bytes`);
  }
  assertIdentityBlock(block);
  const peer = peerIdentity(provider, block);
  // The fingerprint covers the DID: an equal fingerprint is an equal DID too.
  if (block.did === init.ours.block.did) {
    throw new GateRefusal(gateCodes.PEER_BINDING, 'the peer shows our own identity');
  }
  const ts = freshTime(input.claims.ts, init.clock.nowMs());
  verifyHolder(provider, input);
  if (input.expectedDid !== undefined && block.did !== input.expectedDid) {
    throw new GateRefusal(gateCodes.DID_KEY_MISMATCH, 'the peer has another DID than the one dialled');
  }
  const reached = init.reachedLevel?.(block.did) ?? null;
  if (reached !== null && input.level < reached) {
    throw new GateRefusal(gateCodes.LEVEL, `level ${input.level} after level ${reached} with this peer`);
  }
  const verdict = await init.verifyPeer({
    did: block.did,
    idFp: peer.idFp,
    identityBlock: block,
    credentialBytes,
    nowMs: init.clock.nowMs(),
    signal,
  });
  if (!verdict.ok) throw new GateRefusal(verdict.code, verdict.reason ?? 'the credential was refused');
  return { peer, credential: verdict.credential, ts };
}

function freshTime(ts: bigint, nowMs: number): number {
  const difference = ts - BigInt(Math.trunc(nowMs));
  if (difference > MAX_GATE_SKEW_MS || difference < -MAX_GATE_SKEW_MS) {
    throw new GateRefusal(gateCodes.CLOCK, `the peer's clock differs by ${difference} ms`);
  }
  return Number(ts);
}

function verifyHolder(provider: CryptoProvider, input: ClaimsToCheck): void {
  using keys = importIdentityVerifyingKeys(provider, input.claims.block);
  const body = gateSignatureBody(provider, input.transcriptHash, input.claimBytes);
  const accepted = onlineAlgorithms(input.level);
  if (!verifyHybrid(provider, keys, input.purpose, body, input.signature, accepted)) {
    throw new GateRefusal(gateCodes.ID_SIG, 'the peer does not hold the keys that it shows');
  }
}
