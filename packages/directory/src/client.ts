/**
 * Calls of a directory. Tokens are got when they are needed and kept until shortly before they end. What comes back is
 * checked in form here; whose it is and whether the chain agrees is for whoever asked to verify.
 */
import { equalBytes, errorText, type Clock } from '@wotid/core';
import {
  createHolderProof,
  decodeBase64Url,
  encodeBase64Url,
  isLoopbackUrl,
  parseStrictJson,
  type JsonObject,
} from '@wotid/credential';
import type { CryptoProvider, HybridSigningKeys, IdentityBlock } from '@wotid/crypto';
import { DirectoryError } from './errors.ts';
import { callTimeoutMs, maxAnswerBytes, maxUploadedPairs } from './limits.ts';
import { directoryAudience } from './statement.ts';

export interface DirectoryClientInit {
  /** Origin of the identity service, such as `https://id.example`; http on this machine alone. */
  readonly url: string;
  readonly provider: CryptoProvider;
  readonly clock: Clock;
  readonly keys: HybridSigningKeys;
  readonly block: IdentityBlock;
  /** DID URL of the block's Ed25519 key in the DID document. */
  readonly kid: string;
  /** Our Verified Human credential as it is now, or `null`: without it the directory hands out no one-time pair. */
  readonly credential: () => Uint8Array | null;
}

/** What a directory holds of our one-time pairs. */
export interface PairsLeft {
  /** Number of the publication that signed them; `null` before the first. */
  readonly number: number | null;
  readonly left: number;
}

/** A claimed pair. */
export interface Claimed {
  /** Number of the publication that the directory serves. */
  readonly number: number;
  /** Unverified, at most 1,863 bytes; `null` when none is left for us. */
  readonly pair: Uint8Array | null;
}

interface Token {
  readonly text: string;
  readonly untilMs: number;
  readonly credential: Uint8Array | null;
}

/** A token is renewed this long before its end, so that no call meets it. */
const renewBeforeMs = 60_000;
const maxJsonDepth = 4;

export class DirectoryClient {
  readonly url: string;
  readonly #init: DirectoryClientInit;
  #token: Promise<Token> | undefined;

