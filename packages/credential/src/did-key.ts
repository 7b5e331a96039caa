/**
 * The DID method `key` for Ed25519 keys: the DID is `did:key:z` and the base58 of the multicodec prefix ed01 and the key;
 * the document follows from it. Source: did:key method specification (W3C CCG), section 3. Written here because it is one
 * page; the resolvers that exist bring the keys of every curve with them.
 */
import { base58 } from '@scure/base';
import type { DIDResolutionResult, DIDResolver } from 'did-resolver';
import { concatBytes, equalBytes } from '@wotid/core';
import { assertDid } from './did.ts';
import { CredentialError } from './errors.ts';
import { ed25519Jwk, ed25519PublicKeyBytes } from './jwk.ts';

const prefix = 'did:key:z';
/** `ed25519-pub` of the multicodec table, as varint. */
const ed25519Codec = Uint8Array.of(0xed, 0x01);

/** The DID of an Ed25519 key. @param publicKey 32 bytes */
export function didKeyOf(publicKey: Uint8Array): string {
  if (publicKey.length !== ed25519PublicKeyBytes) throw badDid('an Ed25519 public key has 32 bytes');
  return prefix + base58.encode(concatBytes(ed25519Codec, publicKey));
}

/** The 32-byte Ed25519 key inside a did:key. @throws CredentialError `BAD_DID` */
export function parseDidKey(did: string): Uint8Array<ArrayBuffer> {
  assertDid(did);
  if (!did.startsWith(prefix)) throw badDid('it is not did:key in base58');
  let bytes: Uint8Array;
  try {
    bytes = base58.decode(did.slice(prefix.length));
  } catch (cause) {
    throw badDid('it is not did:key in base58', cause);
  }
  if (
    bytes.length !== ed25519Codec.length + ed25519PublicKeyBytes ||
    !equalBytes(bytes.subarray(0, ed25519Codec.length), ed25519Codec)
  ) {
    throw badDid('it is no Ed25519 key');
  }
  return Uint8Array.from(bytes.subarray(ed25519Codec.length));
}

/** The method for the registry of `did-resolver`: `new Resolver({ ...didKeyMethod })`. Pure; no network. */
export const didKeyMethod: { readonly key: DIDResolver } = {
  key: (_did, parsed) => Promise.resolve(resolveDidKey(parsed.did)),
};

function resolveDidKey(did: string): DIDResolutionResult {
  let publicKey: Uint8Array;
  try {
    publicKey = parseDidKey(did);
  } catch (error) {
    return {
      didResolutionMetadata: { error: 'invalidDid', message: (error as Error).message },
      didDocument: null,
      didDocumentMetadata: {},
    };
  }
  const keyId = `${did}#${did.slice('did:key:'.length)}`;
  return {
    didResolutionMetadata: { contentType: 'application/did+ld+json' },
    didDocument: {
      '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
      id: did,
      verificationMethod: [
        { id: keyId, type: 'JsonWebKey2020', controller: did, publicKeyJwk: { ...ed25519Jwk(publicKey) } },
      ],
      authentication: [keyId],
      assertionMethod: [keyId],
      capabilityInvocation: [keyId],
      capabilityDelegation: [keyId],
    },
    didDocumentMetadata: {},
  };
}

function badDid(reason: string, cause?: unknown): CredentialError {
  return new CredentialError('BAD_DID', `unusable did:key: ${reason}`, { cause });
}
