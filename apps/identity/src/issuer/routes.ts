/** OpenID for Verifiable Credential Issuance 1.0, pre-authorized code flow: the wallet's side of the issuer. */
import { createRoute, z } from '@hono/zod-openapi';
import { renderSVG } from 'uqr';
import type { Clock } from '@wotid/core';
import {
  CredentialError,
  encodeTrustedIssuer,
  isCredentialFormat,
  maxHolderProofBytes,
  verifiedHumanDocuments,
  verifyHolderProof,
  type CredentialSigner,
  type DidResolver,
  type Issuer,
  type ProvenHolder,
} from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { ServiceApp } from '../http/app.ts';
import { OauthError, oauthErrors } from '../http/oauth-error.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';
import type { Metrics } from '../ops/metrics.ts';
import { configurationsOf, describeConfigurations } from './configurations.ts';
import type { Issuance } from './issuance.ts';
import { proofClockSkewMs, txCodeDigits } from './limits.ts';
import type { Nonces } from './nonces.ts';
import type { Offers } from './offers.ts';

/** The grant type of the pre-authorized code flow (OpenID4VCI 1.0, section 4.1.1). */
const preAuthorizedGrant = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';

/** Paths whose unusable requests are answered in OAuth's form, and its error code for each. */
export const issuerOauthPaths: ReadonlyMap<string, string> = new Map([
  ['/token', 'invalid_request'],
  ['/nonce', 'invalid_request'],
  ['/credential', 'invalid_credential_request'],
]);

export interface IssuerRoutesInit {
  readonly provider: CryptoProvider;
  readonly signer: CredentialSigner;
  readonly issuer: () => Issuer;
  readonly resolver: DidResolver;
  /** What `resolver` resolves, such as `did:jwk`. */
  readonly didMethods: readonly string[];
  readonly offers: Offers;
  readonly nonces: Nonces;
  readonly issuance: Issuance;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly publicUrl: () => string;
}

/** The link by which a wallet gets an offer, by reference (OpenID4VCI 1.0, section 4.1.3): no code in it. */
export function offerLinkOf(publicUrl: string, offerId: string): string {
  return `openid-credential-offer://?credential_offer_uri=${encodeURIComponent(`${publicUrl}/offers/${offerId}`)}`;
}

const tags = ['issuer'];
const anyJson = { 'application/json': { schema: z.record(z.string(), z.unknown()) } };
const offerIdParam = z.object({
  id: z
    .string()
    .regex(/^[\w-]{22}$/)
    .openapi({ param: { name: 'id', in: 'path' }, description: 'Id of the offer' }),
});

/** Adds metadata, offers, token, nonce, credential and the published documents. */
export function addIssuerRoutes(app: ServiceApp, init: IssuerRoutesInit): void {
  addMetadataRoutes(app, init);
  addOfferRoutes(app, init);
  addTokenRoutes(app, init);
  addCredentialRoute(app, init);
  addDocumentRoutes(app);
}

function addMetadataRoutes(app: ServiceApp, init: IssuerRoutesInit): void {
  const { signer, issuer, didMethods, publicUrl } = init;
  app.openapi(
    createRoute({
      method: 'get',
      path: '/.well-known/openid-credential-issuer',
      tags,
      summary: 'Credential issuer metadata (OpenID4VCI 1.0, section 12.2)',
      responses: { 200: { description: 'Metadata', content: anyJson } },
    }),
    (context) => {
      const url = publicUrl();
      return context.json(
        {
          credential_issuer: url,
          credential_endpoint: `${url}/credential`,
          nonce_endpoint: `${url}/nonce`,
          display: [{ name: new URL(url).host, locale: 'en' }],
          credential_configurations_supported: describeConfigurations(configurationsOf(signer), didMethods),
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/.well-known/oauth-authorization-server',
      tags,
      summary: 'Authorization server metadata (RFC 8414)',
      responses: { 200: { description: 'Metadata', content: anyJson } },
    }),
    (context) =>
      context.json(
        {
          issuer: publicUrl(),
          token_endpoint: `${publicUrl()}/token`,
          grant_types_supported: [preAuthorizedGrant],
          response_types_supported: [],
          token_endpoint_auth_methods_supported: ['none'],
          'pre-authorized_grant_anonymous_access_supported': true,
        },
        200,
      ),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/.well-known/wotid-issuer',
      tags,
      summary: 'The issuer’s DID and public keys, as `wotid trust add` pins them',
      responses: { 200: { description: 'Trust file', content: anyJson } },
    }),
    async (context) => {
      await signer.refresh?.();
      const trustFile = encodeTrustedIssuer(issuer().trustedIssuer);
      return context.json(JSON.parse(trustFile) as Record<string, unknown>, 200);
    },
  );
}

