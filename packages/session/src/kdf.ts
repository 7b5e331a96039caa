/**
 * Key derivation of PQXDH and the ratchet: HKDF-SHA-512 and HMAC-SHA-512 with one label each. Knows no state and no
 * wire format.
 */
import { concatBytes, u32le, utf8 } from '@wotid/core';
import { wipe, type CryptoProvider } from '@wotid/crypto';
import { KEY_BYTES } from './limits.ts';

const NO_SALT = new Uint8Array(64);
/** F of X3DH section 2.2 and PQXDH section 2.2: 32 bytes of FF, which no X25519 key encodes to. */
const F = new Uint8Array(32).fill(0xff);

const PQXDH_INFO = utf8('WOTID-PQXDH-V1_CURVE25519_SHA-512_ML-KEM-1024');
const X3DH_INFO = utf8('WOTID-X3DH-V1_CURVE25519_SHA-512');
const INIT_SEAL_INFO = utf8('wot.id/v1/init-seal');
/** Without a KEM the secrets can be as many bytes as with one: the label has to tell them apart. */
const X3DH_INIT_SEAL_INFO = utf8('wot.id/v1/init-seal-x3dh');
const SESSION_INFO = utf8('wot.id/v1/session');
const SID_LABEL = utf8('wot.id/v1/sid');
const ROOT_INFO = utf8('wot.id/v1/rk');
const MESSAGE_INFO = utf8('wot.id/v1/mk');
const EPOCH_INFO = utf8('wot.id/v1/pq-epoch');
const EC_CHAIN_STEP = Uint8Array.of(1);
const PQ_CHAIN_STEP = Uint8Array.of(2);

/** A key and nonce that are used for one message only. */
export interface OneTimeKey {
  /** 32 bytes. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** 12 bytes. */
  readonly nonce: Uint8Array<ArrayBuffer>;
}

/**
 * SK, 32 bytes (PQXDH section 3.3, X3DH section 3.3): `dhs` is DH1, DH2, DH3 and, with a one-time prekey, DH4; `ss` the
 * KEM's secret, or `null` for X3DH.
 */
export function handshakeSecret(
  provider: CryptoProvider,
  dhs: readonly Uint8Array[],
  ss: Uint8Array | null,
): Uint8Array<ArrayBuffer> {
  return ss === null
    ? derive(provider, [F, ...dhs], NO_SALT, X3DH_INFO, KEY_BYTES)
    : derive(provider, [F, ...dhs, ss], NO_SALT, PQXDH_INFO, KEY_BYTES);
}

/**
 * The key of the sealed part of an initial message: as {@link handshakeSecret} without DH1, which needs the initiator's
 * identity key that is under this very seal. `dhs` is DH2, DH3 and, with a one-time prekey, DH4.
 */
export function initSealKey(
  provider: CryptoProvider,
  dhs: readonly Uint8Array[],
  ss: Uint8Array | null,
): OneTimeKey {
  return splitOneTimeKey(
    ss === null
      ? derive(provider, [F, ...dhs], NO_SALT, X3DH_INIT_SEAL_INFO, 44)
      : derive(provider, [F, ...dhs, ss], NO_SALT, INIT_SEAL_INFO, 44),
  );
}

/** What a session starts with. */
export interface SessionKeys {
  readonly rootKey: Uint8Array<ArrayBuffer>;
  /** Header key of the initiator's first sending chain. */
  readonly headerKeyA: Uint8Array<ArrayBuffer>;
  /** Header key of the responder's first sending chain. */
  readonly nextHeaderKeyB: Uint8Array<ArrayBuffer>;
  readonly pqRoot: Uint8Array<ArrayBuffer>;
  readonly pqInitiatorToResponder: Uint8Array<ArrayBuffer>;
  readonly pqResponderToInitiator: Uint8Array<ArrayBuffer>;
}

/**
 * Six keys of 32 bytes from SK: HKDF(SK, salt, "wot.id/v1/session" + level + sessionAd, 192).
 * @param salt the gate's exporter (64 bytes), or `null` for 64 zeros offline
 */
export function sessionKeys(
  provider: CryptoProvider,
  sk: Uint8Array,
  salt: Uint8Array | null,
  level: number,
  sessionAd: Uint8Array,
): SessionKeys {
  const info = concatBytes(SESSION_INFO, Uint8Array.of(level), sessionAd);
  const [rootKey, headerKeyA, nextHeaderKeyB, pqRoot, pqInitiatorToResponder, pqResponderToInitiator] = split(
    provider.hkdfSha512(sk, salt ?? NO_SALT, info, 6 * KEY_BYTES),
  );
  return {
    rootKey: rootKey as Uint8Array<ArrayBuffer>,
    headerKeyA: headerKeyA as Uint8Array<ArrayBuffer>,
    nextHeaderKeyB: nextHeaderKeyB as Uint8Array<ArrayBuffer>,
    pqRoot: pqRoot as Uint8Array<ArrayBuffer>,
    pqInitiatorToResponder: pqInitiatorToResponder as Uint8Array<ArrayBuffer>,
    pqResponderToInitiator: pqResponderToInitiator as Uint8Array<ArrayBuffer>,
  };
}

