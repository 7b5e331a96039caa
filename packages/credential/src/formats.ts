/**
 * The formats of a Verified Human credential, by the identifiers that an OpenID4VCI issuer offers them under.
 *
 * | identifier | what it is | signed with |
 * |---|---|---|
 * | `wotid_hybrid` | our two-leg JWS (`wire.ts`); needed at security level 3 | EdDSA and ML-DSA-87 |
 * | `jwt_vc_json` | VC Data Model 1.1 as a JWT (OpenID4VCI 1.0, appendix A.1.1) | EdDSA |
 * | `vc+jwt` | VC Data Model 2.0 as a JWT (VC-JOSE-COSE 1.0) | EdDSA |
 * | `dc+sd-jwt` | SD-JWT VC (OpenID4VCI 1.0, appendix A.3) | EdDSA |
 *
 * OpenID4VCI 1.0 has no identifier for a VC 2.0 secured as a JWT (its `jwt_vc_json` is version 1.1); we use the media
 * type's subtype, as it does itself for SD-JWT VC.
 */
import type { compositeAlgorithm } from './composite.ts';

/** The identifiers, ours first. */
export const credentialFormats = ['wotid_hybrid', 'jwt_vc_json', 'vc+jwt', 'dc+sd-jwt'] as const;

/** One of {@link credentialFormats}. */
export type CredentialFormat = (typeof credentialFormats)[number];

/** True for the identifier of a format that we know. */
export function isCredentialFormat(text: string): text is CredentialFormat {
  return (credentialFormats as readonly string[]).includes(text);
}

/** What a verifier takes. */
export interface CredentialPolicy {
  readonly formats: ReadonlySet<CredentialFormat>;
  /** Algorithms of the formats with one signature. */
  readonly algorithms: ReadonlySet<'EdDSA' | typeof compositeAlgorithm>;
}

const anyFormat: CredentialPolicy = {
  formats: new Set(credentialFormats),
  algorithms: new Set(['EdDSA'] as const),
};

/**
 * What is taken for a session of a security level (1 STANDARD, 2 ENHANCED, 3 QUANTUM_RESISTANT). A forger with a quantum
 * computer breaks every format that one classical signature stands for, so level 3 takes the two-leg form alone.
 * Composite signatures of other issuers are taken only where a policy of its own names them.
 */
export const policyOfLevel: Readonly<Record<1 | 2 | 3, CredentialPolicy>> = {
  1: anyFormat,
  2: anyFormat,
  3: { formats: new Set(['wotid_hybrid'] as const), algorithms: new Set() },
};
