import { parseCredential } from '@wotid/credential';
import type { CredentialFacts } from './types.ts';

/** What a credential says, for its holder. @throws CredentialError when it is none */
export function credentialFacts(bytes: Uint8Array): CredentialFacts {
  const { claims } = parseCredential(bytes);
  return {
    issuer: claims.issuer,
    subject: claims.subject,
    credentialId: claims.credentialId,
    validFrom: new Date(claims.notBeforeSec * 1_000).toISOString(),
    validUntil: new Date(claims.expiresAtSec * 1_000).toISOString(),
    evidence: claims.evidence,
    bytes: bytes.length,
  };
}
