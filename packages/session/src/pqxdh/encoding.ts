/**
 * The associated data of PQXDH and the encodings of public keys inside it (PQXDH rev. 3, sections 2.5 and 3.3).
 *
 * Each encoding starts with a tag of its own, so that an EC key can never be read as a KEM key or the other way round
 * (the confusion found by Bhargavan, Jacomme, Kiefer and Schmidt, USENIX Security 2024).
 */
import { concatBytes } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { prekeyId } from '../kdf.ts';
import type { SecurityLevel } from '../levels.ts';
import type { Suite } from '../suites.ts';

const EC_TAG = Uint8Array.of(0x05);
const KEM_TAG = Uint8Array.of(0x0a);
const ABSENT = Uint8Array.of(0);
const PRESENT = Uint8Array.of(1);
/** H512 of the gate's transcript where there was no gate. */
const NO_GATE = new Uint8Array(64);

/** EncodeEC: 05, then the 32 bytes of an X25519 key. */
export function encodeEc(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(EC_TAG, publicKey);
}

/** EncodeKEM: 0A, then the 1568 bytes of an ML-KEM-1024 encapsulation key. */
export function encodeKem(publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(KEM_TAG, publicKey);
}

/** The prekeys of the responder that one handshake uses. */
export interface HandshakePrekeys {
  /** Signed prekey, X25519, 32 bytes. */
  readonly spk: Uint8Array;
  /** One-time prekey, X25519, 32 bytes. */
  readonly opk: Uint8Array | null;
  /** One-time or last-resort KEM prekey, ML-KEM-1024, 1568 bytes; `null` at levels 1 and 2, which have none. */
  readonly kem: Uint8Array | null;
}

/** The ids under which the responder finds them; 0 = none. */
export interface PrekeyIds {
  readonly spkId: number;
  readonly opkId: number;
  readonly kemId: number;
}

/** The ids of `prekeys`: first 4 bytes of H256 of each tagged encoding, little-endian. */
export function prekeyIds(provider: CryptoProvider, prekeys: HandshakePrekeys): PrekeyIds {
  return {
    spkId: prekeyId(provider, encodeEc(prekeys.spk)),
    opkId: prekeys.opk === null ? 0 : prekeyId(provider, encodeEc(prekeys.opk)),
    kemId: prekeys.kem === null ? 0 : prekeyId(provider, encodeKem(prekeys.kem)),
  };
}

/** Everything that both ends of a session agree on. */
export interface HandshakeTranscript {
  readonly initiatorIk: Uint8Array;
  readonly responderIk: Uint8Array;
  readonly prekeys: HandshakePrekeys;
  /** The initiator's ephemeral key EK_A. */
  readonly ephemeral: Uint8Array;
  /** 1568 bytes; `null` where there is no KEM prekey. */
  readonly ciphertext: Uint8Array | null;
  readonly initiatorIdFp: Uint8Array;
  readonly responderIdFp: Uint8Array;
  readonly suite: Suite;
  readonly level: SecurityLevel;
  /** 64 bytes, or `null` offline. */
  readonly gateHash: Uint8Array | null;
}

/**
 * sessionAd, 64 bytes: H512 of the associated data. Beyond PQXDH's AD it covers the ephemeral key, all prekeys, the KEM
 * ciphertext (against re-encapsulation), both identities, suite, level and the gate's transcript. At levels 1 and 2 the
 * two KEM items are left out; the tag of the third item tells the two forms apart.
 */
export function sessionAssociatedData(
  provider: CryptoProvider,
  transcript: HandshakeTranscript,
): Uint8Array<ArrayBuffer> {
  const { prekeys } = transcript;
  return provider.sha512(
    concatBytes(
      encodeEc(transcript.initiatorIk),
      encodeEc(transcript.responderIk),
      ...(prekeys.kem === null ? [] : [encodeKem(prekeys.kem)]),
      encodeEc(transcript.ephemeral),
      encodeEc(prekeys.spk),
      ...(prekeys.opk === null ? [ABSENT] : [PRESENT, encodeEc(prekeys.opk)]),
      ...(transcript.ciphertext === null ? [] : [provider.sha256(transcript.ciphertext)]),
      transcript.initiatorIdFp,
      transcript.responderIdFp,
      Uint8Array.of(transcript.suite, transcript.level),
      transcript.gateHash ?? NO_GATE,
    ),
  );
}
