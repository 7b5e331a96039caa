/**
 * Composite signatures as `@iota/identity-wasm` 1.9.7-beta.1 makes them in its hybrid JWTs, for verification alone: our
 * own hybrid form is `wire.ts`. Source: draft-ietf-lamps-pq-composite-sigs, algorithm id-MLDSA65-Ed25519, as that
 * library writes it (observed: Ed25519 first).
 *
 * | part | bytes |
 * |---|---|
 * | signed by both | ASCII `CompositeAlgorithmSignatures2025`, the algorithm's OID in DER (13), 00, `header.payload` |
 * | signature | Ed25519 64, then ML-DSA-65 3309 with the OID as its context |
 *
 * ML-DSA-65 is not in our provider, since nothing of wot.id signs with it; noble verifies it here.
 */
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { concatBytes, utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { CredentialError } from './errors.ts';
import { ed25519Jwk, parseEd25519Jwk } from './jwk.ts';
import { isJsonObject, type Json, type JsonObject } from './strict-json.ts';

/** `alg` of the hybrid JWTs that we verify. The library's smaller set, id-MLDSA44-Ed25519, we do not accept. */
export const compositeAlgorithm = 'id-MLDSA65-Ed25519';

/** Bytes of an ML-DSA-65 public key and signature (FIPS 204, table 2). */
const mlDsa65Bytes = { publicKey: 1_952, signature: 3_309 };
const ed25519SignatureBytes = 64;
/** 2.16.840.1.114027.80.8.1.71 in DER. */
const domain: Uint8Array = Uint8Array.fromHex('060b6086480186fa6b50080147');
const prefix: Uint8Array = concatBytes(utf8('CompositeAlgorithmSignatures2025'), domain, Uint8Array.of(0));

/** Bytes of a composite signature. */
export const compositeSignatureBytes: number = ed25519SignatureBytes + mlDsa65Bytes.signature;

/** Both public keys of a composite key. */
export interface CompositeKey {
  /** 32 bytes. */
  readonly ed25519: Uint8Array;
  /** 1952 bytes. */
  readonly mlDsa65: Uint8Array;
}

/** The `compositeJwk` of a verification method, as the library writes it. */
export function compositeJwk({ ed25519, mlDsa65 }: CompositeKey): JsonObject {
  return {
    algId: compositeAlgorithm,
    traditionalPublicKey: { ...ed25519Jwk(ed25519), alg: 'EdDSA' },
    pqPublicKey: { alg: 'ML-DSA-65', kty: 'AKP', pub: encodeBase64Url(mlDsa65) },
  };
}

/** @throws CredentialError `BAD_JWK`, also when the post-quantum key names no algorithm */
export function parseCompositeJwk(jwk: Json | undefined): CompositeKey {
  if (!isJsonObject(jwk) || jwk['algId'] !== compositeAlgorithm) {
    throw badJwk(`its algId is not ${compositeAlgorithm}`);
  }
  const postQuantum = jwk['pqPublicKey'];
  if (!isJsonObject(postQuantum) || postQuantum['kty'] !== 'AKP' || postQuantum['alg'] !== 'ML-DSA-65') {
    throw badJwk('its pqPublicKey is not kty AKP with alg ML-DSA-65');
  }
  if ('priv' in postQuantum) throw badJwk('it contains a private key (priv)');
  const pub = typeof postQuantum['pub'] === 'string' ? decodeBase64Url(postQuantum['pub']) : null;
  if (pub?.length !== mlDsa65Bytes.publicKey) throw badJwk('its ML-DSA-65 key has not 1952 bytes');
  return { ed25519: parseEd25519Jwk(jwk['traditionalPublicKey']), mlDsa65: pub };
}

/** True when both halves of `signature` are valid; false for anything else. */
export function verifyComposite(
  provider: CryptoProvider,
  key: CompositeKey,
  input: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== compositeSignatureBytes) return false;
  const message = concatBytes(prefix, input);
  const classical = signature.subarray(0, ed25519SignatureBytes);
  const postQuantum = signature.subarray(ed25519SignatureBytes);
  try {
    using ed25519 = provider.importVerifyingKey('ed25519', key.ed25519);
    return (
      provider.verify(ed25519, message, classical) &&
      ml_dsa65.verify(postQuantum, message, key.mlDsa65, { context: domain })
    );
  } catch {
    // Bytes of the right length that are no key: nothing verifies with it.
    return false;
  }
}

function badJwk(reason: string): CredentialError {
  return new CredentialError('BAD_JWK', `unusable composite key: ${reason}`);
}
