/**
 * Starting a session while we were away, the responder's side: an initial message is opened in two steps, so that the
 * sender's credential is verified before anything of the message is shown or any key is used up.
 */
import { equalBytes } from '@wotid/core';
import {
  assertIdentityBlock,
  CryptoError,
  importIdentityVerifyingKeys,
  signaturePurposes,
  verifyHybrid,
  type CryptoProvider,
  type IdentityBlock,
} from '@wotid/crypto';
import { initRejected, SessionError } from '../errors.ts';
import { peerIdentity, type OwnIdentity, type PeerIdentity } from '../identity.ts';
import type { SecurityLevel } from '../levels.ts';
import { MAX_CLOCK_SKEW_MS, MAX_ENVELOPE_BYTES } from '../limits.ts';
import { erasedAtMs, findPrekeys, type OneTimePairIds, type PrekeyStore } from '../prekeys/store.ts';
import {
  assertAccepted,
  defaultSecurityPolicy,
  levelRefused,
  type SecurityPolicy,
} from '../security-policy.ts';
import { newSession, type Session } from '../session.ts';
import { mailboxAlgorithms } from '../signature-policy.ts';
import { openEnvelope, type IncomingMessage, type OpenInit } from '../wire/message.ts';
import {
  agreeAsResponder,
  disposePrekeys,
  publicPrekeys,
  responderShare,
  shareSealKey,
  wipeShare,
  type InitiatorShare,
  type ResponderPrekeys,
} from './agreement.ts';
import { sessionAssociatedData, type HandshakeTranscript } from './encoding.ts';
import { openInitClaims, signedInitBody, type InitClaims } from './init-seal.ts';
import { KIND_INIT, splitInit, type PublicPart } from './public-part.ts';

/** What {@link openInit} needs. */
export interface OpenInitInit {
  readonly ours: OwnIdentity;
  readonly prekeys: PrekeyStore;
  /** The replay cache: true when an initial message with this H256 of its public part (32 bytes) was accepted. */
  readonly isReplayed: (initHash: Uint8Array) => boolean;
  /** A block that an earlier contact has left, by DID and fingerprint. Strangers can name any: it has to be one look-up. */
  readonly findIdentity: (did: string, idFp: Uint8Array) => IdentityBlock | null;
  /** Default {@link defaultSecurityPolicy}. */
  readonly policy?: SecurityPolicy;
  /** The level reached with this DID before, or `null`: a lower one is refused. */
  readonly reachedLevel?: (did: string) => SecurityLevel | null;
  readonly nowMs: number;
}

/** An accepted initial message; store everything in one step, before the message is shown. */
export interface AcceptedInit {
  readonly session: Session;
  readonly message: IncomingMessage;
  /** The one-time pair that this message has used up: give it to `consumeOneTimePair`. `null` for last-resort keys. */
  readonly oneTimePair: OneTimePairIds | null;
  /** Goes into the replay cache until the prekeys of this message are erased. */
  readonly replay: { readonly initHash: Uint8Array; readonly keepUntilMs: number };
}

/**
 * An initial message whose sender has proven to hold the identity it names. Verify the credential, then either
 * {@link accept} it or dispose of it; until then nothing of the message has been decrypted and no key is used up.
 */
export class PendingInit implements Disposable {
  /** The sender: fingerprint and signature are verified, the DID is what the block says. */
  readonly sender: PeerIdentity;
  /** The sender's credential, unverified; `null` when the sender thinks that we have it: look it up by hash. */
  readonly credential: Uint8Array | null;
  /** H256 of the credential, 32 bytes, under the sender's signature. */
  readonly credentialHash: Uint8Array;
  /** The sender's clock, milliseconds since the Unix epoch. */
  readonly sentAtMs: number;
  /** H256 of the public part, 32 bytes. */
  readonly initHash: Uint8Array;
  /** The handshake's level. */
  readonly level: SecurityLevel;
  readonly #accept: (nowMs: number) => AcceptedInit;
  readonly #release: () => void;

