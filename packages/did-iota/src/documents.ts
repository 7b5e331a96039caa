/**
 * DID documents as wot.id writes them. Nothing in them moves with a person: no address, no PeerId.
 *
 * | member | value |
 * |---|---|
 * | `verificationMethod` | two of type `JsonWebKey2020`: the Ed25519 key (kty OKP) and the ML-DSA-87 key (kty AKP with alg); fragment is the JWK's thumbprint (RFC 7638), so that another key never has an old name |
 * | `authentication`, `assertionMethod` | both keys |
 * | `alsoKnownAs` | the fingerprint of the identity block as `ni:///sha-256;…` (RFC 6920); the block names the DID in turn |
 * | `service` | `#mailbox` of type `WotIdMailbox`: `iota:<chain id>:<object id>` (CAIP-10), the address that takes messages |
 */
import { hash } from 'node:crypto';
import {
  ed25519Jwk,
  fingerprintUri,
  mlDsa87Jwk,
  parseFingerprintUri,
  type Ed25519Jwk,
  type MlDsa87Jwk,
} from '@wotid/credential';
import { utf8 } from '@wotid/core';
import type { DIDDocument, Service } from 'did-resolver';
import { DidIotaError } from './errors.ts';
import { maxDocumentBytes, maxDocumentDepth, maxDocumentEntries } from './limits.ts';

const mailboxType = 'WotIdMailbox';
const mailboxFragment = '#mailbox';
const mailboxEndpoint = /^iota:([0-9a-f]{8}):(0x[0-9a-f]{64})$/;

/** A mailbox on chain. */
export interface MailboxEntry {
  /** 8 hex digits. */
  readonly chainId: string;
  /** 0x and 64 hex digits. */
  readonly mailboxId: string;
}

/** What a document of ours says. */
export interface DidContent {
  /** 32 bytes. */
  readonly ed25519: Uint8Array;
  /** 2592 bytes. */
  readonly mlDsa87: Uint8Array;
  /** Fingerprint of the identity block, 32 bytes; none for those who have no block, such as issuers. */
  readonly idFp: Uint8Array | null;
  readonly mailbox: MailboxEntry | null;
}

/** DID URLs of the two keys in the document of `did`. */
export function didKeyIds(
  did: string,
  keys: Pick<DidContent, 'ed25519' | 'mlDsa87'>,
): { readonly ed25519: string; readonly mlDsa87: string } {
  return {
    ed25519: `${did}#${thumbprint(ed25519Jwk(keys.ed25519))}`,
    mlDsa87: `${did}#${thumbprint(mlDsa87Jwk(keys.mlDsa87))}`,
  };
}

/**
 * The document of `did`.
 * @param before what stands there now: services and names that are not ours stay, keys do not
 */
export function encodeDocument(did: string, content: DidContent, before?: DIDDocument): DIDDocument {
  const keyIds = didKeyIds(did, content);
  const method = (id: string, jwk: Ed25519Jwk | MlDsa87Jwk) => ({
    id,
    controller: did,
    type: 'JsonWebKey2020',
    publicKeyJwk: { ...jwk },
  });
  const names = (before?.alsoKnownAs ?? []).filter((name) => parseFingerprintUri(name) === null);
  const services = (before?.service ?? []).filter((service) => service.type !== mailboxType);
  if (content.idFp !== null) names.push(fingerprintUri(content.idFp));
  if (content.mailbox !== null) services.push(mailboxService(did, content.mailbox));
  return {
    id: did,
    ...(names.length > 0 && { alsoKnownAs: names }),
    verificationMethod: [
      method(keyIds.ed25519, ed25519Jwk(content.ed25519)),
      method(keyIds.mlDsa87, mlDsa87Jwk(content.mlDsa87)),
    ],
    authentication: [keyIds.ed25519, keyIds.mlDsa87],
    assertionMethod: [keyIds.ed25519, keyIds.mlDsa87],
    ...(services.length > 0 && { service: services }),
  };
}

/** The mailbox that a document names; `null` when it names none, or several. */
export function mailboxOf(document: DIDDocument): MailboxEntry | null {
  const found = (document.service ?? []).filter(({ type }) => type === mailboxType);
  const endpoint = found.length === 1 ? found[0]?.serviceEndpoint : undefined;
  const match = typeof endpoint === 'string' ? mailboxEndpoint.exec(endpoint) : null;
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { chainId: match[1], mailboxId: match[2] };
}

/**
 * Checks what came from the chain before anybody reads it.
 * @throws DidIotaError `BAD_DOCUMENT`
 */
export function assertDocument(value: unknown, did: string): DIDDocument {
  const json = JSON.stringify(value);
  if (typeof value !== 'object' || value === null) throw badDocument('it is no JSON object');
  const size = utf8(json).length;
  if (size > maxDocumentBytes) throw badDocument(`it has ${size} bytes, the limit is ${maxDocumentBytes}`);
  if (depthOf(value) > maxDocumentDepth) throw badDocument(`it is nested deeper than ${maxDocumentDepth}`);
  const document = value as Record<string, unknown>;
  if (document['id'] !== did) throw badDocument('it is about another DID');
  for (const name of ['verificationMethod', 'authentication', 'assertionMethod', 'service', 'alsoKnownAs']) {
    const list = document[name];
    if (list !== undefined && (!Array.isArray(list) || list.length > maxDocumentEntries)) {
      throw badDocument(`${name} is no array of at most ${maxDocumentEntries}`);
    }
  }
  return document as unknown as DIDDocument;
}

/** Thumbprint of a JWK whose members are the required ones in lexicographic order (RFC 7638; RFC 9964, section 6). */
function thumbprint(jwk: Ed25519Jwk | MlDsa87Jwk): string {
  return hash('sha256', JSON.stringify(jwk), 'base64url');
}

function mailboxService(did: string, { chainId, mailboxId }: MailboxEntry): Service {
  const serviceEndpoint = `iota:${chainId}:${mailboxId}`;
  if (!mailboxEndpoint.test(serviceEndpoint))
    throw new TypeError('a mailbox entry has a chain and an object id');
  return { id: `${did}${mailboxFragment}`, type: mailboxType, serviceEndpoint };
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function badDocument(reason: string): DidIotaError {
  return new DidIotaError('BAD_DOCUMENT', `unusable DID document: ${reason}`);
}
