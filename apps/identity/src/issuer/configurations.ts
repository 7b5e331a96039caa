/** What the issuer offers: one credential configuration for each format that its keys can sign. */
import {
  credentialFormats,
  credentialsV2Context,
  holderProofAlgorithms,
  verifiedHumanContext,
  verifiedHumanType,
  verifiedHumanVct,
  type CredentialFormat,
  type CredentialSigner,
} from '@wotid/credential';

/** Ids of the configurations; the same words as in the formats' table of `packages/credential`. */
const configurationIds: Readonly<Record<CredentialFormat, string>> = {
  wotid_hybrid: 'verified_human_hybrid',
  jwt_vc_json: 'verified_human_jwt',
  'vc+jwt': 'verified_human_vc2_jwt',
  'dc+sd-jwt': 'verified_human_sd_jwt',
};

const types = ['VerifiableCredential', verifiedHumanType];

/** What a wallet must know about each format (OpenID4VCI 1.0, appendix A). */
const formatMembers: Readonly<Record<CredentialFormat, object>> = {
  wotid_hybrid: { credential_definition: { type: types } },
  jwt_vc_json: { credential_definition: { type: types } },
  'vc+jwt': {
    credential_definition: { '@context': [credentialsV2Context, verifiedHumanContext], type: types },
  },
  'dc+sd-jwt': { vct: verifiedHumanVct },
};

/** The formats that a signer's keys can sign, by the id of their configuration. */
export function configurationsOf(signer: CredentialSigner): ReadonlyMap<string, CredentialFormat> {
  const canHybrid = signer.keys.some(({ alg }) => alg === 'ML-DSA-87');
  const formats = credentialFormats.filter((format) => canHybrid || format !== 'wotid_hybrid');
  return new Map(formats.map((format) => [configurationIds[format], format]));
}

/**
 * `credential_configurations_supported` of the issuer's metadata (OpenID4VCI 1.0, section 12.2.4).
 * @param didMethods whose keys can prove possession, such as `did:jwk`; a bare key always can (appendix F.1)
 */
export function describeConfigurations(
  configurations: ReadonlyMap<string, CredentialFormat>,
  didMethods: readonly string[],
): object {
  return Object.fromEntries(
    [...configurations].map(([id, format]) => [
      id,
      {
        format,
        ...formatMembers[format],
        cryptographic_binding_methods_supported: [...didMethods, 'jwk'],
        credential_signing_alg_values_supported:
          format === 'wotid_hybrid' ? ['EdDSA', 'ML-DSA-87'] : ['EdDSA'],
        proof_types_supported: { jwt: { proof_signing_alg_values_supported: holderProofAlgorithms } },
        credential_metadata: {
          display: [
            {
              name: 'Verified Human',
              locale: 'en',
              description: 'You are a human, and its issuer has made sure of it.',
            },
          ],
        },
      },
    ]),
  );
}
