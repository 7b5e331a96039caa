import { describe, expect, it } from 'vitest';
import { VmHalt } from '../errors.ts';
import { GasMeter } from './gas-meter.ts';

const cost = (gas: GasMeter, ...step: [number, number, number, number]): number => {
  const before = gas.used;
  gas.step(...step);
  return gas.used - before;
};

describe('GasMeter', () => {
  it('prices instructions by how many ran before', () => {
    const gas = new GasMeter(Infinity);
    expect(cost(gas, 20_000, 0, 0, 0)).toBe(20_000);
    // A tier begins when its number is exceeded, and then holds for the whole step.
    expect(cost(gas, 1, 0, 0, 0)).toBe(2);
    expect(cost(gas, 29_999, 0, 0, 0)).toBe(59_998);
    expect(cost(gas, 1, 0, 0, 0)).toBe(10);
    expect(cost(gas, 50_000, 0, 0, 0)).toBe(2_500_000);
    expect(cost(gas, 100_000, 0, 0, 0)).toBe(10_000_000);
    expect(cost(gas, 9_800_000, 0, 0, 0)).toBe(9_800_000_000);
  });

  it('prices growth of the stack, which never shrinks, and height, which does', () => {
    const gas = new GasMeter(Infinity);
    expect(cost(gas, 0, 0, 0, 100_000)).toBe(100_000);
    expect(cost(gas, 0, 0, 0, 1)).toBe(2);
    expect(cost(gas, 0, 0, 0, 900_000)).toBe(90_000_000);
    for (let i = 0; i < 5_000; i++) gas.step(0, 1, 1, 0);
    expect(cost(gas, 0, 1_000, 0, 0)).toBe(1_000);
    expect(cost(gas, 0, 1, 0, 0)).toBe(2);
    // A height tier that was reached is kept, as in the original.
    gas.step(0, 0, 5_000, 0);
    expect(cost(gas, 0, 1, 0, 0)).toBe(2);
  });

  it('stops at its limit, with all of it spent', () => {
    const gas = new GasMeter(10);
    gas.charge(4);
    expect([gas.used, gas.remaining]).toEqual([4, 6]);
    expect(() => gas.charge(7)).toThrow(VmHalt);
    expect([gas.used, gas.remaining]).toEqual([10, 0]);
    expect(() => new GasMeter(-1)).toThrow(RangeError);
    expect(() => new GasMeter(Number.NaN)).toThrow(RangeError);
  });
});
