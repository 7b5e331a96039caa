/**
 * The DID method `jwk`: the DID is `did:jwk:` and the base64url of the JWK, the document follows from it. People and
 * issuers of wot.id have Ed25519 keys; wallets of others may have P-256 keys, and those resolve too.
 * Source: did:jwk method specification (quartzjer/did-jwk). Written here because the method is one page, and because
 * the resolvers that exist accept duplicate members, padding and private keys.
 */
import type { DIDDocument, DIDResolutionResult, DIDResolver, JsonWebKey } from 'did-resolver';
import { utf8 } from '@wotid/core';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { assertDid } from './did.ts';
import { CredentialError } from './errors.ts';
import { ed25519Jwk, p256Jwk, parseEd25519Jwk } from './jwk.ts';
import { parseStrictJson, type JsonObject } from './strict-json.ts';

const prefix = 'did:jwk:';
/** Base64 text of a DID of 255 bytes decodes to less; an Ed25519 JWK is one flat object. */
const jwkLimits = { maxBytes: 192, maxDepth: 2 };

/**
 * The DID of an Ed25519 key: 114 bytes of text, from the canonical JWK (crv, kty, x), so that one key has one DID here.
 * @param publicKey 32 bytes
 */
export function didJwkOf(publicKey: Uint8Array): string {
  return didJwkOfKey({ ...ed25519Jwk(publicKey) });
}

/** The DID of a public key whose members are in canonical order (RFC 7638). */
export function didJwkOfKey(jwk: JsonObject): string {
  return prefix + encodeBase64Url(utf8(JSON.stringify(jwk)));
}

/**
 * The 32-byte Ed25519 key inside a did:jwk. Any serialization of the JWK is accepted, as the method allows.
 * @throws CredentialError `BAD_DID` when it is not a did:jwk of an Ed25519 public key.
 */
export function parseDidJwk(did: string): Uint8Array<ArrayBuffer> {
  return keyOf(did, parseEd25519Jwk);
}

function keyOf<Key>(did: string, parse: (jwk: JsonObject) => Key): Key {
  assertDid(did);
  const bytes = did.startsWith(prefix) ? decodeBase64Url(did.slice(prefix.length)) : null;
  if (bytes === null) throw badDid('it is not did:jwk with canonical base64url');
  try {
    return parse(parseStrictJson(bytes, jwkLimits));
  } catch (cause) {
    throw badDid(cause instanceof SyntaxError ? `its JWK ${cause.message}` : (cause as Error).message, cause);
  }
}

/** The key as its document shows it. */
function publicJwk(jwk: JsonObject): JsonObject {
  return { ...(jwk['kty'] === 'EC' ? p256Jwk(jwk) : ed25519Jwk(parseEd25519Jwk(jwk))) };
}

/** The method for the registry of `did-resolver`: `new Resolver({ ...didJwkMethod })`. Pure; no network. */
export const didJwkMethod: { readonly jwk: DIDResolver } = {
  jwk: (_did, parsed) => Promise.resolve(resolveDidJwk(parsed.didUrl)),
};

function resolveDidJwk(did: string): DIDResolutionResult {
  let publicKeyJwk: JsonObject;
  try {
    publicKeyJwk = keyOf(did, publicJwk);
  } catch (error) {
    return {
      didResolutionMetadata: { error: 'invalidDid', message: (error as Error).message },
      didDocument: null,
      didDocumentMetadata: {},
    };
  }
  const keyId = `${did}#0`;
  const didDocument: DIDDocument = {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
    id: did,
    verificationMethod: [
      {
        id: keyId,
        type: 'JsonWebKey2020',
        controller: did,
        publicKeyJwk: publicKeyJwk as unknown as JsonWebKey,
      },
    ],
    authentication: [keyId],
    assertionMethod: [keyId],
    capabilityInvocation: [keyId],
    capabilityDelegation: [keyId],
  };
  return {
    didResolutionMetadata: { contentType: 'application/did+ld+json' },
    didDocument,
    didDocumentMetadata: {},
  };
}

function badDid(reason: string, cause?: unknown): CredentialError {
  return new CredentialError('BAD_DID', `unusable did:jwk: ${reason}`, { cause });
}
