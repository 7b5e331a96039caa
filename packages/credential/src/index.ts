/**
 * Verified Human credentials of wot.id: issue, read, verify; the DIDs and the trusted issuers they rest on.
 * @module
 */
export { decodeBase64Url, encodeBase64Url } from './base64url.ts';
export {
  confirmationMember,
  verifiedHumanContext,
  verifiedHumanSchemaId,
  verifiedHumanType,
  type CredentialClaims,
  type Evidence,
  type StatusEntry,
} from './claims.ts';
export { credentialHash, parseCredential, type Credential } from './credential.ts';
export { didJwkMethod, didJwkOf, didJwkOfKey, parseDidJwk } from './did-jwk.ts';
export { didKeyMethod, didKeyOf, parseDidKey } from './did-key.ts';
export { didWebMethod, didWebOf, didWebUrl, isPublicAddress, type DidWebInit } from './did-web.ts';
export { assertDid, isDid, isKeyOf, maxDidBytes } from './did.ts';
export {
  CredentialError,
  credentialFailureCodes,
  type CredentialErrorCode,
  type CredentialFailureCode,
} from './errors.ts';
export { fingerprintUri, parseFingerprintUri } from './fingerprint-uri.ts';
export { compositeAlgorithm, compositeJwk, parseCompositeJwk, type CompositeKey } from './composite.ts';
export {
  credentialFormats,
  isCredentialFormat,
  policyOfLevel,
  type CredentialFormat,
  type CredentialPolicy,
} from './formats.ts';
export type { ExpectedKeyBinding } from './key-binding.ts';
export {
  maxPresentedBytes,
  parsePresented,
  type PresentedCredential,
  type PresentedSignature,
} from './presented.ts';
export {
  createHolderProof,
  holderProofAlgorithms,
  holderProofType,
  maxHolderProofBytes,
  verifyHolderProof,
  type HolderProofInit,
  type ProvenHolder,
  type VerifyHolderProofInit,
} from './holder-proof.ts';
export {
  createIssuer,
  type IssueCredentialInit,
  type IssuedCredential,
  type Issuer,
  type IssuerInit,
} from './issue.ts';
export { issuerDocument } from './issuer-document.ts';
export {
  followKeySuccession,
  issueKeySuccession,
  keySuccessionMediaType,
  maxKeySuccessionBytes,
  type KeySuccessionInit,
} from './key-succession.ts';
export {
  ed25519Jwk,
  mlDsa87Jwk,
  p256Jwk,
  parseEd25519Jwk,
  parseMlDsa87Jwk,
  type Ed25519Jwk,
  type MlDsa87Jwk,
  type P256Jwk,
} from './jwk.ts';
export {
  checkDidKey,
  findKeyId,
  resolveDid,
  resolveTimeoutMs,
  type DidKeyCheck,
  type DidResolution,
  type DidResolver,
} from './resolution.ts';
export { verifiedHumanVct } from './sd-jwt-claims.ts';
export {
  parseSdJwt,
  presentSdJwt,
  sdJwtVcType,
  type Disclosed,
  type KeyBindingInit,
  type ParsedSdJwt,
} from './sd-jwt.ts';
export {
  checkSigner,
  createLocalSigner,
  signCompact,
  signerKey,
  type CredentialSigner,
  signTimeoutMs,
  type LocalSignerInit,
  type SignerHistory,
  type SignerKey,
} from './signer.ts';
export {
  createStatusChecker,
  defaultStatusGraceMs,
  maxStatusTtlMs,
  type CachingStatusChecker,
  type StatusCheckerInit,
  type StatusListStore,
  type StoredStatusList,
} from './status-checker.ts';
export {
  defaultStatusTtlMs,
  issueStatusList,
  maxStatusListBytes,
  statusFormOf,
  statusListMediaTypes,
  verifyStatusList,
  type StatusList,
  type StatusListForm,
  type StatusListInit,
} from './status-list-credential.ts';
export {
  decodeBitstring,
  encodeBitstring,
  maxStatusEntries,
  minStatusEntries,
  randomStatusIndex,
  StatusBits,
} from './status-list.ts';
export type { StatusChecker } from './status.ts';
export { parseStrictJson, type Json, type JsonObject, type StrictJsonLimits } from './strict-json.ts';
export {
  encodeTrustedIssuer,
  issuerFingerprint,
  maxFormerKeySets,
  parseTrustedIssuer,
  type FormerKeySet,
  type TrustedIssuer,
} from './trusted-issuer.ts';
export { isLoopbackUrl, isWebOrigin } from './urls.ts';
export { verifiedHumanDocuments, type PublishedDocument } from './verified-human.ts';
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
export { credentialsContext, parseVc11Claims } from './vc11-claims.ts';
export { credentialsV2Context, parseVc20Claims } from './vc20-claims.ts';
export {
  encodeEnvelope,
  encodeGeneralJws,
  encodeVcJwt,
  maxCredentialBytes,
  parseGeneralJws,
  type CredentialEnvelope,
  type CredentialLeg,
  type LegAlgorithm,
} from './wire.ts';
export { Resolver } from 'did-resolver';
