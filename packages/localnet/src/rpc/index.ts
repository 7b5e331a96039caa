/**
 * The JSON-RPC face of the ledger: every method, and the rendering of what the ledger knows as a node's JSON.
 * @module
 */
import type { Logger } from '@wotid/core';
import type { Ledger } from '../ledger/types.ts';
import { coinMethods } from './coin-methods.ts';
import type { Methods, RpcContext } from './context.ts';
import { Dispatcher } from './dispatch.ts';
import { DisplayIndex } from './display.ts';
import { eventMethods } from './event-methods.ts';
import { fieldMethods } from './field-methods.ts';
import { moduleMethods } from './module-methods.ts';
import { Modules } from './modules.ts';
import { objectMethods } from './object-methods.ts';
import { systemMethods } from './system-methods.ts';
import { transactionMethods } from './transaction-methods.ts';
import { writeMethods } from './write-methods.ts';

/** All methods by name. */
export const methods: Methods = {
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
    layoutOf: (type) => ledger.layoutOf(type),
    functionOf: (packageId, module, name) => modules.function(packageId, module, name),
  };
  return new Dispatcher(methods, context, logger);
}
