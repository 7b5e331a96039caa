import { parseCredential, type CredentialClaims } from '@wotid/credential';
import type { CredentialFacts } from './types.ts';

/** What a credential of the two-leg form says, for its holder. @throws CredentialError when it is none */
export function credentialFacts(bytes: Uint8Array): CredentialFacts {
  return factsOf(parseCredential(bytes).claims, bytes.length);
}

/** The same of claims in any format. */
export function factsOf(claims: CredentialClaims, bytes: number): CredentialFacts {
  return {
    issuer: claims.issuer,
    subject: claims.subject,
    credentialId: claims.credentialId,
    validFrom: new Date(claims.notBeforeSec * 1_000).toISOString(),
    validUntil: new Date(claims.expiresAtSec * 1_000).toISOString(),
    evidence: claims.evidence,
    statusList: claims.status?.statusListCredential ?? null,
    bytes,
  };
}
