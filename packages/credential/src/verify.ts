/**
 * Verification of a presented credential, cheapest check first and the network last: a stranger pays for our work before
 * we pay for theirs, and learns nothing about us from where we connect. That the presenter holds the identity block's
 * keys is proven elsewhere, by the gate's or the initial message's signature over the same fingerprint.
 */
import type { CryptoProvider } from '@wotid/crypto';
import { equalBytes, errorText } from '@wotid/core';
import { verifyJWS } from 'did-jwt';
import type { DIDDocument } from 'did-resolver';
import { verifiedHumanType, type CredentialClaims } from './claims.ts';
import { compositeAlgorithm, parseCompositeJwk, verifyComposite, type CompositeKey } from './composite.ts';
import { credentialFailureCodes, type CredentialFailureCode } from './errors.ts';
import { policyOfLevel, type CredentialFormat, type CredentialPolicy } from './formats.ts';
import { failedLeg, type LegSignature } from './issuer-key-set.ts';
import { problemWithKeyBinding, type ExpectedKeyBinding } from './key-binding.ts';
import { parsePresented, type PresentedCredential, type PresentedSignature } from './presented.ts';
import { methodsOf, resolveDid, type DidResolver } from './resolution.ts';
import { checkStatus, type StatusChecker } from './status.ts';
import type { Json } from './strict-json.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/**
 * The checks, in the order in which they run; `postQuantumSignature` only where there is one.
 */
export const credentialChecks = [
  'format',
  'subject',
  'holderKey',
  'issuer',
  'type',
  'dates',
  'classicalSignature',
  'postQuantumSignature',
  'issuerDid',
  'issuerKey',
  'status',
] as const;

/** Name of a check. */
export type CredentialCheck = (typeof credentialChecks)[number];

/** Clocks of people's machines: the same 300 s as the gate's freshness. */
export const defaultClockSkewMs = 300_000;

/** What {@link verifyCredential} compares with. */
export interface VerifyCredentialInit {
  readonly provider: CryptoProvider;
  readonly resolver: DidResolver;
  readonly trustedIssuers: readonly TrustedIssuer[];
  /** DID of the presenter's identity block. */
  readonly expectedSubject: string;
  /** Fingerprint of the presenter's identity block, 32 bytes; `null` where a key binding stands for it. */
  readonly idFp: Uint8Array | null;
  /** Demands the holder's proof inside of an SD-JWT. Default: none; then `idFp` must be given. */
  readonly keyBinding?: ExpectedKeyBinding;
  /** Nobody shows the credential, it is only looked at: whose keys it binds is not checked then. Default false. */
  readonly isUnpresented?: boolean;
  /** Formats and algorithms to take; default those of level 3. */
  readonly policy?: CredentialPolicy;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Tolerance for dates in both directions, milliseconds; default 300,000. */
  readonly clockSkewMs?: number;
  /** Looks up revocation. Without it every credential that names a status list is refused. */
  readonly status?: StatusChecker;
  readonly signal?: AbortSignal;
}

/** A credential that passed every check. */
export interface AcceptedCredential {
  readonly ok: true;
  readonly format: CredentialFormat;
  readonly claims: CredentialClaims;
  readonly issuer: TrustedIssuer;
  /** {@link credentialChecks}, without `postQuantumSignature` for a format that has none. */
  readonly passed: readonly CredentialCheck[];
}

/** A credential that failed one check; later ones did not run. */
export interface RefusedCredential {
  readonly ok: false;
  readonly code: CredentialFailureCode;
  /** The number of `code` in the gate's table, not collapsed. */
  readonly wireCode: number;
  readonly failed: CredentialCheck;
  /** The pinned issuer that it names; `null` when there is none, or the check came before. */
  readonly issuer: TrustedIssuer | null;
  readonly passed: readonly CredentialCheck[];
  /** For logs and for our own user, never for the peer. */
  readonly reason: string;
}

/** Outcome of {@link verifyCredential}. */
export type CredentialVerdict = AcceptedCredential | RefusedCredential;

/**
 * Verifies the bytes of a credential that a peer presents. Its signatures are checked with the keys pinned in
 * `trustedIssuers`, and the classical one again with the key that the issuer's DID document names today under its `kid`,
 * so that a key the issuer has withdrawn is not believed for ever.
 *
 * Checks and their codes: `format` 32 (also a format or algorithm that the policy does not take), `subject` 38,
 * `holderKey` 18 (`cnf` is `idFp`, the holder's key signed), `issuer` 34, `type` 37, `dates` 35, `classicalSignature`
 * and `postQuantumSignature` 33, `issuerDid` 17, `issuerKey` 33, `status` 36.
 *
 * Never throws on anything that the peer or the network does. Not checked here: that the presenter owns the identity
 * block, and whether the DID of the subject names the block's key (`checkDidKey`).
 */
