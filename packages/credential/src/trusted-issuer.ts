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

/** Both keys of an issuer from one rotation to the next. */
export interface FormerKeySet {
  /** Ed25519 public key, 32 bytes. */
  readonly ed25519: Uint8Array;
  /** ML-DSA-87 public key, 2592 bytes. */
  readonly mlDsa87: Uint8Array;
}

/** Former sets of keys of one issuer: seven rotations, and room in a DID document of 64 KiB. */
export const maxFormerKeySets = 7;
/** Far above what anybody rotates; numbers stay safe integers. */
export const maxSuccession = 1_000_000;

/** A pinned issuer. */
export interface TrustedIssuer {
  readonly did: string;
  /** Ed25519 public key, 32 bytes; `null` when it signs with a composite key alone. */
  readonly ed25519: Uint8Array | null;
  /** ML-DSA-87 public key, 2592 bytes; `null` for an issuer that nobody can believe at level 3. */
  readonly mlDsa87: Uint8Array | null;
  /** Key of the hybrid JWTs of `@iota/identity-wasm`; `null` for most issuers. */
  readonly composite: CompositeKey | null;
  /**
   * Keys with which it signed before the present ones and that still count, newest first: at most
   * {@link maxFormerKeySets}.
   */
  readonly formerKeys: readonly FormerKeySet[];
  /** Number of the last key succession that is in these keys; 1 for the keys that an issuer began with. */
  readonly succession: number;
  /** The one origin whose status lists may be fetched, such as `https://id.example`; `null` without revocation. */
  readonly statusOrigin: string | null;
}

/** Room for eight ML-DSA-87 JWKs of 3.5 KB, 2.7 KB of a composite one, a DID and white space. */
const fileLimits = { maxBytes: 49_152, maxDepth: 4 };
const requiredMembers = ['did', 'ed25519', 'mlDsa87', 'statusOrigin'];
const knownMembers = [...requiredMembers, 'composite', 'formerKeys', 'succession'];

/**
 * Reads a trust file: a JSON object with `did`, `ed25519` (JWK, kty OKP), `mlDsa87` (JWK, kty AKP), either of them null, `statusOrigin`
 * (an http or https origin, or null), for issuers of composite JWTs `composite` (`compositeJwk` of their DID document),
 * and for those who have rotated their keys `succession` (a number) and `formerKeys` (objects of `ed25519` and
 * `mlDsa87`).
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
    formerKeys: formerKeysOf(json['formerKeys']),
    succession: successionOf(json['succession']),
  };
  if (issuer.succession === 1 && issuer.formerKeys.length > 0) {
    throw badFile('it has formerKeys, and no succession');
  }
  const all = [issuer.ed25519, ...issuer.formerKeys.map(({ ed25519 }) => ed25519)];
  if (new Set(all.map((key) => key?.toHex())).size < all.length) throw badFile('it names a key twice');
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
    // Absent where nothing was ever rotated, so that such files and their fingerprints stay as they always were.
    ...(issuer.succession === 1 ? {} : { succession: issuer.succession }),
    ...(issuer.formerKeys.length === 0
      ? {}
      : {
          formerKeys: issuer.formerKeys.map(({ ed25519, mlDsa87 }) => ({
            ed25519: ed25519Jwk(ed25519),
            mlDsa87: mlDsa87Jwk(mlDsa87),
          })),
        }),
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

function formerKeysOf(value: Json | undefined): readonly FormerKeySet[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length > maxFormerKeySets) {
    throw badFile(`formerKeys is not a list of 1 to ${maxFormerKeySets} sets of keys`);
  }
  return (value as readonly Json[]).map((set) => {
    try {
      if (!isJsonObject(set)) throw new TypeError('one is not a JSON object');
      if (Object.keys(set).length !== 2) throw new TypeError('one has not exactly ed25519 and mlDsa87');
      return { ed25519: parseEd25519Jwk(set['ed25519']), mlDsa87: parseMlDsa87Jwk(set['mlDsa87']) };
    } catch (error) {
      throw badFile(`formerKeys: ${errorText(error)}`, error);
    }
  });
}

function successionOf(value: Json | undefined): number {
  if (value === undefined) return 1;
  const isNumber = typeof value === 'number' && Number.isInteger(value) && value >= 2;
  if (isNumber && value <= maxSuccession) return value;
  throw badFile(`succession is not a number from 2 to ${maxSuccession}`);
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
