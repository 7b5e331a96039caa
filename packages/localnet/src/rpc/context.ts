/** What every method works with, and how a method is declared. */
import type { Ledger } from '../ledger/types.ts';
import type { DisplayIndex } from './display.ts';
import type { Json } from './json.ts';
import type { LayoutOf } from './move-json.ts';
import type { Modules } from './modules.ts';
import type { Params } from './params.ts';
import type { FunctionOf } from './transaction-json.ts';

export interface RpcContext {
  readonly ledger: Ledger;
  readonly modules: Modules;
  readonly displays: DisplayIndex;
  readonly layoutOf: LayoutOf;
  readonly functionOf: FunctionOf;
}

export interface Method {
  /** Parameter names in order, for clients that pass an object. */
  readonly params: readonly string[];
  /** @throws RpcError or LedgerError; anything else is a bug of ours and answered as an internal error */
  run(params: Params, context: RpcContext): Json | Promise<Json>;
}

export type Methods = Readonly<Record<string, Method>>;
