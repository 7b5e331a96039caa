/** One call of an identity service's JSON API. */
import { errorText, WotError } from '@wotid/core';
import type { Facts } from './output.ts';

/** An operator waits this long; issuing takes milliseconds. */
const timeoutMs = 30_000;
/** Pages of the API are bounded far below. */
const maxAnswerBytes = 1_048_576;

/**
 * Calls the service.
 * @throws WotError with the code, detail and hint of the service's problem; `SERVICE_UNREACHABLE`, `BAD_ANSWER`
 */
export async function askService(init: {
  readonly url: string;
  readonly path: string;
  readonly method: string;
  readonly token: string;
  readonly body?: object;
}): Promise<Facts> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(init.path, init.url), {
      method: init.method,
      headers: {
        authorization: `Bearer ${init.token}`,
        ...(init.body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(init.body !== undefined && { body: JSON.stringify(init.body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch (error) {
    throw new WotError(
      'SERVICE_UNREACHABLE',
      `no identity service answers at ${init.url}: ${reasonOf(error)}`,
      {
        hint: 'Check --url, and that wotid identity runs.',
        cause: error,
      },
    );
  }
  if (text.length > maxAnswerBytes) throw new WotError('BAD_ANSWER', 'the service answered too much');
  let answer: Facts;
  try {
    answer = text === '' ? {} : (JSON.parse(text) as Facts);
  } catch (error) {
    throw new WotError('BAD_ANSWER', `the service answered ${response.status} with no JSON`, {
      cause: error,
    });
  }
  if (response.ok) return answer;
  const { code, detail, hint } = answer;
  throw new WotError(typeof code === 'string' ? code : 'BAD_ANSWER', `the service: ${String(detail)}`, {
    ...(typeof hint === 'string' && { hint }),
  });
}

/** The platform hides why a connection failed behind a general message. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return errorText(cause instanceof Error && cause.message !== '' ? cause : error);
}
