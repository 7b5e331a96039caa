/**
 * Decoders of bytes that strangers send, under damaged input. Each either refuses with one of its codes or reads what has
 * no other encoding; nothing else may come out of it.
 */
import { isDeepStrictEqual } from 'node:util';
import { equalBytes, isWotError } from '@wotid/core';
import { mutateJson, mutateJws } from './mutate-json.ts';
import { Dice, mutate } from './mutate.ts';

/** One kind of hostile input. */
export interface FuzzTarget {
  readonly name: string;
  /** Sends the input of one run. Throws when the code under test did what it must not do. */
  run(run: number): Promise<void>;
  /** How many inputs were read and how many refused, where that is known. */
  readonly tally?: { read: number; refused: number };
}

/** What {@link decoder} needs to know. */
export interface DecoderInit<Value> {
  readonly name: string;
  /** Honest inputs: each is read. */
  readonly seeds: readonly Uint8Array[];
  /** How damage is done: to bytes, to the values of a JSON text, or to the parts of a compact JWS or an SD-JWT. */
  readonly form?: 'bytes' | 'json' | 'jws';
  /** Makes of a damaged part what the decoder reads: signed by its author, sealed by a peer. Default: the part itself. */
  readonly wrap?: (part: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** `null` is a refusal. */
  readonly decode: (input: Uint8Array) => Value | null | Promise<Value | null>;
  /** The part that `value` was read from; absent where one value has several encodings: then it must read the same twice. */
  readonly encode?: (value: Value) => Uint8Array;
  /** Codes of its errors, or names of errors that have none. */
  readonly codes: readonly string[];
  /** The input is authenticated: nothing but the seeds is read. */
  readonly isAuthentic?: boolean;
  /** A run takes about a millisecond: a brief run makes fewer. */
  readonly isCostly?: boolean;
}

/** A decoder with its honest inputs. */
export interface Decoder {
  readonly name: string;
  readonly isCostly: boolean;
  /** Checks that the honest inputs are read. */
  target(seed: string): Promise<FuzzTarget>;
}

/** A {@link Decoder} for any kind of value. */
export function decoder<Value>(init: DecoderInit<Value>): Decoder {
  return {
    name: init.name,
    isCostly: init.isCostly === true,
    target: (seed) => decoderTarget(init, seed),
  };
}

/** The short run of a test: the same inputs every time. */
export async function fuzzBriefly(of: Decoder): Promise<void> {
  const target = await of.target('brief');
  const runs = of.isCostly ? 30 : 200;
  for (let run = 0; run < runs; run++) {
    await target.run(run).catch((cause: unknown) => {
      throw new Error(`${of.name}, run ${run}`, { cause });
    });
  }
}

async function decoderTarget<Value>(init: DecoderInit<Value>, seed: string): Promise<FuzzTarget> {
  const { name, seeds, form = 'bytes' } = init;
  for (const honest of seeds) {
    if (!(await isRead(init, honest))) throw new Error(`${name} refuses an honest input`);
  }
  const marks = form === 'bytes' ? seeds.map((honest) => structuralOffsets(init, honest)) : [];
  const tally = { read: 0, refused: 0 };
  return {
    name,
    tally,
    async run(run) {
      const dice = new Dice(`${seed} ${name}`, run);
      const which = dice.below(seeds.length);
      const honest = seeds[which] as Uint8Array;
      if (await isRead(init, damaged(form, honest, dice, seeds, marks[which]))) tally.read += 1;
      else tally.refused += 1;
    },
  };
}

function damaged(
  form: 'bytes' | 'json' | 'jws',
  honest: Uint8Array,
  dice: Dice,
  seeds: readonly Uint8Array[],
  marks: readonly number[] | undefined,
): Uint8Array {
  if (form === 'bytes' && dice.below(20) === 0) {
    const at = marks === undefined || marks.length === 0 ? dice.below(honest.length + 1) : dice.pick(marks);
    return Buffer.concat([honest.subarray(0, at), dice.pick(longLengths), honest.subarray(at + 1)]);
  }
  if (form === 'bytes') return mutate(honest, dice, seeds, marks);
  const text = Buffer.from(honest).toString();
  return Buffer.from(form === 'json' ? mutateJson(text, dice) : mutateJws(text, dice));
}

/** True when the input was read and has no other encoding, false when it was refused. Throws for anything else. */
async function isRead<Value>(init: DecoderInit<Value>, part: Uint8Array): Promise<boolean> {
  const { decode, encode, codes, wrap } = init;
  const input = wrap === undefined ? part : await wrap(part);
  const before = Uint8Array.from(input);
  let value: Value | null;
  try {
    value = await decode(input);
  } catch (error) {
    const kind = isWotError(error) ? error.code : Error.isError(error) ? error.name : String(error);
    if (codes.includes(kind)) return false;
    throw new Error(`an undeclared error (${kind}) at ${Buffer.from(part).toString('hex')}`, {
      cause: error,
    });
  }
  if (!equalBytes(input, before)) throw new Error('the input was changed');
  if (value === null) return false;
  if (init.isAuthentic === true && !init.seeds.some((honest) => equalBytes(honest, part))) {
    throw new Error(`what nobody has signed or sealed was read: ${Buffer.from(part).toString('hex')}`);
  }
  if (encode !== undefined && !equalBytes(encode(value), part)) {
    throw new Error(`read from a second encoding: ${Buffer.from(part).toString('hex')}`);
  }
  if (encode === undefined && !isDeepStrictEqual(await decode(input), value)) {
    throw new Error(`reads differently the second time: ${Buffer.from(part).toString('hex')}`);
  }
  return true;
}

/** ULEB128 of counts for which a careless reader finds the memory: 2^21 - 1, 2^25 - 1, 2^28 - 1. */
const longLengths: readonly Uint8Array[] = [
  Uint8Array.of(0xff, 0xff, 0x7f),
  Uint8Array.of(0xff, 0xff, 0xff, 0x0f),
  Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
];

const BLOCK = 32;
/** In longer inputs whole blocks count, as looking at each byte takes seconds. */
const MAX_SEARCHED_BYTES = 4_096;

/** Offsets of the bytes whose change is noticed; found in blocks first, as most bytes are keys and texts. */
function structuralOffsets<Value>(
  { decode, wrap, isAuthentic }: DecoderInit<Value>,
  honest: Uint8Array,
): number[] {
  if (wrap !== undefined || isAuthentic === true) return [];
  const isNoticed = (from: number, to: number): boolean => {
    const copy = Uint8Array.from(honest, (byte, at) => (at >= from && at < to ? byte ^ 0xff : byte));
    try {
      const value = decode(copy);
      if (!(value instanceof Promise)) return value === null;
      value.catch(() => undefined);
      return false;
    } catch {
      return true;
    }
  };
  const isLong = honest.length > MAX_SEARCHED_BYTES;
  const found: number[] = [];
  for (let block = 0; block < honest.length; block += BLOCK) {
    const end = Math.min(block + BLOCK, honest.length);
    if (!isNoticed(block, end)) continue;
    for (let at = block; at < end; at++) if (isLong || isNoticed(at, at + 1)) found.push(at);
  }
  return found;
}
