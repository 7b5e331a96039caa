/**
 * The DID document of an issuer whose DID method leaves it to the issuer to serve one, such as did:web: all keys that
 * count, also those from before a rotation, so that what they signed still verifies.
 */
import type { DIDDocument, JsonWebKey, VerificationMethod } from 'did-resolver';
import { ed25519Jwk, mlDsa87Jwk } from './jwk.ts';
import type { CredentialSigner } from './signer.ts';

/**
 * Document of the signer's DID: a verification method for each key, Ed25519 as JWK of kty OKP (RFC 8037), ML-DSA-87 as
 * JWK of kty AKP (RFC 9964), all of them for assertions and nothing else (DID Core 1.0, section 5.3.2).
 */
export function issuerDocument({ did, keys, history }: CredentialSigner): DIDDocument {
  const all = [keys, ...(history?.formerKeys ?? [])].flat();
  const verificationMethod = all.map(({ alg, kid, publicKey }): VerificationMethod => ({
    id: kid,
    type: 'JsonWebKey2020',
    controller: did,
    publicKeyJwk: {
      ...(alg === 'EdDSA' ? ed25519Jwk(publicKey) : mlDsa87Jwk(publicKey)),
    } as unknown as JsonWebKey,
  }));
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
    id: did,
    verificationMethod,
    assertionMethod: all.map(({ kid }) => kid),
  };
}
