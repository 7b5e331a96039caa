/** The method for the registry of `did-resolver`: `new Resolver({ ...didIotaMethod(reader) })`. */
import { isWotError } from '@wotid/core';
import type { DIDResolutionResult, DIDResolver } from 'did-resolver';
import type { DidReader, ResolvedDid } from './did-reader.ts';
import type { DidIotaErrorCode } from './errors.ts';

/** Errors of DID Resolution (W3C DID Core 1.0, section 7.1.2); all others are `internalError`. */
const resolutionErrors: Partial<Record<DidIotaErrorCode, string>> = {
  BAD_DID: 'invalidDid',
  WRONG_NETWORK: 'methodNotSupported',
  NOT_FOUND: 'notFound',
  NOT_AN_IDENTITY: 'notFound',
};

/**
 * Resolves did:iota of the reader's network. What is not there, what is deactivated and a node that does not answer are
 * three different answers: `notFound`, `deactivated` in the document's metadata with an empty document, `internalError`.
 */
export function didIotaMethod(reader: Pick<DidReader, 'resolve'>): { readonly iota: DIDResolver } {
  return {
    iota: async (_did, { did }) => {
      try {
        return resolutionOf(await reader.resolve(did));
      } catch (error) {
        return failedResolution(error);
      }
    },
  };
}

function resolutionOf({
  did,
  document,
  deactivated,
  createdAt,
  updatedAt,
}: ResolvedDid): DIDResolutionResult {
  return {
    didResolutionMetadata: { contentType: 'application/did+json' },
    didDocument: document ?? { id: did },
    didDocumentMetadata: {
      ...(createdAt !== null && { created: createdAt }),
      ...(updatedAt !== null && { updated: updatedAt }),
      ...(deactivated && { deactivated }),
    },
  };
}

function failedResolution(error: unknown): DIDResolutionResult {
  const { code, message } = isWotError(error) ? error : { code: '', message: 'the resolver failed' };
  return {
    didResolutionMetadata: {
      error: resolutionErrors[code as DidIotaErrorCode] ?? 'internalError',
      message,
    },
    didDocument: null,
    didDocumentMetadata: {},
  };
}
