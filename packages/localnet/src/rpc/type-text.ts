/**
 * Move types as text. Two spellings exist on the wire: most fields write well-known addresses short and all others with
 * 64 digits; some (coin types of the coin methods, dev inspect) write every address without leading zeros.
 * Source: iota-types, `to_iota_struct_tag_string`, and move-core-types, `Display for StructTag`.
 */
import type { Address, StructTag, TypeTag } from '../ledger/types.ts';
import { maxTypeArguments, maxTypeCharacters, maxTypeDepth } from './limits.ts';
import { invalidParams } from './rpc-error.ts';

/** `0x` + 64 digits of a small number. */
export function paddedAddress(hexDigits: string): Address {
  return `0x${hexDigits.toLowerCase().padStart(64, '0')}`;
}

/** Without leading zeros: `0x2`. */
export function shortAddress(address: Address): string {
  return `0x${address.slice(2).replace(/^0+(?=.)/, '')}`;
}

const shortOnes: ReadonlySet<Address> = new Set(
  ['0', '1', '2', '3', '5', '6', '107a'].map((digits) => paddedAddress(digits)),
);
const iotaAddress = (address: Address): string => (shortOnes.has(address) ? shortAddress(address) : address);

function tagText(type: TypeTag, addressText: (address: Address) => string): string {
  if (typeof type === 'string') return type;
  if ('vector' in type) return `vector<${tagText(type.vector, addressText)}>`;
  const { address, module, name, typeParams } = type.struct;
  const parameters = typeParams.map((parameter) => tagText(parameter, addressText)).join(', ');
  return `${addressText(address)}::${module}::${name}${parameters === '' ? '' : `<${parameters}>`}`;
}

/** The usual spelling: `0x2::coin::Coin<0x2::iota::IOTA>`, foreign addresses with 64 digits. */
export function typeText(type: TypeTag | StructTag): string {
  return tagText(asTag(type), iotaAddress);
}

/** Every address without leading zeros. */
export function shortTypeText(type: TypeTag | StructTag): string {
  return tagText(asTag(type), shortAddress);
}

/** Every address with 64 digits: one spelling per type, for keys. */
export function canonicalTypeText(type: TypeTag | StructTag): string {
  return tagText(asTag(type), (address) => address);
}

function asTag(type: TypeTag | StructTag): TypeTag {
  return typeof type === 'object' && 'module' in type ? { struct: type } : type;
}

/** True when both are the same type. */
export function sameType(left: TypeTag | StructTag, right: TypeTag | StructTag): boolean {
  return canonicalTypeText(left) === canonicalTypeText(right);
}

/** True for the datatype `address::module::name` whatever its parameters; `address` in short form. */
export function isDatatype(type: StructTag, address: string, module: string, name: string): boolean {
  return type.name === name && type.module === module && shortAddress(type.address) === address;
}

const primitives: ReadonlySet<string> = new Set([
  'bool',
  'u8',
  'u16',
  'u32',
  'u64',
  'u128',
  'u256',
  'address',
  'signer',
]);
const tokenPattern = /\s*(0x[0-9a-fA-F]{1,64}(?![0-9a-zA-Z_])|[A-Za-z_][A-Za-z0-9_]{0,127}|::|[<>,])/y;

/**
 * Parses a Move type such as `vector<0x2::coin::Coin<0x2::iota::IOTA>>`.
 * @throws RpcError `INVALID_PARAMS` when it is not one, or too long or deep
 */
export function parseTypeTag(text: string): TypeTag {
  if (text.length > maxTypeCharacters)
    throw invalidParams(`type has ${text.length} characters, the limit is ${maxTypeCharacters}`);
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  for (;;) {
    const start = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) {
      if (text.slice(start).trim() !== '') throw malformed(text);
      break;
    }
    tokens.push(match[1] as string);
  }
  const parser = { text, tokens, position: 0 };
  const type = parseTag(parser, 0);
  if (parser.position !== tokens.length) throw malformed(text);
  return type;
}

/**
 * Parses a datatype such as `0x2::coin::Coin<0x2::iota::IOTA>`.
 * @throws RpcError `INVALID_PARAMS`
 */
export function parseStructTag(text: string): StructTag {
  const type = parseTypeTag(text);
  if (typeof type === 'string' || !('struct' in type)) throw malformed(text);
  return type.struct;
}

interface Parser {
  readonly text: string;
  readonly tokens: readonly string[];
  position: number;
}

function malformed(text: string): Error {
  const shown = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  return invalidParams(`not a Move type: ${JSON.stringify(shown)}`);
}

function expectToken(parser: Parser, accept: (token: string) => boolean): string {
  const token = parser.tokens[parser.position++];
  if (token === undefined || !accept(token)) throw malformed(parser.text);
  return token;
}

const isIdentifier = (token: string): boolean => /^[A-Za-z_]/.test(token);

function parseTag(parser: Parser, depth: number): TypeTag {
  if (depth > maxTypeDepth) throw invalidParams(`type is nested more than ${maxTypeDepth} levels deep`);
  const head = expectToken(parser, (token) => token.startsWith('0x') || isIdentifier(token));
  if (!head.startsWith('0x')) {
    if (head === 'vector') {
      expectToken(parser, (token) => token === '<');
      const vector = parseTag(parser, depth + 1);
      expectToken(parser, (token) => token === '>');
      return { vector };
    }
    if (!primitives.has(head)) throw malformed(parser.text);
    return head as TypeTag;
  }
  expectToken(parser, (token) => token === '::');
  const module = expectToken(parser, isIdentifier);
  expectToken(parser, (token) => token === '::');
  const name = expectToken(parser, isIdentifier);
  const typeParams: TypeTag[] = [];
  if (parser.tokens[parser.position] === '<') {
    do {
      parser.position++;
      if (typeParams.length === maxTypeArguments) throw malformed(parser.text);
      typeParams.push(parseTag(parser, depth + 1));
    } while (parser.tokens[parser.position] === ',');
    expectToken(parser, (token) => token === '>');
  }
  return { struct: { address: paddedAddress(head.slice(2)), module, name, typeParams } };
}
