/**
 * Verification of a presented credential, cheapest check first and the network last: a stranger pays for our work before
 * we pay for theirs, and learns nothing about us from where we connect. That the presenter holds the identity block's
 * keys is proven elsewhere, by the gate's or the initial message's signature over the same fingerprint.
 */
import type { CryptoProvider, SignatureAlgorithm } from '@wotid/crypto';
import { equalBytes, errorText } from '@wotid/core';
import { verifyCredential as verifyVcJwt } from 'did-jwt-vc';
import { verifiedHumanType, type CredentialClaims } from './claims.ts';
import { parseCredential, type Credential } from './credential.ts';
import { credentialFailureCodes, type CredentialFailureCode } from './errors.ts';
import { absolute, resolveDid, type DidResolver } from './resolution.ts';
import { checkStatus, type StatusChecker } from './status.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';
import { encodeVcJwt, signingInput, type CredentialEnvelope } from './wire.ts';

/** The checks, in the order in which they run. */
export const credentialChecks = [
  'format',
  'subject',
  'holderKey',
  'issuer',
  'type',
  'dates',
  'ed25519Signature',
  'mlDsa87Signature',
  'issuerDid',
  'vcJwt',
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
  /** Fingerprint of the presenter's identity block, 32 bytes. */
  readonly idFp: Uint8Array;
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
  readonly claims: CredentialClaims;
  readonly issuer: TrustedIssuer;
  /** All of {@link credentialChecks}. */
  readonly passed: readonly CredentialCheck[];
}

/** A credential that failed one check; later ones did not run. */
export interface RefusedCredential {
  readonly ok: false;
  readonly code: CredentialFailureCode;
  /** The number of `code` in the gate's table, not collapsed. */
  readonly wireCode: number;
  readonly failed: CredentialCheck;
  readonly passed: readonly CredentialCheck[];
  /** For logs and for our own user, never for the peer. */
  readonly reason: string;
}

/** Outcome of {@link verifyCredential}. */
export type CredentialVerdict = AcceptedCredential | RefusedCredential;

/**
 * Verifies the bytes of a credential that a peer presents, at the level that needs both issuer signatures. Both are
 * checked with the keys pinned in `trustedIssuers`; the EdDSA one is checked again as an ordinary VC-JWT with the key
 * that the issuer's DID document names today, so that a key the issuer has withdrawn is not believed for ever.
 *
 * Checks and their codes: `format` 32, `subject` 38, `holderKey` 18 (`cnf` is `idFp`), `issuer` 34, `type` 37, `dates`
 * 35, `ed25519Signature` and `mlDsa87Signature` 33, `issuerDid` 17, `vcJwt` 33, `status` 36.
 *
 * Never throws on anything that the peer or the network does. Not checked here: that the presenter owns the identity
 * block, and whether the DID of the subject names the block's key (`checkDidKey`).
 */
export async function verifyCredential(
  bytes: Uint8Array,
  init: VerifyCredentialInit,
): Promise<CredentialVerdict> {
  const passed: CredentialCheck[] = [];
  const refuse = (code: CredentialFailureCode, reason: string): RefusedCredential => ({
    ok: false,
    code,
    wireCode: credentialFailureCodes[code],
    failed: credentialChecks[passed.length] as CredentialCheck,
    passed,
    reason,
  });

  let envelope: CredentialEnvelope;
  let claims: Credential['claims'];
  try {
    ({ envelope, claims } = parseCredential(bytes));
  } catch (error) {
    return refuse('MALFORMED', errorText(error));
  }
  passed.push('format');

  if (claims.subject !== init.expectedSubject) return refuse('SUBJECT', 'it was issued to another DID');
  passed.push('subject');
  if (!equalBytes(claims.idFp, init.idFp)) {
    return refuse('DID_KEY_MISMATCH', 'it was issued to another identity block of this DID');
  }
  passed.push('holderKey');

  const issuer = init.trustedIssuers.find((one) => one.did === claims.issuer);
  if (issuer === undefined) return refuse('ISSUER', 'its issuer is not trusted here');
  passed.push('issuer');

  if (!claims.types.includes('VerifiableCredential') || !claims.types.includes(verifiedHumanType)) {
    return refuse('TYPE', 'it is not a Verified Human credential');
  }
  passed.push('type');

  const clockSkewMs = init.clockSkewMs ?? defaultClockSkewMs;
  const dateProblem = problemWithDates(claims, init.nowMs, clockSkewMs);
  if (dateProblem !== null) return refuse('EXPIRED', dateProblem);
  passed.push('dates');

  for (const [check, algorithm, publicKey, leg] of [
    ['ed25519Signature', 'ed25519', issuer.ed25519, envelope.eddsa],
    ['mlDsa87Signature', 'ml-dsa-87', issuer.mlDsa87, envelope.mlDsa87],
  ] as const) {
    const input = signingInput(leg.protectedHeader, envelope.payload);
    if (!verifyWith(init.provider, algorithm, publicKey, input, leg.signature)) {
      return refuse('SIG', `its ${leg.alg} signature does not verify with the pinned key of its issuer`);
    }
    passed.push(check);
  }

  const { document, reason } = await resolveDid(init.resolver, issuer.did, init.signal);
  if (document === null) return refuse('DID_UNRESOLVED', `the DID of its issuer: ${reason}`);
  passed.push('issuerDid');

  try {
    // did-jwt-vc takes whole seconds; rounded so that it never refuses what the exact check above accepted.
    const { signer } = await verifyVcJwt(
      encodeVcJwt(envelope),
      {
        resolve: async () => ({ didResolutionMetadata: {}, didDocument: document, didDocumentMetadata: {} }),
      },
      {
        proofPurpose: 'assertionMethod',
        skewTime: Math.ceil(clockSkewMs / 1_000),
        policies: { now: Math.floor(init.nowMs / 1_000) },
      },
    );
    // It tries every key of the document and ignores `kid`.
    if (absolute(document, signer.id) !== envelope.eddsa.kid) {
      return refuse('SIG', 'its kid is not the key of the DID document that verifies it');
    }
  } catch (error) {
    return refuse('SIG', `it does not verify as a VC-JWT: ${errorText(error)}`);
  }
  passed.push('vcJwt');

  const statusProblem = await checkStatus(claims, issuer, init);
  if (statusProblem !== null) return refuse('REVOKED', statusProblem);
  passed.push('status');
  return { ok: true, claims, issuer, passed };
}

function problemWithDates(claims: CredentialClaims, nowMs: number, clockSkewMs: number): string | null {
  const latest = Math.max(claims.notBeforeSec, claims.issuedAtSec) * 1_000;
  if (latest > nowMs + clockSkewMs) return 'it is not valid yet';
  if (claims.expiresAtSec * 1_000 <= nowMs - clockSkewMs) return 'it has expired';
  return null;
}

function verifyWith(
  provider: CryptoProvider,
  algorithm: SignatureAlgorithm,
  publicKey: Uint8Array,
  input: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    using key = provider.importVerifyingKey(algorithm, publicKey);
    return provider.verify(key, input, signature);
  } catch {
    // A pinned key of the right length that is no key: nothing verifies with it.
    return false;
  }
}
