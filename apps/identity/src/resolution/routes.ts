/**
 * DID resolution over HTTP: `GET /1.0/identifiers/{did}` by the HTTPS binding of W3C DID Resolution 1.0 (section 10.1).
 * Which methods there are is decided by the resolver that the service was given.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import type { Context } from 'hono';
import { isDid, resolveTimeoutMs, type DidResolver } from '@wotid/credential';
import type { ServiceApp } from '../http/app.ts';

/** Errors of resolution (section 4.3) with the status that the binding gives each. */
const errorStatus = {
  INVALID_DID: 400,
  NOT_FOUND: 404,
  REPRESENTATION_NOT_SUPPORTED: 406,
  INVALID_DID_DOCUMENT: 500,
  INTERNAL_ERROR: 500,
  METHOD_NOT_SUPPORTED: 501,
} as const;
type ResolutionError = keyof typeof errorStatus;

/** The names that `did-resolver` and its methods use (DID Core 1.0, section 7.1.2). */
const errorNames: Readonly<Record<string, ResolutionError>> = {
  invalidDid: 'INVALID_DID',
  notFound: 'NOT_FOUND',
  representationNotSupported: 'REPRESENTATION_NOT_SUPPORTED',
  unsupportedDidMethod: 'METHOD_NOT_SUPPORTED',
  methodNotSupported: 'METHOD_NOT_SUPPORTED',
  invalidDidDocument: 'INVALID_DID_DOCUMENT',
};

/** Media type of a whole result, with metadata. */
const resultType = 'application/did-resolution';
/** Media types of a document alone; the first is what who takes anything gets. */
const documentTypes = ['application/did', 'application/did+json', 'application/did+ld+json'];

/** What the answer is made of (section 4). */
interface Resolution {
  readonly didDocument: object | null;
  readonly didResolutionMetadata: object;
  readonly didDocumentMetadata: object;
}

/** Adds `/1.0/identifiers/{did}`. */
export function addResolutionRoutes(app: ServiceApp, resolver: DidResolver): void {
  const result = { [resultType]: { schema: z.record(z.string(), z.unknown()) } };
  app.openapi(
    createRoute({
      method: 'get',
      path: '/1.0/identifiers/{did}',
      tags: ['resolution'],
      summary: 'The document of a DID',
      description: `By the Accept header: ${resultType} with metadata, or the document alone as ${documentTypes.join(', ')}. Errors are always ${resultType}.`,
      request: { params: z.object({ did: z.string() }) },
      responses: {
        200: {
          description: 'The document',
          content: {
            ...result,
            ...Object.fromEntries(
              documentTypes.map((type) => [type, { schema: z.record(z.string(), z.unknown()) }]),
            ),
          },
        },
        400: { description: 'No DID', content: result },
        404: { description: 'There is no such DID', content: result },
        406: { description: 'No such representation', content: result },
        410: { description: 'The DID is deactivated', content: result },
        500: {
          description: 'The method failed, for instance because its ledger does not answer',
          content: result,
        },
        501: { description: 'The method is not supported here', content: result },
      },
    }),
    async (context) => {
      const wanted = accepts(context, {
        header: 'Accept',
        supports: [...documentTypes, resultType, '*/*'],
        default: context.req.header('accept') === undefined ? '*/*' : 'none',
      });
      if (wanted === 'none')
        return refuse(context, 'REPRESENTATION_NOT_SUPPORTED', 'Accept names no known type');
      const { did } = context.req.valid('param');
      if (!isDid(did)) return refuse(context, 'INVALID_DID', 'this is not a DID of at most 255 bytes');
      return answer(context, did, wanted === '*/*' ? (documentTypes[0] as string) : wanted, resolver);
    },
  );
}

async function answer(
  context: Context,
  did: string,
  wanted: string,
  resolver: DidResolver,
): Promise<Response> {
  let resolved;
  try {
    resolved = await inTime(resolver.resolve(did));
  } catch {
    return refuse(context, 'INTERNAL_ERROR', 'the method did not answer');
  }
  const { didResolutionMetadata, didDocument, didDocumentMetadata } = resolved;
  const { error, message } = didResolutionMetadata as { readonly error?: string; readonly message?: string };
  if (error !== undefined) return refuse(context, errorNames[error] ?? 'INTERNAL_ERROR', message ?? '');
  if (didDocument === null) return refuse(context, 'NOT_FOUND', '');
  if (didDocument.id !== did) return refuse(context, 'INVALID_DID_DOCUMENT', 'it is about another DID');
  if (didDocumentMetadata.deactivated === true) {
    return send(context, 410, { didDocument: null, didResolutionMetadata: {}, didDocumentMetadata });
  }
  if (wanted === resultType) {
    const contentType = documentTypes[0];
    return send(context, 200, { didDocument, didResolutionMetadata: { contentType }, didDocumentMetadata });
  }
  return context.body(JSON.stringify(didDocument), 200, { 'content-type': wanted, vary: 'accept' });
}

function refuse(context: Context, error: ResolutionError, detail: string): Response {
  return send(context, errorStatus[error], {
    didDocument: null,
    didResolutionMetadata: {
      error: {
        type: `https://www.w3.org/ns/did#${error}`,
        title: error.toLowerCase().replaceAll('_', ' '),
        ...(detail !== '' && { detail }),
      },
    },
    didDocumentMetadata: {},
  });
}

function send(
  context: Context,
  status: 200 | 400 | 404 | 406 | 410 | 500 | 501,
  resolution: Resolution,
): Response {
  const body = { '@context': 'https://w3id.org/did-resolution/v1', ...resolution };
  return context.body(JSON.stringify(body), status, { 'content-type': resultType, vary: 'accept' });
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('late')), resolveTimeoutMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
