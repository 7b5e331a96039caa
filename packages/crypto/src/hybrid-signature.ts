/**
 * Signatures of identities: Ed25519 and a post-quantum algorithm over one message; a forger must break both. Where a
 * session has chosen a level without post-quantum keys, Ed25519 alone.
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 1 | algorithm: 1, 2 or 3 |
 * | 1 | 64 | Ed25519 signature (RFC 8032) |
 * | 65 | 4627, 1280 or 0 | 1: ML-DSA-87 (FIPS 204), context `wot.id/v1`; 2: Falcon-1024 padded (round 3); 3: nothing |
 *
 * All parts sign `domain 00 purpose 00 SHA-512(body)`; the domain is `wot.id/v1/sig` for algorithm 1, `wot.id/v1/sig-2`
 * and `wot.id/v1/sig-3` for the others. So no signature stands for another purpose, and no half of one algorithm's
 * signature is another algorithm's: whoever cuts the post-quantum half off has nothing. Domain and purpose have no zero
 * byte and the hash a fixed length, so the encoding is injective.
 */
import { bcs, BcsType, concatBytes, decodeStrict, utf8, type DecodeInit } from '@wotid/core';
import { CryptoError } from './crypto-error.ts';
import type { CryptoProvider, SigningKey, VerifyingKey } from './provider.ts';
import { signatureBytes } from './sizes.ts';

/** What a signature is for. Each kind of signed body has its own. */
export const signaturePurposes = {
  /** A prekey publication. */
  prekeys: 'prekeys',
  /** The initiator's gate message M3. */
  gateInitiator: 'gate-A',
  /** The responder's gate message M4. */
  gateResponder: 'gate-B',
  /** The first message of a session that starts offline. */
  init: 'init',
  /** A signed rekey. */
  rekey: 'rekey',
  /** One application message. */
  message: 'tsp',
  /** A hash over both directions' log. */
  checkpoint: 'checkpoint',
  /** A contact card. */
  card: 'card',
  /** A contact record. */
  contactRecord: 'contact-record',
  /** A holder's request for a credential. */
  credentialRequest: 'credential-request',
  /** A holder's proof, to an issuer's nonce, that the keys of an identity block are theirs. */
  holderProof: 'holder-proof',
} as const;

/** One of {@link signaturePurposes}. */
export type SignaturePurpose = (typeof signaturePurposes)[keyof typeof signaturePurposes];

/** First byte of a signature: which algorithms it is made of. */
export const hybridAlgorithm = { ed25519MlDsa87: 1, ed25519Falcon1024: 2, ed25519: 3 } as const;

/** One of {@link hybridAlgorithm}. */
export type HybridAlgorithm = (typeof hybridAlgorithm)[keyof typeof hybridAlgorithm];

const ed25519At = 1;
const postQuantumAt: number = ed25519At + signatureBytes.ed25519;

/** Length of a signature by its algorithm: 4692, 1345, 65. */
export const hybridSignatureBytes: Readonly<Record<HybridAlgorithm, number>> = {
  [hybridAlgorithm.ed25519MlDsa87]: postQuantumAt + signatureBytes['ml-dsa-87'],
  [hybridAlgorithm.ed25519Falcon1024]: postQuantumAt + signatureBytes['falcon-1024'],
  [hybridAlgorithm.ed25519]: postQuantumAt,
};

/** The longest signature, 4692 bytes. */
export const hybridSignatureMaxBytes: number = hybridSignatureBytes[hybridAlgorithm.ed25519MlDsa87];

/**
 * What counts where nobody has chosen anything else: long-lived documents and level 3. Falcon is taken only where the
 * verifier's policy names it, Ed25519 alone never at level 3.
 */
export const defaultAlgorithms: readonly HybridAlgorithm[] = [hybridAlgorithm.ed25519MlDsa87];

const domains: Readonly<Record<HybridAlgorithm, Uint8Array>> = {
  [hybridAlgorithm.ed25519MlDsa87]: concatBytes(utf8('wot.id/v1/sig'), Uint8Array.of(0)),
  [hybridAlgorithm.ed25519Falcon1024]: concatBytes(utf8('wot.id/v1/sig-2'), Uint8Array.of(0)),
  [hybridAlgorithm.ed25519]: concatBytes(utf8('wot.id/v1/sig-3'), Uint8Array.of(0)),
};
const mlDsaContext = utf8('wot.id/v1');

/** All parts of an identity's signing key. */
export interface HybridSigningKeys {
  readonly ed25519: SigningKey;
  readonly mlDsa87: SigningKey;
  /** Absent when the owner has not asked for one. */
  readonly falcon1024?: SigningKey | null;
}

/** All parts of an identity's verification key. */
export interface HybridVerifyingKeys {
  readonly ed25519: VerifyingKey;
  readonly mlDsa87: VerifyingKey;
  /** Absent when the identity has none: its algorithm 2 signatures are then invalid. */
  readonly falcon1024?: VerifyingKey | null;
}

