/**
 * PQXDH, or X3DH at levels 1 and 2, at the gate: both identities and credentials are verified already and both ends are present, so there is no seal
 * and no signature; the gate's transcript hash goes into the associated data and its exporter into the session keys.
 */
import { CryptoError, type CryptoProvider } from '@wotid/crypto';
import { initRejected } from '../errors.ts';
import type { SecurityLevel } from '../levels.ts';
import { assertOther, type OwnIdentity, type PeerIdentity } from '../identity.ts';
import type { OnlinePrekeys } from '../prekeys/store.ts';
import { newSession, type Session } from '../session.ts';
import type { Suite } from '../suites.ts';
import {
  agreeAsInitiator,
  agreeAsResponder,
  initiatorShare,
  responderShare,
  wipeShare,
  type GateBinding,
} from './agreement.ts';
import { prekeyIds, type HandshakePrekeys } from './encoding.ts';
import { encodePublicPart, parsePublicPart } from './public-part.ts';

/** What both sides of {@link createGateSession} and {@link acceptGateSession} know from the gate. */
export interface GateSessionInit {
  readonly ours: OwnIdentity;
  /** The peer, whose signature and credential the gate has verified. */
  readonly peer: PeerIdentity;
  readonly level: SecurityLevel;
  readonly suite: Suite;
  readonly gate: GateBinding;
  /** The signed `ts` of M3: the time of the handshake that both sides know. */
  readonly initiatedAtMs: number;
  readonly nowMs: number;
}

/**
 * The initiator's side, from the prekeys in M4.
 * @returns the session, which can seal the first message at once, and the public part for M5, 1617 bytes at level 3
 * @throws SessionError `SELF_SESSION`
 * @throws CryptoError `BAD_PUBLIC_KEY` for prekeys that are no keys
 */
export function createGateSession(
  provider: CryptoProvider,
  init: GateSessionInit & { readonly prekeys: HandshakePrekeys },
): { readonly session: Session; readonly publicPart: Uint8Array<ArrayBuffer> } {
  const { ours, peer, prekeys, level, suite } = init;
  assertOther(ours, peer);
  const share = initiatorShare(provider, peer.block.ik, prekeys);
  try {
    const publicPart = encodePublicPart({
      ...prekeyIds(provider, prekeys),
      suite,
      level,
      ephemeral: share.ephemeral,
      ciphertext: share.ciphertext,
      sealedLength: 0,
    });
    const transcript = {
      initiatorIk: ours.keys.ik.publicKey,
      responderIk: peer.block.ik,
      prekeys,
      ephemeral: share.ephemeral,
      ciphertext: share.ciphertext,
      initiatorIdFp: ours.idFp,
      responderIdFp: peer.idFp,
      suite,
      level,
      gateHash: init.gate.gateHash,
    };
    const agreed = agreeAsInitiator(provider, ours.keys.ik, share, transcript, init.gate);
    const initHash = provider.sha256(publicPart);
    const session = newSession(agreed, {
      ...init,
      role: 'initiator',
      origin: 'gate',
      initHash,
      isPeerVerified: true,
    });
    return { session, publicPart };
  } finally {
    wipeShare(share);
  }
}

/**
 * The responder's side, from the public part in M5. The session proves itself with the first message: open it with
 * `openEnvelope`, which turns the ratchet, and drop the session when that fails.
 * @param prekeys those sent in M4; stay the caller's to dispose of
 * @throws SessionError `INIT_REJECTED` for anything that is not a public part for these prekeys, `SELF_SESSION`; nothing
 *   has changed then
 */
export function acceptGateSession(
  provider: CryptoProvider,
  publicPart: Uint8Array,
  init: GateSessionInit & { readonly prekeys: OnlinePrekeys },
): Session {
  const { ours, peer, prekeys, level, suite } = init;
  assertOther(ours, peer);
  const part = parsePublicPart(publicPart);
  const handshake = prekeys.publicKeys;
  const ids = prekeyIds(provider, handshake);
  const isForUs =
    part !== null &&
    part.sealedLength === 0 &&
    part.level === level &&
    part.suite === suite &&
    part.spkId === ids.spkId &&
    part.opkId === ids.opkId &&
    part.kemId === ids.kemId;
  if (!isForUs) throw initRejected();
  const share = shareOf(provider, ours, prekeys, part.ephemeral, part.ciphertext);
  try {
    const transcript = {
      initiatorIk: peer.block.ik,
      responderIk: ours.keys.ik.publicKey,
      prekeys: handshake,
      ephemeral: part.ephemeral,
      ciphertext: part.ciphertext,
      initiatorIdFp: peer.idFp,
      responderIdFp: ours.idFp,
      suite,
      level,
      gateHash: init.gate.gateHash,
    };
    const agreed = agreeAsResponder(provider, prekeys.spk, share, transcript, init.gate);
    const initHash = provider.sha256(publicPart);
    return newSession(agreed, { ...init, role: 'responder', origin: 'gate', initHash, isPeerVerified: true });
  } finally {
    wipeShare(share);
  }
}

function shareOf(
  provider: CryptoProvider,
  ours: OwnIdentity,
  prekeys: OnlinePrekeys,
  ephemeral: Uint8Array,
  ciphertext: Uint8Array | null,
): ReturnType<typeof responderShare> {
  try {
    return responderShare(provider, ours.keys.ik, prekeys, ephemeral, ciphertext);
  } catch (error) {
    if (error instanceof CryptoError) throw initRejected();
    throw error;
  }
}
