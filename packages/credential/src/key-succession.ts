/**
 * Key successions: how who has pinned an issuer follows it to new keys. Each is signed by both keys that the issuer had
 * before it, so that neither a web server nor a certificate, nor who can forge Ed25519 signatures, brings in a key.
 * They are numbered from 2 on without gaps; number 1 stands for the keys that an issuer began with.
 *
 * A key succession is a general JSON JWS (`general-jws.ts`) with `typ` `wotid-key-succession+jws`, which nothing else of
 * wot.id has. Its payload:
 *
 * | member | what it is |
 * |---|---|
 * | `purpose` | `wot.id/v1/key-succession` |
 * | `iss` | DID of the issuer |
 * | `number` | one more than that of the succession before |
 * | `iat` | when it was signed, seconds since the Unix epoch; for people to read |
 * | `keys` | `ed25519` and `mlDsa87` as JWKs: the new keys; absent when they stay |
 * | `retired` | Ed25519 keys (`x` of the JWK) of former sets that count no longer from here on |
 *
 * The form is our own.
 */
import { errorText, utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { encodeBase64Url } from './base64url.ts';
import { isKeyOf } from './did.ts';
import { CredentialError } from './errors.ts';
import { generalLegs, signGeneral } from './general-jws.ts';
import { failedLeg } from './issuer-key-set.ts';
import type { CompactJws } from './jws.ts';
import { ed25519Jwk, mlDsa87Jwk, parseEd25519Jwk, parseMlDsa87Jwk } from './jwk.ts';
import type { CredentialSigner } from './signer.ts';
import { isJsonObject, parseStrictJson, type Json, type JsonObject } from './strict-json.ts';
import { maxFormerKeySets, maxSuccession, type FormerKeySet, type TrustedIssuer } from './trusted-issuer.ts';
import { legAlgorithms } from './wire.ts';

/** Media type under which a succession is served. */
export const keySuccessionMediaType = 'application/jose+json';
/** Two JWKs, seven retired keys and both signatures, in base64url: 13 KB. */
export const maxKeySuccessionBytes = 24_576;

const statementType = 'wotid-key-succession+jws';
const purpose = 'wot.id/v1/key-succession';
const payloadLimits = { maxBytes: 12_288, maxDepth: 3 };

/** What a succession says. */
export interface KeySuccessionInit {
  /** From 2 on. */
  readonly number: number;
  /** Milliseconds since the Unix epoch; rounded down to a second. */
  readonly nowMs: number;
  /** The new keys; default: they stay. */
  readonly next?: FormerKeySet;
  /** Ed25519 keys, 32 bytes each, of former sets that count no longer; default none. */
  readonly retired?: readonly Uint8Array[];
}

/**
 * Signs a succession with the keys that the signer has now, which are those before it.
 * @returns JSON text
 * @throws CredentialError `NO_SIGNING_KEY` unless the signer has both keys, `SIGNER_FAILED`
 */
export function issueKeySuccession(signer: CredentialSigner, init: KeySuccessionInit): Promise<string> {
  const { number, nowMs, next, retired = [] } = init;
  const payload = {
    purpose,
    iss: signer.did,
    number,
    iat: Math.floor(nowMs / 1_000),
    ...(next === undefined
      ? {}
      : { keys: { ed25519: ed25519Jwk(next.ed25519), mlDsa87: mlDsa87Jwk(next.mlDsa87) } }),
    retired: retired.map(encodeBase64Url),
  };
  return signGeneral(signer, statementType, utf8(JSON.stringify(payload)));
}

/**
 * Follows one succession.
 * @param text as the issuer serves it
 * @param issuer as pinned, or as the succession before has left it
 * @returns the issuer as it is to be pinned from now on
 * @throws CredentialError `KEY_SUCCESSION` unless it is the next one and both pinned keys have signed it
 */
export function followKeySuccession(
  provider: CryptoProvider,
  text: string,
  issuer: TrustedIssuer,
): TrustedIssuer {
  const { ed25519, mlDsa87, formerKeys } = issuer;
  if (ed25519 === null || mlDsa87 === null) {
    throw broken('who has no pinned Ed25519 and ML-DSA-87 key cannot name new ones');
  }
  const json = payloadOf(provider, text, issuer);
  if (json['purpose'] !== purpose) throw broken('it is about something else');
  if (json['iss'] !== issuer.did) throw broken('it is about another issuer');
  const { number } = json;
  if (typeof number !== 'number' || number !== issuer.succession + 1 || number > maxSuccession) {
    throw broken(`it is not number ${issuer.succession + 1}`);
  }
  const retired = retiredOf(json['retired'], formerKeys);
  const stay = formerKeys.filter((former) => !retired.has(textOf(former)));
  const next = nextOf(json['keys']);
  if (next === null) {
    if (retired.size === 0) throw broken('it changes nothing');
    return { ...issuer, formerKeys: stay, succession: number };
  }
  const present = { ed25519, mlDsa87 };
  if ([present, ...formerKeys].some((known) => textOf(known) === textOf(next))) {
    throw broken('it brings back a key that was there before');
  }
  const former = [present, ...stay];
  if (former.length > maxFormerKeySets) throw broken(`it leaves more than ${maxFormerKeySets} former sets`);
  return { ...issuer, ...next, formerKeys: former, succession: number };
}

/** The payload, once both signatures are found good. */
function payloadOf(provider: CryptoProvider, text: string, issuer: TrustedIssuer): JsonObject {
  let legs: readonly [CompactJws, CompactJws] | null;
  try {
    legs = generalLegs(text, maxKeySuccessionBytes, 'it');
  } catch (error) {
    throw broken(`it ${errorText(error)}`, error);
  }
  if (legs === null) throw broken('it has not two signatures');
  const signatures = legs.map(({ header, signingInput: input, signature }, at) => {
    const alg = legAlgorithms[at] as (typeof legAlgorithms)[number];
    if (header['alg'] !== alg) throw broken(`where ${alg} belongs there is another algorithm`);
    if (header['typ'] !== statementType) throw broken(`its typ is not ${statementType}`);
    const { kid } = header;
    if (typeof kid !== 'string' || !isKeyOf(issuer.did, kid)) throw broken('its kid is no key of its issuer');
    return { alg, input, signature };
  });
  // The present keys alone: a former set has handed over, and may be in other hands since.
  const failed = failedLeg(provider, { ...issuer, formerKeys: [] }, signatures);
  if (failed !== null) throw broken(`its ${failed} signature is not by the key before`);
  try {
    return parseStrictJson(legs[0].payload, payloadLimits);
  } catch (error) {
    throw broken(`its payload ${errorText(error)}`, error);
  }
}

function nextOf(keys: Json | undefined): FormerKeySet | null {
  if (keys === undefined) return null;
  try {
    if (!isJsonObject(keys)) throw new TypeError('it is not a JSON object');
    return { ed25519: parseEd25519Jwk(keys['ed25519']), mlDsa87: parseMlDsa87Jwk(keys['mlDsa87']) };
  } catch (error) {
    throw broken(`its keys: ${errorText(error)}`, error);
  }
}

function retiredOf(value: Json | undefined, formerKeys: readonly FormerKeySet[]): ReadonlySet<string> {
  const known = new Set(formerKeys.map(textOf));
  if (!Array.isArray(value) || value.length > maxFormerKeySets) throw broken('retired is no list of keys');
  const retired = new Set<string>();
  for (const one of value as readonly Json[]) {
    if (typeof one !== 'string' || !known.has(one)) throw broken('it retires what is no former key');
    retired.add(one);
  }
  return retired;
}

/** A set by its Ed25519 key, which no two sets share. */
function textOf({ ed25519 }: FormerKeySet): string {
  return encodeBase64Url(ed25519);
}

function broken(reason: string, cause?: unknown): CredentialError {
  return new CredentialError(
    'KEY_SUCCESSION',
    `the issuer’s new keys do not follow from the pinned ones: ${reason}`,
    {
      hint: 'Ask the issuer for its fingerprint by another way, and pin it anew: wotid trust add URL.',
      cause,
    },
  );
}
