/**
 * The key agreement of PQXDH (rev. 3, sections 3.3 and 3.4) and, at levels 1 and 2, of X3DH (rev. 1, the same sections),
 * the same for the gate and for offline messages: from identity keys, prekeys, an ephemeral key and a KEM to the first
 * ratchet state. Knows no message layout and no signature.
 */
import { wipe, type CryptoProvider, type KemKeyPair, type X25519KeyPair } from '@wotid/crypto';
import { handshakeSecret, initSealKey, sessionId, sessionKeys, type OneTimeKey } from '../kdf.ts';
import { initiatorRatchet, responderRatchet, type RatchetState } from '../ratchet/state.ts';
import { sessionAssociatedData, type HandshakePrekeys, type HandshakeTranscript } from './encoding.ts';

/** What the gate adds to a handshake: its transcript hash and its exported secret. */
export interface GateBinding {
  /** th4, 64 bytes. */
  readonly gateHash: Uint8Array;
  /** 64 bytes; the caller wipes it. */
  readonly exporter: Uint8Array;
}

/** The outcome of a key agreement. */
export interface AgreedSession {
  readonly ratchet: RatchetState;
  /** 64 bytes. */
  readonly sessionAd: Uint8Array<ArrayBuffer>;
  /** 16 bytes. */
  readonly sid: Uint8Array<ArrayBuffer>;
}

/** The initiator's ephemeral key and encapsulation: made first, because the seal needs no identity key. */
export interface InitiatorShare {
  /** 32 bytes. */
  readonly ephemeral: Uint8Array;
  /** 1568 bytes, or `null` without a KEM prekey. */
  readonly ciphertext: Uint8Array<ArrayBuffer> | null;
  /** DH2, DH3 and, with a one-time prekey, DH4. */
  readonly dhs: readonly Uint8Array[];
  /** 32 bytes, or `null` without a KEM prekey. */
  readonly ss: Uint8Array<ArrayBuffer> | null;
}

/**
 * DH2, DH3, [DH4] and [(CT, SS)] of the initiator. The ephemeral private key is dropped here.
 * @throws CryptoError `BAD_PUBLIC_KEY` for prekeys that are no keys
 */
export function initiatorShare(
  provider: CryptoProvider,
  responderIk: Uint8Array,
  prekeys: HandshakePrekeys,
): InitiatorShare {
  using ephemeral = provider.x25519Generate();
  const dhs = [provider.x25519(ephemeral, responderIk), provider.x25519(ephemeral, prekeys.spk)];
  if (prekeys.opk !== null) dhs.push(provider.x25519(ephemeral, prekeys.opk));
  const share = { ephemeral: ephemeral.publicKey.slice(), dhs };
  if (prekeys.kem === null) return { ...share, ciphertext: null, ss: null };
  using kem = provider.kemImportPublic(prekeys.kem);
  const { ciphertext, sharedSecret } = provider.kemEncapsulate(kem);
  return { ...share, ciphertext, ss: sharedSecret };
}

/** The responder's private prekeys of one handshake; `spk` becomes its first ratchet key. */
export interface ResponderPrekeys {
  readonly spk: X25519KeyPair;
  readonly opk: X25519KeyPair | null;
  /** `null` at levels 1 and 2. */
  readonly kem: KemKeyPair | null;
}

/** Drops the handles. */
export function disposePrekeys({ spk, opk, kem }: ResponderPrekeys): void {
  spk.dispose();
  opk?.dispose();
  kem?.dispose();
}

/** Their public halves. */
export function publicPrekeys({ spk, opk, kem }: ResponderPrekeys): HandshakePrekeys {
  return { spk: spk.publicKey, opk: opk?.publicKey ?? null, kem: kem?.publicKey ?? null };
}

/**
 * DH2, DH3, [DH4] and [SS] of the responder.
 * @param ciphertext `null` exactly where there is no KEM prekey
 * @throws CryptoError for an ephemeral key or ciphertext that is none
 */
export function responderShare(
  provider: CryptoProvider,
  responderIk: X25519KeyPair,
  prekeys: ResponderPrekeys,
  ephemeral: Uint8Array,
  ciphertext: Uint8Array | null,
): Pick<InitiatorShare, 'dhs' | 'ss'> {
  const { kem } = prekeys;
  if ((kem === null) !== (ciphertext === null)) throw new TypeError('a KEM prekey without a ciphertext');
  const dhs = [provider.x25519(responderIk, ephemeral), provider.x25519(prekeys.spk, ephemeral)];
  if (prekeys.opk !== null) dhs.push(provider.x25519(prekeys.opk, ephemeral));
  const ss = kem === null || ciphertext === null ? null : provider.kemDecapsulate(kem, ciphertext);
  return { dhs, ss };
}

/** The key that hides the initiator's identity in an offline initial message. */
export function shareSealKey(
  provider: CryptoProvider,
  share: Pick<InitiatorShare, 'dhs' | 'ss'>,
): OneTimeKey {
  return initSealKey(provider, share.dhs, share.ss);
}

/**
 * Completes the initiator's side: DH1 = DH(IK_A, SPK_B), SK, session keys, first ratchet state.
 * @param transcript must hold this share's ephemeral key and ciphertext
 */
export function agreeAsInitiator(
  provider: CryptoProvider,
  ik: X25519KeyPair,
  share: InitiatorShare,
  transcript: HandshakeTranscript,
  gate: GateBinding | null,
): AgreedSession {
  const dh1 = provider.x25519(ik, transcript.prekeys.spk);
  return agree(provider, dh1, share, transcript, gate, (keys, sessionAd) =>
    initiatorRatchet(provider, transcript, keys, sessionAd, transcript.prekeys.spk),
  );
}

/**
 * Completes the responder's side: DH1 = DH(SPK_B, IK_A), SK, session keys, first ratchet state.
 * @param spk stays the caller's; the session gets a handle of its own
 */
export function agreeAsResponder(
  provider: CryptoProvider,
  spk: X25519KeyPair,
  share: Pick<InitiatorShare, 'dhs' | 'ss'>,
  transcript: HandshakeTranscript,
  gate: GateBinding | null,
): AgreedSession {
  const dh1 = provider.x25519(spk, transcript.initiatorIk);
  const ratchetKey = spk.share();
  return agree(provider, dh1, share, transcript, gate, (keys, sessionAd) =>
    responderRatchet(transcript, keys, sessionAd, ratchetKey),
  );
}

/** Wipes the secrets of a share. */
export function wipeShare(share: Pick<InitiatorShare, 'dhs' | 'ss'>): void {
  wipe(...share.dhs, ...(share.ss === null ? [] : [share.ss]));
}

function agree(
  provider: CryptoProvider,
  dh1: Uint8Array,
  share: Pick<InitiatorShare, 'dhs' | 'ss'>,
  transcript: HandshakeTranscript,
  gate: GateBinding | null,
  ratchetOf: (keys: ReturnType<typeof sessionKeys>, sessionAd: Uint8Array) => RatchetState,
): AgreedSession {
  const sessionAd = sessionAssociatedData(provider, transcript);
  const sk = handshakeSecret(provider, [dh1, ...share.dhs], share.ss);
  try {
    const keys = sessionKeys(provider, sk, gate?.exporter ?? null, transcript.level, sessionAd);
    return { ratchet: ratchetOf(keys, sessionAd), sessionAd, sid: sessionId(provider, sessionAd) };
  } finally {
    wipe(dh1, sk);
  }
}
