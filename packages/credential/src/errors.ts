/** Failures of this package, and the codes by which the gate names a refused credential. */
import { WotError } from '@wotid/core';

/** Codes of {@link CredentialError}. */
export type CredentialErrorCode =
  | 'BAD_CREDENTIAL'
  | 'BAD_DID'
  | 'BAD_ISSUE_REQUEST'
  | 'BAD_JWK'
  | 'BAD_PROOF'
  | 'BAD_STATUS_LIST'
  | 'BAD_TRUST_FILE'
  /** A DID could not be resolved now: its method or its ledger did not answer. */
  | 'DID_UNRESOLVED'
  /** What an issuer says about a change of its keys does not follow from the keys that are pinned. */
  | 'KEY_SUCCESSION'
  | 'NO_SIGNING_KEY'
  /** A signer threw, or did not answer in time. */
  | 'SIGNER_FAILED'
  /** A signature of a status list is missing or wrong. */
  | 'STATUS_FORGED'
  /** A status list is older than one seen before. */
  | 'STATUS_ROLLED_BACK'
  /** A status list is from the future, or not valid any more. */
  | 'STATUS_STALE'
  /** A status list could not be fetched. */
  | 'STATUS_UNREACHABLE'
  /** A status list is not where it may be fetched. */
  | 'STATUS_URL';

/**
 * Something a caller or a file gave us is unusable. A credential that a peer presents never throws this out of
 * `verifyCredential`: refusals are results there.
 */
export class CredentialError extends WotError<CredentialErrorCode> {}

/**
 * Why a credential is refused, with the number the gate's Terminate message uses. On the wire 32 to 39 collapse to 32,
 * so that a stranger does not learn which check failed; logs and the caller get the precise one.
 */
export const credentialFailureCodes = {
  /** A DID document could not be had. */
  DID_UNRESOLVED: 17,
  /** The credential, or the DID document, names another identity key than the one presented. */
  DID_KEY_MISMATCH: 18,
  /** Not a credential of the two-leg form, or a member is missing, unbounded or of the wrong kind. */
  MALFORMED: 32,
  /** One of the two issuer signatures does not verify. */
  SIG: 33,
  /** The issuer is not in the list of trusted issuers. */
  ISSUER: 34,
  /** Not yet valid, or not valid any more. */
  EXPIRED: 35,
  /** Revoked by its issuer. */
  REVOKED: 36,
  /** Its status could not be established: nobody is believed without it. */
  STATUS_UNKNOWN: 36,
  /** Not a Verified Human credential. */
  TYPE: 37,
  /** Issued to another DID than the presenter's. */
  SUBJECT: 38,
} as const;

/** Name of a reason for refusal. */
export type CredentialFailureCode = keyof typeof credentialFailureCodes;
