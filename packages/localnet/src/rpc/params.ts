/** Reads the parameters of a call, given by position or by name. Every reader names the parameter it refuses. */
import { fromBase58 } from '@iota/iota-sdk/utils';
import type { Address, Digest } from '../ledger/types.ts';
import { isJsonObject } from './json.ts';
import { maxPageItems } from './limits.ts';
import { invalidParams, RpcError } from './rpc-error.ts';
import { paddedAddress } from './type-text.ts';

type Parse<T> = (value: unknown, name: string) => T;

/** The parameters of one call. `null` counts as absent: the SDK sends `undefined` as `null`. */
export class Params {
  readonly #values: readonly unknown[];

  /** @param names the method's parameter names in order, used when the client passes an object */
  constructor(given: unknown, names: readonly string[]) {
    if (given === undefined || given === null) this.#values = [];
    else if (Array.isArray(given)) this.#values = given;
    else if (isJsonObject(given))
      this.#values = names.map((name) => (Object.hasOwn(given, name) ? given[name] : undefined));
    else throw new RpcError('INVALID_REQUEST', 'params must be an array or an object');
  }

  required<T>(index: number, name: string, parse: Parse<T>): T {
    const value = this.#values[index];
    if (value === undefined || value === null) throw invalidParams(`${name}: missing`);
    return parse(value, name);
  }

  optional<T>(index: number, name: string, parse: Parse<T>): T | undefined {
    const value = this.#values[index];
    return value === undefined || value === null ? undefined : parse(value, name);
  }
}

/** Any JSON text. */
export const parseText: Parse<string> = (value, name) => {
  if (typeof value !== 'string') throw invalidParams(`${name}: expected a string`);
  return value;
};

export const parseBoolean: Parse<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw invalidParams(`${name}: expected true or false`);
  return value;
};

/** An address or object id: 1 to 64 hex digits, `0x` optional. Answers the padded form. */
export const parseAddress: Parse<Address> = (value, name) => {
  const match = typeof value === 'string' ? /^(?:0x)?([0-9a-fA-F]{1,64})$/.exec(value) : null;
  if (match === null) throw invalidParams(`${name}: expected 0x and up to 64 hex digits`);
  return paddedAddress(match[1] as string);
};

/** 32 bytes in base58. */
export const parseDigest: Parse<Digest> = (value, name) => {
  // 44 characters hold any 32 bytes; the bound keeps the quadratic decoder away from long input.
  if (typeof value === 'string' && value.length > 0 && value.length <= 44) {
    try {
      if (fromBase58(value).length === 32) return value;
    } catch {
      // Not base58: refused below.
    }
  }
  throw invalidParams(`${name}: expected a digest of 32 bytes in base58`);
};

/** An unsigned 64-bit integer as a decimal string or a JSON number. */
export const parseU64: Parse<bigint> = (value, name) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string' && /^[0-9]{1,20}$/.test(value)) {
    const integer = BigInt(value);
    if (integer < 1n << 64n) return integer;
  }
  throw invalidParams(`${name}: expected an unsigned 64-bit integer`);
};

/** Standard base64 with padding, at most `maxBytes` decoded. */
export function parseBase64(maxBytes: number): Parse<Uint8Array> {
  return (value, name) => {
    if (typeof value !== 'string') throw invalidParams(`${name}: expected base64`);
    if (value.length > Math.ceil(maxBytes / 3) * 4)
      throw invalidParams(`${name}: more than ${maxBytes} bytes of base64`);
    try {
      return Uint8Array.fromBase64(value);
    } catch (cause) {
      throw new RpcError('INVALID_PARAMS', `${name}: not base64`, { cause });
    }
  };
}

/** An array of at most `maxItems`, each read by `parse`. */
export function parseArray<T>(parse: Parse<T>, maxItems: number): Parse<T[]> {
  return (value, name) => {
    if (!Array.isArray(value)) throw invalidParams(`${name}: expected an array`);
    if (value.length > maxItems) throw invalidParams(`Input exceeds limit of ${maxItems}`);
    return value.map((item, index) => parse(item, `${name}[${index}]`));
  };
}

/** A JSON object; its members are for the caller to read. */
export const parseObject: Parse<Readonly<Record<string, unknown>>> = (value, name) => {
  if (!isJsonObject(value)) throw invalidParams(`${name}: expected an object`);
  return value;
};

/** The show options in `names` as booleans; absent and null are false. */
export function parseOptions<Name extends string>(
  names: readonly Name[],
): Parse<Readonly<Record<Name, boolean>>> {
  return (value, name) => {
    const given = parseObject(value, name);
    const options = {} as Record<Name, boolean>;
    for (const option of names) {
      const flag = Object.hasOwn(given, option) ? given[option] : undefined;
      options[option] = flag === undefined || flag === null ? false : parseBoolean(flag, `${name}.${option}`);
    }
    return options;
  };
}

/** A page size as most methods take it: absent, 0 and more than 50 all mean 50. */
export const parseCappedLimit: Parse<number> = (value, name) => {
  const limit = parseU64(value, name);
  return limit === 0n || limit > BigInt(maxPageItems) ? maxPageItems : Number(limit);
};

/** A page size as owned objects and checkpoints take it: 0 and too many are errors. */
export function parseCheckedLimit(maxItems: number): Parse<number> {
  return (value, name) => {
    const limit = parseU64(value, name);
    if (limit === 0n) throw invalidParams('Page size limit cannot be smaller than 1');
    if (limit > BigInt(maxItems))
      throw invalidParams(`Page size limit ${limit} exceeds max limit ${maxItems}`);
    return Number(limit);
  };
}

/** A page: what a node answers for every paged method. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly hasNextPage: boolean;
  readonly nextItem: T | undefined;
}

/** Takes `limit` items and looks whether one more is there. `nextItem` is the last of the page. */
export function takePage<T>(items: Iterable<T>, limit: number): Page<T> {
  const data: T[] = [];
  for (const item of items) {
    if (data.length === limit) return { data, hasNextPage: true, nextItem: data.at(-1) };
    data.push(item);
  }
  return { data, hasNextPage: false, nextItem: data.at(-1) };
}
