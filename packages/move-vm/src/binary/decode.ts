import { VmHalt } from '../errors.ts';
import { primitiveType, type Address } from '../types.ts';
import type { Visibility } from '../api.ts';
import { checkBounds } from './bounds.ts';
import { checkDefinitions } from './definitions.ts';
import {
  immediateOf,
  maxFieldsInFormat,
  maxIdentifierBytes,
  maxTokenDepth,
  maxVariants,
  metadataTableKind,
  op,
  table,
  type Code,
  type CompiledModule,
  type EnumDef,
  type FieldDef,
  type FunctionDef,
  type Instantiation,
  type Member,
  type ModuleHandle,
  type StructDef,
  type Token,
} from './format.ts';
import { ByteReader, malformed } from './reader.ts';

type TableName = keyof typeof table;
type Range = readonly [start: number, end: number];

const magic = 0x0b_eb_1c_a1;
/** Versions from 7 on carry this above their 24 bits. */
const flavor = 5;
const maxIndex = 65_535;
const identifierPattern = /^(?:[A-Za-z][A-Za-z0-9_]*|_[A-Za-z0-9_]+)$/;
const visibilities: readonly (Visibility | undefined)[] = ['private', 'public', undefined, 'friend'];
const nativeFlag = 2;
const entryFlag = 4;

/** Where the address table of a module is, and its entry that the module names itself by. */
export interface SelfAddressPlace {
  /** Offset in the module's bytes of the 32 bytes of its own address. */
  readonly offset: number;
}

/**
 * Decodes a compiled module of version 6 or 7, as strictly as the chain does at publication: canonical numbers, no gap
 * between tables, no metadata, no trailing bytes, every index in bounds.
 * @throws VmHalt with a deserialization or bounds status
 */
export function decodeModule(bytes: Uint8Array): CompiledModule & SelfAddressPlace {
  const header = readHeader(bytes);
  const { version, ranges } = header;
  const list = <T>(name: TableName, read: (reader: ByteReader) => T): T[] => {
    const range = ranges.get(table[name].kind);
    const entries: T[] = [];
    if (range === undefined) return entries;
    const reader = new ByteReader(bytes, ...range);
    while (!reader.isAtEnd) {
      entries.push(read(reader));
      if (entries.length > table[name].max) throw malformed(`more than ${table[name].max} ${name}`);
    }
    return entries;
  };
  const addresses = list('addresses', (reader): Address => `0x${reader.take(32).toHex()}`);
  const identifiers = list('identifiers', readIdentifier);
  const name = (reader: ByteReader): string => entry(identifiers, reader.uleb(maxIndex), 'identifiers');
  const selfAddressIndexes: number[] = [];
  const moduleHandle = (reader: ByteReader): ModuleHandle => {
    const index = reader.uleb(maxIndex);
    selfAddressIndexes.push(index);
    return { address: entry(addresses, index, 'addresses'), name: name(reader) };
  };
  const instantiation = (reader: ByteReader): Instantiation => ({
    of: reader.uleb(maxIndex),
    typeArgs: reader.uleb(maxIndex),
  });
  const member =
    (max: number) =>
    (reader: ByteReader): Member => ({
      of: reader.uleb(maxIndex),
      member: reader.uleb(max),
    });
  const field = (reader: ByteReader): FieldDef => ({ name: name(reader), type: readToken(reader, 0) });
  const fields = (reader: ByteReader): FieldDef[] =>
    times(reader.uleb(maxFieldsInFormat), () => field(reader));

  const moduleHandles = list('moduleHandles', moduleHandle);
  const selfAddressIndex = selfAddressIndexes[header.self];
  if (selfAddressIndex === undefined)
    throw new VmHalt('NO_MODULE_HANDLES', 'the module does not name itself');
  const module: CompiledModule = {
    version,
    self: header.self,
    moduleHandles,
    datatypeHandles: list('datatypeHandles', (reader) => ({
      module: reader.uleb(maxIndex),
      name: name(reader),
      abilities: readAbilities(reader),
      typeParameters: times(reader.uleb(255), () => ({
        constraints: readAbilities(reader),
        phantom: reader.uleb(1) === 1,
      })),
    })),
    functionHandles: list('functionHandles', (reader) => ({
      module: reader.uleb(maxIndex),
      name: name(reader),
      parameters: reader.uleb(maxIndex),
      returns: reader.uleb(maxIndex),
      typeParameters: times(reader.uleb(255), () => readAbilities(reader)),
    })),
    functionInsts: list('functionInsts', instantiation),
    signatures: list('signatures', (reader) => times(reader.uleb(255), () => readToken(reader, 0))),
    constants: list('constants', (reader) => {
      const type = readToken(reader, 0);
      return { type, data: reader.take(reader.uleb(65_535)).slice() };
    }),
    structDefs: list('structDefs', (reader): StructDef => {
      const handle = reader.uleb(maxIndex);
      const flag = reader.u8();
      if (flag !== 1 && flag !== 2) throw malformed(`unknown struct flag ${flag}`);
      return { handle, fields: flag === 1 ? null : fields(reader) };
    }),
    structInsts: list('structInsts', instantiation),
    functionDefs: list('functionDefs', (reader) => readFunction(reader, version)),
    fieldHandles: list('fieldHandles', member(maxFieldsInFormat)),
    fieldInsts: list('fieldInsts', instantiation),
    friends: list('friends', moduleHandle),
    enumDefs: list('enumDefs', (reader): EnumDef => {
      const handle = reader.uleb(maxIndex);
      const flag = reader.u8();
      if (flag !== 2) throw malformed(`unknown enum flag ${flag}`);
      const count = reader.uleb(maxVariants);
      if (count === 0) throw malformed('an enum has no variants');
      return { handle, variants: times(count, () => ({ name: name(reader), fields: fields(reader) })) };
    }),
    enumInsts: list('enumInsts', instantiation),
    variantHandles: list('variantHandles', member(maxVariants)),
    variantInsts: list('variantInsts', member(maxVariants)),
  };
  checkBounds(module);
  checkDefinitions(module);
  const addressTable = ranges.get(table.addresses.kind) as Range;
  return { ...module, offset: addressTable[0] + 32 * selfAddressIndex };
}