/** The length of the signature that begins with `first`; `undefined` for an unknown algorithm. */
export function hybridSignatureLength(first: number): number | undefined {
  return isHybridAlgorithm(first) ? hybridSignatureBytes[first] : undefined;
}

/** BCS of a signature: no length prefix, the first byte tells the length. Parsing refuses unknown algorithms. */
export const hybridSignatureType: BcsType<Uint8Array, Uint8Array> = new BcsType<Uint8Array, Uint8Array>({
  name: 'signature',
  read: (reader) => {
    const first = reader.read8();
    const length = hybridSignatureLength(first);
    if (length === undefined) throw new TypeError(`unknown signature algorithm ${first}`);
    return concatBytes(Uint8Array.of(first), reader.readBytes(length - 1));
  },
  write: (value, writer) => {
    writer.writeBytes(value);
  },
  serializedSize: (value) => value.length,
  validate: (value) => {
    if (value.length !== hybridSignatureLength(value[0] ?? 0)) {
      throw new TypeError('a signature has another length than its algorithm says');
    }
  },
});

/** A value, the bytes of its encoding, and the signature that followed them. */
export interface SignedBytes<T> {
  readonly value: T;
  /** What was signed, or what the signed body is made of; a copy. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/**
 * Parses `bytes` as exactly one value of `schema` and one signature behind it. The signature is not verified.
 * @throws DecodeError as `decodeStrict` does
 */
export function decodeSigned<T>(schema: BcsType<T, T>, bytes: Uint8Array, init: DecodeInit): SignedBytes<T> {
  const { value, signature } = decodeStrict(
    bcs.struct(schema.name, { value: schema, signature: hybridSignatureType }),
    bytes,
    init,
  );
  const bodyEnd = bytes.length - signature.length;
  return { value, body: bytes.slice(0, bodyEnd), signature: bytes.slice(bodyEnd) };
}

/**
 * Signs `body` for `purpose`.
 * @param algorithm default 1, Ed25519 + ML-DSA-87
 * @returns 4692, 1345 or 65 bytes; of algorithms 1 and 2 no two are equal (both are randomised)
 * @throws CryptoError `NO_SIGNING_KEY` for algorithm 2 without a Falcon key
 */
export function signHybrid(
  provider: CryptoProvider,
  keys: HybridSigningKeys,
  purpose: SignaturePurpose,
  body: Uint8Array,
  algorithm: HybridAlgorithm = hybridAlgorithm.ed25519MlDsa87,
): Uint8Array<ArrayBuffer> {
  const message = signedMessage(provider, algorithm, purpose, body);
  const parts = [Uint8Array.of(algorithm), provider.sign(keys.ed25519, message)];
  if (algorithm === hybridAlgorithm.ed25519MlDsa87) {
    parts.push(provider.sign(keys.mlDsa87, message, mlDsaContext));
  }
  if (algorithm === hybridAlgorithm.ed25519Falcon1024) {
    const key = keys.falcon1024 ?? null;
    if (key === null) {
      throw new CryptoError('NO_SIGNING_KEY', 'this identity has no Falcon-1024 key to sign with', {
        hint: 'sign with Ed25519 and ML-DSA-87, or make an identity with a Falcon key',
      });
    }
    parts.push(provider.sign(key, message));
  }
  return concatBytes(...parts);
}

/**
 * True when `signature` is of an accepted algorithm and all of its parts are valid for `purpose`, `body` and `keys`;
 * false for anything else, never an exception for bytes of a stranger. Ed25519 is checked first: it costs least.
 * @param accepted what the verifier takes for this purpose at this level; default {@link defaultAlgorithms}
 */
export function verifyHybrid(
  provider: CryptoProvider,
  keys: HybridVerifyingKeys,
  purpose: SignaturePurpose,
  body: Uint8Array,
  signature: Uint8Array,
  accepted: readonly HybridAlgorithm[] = defaultAlgorithms,
): boolean {
  const algorithm = signature[0] ?? 0;
  if (!isHybridAlgorithm(algorithm) || !accepted.includes(algorithm)) return false;
  if (signature.length !== hybridSignatureBytes[algorithm]) return false;
  const message = signedMessage(provider, algorithm, purpose, body);
  const ed25519 = signature.subarray(ed25519At, postQuantumAt);
  const postQuantum = signature.subarray(postQuantumAt);
  if (!provider.verify(keys.ed25519, message, ed25519)) return false;
  switch (algorithm) {
    case hybridAlgorithm.ed25519MlDsa87:
      return provider.verify(keys.mlDsa87, message, postQuantum, mlDsaContext);
    case hybridAlgorithm.ed25519Falcon1024:
      return keys.falcon1024 ? provider.verify(keys.falcon1024, message, postQuantum) : false;
    case hybridAlgorithm.ed25519:
      return true;
  }
}

function isHybridAlgorithm(value: number): value is HybridAlgorithm {
  return Object.hasOwn(hybridSignatureBytes, value);
}

function signedMessage(
  provider: CryptoProvider,
  algorithm: HybridAlgorithm,
  purpose: SignaturePurpose,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concatBytes(domains[algorithm], utf8(purpose), Uint8Array.of(0), provider.sha512(body));
}