  /** @throws DirectoryError `BAD_DIRECTORY_URL` */
  constructor(init: DirectoryClientInit) {
    const url = URL.parse(init.url);
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackUrl(init.url));
    if (url === null || !isSafe || url.origin !== init.url.replace(/\/$/, '')) {
      throw new DirectoryError('BAD_DIRECTORY_URL', `${init.url.slice(0, 200)} is no URL of a directory`, {
        hint: 'It is an origin such as https://id.example; http only on this machine.',
      });
    }
    this.url = url.origin;
    this.#init = init;
  }

  /**
   * Publishes our contact record.
   * @param credential what the record names, for verified humans to read; `null` takes back what was left before
   * @throws DirectoryError
   */
  async publishContact(
    record: Uint8Array,
    credential: Uint8Array | null,
    signal?: AbortSignal,
  ): Promise<void> {
    const body = {
      record: encodeBase64Url(record),
      ...(credential !== null && { credential: encodeBase64Url(credential) }),
    };
    await this.#call('PUT', '/directory/contact', body, signal);
  }

  /**
   * Has the directory forget our contact record and the credential beside it. Needs no credential: who is revoked can
   * take back what they have left.
   * @throws DirectoryError
   */
  async withdrawContact(signal?: AbortSignal): Promise<void> {
    const { text } = await this.#newToken(null);
    const { status, json } = await this.#fetch('DELETE', '/directory/contact', undefined, signal, text);
    if (status >= 300) throw refusal(String(json['code']), json);
  }

  /** Somebody's contact record, unverified, or `null`. @throws DirectoryError */
  async contact(did: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const path = `/directory/contacts/${encodeURIComponent(did)}`;
    const answer = await this.#call('GET', path, undefined, signal, 'NO_CONTACT_RECORD');
    return answer === null ? null : bytesOf(answer, 'record');
  }

  /** The credential that somebody has left beside their record, unverified, or `null`. @throws DirectoryError */
  async credential(did: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const path = `/directory/credentials/${encodeURIComponent(did)}`;
    const answer = await this.#call('GET', path, undefined, signal, 'NO_CREDENTIAL_LEFT');
    return answer === null ? null : bytesOf(answer, 'credential');
  }

  /** Has the directory read our prekeys from their mailbox. @throws DirectoryError */
  async publishPrekeys(mailboxId: string, signal?: AbortSignal): Promise<PairsLeft> {
    return leftOf(await this.#call('PUT', '/directory/prekeys', { mailboxId }, signal));
  }

  /** Somebody's published prekeys as the directory has them, unverified, or `null`. @throws DirectoryError */
  async prekeys(did: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const path = `/directory/prekeys/${encodeURIComponent(did)}`;
    const answer = await this.#call('GET', path, undefined, signal, 'NO_PREKEYS');
    return answer === null ? null : bytesOf(answer, 'prekeys');
  }

  /** Gives the directory one-time pairs of a publication that it has; those it had before change nothing. @throws DirectoryError */
  async uploadPairs(number: number, pairs: readonly Uint8Array[], signal?: AbortSignal): Promise<PairsLeft> {
    let left = await this.pairsLeft(signal);
    for (let at = 0; at < pairs.length; at += maxUploadedPairs) {
      const some = pairs.slice(at, at + maxUploadedPairs).map(encodeBase64Url);
      left = leftOf(await this.#call('PUT', '/directory/pairs', { number, pairs: some }, signal));
    }
    return left;
  }

  /** How many of our pairs nobody has got yet. @throws DirectoryError */
  async pairsLeft(signal?: AbortSignal): Promise<PairsLeft> {
    return leftOf(await this.#call('GET', '/directory/pairs', undefined, signal));
  }

  /** Takes a one-time pair of somebody, or `null` where they publish no prekeys. @throws DirectoryError */
  async claimPair(did: string, signal?: AbortSignal): Promise<Claimed | null> {
    const answer = await this.#call('POST', '/directory/claims', { did }, signal, 'NO_PREKEYS');
    if (answer === null) return null;
    const pair = answer['pair'] === null ? null : bytesOf(answer, 'pair');
    return { number: numberOf(answer, 'number'), pair };
  }

  /** One call with a token; once more when the directory has forgotten it. `null` for the `absent` code. */
  async #call(
    method: string,
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
    absent: string,
  ): Promise<JsonObject | null>;
  async #call(method: string, path: string, body?: object, signal?: AbortSignal): Promise<JsonObject>;
  async #call(
    method: string,
    path: string,
    body?: object,
    signal?: AbortSignal,
    absent?: string,
  ): Promise<JsonObject | null> {
    for (let attempt = 1; ; attempt++) {
      const token = await this.#currentToken();
      const { status, json } = await this.#fetch(method, path, body, signal, token.text);
      if (status < 300) return json;
      const code = typeof json['code'] === 'string' ? json['code'] : 'UNKNOWN';
      if (code === absent) return null;
      if (status === 401 && attempt === 1) {
        this.#token = undefined;
        continue;
      }
      throw refusal(code, json);
    }
  }

  async #currentToken(): Promise<Token> {
    const { clock, credential } = this.#init;
    const known = await this.#token?.catch(() => undefined);
    const isFresh = known !== undefined && clock.nowMs() < known.untilMs - renewBeforeMs;
    // A token is as good as the credential that was shown for it: another one may have replaced that.
    if (isFresh && isSame(known.credential, credential())) return known;
    this.#token = this.#newToken(credential());
    return this.#token;
  }

  async #newToken(credential: Uint8Array | null): Promise<Token> {
    const { provider, clock, keys, block, kid } = this.#init;
    const nowMs = clock.nowMs();
    const proof = createHolderProof({
      provider,
      keys,
      block,
      kid,
      audience: directoryAudience(this.url),
      nonce: encodeBase64Url(provider.random.bytes(32)),
      nowMs,
    });
    const body = { proof, ...(credential !== null && { credential: encodeBase64Url(credential) }) };
    const { status, json } = await this.#fetch('POST', '/directory/token', body);
    if (status >= 300) throw refusal(String(json['code']), json);
    const { token } = json;
    if (typeof token !== 'string') throw badAnswer('its token is no text');
    return { text: token, untilMs: nowMs + numberOf(json, 'expiresInSec') * 1_000, credential };
  }

  async #fetch(
    method: string,
    path: string,
    body?: object,
    signal?: AbortSignal,
    token?: string,
  ): Promise<{ readonly status: number; readonly json: JsonObject }> {
    const timeout = AbortSignal.timeout(callTimeoutMs);
    const bounds = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const ask = (): Promise<Response> =>
      fetch(this.url + path, {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: bounds,
      });
    let response: Response;
    let text: string;
    try {
      // A kept connection may end as it is used again. What changes nothing the second time is asked once more; a claim
      // or a proof may have been taken.
      response = await ask().catch((error: unknown) => {
        if (method === 'POST' || bounds.aborted) throw error;
        return ask();
      });
      text = await boundedText(response);
    } catch (error) {
      if (error instanceof DirectoryError) throw error;
      throw new DirectoryError(
        'DIRECTORY_UNREACHABLE',
        `no directory answers at ${this.url}: ${errorText(error)}`,
        { hint: 'Check the URL (wotid directory show), or go on without it.', cause: error },
      );
    }
    if (response.status === 204) return { status: 204, json: {} };
    try {
      return {
        status: response.status,
        json: parseStrictJson(text, { maxBytes: maxAnswerBytes, maxDepth: maxJsonDepth }),
      };
    } catch (error) {
      throw badAnswer(errorText(error), error);
    }
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxAnswerBytes) throw badAnswer(`it has more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : equalBytes(one, other);
}

function bytesOf(answer: JsonObject, member: string): Uint8Array {
  const value = answer[member];
  const bytes = typeof value === 'string' ? decodeBase64Url(value) : null;
  if (bytes === null) throw badAnswer(`its ${member} is not base64url`);
  return bytes;
}

function numberOf(answer: JsonObject, member: string): number {
  const value = answer[member];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw badAnswer(`its ${member} is no number`);
  }
  return value;
}

function leftOf(answer: JsonObject): PairsLeft {
  return {
    number: answer['number'] === null ? null : numberOf(answer, 'number'),
    left: numberOf(answer, 'left'),
  };
}

function badAnswer(reason: string, cause?: unknown): DirectoryError {
  return new DirectoryError('BAD_ANSWER', `the directory's answer cannot be used: ${reason}`, {
    hint: 'Is this the URL of a wot.id identity service?',
    cause,
  });
}

function refusal(code: string, answer: JsonObject): DirectoryError {
  const { detail, hint } = answer;
  return new DirectoryError(
    'DIRECTORY_REFUSED',
    `the directory: ${typeof detail === 'string' ? detail.slice(0, 300) : 'no reason given'}`,
    { ...(typeof hint === 'string' && { hint: hint.slice(0, 300) }), data: { code: code.slice(0, 64) } },
  );
}
