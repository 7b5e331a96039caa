/**
 * Trusted issuers: whom we believe that somebody is human, pinned with both of their keys. The post-quantum key comes
 * from here and never from the issuer's DID document, which rests on classical signatures alone.
 */
import { concatBytes, errorText, utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { compositeJwk, parseCompositeJwk, type CompositeKey } from './composite.ts';
import { isDid } from './did.ts';
import { CredentialError } from './errors.ts';
import { ed25519Jwk, mlDsa87Jwk, parseEd25519Jwk, parseMlDsa87Jwk } from './jwk.ts';
import { isJsonObject, parseStrictJson, type Json, type JsonObject } from './strict-json.ts';
import { isWebOrigin } from './urls.ts';

/** A pinned issuer. */
export interface TrustedIssuer {
  readonly did: string;
  /** Ed25519 public key, 32 bytes; `null` when it signs with a composite key alone. */
  readonly ed25519: Uint8Array | null;
  /** ML-DSA-87 public key, 2592 bytes; `null` for an issuer that nobody can believe at level 3. */
  readonly mlDsa87: Uint8Array | null;
  /** Key of the hybrid JWTs of `@iota/identity-wasm`; `null` for most issuers. */
  readonly composite: CompositeKey | null;
  /** The one origin whose status lists may be fetched, such as `https://id.example`; `null` without revocation. */
  readonly statusOrigin: string | null;
}

/** Room for the 3.5 KB of an ML-DSA-87 JWK, 2.7 KB of a composite one, a DID and white space. */
const fileLimits = { maxBytes: 16_384, maxDepth: 4 };
const requiredMembers = ['did', 'ed25519', 'mlDsa87', 'statusOrigin'];
const knownMembers = [...requiredMembers, 'composite'];

/**
 * Reads a trust file: a JSON object with `did`, `ed25519` (JWK, kty OKP), `mlDsa87` (JWK, kty AKP), either of them null, `statusOrigin`
 * (an http or https origin, or null) and, for issuers of composite JWTs, `composite` (`compositeJwk` of their DID
 * document).
 * @throws CredentialError `BAD_TRUST_FILE`, saying which member is wrong and how
 */
export function parseTrustedIssuer(source: Uint8Array | string): TrustedIssuer {
  let json: JsonObject;
  try {
    json = parseStrictJson(source, fileLimits);
  } catch (error) {
    throw badFile(`it ${errorText(error)}`, error);
  }
  for (const name of Object.keys(json)) {
    if (!knownMembers.includes(name)) throw badFile(`${JSON.stringify(name.slice(0, 40))} is not known`);
  }
  for (const name of requiredMembers) if (!(name in json)) throw badFile(`${name} is missing`);
  const did = json['did'];
  if (typeof did !== 'string' || !isDid(did)) throw badFile('did is not a DID of at most 255 bytes');
  const issuer = {
    did,
    ed25519: keyOf('ed25519', json, parseEd25519Jwk),
    mlDsa87: keyOf('mlDsa87', json, parseMlDsa87Jwk),
    composite: keyOf('composite', json, parseCompositeJwk),
    statusOrigin: originOf(json['statusOrigin']),
  };
  if (issuer.ed25519 === null && issuer.composite === null) throw badFile('it names no key that signs alone');
  return issuer;
}

/** Text of a trust file, readable and ending in a newline: what an issuer hands out and `parseTrustedIssuer` reads. */
export function encodeTrustedIssuer(issuer: TrustedIssuer): string {
  const file = {
    did: issuer.did,
    ed25519: issuer.ed25519 === null ? null : ed25519Jwk(issuer.ed25519),
    mlDsa87: issuer.mlDsa87 === null ? null : mlDsa87Jwk(issuer.mlDsa87),
    ...(issuer.composite === null ? {} : { composite: compositeJwk(issuer.composite) }),
    statusOrigin: issuer.statusOrigin,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * SHA-256 over the text of the trust file, 64 hex digits: keys, DID and status origin in one number, to be compared with
 * what the issuer says by another way.
 */
export function issuerFingerprint(provider: CryptoProvider, issuer: TrustedIssuer): string {
  return provider
    .sha256(concatBytes(utf8('wot.id/v1/trusted-issuer'), utf8(encodeTrustedIssuer(issuer))))
    .toHex();
}

function keyOf<Key>(name: string, json: JsonObject, parse: (jwk: Json | undefined) => Key): Key | null {
  if ((json[name] ?? null) === null) return null;
  try {
    if (!isJsonObject(json[name])) throw new TypeError('it is not a JSON object');
    return parse(json[name]);
  } catch (error) {
    throw badFile(`${name}: ${errorText(error)}`, error);
  }
}

function originOf(value: Json | undefined): string | null {
  if (value === null) return null;
  if (typeof value === 'string' && isWebOrigin(value)) return value;
  throw badFile('statusOrigin is neither null nor an origin such as https://id.example');
}

function badFile(reason: string, cause?: unknown): CredentialError {
  return new CredentialError('BAD_TRUST_FILE', `unusable trust file: ${reason}`, {
    hint: 'ask the issuer for its trust file; `wotid trust add` takes it as it is',
    cause,
  });
}