export async function verifyCredential(
  bytes: Uint8Array,
  init: VerifyCredentialInit,
): Promise<CredentialVerdict> {
  const { provider } = init;
  const clockSkewMs = init.clockSkewMs ?? defaultClockSkewMs;
  const policy = init.policy ?? policyOfLevel[3];
  const passed: CredentialCheck[] = [];
  let issuer: TrustedIssuer | undefined;
  const refuse = (
    failed: CredentialCheck,
    code: CredentialFailureCode,
    reason: string,
  ): RefusedCredential => ({
    ok: false,
    code,
    wireCode: credentialFailureCodes[code],
    failed,
    issuer: issuer ?? null,
    passed,
    reason,
  });

  let presented: PresentedCredential;
  try {
    presented = parsePresented(provider, bytes);
  } catch (error) {
    return refuse('format', 'MALFORMED', errorText(error));
  }
  const { claims, format, signatures } = presented;
  const unaccepted = problemWithPolicy(presented, policy);
  if (unaccepted !== null) return refuse('format', 'MALFORMED', unaccepted);
  passed.push('format');

  if (claims.subject !== init.expectedSubject) {
    return refuse('subject', 'SUBJECT', 'it was issued to another DID');
  }
  passed.push('subject');
  const holderProblem = problemWithHolder(presented, init, clockSkewMs);
  if (holderProblem !== null) return refuse('holderKey', 'DID_KEY_MISMATCH', holderProblem);
  passed.push('holderKey');

  issuer = init.trustedIssuers.find((one) => one.did === claims.issuer);
  if (issuer === undefined) return refuse('issuer', 'ISSUER', 'its issuer is not trusted here');
  passed.push('issuer');

  if (!claims.types.includes('VerifiableCredential') || !claims.types.includes(verifiedHumanType)) {
    return refuse('type', 'TYPE', 'it is not a Verified Human credential');
  }
  passed.push('type');

  const dateProblem = problemWithDates(claims, init.nowMs, clockSkewMs);
  if (dateProblem !== null) return refuse('dates', 'EXPIRED', dateProblem);
  passed.push('dates');

  const failed = failedSignature(provider, issuer, signatures);
  if (failed !== 'EdDSA' && failed !== compositeAlgorithm) passed.push('classicalSignature');
  if (failed !== null) {
    const check = failed === 'ML-DSA-87' ? 'postQuantumSignature' : 'classicalSignature';
    return refuse(check, 'SIG', `its ${failed} signature does not verify with the pinned key of its issuer`);
  }
  if (signatures[0]?.alg !== 'EdDSA' || signatures.length > 1) passed.push('postQuantumSignature');

  const { document, reason } = await resolveDid(init.resolver, issuer.did, init.signal);
  if (document === null) return refuse('issuerDid', 'DID_UNRESOLVED', `the DID of its issuer: ${reason}`);
  passed.push('issuerDid');

  const keyProblem = problemWithIssuerKey(document, issuer, signatures[0] as PresentedSignature);
  if (keyProblem !== null) return refuse('issuerKey', 'SIG', keyProblem);
  passed.push('issuerKey');

  const statusProblem = await checkStatus(claims, issuer, init);
  if (statusProblem !== null) return refuse('status', statusProblem.code, statusProblem.reason);
  passed.push('status');
  return { ok: true, format, claims, issuer, passed };
}

function problemWithPolicy(
  { format, signatures }: PresentedCredential,
  policy: CredentialPolicy,
): string | null {
  if (!policy.formats.has(format)) return `the format ${format} is not taken here`;
  if (format === 'wotid_hybrid') return null;
  const taken = signatures.every(({ alg }) => alg !== 'ML-DSA-87' && policy.algorithms.has(alg));
  return taken ? null : 'its algorithm is not taken here';
}

function problemWithHolder(
  presented: PresentedCredential,
  { provider, idFp, keyBinding, nowMs, isUnpresented }: VerifyCredentialInit,
  clockSkewMs: number,
): string | null {
  if (idFp === null && keyBinding === undefined) {
    if (isUnpresented === true) return null;
    throw new TypeError('neither idFp nor keyBinding is given');
  }
  if (idFp !== null && (presented.claims.idFp === null || !equalBytes(presented.claims.idFp, idFp))) {
    return 'it was issued to another identity block of this DID';
  }
  if (keyBinding === undefined) return null;
  return problemWithKeyBinding(provider, presented, keyBinding, nowMs, clockSkewMs);
}

function problemWithDates(claims: CredentialClaims, nowMs: number, clockSkewMs: number): string | null {
  const latest = Math.max(claims.notBeforeSec, claims.issuedAtSec) * 1_000;
  if (latest > nowMs + clockSkewMs) return 'it is not valid yet';
  if (claims.expiresAtSec * 1_000 <= nowMs - clockSkewMs) return 'it has expired';
  return null;
}

/** Algorithm of the signature that does not verify with what is pinned, or `null`. */
function failedSignature(
  provider: CryptoProvider,
  issuer: TrustedIssuer,
  signatures: readonly PresentedSignature[],
): PresentedSignature['alg'] | null {
  const [first] = signatures;
  if (first?.alg === compositeAlgorithm) {
    const { composite } = issuer;
    const verifies = composite !== null && verifyComposite(provider, composite, first.input, first.signature);
    return verifies ? null : compositeAlgorithm;
  }
  return failedLeg(provider, issuer, signatures as readonly LegSignature[]);
}

/** The `kid` must be a key that the issuer's document names for assertions today, and that very key must have signed. */
function problemWithIssuerKey(
  document: DIDDocument,
  issuer: TrustedIssuer,
  { alg, kid, compact }: PresentedSignature,
): string | null {
  const method = methodsOf(document, 'assertionMethod').find(({ id }) => id === kid);
  if (method === undefined) return 'its kid is not a key that its issuer’s DID document names for assertions';
  try {
    if (alg !== compositeAlgorithm) {
      verifyJWS(compact, method);
      return null;
    }
    const key = parseCompositeJwk((method as { readonly compositeJwk?: Json }).compositeJwk);
    const pinned = issuer.composite as CompositeKey;
    const isPinned = equalBytes(key.ed25519, pinned.ed25519) && equalBytes(key.mlDsa65, pinned.mlDsa65);
    return isPinned ? null : 'its issuer’s DID document has another key under its kid';
  } catch (error) {
    return `it does not verify with the key of its issuer’s DID document: ${errorText(error)}`;
  }
}
