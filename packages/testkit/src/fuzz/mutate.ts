/** Reproducible damage: the same seed and run number give the same bytes. */
import { createHash } from 'node:crypto';

/** Numbers that depend on nothing but the seed and the number of the run. */
export class Dice {
  #state: bigint;

  constructor(seed: string, run: number) {
    this.#state = createHash('sha256').update(`${seed} ${run}`).digest().readBigUInt64LE();
  }

  /** A whole number from 0 to `below` - 1. SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom generators). */
  below(below: number): number {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let word = this.#state;
    word = BigInt.asUintN(64, (word ^ (word >> 30n)) * 0xbf58476d1ce4e5b9n);
    word = BigInt.asUintN(64, (word ^ (word >> 27n)) * 0x94d049bb133111ebn);
    return Number((word ^ (word >> 31n)) % BigInt(below));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** Values at which decoders and arithmetic break, if anywhere. */
const edges: readonly number[] = [0, 1, 2, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/** ULEB128 of a length of which there is not enough memory. */
const hugeLength = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f);

/**
 * One to four changes: flipped bits, edge values, cut, doubled, moved and foreign parts, over-long and huge lengths.
 * @param marks places that have a meaning; half of the changes are made at one of them
 */
export function mutate(
  bytes: Uint8Array,
  dice: Dice,
  donors: readonly Uint8Array[],
  marks: readonly number[] = [],
): Uint8Array<ArrayBuffer> {
  let out: Uint8Array<ArrayBuffer> = Uint8Array.from(bytes);
  for (let changes = 1 + dice.below(4); changes > 0; changes--) {
    const isMarked = marks.length > 0 && dice.below(2) === 0;
    const at = Math.min(isMarked ? dice.pick(marks) : dice.below(out.length + 1), out.length);
    const length = 1 + dice.below(Math.min(32, out.length - at + 1));
    switch (dice.below(10)) {
      case 0:
      case 1:
        if (at < out.length) out[at] = (out[at] as number) ^ (1 << dice.below(8));
        break;
      case 2:
      case 3:
        if (at < out.length) out[at] = dice.pick(edges);
        break;
      case 4:
        out = joined(out.subarray(0, at), out.subarray(at + length));
        break;
      case 5:
        out = joined(out.subarray(0, at), out.subarray(at, at + length), out.subarray(at));
        break;
      case 6: {
        const donor = dice.pick(donors);
        const from = dice.below(donor.length + 1);
        out = joined(out.subarray(0, at), donor.subarray(from, from + length), out.subarray(at + length));
        break;
      }
      case 7: {
        // The same number in one byte more, as ULEB128 that is not canonical.
        const value = out[at] ?? 0;
        out = joined(out.subarray(0, at), Uint8Array.of(value | 0x80, value >> 7), out.subarray(at + 1));
        break;
      }
      case 8:
        out = joined(out.subarray(0, at), hugeLength, out.subarray(at + 1));
        break;
      default:
        out = out.slice(0, dice.below(20) === 0 ? at : undefined);
    }
  }
  return out;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}
