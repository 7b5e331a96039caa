import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isWotError } from '@wotid/core';
import type { LoadedFunction, Session, Value } from '../src/index.ts';
import { Bench, programs } from './harness.ts';

const widths = { u8: 8n, u16: 16n, u32: 32n, u64: 64n, u128: 128n, u256: 256n } as const;
type Width = keyof typeof widths;

let session: Session;
beforeAll(async () => {
  session = (await Bench.open()).session();
});

const functions = new Map<string, LoadedFunction>();
function run(name: string, ...args: Value[]): Value | string {
  let fn = functions.get(name);
  if (fn === undefined) functions.set(name, (fn = session.loadFunction(programs, 'arithmetic', name, [])));
  try {
    return session.call(fn, args)[0] as Value;
  } catch (error) {
    return isWotError(error) ? String(error.data['status']) : String(error);
  }
}

/** An integer as the VM holds it: a number up to 32 bits, a bigint beyond. */
const held = (width: Width, value: bigint): Value => (widths[width] <= 32n ? Number(value) : value);
const fits = (width: Width, value: bigint): boolean => value >= 0n && value < 1n << widths[width];
/** Integers of a width, with the ends and their neighbours often. */
const integer = (width: Width): fc.Arbitrary<bigint> => {
  const max = (1n << widths[width]) - 1n;
  return fc.oneof(
    fc.bigInt({ min: 0n, max }),
    fc.constantFrom(0n, 1n, 2n, max, max - 1n, max / 2n, max / 2n + 1n),
    fc.bigInt({ min: 0n, max: 40n }),
  );
};

const operators: Readonly<Record<string, (a: bigint, b: bigint) => bigint | undefined>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? undefined : a / b),
  mod: (a, b) => (b === 0n ? undefined : a % b),
  bit_or: (a, b) => a | b,
  bit_and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
};
const comparisons: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  ge: (a, b) => a >= b,
  eq: (a, b) => a === b,
  neq: (a, b) => a !== b,
};

describe.each(Object.keys(widths) as Width[])('%s', (width) => {
  it('computes as integers do, and fails where the result does not fit', () => {
    fc.assert(
      fc.property(integer(width), integer(width), (a, b) => {
        for (const [name, operate] of Object.entries(operators)) {
          const exact = operate(a, b);
          const expected =
            exact !== undefined && fits(width, exact) ? held(width, exact) : 'ARITHMETIC_ERROR';
          expect([name, a, b, run(`${name}_${width}`, held(width, a), held(width, b))]).toEqual([
            name,
            a,
            b,
            expected,
          ]);
        }
        for (const [name, compare] of Object.entries(comparisons)) {
          expect([name, run(`${name}_${width}`, held(width, a), held(width, b))]).toEqual([
            name,
            compare(a, b),
          ]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('shifts, dropping what leaves, by less than its bits', () => {
    fc.assert(
      fc.property(integer(width), fc.integer({ min: 0, max: 255 }), (a, by) => {
        const bits = widths[width];
        const isTooFar = BigInt(by) >= bits;
        const left = isTooFar ? 'ARITHMETIC_ERROR' : held(width, (a << BigInt(by)) % (1n << bits));
        const right = isTooFar ? 'ARITHMETIC_ERROR' : held(width, a >> BigInt(by));
        expect([a, by, run(`shl_${width}`, held(width, a), by)]).toEqual([a, by, left]);
        expect([a, by, run(`shr_${width}`, held(width, a), by)]).toEqual([a, by, right]);
      }),
      { numRuns: 120 },
    );
  });

  it('casts to every other width, or fails', () => {
    fc.assert(
      fc.property(integer(width), (a) => {
        for (const target of Object.keys(widths) as Width[]) {
          if (target === width) continue;
          const expected = fits(target, a) ? held(target, a) : 'ARITHMETIC_ERROR';
          expect([target, a, run(`${width}_as_${target}`, held(width, a))]).toEqual([target, a, expected]);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the rest', () => {
  it('bool operators and literals of every type', () => {
    const logic = session.loadFunction(programs, 'arithmetic', 'logic', []);
    for (const [a, b] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      expect(session.call(logic, [a, b])).toEqual([a && b, a || b, !a]);
    }
    expect(session.call(session.loadFunction(programs, 'arithmetic', 'literals', []), [])).toEqual([
      200,
      60_000,
      4_000_000_000,
      18_000_000_000_000_000_000n,
      1n << 127n,
      (1n << 256n) - 1n,
      true,
      false,
      `0x${'beef'.padStart(64, '0')}`,
    ]);
  });
});
