/** Revocation, through a port: which list may be asked is decided here, how it is asked is not. */
import { errorText } from '@wotid/core';
import type { CredentialClaims, StatusEntry } from './claims.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/** Looks up the status of a credential. */
export interface StatusChecker {
  /**
   * Resolves to true when the entry's bit is set. The URL is under the issuer's pinned origin already.
   * @throws anything when the list cannot be had, is stale or does not verify: the credential is then refused
   */
  isRevoked(
    entry: StatusEntry,
    issuer: TrustedIssuer,
    init: { readonly nowMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean>;
}

/** Why a credential is not taken for its status. */
export interface StatusProblem {
  readonly code: 'REVOKED' | 'STATUS_UNKNOWN';
  readonly reason: string;
}

/**
 * Why a credential counts as revoked, or `null`. A credential that names no status list cannot be revoked; one that
 * names a list is refused unless the list, under the issuer's pinned origin, says that it is good.
 */
export async function checkStatus(
  claims: CredentialClaims,
  issuer: TrustedIssuer,
  init: { readonly status?: StatusChecker; readonly nowMs: number; readonly signal?: AbortSignal },
): Promise<StatusProblem | null> {
  if (claims.status === null) return null;
  const unknown = (reason: string): StatusProblem => ({ code: 'STATUS_UNKNOWN', reason });
  const url = URL.parse(claims.status.statusListCredential);
  if (url === null || issuer.statusOrigin === null || url.origin !== issuer.statusOrigin) {
    return unknown('its status list is not under the pinned origin of its issuer');
  }
  if (init.status === undefined) return unknown('it names a status list, and none can be looked up here');
  try {
    const isRevoked = await init.status.isRevoked(claims.status, issuer, init);
    return isRevoked ? { code: 'REVOKED', reason: 'it is revoked' } : null;
  } catch (error) {
    return unknown(`its status could not be established: ${errorText(error)}`);
  }
}