function addOfferRoutes(app: ServiceApp, { offers, signer, publicUrl }: IssuerRoutesInit): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/offers/{id}',
      tags,
      summary: 'A credential offer (OpenID4VCI 1.0, section 4.1)',
      request: { params: offerIdParam },
      responses: { 200: { description: 'The offer', content: anyJson }, ...problemResponses(400, 404) },
    }),
    async (context) => {
      const code = await offers.codeOf(context.req.valid('param').id);
      if (code === null) throw noOffer();
      context.header('cache-control', 'no-store');
      return context.json(
        {
          credential_issuer: publicUrl(),
          credential_configuration_ids: [...configurationsOf(signer).keys()],
          grants: {
            [preAuthorizedGrant]: {
              'pre-authorized_code': code,
              tx_code: {
                input_mode: 'numeric',
                length: txCodeDigits,
                description: 'The code that your issuer gave you beside this offer',
              },
            },
          },
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/offers/{id}/qr',
      tags,
      summary: 'The link to an offer as a QR code',
      request: { params: offerIdParam },
      responses: {
        200: { description: 'QR code', content: { 'image/svg+xml': { schema: z.string() } } },
        ...problemResponses(400, 404),
      },
    }),
    async (context) => {
      const { id } = context.req.valid('param');
      if ((await offers.codeOf(id)) === null) throw noOffer();
      return context.body(renderSVG(offerLinkOf(publicUrl(), id), { border: 4 }), 200, {
        'content-type': 'image/svg+xml',
        'cache-control': 'no-store',
      });
    },
  );
}

function noOffer(): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'NO_OFFER',
    detail: 'there is no such offer, or it was collected, withdrawn or has expired',
    hint: 'ask the issuer for a new one',
  });
}

function addTokenRoutes(app: ServiceApp, { offers, nonces, metrics }: IssuerRoutesInit): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/token',
      tags,
      summary: 'Exchanges both codes for an access token (OpenID4VCI 1.0, section 6)',
      request: {
        body: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': {
              schema: z.object({
                grant_type: z.string().max(100),
                'pre-authorized_code': z.string().max(200).optional(),
                tx_code: z.string().max(20).optional(),
              }),
            },
          },
        },
      },
      responses: {
        200: {
          description: 'Access token',
          content: {
            'application/json': {
              schema: z.object({
                access_token: z.string(),
                token_type: z.literal('Bearer'),
                expires_in: z.int(),
              }),
            },
          },
        },
        ...oauthErrors(400),
      },
    }),
    async (context) => {
      const form = context.req.valid('form');
      if (form.grant_type !== preAuthorizedGrant) {
        throw new OauthError('unsupported_grant_type', `the only grant is ${preAuthorizedGrant}`);
      }
      const code = form['pre-authorized_code'];
      if (code === undefined) throw new OauthError('invalid_request', 'pre-authorized_code is missing');
      if (form.tx_code === undefined) throw new OauthError('invalid_request', 'tx_code is missing');
      const { accessToken, expiresInSec } = await offers.redeem(code, form.tx_code);
      metrics.events.inc({ event: 'offer_redeemed' });
      context.header('cache-control', 'no-store');
      return context.json(
        { access_token: accessToken, token_type: 'Bearer' as const, expires_in: expiresInSec },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/nonce',
      tags,
      summary: 'A nonce for a proof of possession (OpenID4VCI 1.0, section 7)',
      responses: {
        200: {
          description: 'Nonce',
          content: { 'application/json': { schema: z.object({ c_nonce: z.string() }) } },
        },
      },
    }),
    (context) => {
      context.header('cache-control', 'no-store');
      return context.json({ c_nonce: nonces.create() }, 200);
    },
  );
}

