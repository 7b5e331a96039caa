/**
 * Starting a session with somebody who is away, the initiator's side: one initial message carries the handshake, the
 * sender's identity and credential under seal, and the first ratchet message.
 *
 * Envelope (kind 02): public part (`public-part.ts`), sealed part (`init-seal.ts`), ratchet envelope.
 */
import { concatBytes } from '@wotid/core';
import { signaturePurposes, signHybrid, type CryptoProvider } from '@wotid/crypto';
import { assertOther, type OwnIdentity } from '../identity.ts';
import { SessionError } from '../errors.ts';
import { SECURITY_LEVELS, type SecurityLevel } from '../levels.ts';
import { TAG_BYTES } from '../limits.ts';
import { verifyOneTimePair } from '../prekeys/one-time.ts';
import {
  assertCurrent,
  handshakePrekeys,
  type PrekeyPublication,
  type VerifiedPrekeys,
} from '../prekeys/publication.ts';
import {
  atLeast,
  commonLevel,
  commonSuite,
  defaultSecurityPolicy,
  levelBitmap,
  levelRefused,
  type SecurityPolicy,
} from '../security-policy.ts';
import type { Suite } from '../suites.ts';
import { newSession, type Session } from '../session.ts';
import { mailboxAlgorithms } from '../signature-policy.ts';
import { sealMessage, type OutgoingMessage } from '../wire/message.ts';
import { agreeAsInitiator, initiatorShare, shareSealKey, wipeShare } from './agreement.ts';
import { prekeyIds } from './encoding.ts';
import { encodeInitClaims, sealInitClaims, signedInitBody } from './init-seal.ts';
import { encodePublicPart } from './public-part.ts';

/** What {@link createInit} needs. */
export interface CreateInitInit {
  readonly ours: OwnIdentity;
  /** The recipient's prekeys; verify its credential before sealing anything to them. */
  readonly prekeys: VerifiedPrekeys;
  /** A one-time pair of that publication, as a directory gave it; absent: the last-resort prekey. */
  readonly oneTimePair?: Uint8Array;
  /** Default {@link defaultSecurityPolicy}. */
  readonly policy?: SecurityPolicy;
  /** The level reached with this peer before: a lower one is refused. */
  readonly reachedLevel?: SecurityLevel;
  /** Our credential, opaque here, at most 24,576 bytes. */
  readonly credential: Uint8Array;
  /** Sends identity block and credential along: always, unless the recipient is known to have both. */
  readonly isFirstContact: boolean;
  /** True when the recipient's own credential has been verified. */
  readonly isPeerVerified: boolean;
  /** The first message; `ackSeq` and signature as for any other. */
  readonly message: OutgoingMessage;
  /** Signs the first message too; needed for types that require it. */
  readonly signMessage?: boolean;
  readonly nowMs: number;
}

/**
 * Makes an initial message. Store the session before the envelope leaves.
 * @returns the session (active, not confirmed) and the envelope of kind 02
 * @throws SessionError `PREKEYS_EXPIRED`, `SELF_SESSION`, `PAYLOAD_TOO_LARGE`, `BAD_MESSAGE`, `PAIR_INVALID`,
 *   `LEVEL_REFUSED`, `UNSUPPORTED` without a common suite
 */
export function createInit(
  provider: CryptoProvider,
  init: CreateInitInit,
): { readonly session: Session; readonly envelope: Uint8Array<ArrayBuffer> } {
  const { ours, prekeys, nowMs, policy = defaultSecurityPolicy } = init;
  const peer = prekeys.owner;
  assertCurrent(prekeys.publication, nowMs);
  assertOther(ours, peer);
  const { level, suite } = chosenFor(prekeys.publication, init);
  const { oneTimePair } = init;
  const pair =
    oneTimePair === undefined ? null : verifyOneTimePair(provider, prekeys.publication, oneTimePair);
  const handshake = handshakePrekeys(prekeys.publication, level, pair);
  const share = initiatorShare(provider, peer.block.ik, handshake);
  try {
    const transcript = {
      initiatorIk: ours.keys.ik.publicKey,
      responderIk: peer.block.ik,
      prekeys: handshake,
      ephemeral: share.ephemeral,
      ciphertext: share.ciphertext,
      initiatorIdFp: ours.idFp,
      responderIdFp: peer.idFp,
      suite,
      level,
      gateHash: null,
    };
    const agreed = agreeAsInitiator(provider, ours.keys.ik, share, transcript, null);
    const ids = prekeyIds(provider, handshake);
    const credentialHash = provider.sha256(init.credential);
    const body = signedInitBody(agreed.sessionAd, ids, nowMs, credentialHash);
    const [algorithm] = mailboxAlgorithms(level, policy, ours.block, peer.block);
    const plaintext = encodeInitClaims({
      identityBlock: init.isFirstContact ? ours.block : null,
      credential: init.isFirstContact ? init.credential : null,
      did: ours.block.did,
      idFp: ours.idFp,
      credentialHash,
      sentAtMs: nowMs,
      signature: signHybrid(provider, ours.keys, signaturePurposes.init, body, algorithm),
    });
    const publicBytes = encodePublicPart({
      ...ids,
      suite,
      level,
      ephemeral: share.ephemeral,
      ciphertext: share.ciphertext,
      sealedLength: plaintext.length + TAG_BYTES,
    });
    const sealed = sealInitClaims(provider, shareSealKey(provider, share), plaintext, publicBytes);
    const session = newSession(agreed, {
      role: 'initiator',
      origin: 'mailbox',
      isLastResort: pair === null,
      level,
      suite,
      ours,
      peer,
      initHash: provider.sha256(publicBytes),
      initiatedAtMs: nowMs,
      isPeerVerified: init.isPeerVerified,
      nowMs,
    });
    const first = sealMessage(provider, session, init.message, {
      route: 'mailbox',
      nowMs,
      rekeyWith: ours,
      peer: peer.block,
      falcon: policy.falcon,
      ...(init.signMessage === true ? { signWith: ours } : {}),
    });
    return { session: first.session, envelope: concatBytes(publicBytes, sealed, first.envelope) };
  } finally {
    wipeShare(share);
  }
}

/** A publication has the keys of every level: from its own minimum up to 3. */
function chosenFor(
  publication: PrekeyPublication,
  init: Pick<CreateInitInit, 'policy' | 'reachedLevel'>,
): { readonly level: SecurityLevel; readonly suite: Suite } {
  const policy = init.policy ?? defaultSecurityPolicy;
  const ours = init.reachedLevel === undefined ? policy : atLeast(policy, init.reachedLevel);
  const minLevel = publication.minLevel as SecurityLevel;
  const maxLevel = SECURITY_LEVELS.at(-1) as SecurityLevel;
  const level = commonLevel(ours, { minLevel, levels: levelBitmap({ minLevel, maxLevel }) });
  if (level === null) throw levelRefused(ours.maxLevel, Math.max(ours.minLevel, minLevel));
  const suite = commonSuite(ours, publication.suites);
  if (suite === null) {
    throw new SessionError('UNSUPPORTED', 'the recipient accepts no suite of ours', {
      hint: 'allow more suites in the security policy',
      data: { theirs: publication.suites, ours: [...ours.suites] },
    });
  }
  return { level, suite };
}