  /** Internal: made by {@link openInit}. */
  constructor(
    facts: Pick<PendingInit, 'sender' | 'credential' | 'credentialHash' | 'sentAtMs' | 'initHash' | 'level'>,
    accept: (nowMs: number) => AcceptedInit,
    release: () => void,
  ) {
    this.sender = facts.sender;
    this.credential = facts.credential;
    this.credentialHash = facts.credentialHash;
    this.sentAtMs = facts.sentAtMs;
    this.initHash = facts.initHash;
    this.level = facts.level;
    this.#accept = accept;
    this.#release = release;
  }

  /**
   * Decrypts the first message. Call it only after the credential was verified: the session counts its peer as such.
   * @throws SessionError `INIT_REJECTED` when the first message does not decrypt; nothing is used up
   */
  accept(nowMs: number): AcceptedInit {
    return this.#accept(nowMs);
  }

  /** Drops the keys that were derived to read the seal; {@link accept} fails afterwards. */
  [Symbol.dispose](): void {
    this.#release();
  }
}

/**
 * Reads an initial message up to the point where the sender's identity is proven: form, level and suite, replay cache,
 * prekeys, seal, identity block, `init` signature, the level reached before, clock. In this order, so that strangers cost
 * one lookup, three DHs and one decapsulation at most (and one KEM key generation where a one-time pair is named).
 * @throws SessionError `INIT_REJECTED`, `INIT_REPLAYED`, `PREKEY_UNKNOWN`, `UNSUPPORTED`, `LEVEL_REFUSED`, `CLOCK_SKEW`;
 *   nothing has changed then, and no one-time pair is used up
 */
export function openInit(provider: CryptoProvider, bytes: Uint8Array, init: OpenInitInit): PendingInit {
  const [kind, suiteByte, levelByte] = bytes;
  if (kind !== KIND_INIT || suiteByte === undefined || levelByte === undefined) throw initRejected();
  // Before the rest is read, whose layout is that of the level.
  const { policy = defaultSecurityPolicy } = init;
  const { level, suite } = assertAccepted(policy, levelByte, suiteByte);
  const parts = bytes.length > MAX_ENVELOPE_BYTES ? null : splitInit(bytes);
  if (parts === null || parts.sealed.length === 0) throw initRejected();
  const { publicPart } = parts;
  const initHash = provider.sha256(parts.publicBytes);
  if (init.isReplayed(initHash)) {
    throw new SessionError('INIT_REPLAYED', 'this initial message was accepted before', {
      hint: 'nothing to do: its first message was delivered then',
      data: { initHash: initHash.toHex() },
    });
  }
  const found = findPrekeys(provider, init.prekeys, publicPart, level, init.nowMs);
  if (found === null) {
    throw new SessionError('PREKEY_UNKNOWN', 'the initial message uses prekeys that are not here', {
      hint: 'it is older than 44 days, for another agent, or to a one-time key used before; the sender has to write again',
    });
  }
  const { keys, generation } = found;
  let share: Pick<InitiatorShare, 'dhs' | 'ss'> | null = null;
  const release = (): void => {
    if (share !== null) wipeShare(share);
    disposePrekeys(keys);
  };
  try {
    const agreed = (share = shareWith(provider, init.ours, keys, publicPart));
    const claims = openInitClaims(provider, shareSealKey(provider, agreed), parts.sealed, parts.publicBytes);
    if (claims === null) throw initRejected();
    const sender = namedSender(provider, init, claims);
    const transcript: HandshakeTranscript = {
      initiatorIk: sender.block.ik,
      responderIk: init.ours.keys.ik.publicKey,
      prekeys: publicPrekeys(keys),
      ephemeral: publicPart.ephemeral,
      ciphertext: publicPart.ciphertext,
      initiatorIdFp: sender.idFp,
      responderIdFp: init.ours.idFp,
      suite,
      level,
      gateHash: null,
    };
    const { credential, credentialHash, sentAtMs, signature } = claims;
    const sessionAd = sessionAssociatedData(provider, transcript);
    const body = signedInitBody(sessionAd, publicPart, sentAtMs, credentialHash);
    const verifyingKeys = importIdentityVerifyingKeys(provider, sender.block);
    const accepted = mailboxAlgorithms(level, policy, init.ours.block, sender.block);
    if (!verifyHybrid(provider, verifyingKeys, signaturePurposes.init, body, signature, accepted)) {
      throw initRejected();
    }
    if (credential !== null && !equalBytes(provider.sha256(credential), credentialHash)) throw initRejected();
    const reached = init.reachedLevel?.(sender.block.did) ?? null;
    if (reached !== null && level < reached) throw levelRefused(level, reached);
    if (sentAtMs > init.nowMs + MAX_CLOCK_SKEW_MS) {
      throw new SessionError('CLOCK_SKEW', 'the initial message claims to come from the future', {
        hint: 'check the clock; the message can be read once its time has come',
        data: { sentAtMs },
      });
    }
    const accept = (nowMs: number): AcceptedInit => {
      const session = newSession(agreeWith(provider, keys.spk, agreed, transcript, null), {
        role: 'responder',
        origin: 'mailbox',
        isLastResort: publicPart.opkId === 0,
        level,
        suite,
        ours: init.ours,
        peer: sender,
        initHash,
        initiatedAtMs: sentAtMs,
        isPeerVerified: true,
        nowMs,
      });
      const opened = openFirst(provider, session, parts.envelope, {
        nowMs,
        peer: sender.block,
        route: 'mailbox',
        ours: init.ours.block,
        falcon: policy.falcon,
      });
      const { spkId, opkId } = publicPart;
      const oneTimePair = opkId === 0 ? null : { spkId, opkId };
      return { ...opened, oneTimePair, replay: { initHash, keepUntilMs: erasedAtMs(generation) } };
    };
    const facts = { sender, credential, credentialHash, sentAtMs, initHash, level };
    return new PendingInit(facts, accept, release);
  } catch (error) {
    release();
    throw error;
  }
}

