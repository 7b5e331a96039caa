/**
 * The JSON-RPC face of the ledger: every method, and the rendering of what the ledger knows as a node's JSON.
 * @module
 */
import type { Logger } from '@wotid/core';
import type { DatatypeLayout, Ledger } from '../ledger/types.ts';
import { coinMethods } from './coin-methods.ts';
import type { Method, Methods, RpcContext } from './context.ts';
import { Dispatcher } from './dispatch.ts';
import { DisplayIndex } from './display.ts';
import { eventMethods } from './event-methods.ts';
import { fieldMethods } from './field-methods.ts';
import { moduleMethods } from './module-methods.ts';
import { Modules } from './modules.ts';
import type { LayoutOf } from './move-json.ts';
import { objectMethods } from './object-methods.ts';
import { systemMethods } from './system-methods.ts';
import { transactionMethods } from './transaction-methods.ts';
import { canonicalTypeText } from './type-text.ts';
import { writeMethods } from './write-methods.ts';

/** Version of the JSON-RPC specification that the answers were checked against; `rpc.discover` reports it. */
const rpcVersion = '0.8.0-alpha';

/** What there is: names and parameters, in the form of OpenRPC without schemas. */
const discover: Method = {
  params: [],
  run: () => ({
    openrpc: '1.2.6',
    info: { title: 'IOTA JSON-RPC of the embedded network', version: rpcVersion },
    methods: Object.entries(methods).map(([name, { params }]) => ({
      name,
      params: params.map((parameter) => ({ name: parameter, schema: true })),
    })),
  }),
};

/** All methods by name. */
export const methods: Methods = {
  'rpc.discover': discover,
  ...objectMethods,
  ...coinMethods,
  ...fieldMethods,
  ...transactionMethods,
  ...eventMethods,
  ...writeMethods,
  ...moduleMethods,
  ...systemMethods,
};

/** The dispatcher of all methods over one ledger. */
export function createDispatcher(ledger: Ledger, logger: Logger): Dispatcher {
  const modules = new Modules(ledger);
  const context: RpcContext = {
    ledger,
    modules,
    displays: new DisplayIndex(ledger),
    layoutOf: rememberedLayouts(ledger),
    functionOf: (packageId, module, name) => modules.function(packageId, module, name),
  };
  return new Dispatcher(methods, context, logger);
}

/**
 * Layouts never change: a type is that of its defining package for good. Clients can invent instances without end, so
 * the memory is emptied when it is full; a busy network uses some hundred types.
 */
const maxLayouts = 5_000;

function rememberedLayouts(ledger: Ledger): LayoutOf {
  const known = new Map<string, DatatypeLayout>();
  return (type) => {
    const key = canonicalTypeText(type);
    let layout = known.get(key);
    if (layout === undefined) {
      layout = ledger.layoutOf(type);
      if (known.size >= maxLayouts) known.clear();
      known.set(key, layout);
    }
    return layout;
  };
}
