/** Filters of owned objects. Source: iota-json-rpc-types, `IotaObjectDataFilter::matches`. */
import type { MoveObject } from '../ledger/types.ts';
import { maxFilterDepth, maxFilterIds, maxFilterNodes } from './limits.ts';
import { parseAddress, parseArray, parseObject, parseText, parseU64 } from './params.ts';
import { invalidParams } from './rpc-error.ts';
import { parseStructTag, sameType } from './type-text.ts';

export type ObjectFilter = (object: MoveObject) => boolean;

/** @throws RpcError `INVALID_PARAMS` for anything that is not a filter, or a filter that is too large */
export function parseObjectFilter(value: unknown, name: string): ObjectFilter {
  return parse(value, name, { nodes: 0 }, 0);
}

/** The one variant of an externally tagged enum: its name and its content. */
export function parseVariant(value: unknown, name: string): readonly [string, unknown] {
  const entries = Object.entries(parseObject(value, name));
  const [only] = entries;
  if (only === undefined || entries.length !== 1) throw invalidParams(`${name}: expected exactly one filter`);
  return only;
}

/** `{package, module}`. */
export function parseModuleFilter(
  value: unknown,
  name: string,
): { readonly packageId: string; readonly module: string } {
  const content = parseObject(value, name);
  return {
    packageId: parseAddress(content['package'], `${name}.package`),
    module: parseText(content['module'], `${name}.module`),
  };
}

function parse(value: unknown, name: string, budget: { nodes: number }, depth: number): ObjectFilter {
  if (depth > maxFilterDepth) throw invalidParams(`${name}: filters are nested too deep`);
  if (++budget.nodes > maxFilterNodes) throw invalidParams(`${name}: more than ${maxFilterNodes} filters`);
  const [variant, content] = parseVariant(value, name);
  const where = `${name}.${variant}`;
  const several = (): ObjectFilter[] =>
    parseArray((item, at) => parse(item, at, budget, depth + 1), maxFilterNodes)(content, where);
  switch (variant) {
    case 'MatchAll': {
      const filters = several();
      return (object) => filters.every((filter) => filter(object));
    }
    case 'MatchAny': {
      const filters = several();
      return (object) => filters.some((filter) => filter(object));
    }
    case 'MatchNone': {
      const filters = several();
      return (object) => !filters.some((filter) => filter(object));
    }
    case 'Package': {
      const packageId = parseAddress(content, where);
      return ({ type }) => type.address === packageId;
    }
    case 'MoveModule': {
      const { packageId, module } = parseModuleFilter(content, where);
      return ({ type }) => type.address === packageId && type.module === module;
    }
    case 'StructType': {
      const wanted = parseStructTag(parseText(content, where));
      const any = wanted.typeParams.length === 0;
      return ({ type }) =>
        any
          ? type.address === wanted.address && type.module === wanted.module && type.name === wanted.name
          : sameType(type, wanted);
    }
    case 'AddressOwner': {
      const address = parseAddress(content, where);
      return ({ owner }) => owner.kind === 'address' && owner.address === address;
    }
    case 'ObjectOwner': {
      const parent = parseAddress(content, where);
      return ({ owner }) => owner.kind === 'object' && owner.parent === parent;
    }
    case 'ObjectId': {
      const id = parseAddress(content, where);
      return (object) => object.id === id;
    }
    case 'ObjectIds': {
      const ids = new Set(parseArray(parseAddress, maxFilterIds)(content, where));
      return (object) => ids.has(object.id);
    }
    case 'Version': {
      const version = parseU64(content, where);
      return (object) => object.version === version;
    }
    default:
      throw invalidParams(`${name}: unknown filter ${JSON.stringify(variant.slice(0, 40))}`);
  }
}
