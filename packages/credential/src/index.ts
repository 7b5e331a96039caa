/**
 * Verified Human credentials of wot.id: issue, read, verify; the DIDs and the trusted issuers they rest on.
 * @module
 */
export {
  confirmationMember,
  credentialsContext,
  verifiedHumanContext,
  verifiedHumanType,
  type CredentialClaims,
  type Evidence,
  type StatusEntry,
} from './claims.ts';
export { credentialHash, parseCredential, type Credential } from './credential.ts';
export { didJwkMethod, didJwkOf, parseDidJwk } from './did-jwk.ts';
export { assertDid, isDid, isKeyOf, maxDidBytes } from './did.ts';
export {
  CredentialError,
  credentialFailureCodes,
  type CredentialErrorCode,
  type CredentialFailureCode,
} from './errors.ts';
export { createIssuer, type IssueCredentialInit, type Issuer, type IssuerInit } from './issue.ts';
export {
  ed25519Jwk,
  mlDsa87Jwk,
  parseEd25519Jwk,
  parseMlDsa87Jwk,
  type Ed25519Jwk,
  type MlDsa87Jwk,
} from './jwk.ts';
export {
  checkDidKey,
  resolveDid,
  type DidKeyCheck,
  type DidResolution,
  type DidResolver,
} from './resolution.ts';
export type { StatusChecker } from './status.ts';
export { encodeTrustedIssuer, parseTrustedIssuer, type TrustedIssuer } from './trusted-issuer.ts';
export {
  credentialChecks,
  defaultClockSkewMs,
  verifyCredential,
  type AcceptedCredential,
  type CredentialCheck,
  type CredentialVerdict,
  type RefusedCredential,
  type VerifyCredentialInit,
} from './verify.ts';
export {
  encodeGeneralJws,
  encodeVcJwt,
  maxCredentialBytes,
  type CredentialEnvelope,
  type CredentialLeg,
} from './wire.ts';
export { Resolver } from 'did-resolver';
