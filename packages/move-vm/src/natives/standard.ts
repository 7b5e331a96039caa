import { blake2b } from '@noble/hashes/blake2.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256, sha3_256 } from '@noble/hashes/sha3.js';
import type { NativeContext, NativeFunction } from '../api.ts';
import {
  borrowElement,
  popElement,
  pushElement,
  swapElements,
  unpackElements,
} from '../interpreter/vectors.ts';
import { workOf } from '../gas/work-meter.ts';
import { MoveVmError, VmHalt } from '../errors.ts';
import { countTypeNodes, typeTagSize, typeTagText, type Type } from '../types.ts';
import { ByteVector, makeVector, peekRef, StructValue, vectorLength, type Value } from '../values/value.ts';
import { asBytes, asVector, costPerBlock, costPerByte, nativeBaseCost } from './arguments.ts';
import { signatureNatives } from './signatures.ts';
import { findBytes, isCharBoundary, isUtf8 } from './text.ts';

/** Short hashes that an HMAC takes as long as. */
const hmacHashes = 4;
/** Abort code of `bcs::to_bytes` for a type that has no encoding. */
const serializationFailure = 0x1c5;

const std = `0x${'0'.repeat(63)}1`;
const iota = `0x${'0'.repeat(63)}2`;

const vectorNatives: Readonly<Record<string, NativeFunction>> = {
  empty: (_context, [element]) => [makeVector(element as Type, [])],
  length: (_context, _types, [vector]) => [BigInt(vectorLength(asVector(vector)))],
  borrow: (_context, _types, [vector, index]) => [borrowElement(asVector(vector), index as bigint)],
  borrow_mut: (_context, _types, [vector, index]) => [borrowElement(asVector(vector), index as bigint)],
  push_back: (_context, _types, [vector, value]) => {
    pushElement(asVector(vector), value as Value);
    return [];
  },
  pop_back: (_context, _types, [vector]) => [popElement(asVector(vector))],
  destroy_empty: (_context, _types, [vector]) => {
    unpackElements(asVector(vector), 0);
    return [];
  },
  swap: (_context, _types, [vector, left, right]) => {
    swapElements(asVector(vector), left as bigint, right as bigint);
    return [];
  },
};

const otherNatives: Readonly<Record<string, NativeFunction>> = {
  [`${std}::bcs::to_bytes`]: (context, [type], [reference]) => {
    let bytes: Uint8Array;
    try {
      bytes = context.session.encodeValue(type as Type, peekRef(reference as Value));
    } catch (error) {
      if (!(error instanceof MoveVmError)) throw error;
      context.charge(nativeBaseCost);
      return context.abort(serializationFailure);
    }
    context.charge(costPerByte * Math.max(1, bytes.length));
    return [new ByteVector(bytes)];
  },
  [`${std}::hash::sha2_256`]: stdHash(sha256),
  [`${std}::hash::sha3_256`]: stdHash(sha3_256),
  [`${std}::string::internal_check_utf8`]: (context, _types, [bytes]) => {
    const text = asBytes(bytes);
    context.charge(nativeBaseCost + costPerByte * text.length);
    context.session.work.spend(workOf.byte * text.length);
    return [isUtf8(text)];
  },
  [`${std}::string::internal_is_char_boundary`]: (context, _types, [bytes, index]) => {
    context.charge(nativeBaseCost);
    return [isCharBoundary(asBytes(bytes), index as bigint)];
  },
  [`${std}::string::internal_sub_string`]: (context, _types, [bytes, start, end]) => {
    context.charge(nativeBaseCost);
    const text = asBytes(bytes);
    const [from, to] = [start as bigint, end as bigint];
    if (to < from) return context.abort(1);
    // The Move callers have compared with the length; a private caller that has not meets a VM error.
    if (to > BigInt(text.length))
      return context.fail('UNKNOWN_INVARIANT_VIOLATION_ERROR', 'substring past the end');
    context.charge(nativeBaseCost + costPerByte * Number(to - from));
    context.session.work.spend(workOf.byte * Number(to - from));
    return [new ByteVector(text.slice(Number(from), Number(to)))];
  },
  [`${std}::string::internal_index_of`]: (context, _types, [bytes, pattern]) => {
    const [text, wanted] = [asBytes(bytes), asBytes(pattern)];
    context.charge(nativeBaseCost + costPerByte * wanted.length);
    context.session.work.spend(workOf.searchedByte * (text.length + wanted.length));
    const found = findBytes(text, wanted);
    context.charge(costPerByte * found);
    return [BigInt(found)];
  },
  [`${std}::type_name::get`]: (context, [type]) => typeName(context, type as Type, false),
  [`${std}::type_name::get_with_original_ids`]: (context, [type]) => typeName(context, type as Type, true),
  // What a program prints is nobody's business here: a node does not show it either.
  [`${std}::debug::print`]: (context) => (context.charge(nativeBaseCost), []),
  [`${std}::debug::print_stack_trace`]: (context) => (context.charge(nativeBaseCost), []),
  [`${iota}::address::to_u256`]: (context, _types, [address]) => {
    context.charge(nativeBaseCost);
    return [BigInt(address as string)];
  },
  [`${iota}::address::from_u256`]: (context, _types, [number]) => {
    context.charge(nativeBaseCost);
    return [`0x${(number as bigint).toString(16).padStart(64, '0')}`];
  },
  [`${iota}::address::from_bytes`]: (context, _types, [bytes]) => {
    context.charge(nativeBaseCost);
    const address = asBytes(bytes);
    return address.length === 32 ? [`0x${address.toHex()}`] : context.abort(0);
  },
  [`${iota}::hash::blake2b256`]: frameworkHash((bytes) => blake2b(bytes, { dkLen: 32 }), 128),
  [`${iota}::hash::keccak256`]: frameworkHash(keccak_256, 136),
  [`${iota}::hmac::hmac_sha3_256`]: (context, _types, [key, message]) => {
    const [secret, text] = [asBytes(key), asBytes(message)];
    const length = secret.length + text.length;
    const blocks = Math.floor((length + 2 * 136 - 2) / 136);
    context.charge(nativeBaseCost + costPerByte * length + costPerBlock * blocks);
    spendHash(context, length, hmacHashes);
    return [new ByteVector(hmac(sha3_256, secret, text))];
  },
  [`${iota}::types::is_one_time_witness`]: (context, [type]) => {
    const witness = type as Type;
    const tag = context.session.tagOf(witness);
    context.charge(nativeBaseCost + costPerByte * (countTypeNodes(witness) + typeTagSize(tag)));
    if (witness.kind !== 'datatype' || witness.datatype.isEnum) return [false];
    const { name, module, variants } = witness.datatype;
    const fields = variants[0]?.fields ?? [];
    return [
      witness.typeArgs.length === 0 &&
        name === module.toUpperCase() &&
        fields.length === 1 &&
        fields[0]?.type.kind === 'bool',
    ];
  },
};

