/** A whole credential of the two-leg form: envelope and claims, read together and named by a hash. */
import type { CryptoProvider } from '@wotid/crypto';
import type { CredentialClaims } from './claims.ts';
import { parseVc11Claims } from './vc11-claims.ts';
import { assertKeysOf, badCredential, parseEnvelope, type CredentialEnvelope } from './wire.ts';

/** A credential that was read, not verified. */
export interface Credential {
  readonly envelope: CredentialEnvelope;
  readonly claims: CredentialClaims & { readonly idFp: Uint8Array };
}

/**
 * Reads a credential without believing it: for showing one's own and for finding out what somebody sent. Both `kid`s
 * are keys of its issuer.
 * @throws DecodeError or CredentialError `BAD_CREDENTIAL`
 */
export function parseCredential(bytes: Uint8Array): Credential {
  const envelope = parseEnvelope(bytes);
  const claims = parseVc11Claims(envelope.payload);
  const { idFp } = claims;
  if (idFp === null) throw badCredential('it is bound to no identity fingerprint');
  assertKeysOf(envelope, claims.issuer);
  return { envelope, claims: { ...claims, idFp } };
}

/** Hash by which a credential is named in what its holder signs: SHA-256 of its wire bytes, 32 bytes. */
export function credentialHash(provider: CryptoProvider, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return provider.sha256(bytes);
}
