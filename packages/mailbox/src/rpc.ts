/** Calls to a node: bounded in time, abortable, and with every failure sorted into ours. */
import {
  IotaClient,
  IotaHTTPTransport,
  JsonRpcError,
  getAllNetworks,
  type NetworkConfiguration,
} from '@iota/iota-sdk/client';
import { errorText } from '@wotid/core';
import { MailboxError } from './errors.ts';
import { defaultCallTimeoutMs } from './limits.ts';

/** A network by name or URL. */
export interface IotaNetwork {
  /** `localnet`, `devnet`, `testnet`, `mainnet`, or the URL. */
  readonly name: string;
  readonly rpcUrl: string;
  readonly faucetUrl: string | null;
}

/**
 * Looks up `localnet`, `devnet`, `testnet` or `mainnet` in the SDK's own table, or takes an http(s) URL as it is.
 * @throws MailboxError `UNKNOWN_NETWORK`
 */
export function resolveNetwork(nameOrUrl: string, faucetUrl?: string): IotaNetwork {
  const known: Readonly<Record<string, NetworkConfiguration>> = getAllNetworks();
  const network = Object.hasOwn(known, nameOrUrl) ? known[nameOrUrl] : undefined;
  if (network !== undefined) {
    return { name: nameOrUrl, rpcUrl: network.url, faucetUrl: faucetUrl ?? network.faucet ?? null };
  }
  const url = URL.parse(nameOrUrl);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new MailboxError(
      'UNKNOWN_NETWORK',
      `no network is called ${JSON.stringify(nameOrUrl.slice(0, 80))}`,
      {
        hint: `use ${Object.keys(known).join(', ')} or the http(s) URL of a node`,
      },
    );
  }
  return { name: nameOrUrl, rpcUrl: nameOrUrl, faucetUrl: faucetUrl ?? null };
}

/** A client of the node at `rpcUrl`, each of whose HTTP requests ends after `timeoutMs` (default 15,000). */
export function createIotaClient(rpcUrl: string, timeoutMs: number = defaultCallTimeoutMs): IotaClient {
  const boundedFetch: typeof fetch = (input, init) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    return fetch(input, { ...init, signal });
  };
  return new IotaClient({ transport: new IotaHTTPTransport({ url: rpcUrl, fetch: boundedFetch }) });
}

/** What a bounded call needs to know. */
export interface CallInit {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs one call to the node.
 * @throws the signal's reason when the caller aborted; JsonRpcError as the node sent it; MailboxError `RPC_UNREACHABLE`
 *   for everything that never became an answer
 */
export async function callNode<T>(
  init: CallInit,
  what: string,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  init.signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(init.timeoutMs);
  const signal = init.signal === undefined ? timeout : AbortSignal.any([init.signal, timeout]);
  try {
    return await untilAborted(run(signal), signal);
  } catch (error) {
    if (init.signal?.aborted === true) throw init.signal.reason;
    if (error instanceof JsonRpcError || error instanceof MailboxError) throw error;
    if (isUnanswered(error)) {
      const reason = timeout.aborted ? `no answer within ${init.timeoutMs} ms` : networkReason(error);
      throw new MailboxError('RPC_UNREACHABLE', `the IOTA node did not answer (${what}): ${reason}`, {
        hint: 'check the URL of the node and try again; nothing is lost',
        cause: error,
      });
    }
    throw error;
  }
}

/** @throws MailboxError `RPC_REFUSED` in place of a JsonRpcError that nobody could say more about */
export function refusedByNode(error: unknown, what: string): unknown {
  if (!(error instanceof JsonRpcError)) return error;
  return new MailboxError('RPC_REFUSED', `the IOTA node refused (${what}): ${error.message}`, {
    data: { rpcCode: error.code },
    cause: error,
  });
}

/** `fetch` failed, the server answered with a status or a body that no node sends, or the time was up. */
function isUnanswered(error: unknown): boolean {
  if (!Error.isError(error)) return false;
  return (
    (error instanceof TypeError && (error.cause !== undefined || error.message === 'fetch failed')) ||
    error instanceof SyntaxError ||
    error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    error.constructor.name === 'IotaHTTPStatusError'
  );
}

function networkReason(error: unknown): string {
  const cause = Error.isError(error) ? error.cause : undefined;
  return cause === undefined ? errorText(error) : errorText(cause);
}

/** `Transaction.build` and the SDK's polling take no signal in places; the call is left to end by itself then. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