/** The session id, 16 bytes: first part of H512("wot.id/v1/sid" + sessionAd). */
export function sessionId(provider: CryptoProvider, sessionAd: Uint8Array): Uint8Array<ArrayBuffer> {
  return provider.sha512(concatBytes(SID_LABEL, sessionAd)).slice(0, 16);
}

/** KDF_RK_HE (Double Ratchet rev. 4, section 4.2): the next root key, a chain key and the next header key. */
export function rootStep(
  provider: CryptoProvider,
  rootKey: Uint8Array,
  dh: Uint8Array,
): {
  readonly rootKey: Uint8Array<ArrayBuffer>;
  readonly chainKey: Uint8Array<ArrayBuffer>;
  readonly nextHeaderKey: Uint8Array<ArrayBuffer>;
} {
  const [root, chain, header] = split(provider.hkdfSha512(dh, rootKey, ROOT_INFO, 3 * KEY_BYTES));
  return {
    rootKey: root as Uint8Array<ArrayBuffer>,
    chainKey: chain as Uint8Array<ArrayBuffer>,
    nextHeaderKey: header as Uint8Array<ArrayBuffer>,
  };
}

/** One step of a symmetric chain. */
export interface ChainStep {
  /** Chain key of the next message. */
  readonly chainKey: Uint8Array<ArrayBuffer>;
  /** This message's share of its message key. */
  readonly messageKey: Uint8Array<ArrayBuffer>;
}

/** KDF_CK of the EC chain: HMAC-SHA-512(ck, 01), first half the next chain key. */
export function ecChainStep(provider: CryptoProvider, chainKey: Uint8Array): ChainStep {
  return chainStep(provider, chainKey, EC_CHAIN_STEP);
}

/** KDF_CK of the PQ chain: HMAC-SHA-512(ck, 02). */
export function pqChainStep(provider: CryptoProvider, chainKey: Uint8Array): ChainStep {
  return chainStep(provider, chainKey, PQ_CHAIN_STEP);
}

/** The salt of message keys where there is no PQ share: levels 1 and 2. */
export const NO_PQ_SHARE: Uint8Array = new Uint8Array(KEY_BYTES);

/** What an epoch starts with: the next root, and a chain key for each direction. */
export interface EpochKeys {
  readonly root: Uint8Array<ArrayBuffer>;
  readonly initiatorToResponder: Uint8Array<ArrayBuffer>;
  readonly responderToInitiator: Uint8Array<ArrayBuffer>;
}

/**
 * The keys of a PQ epoch: HKDF(ss, root of the epoch before, "wot.id/v1/pq-epoch" + epoch u32 + H256(ek + ct), 96).
 * @param ss what ML-KEM-1024 gave for `ct` under `ek`; stays the caller's to wipe
 * @param exchangeHash H256(ek + ct), 32 bytes
 */
export function epochKeys(
  provider: CryptoProvider,
  ss: Uint8Array,
  root: Uint8Array,
  epoch: number,
  exchangeHash: Uint8Array,
): EpochKeys {
  const info = concatBytes(EPOCH_INFO, u32le(epoch), exchangeHash);
  const [next, initiatorToResponder, responderToInitiator] = split(
    provider.hkdfSha512(ss, root, info, 3 * KEY_BYTES),
  );
  return {
    root: next as Uint8Array<ArrayBuffer>,
    initiatorToResponder: initiatorToResponder as Uint8Array<ArrayBuffer>,
    responderToInitiator: responderToInitiator as Uint8Array<ArrayBuffer>,
  };
}

/** KDF_HYBRID (Double Ratchet rev. 4, section 6.2): a message's key and nonce from its EC and PQ shares. */
export function messageKey(provider: CryptoProvider, ecKey: Uint8Array, pqKey: Uint8Array): OneTimeKey {
  return splitOneTimeKey(provider.hkdfSha512(ecKey, pqKey, MESSAGE_INFO, 44));
}

/** The 4-byte name of a prekey: the first bytes of H256 of its tagged encoding, little-endian; 0 means none. */
export function prekeyId(provider: CryptoProvider, encodedKey: Uint8Array): number {
  const hash = provider.sha256(encodedKey);
  return new DataView(hash.buffer, hash.byteOffset, 4).getUint32(0, true);
}

function chainStep(provider: CryptoProvider, chainKey: Uint8Array, input: Uint8Array): ChainStep {
  const output = provider.hmacSha512(chainKey, input);
  const step = { chainKey: output.slice(0, KEY_BYTES), messageKey: output.slice(KEY_BYTES) };
  wipe(output);
  return step;
}

function derive(
  provider: CryptoProvider,
  ikmParts: readonly Uint8Array[],
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array<ArrayBuffer> {
  const ikm = concatBytes(...ikmParts);
  try {
    return provider.hkdfSha512(ikm, salt, info, length);
  } finally {
    wipe(ikm);
  }
}

function split(output: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const keys: Uint8Array<ArrayBuffer>[] = [];
  for (let offset = 0; offset < output.length; offset += KEY_BYTES) {
    keys.push(output.slice(offset, offset + KEY_BYTES));
  }
  wipe(output);
  return keys;
}

function splitOneTimeKey(output: Uint8Array<ArrayBuffer>): OneTimeKey {
  const split = { key: output.slice(0, KEY_BYTES), nonce: output.slice(KEY_BYTES) };
  wipe(output);
  return split;
}
