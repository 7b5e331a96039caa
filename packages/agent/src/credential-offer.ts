/**
 * The wallet's side of OpenID for Verifiable Credential Issuance 1.0, pre-authorized code flow: from an offer to the
 * bytes of a credential of the two-leg form. The protocol is the library's; what it is told and what comes out of it is
 * bounded here, and neither code nor token goes into an error: the library quotes whole offers in its messages.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { IssuerMetadataResult } from '@openid4vc/openid4vci';
import { isWotError, type Clock } from '@wotid/core';
import {
  createHolderProof,
  encodeEnvelope,
  findKeyId,
  parseGeneralJws,
  parseTrustedIssuer,
  type DidResolver,
  type TrustedIssuer,
} from '@wotid/credential';
import type { CryptoProvider } from '@wotid/crypto';
import type { OwnIdentity } from '@wotid/session';
import { AgentError } from './errors.ts';
import { boundedFetch } from './web-fetch.ts';

/** A link with the offer inside has some 500 characters; a code may be long. */
const maxOfferChars = 8_192;
/** What a person copies from paper or a second message. */
const maxTxCodeChars = 64;
/** A credential whose answer was lost is asked for again so often in all, and so much later each time. Milliseconds. */
const [maxTries, retryMs] = [3, 500];
/** Where an issuer of wot.id publishes what others pin. */
export const issuerDocumentPath = '/.well-known/wotid-issuer';
const offerScheme = 'openid-credential-offer://';
const preAuthorizedGrant = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';
const hybridFormat = 'wotid_hybrid';

export interface CredentialOffersInit {
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly ours: OwnIdentity;
  readonly resolver: DidResolver;
  /** The issuers trusted at the time of the call: from others nothing is collected. */
  readonly trustedIssuers: () => readonly TrustedIssuer[];
  readonly allowLoopbackHttp: boolean;
}

/** What an offer says, before anything is used up. */
export interface OfferFacts {
  /** URL of the issuer. */
  readonly issuer: string;
  readonly issuerDid: string;
  /** What to ask the user for; `null` when the offer needs no transaction code. */
  readonly txCode: { readonly length: number | null; readonly description: string } | null;
}

type Openid4vci = typeof import('@openid4vc/openid4vci');
type Client = InstanceType<Openid4vci['Openid4vciClient']>;

interface ReadOffer {
  readonly client: Client;
  readonly web: Web;
  readonly offer: Awaited<ReturnType<Client['resolveCredentialOffer']>>;
  readonly metadata: IssuerMetadataResult;
  readonly facts: OfferFacts;
}

/** Offers to our own identity. */
export class CredentialOffers {
  readonly #init: CredentialOffersInit;

  constructor(init: CredentialOffersInit) {
    this.#init = init;
  }

