/**
 * The node as the library sees it during one operation: bounded in time and size, of the right chain, and with every
 * object looked at before the library sees it. The library accepts any object whose type is called `identity::Identity`,
 * whoever published it with whatever rules, and it says of most failures only that there was one.
 */
import { IotaClient, IotaHTTPTransport, JsonRpcError, type IotaTransport } from '@iota/iota-sdk/client';
import { maxAnswerBytes } from '../limits.ts';
import type { DidNetwork } from '../networks.ts';
import { Failure, reasonOf } from './failure.ts';

/** What a session needs. */
export interface NodeSessionInit {
  readonly rpcUrl: string;
  readonly network: DidNetwork;
  /** Ends every call. */
  readonly signal: AbortSignal;
}

interface ObjectAnswer {
  readonly data?: { readonly content?: { readonly type?: unknown } | null } | null;
  readonly error?: { readonly code?: unknown } | null;
}

type Request = Parameters<IotaTransport['request']>[0];

/** Nodes that have shown which chain they serve, `URL chain id`: they are not asked again. */
const knownNodes = new Set<string>();
/** An agent uses one or two. */
const maxKnownNodes = 100;

/** The node during one operation. */
export class NodeSession {
  readonly client: IotaClient;
  readonly #init: NodeSessionInit;
  readonly #node: string;
  /** Type by object id; `null` when there is none. */
  readonly #types = new Map<string, string | null>();
  #problem: Failure | null = null;

  constructor(init: NodeSessionInit) {
    this.#init = init;
    this.#node = `${init.rpcUrl} ${init.network.chainId}`;
    const inner = new IotaHTTPTransport({ url: init.rpcUrl, fetch: boundedFetch(init.signal) });
    this.client = new IotaClient({
      transport: {
        request: <T>(request: Request) => this.#request(() => inner.request<T>(request), request),
        subscribe: () => Promise.reject(new TypeError('nothing is subscribed to here')),
      },
    });
  }

  /** What went wrong between us and the node first; it explains whatever the library says about it. */
  get problem(): Failure | null {
    return this.#problem;
  }

  /** The type of an object that was read; `null` when the node says that there is none. */
  typeOf(objectId: string): string | null | undefined {
    return this.#types.get(objectId);
  }

  async #request<T>(send: () => Promise<T>, { method, params }: Request): Promise<T> {
    if (method === 'iota_getChainIdentifier' && knownNodes.has(this.#node)) {
      return this.#init.network.chainId as T;
    }
    let answer: T;
    try {
      answer = await send();
      if (method === 'iota_getChainIdentifier') this.#checkChain(answer);
      if (method === 'iota_getObject') this.#checkObject(String(params[0]), answer);
    } catch (error) {
      this.#problem ??= nodeFailure(error, method);
      throw this.#problem;
    }
    return answer;
  }

  #checkObject(objectId: string, answer: unknown): void {
    const { data, error } = (answer ?? {}) as ObjectAnswer;
    if (error?.code === 'notExists' || error?.code === 'deleted') {
      this.#types.set(objectId, null);
      return;
    }
    if (typeof data !== 'object' || data === null) throw new TypeError('it gives no object');
    const type = data.content?.type;
    if (typeof type !== 'string') return;
    this.#types.set(objectId, type);
    const expected = `${this.#init.network.packageId}::identity::Identity`;
    if (!type.endsWith('::identity::Identity') || type === expected) return;
    throw new Failure({
      code: 'NOT_AN_IDENTITY',
      message: `${objectId} is an identity of another package`,
      hint: 'Its rules are unknown here, so it is not believed.',
      data: { type: reasonOf(type), expected },
    });
  }

  #checkChain(answer: unknown): void {
    const { chainId } = this.#init.network;
    if (answer !== chainId) {
      throw new Failure({
        code: 'WRONG_CHAIN',
        message: 'the node serves another chain',
        hint: 'The network was started anew, or the URL is of another one.',
        data: { expected: chainId, actual: reasonOf(answer) },
      });
    }
    if (knownNodes.size < maxKnownNodes) knownNodes.add(this.#node);
  }
}

/** `fetch` whose answers end with `signal` and at {@link maxAnswerBytes}. */
function boundedFetch(signal: AbortSignal): typeof fetch {
  return async (input, init) => {
    const signals = init?.signal ? [init.signal, signal] : [signal];
    const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let total = 0;
    for await (const chunk of response.body ?? []) {
      total += chunk.length;
      if (total > maxAnswerBytes) throw new RangeError(`its answer has more than ${maxAnswerBytes} bytes`);
      chunks.push(chunk);
    }
    const { status, statusText, headers } = response;
    return new Response(new Blob(chunks), { status, statusText, headers });
  };
}

function nodeFailure(error: unknown, method: string): Failure {
  if (error instanceof Failure) return error;
  const isConnection = error instanceof TypeError && error.message === 'fetch failed';
  const isAnswer =
    error instanceof JsonRpcError ||
    error instanceof RangeError ||
    error instanceof SyntaxError ||
    (error instanceof TypeError && !isConnection);
  if (isAnswer) {
    return new Failure({
      code: 'RPC_REFUSED',
      message: `the IOTA node refused (${method}): ${reasonOf(error)}`,
    });
  }
  const reason = reasonOf(isConnection ? error.cause : error);
  return new Failure({
    code: 'RPC_UNREACHABLE',
    message: `the IOTA node did not answer: ${reason}`,
    hint: 'Check the URL of the node and try again.',
  });
}
