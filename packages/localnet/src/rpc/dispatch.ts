/** JSON-RPC 2.0 over one request body: single calls, batches, notifications. Knows no HTTP and no method. */
import { errorText, type Logger } from '@wotid/core';
import { LedgerError } from '../ledger/errors.ts';
import type { Methods, RpcContext } from './context.ts';
import { isJsonObject, type Json } from './json.ts';
import { maxAnswerCharacters, maxBatchCalls } from './limits.ts';
import { Params } from './params.ts';
import { RpcError } from './rpc-error.ts';
import { ledgerRefusal } from './write-methods.ts';

type Id = string | number | null;

/** Answers request bodies with the methods it was given. */
export class Dispatcher {
  readonly #methods: Methods;
  readonly #context: RpcContext;
  readonly #logger: Logger;
  readonly #maxAnswerCharacters: number;

  /** @param answerCharacters bound of one answer, default {@link maxAnswerCharacters} */
  constructor(
    methods: Methods,
    context: RpcContext,
    logger: Logger,
    answerCharacters: number = maxAnswerCharacters,
  ) {
    this.#maxAnswerCharacters = answerCharacters;
    this.#methods = methods;
    this.#context = context;
    this.#logger = logger;
  }

  /**
   * Answers one body. Never throws: whatever goes wrong becomes an error object.
   * @returns the JSON text to send, or undefined when there were only notifications
   */
  async answer(body: string): Promise<string | undefined> {
    let request: unknown;
    try {
      request = JSON.parse(body);
    } catch (cause) {
      return failure(null, new RpcError('PARSE_ERROR', 'Parse error', { cause }));
    }
    if (!Array.isArray(request)) return this.#call(request, this.#maxAnswerCharacters);
    if (request.length === 0)
      return failure(null, new RpcError('INVALID_REQUEST', 'Invalid request: empty batch'));
    if (request.length > maxBatchCalls) {
      const message = `Invalid request: batch of ${request.length} calls, the limit is ${maxBatchCalls}`;
      return failure(null, new RpcError('INVALID_REQUEST', message));
    }
    const answers: string[] = [];
    let room = this.#maxAnswerCharacters;
    for (const call of request) {
      const answer = await this.#call(call, room);
      if (answer === undefined) continue;
      answers.push(answer);
      room -= answer.length;
    }
    return answers.length === 0 ? undefined : `[${answers.join(',')}]`;
  }

  /** @param room characters that the result may have */
  async #call(request: unknown, room: number): Promise<string | undefined> {
    if (!isJsonObject(request)) return failure(null, new RpcError('INVALID_REQUEST', 'Invalid request'));
    const isNotification = !Object.hasOwn(request, 'id');
    const id = request['id'] ?? null;
    if (!isId(id)) return failure(null, new RpcError('INVALID_REQUEST', 'Invalid request: id'));
    try {
      const result = JSON.stringify(await this.#run(request));
      if (isNotification) return undefined;
      if (result.length <= room) return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
      const message = `the answer has ${result.length} characters, ${Math.max(room, 0)} are left: ask for less`;
      throw new RpcError('INVALID_REQUEST', message);
    } catch (error) {
      if (isNotification && !(error instanceof RpcError && error.code === 'INVALID_REQUEST'))
        return undefined;
      return failure(id, this.#asRpcError(error, request['method']));
    }
  }

  #run(request: Readonly<Record<string, unknown>>): Json | Promise<Json> {
    const { jsonrpc, method: name, params } = request;
    if (jsonrpc !== '2.0' || typeof name !== 'string') {
      throw new RpcError('INVALID_REQUEST', 'Invalid request: jsonrpc must be "2.0" and method a string');
    }
    const method = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
    if (method === undefined) {
      const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
      throw new RpcError(
        'METHOD_NOT_FOUND',
        `Method not found: ${JSON.stringify(shown)} is not implemented by the embedded network`,
      );
    }
    return method.run(new Params(params, method.params), this.#context);
  }

  #asRpcError(error: unknown, method: unknown): RpcError {
    if (error instanceof RpcError) return error;
    const refusal = error instanceof LedgerError ? ledgerRefusal(error) : undefined;
    if (refusal !== undefined && refusal.code !== 'INTERNAL') return refusal;
    this.#logger.error('rpc.internal', { method: String(method).slice(0, 80), error: errorText(error) });
    return refusal ?? new RpcError('INTERNAL', `Internal error: ${errorText(error)}`, { cause: error });
  }
}

function isId(value: unknown): value is Id {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function failure(id: Id, error: RpcError): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code: error.number, message: error.message, data: error.details },
  });
}