  /**
   * Looks at an offer without using it up.
   * @param text an `openid-credential-offer:` link, or the offer itself as JSON
   * @throws AgentError `BAD_OFFER`, `ISSUER_UNREACHABLE`, `UNTRUSTED_ISSUER`
   */
  async describe(text: string): Promise<OfferFacts> {
    return (await this.#read(text)).facts;
  }

  /**
   * Collects the credential of an offer: bytes of the two-leg form, not verified yet.
   * @throws AgentError as {@link describe}, `OFFER_REFUSED` with what the issuer says
   */
  async collect(text: string, txCode: string | null): Promise<Uint8Array> {
    const { provider, clock, ours } = this.#init;
    const { client, web, offer, metadata, facts } = await this.#read(text);
    if (facts.txCode !== null && txCode === null) {
      throw new AgentError('OFFER_REFUSED', 'this offer needs the transaction code that goes with it', {
        hint: 'Your issuer gave it to you beside the offer.',
      });
    }
    const configurationId = hybridConfigurationOf(offer.credential_configuration_ids, metadata);
    const kid = await this.#keyId();
    const { accessTokenResponse } = await refusing(
      web,
      client.retrievePreAuthorizedCodeAccessTokenFromOffer({
        credentialOffer: offer,
        issuerMetadata: metadata,
        ...(facts.txCode === null || txCode === null
          ? {}
          : { txCode: txCode.trim().slice(0, maxTxCodeChars) }),
      }),
    );
    const ask = async (): ReturnType<Client['retrieveCredentials']> => {
      const { c_nonce: nonce } = await refusing(web, client.requestNonce({ issuerMetadata: metadata }));
      const proof = createHolderProof({
        provider,
        keys: ours.keys,
        block: ours.block,
        kid,
        audience: metadata.credentialIssuer.credential_issuer,
        nonce,
        nowMs: clock.nowMs(),
      });
      return refusing(
        web,
        client.retrieveCredentials({
          issuerMetadata: metadata,
          accessToken: accessTokenResponse.access_token,
          credentialConfigurationId: configurationId,
          proofs: { jwt: [proof] },
        }),
      );
    };
    const { credentialResponse } = await persisting(web, ask);
    const [first] = credentialResponse.credentials ?? [];
    const credential = typeof first === 'object' && 'credential' in first ? first.credential : first;
    try {
      return encodeEnvelope(parseGeneralJws(credential as never));
    } catch (error) {
      throw new AgentError('OFFER_REFUSED', 'the issuer gave something else than a credential of this form', {
        hint: 'Tell your issuer: its service and this program do not fit.',
        cause: error,
      });
    }
  }

  async #read(text: string): Promise<ReadOffer> {
    const { Openid4vciClient, setGlobalConfig } = await import('@openid4vc/openid4vci');
    const { clientAuthenticationAnonymous } = await import('@openid4vc/oauth2');
    const { provider, allowLoopbackHttp } = this.#init;
    const web = openWeb(boundedFetch({ allowLoopbackHttp }));
    // Which addresses are asked is decided by `web` above, for every request.
    setGlobalConfig({ allowInsecureUrls: true });
    const client = new Openid4vciClient({
      callbacks: {
        fetch: web.fetch as never,
        hash: (data) => provider.sha256(data),
        generateRandom: (length) => provider.random.bytes(length),
        clientAuthentication: clientAuthenticationAnonymous(),
        signJwt: () => Promise.reject(new TypeError('nothing but the holder’s proof is signed here')),
      },
    });
    const offer = await reading(
      web,
      client.resolveCredentialOffer(offerLink(text)),
      'it is not a credential offer',
    );
    const grant = offer.grants?.[preAuthorizedGrant];
    if (grant === undefined) throw badOffer('it does not come with a pre-authorized code');
    const issuer = offer.credential_issuer;
    const { did } = await this.#trustedIssuer(issuer, web.fetch);
    const metadata = await reading(
      web,
      client.resolveIssuerMetadata(issuer),
      'the metadata of its issuer cannot be used',
    );
    const { tx_code: txCode } = grant;
    return {
      client,
      web,
      offer,
      metadata,
      facts: {
        issuer,
        issuerDid: did,
        txCode:
          txCode === undefined
            ? null
            : { length: txCode.length ?? null, description: txCode.description ?? '' },
      },
    };
  }

  /** Whom we do not believe we do not ask either: a credential that we would refuse uses the offer up for nothing. */
  async #trustedIssuer(issuer: string, fetch: typeof globalThis.fetch): Promise<TrustedIssuer> {
    const published = await fetchIssuerDocument(issuer, fetch);
    const trusted = this.#init.trustedIssuers().find(({ did }) => did === published.did);
    if (trusted !== undefined) return trusted;
    throw new AgentError('UNTRUSTED_ISSUER', `the issuer ${issuer} is not trusted here`, {
      hint: `Trust it first: wotid trust add ${issuer}`,
      data: { did: published.did },
    });
  }

  /** The name of our Ed25519 key in our own DID document, by which the proof is signed. */
  async #keyId(): Promise<string> {
    const { resolver, ours } = this.#init;
    const { did, ed25519 } = ours.block;
    const found = await findKeyId({ resolver, did, ed25519 });
    if (found.kid !== null) return found.kid;
    throw new AgentError('DID_UNUSABLE', `the own DID cannot prove our key: ${found.reason}`, {
      hint: 'See that it is published and names the current keys (wotid did show).',
    });
  }
}

/**
 * What an issuer publishes to be pinned.
 * @param url its origin, or the address of the document
 * @throws AgentError `ISSUER_UNREACHABLE`; CredentialError `BAD_TRUST_FILE`
 */
