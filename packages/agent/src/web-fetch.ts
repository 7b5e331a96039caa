/**
 * Asking an issuer's web server: `https` (or `http` on this very machine, when told), no redirects, bounded in size and
 * time, nothing sent along that was not given. The answer is read whole before anybody looks at it.
 */
import { concatBytes, errorText } from '@wotid/core';
import { isLoopbackUrl } from '@wotid/credential';
import { AgentError } from './errors.ts';

/** Metadata of an issuer with many languages has some 10 KB, a credential 20 KB. */
export const maxWebAnswerBytes = 262_144;
/** One answer, from connection to last byte; an issuer's keys may be in an HSM far away. */
const timeoutMs = 15_000;

/** A `fetch` with these bounds. Rejects with AgentError `ISSUER_UNREACHABLE`. */
export function boundedFetch(init: { readonly allowLoopbackHttp: boolean }): typeof fetch {
  return async (input, request) => {
    const url = input instanceof Request ? input.url : String(input);
    const { origin, protocol } = URL.parse(url) ?? { origin: 'this', protocol: '' };
    if (protocol !== 'https:' && !(init.allowLoopbackHttp && isLoopbackUrl(url))) {
      throw unreachable(`${origin} is not https`);
    }
    try {
      const response = await fetch(url, {
        ...request,
        redirect: 'error',
        credentials: 'omit',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const body = await boundedBody(response);
      const { status, headers } = response;
      return new Response(status === 204 ? null : body, { status, headers });
    } catch (error) {
      if (error instanceof AgentError) throw error;
      throw unreachable(`${origin}: ${reasonOf(error)}`, error);
    }
  };
}

async function boundedBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > maxWebAnswerBytes) throw unreachable(`the answer is larger than ${maxWebAnswerBytes} bytes`);
    parts.push(part);
  }
  return concatBytes(...parts);
}

/** The platform hides why a connection failed behind a general message. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? errorText(cause) : errorText(error);
}

/** @param cause where the way there failed: another time it may not */
function unreachable(reason: string, cause?: unknown): AgentError {
  return new AgentError('ISSUER_UNREACHABLE', `the issuer cannot be asked: ${reason}`, {
    hint: 'Check the address and your connection, and try again.',
    cause,
  });
}