/**
 * The natives that need no ledger: `0x1` vector, bcs, hash, string, type_name, debug; `0x2` address, hash, hmac,
 * ed25519, ecdsa_k1, ecdsa_r1, types.
 * Merge them with the host's own: `new Map([...standardNatives, ...own])`, once and not for each session.
 */
export const standardNatives: ReadonlyMap<string, NativeFunction> = new Map([
  ...Object.entries(vectorNatives).map(
    ([name, native]) => [`${std}::vector::${name}`, vectorNative(native)] as const,
  ),
  ...Object.entries(otherNatives),
  ...Object.entries(signatureNatives).map(([name, native]) => [`${iota}::${name}`, native] as const),
]);

/** Called as functions, which only a transaction can do, vector operations abort where the instruction fails. */
function vectorNative(native: NativeFunction): NativeFunction {
  return (context, typeArgs, args) => {
    context.charge(nativeBaseCost);
    try {
      return native(context, typeArgs, args);
    } catch (error) {
      if (error instanceof VmHalt && error.status === 'VECTOR_OPERATION_ERROR' && error.subStatus !== null) {
        return context.abort(error.subStatus);
      }
      throw error;
    }
  };
}

function stdHash(hash: (bytes: Uint8Array) => Uint8Array): NativeFunction {
  return (context, _types, [bytes]) => {
    const data = asBytes(bytes);
    context.charge(nativeBaseCost + costPerByte * Math.max(1, data.length));
    spendHash(context, data.length);
    return [new ByteVector(hash(data))];
  };
}

function frameworkHash(hash: (bytes: Uint8Array) => Uint8Array, blockBytes: number): NativeFunction {
  return (context, _types, [bytes]) => {
    const data = asBytes(bytes);
    const blocks = Math.ceil(data.length / blockBytes);
    context.charge(nativeBaseCost + costPerByte * data.length + costPerBlock * blocks);
    spendHash(context, data.length);
    return [new ByteVector(hash(data))];
  };
}

function spendHash(context: NativeContext, length: number, hashes = 1): void {
  context.session.work.spend(workOf.hash * hashes + workOf.hashedByte * length);
}

function typeName(context: NativeContext, type: Type, isOriginal: boolean): readonly Value[] {
  const { session } = context;
  context.charge(nativeBaseCost);
  const text = typeTagText(isOriginal ? session.originalTagOf(type) : session.tagOf(type), '', ',');
  context.charge(costPerByte * text.length);
  return [new StructValue([new StructValue([new ByteVector(new TextEncoder().encode(text))])])];
}