export async function fetchIssuerDocument(
  url: string,
  fetch: typeof globalThis.fetch,
): Promise<TrustedIssuer> {
  const parsed = URL.parse(url);
  const isOrigin = parsed !== null && (parsed.pathname === '/' || parsed.pathname === '');
  const address = isOrigin ? new URL(issuerDocumentPath, parsed).href : url;
  const response = await fetch(address, { headers: { accept: 'application/json' } });
  if (response.status !== 200) {
    throw new AgentError('ISSUER_UNREACHABLE', `${address} answers with HTTP status ${response.status}`, {
      hint: 'Ask the issuer for its trust file.',
    });
  }
  return parseTrustedIssuer(new Uint8Array(await response.arrayBuffer()));
}

function offerLink(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > maxOfferChars) throw badOffer(`it is longer than ${maxOfferChars} characters`);
  if (!trimmed.startsWith('{')) return trimmed;
  return `${offerScheme}?credential_offer=${encodeURIComponent(trimmed)}`;
}

function hybridConfigurationOf(
  offered: readonly string[],
  { credentialIssuer }: IssuerMetadataResult,
): string {
  const known = credentialIssuer.credential_configurations_supported;
  const found = offered.find((id) => known[id]?.format === hybridFormat);
  if (found !== undefined) return found;
  throw badOffer(`it is for none of the form ${hybridFormat}, which agents show each other`);
}

/** The web for one offer, and how the last request went: the library wraps that in errors of its own. */
interface Web {
  readonly fetch: typeof fetch;
  readonly failure: () => AgentError | null;
  /** True when it had no answer, or one that says that the server cannot now. */
  readonly mayPass: () => boolean;
}

function openWeb(bounded: typeof fetch): Web {
  let failure: AgentError | null = null;
  let status = 0;
  return {
    failure: () => failure,
    mayPass: () => failure?.cause !== undefined || status >= 500,
    fetch: async (input, init) => {
      [failure, status] = [null, 0];
      try {
        const response = await bounded(input, init);
        status = response.status;
        return response;
      } catch (error) {
        if (error instanceof AgentError) failure = error;
        throw error;
      }
    },
  };
}

/**
 * Asks again where an answer may have been lost: the code is used up, and an issuer gives the same token the same
 * credential (OpenID4VCI leaves that to it; ours does).
 */
async function persisting<T>(web: Web, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === maxTries || !web.mayPass()) throw error;
      await pause(retryMs * tries);
    }
  }
}

/** What a library says about text of a stranger's may quote that text: it is left out. */
async function reading<T>(web: Web, work: Promise<T>, problem: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw web.failure() ?? (isWotError(error) ? error : badOffer(problem));
  }
}

/** Codes of OAuth 2.0 and OpenID4VCI, and the issuer's words, both bounded. */
async function refusing<T>(web: Web, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const failure = web.failure();
    if (failure !== null || isWotError(error)) throw failure ?? error;
    const { code, description } = oauthErrorOf(error);
    throw new AgentError('OFFER_REFUSED', `the issuer refuses: ${description === '' ? code : description}`, {
      hint:
        code === 'invalid_grant' ? 'Check the transaction code, or ask for a new offer.' : 'Ask your issuer.',
      data: { code },
    });
  }
}

const oauthText = /^[\x20-\x7e\u00a0-\uffff]{1,300}$/;

function oauthErrorOf(error: unknown): { readonly code: string; readonly description: string } {
  const holder = error as {
    readonly errorResponse?: unknown;
    readonly response?: { readonly credentialErrorResponseResult?: { readonly data?: unknown } };
  };
  const response = holder.errorResponse ?? holder.response?.credentialErrorResponseResult?.data;
  const { error: code, error_description: text } = (response ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : 'unknown_error',
    description: typeof text === 'string' && oauthText.test(text) ? text : '',
  };
}

function badOffer(reason: string): AgentError {
  return new AgentError('BAD_OFFER', `this offer cannot be used: ${reason}`, {
    hint: 'Ask the issuer for a new one; it is a link that begins with openid-credential-offer:.',
  });
}
