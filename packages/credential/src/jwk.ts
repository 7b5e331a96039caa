/**
 * Public keys as JSON Web Keys: Ed25519 (RFC 8037: kty OKP, crv Ed25519, x) and ML-DSA-87 (RFC 9964: kty AKP, alg
 * required, pub). A private member is refused, so that a secret cannot slip into a trust file or a DID.
 */
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { CredentialError } from './errors.ts';
import { isJsonObject, type Json } from './strict-json.ts';

/** Bytes of an Ed25519 public key (RFC 8032). */
export const ed25519PublicKeyBytes = 32;
/** Bytes of an ML-DSA-87 public key (FIPS 204, table 2). */
export const mlDsa87PublicKeyBytes = 2592;

/** An Ed25519 public key. Members in this order are the canonical form (RFC 7638: lexicographic). */
export interface Ed25519Jwk {
  readonly crv: 'Ed25519';
  readonly kty: 'OKP';
  /** 32 bytes, base64url. */
  readonly x: string;
}

/** An ML-DSA-87 public key. */
export interface MlDsa87Jwk {
  readonly alg: 'ML-DSA-87';
  readonly kty: 'AKP';
  /** 2592 bytes, base64url. */
  readonly pub: string;
}

/** @param publicKey 32 bytes */
export function ed25519Jwk(publicKey: Uint8Array): Ed25519Jwk {
  if (publicKey.length !== ed25519PublicKeyBytes) throw badJwk('an Ed25519 public key has 32 bytes');
  return { crv: 'Ed25519', kty: 'OKP', x: encodeBase64Url(publicKey) };
}

/** @param publicKey 2592 bytes */
export function mlDsa87Jwk(publicKey: Uint8Array): MlDsa87Jwk {
  if (publicKey.length !== mlDsa87PublicKeyBytes) throw badJwk('an ML-DSA-87 public key has 2592 bytes');
  return { alg: 'ML-DSA-87', kty: 'AKP', pub: encodeBase64Url(publicKey) };
}

/**
 * The 32-byte key of an Ed25519 JWK. Members that say nothing about the key (`use`, `kid` …) are ignored.
 * @throws CredentialError `BAD_JWK`
 */
export function parseEd25519Jwk(jwk: Json | undefined): Uint8Array<ArrayBuffer> {
  if (!isJsonObject(jwk)) throw badJwk('it is not a JSON object');
  if ('d' in jwk) throw badJwk('it contains a private key (d)');
  if (jwk['kty'] !== 'OKP' || jwk['crv'] !== 'Ed25519') throw badJwk('it is not kty OKP with crv Ed25519');
  // RFC 9864 gives the polymorphic EdDSA a second, exact name.
  if (jwk['alg'] !== undefined && jwk['alg'] !== 'EdDSA' && jwk['alg'] !== 'Ed25519') {
    throw badJwk('its alg is not EdDSA');
  }
  return keyMember(jwk['x'], 'x', ed25519PublicKeyBytes);
}

/** A P-256 public key (RFC 7518, section 6.2.1): what wallets that are not of wot.id have. */
export interface P256Jwk {
  readonly crv: 'P-256';
  readonly kty: 'EC';
  /** 32 bytes, base64url. */
  readonly x: string;
  /** 32 bytes, base64url. */
  readonly y: string;
}

/**
 * The members of a P-256 JWK that make the key, in canonical order. Whether the point is on the curve is left to who
 * uses it.
 * @throws CredentialError `BAD_JWK`
 */
export function p256Jwk(jwk: Json | undefined): P256Jwk {
  if (!isJsonObject(jwk)) throw badJwk('it is not a JSON object');
  if ('d' in jwk) throw badJwk('it contains a private key (d)');
  if (jwk['kty'] !== 'EC' || jwk['crv'] !== 'P-256') throw badJwk('it is not kty EC with crv P-256');
  const [x, y] = ['x', 'y'].map((name) => encodeBase64Url(keyMember(jwk[name], name, 32))) as [
    string,
    string,
  ];
  return { crv: 'P-256', kty: 'EC', x, y };
}

/**
 * The 2592-byte key of an ML-DSA-87 JWK.
 * @throws CredentialError `BAD_JWK`, also when `alg` is absent: an AKP key without it has no algorithm (RFC 9964).
 */
export function parseMlDsa87Jwk(jwk: Json | undefined): Uint8Array<ArrayBuffer> {
  if (!isJsonObject(jwk)) throw badJwk('it is not a JSON object');
  if ('priv' in jwk) throw badJwk('it contains a private key (priv)');
  if (jwk['kty'] !== 'AKP' || jwk['alg'] !== 'ML-DSA-87')
    throw badJwk('it is not kty AKP with alg ML-DSA-87');
  return keyMember(jwk['pub'], 'pub', mlDsa87PublicKeyBytes);
}

function keyMember(value: Json | undefined, name: string, length: number): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === 'string' ? decodeBase64Url(value) : null;
  if (bytes === null) throw badJwk(`its ${name} is not base64url without padding`);
  if (bytes.length !== length) throw badJwk(`its ${name} has ${bytes.length} bytes instead of ${length}`);
  return bytes;
}

function badJwk(reason: string): CredentialError {
  return new CredentialError('BAD_JWK', `unusable JSON Web Key: ${reason}`);
}
