/** Methods that run transactions: for good, for their effects only, or for their results. */
import { RpcError, invalidParams, invalidRequest } from './rpc-error.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { InspectedCommand } from '../ledger/types.ts';
import type { ArgumentValue } from '../ledger/transaction-data.ts';
import { balanceChangesJson, objectChangesJson } from './changes-json.ts';
import type { Methods, RpcContext } from './context.ts';
import { classifyEffects, effectsJson } from './effects-json.ts';
import type { Json, JsonObject } from './json.ts';
import { maxSignatureBytes, maxSignatures, maxTransactionBytes } from './limits.ts';
import { parseAddress, parseArray, parseBase64, parseText, parseU64 } from './params.ts';
import { simulationLayouts } from './simulation-layouts.ts';
import {
  argumentJson,
  eventsJson,
  executedJson,
  noTransactionOptions,
  parseTransactionOptions,
  transactionDataJson,
} from './transaction-json.ts';
import { shortTypeText } from './type-text.ts';
import { view } from './view.ts';

const parseTransactionBytes = parseBase64(maxTransactionBytes);

/** The answer to a transaction that the ledger refused to execute, in a node's words. */
export function executionRefusal(error: LedgerError): RpcError {
  switch (error.code) {
    case 'USER_INPUT':
      return new RpcError(
        'TRANSACTION_REFUSED',
        `Transaction execution failed due to issues with transaction inputs, please review the errors and try again: ${error.message}.`,
        { cause: error },
      );
    case 'INVALID_SIGNATURE':
      return new RpcError('TRANSACTION_REFUSED', `Invalid user signature: ${error.message}`, {
        cause: error,
      });
    case 'OBJECTS_LOCKED':
      return new RpcError('TRANSACTION_REFUSED', error.message, {
        cause: error,
        details: conflictsJson(error.data),
      });
    default:
      return ledgerRefusal(error);
  }
}

/** The conflicting transactions with what they hold: `{digest: [[id, version, digest], …]}`, versions as numbers. */
function conflictsJson(conflicts: Readonly<Record<string, unknown>>): Json {
  const text = JSON.stringify(conflicts, (_key, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  return JSON.parse(text) as Json;
}

/** The answer to anything else that the ledger refused. */
export function ledgerRefusal(error: LedgerError): RpcError {
  switch (error.code) {
    case 'USER_INPUT':
      return new RpcError('INVALID_REQUEST', error.message, { cause: error });
    case 'MALFORMED_TRANSACTION':
      return new RpcError('INVALID_PARAMS', `Deserialization error: ${error.message}`, { cause: error });
    case 'TYPE_NOT_FOUND':
      return new RpcError('INVALID_PARAMS', error.message, { cause: error });
    case 'OBJECTS_LOCKED':
    case 'INVALID_SIGNATURE':
      return new RpcError('TRANSACTION_REFUSED', error.message, { cause: error });
    default:
      return new RpcError('INTERNAL', 'Internal error occurred while executing transaction.', {
        cause: error,
      });
  }
}

function inspectedJson({ returnValues, mutableReferenceOutputs }: InspectedCommand): JsonObject {
  return {
    ...(mutableReferenceOutputs.length > 0 && {
      mutableReferenceOutputs: mutableReferenceOutputs.map(([argument, bytes, type]) => [
        argumentJson(argument as ArgumentValue),
        Array.from(bytes),
        shortTypeText(type),
      ]),
    }),
    ...(returnValues.length > 0 && {
      returnValues: returnValues.map(([bytes, type]) => [Array.from(bytes), shortTypeText(type)]),
    }),
  };
}

function dryRun(bytes: Uint8Array, context: RpcContext): Json {
  const result = context.ledger.dryRun(bytes);
  const madeUp = result.data.V1.gasData.payment.length === 0;
  const mockCoin = madeUp ? classifyEffects(result.effects).gasObject?.id : undefined;
  const source = { ...context, layoutOf: simulationLayouts(result, context) };
  return {
    effects: effectsJson(result.effects, result.errorText),
    events: eventsJson(result.events, source.layoutOf),
    objectChanges: objectChangesJson(result),
    balanceChanges: balanceChangesJson(result, mockCoin),
    input: transactionDataJson(result, source),
    executionErrorSource: result.errorSource,
    suggestedGasPrice: result.suggestedGasPrice?.toString() ?? null,
  };
}

export const writeMethods: Methods = {
  iota_executeTransactionBlock: {
    params: ['tx_bytes', 'signatures', 'options', 'request_type'],
    async run(params, context) {
      const bytes = params.required(0, 'tx_bytes', parseTransactionBytes);
      const signatures = params.required(
        1,
        'signatures',
        parseArray(parseBase64(maxSignatureBytes), maxSignatures),
      );
      const options = params.optional(2, 'options', parseTransactionOptions) ?? noTransactionOptions;
      const requestType = params.optional(3, 'request_type', parseText);
      if (requestType !== undefined && !requestTypes.includes(requestType)) {
        throw invalidParams(`request_type: expected ${requestTypes.join(' or ')}`);
      }
      try {
        return executedJson(await context.ledger.execute(bytes, signatures), options, context);
      } catch (error) {
        throw error instanceof LedgerError ? executionRefusal(error) : error;
      }
    },
  },
  iota_dryRunTransactionBlock: {
    params: ['tx_bytes'],
    run: (params, context) => dryRun(params.required(0, 'tx_bytes', parseTransactionBytes), context),
  },
  iota_devInspectTransactionBlock: {
    params: ['sender_address', 'tx_bytes', 'gas_price', 'epoch', 'additional_args'],
    run(params, context) {
      const sender = params.required(0, 'sender_address', parseAddress);
      const bytes = params.required(1, 'tx_bytes', parseTransactionBytes);
      const gasPrice = params.optional(2, 'gas_price', parseU64) ?? null;
      params.optional(3, 'epoch', parseU64);
      if (params.optional(4, 'additional_args', (value) => value) !== undefined) {
        throw invalidRequest('additional_args are not implemented by the embedded network');
      }
      const result = context.ledger.devInspect(sender, bytes, gasPrice);
      return {
        effects: effectsJson(result.effects, result.errorText),
        events: eventsJson(result.events, simulationLayouts(result, context)),
        ...(result.errorText === null
          ? { results: result.results.map(inspectedJson) }
          : { error: `ExecutionError: ${result.errorText}` }),
      };
    },
  },
  iota_view: {
    params: ['function_name', 'type_args', 'arguments'],
    run: view,
  },
};

const requestTypes: readonly string[] = ['WaitForEffectsCert', 'WaitForLocalExecution'];