function readHeader(bytes: Uint8Array): { version: number; self: number; ranges: Map<number, Range> } {
  const reader = new ByteReader(bytes);
  if (bytes.length < 9 || reader.uint(4) !== magic) {
    throw new VmHalt('BAD_MAGIC', 'the bytes do not begin as a Move module');
  }
  const word = reader.uint(4);
  const version = word & 0xff_ff_ff;
  if (!((word === 6 && version === 6) || (version === 7 && word >>> 24 === flavor))) {
    throw new VmHalt('UNKNOWN_VERSION', `version word ${word} is neither 6 nor 7`);
  }
  const headers = times(reader.uleb(255), () => ({
    kind: reader.u8(),
    offset: reader.uleb(2 ** 32 - 1),
    size: reader.uleb(2 ** 32 - 1),
  }));
  const start = reader.position;
  const known = new Set(Object.values(table).map((entryOf) => entryOf.kind));
  const ranges = new Map<number, Range>();
  let end = start;
  for (const { kind, offset, size } of headers.toSorted((left, right) => left.offset - right.offset)) {
    if (kind === metadataTableKind) throw malformed('metadata is not accepted');
    if (!known.has(kind)) throw new VmHalt('UNKNOWN_TABLE_TYPE', `no table is of kind ${kind}`);
    if (version < 7 && kind >= table.enumDefs.kind) throw malformed('enums need version 7');
    if (start + offset !== end || size === 0)
      throw new VmHalt('BAD_HEADER_TABLE', 'tables have gaps or overlap');
    if (ranges.has(kind)) throw new VmHalt('DUPLICATE_TABLE', `two tables are of kind ${kind}`);
    end += size;
    if (end > bytes.length) throw new VmHalt('BAD_HEADER_TABLE', 'a table ends after the module');
    ranges.set(kind, [start + offset, end]);
  }
  const tail = new ByteReader(bytes, end);
  const self = tail.uleb(maxIndex);
  if (!tail.isAtEnd) throw new VmHalt('TRAILING_BYTES', 'bytes follow the module');
  return { version, self, ranges };
}

function times<T>(count: number, read: () => T): T[] {
  const entries: T[] = [];
  for (let i = 0; i < count; i++) entries.push(read());
  return entries;
}

function entry<T>(entries: readonly T[], index: number, what: string): T {
  const found = entries[index];
  if (found === undefined) throw new VmHalt('INDEX_OUT_OF_BOUNDS', `${what}: ${index} of ${entries.length}`);
  return found;
}

function readIdentifier(reader: ByteReader): string {
  const length = reader.uleb(65_535);
  if (length > maxIdentifierBytes) {
    throw new VmHalt('IDENTIFIER_TOO_LONG', `a name has ${length} of at most ${maxIdentifierBytes} bytes`);
  }
  const text = String.fromCharCode(...reader.take(length));
  if (!identifierPattern.test(text)) throw malformed('a name is not an identifier');
  return text;
}

