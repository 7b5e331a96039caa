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
import { MAX_CLOCK_SKEW_MS, MAX_ENVELOPE_BYTES } from '../limits.ts';
import { erasedAtMs, findPrekeys, type PrekeyStore } from '../prekeys/store.ts';
import { newSession, type Session } from '../session.ts';
import { openEnvelope, type IncomingMessage, type OpenInit } from '../wire/message.ts';
import {
  agreeAsResponder,
  assertSpoken,
  responderShare,
  shareSealKey,
  wipeShare,
  type InitiatorShare,
  type ResponderPrekeys,
} from './agreement.ts';
import { sessionAssociatedData, type HandshakeTranscript } from './encoding.ts';
import { openInitClaims, signedInitBody, type InitClaims } from './init-seal.ts';
import { splitInit, type PublicPart } from './public-part.ts';

/** What {@link openInit} needs. */
export interface OpenInitInit {
  readonly ours: OwnIdentity;
  readonly prekeys: PrekeyStore;
  /** The replay cache: true when an initial message with this H256 of its public part (32 bytes) was accepted. */
  readonly isReplayed: (initHash: Uint8Array) => boolean;
  /** A block that an earlier contact has left, by DID and fingerprint. Strangers can name any: it has to be one look-up. */
  readonly findIdentity: (did: string, idFp: Uint8Array) => IdentityBlock | null;
  readonly nowMs: number;
}

/** An accepted initial message; store everything in one step, before the message is shown. */
export interface AcceptedInit {
  readonly session: Session;
  readonly message: IncomingMessage;
  /** The prekeys that remain. */
  readonly prekeys: PrekeyStore;
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
  readonly #accept: (nowMs: number) => AcceptedInit;
  readonly #release: () => void;

  /** Internal: made by {@link openInit}. */
  constructor(
    facts: Pick<PendingInit, 'sender' | 'credential' | 'credentialHash' | 'sentAtMs' | 'initHash'>,
    accept: (nowMs: number) => AcceptedInit,
    release: () => void,
  ) {
    this.sender = facts.sender;
    this.credential = facts.credential;
    this.credentialHash = facts.credentialHash;
    this.sentAtMs = facts.sentAtMs;
    this.initHash = facts.initHash;
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
 * Reads an initial message up to the point where the sender's identity is proven: form, replay cache, prekeys, seal,
 * identity block, `init` signature, clock. In this order, so that strangers cost one lookup, three DHs and one
 * decapsulation at most.
 * @throws SessionError `INIT_REJECTED`, `INIT_REPLAYED`, `PREKEY_UNKNOWN`, `UNSUPPORTED`, `CLOCK_SKEW`; nothing has
 *   changed then
 */
export function openInit(provider: CryptoProvider, bytes: Uint8Array, init: OpenInitInit): PendingInit {
  const parts = bytes.length > MAX_ENVELOPE_BYTES ? null : splitInit(bytes);
  if (parts === null || parts.sealed.length === 0) throw initRejected();
  const { publicPart } = parts;
  assertSpoken(publicPart.level, publicPart.suite);
  const initHash = provider.sha256(parts.publicBytes);
  if (init.isReplayed(initHash)) {
    throw new SessionError('INIT_REPLAYED', 'this initial message was accepted before', {
      hint: 'nothing to do: its first message was delivered then',
      data: { initHash: initHash.toHex() },
    });
  }
  const found = findPrekeys(provider, init.prekeys, publicPart);
  if (found === null) {
    throw new SessionError('PREKEY_UNKNOWN', 'the initial message uses prekeys that are not here', {
      hint: 'it is older than 44 days, or for another agent; the sender has to write again',
    });
  }
  const { keys, generation } = found;
  let share: Pick<InitiatorShare, 'dhs' | 'ss'> | null = null;
  const release = (): void => {
    if (share !== null) wipeShare(share);
    keys.spk.dispose();
    keys.kem.dispose();
  };
  try {
    const agreed = (share = shareWith(provider, init.ours, keys, publicPart));
    const claims = openInitClaims(provider, shareSealKey(provider, agreed), parts.sealed, parts.publicBytes);
    if (claims === null) throw initRejected();
    const sender = namedSender(provider, init, claims);
    const transcript: HandshakeTranscript = {
      initiatorIk: sender.block.ik,
      responderIk: init.ours.keys.ik.publicKey,
      prekeys: { spk: keys.spk.publicKey, opk: null, kem: keys.kem.publicKey },
      ephemeral: publicPart.ephemeral,
      ciphertext: publicPart.ciphertext,
      initiatorIdFp: sender.idFp,
      responderIdFp: init.ours.idFp,
      suite: publicPart.suite,
      level: publicPart.level,
      gateHash: null,
    };
    const { credential, credentialHash, sentAtMs, signature } = claims;
    const sessionAd = sessionAssociatedData(provider, transcript);
    const body = signedInitBody(sessionAd, publicPart, sentAtMs, credentialHash);
    const verifyingKeys = importIdentityVerifyingKeys(provider, sender.block);
    if (!verifyHybrid(provider, verifyingKeys, signaturePurposes.init, body, signature)) throw initRejected();
    if (credential !== null && !equalBytes(provider.sha256(credential), credentialHash)) throw initRejected();
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
        level: publicPart.level,
        suite: publicPart.suite,
        ours: init.ours,
        peer: sender,
        initHash,
        initiatedAtMs: sentAtMs,
        isPeerVerified: true,
        nowMs,
      });
      const opened = openFirst(provider, session, parts.envelope, { nowMs, peer: sender.block });
      return { ...opened, prekeys: init.prekeys, replay: { initHash, keepUntilMs: erasedAtMs(generation) } };
    };
    return new PendingInit({ sender, credential, credentialHash, sentAtMs, initHash }, accept, release);
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
    if (error instanceof SessionError && error.code === 'DECRYPT_FAILED') throw initRejected();
    throw error;
  }
}