function addCredentialRoute(app: ServiceApp, init: IssuerRoutesInit): void {
  const { offers, signer, issuance, metrics } = init;
  app.openapi(
    createRoute({
      method: 'post',
      path: '/credential',
      tags,
      summary: 'Issues a credential (OpenID4VCI 1.0, section 8)',
      description:
        'Each offered configuration once, all for the same DID. Asked again while the access token lives, with a new nonce and a proof by the same keys, it answers with the same credential. `verified_human_hybrid` needs the proof of a wot.id identity.',
      security: [{ accessToken: [] }],
      request: {
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z.object({
                credential_configuration_id: z.string().max(100).optional(),
                credential_identifier: z.string().max(100).optional(),
                proofs: z
                  .object({
                    jwt: z
                      .array(z.string().max(maxHolderProofBytes))
                      .min(1)
                      .max(1)
                      .openapi({ description: 'One proof of possession, typ openid4vci-proof+jwt' }),
                  })
                  .optional(),
                credential_response_encryption: z.unknown().optional(),
              }),
            },
          },
        },
      },
      responses: {
        200: {
          description: 'The credential',
          content: {
            'application/json': {
              schema: z.object({
                credentials: z.array(
                  z.object({ credential: z.union([z.string(), z.record(z.string(), z.unknown())]) }),
                ),
              }),
            },
          },
        },
        ...oauthErrors(400, 401),
      },
    }),
    async (context) => {
      const authorized = await offers.authorized(context.req.header('authorization'));
      const body = context.req.valid('json');
      if (body.credential_response_encryption !== undefined) {
        throw new OauthError('invalid_encryption_parameters', 'responses are not encrypted beyond TLS');
      }
      if (body.credential_identifier !== undefined) {
        throw new OauthError('unknown_credential_identifier', 'ask by credential_configuration_id');
      }
      const format = configurationsOf(signer).get(body.credential_configuration_id ?? '');
      if (format === undefined || !isCredentialFormat(format)) {
        throw new OauthError('unknown_credential_configuration', 'there is no such credential configuration');
      }
      const proof = body.proofs?.jwt[0];
      if (proof === undefined) throw new OauthError('invalid_proof', 'proofs.jwt is missing');
      const holder = await provenHolder(proof, init);
      const { credential, isNew, replaced } = await issuance.issue(authorized, format, holder);
      metrics.events.inc({ event: isNew ? 'credential_issued' : 'credential_given_again' });
      if (replaced > 0) metrics.events.inc({ event: 'credential_replaced' }, replaced);
      context.header('cache-control', 'no-store');
      return context.json({ credentials: [{ credential: credential as string }] }, 200);
    },
  );
}

async function provenHolder(proof: string, init: IssuerRoutesInit): Promise<ProvenHolder> {
  const { provider, resolver, clock, publicUrl, metrics } = init;
  try {
    return await verifyHolderProof(proof, {
      provider,
      resolver,
      audience: publicUrl(),
      nowMs: clock.nowMs(),
      clockSkewMs: proofClockSkewMs,
    });
  } catch (error) {
    // Nothing is used up when a DID cannot be resolved: the wallet tries again.
    if (!(error instanceof CredentialError) || error.code === 'DID_UNRESOLVED') throw error;
    metrics.events.inc({ event: 'proof_refused' });
    throw new OauthError('invalid_proof', error.message);
  }
}

function addDocumentRoutes(app: ServiceApp): void {
  for (const { name, mediaType, document } of verifiedHumanDocuments) {
    const text = JSON.stringify(document);
    app.openapi(
      createRoute({
        method: 'get',
        path: new URL(name).pathname,
        tags,
        summary: `The document that credentials name as ${name}`,
        responses: {
          200: { description: 'The document', content: { [mediaType]: { schema: z.unknown() } } },
        },
      }),
      (context) =>
        context.body(text, 200, { 'content-type': mediaType, 'cache-control': 'public, max-age=86400' }),
    );
  }
}
