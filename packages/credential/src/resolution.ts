/** DID resolution through a port: one bounded attempt, and what counts as a usable document. */
import { parse, type DIDDocument, type Resolvable, type VerificationMethod } from 'did-resolver';
import { equalBytes, errorText } from '@wotid/core';
import { parseFingerprintUri } from './fingerprint-uri.ts';
import { parseEd25519Jwk } from './jwk.ts';
import type { Json } from './strict-json.ts';

/**
 * Resolves DIDs: `Resolver` of `did-resolver`, or anything with its `resolve`. Which methods a peer may use is decided
 * by which ones are registered.
 */
export type DidResolver = Resolvable;

/** Long enough for a slow ledger node, short enough for the gate's 30 s. */
export const resolveTimeoutMs = 10_000;

/** A document, or why there is none. */
export type DidResolution =
  | { readonly document: DIDDocument; readonly reason?: never }
  | {
      readonly document: null;
      readonly reason: string;
      /** True when the method failed, which says nothing about the DID. */
      readonly mayPass: boolean;
    };

/**
 * Resolves `did` once. Never throws: a resolver that throws, hangs longer than {@link resolveTimeoutMs}, answers for
 * another DID, or reports deactivation gives a reason instead of a document.
 */
export async function resolveDid(
  resolver: DidResolver,
  did: string,
  signal?: AbortSignal,
): Promise<DidResolution> {
  const timeout = AbortSignal.timeout(resolveTimeoutMs);
  try {
    const result = await orAborted(
      resolver.resolve(did),
      signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    );
    const { didResolutionMetadata, didDocument, didDocumentMetadata } = result;
    if (didResolutionMetadata.error !== undefined || didDocument === null) {
      const { error = 'no document' } = didResolutionMetadata;
      return { document: null, reason: error.slice(0, 80), mayPass: error === 'internalError' };
    }
    if (didDocument.id !== did) return none('the document is about another DID');
    if (didDocumentMetadata.deactivated === true) return none('the DID is deactivated');
    return { document: didDocument };
  } catch (error) {
    return { document: null, reason: errorText(error), mayPass: true };
  }
}

function none(reason: string): DidResolution {
  return { document: null, reason, mayPass: false };
}

/** Answer of {@link checkDidKey}. */
export type DidKeyCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'DID_UNRESOLVED' | 'DID_KEY_MISMATCH'; readonly reason: string };

/**
 * Checks that `did` authenticates with the Ed25519 key of the identity block presented under it: one of the document's
 * own `authentication` keys must be that key. A document that names fingerprints of identity blocks must name this one.
 * @param ed25519 32 bytes
 * @param idFp fingerprint of the block, 32 bytes
 */
export async function checkDidKey(init: {
  readonly resolver: DidResolver;
  readonly did: string;
  readonly ed25519: Uint8Array;
  readonly idFp: Uint8Array;
  readonly signal?: AbortSignal;
}): Promise<DidKeyCheck> {
  const { document, reason } = await resolveDid(init.resolver, init.did, init.signal);
  if (document === null) return { ok: false, code: 'DID_UNRESOLVED', reason };
  const methods = methodsOf(document, 'authentication');
  const mismatch = (reason: string): DidKeyCheck => ({ ok: false, code: 'DID_KEY_MISMATCH', reason });
  if (!methods.some((method) => isEd25519Method(method, init.ed25519))) {
    return mismatch('the identity key is no authentication key of the DID');
  }
  const fingerprints = namesOf(document)
    .map(parseFingerprintUri)
    .filter((one) => one !== null);
  if (fingerprints.length > 0 && !fingerprints.some((one) => equalBytes(one, init.idFp))) {
    return mismatch('the DID names another identity block');
  }
  return { ok: true };
}

/**
 * The verification methods that a document itself names for a purpose (DID Core, section 5.3): of the document's own
 * DID, controlled by it, ids as full DID URLs.
 */
export function methodsOf(
  document: DIDDocument,
  purpose: 'authentication' | 'assertionMethod',
): readonly VerificationMethod[] {
  return (document[purpose] ?? []).flatMap((entry) => {
    const method = typeof entry === 'string' ? methodOf(document, entry) : entry;
    if (method === undefined || method.controller !== document.id) return [];
    const id = absolute(document, method.id);
    return parse(id)?.did === document.id ? [{ ...method, id }] : [];
  });
}

/** Other names of the subject, as far as they are text: a document from the web is any JSON. */
function namesOf({ alsoKnownAs }: DIDDocument): readonly string[] {
  const names: unknown = alsoKnownAs;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/**
 * The DID URL under which the document of `did` names an Ed25519 key for authentication, or why there is none.
 * @param ed25519 32 bytes
 */
export async function findKeyId(init: {
  readonly resolver: DidResolver;
  readonly did: string;
  readonly ed25519: Uint8Array;
}): Promise<
  { readonly kid: string; readonly reason: null } | { readonly kid: null; readonly reason: string }
> {
  const { document, reason } = await resolveDid(init.resolver, init.did);
  if (document === null) return { kid: null, reason };
  const methods = methodsOf(document, 'authentication');
  const found = methods.find((method) => isEd25519Method(method, init.ed25519));
  if (found === undefined) return { kid: null, reason: 'its document does not name the key' };
  return { kid: found.id, reason: null };
}

/** True when `method` holds exactly this Ed25519 key as a JWK. */
function isEd25519Method(method: VerificationMethod, publicKey: Uint8Array): boolean {
  try {
    return equalBytes(parseEd25519Jwk(method.publicKeyJwk as Json | undefined), publicKey);
  } catch {
    return false;
  }
}

/** The id of a verification method as a full DID URL; documents may write `#fragment` alone (DID Core, section 3.2.2). */
export function absolute(document: DIDDocument, id: string): string {
  return id.startsWith('#') ? document.id + id : id;
}

function methodOf(document: DIDDocument, id: string): VerificationMethod | undefined {
  return document.verificationMethod?.find((one) => absolute(document, one.id) === absolute(document, id));
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
