import type { SignatureType, TypeTag } from '../../src/index.ts';
import type { Choices } from './random.ts';

/** A value as Move source and as BCS. */
export interface Literal {
  readonly text: string;
  readonly bytes: readonly number[];
}

const widths: Readonly<Record<string, number>> = { u8: 8, u16: 16, u32: 32, u64: 64, u128: 128, u256: 256 };

/** True for what {@link literalOf} can make: primitives, and vectors and options of such. */
export function isLiteral(type: SignatureType): boolean {
  if (typeof type === 'string') return type !== 'signer';
  if ('vector' in type) return isLiteral(type.vector);
  if (!('datatype' in type)) return false;
  return type.datatype.name === 'Option' && type.datatype.typeArgs.every(isLiteral);
}

/** Some value of a type: often one at an edge. */
export function literalOf(type: SignatureType, choices: Choices): Literal {
  if (typeof type === 'string') return primitive(type, choices);
  if ('vector' in type) {
    const items = Array.from({ length: choices.below(6) }, () => literalOf(type.vector, choices));
    const text =
      type.vector === 'u8'
        ? `x"${Uint8Array.from(items.flatMap(({ bytes }) => bytes)).toHex()}"`
        : `vector<${typeText(type.vector)}>[${items.map((item) => item.text).join(', ')}]`;
    return { text, bytes: [items.length, ...items.flatMap(({ bytes }) => bytes)] };
  }
  if ('datatype' in type) {
    const inner = type.datatype.typeArgs[0] as SignatureType;
    if (choices.chance(40)) return { text: `std::option::none<${typeText(inner)}>()`, bytes: [0] };
    const { text, bytes } = literalOf(inner, choices);
    return { text: `std::option::some(${text})`, bytes: [1, ...bytes] };
  }
  throw new TypeError('no literal of this type');
}

function primitive(type: string, choices: Choices): Literal {
  if (type === 'bool') {
    const value = choices.chance(50);
    return { text: String(value), bytes: [Number(value)] };
  }
  if (type === 'address') {
    const digits = choices.of(['0', '2', 'f'.repeat(64), choices.bits(256).toString(16)]).padStart(64, '0');
    return { text: `@0x${digits}`, bytes: [...Uint8Array.fromHex(digits)] };
  }
  const bits = widths[type] ?? 0;
  const max = (1n << BigInt(bits)) - 1n;
  const small = BigInt(choices.below(12));
  const value = choices.of([0n, 1n, small, small, small, max, max - small, max >> 1n, choices.bits(bits)]);
  const bytes: number[] = [];
  for (let rest = value, i = 0; i < bits; i += 8, rest >>= 8n) bytes.push(Number(rest & 0xffn));
  return { text: `${value}${type}`, bytes };
}

/** A type as Move source. */
export function typeText(type: SignatureType): string {
  if (typeof type === 'string') return type;
  if ('vector' in type) return `vector<${typeText(type.vector)}>`;
  if ('datatype' in type) return `std::option::Option<${type.datatype.typeArgs.map(typeText).join(', ')}>`;
  throw new TypeError('no text of this type');
}

/** Closed types that generic functions are called with. */
export const typeArguments: readonly { readonly tag: TypeTag; readonly type: SignatureType }[] = [
  { tag: 'u8', type: 'u8' },
  { tag: 'u64', type: 'u64' },
  { tag: 'u256', type: 'u256' },
  { tag: 'bool', type: 'bool' },
  { tag: 'address', type: 'address' },
  { tag: { vector: 'u8' }, type: { vector: 'u8' } },
  { tag: { vector: { vector: 'u16' } }, type: { vector: { vector: 'u16' } } },
];

/** Puts type arguments into a type. */
export function withArguments(type: SignatureType, args: readonly SignatureType[]): SignatureType {
  if (typeof type === 'string') return type;
  if ('typeParameter' in type) return args[type.typeParameter] ?? type;
  if ('vector' in type) return { vector: withArguments(type.vector, args) };
  if ('reference' in type) return { ...type, reference: withArguments(type.reference, args) };
  const typeArgs = type.datatype.typeArgs.map((arg) => withArguments(arg, args));
  return { datatype: { ...type.datatype, typeArgs } };
}