/** Completes the agreement; an identity key that is no key of full order is the sender's fault. */
function agreeWith(...agreement: Parameters<typeof agreeAsResponder>): ReturnType<typeof agreeAsResponder> {
  try {
    return agreeAsResponder(...agreement);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'BAD_PUBLIC_KEY') throw initRejected();
    throw error;
  }
}

function shareWith(
  provider: CryptoProvider,
  ours: OwnIdentity,
  keys: ResponderPrekeys,
  publicPart: PublicPart,
): Pick<InitiatorShare, 'dhs' | 'ss'> {
  try {
    return responderShare(provider, ours.keys.ik, keys, publicPart.ephemeral, publicPart.ciphertext);
  } catch (error) {
    // The ephemeral key is no canonical key of full order.
    if (error instanceof CryptoError) throw initRejected();
    throw error;
  }
}

/** The identity that the seal names, its block checked against its fingerprint; not yet proven. */
function namedSender(provider: CryptoProvider, init: OpenInitInit, claims: InitClaims): PeerIdentity {
  const block = claims.identityBlock ?? init.findIdentity(claims.did, claims.idFp);
  if (block === null) throw initRejected();
  let sender: PeerIdentity;
  try {
    assertIdentityBlock(block);
    sender = peerIdentity(provider, block);
  } catch {
    throw initRejected();
  }
  const isConsistent = equalBytes(sender.idFp, claims.idFp) && block.did === claims.did;
  if (!isConsistent || equalBytes(sender.idFp, init.ours.idFp)) throw initRejected();
  return sender;
}

function openFirst(
  provider: CryptoProvider,
  session: Session,
  envelope: Uint8Array,
  init: OpenInit,
): { readonly session: Session; readonly message: IncomingMessage } {
  try {
    return openEnvelope(provider, session, envelope, init);
  } catch (error) {
    // A session that begins has no rekey that a first message could contradict.
    const isPeersFault =
      error instanceof SessionError && (error.code === 'DECRYPT_FAILED' || error.code === 'PQ_CONFLICT');
    if (isPeersFault) throw initRejected();
    throw error;
  }
}
