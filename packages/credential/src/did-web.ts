/**
 * The DID method `web`: the document is a file on a web server. Whoever names such a DID makes us fetch a URL of their
 * choice, so only those that the caller allows are fetched, and never from this machine or its network. Source: did:web
 * method specification (W3C CCG), section 2.5.2. Written here because the resolver that exists fetches anything,
 * anywhere, of any size, and follows redirects.
 */
import { lookup as lookupHost } from 'node:dns';
import { request as requestInClear } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { DIDDocument, DIDResolutionResult, DIDResolver } from 'did-resolver';
import { concatBytes, errorText } from '@wotid/core';
import { isDid } from './did.ts';
import { CredentialError } from './errors.ts';
import { parseStrictJson } from './strict-json.ts';
import { isWebOrigin } from './urls.ts';

/** A document with many keys; an ML-DSA-87 key has 3.5 KB. */
const maxDocumentBytes = 65_536;
const maxDocumentDepth = 12;
/** One request, name lookup and TLS included: below what a verifier gives a resolver. Milliseconds. */
const requestTimeoutMs = 8_000;

/** Settings of {@link didWebMethod}. */
export interface DidWebInit {
  /** Whether a DID may be fetched: those of issuers whom the user trusts. */
  readonly isAllowed: (did: string) => boolean;
  /** Certificates to trust in place of the system's, PEM; for servers of a private network. */
  readonly ca?: string;
  /**
   * Asks the host `localhost` in plain HTTP and on loopback addresses alone: for networks on one machine, whose servers
   * have no certificates. Default false: every host in HTTPS.
   */
  readonly allowLoopbackHttp?: boolean;
  /** Default: every address but those of this machine, of private networks and of nobody. */
  readonly isAllowedAddress?: (address: string) => boolean;
}

/** The method for the registry of `did-resolver`. Never rejects. */
export function didWebMethod(init: DidWebInit): { readonly web: DIDResolver } {
  return {
    web: async (_did, { did }) => {
      const url = didWebUrl(did);
      if (url === null) return failed('invalidDid', 'this is not a did:web');
      if (!init.isAllowed(did))
        return failed('methodNotSupported', 'did:web counts for trusted issuers only');
      try {
        const json = parseStrictJson(await fetchDocument(url, init), {
          maxBytes: maxDocumentBytes,
          maxDepth: maxDocumentDepth,
        });
        return {
          didResolutionMetadata: { contentType: 'application/did+json' },
          didDocument: json as unknown as DIDDocument,
          didDocumentMetadata: {},
        };
      } catch (error) {
        const code = error instanceof NotFound ? 'notFound' : 'internalError';
        return failed(code, errorText(error));
      }
    },
  };
}

/** Where the document of a did:web is; `null` for anything else, and for a host that is an address. */
export function didWebUrl(did: string): URL | null {
  if (!isDid(did) || !did.startsWith('did:web:')) return null;
  const [host = '', ...path] = did.slice('did:web:'.length).split(':');
  if (path.some((part) => part === '' || /%2f/i.test(part) || /^(?:\.|%2e){1,2}$/i.test(part))) return null;
  const folder = path.length === 0 ? '/.well-known' : `/${path.join('/')}`;
  // A port is written %3A; no other escape makes sense in a host.
  const url = URL.parse(`https://${host.replace(/%3a/i, ':')}${folder}/did.json`);
  if (url === null || url.username !== '' || url.host === '' || isIP(url.hostname) !== 0) return null;
  return url.hostname.startsWith('[') ? null : url;
}

/**
 * The did:web of a web server as a whole: host, and a port as `%3A` and its number (section 2.4).
 * @param origin `https://…`, or `http://localhost:…` with another port than 80 and 443: what
 *   {@link DidWebInit.allowLoopbackHttp} resolves
 * @throws CredentialError `BAD_DID` for an address instead of a name, and for plain HTTP elsewhere
 */
export function didWebOf(origin: string): string {
  const url = isWebOrigin(origin) ? new URL(origin) : null;
  const isServed =
    url?.protocol === 'https:' || (url?.hostname === 'localhost' && !['', '443'].includes(url.port));
  const did = `did:web:${url?.host.replace(':', '%3A') ?? ''}`;
  if (isServed && didWebUrl(did) !== null) return did;
  throw new CredentialError('BAD_DID', `${JSON.stringify(origin.slice(0, 200))} gives no did:web`, {
    hint: 'A did:web is an https origin with a name, such as https://id.example; on one machine http://localhost:8443.',
  });
}

class NotFound extends Error {}

async function fetchDocument(url: URL, init: DidWebInit): Promise<Uint8Array> {
  const isInClear = init.allowLoopbackHttp === true && url.hostname === 'localhost' && url.port !== '';
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const options: RequestOptions = {
    agent: false,
    headers: { accept: 'application/did+json, application/json' },
    lookup: allowedOnly(isInClear ? isLoopbackAddress : (init.isAllowedAddress ?? isPublicAddress)),
    signal: AbortSignal.timeout(requestTimeoutMs),
    ...(init.ca !== undefined && { ca: init.ca }),
  };
  const target = isInClear ? `http://${url.host}${url.pathname}` : url;
  const sent = (isInClear ? requestInClear : request)(target, options, (response) => {
    const { statusCode } = response;
    // A redirect would lead anywhere.
    if (statusCode !== 200) {
      response.destroy();
      const gone = statusCode === 404 || statusCode === 410;
      reject(
        gone
          ? new NotFound('the server has no such document')
          : new Error(`the server answers ${statusCode}`),
      );
      return;
    }
    const chunks: Uint8Array[] = [];
    let total = 0;
    response.on('data', (chunk: Uint8Array) => {
      total += chunk.length;
      chunks.push(chunk);
      if (total > maxDocumentBytes)
        response.destroy(new RangeError(`it has more than ${maxDocumentBytes} bytes`));
    });
    response.on('end', () => resolve(concatBytes(...chunks)));
    response.on('error', reject);
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

/** Looks up a host and refuses it when any of its addresses is not allowed: the one that is connected to is checked. */
function allowedOnly(isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookupHost(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isAllowed(address))) {
        return callback(new Error(`${hostname} is not on the public internet`), '', 0);
      }
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Addresses that are not of the public internet (RFC 6890; RFC 4193; RFC 4291). */
const reserved = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  reserved.addSubnet(net, bits, 'ipv4');
}
/** Of IPv6, global unicast alone is public, without what maps or tunnels IPv4, and documentation. */
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  reserved.addSubnet(net, bits, 'ipv6');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopbackAddress(address: string): boolean {
  return loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Whether an IP address is of the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !reserved.check(address, 'ipv4');
  return family === 6 && globalUnicast.check(address, 'ipv6') && !reserved.check(address, 'ipv6');
}

function failed(error: string, message: string): DIDResolutionResult {
  return { didResolutionMetadata: { error, message }, didDocument: null, didDocumentMetadata: {} };
}
