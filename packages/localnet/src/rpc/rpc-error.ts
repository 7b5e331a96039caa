/**
 * Errors of the JSON-RPC, with the codes a node uses.
 * Source: JSON-RPC 2.0, section 5.1, and the `From<Error>` conversions of iota-json-rpc.
 */
import { WotError } from '@wotid/core';
import type { Json } from './json.ts';

export type RpcErrorCode =
  | 'PARSE_ERROR'
  | 'INVALID_REQUEST'
  | 'METHOD_NOT_FOUND'
  | 'INVALID_PARAMS'
  | 'INTERNAL'
  | 'CALL_FAILED'
  | 'TRANSACTION_REFUSED'
  | 'TRANSIENT';

/** The number on the wire for each kind of failure. */
export const rpcErrorNumbers: Readonly<Record<RpcErrorCode, number>> = {
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_PARAMS: -32602,
  INTERNAL: -32603,
  CALL_FAILED: -32000,
  TRANSACTION_REFUSED: -32002,
  TRANSIENT: -32050,
};

/** A call that is answered with a JSON-RPC error; nothing has changed in the ledger. */
export class RpcError extends WotError<RpcErrorCode> {
  /** The `data` member of the answer, if any. */
  readonly details: Json | undefined;

  constructor(code: RpcErrorCode, message: string, init: { details?: Json; cause?: unknown } = {}) {
    super(code, message, init.cause === undefined ? {} : { cause: init.cause });
    this.details = init.details;
  }

  /** The number on the wire. */
  get number(): number {
    return rpcErrorNumbers[this.code];
  }
}

/** -32602: a parameter is missing, malformed, out of range, or names something that does not exist. */
export function invalidParams(message: string): RpcError {
  return new RpcError('INVALID_PARAMS', message);
}

/** -32600: the request is understood, and the network does not do that. */
export function invalidRequest(message: string): RpcError {
  return new RpcError('INVALID_REQUEST', message);
}
