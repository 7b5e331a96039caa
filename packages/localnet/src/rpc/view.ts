/** `iota_view`: runs one function without effect and shows what it returns as JSON. */
import { bcs } from '@iota/iota-sdk/bcs';
import type { SignatureType } from '@wotid/move-vm';
import { ZERO_ADDRESS } from '../ledger/protocol.ts';
import type { Address, LedgerReader, TypeTag } from '../ledger/types.ts';
import type { RpcContext } from './context.ts';
import type { Json } from './json.ts';
import { jsonToBcs } from './json-to-bcs.ts';
import { maxTypeArguments } from './limits.ts';
import { moveJson } from './move-json.ts';
import { parseAddress, parseArray, parseText, type Params } from './params.ts';
import { invalidParams } from './rpc-error.ts';
import { pureType } from './transaction-json.ts';
import { canonicalTypeText, parseTypeTag, shortAddress } from './type-text.ts';

/** Arguments of one call (protocol: max_arguments). */
const maxArguments = 512;
type CallArg = typeof bcs.CallArg.$inferInput;

/** @throws RpcError `INVALID_PARAMS` when the function does not exist or an argument does not fit it */
export function view(params: Params, context: RpcContext): Json {
  const path = params.required(0, 'function_name', parseText).split('::');
  const [packageText, module, name] = path;
  if (path.length !== 3 || module === undefined || name === undefined) {
    throw invalidParams('function_name: expected package::module::function');
  }
  const packageId = parseAddress(packageText, 'function_name');
  const typeArgs = (params.optional(1, 'type_args', parseArray(parseText, maxTypeArguments)) ?? []).map(
    (text) => parseTypeTag(text),
  );
  const given =
    params.optional(
      2,
      'arguments',
      parseArray((value) => value, maxArguments),
    ) ?? [];

  const fn = context.functionOf(packageId, module, name);
  if (fn === undefined) throw invalidParams(`No function was found with function name ${name}`);
  const parameters = fn.parameters.filter((type) => !isTxContext(type));
  if (parameters.length !== given.length) {
    throw invalidParams(`expected ${parameters.length} arguments, found ${given.length}`);
  }
  const inputs = parameters.map((type, index) =>
    callArg(close(type, typeArgs), given[index], `arguments[${index}]`, context),
  );
  const kind = bcs.TransactionKind.serialize({
    ProgrammableTransaction: {
      inputs,
      commands: [
        {
          MoveCall: {
            package: packageId,
            module,
            function: name,
            typeArguments: typeArgs.map((type) => canonicalTypeText(type)),
            arguments: inputs.map((_, index) => ({ Input: index })),
          },
        },
      ],
    },
  }).toBytes();
  const result = context.ledger.devInspect(ZERO_ADDRESS, kind, null);
  if (result.errorText !== null) return { executionError: result.errorText };
  return {
    functionReturnValues: (result.results.at(-1)?.returnValues ?? []).map(([bytes, type]) =>
      moveJson(type, bytes, 'content', context.layoutOf),
    ),
  };
}

function isTxContext(type: SignatureType): boolean {
  const inner = typeof type === 'object' && 'reference' in type ? type.reference : type;
  if (typeof inner !== 'object' || !('datatype' in inner)) return false;
  const { address, module, name } = inner.datatype;
  return shortAddress(address) === '0x2' && module === 'tx_context' && name === 'TxContext';
}

/** Puts the type arguments in, where they are plain values; all other types are objects anyway. */
function close(type: SignatureType, typeArgs: readonly TypeTag[]): SignatureType {
  if (typeof type === 'string') return type;
  if ('reference' in type) return close(type.reference, typeArgs);
  if ('vector' in type) return { vector: close(type.vector, typeArgs) };
  if ('typeParameter' in type) {
    const argument = typeArgs[type.typeParameter];
    return argument === undefined ? type : asSignatureType(argument);
  }
  const { typeArgs: inner, ...rest } = type.datatype;
  return { datatype: { ...rest, typeArgs: inner.map((argument) => close(argument, typeArgs)) } };
}

function asSignatureType(type: TypeTag): SignatureType {
  if (typeof type === 'string') return type;
  if ('vector' in type) return { vector: asSignatureType(type.vector) };
  const { typeParams, ...rest } = type.struct;
  return { datatype: { ...rest, typeArgs: typeParams.map(asSignatureType) } };
}

function callArg(type: SignatureType, value: unknown, name: string, context: RpcContext): CallArg {
  const pure = pureType(type);
  if (pure !== undefined) return { Pure: { bytes: jsonToBcs(pure, value, context.layoutOf) } };
  return { Object: objectArg(parseAddress(value, name), context.ledger) };
}

function objectArg(id: Address, ledger: LedgerReader): typeof bcs.ObjectArg.$inferInput {
  const object = ledger.getObject(id);
  if (object?.kind !== 'move') throw invalidParams(`Object ${id} does not exist`);
  if (object.owner.kind === 'shared') {
    const initialSharedVersion = object.owner.initialSharedVersion.toString();
    return { SharedObject: { objectId: id, initialSharedVersion, mutable: false } };
  }
  return { ImmOrOwnedObject: { objectId: id, version: object.version.toString(), digest: object.digest } };
}
