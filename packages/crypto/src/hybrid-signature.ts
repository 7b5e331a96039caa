/**
 * Hybrid signatures: Ed25519 and ML-DSA-87 over one message; a forger must break both.
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 1 | algorithm: 1 = Ed25519 + ML-DSA-87 |
 * | 1 | 64 | Ed25519 signature (RFC 8032) |
 * | 65 | 4627 | ML-DSA-87 signature (FIPS 204), context `wot.id/v1` |
 *
 * Both parts sign `"wot.id/v1/sig" 00 purpose 00 SHA-512(body)`, so no signature stands for another purpose. A purpose
 * has no zero byte and the hash a fixed length, so the encoding is injective. Algorithms 2 (Ed25519 + Falcon-1024,
 * 1345 bytes) and 3 (Ed25519 alone, 65 bytes) are reserved; the first byte then tells the length.
 */
import { concatBytes, fixedBytesType, utf8, type BcsType } from '@wotid/core';
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
  /** A holder's request for a credential. */
  credentialRequest: 'credential-request',
} as const;

/** One of {@link signaturePurposes}. */
export type SignaturePurpose = (typeof signaturePurposes)[keyof typeof signaturePurposes];

/** First byte of a signature: which algorithms it is made of. */
export const hybridAlgorithm = { ed25519MlDsa87: 1 } as const;

const ed25519At = 1;
const mlDsaAt: number = ed25519At + signatureBytes.ed25519;

/** 4692: algorithm 1, Ed25519 64, ML-DSA-87 4627. */
export const hybridSignatureBytes: number = mlDsaAt + signatureBytes['ml-dsa-87'];

const domain = concatBytes(utf8('wot.id/v1/sig'), Uint8Array.of(0));
const mlDsaContext = utf8('wot.id/v1');

/** Both halves of a hybrid signing key. */
export interface HybridSigningKeys {
  readonly ed25519: SigningKey;
  readonly mlDsa87: SigningKey;
}

/** Both halves of a hybrid verification key. */
export interface HybridVerifyingKeys {
  readonly ed25519: VerifyingKey;
  readonly mlDsa87: VerifyingKey;
}

/** BCS of a signature: 4692 bytes without a length prefix. Parsing refuses every algorithm but 1. */
export const hybridSignatureType: BcsType<Uint8Array, Uint8Array> = fixedBytesType(
  hybridSignatureBytes,
).transform({
  input: (value: Uint8Array) => value,
  output: (value) => {
    if (value[0] !== hybridAlgorithm.ed25519MlDsa87) throw new TypeError('unknown signature algorithm');
    return value;
  },
});

/**
 * Signs `body` for `purpose` with both keys.
 * @returns 4692 bytes; two signatures over the same body differ (ML-DSA-87 is hedged)
 */
export function signHybrid(
  provider: CryptoProvider,
  keys: HybridSigningKeys,
  purpose: SignaturePurpose,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const message = signedMessage(provider, purpose, body);
  return concatBytes(
    Uint8Array.of(hybridAlgorithm.ed25519MlDsa87),
    provider.sign(keys.ed25519, message),
    provider.sign(keys.mlDsa87, message, mlDsaContext),
  );
}

/**
 * True when `signature` is one of algorithm 1 and both of its parts are valid for `purpose`, `body` and `keys`; false
 * for anything else, never an exception for bytes of a stranger. Ed25519 is checked first: it costs a third.
 */
export function verifyHybrid(
  provider: CryptoProvider,
  keys: HybridVerifyingKeys,
  purpose: SignaturePurpose,
  body: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== hybridSignatureBytes) return false;
  if (signature[0] !== hybridAlgorithm.ed25519MlDsa87) return false;
  const message = signedMessage(provider, purpose, body);
  return (
    provider.verify(keys.ed25519, message, signature.subarray(ed25519At, mlDsaAt)) &&
    provider.verify(keys.mlDsa87, message, signature.subarray(mlDsaAt), mlDsaContext)
  );
}

function signedMessage(
  provider: CryptoProvider,
  purpose: SignaturePurpose,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concatBytes(domain, utf8(purpose), Uint8Array.of(0), provider.sha512(body));
}
