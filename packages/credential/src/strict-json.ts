/**
 * JSON from strangers. `JSON.parse` takes the last of two equal members and any depth; two parsers that disagree about
 * either are an attack on a signature, so both are refused here (RFC 8259 section 4, RFC 7515 section 4).
 */
import { fromUtf8, utf8 } from '@wotid/core';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export type JsonObject = { readonly [member: string]: Json };

/** What {@link parseStrictJson} bounds. */
export interface StrictJsonLimits {
  /** Bytes of UTF-8. */
  readonly maxBytes: number;
  /** Objects and arrays inside each other, the outermost counted. */
  readonly maxDepth: number;
}

/**
 * Parses one JSON object.
 * @throws SyntaxError with a reason fit for a user: too large, not UTF-8, not JSON, not an object, nested too deeply,
 *   a member named twice, or a member named `__proto__`.
 */
export function parseStrictJson(source: Uint8Array | string, limits: StrictJsonLimits): JsonObject {
  const size = typeof source === 'string' ? utf8(source).length : source.length;
  if (size > limits.maxBytes) throw new SyntaxError(`has ${size} bytes, the limit is ${limits.maxBytes}`);
  let text: string;
  try {
    text = typeof source === 'string' ? source : fromUtf8(source);
  } catch {
    throw new SyntaxError('is not UTF-8');
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new SyntaxError('is not JSON');
  }
  if (!isJsonObject(value)) throw new SyntaxError('is not a JSON object');
  checkNesting(text, limits.maxDepth);
  return value;
}

/** True for an object that is neither `null` nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Walks text that `JSON.parse` has accepted, so that quotes and brackets are known to be balanced. */
function checkNesting(text: string, maxDepth: number): void {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null);
      if (open.length > maxDepth) throw new SyntaxError(`is nested deeper than ${maxDepth}`);
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === '"') {
      const end = endOfString(text, at);
      const members = open.at(-1);
      if (members !== null && members !== undefined && isFollowedByColon(text, end)) {
        addMember(members, JSON.parse(text.slice(at, end + 1)) as string);
      }
      at = end;
    }
  }
}

function addMember(members: Set<string>, name: string): void {
  if (members.has(name)) throw new SyntaxError('has a member twice');
  if (name === '__proto__') throw new SyntaxError('has a member named __proto__');
  members.add(name);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function isFollowedByColon(text: string, stringEnd: number): boolean {
  let at = stringEnd + 1;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}
