/**
 * Puts the disclosed claims of an SD-JWT in their places (RFC 9901, section 7.1, step 3). Written here because the
 * library's own unpacking lets a disclosure stand beside the signed payload unreferenced, replace a visible claim, or be
 * named `__proto__`, and reads JSON that names a member twice.
 */
import { utf8 } from '@wotid/core';
import type { CryptoProvider } from '@wotid/crypto';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { maxPayloadDepth } from './claims.ts';
import { isJsonObject, parseStrictJson, type Json, type JsonObject } from './strict-json.ts';
import { badCredential } from './wire.ts';

/** 8 pieces of evidence with two disclosures each, the subject, and room for an issuer's own. */
const maxDisclosures = 32;
/** A claim with texts at their bounds and a salt, in base64url. */
const maxDisclosureBytes = 4_096;
/** Claims that must not be hidden (draft-ietf-oauth-sd-jwt-vc, section 3.2.2.2), and names with a meaning of their own. */
const neverHidden = [
  'iss',
  'iat',
  'nbf',
  'exp',
  'cnf',
  'vct',
  'status',
  'jti',
  'aud',
  '_sd',
  '_sd_alg',
  '...',
  '__proto__',
];

/** A disclosure of an object's member, or of an array's element (`name` is `null`). */
interface Disclosure {
  readonly name: string | null;
  readonly value: Json;
}

/**
 * The payload with everything disclosed in its place and all digests gone.
 * @param payload what the issuer signed, strictly parsed
 * @param encoded the disclosures as they stand between the tildes
 * @throws CredentialError `BAD_CREDENTIAL` unless each disclosure is referenced by exactly one signed digest
 */
export function applyDisclosures(
  provider: CryptoProvider,
  payload: JsonObject,
  encoded: readonly string[],
): JsonObject {
  if (payload['_sd_alg'] !== undefined && payload['_sd_alg'] !== 'sha-256') {
    throw badCredential('its _sd_alg is not sha-256');
  }
  if (encoded.length > maxDisclosures) throw badCredential(`it has more than ${maxDisclosures} disclosures`);
  const disclosures = new Map(
    encoded.map((text) => [encodeBase64Url(provider.sha256(utf8(text))), parseDisclosure(text)]),
  );
  const digests = new Set<string>();
  const { _sd_alg: _, ...claims } = payload;
  const disclosed = discloseObject(claims, { disclosures, digests }, 1);
  const referenced = [...disclosures.keys()].filter((digest) => digests.has(digest)).length;
  if (referenced !== encoded.length) throw badCredential('it has a disclosure that its issuer did not sign');
  return disclosed;
}

interface Walk {
  readonly disclosures: ReadonlyMap<string, Disclosure>;
  /** Digests met so far: none may come twice. */
  readonly digests: Set<string>;
}

function disclose(value: Json, walk: Walk, depth: number): Json {
  if (depth > maxPayloadDepth) throw badCredential('its disclosures are nested too deeply');
  if (isJsonObject(value)) return discloseObject(value, walk, depth);
  if (!Array.isArray(value)) return value;
  return value.flatMap((item: Json): Json[] => {
    if (!isJsonObject(item) || !('...' in item)) return [disclose(item, walk, depth + 1)];
    if (Object.keys(item).length !== 1) throw badCredential('a digest in an array has other members');
    const found = take(item['...'], walk);
    if (found === undefined) return [];
    if (found.name !== null) throw badCredential('a disclosure of a member stands for an array element');
    return [disclose(found.value, walk, depth + 1)];
  });
}

function discloseObject(object: JsonObject, walk: Walk, depth: number): JsonObject {
  const visible: Record<string, Json> = {};
  for (const [name, value] of Object.entries(object)) {
    if (name === '...') throw badCredential('a member is named like a digest');
    if (name !== '_sd') visible[name] = disclose(value, walk, depth + 1);
  }
  const hidden = object['_sd'];
  if (hidden === undefined) return visible;
  if (!Array.isArray(hidden)) throw badCredential('its _sd is not an array');
  for (const digest of hidden as readonly Json[]) {
    const found = take(digest, walk);
    if (found === undefined) continue;
    if (found.name === null) throw badCredential('a disclosure of an array element stands for a member');
    if (neverHidden.includes(found.name) || Object.hasOwn(visible, found.name)) {
      throw badCredential('a disclosure has the name of a claim that is visible or has to be');
    }
    visible[found.name] = disclose(found.value, walk, depth + 1);
  }
  return visible;
}

function take(digest: Json | undefined, { disclosures, digests }: Walk): Disclosure | undefined {
  if (typeof digest !== 'string') throw badCredential('a digest is not a text');
  if (digests.has(digest)) throw badCredential('it has a digest twice');
  digests.add(digest);
  return disclosures.get(digest);
}

/** `[salt, name, value]` or `[salt, value]` (RFC 9901, section 4.2). */
function parseDisclosure(encoded: string): Disclosure {
  const bytes = encoded.length > maxDisclosureBytes ? null : decodeBase64Url(encoded);
  if (bytes === null) throw badCredential('a disclosure is not base64url or too long');
  let parts: Json;
  try {
    // The strict parser reads objects; a disclosure is an array.
    const wrapped = `{"disclosure":${new TextDecoder('utf-8', { fatal: true }).decode(bytes)}}`;
    parts = parseStrictJson(wrapped, { maxBytes: maxDisclosureBytes, maxDepth: maxPayloadDepth })[
      'disclosure'
    ] as Json;
  } catch (cause) {
    throw badCredential('a disclosure is not JSON', cause);
  }
  if (!Array.isArray(parts) || typeof parts[0] !== 'string' || (parts.length !== 2 && parts.length !== 3)) {
    throw badCredential('a disclosure is not an array of salt, name and value');
  }
  if (parts.length === 2) return { name: null, value: parts[1] as Json };
  if (typeof parts[1] !== 'string') throw badCredential('a disclosure’s name is not a text');
  return { name: parts[1], value: parts[2] as Json };
}
