/** What an issuer publishes about its keys: the document of its did:web, and how its keys have changed. */
import { createRoute, z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import {
  didWebOf,
  issuerDocument,
  keySuccessionMediaType,
  type CredentialSigner,
  type DidResolver,
} from '@wotid/credential';
import type { ServiceApp } from '../http/app.ts';
import { ProblemError, problemResponses } from '../http/problem.ts';

/** Media types of a DID document in JSON (DID Core 1.0, section 6); the first is what who takes anything gets. */
const documentTypes = [
  'application/did+json',
  'application/did+ld+json',
  'application/did',
  'application/json',
];

/** Adds `/.well-known/did.json` and the key successions. */
export function addDidRoutes(
  app: ServiceApp,
  { signer, publicUrl }: { readonly signer: CredentialSigner; readonly publicUrl: () => string },
): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/.well-known/did.json',
      tags: ['issuer'],
      summary: 'The DID document of an issuer whose DID is the did:web of this service',
      description: `By the Accept header: ${documentTypes.join(', ')}. It names the keys that sign now, and former ones that still count.`,
      responses: {
        200: {
          description: 'The document',
          content: Object.fromEntries(
            documentTypes.map((type) => [type, { schema: z.record(z.string(), z.unknown()) }]),
          ),
        },
        ...problemResponses(404),
      },
    }),
    async (context) => {
      if (!isServedHere(signer.did, publicUrl())) {
        throw new ProblemError({
          status: 404,
          code: 'NO_DID_WEB',
          detail: 'the issuer of this service has no did:web',
          hint: 'its DID and keys are at /.well-known/wotid-issuer',
        });
      }
      await signer.refresh?.();
      const type = accepts(context, {
        header: 'Accept',
        supports: documentTypes,
        default: documentTypes[0] as string,
      });
      return context.body(JSON.stringify(issuerDocument(signer)), 200, {
        'content-type': type,
        // A key that was retired must be gone at once.
        'cache-control': 'no-cache',
        vary: 'accept',
      });
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/.well-known/wotid-issuer/successions/{number}',
      tags: ['issuer'],
      summary: 'A change of the issuer’s keys, signed by both keys before it; the first has number 2',
      request: { params: z.object({ number: z.string().regex(/^[1-9]\d{0,6}$/) }) },
      responses: {
        200: {
          description: 'The key succession: a JWS with two signatures, in JSON',
          content: { [keySuccessionMediaType as string]: { schema: z.string() } },
        },
        ...problemResponses(400, 404),
      },
    }),
    async (context) => {
      const statement = await signer.history?.statement(Number(context.req.valid('param').number));
      if (statement != null) {
        return context.body(statement, 200, {
          'content-type': keySuccessionMediaType,
          'cache-control': 'no-cache',
        });
      }
      throw new ProblemError({
        status: 404,
        code: 'NO_KEY_SUCCESSION',
        detail: 'the keys have not changed so often',
      });
    },
  );
}

/** Resolves the issuer's own did:web from its keys: the service does not ask itself over the network. */
export function withOwnDid(
  resolver: DidResolver,
  signer: CredentialSigner | undefined,
  publicUrl: () => string,
): DidResolver {
  if (signer === undefined) return resolver;
  return {
    resolve: async (did, options) => {
      if (did !== signer.did || !isServedHere(did, publicUrl())) return resolver.resolve(did, options);
      await signer.refresh?.();
      return {
        didResolutionMetadata: { contentType: documentTypes[0] as string },
        didDocument: issuerDocument(signer),
        didDocumentMetadata: {},
      };
    },
  };
}

function isServedHere(did: string, publicUrl: string): boolean {
  try {
    return did === didWebOf(publicUrl);
  } catch {
    return false;
  }
}