function readAbilities(reader: ByteReader): number {
  return reader.uleb(15);
}

function readToken(reader: ByteReader, depth: number): Token {
  if (depth >= maxTokenDepth) throw malformed('a type is nested too deeply');
  const byte = reader.u8();
  switch (byte) {
    case 0x01:
      return primitiveType.bool;
    case 0x02:
      return primitiveType.u8;
    case 0x03:
      return primitiveType.u64;
    case 0x04:
      return primitiveType.u128;
    case 0x05:
      return primitiveType.address;
    case 0x06:
    case 0x07:
      return { kind: 'reference', mutable: byte === 0x07, to: readToken(reader, depth + 1) };
    case 0x08:
      return { kind: 'datatype', handle: reader.uleb(maxIndex), typeArgs: [] };
    case 0x09:
      return { kind: 'typeParameter', index: reader.uleb(65_535) };
    case 0x0a:
      return { kind: 'vector', element: readToken(reader, depth + 1) };
    case 0x0b: {
      const handle = reader.uleb(maxIndex);
      const arity = reader.uleb(255);
      if (arity === 0) throw malformed('an instantiation has no type arguments');
      return { kind: 'datatype', handle, typeArgs: times(arity, () => readToken(reader, depth + 1)) };
    }
    case 0x0c:
      return primitiveType.signer;
    case 0x0d:
      return primitiveType.u16;
    case 0x0e:
      return primitiveType.u32;
    case 0x0f:
      return primitiveType.u256;
    default:
      throw new VmHalt('UNKNOWN_SERIALIZED_TYPE', `no type begins with ${byte}`);
  }
}

function readFunction(reader: ByteReader, version: number): FunctionDef {
  const handle = reader.uleb(maxIndex);
  const visibility = visibilities[reader.u8()];
  if (visibility === undefined) throw malformed('unknown visibility');
  const flags = reader.u8();
  if ((flags & ~(nativeFlag | entryFlag)) !== 0)
    throw new VmHalt('INVALID_FLAG_BITS', `function flags ${flags}`);
  const acquires = reader.uleb(255);
  for (let i = 0; i < acquires; i++) reader.uleb(maxIndex);
  return {
    handle,
    visibility,
    isEntry: (flags & entryFlag) !== 0,
    acquires,
    code: (flags & nativeFlag) === 0 ? readCode(reader, version) : null,
  };
}

function readCode(reader: ByteReader, version: number): Code {
  const locals = reader.uleb(maxIndex);
  const count = reader.uleb(65_535);
  const ops = new Uint8Array(count);
  const operands = new Uint32Array(count);
  const wide = new Map<number, bigint>();
  for (let pc = 0; pc < count; pc++) {
    const opcode = reader.u8();
    const immediate = immediateOf[opcode];
    if (immediate === undefined) {
      throw new VmHalt(
        'UNKNOWN_OPCODE',
        `no instruction is ${opcode}, or it is of the deprecated global storage`,
      );
    }
    if (version < 7 && opcode >= op.PackVariant) throw malformed('enums need version 7');
    ops[pc] = opcode;
    switch (immediate) {
      case 'none':
        break;
      case 'u8':
        operands[pc] = reader.u8();
        break;
      case 'u16':
        operands[pc] = reader.uint(2);
        break;
      case 'u32':
        operands[pc] = reader.uint(4);
        break;
      case 'u64':
        wide.set(pc, reader.bigUint(8));
        break;
      case 'u128':
        wide.set(pc, reader.bigUint(16));
        break;
      case 'u256':
        wide.set(pc, reader.bigUint(32));
        break;
      case 'local':
        operands[pc] = reader.uleb(255);
        break;
      case 'signatureAndCount':
        operands[pc] = reader.uleb(maxIndex);
        wide.set(pc, reader.bigUint(8));
        break;
      default:
        operands[pc] = reader.uleb(maxIndex);
    }
  }
  const jumpTables =
    version < 7
      ? []
      : times(reader.uleb(maxIndex), () => {
          const enumDef = reader.uleb(maxIndex);
          const branches = reader.uleb(maxVariants);
          if (reader.u8() !== 1) throw malformed('unknown jump table flag');
          return { enumDef, offsets: times(branches, () => reader.uleb(65_535)) };
        });
  return { locals, ops, operands, wide, jumpTables };
}
