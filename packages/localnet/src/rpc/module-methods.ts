/** Methods about Move modules. Source: iota-json-rpc, move_utils. */
import type { ModuleInfo } from '@wotid/move-vm';
import type { Address, PackageObject } from '../ledger/types.ts';
import type { Methods, RpcContext } from './context.ts';
import { sortedObject } from './json.ts';
import { argumentKindsJson, functionJson, moduleJson, structJson } from './normalized.ts';
import { parseAddress, parseText, type Params } from './params.ts';
import { invalidParams } from './rpc-error.ts';

function packageOf(id: Address, { ledger }: RpcContext): PackageObject {
  const object = ledger.getObject(id);
  if (object?.kind === 'move') throw invalidParams(`Object is not a package with ID ${id}`);
  if (object?.kind !== 'package') throw invalidParams(`Package object does not exist with ID ${id}`);
  return object;
}

function moduleOf(params: Params, context: RpcContext): ModuleInfo {
  const found = packageOf(params.required(0, 'package', parseAddress), context);
  const name = params.required(1, 'module_name', parseText);
  const module = context.modules.module(found, name);
  if (module === undefined) throw invalidParams(`No module found with module name ${name}`);
  return module;
}

export const moduleMethods: Methods = {
  iota_getNormalizedMoveModulesByPackage: {
    params: ['package'],
    run(params, context) {
      const found = packageOf(params.required(0, 'package', parseAddress), context);
      const names = [...found.modules.keys()];
      return sortedObject(
        names.map((name) => [name, moduleJson(context.modules.module(found, name) as ModuleInfo)] as const),
      );
    },
  },
  iota_getNormalizedMoveModule: {
    params: ['package', 'module_name'],
    run: (params, context) => moduleJson(moduleOf(params, context)),
  },
  iota_getNormalizedMoveStruct: {
    params: ['package', 'module_name', 'struct_name'],
    run(params, context) {
      const module = moduleOf(params, context);
      const name = params.required(2, 'struct_name', parseText);
      const struct = module.structs.find((candidate) => candidate.name === name);
      if (struct === undefined) throw invalidParams(`No struct was found with struct name ${name}`);
      return structJson(struct);
    },
  },
  iota_getNormalizedMoveFunction: {
    params: ['package', 'module_name', 'function_name'],
    run(params, context) {
      const module = moduleOf(params, context);
      const name = params.required(2, 'function_name', parseText);
      const fn = module.functions.find((candidate) => candidate.name === name);
      if (fn === undefined) throw invalidParams(`No function was found with function name ${name}`);
      return functionJson(fn);
    },
  },
  iota_getMoveFunctionArgTypes: {
    params: ['package', 'module', 'function'],
    run(params, context) {
      const module = moduleOf(params, context);
      const name = params.required(2, 'function', parseText);
      const fn = module.functions.find((candidate) => candidate.name === name);
      if (fn === undefined) throw invalidParams(`No parameters found for function ${name}`);
      return argumentKindsJson(fn);
    },
  },
};
